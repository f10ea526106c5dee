//! What the administrator has chosen: one instance's policy, with the factory's values (§4, §5, §6).
//!
//! Its written form (TOML and JSON alike) is that of `docs/interfaces.md`, section 1. A value that is not
//! allowed is refused when it is read; a `Policy` in hand is a valid one.

mod kinds;
mod words;

use serde::{Deserialize, Serialize};

pub(crate) use self::words::REFUSALS;
pub use self::{
    kinds::{Action, Actions, Presences, WantedPresence},
    words::{ExtraKeywords, MaskWord, MaskedSet, TextLength},
};
use crate::{language::Language, title::Reading};

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
        self.mask_word.as_ref().map_or(language.pick("Privat", "Private"), MaskWord::as_str)
    }

    /// A number that differs when anything in the policy does; the same in every run and on every machine.
    pub fn fingerprint(&self) -> u64 {
        let text = serde_json::to_string(self).unwrap_or_default();
        crate::fingerprint::of(text.as_bytes())
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        account::Presence,
        event::{Kind, Sensitivity},
    };

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
    fn whether_the_status_changes_during_an_event_is_yes_or_no() {
        for (written, meant) in [(true, ChangeDuringEvent::Follow), (false, ChangeDuringEvent::Latch)] {
            let policy = read(json!({"change_during_event": written})).expect("valid");
            assert_eq!(policy.change_during_event, meant);
            assert_eq!(serde_json::to_value(&policy).expect("a policy")["change_during_event"], json!(written));
        }
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

    /// §2.7
    #[test]
    fn of_a_word_that_is_taken_it_is_said_whether_it_is_built_in() {
        let refused = |words| read(json!({"extra_keywords": words})).expect_err("it is taken");
        let built_in = refused(json!({"dnd_off": ["(DND)"]}));
        assert!(built_in.starts_with("dnd_off: `(DND)`: ") && built_in.ends_with(" (built in)"), "{built_in}");
        let twice = refused(json!({"dnd_on": ["(Zen)"], "no_action": ["(Zen)"]}));
        assert!(twice.starts_with("no_action: `(Zen)`: ") && !twice.contains("built in"), "{twice}");
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
