//! What a lamp says. It is drawn as colour, shape and word, so that nobody depends on one of them.

use busylamp_core::{account::Presence, language::Language};
use busylamp_service::board::Lamp;

/// The state that is shown of all that a lamp knows: the one that matters most to a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    DoNotDisturb,
    Diverted,
    InEvent,
    Reachable,
    /// The telephone system has not been read yet, or does not tell.
    NotRead,
}

impl State {
    /// All of them, as the legend lists them.
    pub(crate) const ALL: [Self; 5] =
        [Self::DoNotDisturb, Self::Diverted, Self::InEvent, Self::Reachable, Self::NotRead];

    pub(crate) fn of(lamp: &Lamp) -> Self {
        match (lamp.dnd, lamp.diverted, lamp.in_event) {
            (Some(true), _, _) => Self::DoNotDisturb,
            (_, Some(true), _) => Self::Diverted,
            (None, None, _) => Self::NotRead,
            (_, _, true) => Self::InEvent,
            (_, _, false) => Self::Reachable,
        }
    }

    /// Whether the lamp is on.
    pub(crate) fn lit(self) -> bool {
        matches!(self, Self::DoNotDisturb | Self::Diverted | Self::InEvent)
    }

    /// Its class in the style sheet.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::DoNotDisturb => "dnd",
            Self::Diverted => "diverted",
            Self::InEvent => "event",
            Self::Reachable => "idle",
            Self::NotRead => "unknown",
        }
    }

    pub(crate) fn word(self, language: Language) -> &'static str {
        let (german, english) = match self {
            Self::DoNotDisturb => ("Nicht stören", "Do not disturb"),
            Self::Diverted => ("Umgeleitet", "Diverted"),
            Self::InEvent => ("Im Termin", "In an event"),
            Self::Reachable => ("Erreichbar", "Reachable"),
            Self::NotRead => ("Nicht gelesen", "Not read"),
        };
        language.pick(german, english)
    }
}

/// A chat presence in a word or two.
pub(crate) fn presence_word(presence: Presence, language: Language) -> &'static str {
    let (german, english) = match presence {
        Presence::Available => ("Verfügbar", "Available"),
        Presence::Away => ("Abwesend", "Away"),
        Presence::ExtendedAway => ("Länger abwesend", "Extended away"),
        Presence::DoNotDisturb => ("Nicht stören", "Do not disturb"),
        Presence::FreeForChat => ("Bereit zum Chatten", "Free for chat"),
        Presence::Unavailable => ("Abgemeldet", "Logged off"),
    };
    language.pick(german, english)
}
