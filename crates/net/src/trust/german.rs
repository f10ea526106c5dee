//! Why nobody is believed, in German: pages show it beside the English of the log.

use busylamp_core::{language::Language, said::Said};

use super::{Cause, PinError, ShownError, TrustError, Untrusted, shown::PATIENCE};
use crate::words;

impl Untrusted {
    pub(crate) fn german(&self) -> String {
        let (cause, seen) = (self.cause.german(), self.seen);
        format!("dem Zertifikat des Servers wird nicht geglaubt: {cause} (sein Fingerabdruck ist {seen})")
    }
}

impl Cause {
    /// Why, in either language.
    pub(super) fn said(&self) -> Said {
        Said::new(self.german(), self.to_string())
    }

    fn german(&self) -> String {
        match self {
            Self::UnknownIssuer => "es wurde von keiner vertrauenswürdigen Stelle ausgestellt".to_owned(),
            Self::Expired => "es ist abgelaufen".to_owned(),
            Self::NotYetValid => "es ist noch nicht gültig (geht die Uhr richtig?)".to_owned(),
            Self::WrongName { presented } if presented.is_empty() => {
                "es wurde für andere Namen ausgestellt (keinen)".to_owned()
            }
            Self::WrongName { presented } => {
                format!("es wurde für andere Namen ausgestellt ({})", presented.join(", "))
            }
            Self::Revoked => "es wurde zurückgezogen".to_owned(),
            Self::NotPinned => "es ist nicht das eingetragene".to_owned(),
            Self::Other(why) => format!("„{why}“"),
        }
    }
}

impl TrustError {
    /// What is wrong and what would be right, in either language.
    pub fn said(&self) -> Said {
        Said::new(self.german(), self.to_string())
    }

    fn german(&self) -> String {
        match self {
            Self::NoCertificate => {
                "Es ist kein Zertifikat darin: erwartet wird eine PEM-Datei mit -----BEGIN CERTIFICATE-----.".to_owned()
            }
            Self::BadCertificate { number } => {
                format!("Zertifikat {number} der Datei ist beschädigt: exportieren Sie es neu im PEM-Format (Base64).")
            }
            Self::NoSystemAuthorities { reason } => format!(
                "Die Liste der Zertifizierungsstellen, denen das System vertraut, ist nicht zu gebrauchen („{reason}“): \
                 installieren Sie das Paket ca-certificates, oder geben Sie für diese Verbindung eine Stelle oder einen \
                 Fingerabdruck an."
            ),
            Self::Setup { reason } => format!("TLS lässt sich nicht einrichten („{reason}“)."),
        }
    }
}

impl PinError {
    /// What would be right, in either language.
    pub fn said(&self) -> Said {
        let german = match self {
            Self::NoHash => "Ein Fingerabdruck beginnt mit „sha256:“.",
            Self::NoFingerprint => {
                "Nach „sha256:“ folgen 64 hexadezimale Ziffern (Doppelpunkte dazwischen dürfen bleiben) oder 44 Zeichen Base64."
            }
        };
        Said::new(german, self.to_string())
    }
}

impl ShownError {
    /// What happened and what to do, in either language.
    pub fn said(&self) -> Said {
        let of = |error: &std::io::Error| words::of(error.kind()).speak(Language::German).to_owned();
        let german = match self {
            Self::Name(name) => format!("„{name}“ ist kein Name eines Servers."),
            Self::Unreachable(error) => {
                format!("Der Server ist nicht zu erreichen ({}): prüfen Sie Namen, Port und Firewall.", of(error))
            }
            Self::Silent => {
                let seconds = PATIENCE.as_secs();
                format!("Der Server antwortet nicht innerhalb von {seconds} s: prüfen Sie Namen, Port und Firewall.")
            }
            Self::NoTls(error) => {
                format!("Der Server zeigt kein Zertifikat ({}): ist es der Port für https?", of(error))
            }
            Self::Setup(error) => error.german(),
        };
        Said::new(german, self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn every_refusal_is_told_in_german_too() {
        let reason = || "no such file".to_owned();
        let trust = [
            TrustError::NoCertificate,
            TrustError::BadCertificate { number: 2 },
            TrustError::NoSystemAuthorities { reason: reason() },
            TrustError::Setup { reason: reason() },
        ];
        let shown = [
            ShownError::Name("a b".to_owned()),
            ShownError::Unreachable(io::ErrorKind::ConnectionRefused.into()),
            ShownError::Silent,
            ShownError::NoTls(io::ErrorKind::UnexpectedEof.into()),
            ShownError::Setup(TrustError::NoCertificate),
        ];
        let pins = [PinError::NoHash, PinError::NoFingerprint];
        let all = trust.iter().map(TrustError::said).chain(shown.iter().map(ShownError::said));
        for said in all.chain(pins.iter().map(PinError::said)) {
            let (german, english) = (said.speak(Language::German), said.to_string());
            assert!(german != english && !german.is_empty() && !english.is_empty(), "{said:?}");
            assert!(!german.contains("the ") && !german.contains("is "), "{said:?}");
        }
    }
}
