//! What Entra answers instead of a token. Codes and meanings: `reference-error-codes.md` of Microsoft's entra-docs;
//! Microsoft warns that they may change, so only the advice and the pause depend on them.

use busylamp_core::{language::Language, said::Said};
use busylamp_net::{http::HttpError, retry::Class};
use serde::Deserialize;
use thiserror::Error;

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum SignInError {
    /// Entra refuses.
    #[error("sign-in is refused ({said})")]
    Refused {
        problem: Problem,
        /// Code and first sentence of Entra's.
        said: String,
    },
    /// Entra has a trouble of its own.
    #[error("sign-in fails: the login server answers with status {status}")]
    Trouble { status: u16 },
    /// What came back is no answer of Entra's.
    #[error("sign-in fails: the login server's answer (status {status}) can't be read")]
    BadAnswer { status: u16 },
    /// The certificate's key did not sign.
    #[error("sign-in fails: the certificate's key can't sign")]
    CannotSign,
    /// Entra can't be reached.
    #[error("sign-in fails: {0}")]
    Network(HttpError),
}

/// What is wrong, as far as a person has to do something different about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    WrongSecret,
    SecretExpired,
    AssertionRefused,
    UnknownApp,
    AppDisabled,
    UnknownTenant,
    ClientAuthentication,
    WrongScope,
    UnknownResource,
    NoConsent,
    NotLicensed,
    ConditionalAccess,
    SignInAgain,
    Busy,
    Other,
}

impl Problem {
    fn of(code: u64) -> Self {
        match code {
            7_000_215 => Self::WrongSecret,
            7_000_222 => Self::SecretExpired,
            700_027 | 700_030 => Self::AssertionRefused,
            700_016 | 700_011 => Self::UnknownApp,
            7_000_112 | 70_001 => Self::AppDisabled,
            90_002 | 900_023 => Self::UnknownTenant,
            70_002 | 7_000_218 | 700_025 => Self::ClientAuthentication,
            70_011 => Self::WrongScope,
            500_011 => Self::UnknownResource,
            65_001 | 90_094 => Self::NoConsent,
            650_052 | 650_056 | 650_057 => Self::NotLicensed,
            53_003 | 530_032 | 50_076 | 70_043 => Self::ConditionalAccess,
            50_173 | 70_008 | 700_082 => Self::SignInAgain,
            50_196 | 90_055 | 90_090 => Self::Busy,
            _ => Self::Other,
        }
    }

    fn advice(self, consent_url: &str) -> Said {
        let (german, english) = match self {
            Self::WrongSecret => (
                "Tragen Sie aus der App-Registrierung den Wert des geheimen Clientschlüssels ein (nicht seine ID).",
                "enter the client secret's value (not its id) from the app registration",
            ),
            Self::SecretExpired => (
                "Legen Sie in der App-Registrierung einen neuen geheimen Clientschlüssel an und tragen Sie seinen Wert ein.",
                "make a new client secret in the app registration and enter its value",
            ),
            Self::AssertionRefused => (
                "Hinterlegen Sie das Zertifikat in der App-Registrierung.",
                "register the certificate in the app registration",
            ),
            Self::UnknownApp => {
                return Said::new(
                    format!(
                        "Prüfen Sie Mandant und Anwendungs-ID; stimmen sie, muss ein Administrator des Mandanten zustimmen: \
                         {consent_url}"
                    ),
                    format!(
                        "check tenant and client id; if they are right, an administrator of the tenant has to consent: \
                         {consent_url}"
                    ),
                );
            }
            Self::AppDisabled => (
                "Schalten Sie die Anwendung in Entra ein (Unternehmensanwendungen, Eigenschaften).",
                "enable the application in Entra (Enterprise applications, Properties)",
            ),
            Self::UnknownTenant => (
                "Prüfen Sie die ID des Mandanten, und ob es die richtige Cloud ist.",
                "check the tenant's id, and that the cloud is the right one",
            ),
            Self::ClientAuthentication => (
                "Die App-Registrierung muss ein vertraulicher Client (Web) mit geheimem Clientschlüssel sein.",
                "the app registration must be a confidential client (Web) with a client secret",
            ),
            Self::WrongScope | Self::UnknownResource => (
                "Prüfen Sie, ob die Adresse des Servers zur selben Cloud gehört wie die Anmeldeadresse und ob Entra sie kennt.",
                "check that the server's address belongs to the same cloud as the login address, and that Entra knows it",
            ),
            Self::NoConsent => {
                return Said::new(
                    format!("Ein Administrator des Mandanten muss zustimmen: {consent_url}"),
                    format!("an administrator of the tenant has to consent: {consent_url}"),
                );
            }
            Self::NotLicensed => (
                "Der Mandant hat für diese Anwendung kein Microsoft Graph oder Exchange Online: prüfen Sie seine Lizenzen und \
                 die Berechtigungen der Anwendung.",
                "the tenant has no Microsoft Graph or Exchange Online for this application: check its licences and the \
                 application's permissions",
            ),
            Self::ConditionalAccess => (
                "Eine Richtlinie für bedingten Zugriff sperrt die Anwendung: lassen Sie sie von der Richtlinie ausnehmen.",
                "a Conditional Access policy blocks the application: let it be excluded from the policy",
            ),
            Self::SignInAgain => (
                "Die Anmeldung wurde widerrufen: legen Sie einen neuen geheimen Clientschlüssel an.",
                "the sign-in was revoked: make a new client secret",
            ),
            Self::Busy => (
                "Entra will einige Minuten in Ruhe gelassen werden; es wird wieder versucht.",
                "Entra asks to be left alone for some minutes; it is tried again",
            ),
            Self::Other => (
                "Schlagen Sie den Code unter https://login.microsoftonline.com/error nach.",
                "look the code up at https://login.microsoftonline.com/error",
            ),
        };
        Said::new(german, english)
    }
}

