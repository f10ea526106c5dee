//! What Graph answers instead of what was asked for. Codes and meanings: `microsoft-graph-docs-contrib` and the
//! issues there, by section of the reference.

use std::time::Duration;

use busylamp_core::said::{Phrase, Said};
use busylamp_net::{
    http::{HttpError, USER_AGENT},
    retry::Class,
};
use serde::Deserialize;
use thiserror::Error;

use crate::{MailboxError, entra::SignInError};

/// Why a question to Graph has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum GraphError {
    /// There is no token.
    #[error(transparent)]
    SignIn(SignInError),
    /// Graph can't be reached.
    #[error("{0}")]
    Network(HttpError),
    /// Graph refuses even a fresh token (401).
    #[error("Graph refuses our token: {0}")]
    Unauthorized(Told),
    /// We may not (403).
    #[error("access is denied: {told}")]
    Denied { why: Denial, told: Told },
    /// The mailbox isn't in Exchange Online (404 `MailboxNotEnabledForRESTAPI`).
    #[error("the mailbox is not in Exchange Online: {0}")]
    NotInCloud(Told),
    /// Nobody has this name or id.
    #[error("there is no such user: {0}")]
    NoSuchUser(Told),
    /// The link of the doorbell is worth nothing any more; nothing is lost, everything is read anew.
    #[error("the change link is lost: {0}")]
    LinkLost(Told),
    /// Graph finds our question malformed.
    #[error("Graph does not understand the request: {0}")]
    BadRequest(Told),
    /// Too much; ask again after this time, if Graph said so.
    #[error("Graph asks for fewer requests: {told}")]
    Throttled { after: Option<Duration>, told: Told },
    /// Graph has a trouble of its own; ask again after this time, if it said so.
    #[error("Graph has a fault: {told}")]
    Trouble { after: Option<Duration>, told: Told },
    /// The answer isn't what was asked for.
    #[error("Graph's answer can't be used: {0}")]
    BadAnswer(Phrase),
}

/// Why access is denied, as far as the text tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denial {
    /// An application access policy leaves the mailbox out (`[RAOP]`).
    AccessPolicy,
    /// "Access to OData is disabled": most often a list of allowed programs.
    ProgramList,
    /// Neither is named: consent, or the scope of a role.
    Rights,
}

/// What Graph said, shortened. Graph's texts name addresses and ids, never subjects.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{status} {code}{}{message}", if message.is_empty() { "" } else { ": " })]
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
}

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    error: Inner,
}

#[derive(Default, Deserialize)]
struct Inner {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// The codes with which the state of a delta link is lost, in lower case.
const LINK_LOST: [&str; 5] =
    ["syncstatenotfound", "syncstateinvalid", "resyncrequired", "syncstatecorrupt", "errorinvalidsyncstatedata"];

/// The codes for a user that the directory doesn't know, in lower case.
const NO_SUCH_USER: [&str; 6] = [
    "resourcenotfound",
    "request_resourcenotfound",
    "errorinvaliduser",
    "erroritemnotfound",
    "errornonexistentmailbox",
    "errorinvaliduserprincipalname",
];

impl GraphError {
    /// A mailbox was forgotten.
    pub(super) const NOT_ASKED: Self = Self::BadAnswer(Phrase::new("danach wurde nicht gefragt", "it was not asked"));

    /// An answer with this status that isn't a success.
    pub(super) fn of(status: u16, body: &[u8], after: Option<Duration>) -> Self {
        let Inner { code, message } = serde_json::from_slice::<Body>(body).unwrap_or_default().error;
        let (lower, text) = (code.to_lowercase(), message.to_lowercase());
        let told = Told { status, code: short(&code, 80), message: short(&message, 200) };
        // A lost link comes with various statuses: its code is what counts (microsoft-graph-docs#2350, #2839, #9053).
        if status == 410 || LINK_LOST.contains(&lower.as_str()) {
            return Self::LinkLost(told);
        }
        match status {
            401 => Self::Unauthorized(told),
            403 => Self::Denied { why: denial(&text), told },
            404 if lower == "mailboxnotenabledforrestapi" || lower == "mailboxnotsupportedforrestapi" => {
                Self::NotInCloud(told)
            }
            400 | 404 if NO_SUCH_USER.contains(&lower.as_str()) || status == 404 => Self::NoSuchUser(told),
            429 => Self::Throttled { after, told },
            408 | 500..=599 => Self::Trouble { after, told },
            _ => Self::BadRequest(told),
        }
    }

