//! What the steps of a walk to a calendar are called.

use busylamp_core::check::Name;

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
