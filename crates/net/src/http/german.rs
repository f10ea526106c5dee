//! Why there is no answer, in German: pages show it beside the English of the log.

use busylamp_core::{language::Language, said::Said};

use super::{HttpError, HttpErrorKind};

impl HttpError {
    /// What happened, in either language, without advice.
    pub fn happened(&self) -> Said {
        Said::new(format!("{}: {}", self.host, self.kind.german()), self.to_string())
    }

    /// What happened and what to do, in either language.
    pub fn said(&self) -> Said {
        self.happened().advising(&self.advice())
    }
}

impl HttpErrorKind {
    fn german(&self) -> String {
        match self {
            Self::BadRequest => "die Anfrage lässt sich nicht stellen".to_owned(),
            Self::NameResolution => "der Name lässt sich nicht auflösen".to_owned(),
            Self::ConnectRefused => "die Verbindung wird abgelehnt".to_owned(),
            Self::Unreachable(why) => format!("nicht zu erreichen ({})", why.speak(Language::German)),
            Self::Certificate(untrusted) => untrusted.german(),
            Self::Tls(why) => format!("TLS kommt nicht zustande („{why}“)"),
            Self::TimeOut { seconds } => format!("keine vollständige Antwort innerhalb von {seconds} s"),
            Self::Reset => "die Verbindung ist abgebrochen".to_owned(),
            Self::TooLarge { limit } => format!("die Antwort ist größer als {limit} Bytes"),
            Self::BadAnswer => "die Antwort ist nicht zu lesen".to_owned(),
            Self::SignIn(error) => format!("die Anmeldung scheitert: {}", error.german()),
        }
    }
}

#[cfg(test)]
mod tests {
    use busylamp_core::said::Phrase;

    use super::*;
    use crate::{
        connection::SignInError,
        http::Delivery,
        trust::{Cause, Fingerprint, Untrusted},
        words,
    };

    #[test]
    fn every_failure_is_told_in_german_too() {
        let seen = Fingerprint::of(&vec![1, 2, 3].into());
        let causes = [
            Cause::UnknownIssuer,
            Cause::Expired,
            Cause::NotYetValid,
            Cause::WrongName { presented: vec!["other.example.com".to_owned()] },
            Cause::WrongName { presented: Vec::new() },
            Cause::Revoked,
            Cause::NotPinned,
            Cause::Other("BadEncoding".to_owned()),
        ];
        let word = Phrase::new("ein Wort", "a word");
        let sign_ins = [
            SignInError::BadChallenge(word),
            SignInError::Unsupported(word),
            SignInError::Refused(word),
            SignInError::Unreachable(words::of(std::io::ErrorKind::TimedOut)),
            SignInError::NotKeptAlive,
            SignInError::Machine(word),
            SignInError::Endless,
        ];
        let kinds = [
            HttpErrorKind::BadRequest,
            HttpErrorKind::NameResolution,
            HttpErrorKind::ConnectRefused,
            HttpErrorKind::Unreachable(words::of(std::io::ErrorKind::HostUnreachable)),
            HttpErrorKind::Tls("AlertReceived".to_owned()),
            HttpErrorKind::TimeOut { seconds: 5 },
            HttpErrorKind::Reset,
            HttpErrorKind::TooLarge { limit: 7 },
            HttpErrorKind::BadAnswer,
        ];
        let kinds = kinds
            .into_iter()
            .chain(causes.map(|cause| HttpErrorKind::Certificate(Untrusted { seen, cause })))
            .chain(sign_ins.map(HttpErrorKind::SignIn));
        for kind in kinds {
            let error = HttpError::new("mail.example.com", kind, Delivery::NotSent);
            let (happened, advice, said) = (error.happened(), error.advice(), error.said());
            for said in [&happened, &advice, &said] {
                let (german, english) = (said.speak(Language::German), said.to_string());
                assert!(german != english && !german.is_empty() && !english.is_empty(), "{said:?}");
            }
            assert!(said.speak(Language::German).ends_with('.'), "{said:?}");
            assert_eq!(said.to_string(), format!("{error}; {advice}"));
            assert!(!said.speak(Language::German).contains("the "), "{said:?}");
        }
    }
}
