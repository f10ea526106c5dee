//! Calendars as people in offices have them: the same in every run, since they are made of their numbers alone.

use busylamp_core::{
    event::{Agenda, Event, RawEvent, ReadKind, Response, Sensitivity, When},
    ids::EventId,
    policy::Policy,
};
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

/// Where the pretended people work: the zone has clock changes, so an all-day event costs what it really costs.
pub(crate) fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").expect("the bundled database has it")
}

/// A wall-clock time in Berlin as an instant.
pub(crate) fn at(local: DateTime) -> Timestamp {
    berlin().to_timestamp(local).expect("a time of the 21st century")
}

/// Subjects with what makes them costly to show: umlauts, brackets that are no keywords, keywords, long ones.
const SUBJECTS: [&str; 10] = [
    "Jour fixe Vertrieb",
    "Abstimmung Angebot Fräsmaschine (intern)",
    "Bewerbungsgespräch (DND)",
    "Mittagspause (Keine Aktion)",
    "Monatsabschluss: Zahlen, Abweichungen, Ausblick auf das nächste Quartal und Maßnahmen der Bereiche",
    "Telefonkonferenz mit der Werkstatt (Anrufe weiterleiten)",
    "Kundentermin Nordwerk",
    "Projektstand Lagerumbau",
    "",
    "Vorbereitung Messe – Standplanung",
];

/// The kinds in about the shares that calendars have them.
const KINDS: [&str; 10] =
    ["busy", "busy", "tentative", "busy", "free", "busy", "out_of_office", "busy", "working_elsewhere", "busy"];

/// An ordinary agenda of `count` events over `days` days from `first` on, read under a policy. One event in ten is an
/// all-day one and some of those last several days; appointments lie between 8:00 and 17:00 on the quarter hour, last
/// 30 to 120 minutes, and overlap; some are private, declined, cancelled or not answered.
pub(crate) fn agenda(count: u32, days: u32, first: Date, policy: &Policy) -> Agenda {
    Agenda::new((0..count).map(|number| event(number, count, days, first, policy)))
}

/// Nothing but all-day events, of one to three days each, spread likewise.
pub(crate) fn all_day_agenda(count: u32, days: u32, first: Date, policy: &Policy) -> Agenda {
    Agenda::new((0..count).map(|number| {
        let date = later(first, number * days / count);
        let when = When::AllDay { first: date, last: later(date, number % 3) };
        read(number, when, pick(&KINDS, number), policy)
    }))
}

/// The same events as [`agenda`] under an absence that outranks them all, from the first day to the last.
pub(crate) fn holidays(count: u32, days: u32, first: Date, policy: &Policy) -> Agenda {
    let absence = When::AllDay { first, last: later(first, days) };
    let absence = RawEvent { subject: "Urlaub", ..raw(count, absence, "out_of_office") };
    // An absence of several days comes after shorter events of its own kind, so there must be none.
    let others = (0..count).map(|number| event(number, count, days, first, policy));
    let others = others.map(|event| match event.kind {
        ReadKind::Known(busylamp_core::event::Kind::OutOfOffice) => {
            Event { kind: ReadKind::from_name("busy"), ..event }
        }
        ReadKind::Known(_) | ReadKind::Unrecognised(_) => event,
    });
    Agenda::new(others.chain([absence.read(&policy.reading())]))
}

fn event(number: u32, count: u32, days: u32, first: Date, policy: &Policy) -> Event {
    let date = later(first, number * days / count);
    let when = if number % 10 == 5 {
        When::AllDay { first: date, last: later(date, number % 3) }
    } else {
        let start = berlin().to_timestamp(date.at(8, 0, 0, 0)).expect("a time of the 21st century");
        let start = start + SignedDuration::from_mins(15 * i64::from(number * 7 % 36));
        When::Timed { start, end: start + SignedDuration::from_mins(30 * i64::from(1 + number % 4)) }
    };
    read(number, when, pick(&KINDS, number), policy)
}

fn read(number: u32, when: When, kind: &str, policy: &Policy) -> Event {
    raw(number, when, kind).read(&policy.reading())
}

fn raw(number: u32, when: When, kind: &str) -> RawEvent<'static> {
    RawEvent {
        // As long as Graph's own ids, with their common beginning: comparing and copying them is part of the cost.
        id: EventId::new(format!("AAMkAGE1M2IyNGNmLWI0ZDktNDUwZC1iNzg2LWVhZjM4YTQ2YzE5NABGAAAAAAD{number:06}=")),
        when,
        kind: ReadKind::from_name(kind),
        subject: pick(&SUBJECTS, number / 3),
        sensitivity: if number % 9 == 4 { Sensitivity::Private } else { Sensitivity::Normal },
        response: match number % 12 {
            3 => Response::Declined,
            7 => Response::NotResponded,
            1 | 5 | 9 => Response::Accepted,
            _ => Response::None,
        },
        cancelled: number % 19 == 11,
        draft: false,
        series_master: false,
    }
}

fn pick(list: &[&'static str; 10], number: u32) -> &'static str {
    list[number as usize % list.len()]
}

fn later(date: Date, days: u32) -> Date {
    date.saturating_add(SignedDuration::from_hours(24 * i64::from(days)))
}
