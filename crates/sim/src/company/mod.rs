//! One company, made of a seed: its people and what fills their calendars.
//!
//! Nothing of a calendar is stored. What is in it on a day is a function of seed, person and day, so that ten
//! thousand people cost nothing until somebody asks, and every day of the past and the future is there.

mod absence;
mod day;
mod dice;
mod key;
pub(crate) mod people;
mod series;

use busylamp_core::event::{Response, Sensitivity};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

pub(crate) use self::dice::Dice;
use self::{key::Key, people::Person};
use crate::{
    clock::add_days,
    mailbox::item::{Fate, Item, Span},
};

/// The company.
#[derive(Debug)]
pub(crate) struct Company {
    pub(crate) seed: u64,
    /// Whom it employed at the start, by number. Who joined since is no part of its teams.
    pub(crate) people: Vec<Person>,
}

impl Company {
    pub(crate) fn new(seed: u64, people: usize) -> Self {
        Self { seed, people: people::employ(seed, people) }
    }

    /// Everything in a person's calendar that could touch `[from, to)`.
    pub(crate) fn items(&self, person: &Person, from: Timestamp, to: Timestamp) -> Vec<Item> {
        if !person.employed {
            return Vec::new();
        }
        // A day on either side, since what is on one day may reach into the next.
        let first = add_days(person.zone.to_datetime(from).date(), -1);
        let last = add_days(person.zone.to_datetime(to).date(), 1);
        let mut items = self.series(person);
        items.extend(self.absences(person, first, last));
        let mut day = first;
        while day <= last {
            items.extend(self.day(person, day));
            let next = add_days(day, 1);
            if next == day {
                break;
            }
            day = next;
        }
        items
    }

    /// What an id names in a person's calendar.
    pub(crate) fn find(&self, person: &Person, id: &str) -> Option<Item> {
        let candidates = match Key::parse(id, self.seed, person.number)? {
            _ if !person.employed => return None,
            Key::Series(_) => self.series(person),
            Key::Day(day, _) => self.day(person, day),
            Key::Absence(quarter, _) => {
                let first = absence::start_of(quarter);
                self.absences(person, first, add_days(first, 91))
            }
        };
        candidates.into_iter().find(|item| item.id == id)
    }

    /// What becomes of one occurrence of a series: the same for everyone who is invited.
    pub(crate) fn fate(&self, person: &Person, master: &str, day: Date) -> Fate {
        match Key::parse(master, self.seed, person.number) {
            Some(Key::Series(number)) => series::fate(self.seed, number, day),
            _ => Fate::AsPlanned,
        }
    }

    fn id(&self, person: &Person, key: Key) -> String {
        key.id(self.seed, person.number)
    }
}

/// A plain appointment, for the makers of calendars to change what is different.
fn appointment(id: String, subject: impl Into<String>, kind: &'static str, span: Span, zone: &TimeZone) -> Item {
    Item {
        id,
        subject: subject.into(),
        kind: kind.into(),
        sensitivity: Sensitivity::Normal,
        response: Response::None,
        cancelled: false,
        draft: false,
        shown_as_master: false,
        location: "".into(),
        organizer: None,
        attendees: Vec::new(),
        span,
        recurrence: None,
        zone: zone.clone(),
        change: 0,
    }
}

/// A span on one day, in local time: from so many minutes after midnight, so many minutes long.
fn on_day(day: Date, zone: &TimeZone, minute: i64, minutes: i64) -> Span {
    let at = |minute: i64| {
        let local = day.at(0, 0, 0, 0).saturating_add(jiff::SignedDuration::from_mins(minute));
        zone.to_timestamp(local).unwrap_or(Timestamp::MIN)
    };
    Span::Timed { start: at(minute), end: at(minute + minutes) }
}
