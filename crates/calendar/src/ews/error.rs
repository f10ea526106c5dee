//! What Exchange answers instead of what was asked for.

use std::time::Duration;

use busylamp_core::said::{Phrase, Said};
use busylamp_ews::{Class as Code, Refusal};
use busylamp_net::{
    http::{Delivery, HttpError, HttpErrorKind, USER_AGENT},
    retry::Class,
};
use thiserror::Error;

use crate::{MailboxError, entra};

/// Since when nothing speaks EWS in Exchange Online any more (techcommunity 4492361, "Your Time is Almost Up").
pub(super) const ONLINE_END: Phrase = Phrase::new(
    "EWS endet in Exchange Online endgültig am 1. April 2027: nehmen Sie Microsoft Graph als Quelle.",
    "EWS in Exchange Online ends for good on 2027-04-01: use the Microsoft Graph source",
);

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum EwsError {
    /// There is no token.
    #[error(transparent)]
    Token(entra::SignInError),
    /// The server can't be reached.
    #[error("{0}")]
    Network(HttpError),
    /// The server refuses the sign-in (401). With a password it isn't tried again.
    #[error("the server refuses the sign-in: {told}{}", offers(.offered))]
    Refused {
        told: Told,
        /// The ways to sign in that it names instead.
        offered: Vec<String>,
        /// Whether it refuses a password, not a token.
        password: bool,
    },
    /// The account is locked.
    #[error("the account is locked out: {0}")]
    LockedOut(Told),
    /// Something in front of Exchange wants a login by form (302, 440).
    #[error("something in front of Exchange asks for a login by form: {0}")]
    FormLogin(Told),
    /// Exchange Online's policy (403 with `X-EWS-Policy-Reason`).
    #[error("this mailbox is in Exchange Online, and EWS is blocked there ({0})")]
    Policy(String),
    /// Web services are denied to us (403).
    #[error("web services are denied: {0}")]
    Forbidden(Told),
    /// There are no web services at this address.
    #[error("there are no Exchange Web Services at this address: {0}")]
    NoService(Told),
    /// Too much; ask again after this time, if the server said so.
    #[error("Exchange asks for fewer requests: {told}")]
    Busy { after: Option<Duration>, told: Told },
    /// Exchange, or something before it, has a trouble of its own.
    #[error("Exchange has a fault: {0}")]
    Trouble(Told),
    /// The version of our request is too new for it.
    #[error("Exchange does not know our version of the protocol: {0}")]
    Version(Told),
    /// Exchange refuses the request, or a mailbox of it.
    #[error("{0}")]
    Fault(Refusal),
    /// There was no answer in time.
    #[error("{0}")]
    TooSlow(HttpError),
    /// The answer is longer than we read.
    #[error("the answer is larger than can be read")]
    TooLarge,
    /// The answer for one mailbox can't be understood as a whole.
    #[error("Exchange's answer for this mailbox can't be read: {0}")]
    Unreadable(Phrase),
    /// The answer isn't what was asked for.
    #[error("Exchange's answer can't be used: {0}")]
    BadAnswer(Phrase),
}

/// What was said, shortened. Exchange's texts name addresses, never subjects.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("status {status}{}", .text.as_ref().map_or_else(String::new, |text| format!(": {text}")))]
pub(super) struct Told {
    pub(super) status: u16,
    /// `X-CasErrorCode`, `x-ms-diagnostics` or a fault's text, whatever there is.
    pub(super) text: Option<Said>,
}

impl EwsError {
    /// A mailbox was forgotten.
    pub(super) const NOT_ASKED: Self = Self::BadAnswer(Phrase::new("danach wurde nicht gefragt", "it was not asked"));

    /// An error of the network, or what it stands for.
    pub(super) fn of_network(error: HttpError) -> Self {
        match error.kind {
            HttpErrorKind::TooLarge { .. } => Self::TooLarge,
            HttpErrorKind::TimeOut { .. } if error.delivery() == Delivery::MaybeSent => Self::TooSlow(error),
            HttpErrorKind::TimeOut { .. }
            | HttpErrorKind::BadRequest
            | HttpErrorKind::NameResolution
            | HttpErrorKind::ConnectRefused
            | HttpErrorKind::Unreachable(_)
            | HttpErrorKind::Certificate(_)
            | HttpErrorKind::Tls(_)
            | HttpErrorKind::SignIn(_)
            | HttpErrorKind::Reset
            | HttpErrorKind::BadAnswer => Self::Network(error),
        }
    }