impl SignInError {
    /// Entra's answer that has no token in it.
    pub(crate) fn of(status: u16, body: &[u8]) -> Self {
        let Ok(answer) = serde_json::from_slice::<Answer>(body) else {
            return if status >= 500 || status == 429 { Self::Trouble { status } } else { Self::BadAnswer { status } };
        };
        let problems = answer.error_codes.iter().map(|code| Problem::of(*code));
        let problem = problems.reduce(|first, next| if first == Problem::Other { next } else { first });
        let problem = match problem {
            Some(problem) if problem != Problem::Other => problem,
            _ if status >= 500 || status == 429 || answer.error == "temporarily_unavailable" => Problem::Busy,
            _ => Problem::Other,
        };
        Self::Refused { problem, said: first_sentence(&answer.error, &answer.error_description) }
    }

    /// Who can do something about it.
    pub(crate) fn class(&self) -> Class {
        match self {
            Self::Refused { problem: Problem::Busy, .. } | Self::Trouble { .. } => Class::Retryable,
            Self::Refused { .. } | Self::BadAnswer { .. } | Self::CannotSign => Class::NeedsAdministrator,
            Self::Network(error) => error.class(),
        }
    }

    /// What happened, in either language, without advice.
    pub(crate) fn happened(&self) -> Said {
        let german = match self {
            Self::Refused { said, .. } => format!("Die Anmeldung wird abgelehnt („{said}“)"),
            Self::Trouble { status } => {
                format!("Die Anmeldung scheitert: der Anmeldeserver antwortet mit dem Status {status}")
            }
            Self::BadAnswer { status } => {
                format!("Die Anmeldung scheitert: die Antwort des Anmeldeservers (Status {status}) ist nicht zu lesen")
            }
            Self::CannotSign => {
                "Die Anmeldung scheitert: mit dem Schlüssel des Zertifikats lässt sich nicht unterschreiben".to_owned()
            }
            Self::Network(error) => {
                format!("Die Anmeldung scheitert: {}", error.happened().speak(Language::German))
            }
        };
        Said::new(german, self.to_string())
    }

    /// What to do.
    pub(crate) fn advice(&self, consent_url: &str) -> Said {
        let (german, english) = match self {
            Self::Refused { problem, .. } => return problem.advice(consent_url),
            Self::Network(error) => return error.advice(),
            Self::Trouble { .. } => ("Es wird wieder versucht.", "it is tried again"),
            Self::BadAnswer { .. } => (
                "Prüfen Sie die Anmeldeadresse, und ob ein Proxy an ihrer Stelle antwortet.",
                "check the login address, and whether a proxy answers in its place",
            ),
            Self::CannotSign => (
                "Exportieren Sie Zertifikat und Schlüssel neu und tragen Sie sie ein.",
                "export certificate and key again and enter them",
            ),
        };
        Said::new(german, english)
    }
}

#[derive(Deserialize)]
struct Answer {
    error: String,
    #[serde(default)]
    error_description: String,
    #[serde(default)]
    error_codes: Vec<u64>,
}