    /// Graph's own word for it, which names nobody.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Unauthorized(told)
            | Self::NotInCloud(told)
            | Self::NoSuchUser(told)
            | Self::LinkLost(told)
            | Self::BadRequest(told)
            | Self::Denied { told, .. }
            | Self::Throttled { told, .. }
            | Self::Trouble { told, .. } => &told.code,
            Self::SignIn(_) | Self::Network(_) | Self::BadAnswer(_) => "",
        }
    }

    /// Who can do something about it.
    pub(super) fn class(&self) -> Class {
        match self {
            Self::SignIn(error) => error.class(),
            Self::Network(error) => error.class(),
            Self::Throttled { .. } | Self::Trouble { .. } | Self::LinkLost(_) | Self::BadAnswer(_) => Class::Retryable,
            Self::Unauthorized(_) | Self::Denied { .. } | Self::NotInCloud(_) | Self::NoSuchUser(_) => {
                Class::NeedsAdministrator
            }
            Self::BadRequest(_) => Class::Bug,
        }
    }

    /// How long Graph asked to be left alone.
    pub(super) fn after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { after, .. } | Self::Trouble { after, .. } => *after,
            Self::SignIn(_)
            | Self::Network(_)
            | Self::Unauthorized(_)
            | Self::Denied { .. }
            | Self::NotInCloud(_)
            | Self::NoSuchUser(_)
            | Self::LinkLost(_)
            | Self::BadRequest(_)
            | Self::BadAnswer(_) => None,
        }
    }

    /// Whether it concerns the account as a whole, not one mailbox.
    pub(super) fn is_of_account(&self) -> bool {
        matches!(self, Self::SignIn(_) | Self::Network(_) | Self::Unauthorized(_))
    }

    /// What to do.
    pub(super) fn advice(&self, consent_url: &str) -> Said {
        let (german, english) = match self {
            Self::SignIn(error) => return error.advice(consent_url),
            Self::Network(error) => return error.advice(),
            Self::Unauthorized(_) => (
                "Prüfen Sie, ob die Adresse von Graph und die Anmeldeadresse zur selben Cloud gehören, und die Uhr dieses \
                 Rechners.",
                "check that Graph's address and the login address belong to the same cloud, and this machine's clock",
            ),
            Self::Denied { why, .. } => return why.advice(consent_url),
            Self::NotInCloud(_) => (
                "Es liegt auf dem eigenen Server, hat keine Lizenz, gehört einem Gast oder ist gelöscht: nehmen Sie für ein \
                 Postfach auf Ihrem eigenen Server den Exchange Server als Quelle.",
                "it is on-premises, without licence, a guest's or deleted: for a mailbox on your own server use the Exchange \
                 Server source",
            ),
            Self::NoSuchUser(_) => (
                "Prüfen Sie die Mailadresse in der Telefonanlage und in Microsoft 365.",
                "check the mail address in the telephone system and in Microsoft 365",
            ),
            Self::LinkLost(_) | Self::Trouble { .. } => ("Es wird wieder versucht.", "it is tried again"),
            Self::Throttled { .. } => (
                "Es wird langsamer wieder versucht; bleibt es so, senken Sie die Höchstzahl der Anfragen.",
                "it is tried again more slowly; if it stays, lower the ceiling of requests",
            ),
            Self::BadRequest(_) => (
                "Das ist ein Fehler von Busylamp: bitte melden Sie ihn.",
                "this is a fault of Busylamp: please report it",
            ),
            Self::BadAnswer(_) => (
                "Es wird wieder versucht; prüfen Sie, ob ein Proxy an Stelle von Graph antwortet.",
                "it is tried again; check whether a proxy answers in Graph's place",
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
            Self::Denied { .. } => MailboxError::Denied { advice },
            Self::NotInCloud(_) | Self::NoSuchUser(_) => MailboxError::NotFound { advice },
            Self::SignIn(_)
            | Self::Network(_)
            | Self::Unauthorized(_)
            | Self::LinkLost(_)
            | Self::BadRequest(_)
            | Self::Throttled { .. }
            | Self::Trouble { .. }
            | Self::BadAnswer(_) => MailboxError::Unavailable { advice },
        }
    }
}

impl Denial {
    fn advice(self, consent_url: &str) -> Said {
        match self {
            Self::AccessPolicy => Said::new(
                "Eine Anwendungszugriffsrichtlinie lässt dieses Postfach aus: nehmen Sie es in die Gruppe der Richtlinie auf \
                 (es dauert mehr als eine Stunde, bis das wirkt).",
                "an application access policy leaves this mailbox out: add it to the policy's group (it takes more than an \
                 hour to act)",
            ),
            Self::ProgramList => Said::new(
                format!(
                    "Exchange hat eine Liste erlaubter Programme (Get-OrganizationConfig und Get-CASMailbox, \
                     EwsApplicationAccessPolicy): erlauben Sie {USER_AGENT}; oder REST ist für das Postfach abgeschaltet."
                ),
                format!(
                    "Exchange has a list of allowed programs (Get-OrganizationConfig and Get-CASMailbox, \
                     EwsApplicationAccessPolicy): allow {USER_AGENT}, or REST is switched off for the mailbox"
                ),
            ),
            Self::Rights => Said::new(
                format!(
                    "Die Anwendung braucht Calendars.Read: stimmen Sie dem zu ({consent_url}), oder weisen Sie die Rolle \
                     „Application Calendars.Read“ (RBAC for Applications) mit einem Bereich zu, zu dem dieses Postfach \
                     gehört; Änderungen brauchen bis zu zwei Stunden."
                ),
                format!(
                    "the application needs Calendars.Read: consent to it ({consent_url}), or assign the role \"Application \
                     Calendars.Read\" (RBAC for Applications) with a scope that holds this mailbox; changes take up to two \
                     hours"
                ),
            ),
        }
    }
}

