//! What a user's page says of dimensions, values, events and writes.

use std::collections::BTreeMap;

use busylamp_core::{
    account::{Dimension, NumberClass},
    event::Kind,
    ids::DiversionId,
    language::Language,
    timeline::Stretch,
    view::LeftOut,
};
use busylamp_service::user::{EventView, KnownFrom};
use busylamp_store::{Record, Recorded};
use jiff::tz::TimeZone;

use crate::when::{dates, span};

/// Speaks a language, in the user's zone.
#[derive(Clone, Copy)]
pub(super) struct Tongue<'a> {
    pub(super) language: Language,
    pub(super) zone: &'a TimeZone,
    /// Whose calls each of the user's diversions leads away.
    pub(super) diversions: &'a BTreeMap<DiversionId, NumberClass>,
}

impl Tongue<'_> {
    pub(super) fn say(&self, german: &'static str, english: &'static str) -> &'static str {
        self.language.pick(german, english)
    }

    pub(super) fn dimension(&self, dimension: &Dimension) -> String {
        match dimension {
            Dimension::Dnd => self.say("Nicht stören", "Do not disturb").to_owned(),
            Dimension::Diversion(id) => self.diversion(id),
            Dimension::Presence => self.say("Chat-Status", "Chat presence").to_owned(),
            Dimension::Text => self.say("Statustext", "Status text").to_owned(),
            Dimension::Label(id) => format!("{} {id}", self.say("Tastenbeschriftung", "Key label")),
        }
    }

    /// A diversion by the calls that it leads away; by its id where that does not tell it from another one.
    fn diversion(&self, id: &DiversionId) -> String {
        let class = self.diversions.get(id).copied().unwrap_or(NumberClass::Unknown);
        let word = match class {
            NumberClass::External => self.say("Umleitung externer Anrufe", "Diversion of external calls"),
            NumberClass::Internal => self.say("Umleitung interner Anrufe", "Diversion of internal calls"),
            NumberClass::Unknown => self.say("Umleitung", "Diversion"),
        };
        let alike = self.diversions.values().filter(|other| **other == class).count();
        if class == NumberClass::Unknown || alike > 1 { format!("{word} {id}") } else { word.to_owned() }
    }

    pub(super) fn value(&self, value: Option<Recorded>) -> &'static str {
        match value {
            None => self.say("unbekannt", "unknown"),
            Some(Recorded::Switch(true)) => self.say("an", "on"),
            Some(Recorded::Switch(false)) => self.say("aus", "off"),
            Some(Recorded::Presence(presence)) => presence.word(self.language),
            Some(Recorded::Text) => self.say("ein Text", "a text"),
        }
    }

    /// A value by its name in our own formats, as holds have it.
    pub(super) fn named<'v>(&self, value: &'v str) -> &'v str
    where
        Self: 'v,
    {
        let known = [Recorded::Switch(true), Recorded::Switch(false), Recorded::Text].into_iter();
        let known = known.chain(busylamp_core::account::Presence::ALL.map(Recorded::Presence));
        match known.into_iter().find(|known| known.name() == value) {
            Some(known) => self.value(Some(known)),
            None if value.is_empty() => self.say("(leer)", "(empty)"),
            None => value,
        }
    }

    pub(super) fn kind(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Free => self.say("Frei", "Free"),
            Kind::WorkingElsewhere => self.say("An anderem Ort tätig", "Working elsewhere"),
            Kind::Tentative => self.say("Mit Vorbehalt", "Tentative"),
            Kind::Busy => self.say("Gebucht", "Busy"),
            Kind::OutOfOffice => self.say("Außer Haus", "Out of office"),
        }
    }

    pub(super) fn left_out(&self, reason: LeftOut) -> &'static str {
        match reason {
            LeftOut::Cancelled => self.say("zählt nicht: abgesagt", "does not count: cancelled"),
            LeftOut::Declined => self.say("zählt nicht: abgelehnt", "does not count: declined"),
            LeftOut::Draft => self.say("zählt nicht: Entwurf", "does not count: a draft"),
            LeftOut::SeriesMaster => self.say("zählt nicht: Muster einer Serie", "does not count: a series' pattern"),
            LeftOut::Empty => self.say("zählt nicht: ohne Dauer", "does not count: it has no length"),
        }
    }

    /// An event's hours.
    pub(super) fn hours(&self, event: &EventView) -> String {
        if !event.all_day {
            return span(event.from, event.to, self.zone, self.language);
        }
        let first = self.zone.to_datetime(event.from).date();
        let after = self.zone.to_datetime(event.to).date();
        let days = dates(first, after.yesterday().unwrap_or(first), self.language);
        format!("{days} {}", self.say("ganztägig", "all day"))
    }

    /// An event in one line: title where it is published, else its kind.
    pub(super) fn event(&self, event: &EventView) -> String {
        let mut words = match &event.title {
            Some(title) => format!("{title} ({})", self.kind(event.kind)),
            None => self.kind(event.kind).to_owned(),
        };
        if let Some(reason) = event.left_out {
            words = format!("{words}, {}", self.left_out(reason));
        }
        words
    }

    /// What is wanted over a stretch; `None`: nothing.
    pub(super) fn wanted(&self, stretch: &Stretch) -> Option<String> {
        let decision = &stretch.decision;
        let mut parts = Vec::new();
        if let Some(on) = decision.dnd {
            parts.push(format!("{} {}", self.say("Nicht stören", "do not disturb"), self.on(on)));
        }
        let calls = [
            (decision.forward.external, self.say("Umleitung externer Anrufe", "diversion of external calls")),
            (decision.forward.internal, self.say("Umleitung interner Anrufe", "diversion of internal calls")),
        ];
        parts.extend(calls.into_iter().filter_map(|(on, what)| Some(format!("{what} {}", self.on(on?)))));
        if let Some(presence) = decision.presence {
            let word = presence.word(self.language);
            parts.push(format!("{} {word}", self.say("Chat-Status", "chat presence")));
        }
        if let Some(text) = &decision.text {
            parts.push(
                self.language
                    .pick(format!("Statustext „{}“", text.as_str()), format!("status text “{}”", text.as_str())),
            );
        }
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    fn on(&self, on: bool) -> &'static str {
        if on { self.say("an", "on") } else { self.say("aus", "off") }
    }

    /// A write in one line.
    pub(super) fn write(&self, record: &Record) -> String {
        let why = match record.reason.as_str() {
            "take" => self.say("für den Termin", "for the event"),
            "change" => self.say("der Termin will etwas anderes", "the event wants another value"),
            "again" => self.say("noch einmal, nach fremder Hand", "again, over somebody else's value"),
            "give_back" => self.say("zurückgegeben", "given back"),
            other => other,
        };
        let (before, after) = (self.value(record.before), self.value(record.after));
        format!("{}: {before} → {after} ({why})", self.dimension(&record.dimension))
    }

    pub(super) fn known_from(&self, from: KnownFrom) -> &'static str {
        match from {
            KnownFrom::History => self.say("aus dem Verlauf", "from history"),
            KnownFrom::Now => self.say("wie es gerade ist", "as it is now"),
            KnownFrom::Calendar => self.say("aus dem Kalender, wie er gelesen ist", "from the calendar as it was read"),
        }
    }
}

/// An event's kind as a class of the style sheet.
pub(super) fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Free => "free",
        Kind::WorkingElsewhere => "elsewhere",
        Kind::Tentative => "tentative",
        Kind::Busy => "busy",
        Kind::OutOfOffice => "out",
    }
}
