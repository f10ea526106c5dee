//! What the operating system says of its failures, for people.

use std::io::ErrorKind;

use busylamp_core::said::Said;

/// What kind of failure it is.
// The system's list is open: what stands for no failure of a network is shown in the system's own words.
#[allow(clippy::wildcard_enum_match_arm)]
pub fn of(kind: ErrorKind) -> Said {
    let german = match kind {
        ErrorKind::NotFound => "nicht gefunden",
        ErrorKind::PermissionDenied => "nicht erlaubt",
        ErrorKind::ConnectionRefused => "Verbindung abgelehnt",
        ErrorKind::ConnectionReset => "Verbindung zurückgesetzt",
        ErrorKind::ConnectionAborted => "Verbindung abgebrochen",
        ErrorKind::HostUnreachable => "Rechner nicht erreichbar",
        ErrorKind::NetworkUnreachable => "Netz nicht erreichbar",
        ErrorKind::NetworkDown => "Netz ausgefallen",
        ErrorKind::NotConnected => "nicht verbunden",
        ErrorKind::AddrInUse => "Adresse schon vergeben",
        ErrorKind::AddrNotAvailable => "Adresse nicht verfügbar",
        ErrorKind::BrokenPipe => "Verbindung geschlossen",
        ErrorKind::TimedOut => "Zeit überschritten",
        ErrorKind::InvalidInput => "unzulässige Angabe",
        ErrorKind::InvalidData => "unzulässige Daten",
        ErrorKind::UnexpectedEof => "unerwartetes Ende",
        ErrorKind::Other => "ein anderer Fehler",
        other => return Said::new(format!("„{other}“"), other.to_string()),
    };
    Said::new(german, kind.to_string())
}

#[cfg(test)]
mod tests {
    use busylamp_core::language::Language;

    use super::*;

    #[test]
    fn a_failure_is_told_in_both_languages() {
        let said = of(ErrorKind::HostUnreachable);
        assert_eq!(said.speak(Language::German), "Rechner nicht erreichbar");
        assert_eq!(said.to_string(), ErrorKind::HostUnreachable.to_string());
        assert_eq!(of(ErrorKind::Deadlock).speak(Language::German), "„deadlock“");
    }
}