    /// What Exchange means with a fault or a response code.
    fn code(&self) -> Option<Code> {
        match self {
            Self::Fault(refusal) => Some(refusal.class()),
            Self::Busy { .. } => Some(Code::Throttled),
            Self::TooSlow(_) | Self::TooLarge => Some(Code::TooMuch),
            Self::Version(_) => Some(Code::OlderVersion),
            Self::Token(_)
            | Self::Network(_)
            | Self::Refused { .. }
            | Self::LockedOut(_)
            | Self::FormLogin(_)
            | Self::Policy(_)
            | Self::Forbidden(_)
            | Self::NoService(_)
            | Self::Trouble(_)
            | Self::Unreadable(_)
            | Self::BadAnswer(_) => None,
        }
    }

    /// Whether the server asks for fewer requests.
    pub(super) fn is_busy(&self) -> bool {
        self.code() == Some(Code::Throttled)
    }

    /// Whether the request has to be written for an older version.
    pub(super) fn is_version(&self) -> bool {
        self.code() == Some(Code::OlderVersion)
    }

    /// Whether a request for fewer mailboxes may succeed because it is smaller.
    pub(super) fn is_about_size(&self) -> bool {
        let timed_out = matches!(self, Self::Network(error) if matches!(error.kind, HttpErrorKind::TimeOut { .. }));
        timed_out || matches!(self.code(), Some(Code::TooMuch | Code::Routing))
    }

    /// Whether one mailbox of several may be the reason, so that the others are to be asked for without it.
    pub(super) fn is_perhaps_of_one(&self) -> bool {
        match self {
            Self::Policy(_) => true,
            Self::Fault(_) => !self.is_busy() && !self.is_version() && self.code() != Some(Code::OwnFault),
            Self::Token(_)
            | Self::Network(_)
            | Self::Refused { .. }
            | Self::LockedOut(_)
            | Self::FormLogin(_)
            | Self::Forbidden(_)
            | Self::NoService(_)
            | Self::Busy { .. }
            | Self::Trouble(_)
            | Self::Version(_)
            | Self::TooSlow(_)
            | Self::TooLarge
            | Self::Unreadable(_)
            | Self::BadAnswer(_) => false,
        }
    }

    /// Whether it concerns the account as a whole, not one mailbox.
    pub(super) fn is_of_account(&self) -> bool {
        match self {
            Self::Token(_)
            | Self::Network(_)
            | Self::Refused { .. }
            | Self::LockedOut(_)
            | Self::FormLogin(_)
            | Self::Forbidden(_)
            | Self::NoService(_) => true,
            Self::Policy(_)
            | Self::Busy { .. }
            | Self::Trouble(_)
            | Self::Version(_)
            | Self::Fault(_)
            | Self::TooSlow(_)
            | Self::TooLarge
            | Self::Unreadable(_)
            | Self::BadAnswer(_) => false,
        }
    }

    /// Whether Exchange has said it of this very mailbox.
    pub(super) fn is_of_one(&self) -> bool {
        matches!(self, Self::Unreadable(_)) || (matches!(self, Self::Fault(_)) && !self.is_busy() && !self.is_version())
    }

    /// How long the server asked to be left alone.
    pub(super) fn after(&self) -> Option<Duration> {
        match self {
            Self::Busy { after, .. } => *after,
            Self::Fault(refusal) => refusal.back_off,
            Self::Token(_)
            | Self::Network(_)
            | Self::Refused { .. }
            | Self::LockedOut(_)
            | Self::FormLogin(_)
            | Self::Policy(_)
            | Self::Forbidden(_)
            | Self::NoService(_)
            | Self::Trouble(_)
            | Self::Version(_)
            | Self::TooSlow(_)
            | Self::TooLarge
            | Self::Unreadable(_)
            | Self::BadAnswer(_) => None,
        }
    }

    /// Who can do something about it.
    pub(super) fn class(&self) -> Class {
        match self {
            Self::Token(error) => error.class(),
            Self::Network(error) => error.class(),
            Self::Refused { .. }
            | Self::LockedOut(_)
            | Self::FormLogin(_)
            | Self::Policy(_)
            | Self::Forbidden(_)
            | Self::NoService(_)
            | Self::Version(_) => Class::NeedsAdministrator,
            Self::Busy { .. }
            | Self::Trouble(_)
            | Self::TooSlow(_)
            | Self::TooLarge
            | Self::Unreadable(_)
            | Self::BadAnswer(_) => Class::Retryable,
            Self::Fault(refusal) => match refusal.class() {
                Code::NotFound | Code::Denied | Code::OlderVersion | Code::Unlisted => Class::NeedsAdministrator,
                Code::Throttled | Code::TooMuch | Code::Transient | Code::Routing => Class::Retryable,
                Code::OwnFault => Class::Bug,
            },
        }
    }

