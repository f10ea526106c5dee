//! What is asked for or changed, as complaints name it.

use busylamp_core::check::Name;

pub(crate) const SIGN_IN: Name = Name::new("die Anmeldung", "sign-in");
pub(crate) const ME: Name = Name::new("der eigene Benutzer", "the own user");
pub(crate) const USER: Name = Name::new("ein Benutzer", "a user");
pub(crate) const USERS: Name = Name::new("die Liste der Benutzer", "the list of users");
pub(crate) const GROUP: Name = Name::new("die Gruppe", "the group");
pub(crate) const GROUPS: Name = Name::new("die Liste der Gruppen", "the list of groups");
pub(crate) const NUMBERS: Name = Name::new("die Liste der Rufnummern", "the list of numbers");
pub(crate) const NUMBERS_OF_USER: Name = Name::new("die Rufnummern eines Benutzers", "a user's numbers");
pub(crate) const DIVERSION: Name = Name::new("eine Umleitung", "a diversion");
pub(crate) const DIVERSIONS: Name = Name::new("die Umleitungen eines Benutzers", "a user's diversions");
pub(crate) const KEY: Name = Name::new("eine Taste", "a key");
pub(crate) const KEYS: Name = Name::new("die Tasten eines Benutzers", "a user's keys");
pub(crate) const KEYS_OF_PHONE: Name = Name::new("die Tasten eines Telefons", "a phone's keys");
pub(crate) const SET: Name = Name::new("ein Tastensatz", "a set of keys");
pub(crate) const PHONES_OF_SET: Name = Name::new("die Telefone eines Tastensatzes", "a set's phones");
pub(crate) const LABEL: Name = Name::new("eine Beschriftung", "a label");
pub(crate) const BRIDGE: Name = Name::new("die Brücke", "the bridge");
