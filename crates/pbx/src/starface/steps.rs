//! What the steps of a walk through the telephone system are called.

use busylamp_core::check::Name;

pub(super) const SIGN_IN: Name = Name::new("STARFACE Anmeldung", "STARFACE sign-in");
pub(super) const VERSION: Name = Name::new("STARFACE Version", "STARFACE version");
pub(super) const GROUP: Name = Name::new("STARFACE Gruppe", "STARFACE group");
pub(super) const GROUPS: Name = Name::new("STARFACE Gruppen", "STARFACE groups");
pub(super) const ADDRESSES: Name = Name::new("STARFACE Mailadressen", "STARFACE mail addresses");
pub(super) const NUMBERS: Name = Name::new("STARFACE Rufnummern", "STARFACE numbers");
pub(super) const DIVERSIONS: Name = Name::new("STARFACE Umleitungen", "STARFACE diversions");
pub(super) const SPELLINGS: Name = Name::new("STARFACE Schreibweisen", "STARFACE spellings");
pub(super) const ENTRIES: Name = Name::new("STARFACE Einträge", "STARFACE entries");
pub(super) const KEYS: Name = Name::new("STARFACE Tasten", "STARFACE keys");
pub(super) const KEY_FORMS: Name = Name::new("STARFACE Tastenformen", "STARFACE key forms");
pub(super) const BRIDGE: Name = Name::new("STARFACE Brücke", "STARFACE bridge");
pub(super) const BRIDGE_FOUND: Name = Name::new("STARFACE Funde der Brücke", "STARFACE bridge found");
pub(super) const STATES: Name = Name::new("STARFACE Zustände", "STARFACE states");
pub(super) const EVENTS: Name = Name::new("STARFACE Meldungen", "STARFACE events");
pub(super) const CAN: Name = Name::new("STARFACE Fähigkeiten", "STARFACE can");
/// What stands beside what it can.
pub(super) const STARFACE: Name = Name::new("STARFACE", "STARFACE");

pub(super) const TRIAL: Name = Name::new("Versuch", "trial");
pub(super) const TRIAL_OF_DND: Name = Name::new("Versuch mit Nicht stören", "trial of do not disturb");
pub(super) const TRIAL_OF_PRESENCE: Name = Name::new("Versuch mit der Präsenz", "trial of presence");
pub(super) const TRIAL_OF_TEXT: Name = Name::new("Versuch mit dem Text", "trial of the text");
pub(super) const TRIAL_OF_DIVERSIONS: Name = Name::new("Versuch mit Umleitungen", "trial of diversions");
pub(super) const TRIAL_OF_LABELS: Name = Name::new("Versuch mit Beschriftungen", "trial of labels");
pub(super) const TRIAL_OF_PHONES: Name = Name::new("Versuch mit Telefonen", "trial of phones");
pub(super) const TRIAL_OF_EVENTS: Name = Name::new("Versuch mit Meldungen", "trial of events");
pub(super) const TRIALS_END: Name = Name::new("Ende des Versuchs", "trial's end");
