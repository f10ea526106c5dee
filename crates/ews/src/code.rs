//! Response codes: what they say about the mailbox, the server and ourselves.

use std::fmt;

/// What a refusal asks of whoever was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// No such mailbox, or it has no calendar. It stays so until somebody changes it.
    NotFound,
    /// The rights are missing. It stays so until somebody grants them.
    Denied,
    /// Too many requests: come back when the answer says, else after a while.
    Throttled,
    /// One request asked for too much: ask for less, with a pause.
    TooMuch,
    /// It passes.
    Transient,
    /// Another server has the mailbox: ask for it alone, or at that server.
    Routing,
    /// The server doesn't know the version that was asked with: [`crate::ServerVersion::older`].
    OlderVersion,
    /// The request was wrong. It stays so; this is a mistake of the program.
    OwnFault,
    /// A code that isn't known here. Treated as passing, with a long pause.
    Unlisted,
}

macro_rules! codes {
    ($($name:ident $class:ident $advice:expr;)*) => {
        /// A response code (`ResponseCodeType`).
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "their meaning is Microsoft's: page `ResponseCode` of the EWS reference")]
        pub enum Code {
            $($name,)*
            /// Any other, in the server's own word, shortened and without control characters.
            Other(String),
        }

        impl Code {
            /// The code of this word. White space around it doesn't count, nor does a namespace's prefix.
            pub fn from_word(word: &str) -> Self {
                let word = word.trim();
                let word = word.rsplit_once(':').map_or(word, |(_, local)| local);
                match word {
                    $(concat!("Error", stringify!($name)) => Self::$name,)*
                    other => Self::Other(other.chars().filter(|c| !c.is_control()).take(64).collect()),
                }
            }

            /// What it asks for.
            pub fn class(&self) -> Class {
                match self {
                    $(Self::$name => Class::$class,)*
                    Self::Other(_) => Class::Unlisted,
                }
            }

            /// What an administrator can do about it.
            pub fn advice(&self) -> &'static str {
                match self {
                    $(Self::$name => $advice,)*
                    Self::Other(_) => "this code is not known here; it is asked again after a long pause",
                }
            }

            /// Each code that is known here.
            #[cfg(test)]
            const KNOWN: &[Self] = &[$(Self::$name,)*];
        }

        impl fmt::Display for Code {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$name => concat!("Error", stringify!($name)),)*
                    Self::Other(word) if word.is_empty() => "no response code",
                    Self::Other(word) => word,
                })
            }
        }
    };
}

const ADDRESS: &str = "check the mail address; Exchange has no mailbox with it";
const RIGHTS: &str = "grant the service account the role Reviewer on this calendar \
    (Add-MailboxFolderPermission user:\\Calendar -AccessRights Reviewer; the folder's name is in the mailbox's language), \
    or use impersonation";
const IMPERSONATION: &str = "give the service account the role ApplicationImpersonation with a scope that includes this \
    mailbox (New-ManagementRoleAssignment -Role ApplicationImpersonation)";
const PASSES: &str = "it passes by itself; it is asked again after a pause";
const LESS: &str = "less is asked for at a time; if it stays, loosen the throttling policy of the service account \
    (New-ThrottlingPolicy)";
const PAUSE: &str = "the server wants fewer requests; it is asked again when the server says. If it stays, give the \
    service account a throttling policy of its own (New-ThrottlingPolicy)";
const ELSEWHERE: &str = "another server has this mailbox; check `url`, or configure that server for it";
const OURS: &str = "this is a mistake of Busylamp: please report it with this text";
const ACCOUNT: &str = "check the service account in Active Directory and Exchange";