    /// What to do.
    pub(super) fn advice(&self, consent_url: &str) -> Said {
        let (german, english) = match self {
            Self::Token(error) => return error.advice(consent_url),
            Self::Network(error) => return error.advice(),
            Self::Refused { password: true, .. } => (
                "Prüfen Sie Benutzer, Kennwort und Anmeldeart (`auth`); damit das Konto nicht gesperrt wird, wird es erst wieder versucht, \
                 wenn sich davon etwas ändert oder das Programm neu startet, und ein Kennwort, das schon galt, höchstens \
                 einmal in der Stunde.",
                "check user, password and auth; to spare the account from being locked, it is tried again only when one of \
                 them changes or the program starts anew, and one that was taken before at most once an hour",
            ),
            Self::Refused { password: false, .. } => (
                "Prüfen Sie, ob der Server Entras Tokens nimmt (Exchange Online, oder Hybrid Modern Authentication), ob seine \
                 Adresse dort eingetragen ist, und die Uhr dieses Rechners.",
                "check that the server takes Entra's tokens (Exchange Online, or Hybrid Modern Authentication), that its \
                 address is registered there, and this machine's clock",
            ),
            Self::LockedOut(_) => (
                "Entsperren Sie das Konto in Active Directory, und stellen Sie fest, wer es sperrt.",
                "unlock the account in Active Directory and look who locks it",
            ),
            Self::FormLogin(_) => (
                "Lassen Sie den Proxy vor Exchange /EWS ohne Vorauthentifizierung durchreichen, oder verwenden Sie die Adresse \
                 dahinter.",
                "let the proxy in front of Exchange pass /EWS on without pre-authentication, or use the address behind it",
            ),
            Self::Policy(_) => return ONLINE_END.into(),
            Self::Forbidden(_) => return forbidden(),
            Self::NoService(_) => (
                "Prüfen Sie die Adresse: meist endet sie auf /EWS/Exchange.asmx; `busylamp find-exchange` findet sie.",
                "check the address: it most often ends in /EWS/Exchange.asmx, and is found with `busylamp find-exchange`",
            ),
            Self::Busy { .. } | Self::Trouble(_) => ("Es wird wieder versucht.", "it is tried again"),
            Self::Version(_) => {
                ("Nötig ist Exchange Server 2010 oder neuer.", "Exchange Server 2010 or newer is needed")
            }
            Self::Fault(refusal) => return refusal.advice().into(),
            Self::TooSlow(_) | Self::TooLarge => (
                "Es wird mit weniger Postfächern je Anfrage wieder versucht.",
                "it is tried again with fewer mailboxes a request",
            ),
            Self::Unreadable(_) => (
                "Es wird wieder versucht; bleibt es so, melden Sie es bitte.",
                "it is tried again; if it stays, please report it",
            ),
            Self::BadAnswer(_) => (
                "Es wird wieder versucht; prüfen Sie, ob ein Proxy an Stelle von Exchange antwortet.",
                "it is tried again; check whether a proxy answers in Exchange's place",
            ),
        };
        Said::new(german, english)
    }

    /// What happened and what to do.
    pub(super) fn sentence(&self, consent_url: &str) -> Said {
        self.happened().advising(&self.advice(consent_url))
    }

    /// What it means for one mailbox.
    pub(super) fn for_mailbox(&self, consent_url: &str) -> MailboxError {
        let advice = self.sentence(consent_url);
        match self {
            Self::Policy(_) => MailboxError::Denied { advice },
            Self::Fault(refusal) => match refusal.class() {
                Code::NotFound => MailboxError::NotFound { advice },
                Code::Denied => MailboxError::Denied { advice },
                Code::Throttled
                | Code::TooMuch
                | Code::Transient
                | Code::Routing
                | Code::OlderVersion
                | Code::OwnFault
                | Code::Unlisted => MailboxError::Unavailable { advice },
            },
            Self::Token(_)
            | Self::Network(_)
            | Self::Refused { .. }
            | Self::LockedOut(_)
            | Self::FormLogin(_)
            | Self::Forbidden(_)
            | Self::NoService(_)
            | Self::Busy { .. }
            | Self::Trouble(_)
            | Self::Version(_)
            | Self::TooSlow(_)
            | Self::TooLarge
            | Self::Unreadable(_)
            | Self::BadAnswer(_) => MailboxError::Unavailable { advice },
        }
    }
}

fn forbidden() -> Said {
    Said::new(
        format!(
            "Prüfen Sie, ob EWS für das Konto eingeschaltet ist und {USER_AGENT} auf der Liste der erlaubten Programme steht \
             (Get-OrganizationConfig und Get-CASMailbox, EwsApplicationAccessPolicy)."
        ),
        format!(
            "check that EWS is enabled for the account and that {USER_AGENT} is on the list of allowed programs \
             (Get-OrganizationConfig and Get-CASMailbox, EwsApplicationAccessPolicy)"
        ),
    )
}

fn offers(schemes: &[String]) -> String {
    if schemes.is_empty() { String::new() } else { format!(" (it offers {})", schemes.join(", ")) }
}
