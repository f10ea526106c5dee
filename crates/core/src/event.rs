//! One mailbox's calendar in normal form (§1): what a reader hands out and the core decides on.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    ids::EventId,
    keyword::Keywords,
    title::{self, Reading, Title},
};

/// How an appointment is shown ("Anzeigen als"), §1.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Frei.
    Free,
    /// An anderem Ort tätig.
    WorkingElsewhere,
    /// Mit Vorbehalt.
    Tentative,
    /// Gebucht, Beschäftigt.
    Busy,
    /// Außer Haus, Abwesend.
    OutOfOffice,
}

impl Kind {
    /// All kinds, the least important first (§3.1.2).
    pub const ALL: [Self; 5] = [Self::Free, Self::WorkingElsewhere, Self::Tentative, Self::Busy, Self::OutOfOffice];

    /// The kind with this name in our own formats; `None` for any other word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The name in our own formats.
    pub fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::WorkingElsewhere => "working_elsewhere",
            Self::Tentative => "tentative",
            Self::Busy => "busy",
            Self::OutOfOffice => "out_of_office",
        }
    }
}

/// A kind as it was read: a word that we don't know counts as free and is remembered (§1.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadKind {
    /// One of the five.
    Known(Kind),
    /// *Unrecognised kind*: the calendar's own word for it.
    Unrecognised(String),
}

impl ReadKind {
    /// The kind that counts.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Known(kind) => *kind,
            Self::Unrecognised(_) => Kind::Free,
        }
    }

    /// The kind of a word of our own formats.
    pub fn from_name(name: &str) -> Self {
        Kind::from_name(name).map_or_else(|| Self::Unrecognised(name.chars().take(64).collect()), Self::Known)
    }
}

/// Outlook's sensitivity ("Vertraulichkeit"), §1.5.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// Normal: never masked.
    #[default]
    Normal,
    /// Persönlich: masked unless the policy narrows the set.
    Personal,
    /// Privat: always masked.
    Private,
    /// Vertraulich: always masked.
    Confidential,
}

/// The mailbox owner's answer to an invitation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// No invitation: the owner's own appointment.
    #[default]
    None,
    /// The owner invited others.
    Organizer,
    /// Zugesagt.
    Accepted,
    /// Mit Vorbehalt zugesagt.
    Tentative,
    /// Abgesagt; left out unless the policy keeps it (§1.3).
    Declined,
    /// Not answered: its subject steers nothing and is not shown (§2.8).
    NotResponded,
}

/// When an event takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// `[start, end)`.
    Timed {
        /// First instant.
        start: Timestamp,
        /// The first instant that no longer belongs to it.
        end: Timestamp,
    },
    /// Whole dates in the mailbox's zone, both inclusive (§1.2).
    AllDay {
        /// First date.
        first: Date,
        /// Last date.
        last: Date,
    },
}

impl When {
    /// The half-open interval in the given zone. May be empty or reversed: such an event never counts (§1.1).
    pub fn interval(&self, zone: &TimeZone) -> (Timestamp, Timestamp) {
        match *self {
            Self::Timed { start, end } => (start, end),
            Self::AllDay { first, last } => (midnight(first, zone), after_midnight_of(last, zone)),
        }
    }
}

/// The instant at which a date begins: its midnight, the first of two, or the day's first instant where
/// there is none (§1.2).
pub fn midnight(date: Date, zone: &TimeZone) -> Timestamp {
    use jiff::tz::AmbiguousOffset;
    let local = date.at(0, 0, 0, 0);
    let ambiguous = zone.to_ambiguous_timestamp(local);
    if let AmbiguousOffset::Gap { after, .. } = ambiguous.offset() {
        // The gap begins at the first change of offset after this instant, which lies before it by construction.
        let before_gap = after.to_timestamp(local);
        let change = before_gap.ok().and_then(|instant| zone.following(instant).next().map(|t| t.timestamp()));
        if let Some(instant) = change {
            return instant;
        }
    }
    // Only dates at the very ends of the calendar have no instant; they are clamped to it.
    ambiguous.compatible().unwrap_or(if date.year() < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

fn after_midnight_of(date: Date, zone: &TimeZone) -> Timestamp {
    date.tomorrow().map_or(Timestamp::MAX, |next| midnight(next, zone))
}

/// One event, read and masked. There is no way to a subject that was masked: it was never put in here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Unique within the mailbox.
    pub id: EventId,
    /// When.
    pub when: When,
    /// How it is shown.
    pub kind: ReadKind,
    /// The subject's keywords (§2); none in an invitation that was not answered (§2.8).
    pub keywords: Keywords,
    /// What may be shown of the subject.
    pub title: Title,
    /// As set by the owner.
    pub sensitivity: Sensitivity,
    /// The owner's answer.
    pub response: Response,
    /// Called off by the organiser.
    pub cancelled: bool,
    /// Not sent yet.
    pub draft: bool,
    /// The pattern of a series, not an occurrence.
    pub series_master: bool,
}

/// What a reader found, with the subject still in it. It lives only inside the parse: [`RawEvent::read`]
/// consumes it.
pub struct RawEvent<'a> {
    /// See [`Event::id`].
    pub id: EventId,
    /// See [`Event::when`].
    pub when: When,
    /// See [`Event::kind`].
    pub kind: ReadKind,
    /// The subject as it stands in the calendar.
    pub subject: &'a str,
    /// See [`Event::sensitivity`].
    pub sensitivity: Sensitivity,
    /// See [`Event::response`].
    pub response: Response,
    /// See [`Event::cancelled`].
    pub cancelled: bool,
    /// See [`Event::draft`].
    pub draft: bool,
    /// See [`Event::series_master`].
    pub series_master: bool,
}

