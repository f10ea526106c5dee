//! What goes wrong with Graph, in German: pages show it beside the English of the log. Graph's own words stay as they are.

use busylamp_core::{language::Language, said::Said};

use super::{GraphSetupError, SettingsError, error::GraphError};
use crate::german;

impl GraphError {
    /// What happened, in either language, without advice.
    pub(super) fn happened(&self) -> Said {
        let german = match self {
            Self::SignIn(error) => return error.happened(),
            Self::Network(error) => return error.happened(),
            Self::Unauthorized(told) => format!("Graph lehnt unser Token ab („{told}“)"),
            Self::Denied { told, .. } => format!("Der Zugriff ist verweigert („{told}“)"),
            Self::NotInCloud(told) => format!("Das Postfach liegt nicht in Exchange Online („{told}“)"),
            Self::NoSuchUser(told) => format!("Einen solchen Benutzer gibt es nicht („{told}“)"),
            Self::LinkLost(told) => format!("Der Link für Änderungen ist verloren („{told}“)"),
            Self::BadRequest(told) => format!("Graph versteht die Anfrage nicht („{told}“)"),
            Self::Throttled { told, .. } => format!("Graph möchte weniger Anfragen („{told}“)"),
            Self::Trouble { told, .. } => format!("Graph hat einen Fehler („{told}“)"),
            Self::BadAnswer(why) => {
                format!("Die Antwort von Graph ist nicht zu gebrauchen: {}", why.speak(Language::German))
            }
        };
        Said::new(german, self.to_string())
    }
}

impl GraphSetupError {
    /// What is wrong and what would be right, in either language.
    pub fn said(&self) -> Said {
        match self {
            Self::Settings(error) => error.said(),
            Self::Trust(error) => Said::new(error.said().speak(Language::German), self.to_string()),
        }
    }
}

impl SettingsError {
    /// What is wrong and what would be right, in either language.
    pub fn said(&self) -> Said {
        let german = match self {
            Self::Tenant => german::TENANT,
            Self::ClientId => german::CLIENT_ID,
            Self::ClientSecret => german::CLIENT_SECRET,
            Self::ClientCertificate(problem) => {
                return Said::new(problem.said().speak(Language::German), self.to_string());
            }
            Self::Url { name: _ } => german::ADDRESS,
        };
        Said::new(german, self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use busylamp_core::said::Phrase;
    use busylamp_net::http::{Delivery, HttpError, HttpErrorKind};

    use super::*;
    use crate::{
        entra::{CertificateProblem, SignInError},
        graph::error::{Denial, Told},
    };

    #[test]
    fn every_setting_that_is_refused_is_told_in_german_too() {
        let problems = [
            CertificateProblem::NoCertificate,
            CertificateProblem::NoKey,
            CertificateProblem::NoRsaKey,
            CertificateProblem::OtherKey,
            CertificateProblem::Unreadable,
        ];
        let settings = [
            SettingsError::Tenant,
            SettingsError::ClientId,
            SettingsError::ClientSecret,
            SettingsError::Url { name: "login" },
        ];
        let settings = settings.into_iter().chain(problems.map(SettingsError::ClientCertificate));
        let trust = GraphSetupError::Trust(busylamp_net::trust::TrustError::NoCertificate);
        for error in settings.map(GraphSetupError::Settings).chain([trust]) {
            let said = error.said();
            let german = said.speak(Language::German);
            assert!(german.ends_with('.') && !german.contains("the "), "{said:?}");
            assert_eq!(said.to_string(), error.to_string());
        }
    }

    #[test]
    fn every_failure_is_told_in_german_too() {
        let told = || Told { status: 400, code: "Code".to_owned(), message: "Oh.".to_owned() };
        let network = HttpError::new("graph.example.com", HttpErrorKind::Reset, Delivery::NotSent);
        let denied = |why| GraphError::Denied { why, told: told() };
        let errors = [
            GraphError::SignIn(SignInError::CannotSign),
            GraphError::Network(network),
            GraphError::Unauthorized(told()),
            denied(Denial::AccessPolicy),
            denied(Denial::ProgramList),
            denied(Denial::Rights),
            GraphError::NotInCloud(told()),
            GraphError::NoSuchUser(told()),
            GraphError::LinkLost(told()),
            GraphError::BadRequest(told()),
            GraphError::Throttled { after: None, told: told() },
            GraphError::Trouble { after: None, told: told() },
            GraphError::BadAnswer(Phrase::new("sie hat kein Ende", "it has no end")),
        ];
        for error in errors {
            let consent = "https://login.example/consent";
            let (happened, advice, said) = (error.happened(), error.advice(consent), error.sentence(consent));
            for said in [&happened, &advice, &said] {
                let (german, english) = (said.speak(Language::German), said.to_string());
                assert!(german != english && !german.is_empty() && !english.is_empty(), "{said:?}");
                assert!(!german.contains("the "), "{said:?}");
            }
            assert_eq!(said.to_string(), format!("{error}; {advice}"));
        }
    }
}
