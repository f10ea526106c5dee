//! What repeats: stand-ups, weekly and fortnightly meetings, talks with the manager, days at home.

use busylamp_core::event::Response;
use jiff::civil::Date;

use super::{
    Company, appointment,
    dice::Dice,
    key::Key,
    on_day,
    people::{Person, TEAM, department},
};
use crate::{
    clock::add_days,
    mailbox::item::{Fate, Item, Recurrence, Span, Weekdays},
};

/// The Monday on which all series begin.
const BEGIN: Date = Date::constant(2025, 1, 6);

/// Numbers of series: those of a team, of a pair of manager and member, of one person, of all managers.
const TEAM_SERIES: u32 = 0x1000_0000;
const PAIR_SERIES: u32 = 0x2000_0000;
const OWN_SERIES: u32 = 0x3000_0000;
const MANAGERS_SERIES: u32 = 0x4000_0000;

/// A meeting that repeats, before it is entered into a calendar.
struct Meeting<'a> {
    number: u32,
    subject: String,
    /// Days after the Monday of the first week.
    weekday: u64,
    minute: i64,
    minutes: i64,
    recurrence: Recurrence,
    host: &'a Person,
    place: &'static str,
}

impl Company {
    /// The series in a person's calendar.
    pub(super) fn series(&self, person: &Person) -> Vec<Item> {
        let mut items: Vec<_> = self.meetings(person).into_iter().map(|meeting| self.enter(person, &meeting)).collect();
        items.extend(self.at_home(person));
        items
    }

    fn meetings(&self, person: &Person) -> Vec<Meeting<'_>> {
        let Some(host) = self.people.get(person.team * TEAM) else { return Vec::new() };
        let (team, name) = (person.team as u64, department(person.team).name);
        let number = |kind: u32, of: usize| kind + u32::try_from(of).unwrap_or(0) * 8;
        let mut dice = Dice::new(self.seed, &[0x5e, team]);
        let mut meetings = vec![Meeting {
            number: number(TEAM_SERIES, person.team),
            subject: format!("Daily {name}"),
            weekday: 0,
            minute: 9 * 60 + 15 * i64::try_from(team % 4).unwrap_or(0),
            minutes: 15,
            recurrence: Recurrence::Weeks { every: 1, days: Weekdays::WORKING },
            host,
            place: "Teams",
        }];
        // Some teams want quiet in their weekly round, some send their calls on.
        let keyword = match team % 6 {
            1 => " (Ruhe)",
            3 => " (Anrufe weiterleiten)",
            4 => " (DND)",
            _ => "",
        };
        let weekday = dice.below(5);
        meetings.push(Meeting {
            number: number(TEAM_SERIES, person.team) + 1,
            subject: format!("Jour fixe {name}{keyword}"),
            weekday,
            minute: 10 * 60 + 30,
            minutes: 60,
            recurrence: Recurrence::Weeks { every: 1, days: Weekdays::one(weekday) },
            host,
            place: "Besprechungsraum Elbe",
        });
        let weekday = (weekday + 2) % 5;
        meetings.push(Meeting {
            number: number(TEAM_SERIES, person.team) + 2,
            subject: if dice.chance(50) { "Sprint-Review".to_owned() } else { format!("Rückblick {name}") },
            weekday,
            minute: 14 * 60,
            minutes: 90,
            recurrence: Recurrence::Weeks { every: 2, days: Weekdays::one(weekday) },
            host,
            place: "Besprechungsraum Isar",
        });
        let members = host.number + 1..(host.number + TEAM).min(self.people.len());
        for member in members.filter(|member| person.number == host.number || person.number == *member) {
            let weekday = (member % 5) as u64;
            let with = if person.number == host.number { &self.people[member] } else { host };
            meetings.push(Meeting {
                number: number(PAIR_SERIES, member),
                subject: format!("1:1 {}", with.given),
                weekday,
                minute: 11 * 60 + 45 + 30 * i64::try_from(member % TEAM / 5).unwrap_or(0),
                minutes: 30,
                recurrence: Recurrence::Weeks { every: 2, days: Weekdays::one(weekday) },
                host,
                place: "",
            });
        }
        if person.is_manager()
            && let Some(boss) = self.people.first()
        {
            meetings.push(Meeting {
                number: MANAGERS_SERIES,
                subject: "Leitungsrunde (Ruhe)".to_owned(),
                weekday: 0,
                minute: 13 * 60,
                minutes: 60,
                recurrence: Recurrence::Weeks { every: 1, days: Weekdays::one(0) },
                host: boss,
                place: "Besprechungsraum Donau",
            });
        }
        meetings
    }

    fn enter(&self, person: &Person, meeting: &Meeting<'_>) -> Item {
        let first = add_days(BEGIN, i64::try_from(meeting.weekday).unwrap_or(0));
        // A series is held where its host works: for the others it moves when only one side changes its clocks.
        let zone = &meeting.host.zone;
        let id = self.id(person, Key::Series(meeting.number));
        let span = on_day(first, zone, meeting.minute, meeting.minutes);
        let mut item = appointment(id, &*meeting.subject, "busy", span, zone);
        item.recurrence = Some(meeting.recurrence);
        item.location = meeting.place.into();
        if person.number == meeting.host.number {
            item.response = Response::Organizer;
            item.attendees = self.people.iter().skip(person.number + 1).take(TEAM - 1).map(Person::contact).collect();
        } else {
            item.organizer = Some(meeting.host.contact());
            item.attendees = vec![person.contact()];
            let answer = Dice::new(self.seed, &[0xa5, person.number as u64, meeting.number.into()]).below(100);
            let (response, kind) = match answer {
                0..82 => (Response::Accepted, "busy"),
                82..91 => (Response::Tentative, "tentative"),
                91..97 => (Response::NotResponded, "tentative"),
                _ => (Response::Declined, "free"),
            };
            item.response = response;
            item.kind = kind.into();
        }
        item
    }

    /// Two in five work from home on a fixed day of the week.
    fn at_home(&self, person: &Person) -> Option<Item> {
        let mut dice = Dice::new(self.seed, &[0x40e, person.number as u64]);
        if !dice.chance(40) {
            return None;
        }
        let weekday = dice.below(5);
        let first = add_days(BEGIN, i64::try_from(weekday).unwrap_or(0));
        let number = OWN_SERIES + u32::try_from(person.number).unwrap_or(0);
        let subject = if person.english { "Working from home" } else { "Homeoffice" };
        let id = self.id(person, Key::Series(number));
        let mut item = appointment(id, subject, "working_elsewhere", Span::Days { first, last: first }, &person.zone);
        item.recurrence = Some(Recurrence::Weeks { every: 1, days: Weekdays::one(weekday) });
        Some(item)
    }
}

/// Most occurrences are held as planned; some are moved, called off or deleted.
pub(super) fn fate(seed: u64, series: u32, day: Date) -> Fate {
    if (OWN_SERIES..MANAGERS_SERIES).contains(&series) {
        return Fate::AsPlanned;
    }
    let days = u64::try_from(crate::clock::days_between(BEGIN, day)).unwrap_or(0);
    match Dice::new(seed, &[0xfa7e, series.into(), days]).below(100) {
        0..5 => Fate::Moved(30),
        5..8 => Fate::CalledOff,
        8..11 => Fate::Deleted,
        _ => Fate::AsPlanned,
    }
}
