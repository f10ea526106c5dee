//! What the administrator has chosen: one instance's policy, with the factory's values (§4, §5, §6).
//!
//! Its written form (TOML and JSON alike) is that of `docs/interfaces.md`, section 1. A value that is not
//! allowed is refused when it is read; a `Policy` in hand is a valid one.

use serde::{Deserialize, Serialize};

use crate::{
    account::Presence,
    event::{Kind, Sensitivity},
    keyword::{BUILT_IN, Effect, Words},
    language::Language,
    text::clusters,
    title::{self, Reading},
};

/// All choices of one instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// The telephone action of each kind (§4.1).
    pub actions: Actions,
    /// Diversion reaches calls to the internal numbers as well (§4.3).
    pub forward_internal_calls: bool,
    /// "Status während eines Termins verändern" (§4.4).
    pub change_during_event: ChangeDuringEvent,
    /// What a person's change of DND or a diversion means during an event (§6.5).
    pub manual_change: ManualChange,
    /// Whether declined invitations count (§1.3).
    pub declined: Declined,
    /// Which sensitivities are masked (§1.5).
    pub masked: MaskedSet,
    /// The instance's own keywords (§2.7).
    pub extra_keywords: ExtraKeywords,
    /// Set chat presence (§5.1).
    pub set_presence: bool,
    /// The presence of each kind (§5.1).
    pub presences: Presences,
    /// "Status nicht überschreiben": the program leads over what people choose (§6.4).
    pub lead: bool,
    /// Away counts as neutral too (§6.4).
    pub ignore_away: bool,
    /// The title is part of the status text (§5.2).
    pub title_as_text: bool,
    /// So is the begin.
    pub show_begin: bool,
    /// So is the end.
    pub show_end: bool,
    /// So is the duration.
    pub show_duration: bool,
    /// No text while the winner is of kind free (§5.3).
    pub no_text_when_free: bool,
    /// The titles of all running events (§5.5).
    pub join_parallel_titles: bool,
    /// The title of masked events; absent: by language (§5.4).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask_word: Option<MaskWord>,
    /// The longest status text (§5.6).
    pub max_text_length: TextLength,
    /// The text also goes into the labels of busy lamp keys (§5.9).
    pub blf_labels: bool,
    /// "Benutzerstatus nicht zurücksetzen" on deactivation (§7.1).
    pub keep_on_deactivate: bool,
}

impl Policy {
    /// How subjects are read under this policy.
    pub fn reading(&self) -> Reading {
        Reading {
            words: self.extra_keywords.words(),
            mask_personal: self.masked.personal,
            keep_titles: self.title_as_text,
        }
    }

    /// The title of masked events (§5.4).
    pub fn mask_word(&self, language: Language) -> &str {
        self.mask_word.as_ref().map_or(language.pick("Privat", "Private"), |word| word.0.as_str())
    }

    /// A number that differs when anything in the policy does; the same in every run and on every machine.
    pub fn fingerprint(&self) -> u64 {
        let text = serde_json::to_string(self).unwrap_or_default();
        crate::fingerprint::of(text.as_bytes())
    }
}

/// What an event does to the telephone by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing.
    #[default]
    None,
    /// Do not disturb on.
    Dnd,
    /// Call diversion on.
    Forward,
}

/// One row per kind (§4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "WrittenActions")]
#[allow(missing_docs, reason = "each field is the kind of its name")]
pub struct Actions {
    pub free: Action,
    pub tentative: Action,
    pub busy: Action,
    pub out_of_office: Action,
    pub working_elsewhere: Action,
}

impl Actions {
    /// The row of a kind.
    pub fn of(&self, kind: Kind) -> Action {
        match kind {
            Kind::Free => self.free,
            Kind::Tentative => self.tentative,
            Kind::Busy => self.busy,
            Kind::OutOfOffice => self.out_of_office,
            Kind::WorkingElsewhere => self.working_elsewhere,
        }
    }
}

/// The row of `working_elsewhere` may be absent in an older configuration: then that of `free` holds.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenActions {
    free: Action,
    tentative: Action,
    busy: Action,
    out_of_office: Action,
    working_elsewhere: Option<Action>,
}

impl From<WrittenActions> for Actions {
    fn from(written: WrittenActions) -> Self {
        Self {
            free: written.free,
            tentative: written.tentative,
            busy: written.busy,
            out_of_office: written.out_of_office,
            working_elsewhere: written.working_elsewhere.unwrap_or(written.free),
        }
    }
}

/// Whether the telephone follows the calendar while an event runs; written as a boolean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "bool", into = "bool")]
pub enum ChangeDuringEvent {
    /// `true`: the action follows the winner at every instant.
    #[default]
    Follow,
    /// `false`: the first action is latched while its event runs.
    Latch,
}

