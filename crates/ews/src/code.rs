//! Response codes: what they say about the mailbox, the server and ourselves.

use std::fmt;

use busylamp_core::said::Phrase;

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
            pub fn advice(&self) -> Phrase {
                match self {
                    $(Self::$name => $advice,)*
                    Self::Other(_) => UNLISTED,
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

const ADDRESS: Phrase = Phrase::new(
    "Prüfen Sie die Mailadresse; Exchange hat kein Postfach mit ihr.",
    "check the mail address; Exchange has no mailbox with it",
);
const RIGHTS: Phrase = Phrase::new(
    "Geben Sie dem Dienstkonto die Rolle Reviewer an diesem Kalender (Add-MailboxFolderPermission user:\\Calendar \
     -AccessRights Reviewer; der Ordner heißt in der Sprache des Postfachs), oder verwenden Sie den Identitätswechsel.",
    "grant the service account the role Reviewer on this calendar \
     (Add-MailboxFolderPermission user:\\Calendar -AccessRights Reviewer; the folder's name is in the mailbox's language), \
     or use impersonation",
);
const IMPERSONATION: Phrase = Phrase::new(
    "Geben Sie dem Dienstkonto die Rolle ApplicationImpersonation mit einem Bereich, zu dem dieses Postfach gehört \
     (New-ManagementRoleAssignment -Role ApplicationImpersonation).",
    "give the service account the role ApplicationImpersonation with a scope that includes this \
     mailbox (New-ManagementRoleAssignment -Role ApplicationImpersonation)",
);
const PASSES: Phrase = Phrase::new(
    "Das gibt sich von selbst; nach einer Pause wird wieder gefragt.",
    "it passes by itself; it is asked again after a pause",
);
const LESS: Phrase = Phrase::new(
    "Es wird nach weniger auf einmal gefragt; bleibt es so, lockern Sie die Drosselungsrichtlinie des Dienstkontos \
     (New-ThrottlingPolicy).",
    "less is asked for at a time; if it stays, loosen the throttling policy of the service account \
     (New-ThrottlingPolicy)",
);
const PAUSE: Phrase = Phrase::new(
    "Der Server möchte weniger Anfragen; er wird wieder gefragt, sobald er es erlaubt. Bleibt es so, geben Sie dem \
     Dienstkonto eine eigene Drosselungsrichtlinie (New-ThrottlingPolicy).",
    "the server wants fewer requests; it is asked again when the server says. If it stays, give the \
     service account a throttling policy of its own (New-ThrottlingPolicy)",
);
const ELSEWHERE: Phrase = Phrase::new(
    "Ein anderer Server hat dieses Postfach: prüfen Sie die Adresse der Webdienste (`url`), oder richten Sie für das \
     Postfach jenen Server ein.",
    "another server has this mailbox; check `url`, or configure that server for it",
);
const OURS: Phrase = Phrase::new(
    "Das ist ein Fehler von Busylamp: bitte melden Sie ihn mit diesem Text.",
    "this is a mistake of Busylamp: please report it with this text",
);
const ACCOUNT: Phrase = Phrase::new(
    "Prüfen Sie das Dienstkonto in Active Directory und Exchange.",
    "check the service account in Active Directory and Exchange",
);
const OLDER_WORDS: Phrase = Phrase::new(
    "Es wird in den Worten einer älteren Version noch einmal gefragt.",
    "it is asked again in the words of an older version",
);
const AUTODISCOVER: Phrase = Phrase::new(
    "Exchange findet den Server nicht, der dieses Postfach hat: sehen Sie sich dessen Autodiscover an.",
    "Exchange can't find the server that has this mailbox; look at its Autodiscover",
);
const UNLISTED: Phrase = Phrase::new(
    "Dieser Code ist hier nicht bekannt; nach einer langen Pause wird wieder gefragt.",
    "this code is not known here; it is asked again after a long pause",
);

codes! {
    // No such mailbox.
    NonExistentMailbox NotFound ADDRESS;
    MissingEmailAddress NotFound Phrase::new(
        "Prüfen Sie die Mailadresse; das Dienstkonto selbst braucht kein Postfach, aber jeder Benutzer.",
        "check the mail address; the service account itself needs no mailbox, but each user does",
    );
    InvalidSmtpAddress NotFound ADDRESS;
    MailboxConfiguration NotFound Phrase::new(
        "Das Postfach ist so eingerichtet, dass Exchange es nicht bedienen kann: sehen Sie es sich mit Get-Mailbox an.",
        "the mailbox is set up in a way that Exchange can't serve; look at it with Get-Mailbox",
    );
    MailRecipientNotFound NotFound ADDRESS;
    RecipientNotFound NotFound ADDRESS;
    NoCalendar NotFound Phrase::new(
        "Das Postfach hat keinen Kalenderordner; sein Besitzer sollte sich einmal daran anmelden.",
        "the mailbox has no calendar folder; its owner should sign in to it once",
    );
    InvalidUserPrincipalName NotFound ADDRESS;
    InvalidUserSid NotFound ADDRESS;
    CannotFindUser NotFound ADDRESS;
    NonPrimarySmtpAddress NotFound Phrase::new(
        "Verwenden Sie die Hauptadresse des Postfachs.",
        "use the mailbox's main address",
    );
    NameResolutionNoResults NotFound ADDRESS;
    NameResolutionNoMailbox NotFound ADDRESS;
    // Rights.
    AccessDenied Denied RIGHTS;
    FolderNotFound Denied RIGHTS;
    ItemNotFound Denied RIGHTS;
    ImpersonateUserDenied Denied IMPERSONATION;
    ImpersonationDenied Denied IMPERSONATION;
    ImpersonationFailed Denied IMPERSONATION;
    NoFreeBusyAccess Denied Phrase::new(
        "Geben Sie dem Dienstkonto an diesem Kalender AvailabilityOnly oder mehr.",
        "grant the service account AvailabilityOnly or more on this calendar",
    );
    AccountDisabled Denied ACCOUNT;
    PasswordExpired Denied Phrase::new(
        "Setzen Sie für das Dienstkonto ein neues Kennwort, das nicht abläuft.",
        "set a new password for the service account, one that doesn't expire",
    );
    PasswordChangeRequired Denied Phrase::new(
        "Setzen Sie für das Dienstkonto ein neues Kennwort, das bei der nächsten Anmeldung nicht geändert werden muss.",
        "set a new password for the service account, one that needn't be changed at the next sign-in",
    );
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
    FreeBusyDLLimitReached TooMuch Phrase::new(
        "Diese Adresse ist eine Verteilerliste mit zu vielen Mitgliedern: verwenden Sie die eines einzelnen Postfachs.",
        "this address is a distribution list with too many members; use the address of one mailbox",
    );
    // It passes.
    MailboxMoveInProgress Transient Phrase::new(
        "Das Postfach wird gerade verschoben; nach einer Pause wird wieder gefragt.",
        "the mailbox is being moved; it is asked again after a pause",
    );
    MailboxStoreUnavailable Transient Phrase::new(
        "Die Datenbank des Postfachs ist nicht eingebunden oder nicht erreichbar; bleibt es so, sehen Sie sie sich mit Get-MailboxDatabase -Status an.",
        "the mailbox's database is not mounted or not reachable; if it stays, look at it with Get-MailboxDatabase -Status",
    );
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
    InternalServerError Transient Phrase::new(
        "Der Server hat einen Fehler, den er nicht nennt; bleibt es so, sehen Sie in sein Ereignisprotokoll.",
        "the server has a fault that it doesn't name; if it stays, look in its event log",
    );
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
    ProxyRequestProcessingFailed Routing Phrase::new(
        "Exchange erreicht den Server oder die Gesamtstruktur mit diesem Postfach nicht: prüfen Sie die Organisationsbeziehung oder den Verfügbarkeitsadressraum.",
        "Exchange can't reach the server or forest that has this mailbox; look at the organisation relationship or the availability address space",
    );
    ProxyCallFailed Routing ELSEWHERE;
    AutoDiscoverFailed Routing AUTODISCOVER;
    ServiceDiscoveryFailed Routing AUTODISCOVER;
    // Another version.
    InvalidServerVersion OlderVersion OLDER_WORDS;
    InvalidSchemaVersionForMailboxVersion OlderVersion OLDER_WORDS;
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
    use busylamp_core::language::Language;

    use super::*;

    #[test]
    fn every_code_is_read_back_from_its_own_word() {
        for code in Code::KNOWN {
            assert_eq!(Code::from_word(&format!("\n  t:{code} ")), *code);
            assert_ne!(code.class(), Class::Unlisted);
            let advice = code.advice();
            let (german, english) = (advice.speak(Language::German), advice.speak(Language::English));
            assert!(german != english && german.ends_with('.') && english.len() > 20, "{code}");
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
