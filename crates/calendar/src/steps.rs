//! What the steps of a walk to a calendar are called, and what both sources say of them.

use busylamp_core::{
    check::Name,
    said::{Phrase, Said},
};

/// The one that concerns the account and no mailbox.
pub(crate) const SIGN_IN: Name = Name::new("Anmeldung", "sign-in");
pub(crate) const RIGHTS: Name = Name::new("Rechte", "rights");
pub(crate) const SERVER: Name = Name::new("Server", "server");
pub(crate) const USER: Name = Name::new("Benutzer", "user");
pub(crate) const CALENDAR: Name = Name::new("Kalender", "calendar");
pub(crate) const FREE_BUSY: Name = Name::new("Frei/Gebucht-Zeiten", "free/busy");
pub(crate) const CHANGES: Name = Name::new("Änderungen", "changes");
pub(crate) const TIME_ZONE: Name = Name::new("Zeitzone", "time zone");
pub(crate) const KEYWORDS: Name = Name::new("Schlüsselwörter", "keywords");

/// So many were read.
pub(crate) fn events(number: usize) -> Said {
    Said::new(format!("{number} Termine in den nächsten 24 Stunden"), format!("{number} events in the next 24 hours"))
}

/// What it comes to, and why.
pub(crate) fn with(what: Phrase, why: &Said) -> Said {
    Said::each(|language| format!("{}: {}", what.speak(language), why.speak(language)))
}