impl From<bool> for ChangeDuringEvent {
    fn from(change: bool) -> Self {
        if change { Self::Follow } else { Self::Latch }
    }
}

impl From<ChangeDuringEvent> for bool {
    fn from(change: ChangeDuringEvent) -> Self {
        change == ChangeDuringEvent::Follow
    }
}

/// Who wins when a person changes DND or a diversion during an event (§6.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ManualChange {
    /// The person.
    #[default]
    StandBack,
    /// The program.
    Lead,
}

/// What becomes of declined invitations (§1.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Declined {
    /// Left out.
    #[default]
    Ignore,
    /// Counted by their show-as.
    Keep,
}

/// Which sensitivities are masked. `private` and `confidential` always are (§1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Sensitivity>", into = "Vec<Sensitivity>")]
pub struct MaskedSet {
    /// `personal` is masked too.
    pub personal: bool,
}

impl Default for MaskedSet {
    fn default() -> Self {
        Self { personal: true }
    }
}

impl TryFrom<Vec<Sensitivity>> for MaskedSet {
    type Error = &'static str;

    fn try_from(set: Vec<Sensitivity>) -> Result<Self, Self::Error> {
        if set.contains(&Sensitivity::Normal) {
            return Err("`normal` can't be masked; to show no title at all, switch title_as_text off");
        }
        Ok(Self { personal: set.contains(&Sensitivity::Personal) })
    }
}

impl From<MaskedSet> for Vec<Sensitivity> {
    fn from(set: MaskedSet) -> Self {
        let personal = set.personal.then_some(Sensitivity::Personal);
        personal.into_iter().chain([Sensitivity::Private, Sensitivity::Confidential]).collect()
    }
}

/// The instance's own keywords, with their brackets, by effect (§2.7).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WrittenKeywords")]
#[allow(missing_docs, reason = "each field is the effect of its name")]
pub struct ExtraKeywords {
    pub dnd_on: Vec<String>,
    pub dnd_off: Vec<String>,
    pub forward_on: Vec<String>,
    pub forward_off: Vec<String>,
    pub no_action: Vec<String>,
}

