//! What goes wrong with Exchange, in German: pages show it beside the English of the log. Exchange's own words stay as they
//! are.

use busylamp_core::{language::Language, said::Said};

use super::{
    EwsSetupError, SettingsError,
    error::{EwsError, Told},
};
use crate::german;

impl EwsError {
    /// What happened, in either language, without advice.
    pub(super) fn happened(&self) -> Said {
        const GERMAN: Language = Language::German;
        let german = match self {
            Self::Token(error) => return error.happened(),
            Self::Network(error) | Self::TooSlow(error) => return error.happened(),
            Self::Refused { told, offered, .. } => {
                format!("Der Server lehnt die Anmeldung ab ({}){}", told.german(), offers(offered))
            }
            Self::LockedOut(told) => format!("Das Konto ist gesperrt ({})", told.german()),
            Self::FormLogin(told) => {
                format!("Etwas vor Exchange verlangt eine Anmeldung per Formular ({})", told.german())
            }
            Self::Policy(reason) => {
                format!("Dieses Postfach liegt in Exchange Online, und EWS ist dort gesperrt („{reason}“)")
            }
            Self::Forbidden(told) => format!("Die Webdienste sind uns verweigert ({})", told.german()),
            Self::NoService(told) => {
                format!("Unter dieser Adresse gibt es keine Exchange-Webdienste ({})", told.german())
            }
            Self::Busy { told, .. } => format!("Exchange möchte weniger Anfragen ({})", told.german()),
            Self::Trouble(told) => format!("Exchange hat einen Fehler ({})", told.german()),
            Self::Version(told) => format!("Exchange kennt unsere Version des Protokolls nicht ({})", told.german()),
            Self::Fault(refusal) => return refusal.happened(),
            Self::TooLarge => "Die Antwort ist größer, als gelesen wird".to_owned(),
            Self::Unreadable(why) => {
                format!("Exchanges Antwort zu diesem Postfach ist nicht zu lesen: {}", why.speak(GERMAN))
            }
            Self::BadAnswer(why) => format!("Exchanges Antwort ist nicht zu gebrauchen: {}", why.speak(GERMAN)),
        };
        Said::new(german, self.to_string())
    }
}

impl Told {
    fn german(&self) -> String {
        let Self { status, text } = self;
        let text = text.as_ref().map(|text| format!(": {}", text.speak(Language::German))).unwrap_or_default();
        format!("Status {status}{text}")
    }
}

fn offers(schemes: &[String]) -> String {
    if schemes.is_empty() { String::new() } else { format!("; er bietet {} an", schemes.join(", ")) }
}

impl EwsSetupError {
    /// What is wrong and what would be right, in either language.
    pub fn said(&self) -> Said {
        let said = match self {
            Self::Settings(error) => error.said(),
            Self::Trust(error) => error.said(),
        };
        Said::new(said.speak(Language::German), self.to_string())
    }
}

impl SettingsError {
    /// What is wrong and what would be right, in either language.
    pub fn said(&self) -> Said {
        let german = match self {
            Self::Url { key: _ } => german::ADDRESS,
            Self::User => "Erwartet wird DOMÄNE\\Benutzer, benutzer@domäne oder Benutzer (bei basic ohne Doppelpunkt).",
            #[cfg(feature = "kerberos")]
            Self::Realm => {
                "Kerberos braucht den vollen Namen der Domäne: benutzer@example.com oder EXAMPLE.COM\\Benutzer."
            }
            #[cfg(feature = "kerberos")]
            Self::Kdc => "Erwartet wird eine Adresse wie tcp://dc.example.com:88.",
            Self::Password => "Das Kennwort ist leer oder enthält Steuerzeichen.",
            Self::OnlineWithPassword => {
                "Das ist Exchange Online, das für die Webdienste keinen Benutzer mit Kennwort mehr nimmt (Basic gibt es dort \
                 nicht mehr): nehmen Sie Microsoft Graph als Quelle."
            }
            Self::Tenant => german::TENANT,
            Self::ClientId => german::CLIENT_ID,
            Self::ClientSecret => german::CLIENT_SECRET,
            Self::FolderWithToken => {
                "Mit dem Token einer Anwendung geht nur access = \"impersonation\" (oder \"free_busy\")."
            }
        };
        Said::new(german, self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use busylamp_core::said::Phrase;
    use busylamp_net::http::{Delivery, HttpError, HttpErrorKind};

    use super::*;
    use crate::entra::SignInError;

    #[test]
    fn every_setting_that_is_refused_is_told_in_german_too() {
        let settings = [
            SettingsError::Url { key: "url" },
            SettingsError::User,
            #[cfg(feature = "kerberos")]
            SettingsError::Realm,
            #[cfg(feature = "kerberos")]
            SettingsError::Kdc,
            SettingsError::Password,
            SettingsError::OnlineWithPassword,
            SettingsError::Tenant,
            SettingsError::ClientId,
            SettingsError::ClientSecret,
            SettingsError::FolderWithToken,
        ];
        let trust = EwsSetupError::Trust(busylamp_net::trust::TrustError::NoCertificate);
        for error in settings.map(EwsSetupError::Settings).into_iter().chain([trust]) {
            let said = error.said();
            let german = said.speak(Language::German);
            assert!(german.ends_with('.') && !german.contains("the "), "{said:?}");
            assert_eq!(said.to_string(), error.to_string());
        }
    }

    #[test]
    fn every_failure_is_told_in_german_too() {
        let told = || Told { status: 503, text: Some(Said::verbatim("UserNotFound")) };
        let network = |kind| HttpError::new("mail.example.com", kind, Delivery::MaybeSent);
        let refused = |offered: &[&str], password| EwsError::Refused {
            told: told(),
            offered: offered.iter().map(|scheme| (*scheme).to_owned()).collect(),
            password,
        };
        let body = "<Envelope><Body><Fault><faultcode>ErrorAccessDenied</faultcode></Fault></Body></Envelope>";
        let errors = [
            EwsError::Token(SignInError::CannotSign),
            EwsError::Network(network(HttpErrorKind::Reset)),
            refused(&["Negotiate", "NTLM"], true),
            refused(&[], false),
            EwsError::LockedOut(told()),
            EwsError::FormLogin(told()),
            EwsError::Policy("EWS is disabled".to_owned()),
            EwsError::Forbidden(told()),
            EwsError::NoService(told()),
            EwsError::Busy { after: None, told: told() },
            EwsError::Trouble(told()),
            EwsError::Version(told()),
            EwsError::Fault(busylamp_ews::answer::fault(body.as_bytes()).unwrap()),
            EwsError::TooSlow(network(HttpErrorKind::TimeOut { seconds: 9 })),
            EwsError::TooLarge,
            EwsError::Unreadable(Phrase::new("sie hat keinen Ordner", "it has no folder")),
            EwsError::BadAnswer(Phrase::new("sie hat keine Seite", "it has no page")),
        ];
        for error in errors {
            let (happened, advice, said) = (error.happened(), error.advice(""), error.sentence(""));
            for said in [&happened, &advice, &said] {
                let (german, english) = (said.speak(Language::German), said.to_string());
                assert!(german != english && !german.is_empty() && !english.is_empty(), "{said:?}");
                assert!(!german.contains("the "), "{said:?}");
            }
            assert_eq!(said.to_string(), format!("{error}; {advice}"));
        }
    }
}
