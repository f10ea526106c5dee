//! What a telephone system shows of one user: the dimensions and their values (§6).

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    ids::{DiversionId, LabelId},
    language::Language,
};

/// Chat presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Verfügbar.
    Available,
    /// Abwesend.
    Away,
    /// Länger abwesend.
    ExtendedAway,
    /// Nicht stören.
    DoNotDisturb,
    /// Bereit zum Chatten.
    FreeForChat,
    /// Abgemeldet.
    Unavailable,
}

impl Presence {
    /// All six.
    pub const ALL: [Self; 6] =
        [Self::Available, Self::Away, Self::ExtendedAway, Self::DoNotDisturb, Self::FreeForChat, Self::Unavailable];

    /// The name in our own formats.
    pub fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Away => "away",
            Self::ExtendedAway => "extended_away",
            Self::DoNotDisturb => "do_not_disturb",
            Self::FreeForChat => "free_for_chat",
            Self::Unavailable => "unavailable",
        }
    }

    /// In a word or two, as people call it.
    pub fn word(self, language: Language) -> &'static str {
        let (german, english) = match self {
            Self::Available => ("Verfügbar", "Available"),
            Self::Away => ("Abwesend", "Away"),
            Self::ExtendedAway => ("Länger abwesend", "Extended away"),
            Self::DoNotDisturb => ("Nicht stören", "Do not disturb"),
            Self::FreeForChat => ("Bereit zum Chatten", "Free for chat"),
            Self::Unavailable => ("Abgemeldet", "Logged off"),
        };
        language.pick(german, english)
    }
}

/// A status text or a label. It may hold a title, so `Debug` does not show it; whoever has the right to show
/// it asks for it by [`StatusText::as_str`].
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StatusText(String);

impl StatusText {
    /// The text as given.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself. Not for logs, errors or metrics.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for StatusText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "\"\"" } else { "\"…\"" })
    }
}

impl From<&str> for StatusText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// One thing of a user's that can be taken and given back, each on its own (§6).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Dimension {
    /// Do not disturb.
    Dnd,
    /// Whether one own always-diversion is switched on.
    Diversion(DiversionId),
    /// Chat presence.
    Presence,
    /// The status text.
    Text,
    /// The label of one busy lamp key that shows this user.
    Label(LabelId),
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dnd => f.write_str("dnd"),
            Self::Diversion(id) => write!(f, "diversion:{id}"),
            Self::Presence => f.write_str("presence"),
            Self::Text => f.write_str("text"),
            Self::Label(id) => write!(f, "blf_label:{id}"),
        }
    }
}

impl From<Dimension> for String {
    fn from(dimension: Dimension) -> Self {
        dimension.to_string()
    }
}

impl TryFrom<String> for Dimension {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Ok(match name.as_str() {
            "dnd" => Self::Dnd,
            "presence" => Self::Presence,
            "text" => Self::Text,
            other => match other.split_once(':') {
                Some(("diversion", id)) => Self::Diversion(id.into()),
                Some(("blf_label", id)) => Self::Label(id.into()),
                _ => return Err(format!("`{name}` is no dimension: dnd, presence, text, diversion:… or blf_label:…")),
            },
        })
    }
}

/// A value of a dimension, in the telephone system's normal form (§6.9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// DND, or a diversion's `enabled`.
    Switch(bool),
    /// Chat presence.
    Presence(Presence),
    /// Status text or label.
    Text(StatusText),
}

impl Value {
    /// The value as written in our own formats. For texts that is the text itself: not for logs.
    pub fn reveal(&self) -> &str {
        match self {
            Self::Switch(true) => "true",
            Self::Switch(false) => "false",
            Self::Presence(presence) => presence.name(),
            Self::Text(text) => text.as_str(),
        }
    }
}

/// Which calls an own number takes, and so which calls its diversion reaches (§4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberClass {
    /// Calls from outside.
    External,
    /// Calls from colleagues.
    Internal,
    /// It can't be told: the entry is never touched (flag `number_not_classified`).
    Unknown,
}

