//! The written form of a scenario: TOML, unknown keys refused.

use std::collections::BTreeMap;

use busylamp_core::{
    account::{NumberClass, Presence},
    format::event::WrittenEvent,
    language::Language,
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) day: String,
    #[serde(default = "berlin")]
    pub(crate) zone: String,
    #[serde(default = "german")]
    pub(crate) language: Language,
    pub(crate) read_every: Option<String>,
    #[serde(default)]
    pub(crate) policy: toml::Table,
    #[serde(default)]
    pub(crate) pbx: Pbx,
    #[serde(default)]
    pub(crate) user: Vec<User>,
    #[serde(default)]
    pub(crate) step: Vec<Step>,
    #[serde(default)]
    pub(crate) expect: Vec<Expect>,
}

fn berlin() -> String {
    "Europe/Berlin".to_owned()
}

fn german() -> Language {
    Language::German
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pbx {
    pub(crate) can: Vec<Ability>,
}

impl Default for Pbx {
    fn default() -> Self {
        Self { can: vec![Ability::Dnd, Ability::Presence, Ability::Diversions, Ability::Labels] }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ability {
    Dnd,
    Presence,
    Diversions,
    Labels,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct User {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) dnd: bool,
    #[serde(default = "available")]
    pub(crate) presence: Presence,
    #[serde(default)]
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) diversions: BTreeMap<String, Diversion>,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
}

fn available() -> Presence {
    Presence::Available
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Diversion {
    pub(crate) number: NumberClass,
    #[serde(default)]
    pub(crate) enabled: bool,
    #[serde(default)]
    pub(crate) destination: String,
}

/// Values of an account, as far as they are named.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Values {
    pub(crate) dnd: Option<bool>,
    pub(crate) presence: Option<Presence>,
    pub(crate) text: Option<String>,
    #[serde(default)]
    pub(crate) diversions: BTreeMap<String, bool>,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub(crate) at: String,
    pub(crate) user: Option<String>,
    pub(crate) event: Option<WrittenEvent>,
    pub(crate) remove_event: Option<String>,
    pub(crate) by_hand: Option<Values>,
    pub(crate) calendar: Option<Link>,
    pub(crate) mailbox: Option<MailboxIs>,
    pub(crate) pbx: Option<Link>,
    pub(crate) pbx_refuses: Option<Vec<String>>,
    pub(crate) program: Option<ProgramIs>,
    pub(crate) instance: Option<InstanceIs>,
    pub(crate) group: Option<GroupIs>,
    pub(crate) policy: Option<toml::Table>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Link {
    Down,
    Up,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MailboxIs {
    Ok,
    Missing,
    Denied,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProgramIs {
    Stop,
    Crash,
    Start,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum InstanceIs {
    Deactivate,
    Activate,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GroupIs {
    Leave,
    Join,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    pub(crate) at: String,
    pub(crate) user: String,
    pub(crate) dnd: Option<bool>,
    pub(crate) presence: Option<Presence>,
    pub(crate) text: Option<String>,
    #[serde(default)]
    pub(crate) diversions: BTreeMap<String, bool>,
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) writes: Option<u64>,
    pub(crate) flags: Option<Vec<String>>,
}