fn denial(text: &str) -> Denial {
    if text.contains("raop") || text.contains("apponly accesspolicy") {
        Denial::AccessPolicy
    } else if text.contains("odata is disabled") {
        Denial::ProgramList
    } else {
        Denial::Rights
    }
}

fn short(text: &str, most: usize) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, code: &str, message: &str) -> GraphError {
        let body = serde_json::json!({"error": {"code": code, "message": message}});
        GraphError::of(status, body.to_string().as_bytes(), None)
    }

    fn mailbox(status: u16, code: &str, message: &str) -> MailboxError {
        of(status, code, message).for_mailbox("https://login.example/consent")
    }

    #[test]
    fn each_kind_of_denial_has_its_own_hint() {
        let MailboxError::Denied { advice } = mailbox(403, "ErrorAccessDenied", "Access is denied.") else { panic!() };
        let advice = advice.to_string();
        assert!(
            advice.contains("https://login.example/consent") && advice.contains("RBAC for Applications"),
            "{advice}"
        );
        let raop = "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.";
        let MailboxError::Denied { advice } = mailbox(403, "ErrorAccessDenied", raop) else { panic!() };
        assert!(advice.to_string().contains("policy's group"), "{advice}");
        let odata = mailbox(403, "ErrorAccessDenied", "Access to OData is disabled.");
        let MailboxError::Denied { advice } = odata else { panic!() };
        let advice = advice.to_string();
        assert!(advice.contains("EwsApplicationAccessPolicy") && advice.contains("Busylamp/"), "{advice}");
    }

    #[test]
    fn a_mailbox_on_premises_is_sent_to_the_other_source() {
        let MailboxError::NotFound { advice } = mailbox(404, "MailboxNotEnabledForRESTAPI", "…") else { panic!() };
        assert!(advice.to_string().contains("Exchange Server source"), "{advice}");
    }

    #[test]
    fn a_lost_link_is_known_by_status_or_code_in_any_case() {
        for (status, code) in [
            (410, "Gone"),
            (410, "SyncStateNotFound"),
            (404, "syncstatenotfound"),
            (400, "syncStateInvalid"),
            (400, "resyncRequired"),
            (400, "RESYNCREQUIRED"),
        ] {
            assert!(matches!(of(status, code, ""), GraphError::LinkLost(_)), "{status} {code}");
        }
    }

    #[test]
    fn answers_are_told_apart() {
        assert!(matches!(of(404, "ResourceNotFound", ""), GraphError::NoSuchUser(_)));
        assert!(matches!(of(404, "Request_ResourceNotFound", ""), GraphError::NoSuchUser(_)));
        assert!(matches!(of(404, "ErrorInvalidUser", ""), GraphError::NoSuchUser(_)));
        assert!(matches!(of(401, "InvalidAuthenticationToken", ""), GraphError::Unauthorized(_)));
        assert!(matches!(of(429, "ApplicationThrottled", ""), GraphError::Throttled { .. }));
        for status in [500, 502, 503, 504, 509] {
            assert_eq!(of(status, "UnknownError", "").class(), Class::Retryable);
        }
        for code in ["ErrorInvalidRequest", "ErrorTimeIntervalTooBig", "ErrorMailboxDataArrayTooBig"] {
            assert_eq!(of(400, code, "").class(), Class::Bug);
        }
    }

    #[test]
    fn a_body_that_is_no_error_of_graphs_does_no_harm() {
        let error = GraphError::of(503, b"<html>Service Unavailable</html>", Some(Duration::from_secs(3)));
        assert_eq!(error.after(), Some(Duration::from_secs(3)));
        assert_eq!(error.to_string(), "Graph has a fault: 503 ");
    }

    #[test]
    fn recorded_errors_are_understood() {
        let read = |name: &str, status| {
            let name = format!("graph/fixtures/issue-{name}.response.json");
            crate::conformance::file(&name).map(|body| GraphError::of(status, &body, None))
        };
        let Some(error) = read("mailboxnotenabledforrestapi", 404) else { return };
        assert!(matches!(error, GraphError::NotInCloud(_)));
        let error = read("delta-410-syncstatenotfound", 410).unwrap();
        assert!(matches!(error, GraphError::LinkLost(_)));
        let error = read("raop-blocked", 403).unwrap();
        assert!(matches!(error, GraphError::Denied { why: Denial::AccessPolicy, .. }));
        let error = read("odata-disabled-useragent", 403).unwrap();
        assert!(matches!(error, GraphError::Denied { why: Denial::ProgramList, .. }));
        let error = read("429-mailboxconcurrency", 429).unwrap();
        assert!(matches!(error, GraphError::Throttled { .. }));
        let error = read("getschedule-too-many-mailboxes", 400).unwrap();
        assert_eq!(error.class(), Class::Bug);
    }
}