/// `AADSTS7000215: Invalid client secret provided.` of a long text with trace ids.
fn first_sentence(error: &str, description: &str) -> String {
    let line = description.lines().next().unwrap_or_default();
    let sentence = line.split(" Trace ID:").next().unwrap_or_default();
    let sentence = sentence.split_once(". ").map_or(sentence, |(first, _)| first).trim_end_matches('.');
    let text = if sentence.is_empty() { error } else { sentence };
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use busylamp_net::http::{Delivery, HttpErrorKind};

    use super::*;

    fn problem(codes: &str) -> Problem {
        let body = format!(r#"{{"error": "invalid_client", "error_codes": {codes}}}"#);
        let SignInError::Refused { problem, .. } = SignInError::of(400, body.as_bytes()) else { panic!("{codes}") };
        problem
    }

    #[test]
    fn every_code_that_asks_for_something_of_its_own_is_known() {
        let expected = [
            (Problem::WrongSecret, "[7000215]"),
            (Problem::SecretExpired, "[7000222]"),
            (Problem::AssertionRefused, "[700027]"),
            (Problem::AssertionRefused, "[700030]"),
            (Problem::UnknownApp, "[700016]"),
            (Problem::UnknownApp, "[700011]"),
            (Problem::AppDisabled, "[7000112]"),
            (Problem::AppDisabled, "[70001]"),
            (Problem::UnknownTenant, "[90002]"),
            (Problem::UnknownTenant, "[900023]"),
            (Problem::ClientAuthentication, "[70002, 7000218]"),
            (Problem::ClientAuthentication, "[700025]"),
            (Problem::WrongScope, "[70011]"),
            (Problem::UnknownResource, "[500011]"),
            (Problem::NoConsent, "[65001]"),
            (Problem::NoConsent, "[90094]"),
            (Problem::NotLicensed, "[650052]"),
            (Problem::NotLicensed, "[650056]"),
            (Problem::NotLicensed, "[650057]"),
            (Problem::ConditionalAccess, "[53003]"),
            (Problem::ConditionalAccess, "[530032]"),
            (Problem::ConditionalAccess, "[50076]"),
            (Problem::ConditionalAccess, "[70043]"),
            (Problem::SignInAgain, "[50173]"),
            (Problem::SignInAgain, "[70008]"),
            (Problem::SignInAgain, "[700082]"),
            (Problem::Busy, "[50196]"),
            (Problem::Busy, "[90055]"),
            (Problem::Busy, "[90090]"),
            (Problem::Other, "[1]"),
            (Problem::Other, "[]"),
            (Problem::NoConsent, "[1, 65001]"),
        ];
        for (expected, codes) in expected {
            assert_eq!(problem(codes), expected, "{codes}");
        }
    }

    #[test]
    fn every_refusal_is_told_in_german_too() {
        let problems = [
            Problem::WrongSecret,
            Problem::SecretExpired,
            Problem::AssertionRefused,
            Problem::UnknownApp,
            Problem::AppDisabled,
            Problem::UnknownTenant,
            Problem::ClientAuthentication,
            Problem::WrongScope,
            Problem::UnknownResource,
            Problem::NoConsent,
            Problem::NotLicensed,
            Problem::ConditionalAccess,
            Problem::SignInAgain,
            Problem::Busy,
            Problem::Other,
        ];
        let refused = problems.map(|problem| SignInError::Refused { problem, said: "AADSTS1: No".to_owned() });
        let network = HttpError::new("login.example.com", HttpErrorKind::Reset, Delivery::NotSent);
        let others = [
            SignInError::Trouble { status: 503 },
            SignInError::BadAnswer { status: 200 },
            SignInError::CannotSign,
            SignInError::Network(network),
        ];
        for error in refused.into_iter().chain(others) {
            for said in [error.happened(), error.advice("https://login.example/consent")] {
                let (german, english) = (said.speak(Language::German), said.to_string());
                assert!(german != english && !german.is_empty() && !english.is_empty(), "{said:?}");
                assert!(!german.contains("the ") && german.starts_with(char::is_uppercase), "{said:?}");
            }
        }
    }

    #[test]
    fn only_what_time_heals_is_tried_again_soon() {
        assert_eq!(SignInError::of(400, br#"{"error": "x", "error_codes": [90090]}"#).class(), Class::Retryable);
        assert_eq!(SignInError::of(503, b"<html>").class(), Class::Retryable);
        assert_eq!(SignInError::of(503, br#"{"error": "server_error"}"#).class(), Class::Retryable);
        assert_eq!(SignInError::of(401, br#"{"error": "invalid_client"}"#).class(), Class::NeedsAdministrator);
        assert_eq!(SignInError::of(200, b"<html>").class(), Class::NeedsAdministrator);
    }

    #[test]
    fn recorded_refusals_are_told_with_their_first_sentence() {
        for (file, problem, said) in [
            ("7000215", Problem::WrongSecret, "AADSTS7000215: Invalid client secret provided"),
            ("700016", Problem::UnknownApp, "AADSTS700016: Application with identifier"),
            ("7000222", Problem::SecretExpired, "AADSTS7000222: The provided client secret keys"),
            ("70011", Problem::WrongScope, "AADSTS70011: "),
            ("90002", Problem::UnknownTenant, "AADSTS90002: Tenant"),
        ] {
            let name = format!("graph/fixtures/synthetic-token-error-{file}.response.json");
            let Some(body) = crate::conformance::file(&name) else { return };
            let error = SignInError::of(401, &body);
            let text = error.to_string();
            assert!(text.contains(said) && !text.contains("Trace ID"), "{text}");
            assert!(matches!(error, SignInError::Refused { problem: found, .. } if found == problem), "{text}");
            assert!(!error.advice("https://login.example/consent").to_string().is_empty());
        }
    }
}