impl RawEvent<'_> {
    /// Reads the keywords, keeps of the subject what may be kept and drops the rest (§1.5, §2, §7.6).
    pub fn read(self, reading: &Reading) -> Event {
        let (keywords, title) = title::read(self.subject, self.sensitivity, self.response, reading);
        Event {
            id: self.id,
            when: self.when,
            kind: self.kind,
            keywords,
            title,
            sensitivity: self.sensitivity,
            response: self.response,
            cancelled: self.cancelled,
            draft: self.draft,
            series_master: self.series_master,
        }
    }
}

/// One user's complete calendar over the window that was read. A reader makes it from a whole reading or
/// not at all; there is no partial one (§8.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Agenda {
    events: Vec<Event>,
}

impl Agenda {
    /// The events of one complete reading. Of the same id given twice the later counts (§1.6).
    pub fn new(events: impl IntoIterator<Item = Event>) -> Self {
        let by_id: BTreeMap<EventId, Event> = events.into_iter().map(|event| (event.id.clone(), event)).collect();
        Self { events: by_id.into_values().collect() }
    }

    /// The events in order of id.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The same calendar where `reading` is stricter than the one it was read with: titles that are to be
    /// masked or that no policy publishes are dropped (§7.6). Never reveals anything.
    #[must_use]
    pub fn masked_anew(mut self, reading: &Reading) -> Self {
        for event in &mut self.events {
            event.title = event.title.masked_anew(event.sensitivity, reading);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("a zone of the bundled database")
    }

    fn hours(first: Date, last: Date, name: &str) -> i64 {
        let (start, end) = When::AllDay { first, last }.interval(&zone(name));
        end.duration_since(start).as_hours()
    }

    #[test]
    fn days_of_a_clock_change_have_23_or_25_hours() {
        assert_eq!(hours(date(2026, 3, 29), date(2026, 3, 29), "Europe/Berlin"), 23);
        assert_eq!(hours(date(2026, 10, 25), date(2026, 10, 25), "Europe/Berlin"), 25);
        assert_eq!(hours(date(2028, 2, 28), date(2028, 3, 1), "Europe/Berlin"), 72);
    }

    #[test]
    fn a_midnight_that_does_not_exist_is_the_first_instant_of_the_day() {
        // Chile turns its clocks at 24:00: 2026-09-06 begins at 01:00.
        let start = midnight(date(2026, 9, 6), &zone("America/Santiago"));
        assert_eq!(start.to_string(), "2026-09-06T04:00:00Z");
        assert_eq!(hours(date(2026, 9, 6), date(2026, 9, 6), "America/Santiago"), 23);
        // Toronto once turned its clocks at 23:30: the next day began at 00:30.
        let start = midnight(date(1919, 3, 31), &zone("America/Toronto"));
        assert_eq!(start.to_string(), "1919-03-31T04:30:00Z");
        // Samoa left out a whole day: it has no length.
        assert_eq!(hours(date(2011, 12, 30), date(2011, 12, 30), "Pacific/Apia"), 0);
    }

    #[test]
    fn of_a_midnight_that_comes_twice_the_first_counts() {
        let start = midnight(date(2024, 11, 3), &zone("America/Havana"));
        assert_eq!(start.to_string(), "2024-11-03T04:00:00Z");
        assert_eq!(hours(date(2024, 11, 3), date(2024, 11, 3), "America/Havana"), 25);
    }

    #[test]
    fn the_first_and_the_last_date_begin_at_the_ends_of_time() {
        assert_eq!(midnight(Date::MIN, &zone("Europe/Berlin")), Timestamp::MIN);
        assert_eq!(midnight(Date::MAX, &zone("Europe/Berlin")), Timestamp::MAX);
    }

    #[test]
    fn an_unknown_word_is_free_and_remembered() {
        let kind = ReadKind::from_name("NoData");
        assert_eq!(kind.kind(), Kind::Free);
        assert_eq!(kind, ReadKind::Unrecognised("NoData".into()));
    }
}