impl ExtraKeywords {
    fn lists(&self) -> [(&'static str, &[String], Effect); 5] {
        [
            ("dnd_on", &self.dnd_on, Effect::DndOn),
            ("dnd_off", &self.dnd_off, Effect::DndOff),
            ("forward_on", &self.forward_on, Effect::ForwardOn),
            ("forward_off", &self.forward_off, Effect::ForwardOff),
            ("no_action", &self.no_action, Effect::NoAction),
        ]
    }

    fn words(&self) -> Words {
        let mut words = Words::default();
        for (_, list, effect) in self.lists() {
            for word in list {
                // Refused words never get past reading, see `TryFrom`.
                let _checked = words.add(word, effect);
            }
        }
        words
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenKeywords {
    dnd_on: Vec<String>,
    dnd_off: Vec<String>,
    forward_on: Vec<String>,
    forward_off: Vec<String>,
    no_action: Vec<String>,
}

impl TryFrom<WrittenKeywords> for ExtraKeywords {
    type Error = String;

    fn try_from(written: WrittenKeywords) -> Result<Self, String> {
        let WrittenKeywords { dnd_on, dnd_off, forward_on, forward_off, no_action } = written;
        let keywords = Self { dnd_on, dnd_off, forward_on, forward_off, no_action };
        let mut words = Words::default();
        for (name, list, effect) in keywords.lists() {
            for word in list {
                words.add(word, effect).map_err(|error| {
                    let known = BUILT_IN.iter().any(|(built_in, _)| built_in == word);
                    let note = if known { " (built in)" } else { "" };
                    format!("{name}: `{}`: {error}{note}", word.escape_debug())
                })?;
            }
        }
        Ok(keywords)
    }
}

/// The presence that a kind wants: one of the six, or none (§5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is the presence of its name")]
pub enum WantedPresence {
    Available,
    Away,
    ExtendedAway,
    DoNotDisturb,
    FreeForChat,
    Unavailable,
    /// The user's own presence stays.
    Leave,
}

impl WantedPresence {
    /// The presence to set, if any.
    pub fn presence(self) -> Option<Presence> {
        Some(match self {
            Self::Available => Presence::Available,
            Self::Away => Presence::Away,
            Self::ExtendedAway => Presence::ExtendedAway,
            Self::DoNotDisturb => Presence::DoNotDisturb,
            Self::FreeForChat => Presence::FreeForChat,
            Self::Unavailable => Presence::Unavailable,
            Self::Leave => return None,
        })
    }
}

/// One row per kind (§5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "each field is the kind of its name")]
pub struct Presences {
    pub free: WantedPresence,
    pub tentative: WantedPresence,
    pub working_elsewhere: WantedPresence,
    pub busy: WantedPresence,
    pub out_of_office: WantedPresence,
}

impl Default for Presences {
    fn default() -> Self {
        Self {
            free: WantedPresence::Available,
            tentative: WantedPresence::Available,
            working_elsewhere: WantedPresence::Available,
            busy: WantedPresence::DoNotDisturb,
            out_of_office: WantedPresence::ExtendedAway,
        }
    }
}

impl Presences {
    /// The row of a kind.
    pub fn of(&self, kind: Kind) -> Option<Presence> {
        let row = match kind {
            Kind::Free => self.free,
            Kind::Tentative => self.tentative,
            Kind::WorkingElsewhere => self.working_elsewhere,
            Kind::Busy => self.busy,
            Kind::OutOfOffice => self.out_of_office,
        };
        row.presence()
    }
}

/// The word in place of a masked title: cleaned, 1 to 40 grapheme clusters (§5.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MaskWord(String);

impl TryFrom<String> for MaskWord {
    type Error = &'static str;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        let word = title::clean(&word);
        match clusters(&word) {
            1..=40 => Ok(Self(word)),
            _ => Err("a mask word has 1 to 40 characters"),
        }
    }
}

impl From<MaskWord> for String {
    fn from(word: MaskWord) -> Self {
        word.0
    }
}

/// The longest status text: 80 to 512 grapheme clusters (§5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct TextLength(u16);

impl TextLength {
    /// In extended grapheme clusters.
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

impl Default for TextLength {
    fn default() -> Self {
        Self(128)
    }
}

impl TryFrom<u64> for TextLength {
    type Error = &'static str;

    fn try_from(length: u64) -> Result<Self, Self::Error> {
        match u16::try_from(length) {
            Ok(length @ 80..=512) => Ok(Self(length)),
            _ => Err("a status text may have 80 to 512 characters"),
        }
    }
}

impl From<TextLength> for u64 {
    fn from(length: TextLength) -> Self {
        Self::from(length.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: serde_json::Value) -> Result<Policy, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn absent_keys_have_their_factory_values_nested_ones_too() {
        let policy = read(json!({"actions": {"busy": "dnd"}, "presences": {"busy": "leave"}})).expect("valid");
        assert_eq!(policy.actions.of(Kind::Busy), Action::Dnd);
        assert_eq!(policy.actions.of(Kind::OutOfOffice), Action::None);
        assert_eq!(policy.presences.of(Kind::Busy), None);
        assert_eq!(policy.presences.of(Kind::OutOfOffice), Some(Presence::ExtendedAway));
        assert_eq!(read(json!({})).expect("valid"), Policy::default());
    }

    #[test]
    fn working_elsewhere_follows_free_in_an_older_configuration() {
        let policy = read(json!({"actions": {"free": "forward"}})).expect("valid");
        assert_eq!(policy.actions.of(Kind::WorkingElsewhere), Action::Forward);
        let policy = read(json!({"actions": {"free": "forward", "working_elsewhere": "none"}})).expect("valid");
        assert_eq!(policy.actions.of(Kind::WorkingElsewhere), Action::None);
    }

    #[test]
    fn the_masked_set_can_be_narrowed_but_not_emptied() {
        let policy = read(json!({"masked": []})).expect("valid");
        assert!(!policy.masked.personal);
        assert_eq!(Vec::from(policy.masked), [Sensitivity::Private, Sensitivity::Confidential]);
        assert!(read(json!({"masked": ["normal"]})).is_err());
    }

    #[test]
    fn values_out_of_bounds_are_refused() {
        for bad in [
            json!({"max_text_length": 79}),
            json!({"max_text_length": 513}),
            json!({"mask_word": " \u{200f}"}),
            json!({"mask_word": "x".repeat(41)}),
            json!({"extra_keywords": {"dnd_on": ["(A)"], "dnd_off": ["(A)"]}}),
            json!({"extra_keywords": {"dnd_on": ["(DND)"]}}),
            json!({"extra_keywords": {"dnd_on": ["Zen"]}}),
            json!({"actions": {"busy": "divert"}}),
            json!({"title": true}),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let policy = read(json!({"mask_word": " Belegt ", "masked": [], "change_during_event": false,
            "extra_keywords": {"no_action": ["(Büro)"]}}))
        .expect("valid");
        let written = serde_json::to_value(&policy).expect("a policy can be written");
        assert_eq!(read(written).expect("valid"), policy);
        assert_ne!(policy.fingerprint(), Policy::default().fingerprint());
    }
}