codes! {
    // No such mailbox.
    NonExistentMailbox NotFound ADDRESS;
    MissingEmailAddress NotFound "check the mail address; the service account itself needs no mailbox, but each user does";
    InvalidSmtpAddress NotFound ADDRESS;
    MailboxConfiguration NotFound "the mailbox is set up in a way that Exchange can't serve; look at it with Get-Mailbox";
    MailRecipientNotFound NotFound ADDRESS;
    RecipientNotFound NotFound ADDRESS;
    NoCalendar NotFound "the mailbox has no calendar folder; its owner should sign in to it once";
    InvalidUserPrincipalName NotFound ADDRESS;
    InvalidUserSid NotFound ADDRESS;
    CannotFindUser NotFound ADDRESS;
    NonPrimarySmtpAddress NotFound "use the mailbox's main address";
    NameResolutionNoResults NotFound ADDRESS;
    NameResolutionNoMailbox NotFound ADDRESS;
    // Rights.
    AccessDenied Denied RIGHTS;
    FolderNotFound Denied RIGHTS;
    ItemNotFound Denied RIGHTS;
    ImpersonateUserDenied Denied IMPERSONATION;
    ImpersonationDenied Denied IMPERSONATION;
    ImpersonationFailed Denied IMPERSONATION;
    NoFreeBusyAccess Denied "grant the service account AvailabilityOnly or more on this calendar";
    AccountDisabled Denied ACCOUNT;
    PasswordExpired Denied "set a new password for the service account, one that doesn't expire";
    PasswordChangeRequired Denied "set a new password for the service account, one that needn't be changed at the next sign-in";
    MailboxLogonFailed Denied RIGHTS;
    UserNotAllowedByPolicy Denied ACCOUNT;
    // Throttling.
    ServerBusy Throttled PAUSE;
    ExceededConnectionCount Throttled PAUSE;
    // Too much at a time.
    TooManyObjectsOpened TooMuch LESS;
    TimeoutExpired TooMuch LESS;
    ExceededFindCountLimit TooMuch LESS;
    ResultSetTooBig TooMuch LESS;
    RequestStreamTooBig TooMuch LESS;
    DataSizeLimitExceeded TooMuch LESS;
    MailboxDataArrayTooBig TooMuch LESS;
    FreeBusyDLLimitReached TooMuch "this address is a distribution list with too many members; use the address of one mailbox";
    // It passes.
    MailboxMoveInProgress Transient "the mailbox is being moved; it is asked again after a pause";
    MailboxStoreUnavailable Transient "the mailbox's database is not mounted or not reachable; if it stays, look at it with Get-MailboxDatabase -Status";
    MailboxFailover Transient PASSES;
    ConnectionFailed Transient PASSES;
    InternalServerTransientError Transient PASSES;
    ADUnavailable Transient PASSES;
    ADOperation Transient PASSES;
    InsufficientResources Transient PASSES;
    NotEnoughMemory Transient PASSES;
    ServiceUnavailable Transient PASSES;
    RequestAborted Transient PASSES;
    BatchProcessingStopped Transient PASSES;
    FreeBusyGenerationFailed Transient PASSES;
    InternalServerError Transient "the server has a fault that it doesn't name; if it stays, look in its event log";
    // Another server.
    ProxyRequestNotAllowed Routing ELSEWHERE;
    ReadEventsFailed Routing ELSEWHERE;
    NoApplicableProxyCASServersAvailable Routing ELSEWHERE;
    NoRespondingCASInDestinationSite Routing ELSEWHERE;
    NoDestinationCASDueToKerberosRequirements Routing ELSEWHERE;
    NoDestinationCASDueToSSLRequirements Routing ELSEWHERE;
    NoDestinationCASDueToVersionMismatch Routing ELSEWHERE;
    CrossSiteRequest Routing ELSEWHERE;
    WrongServerVersion Routing ELSEWHERE;
    WrongServerVersionDelegate Routing ELSEWHERE;
    ProxyRequestProcessingFailed Routing "Exchange can't reach the server or forest that has this mailbox; look at the organisation relationship or the availability address space";
    ProxyCallFailed Routing ELSEWHERE;
    AutoDiscoverFailed Routing "Exchange can't find the server that has this mailbox; look at its Autodiscover";
    ServiceDiscoveryFailed Routing "Exchange can't find the server that has this mailbox; look at its Autodiscover";
    // Another version.
    InvalidServerVersion OlderVersion "it is asked again in the words of an older version";
    InvalidSchemaVersionForMailboxVersion OlderVersion "it is asked again in the words of an older version";
    // Ours.
    IncorrectSchemaVersion OwnFault OURS;
    SchemaValidation OwnFault OURS;
    InvalidRequest OwnFault OURS;
    InvalidArgument OwnFault OURS;
    InvalidIdMalformed OwnFault OURS;
    InvalidPropertyRequest OwnFault OURS;
    InvalidTimeInterval OwnFault OURS;
    TimeIntervalTooBig OwnFault OURS;
    CalendarViewRangeTooBig OwnFault OURS;
    CalendarFolderIsInvalidForCalendarView OwnFault OURS;
    InvalidFreeBusyViewType OwnFault OURS;
    InvalidMergedFreeBusyInterval OwnFault OURS;
    TimeZone OwnFault OURS;
    InvalidExchangeImpersonationHeaderData OwnFault OURS;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_read_back_from_its_own_word() {
        for code in Code::KNOWN {
            assert_eq!(Code::from_word(&format!("\n  t:{code} ")), *code);
            assert_ne!(code.class(), Class::Unlisted);
            assert!(code.advice().len() > 20);
        }
    }

    #[test]
    fn an_unknown_word_is_kept_short() {
        let code = Code::from_word(&format!("ErrorOfTheFuture\u{7}{}", "x".repeat(1000)));
        assert_eq!(code.class(), Class::Unlisted);
        assert!(code.to_string().starts_with("ErrorOfTheFuturexxx") && code.to_string().len() == 64);
        assert_eq!(Code::from_word(" ").to_string(), "no response code");
    }
}