/// One own always-diversion as shown. Entries of groups are not handed out by drivers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diversion {
    /// The calls that it reaches.
    pub number: NumberClass,
    /// Switched on.
    pub enabled: bool,
    /// It leads somewhere; one that does not is never switched on.
    pub has_destination: bool,
}

/// One reading of a user's state. `None` is what can't be read: never taken, never judged (§6.8).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountState {
    /// Do not disturb.
    pub dnd: Option<bool>,
    /// Chat presence.
    pub presence: Option<Presence>,
    /// Status text.
    pub text: Option<StatusText>,
    /// The own always-diversions.
    pub diversions: Option<BTreeMap<DiversionId, Diversion>>,
    /// The busy lamp keys that show this user, with their labels.
    pub labels: Option<BTreeMap<LabelId, StatusText>>,
}

impl AccountState {
    /// What the system shows in a dimension; `None` if it can't be read or is not there.
    pub fn value(&self, dimension: &Dimension) -> Option<Value> {
        match dimension {
            Dimension::Dnd => self.dnd.map(Value::Switch),
            Dimension::Presence => self.presence.map(Value::Presence),
            Dimension::Text => self.text.clone().map(Value::Text),
            Dimension::Diversion(id) => self.diversions.as_ref()?.get(id).map(|entry| Value::Switch(entry.enabled)),
            Dimension::Label(id) => self.labels.as_ref()?.get(id).cloned().map(Value::Text),
        }
    }

    /// Takes over a value that the system has acknowledged. A value of another type changes nothing.
    pub fn acknowledge(&mut self, dimension: &Dimension, value: &Value) {
        match (dimension, value) {
            (Dimension::Dnd, Value::Switch(on)) => self.dnd = Some(*on),
            (Dimension::Presence, Value::Presence(presence)) => self.presence = Some(*presence),
            (Dimension::Text, Value::Text(text)) => self.text = Some(text.clone()),
            (Dimension::Diversion(id), Value::Switch(on)) => {
                if let Some(entry) = self.diversions.as_mut().and_then(|entries| entries.get_mut(id)) {
                    entry.enabled = *on;
                }
            }
            (Dimension::Label(id), Value::Text(text)) => {
                if let Some(labels) = &mut self.labels {
                    labels.insert(id.clone(), text.clone());
                }
            }
            (_, Value::Switch(_) | Value::Presence(_) | Value::Text(_)) => {}
        }
    }

    /// Whether the dimension was readable, even if it is not there: a diversion that was deleted.
    pub fn can_tell(&self, dimension: &Dimension) -> bool {
        match dimension {
            Dimension::Dnd => self.dnd.is_some(),
            Dimension::Presence => self.presence.is_some(),
            Dimension::Text => self.text.is_some(),
            Dimension::Diversion(_) => self.diversions.is_some(),
            Dimension::Label(_) => self.labels.is_some(),
        }
    }

    /// Every dimension that is shown, in order.
    pub fn dimensions(&self) -> impl Iterator<Item = Dimension> {
        let single = [
            self.dnd.map(|_| Dimension::Dnd),
            self.presence.map(|_| Dimension::Presence),
            self.text.as_ref().map(|_| Dimension::Text),
        ];
        let diversions = self.diversions.iter().flat_map(|entries| entries.keys().cloned().map(Dimension::Diversion));
        let labels = self.labels.iter().flat_map(|labels| labels.keys().cloned().map(Dimension::Label));
        single.into_iter().flatten().chain(diversions).chain(labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_not_shown_by_debug() {
        let value = Value::Text("Jour fixe".into());
        assert_eq!(format!("{value:?}"), "Text(\"…\")");
        assert_eq!(value.reveal(), "Jour fixe");
        assert_eq!(format!("{:?}", StatusText::new("")), "\"\"", "that there is none may be shown");
    }

    #[test]
    fn dimensions_are_written_and_read() {
        for dimension in [
            Dimension::Dnd,
            Dimension::Presence,
            Dimension::Text,
            Dimension::Diversion("a:1".into()),
            Dimension::Label("k".into()),
        ] {
            assert_eq!(Dimension::try_from(String::from(dimension.clone())), Ok(dimension));
        }
        assert!(Dimension::try_from("ring".to_owned()).is_err());
    }
}
