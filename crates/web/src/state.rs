//! What a lamp says. It is drawn as colour, shape and word, so that nobody depends on one of them.

use busylamp_core::{keeper::Flag, language::Language};
use busylamp_service::board::{Lamp, Next};

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

    /// The state that a lamp will have, as far as the calendar tells.
    pub(crate) fn after(next: &Next) -> Self {
        match (next.dnd, next.forwards, next.in_event) {
            (Some(true), _, _) => Self::DoNotDisturb,
            (_, true, _) => Self::Diverted,
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

/// All flags, the gravest first.
pub(crate) const FLAGS: [Flag; 12] = [
    Flag::CalendarUnknown,
    Flag::RefusedByPbx,
    Flag::MailboxAccessDenied,
    Flag::MailboxNotFound,
    Flag::AmbiguousMailAddress,
    Flag::NoMailAddress,
    Flag::HeldByAnotherInstance,
    Flag::AnotherProgramIsWriting,
    Flag::CalendarStale,
    Flag::NoDiversionConfigured,
    Flag::NumberNotClassified,
    Flag::TextCut,
];

/// A flag in a word or two, for where its advice has no room.
pub(crate) fn flag_word(flag: Flag, language: Language) -> &'static str {
    let (german, english) = match flag {
        Flag::CalendarUnknown => ("Kalender unbekannt", "Calendar unknown"),
        Flag::RefusedByPbx => ("Von der Anlage abgelehnt", "Refused by the PBX"),
        Flag::MailboxAccessDenied => ("Postfach nicht erlaubt", "Mailbox access denied"),
        Flag::MailboxNotFound => ("Postfach nicht gefunden", "Mailbox not found"),
        Flag::AmbiguousMailAddress => ("Mail-Adresse mehrdeutig", "Ambiguous mail address"),
        Flag::NoMailAddress => ("Keine Mail-Adresse", "No mail address"),
        Flag::HeldByAnotherInstance => ("Andere Instanz stellt", "Held by another instance"),
        Flag::AnotherProgramIsWriting => ("Anderes Programm schreibt", "Another program is writing"),
        Flag::CalendarStale => ("Kalender veraltet", "Calendar stale"),
        Flag::NoDiversionConfigured => ("Keine Umleitung eingerichtet", "No diversion configured"),
        Flag::NumberNotClassified => ("Nummer nicht einzuordnen", "Number not classified"),
        Flag::TextCut => ("Statustext gekürzt", "Status text cut"),
    };
    language.pick(german, english)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_flag_is_listed_once() {
        assert_eq!(FLAGS.into_iter().collect::<BTreeSet<_>>().len(), FLAGS.len());
    }
}
