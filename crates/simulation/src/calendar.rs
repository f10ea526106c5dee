//! Appointments as the pretended calendar keeps them, and the naive reading of §1 to §3: written down from the text of
//! the rules, without a look at the core's code.

use std::cmp::Reverse;

use busylamp_core::{
    event::{Agenda, Kind, RawEvent, ReadKind, Response, Sensitivity, When, midnight},
    ids::EventId,
    title::Reading,
};
use jiff::{civil::Date, tz::TimeZone};

use crate::time::{DAY, Millis, instant, millis};

/// When an appointment takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    Timed { start: Millis, end: Millis },
    Days { first: Date, last: Date },
}

/// One appointment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Appointment {
    pub(crate) id: u32,
    pub(crate) span: Span,
    pub(crate) kind: Kind,
    pub(crate) title: &'static str,
    pub(crate) keyword: Keyword,
    pub(crate) sensitivity: Sensitivity,
    pub(crate) response: Response,
    pub(crate) cancelled: bool,
}

/// The keyword at the end of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyword {
    None,
    Dnd(bool),
    Forward(bool),
    Both(bool),
    NoAction,
}

impl Keyword {
    pub(crate) const ALL: [Self; 8] = [
        Self::None,
        Self::Dnd(true),
        Self::Dnd(false),
        Self::Forward(true),
        Self::Forward(false),
        Self::Both(true),
        Self::Both(false),
        Self::NoAction,
    ];

    fn words(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Dnd(true) => " (Ruhe)",
            Self::Dnd(false) => " (No DND)",
            Self::Forward(true) => " (Anrufe weiterleiten)",
            Self::Forward(false) => " (No call forwarding)",
            Self::Both(true) => " (DND) (Call forwarding)",
            Self::Both(false) => " (Keine Ruhe) (Keine Anrufe weiterleiten)",
            Self::NoAction => " (Keine Aktion)",
        }
    }
}

impl Appointment {
    pub(crate) fn subject(&self) -> String {
        format!("{}{}", self.title, self.keyword.words())
    }

    /// The id as the calendar writes it. Of one length, so that the order of numbers is that of the bytes.
    pub(crate) fn name(&self) -> String {
        format!("e{:07}", self.id)
    }

    /// The keyword that counts: none in an invitation without an answer (§2.8).
    pub(crate) fn counted_keyword(&self) -> Keyword {
        if self.response == Response::NotResponded { Keyword::None } else { self.keyword }
    }

    /// `[start, end)` in a zone.
    pub(crate) fn interval(&self, zone: &TimeZone) -> (Millis, Millis) {
        match self.span {
            Span::Timed { start, end } => (start, end),
            Span::Days { first, last } => {
                let after = last.tomorrow().unwrap_or(last);
                (millis(midnight(first, zone)), millis(midnight(after, zone)))
            }
        }
    }

    /// Whether the appointment may ever count (§1.1, §1.3, by default policy on declined ones).
    fn counts(&self, (start, end): (Millis, Millis)) -> bool {
        !self.cancelled && self.response != Response::Declined && start < end
    }

    fn read(&self, reading: &Reading) -> busylamp_core::event::Event {
        let subject = self.subject();
        let when = match self.span {
            Span::Timed { start, end } => When::Timed { start: instant(start), end: instant(end) },
            Span::Days { first, last } => When::AllDay { first, last },
        };
        RawEvent {
            id: EventId::new(self.name()),
            when,
            kind: ReadKind::Known(self.kind),
            subject: &subject,
            sensitivity: self.sensitivity,
            response: self.response,
            cancelled: self.cancelled,
            draft: false,
            series_master: false,
        }
        .read(reading)
    }
}

/// A reading of a mailbox: what the reader made of it, and what it was made of.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) agenda: Agenda,
    pub(crate) appointments: Vec<Appointment>,
    /// It was read with titles.
    pub(crate) titles: bool,
}

impl Read {
    pub(crate) fn new(appointments: &[Appointment], reading: &Reading, at: Millis, zone: &TimeZone) -> Self {
        let window = |appointment: &&Appointment| {
            let (start, end) = appointment.interval(zone);
            end > at - DAY && start < at + 14 * DAY
        };
        let appointments: Vec<Appointment> = appointments.iter().filter(window).cloned().collect();
        let agenda = Agenda::new(appointments.iter().map(|appointment| appointment.read(reading)));
        Self { agenda, appointments, titles: reading.keep_titles }
    }
}

/// The appointments that run at an instant, the most important first (§3.1).
pub(crate) fn running<'a>(appointments: &'a [Appointment], zone: &TimeZone, now: Millis) -> Vec<&'a Appointment> {
    let mut running: Vec<(&Appointment, (Millis, Millis))> = appointments
        .iter()
        .map(|appointment| (appointment, appointment.interval(zone)))
        .filter(|(appointment, (start, end))| appointment.counts((*start, *end)) && *start <= now && now < *end)
        .collect();
    running.sort_by_key(|(appointment, (start, end))| {
        let named = !matches!(appointment.counted_keyword(), Keyword::None | Keyword::NoAction);
        let importance = match appointment.kind {
            Kind::OutOfOffice => 0,
            Kind::Busy => 1,
            Kind::Tentative => 2,
            Kind::WorkingElsewhere => 3,
            Kind::Free => 4,
        };
        let all_day = matches!(appointment.span, Span::Days { .. });
        (!named, importance, all_day, Reverse(*start), *end, appointment.id)
    });
    running.into_iter().map(|(appointment, _)| appointment).collect()
}
