//! A calendar view: an agenda laid out in a user's zone under a policy. Which events count, when each runs, and
//! in which order of precedence. Everything that is decided is read off it.

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use crate::{
    event::{Agenda, Event},
    ids::EventId,
    language::Language,
    policy::{Action, Declined, Policy},
    precedence,
    text::Placed,
};

/// Why an event does not count at all; the first that applies in this order (§1.1, §1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOut {
    /// Called off.
    Cancelled,
    /// The user has declined.
    Declined,
    /// Not sent yet.
    Draft,
    /// The pattern of a series.
    SeriesMaster,
    /// It has no length.
    Empty,
}

/// What an event does to the telephone: `None` leaves a dimension alone (§2.3, §4.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PhoneAction {
    /// Do not disturb.
    pub dnd: Option<bool>,
    /// Call diversion.
    pub forward: Option<bool>,
}

impl PhoneAction {
    /// Whether it touches the telephone at all.
    pub fn touches(self) -> bool {
        self.dnd.is_some() || self.forward.is_some()
    }
}

/// An agenda laid out. Borrowed from what it was made of; cheap enough to make anew for every question.
#[derive(Debug)]
pub struct View<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) language: Language,
    pub(crate) zone: &'a TimeZone,
    pub(crate) text_limit: Option<usize>,
    /// The events that count, in order of precedence. The order does not depend on the instant (§3.2).
    pub(crate) placed: Vec<Placed<'a>>,
    /// The events that don't, in order of id.
    pub(crate) left_out: Vec<(&'a Event, LeftOut)>,
}

impl<'a> View<'a> {
    /// Lays out an agenda. `text_limit` is the longest status text that the telephone system is known to keep.
    pub fn new(
        policy: &'a Policy,
        language: Language,
        zone: &'a TimeZone,
        agenda: &'a Agenda,
        text_limit: Option<usize>,
    ) -> Self {
        let mut placed = Vec::with_capacity(agenda.events().len());
        let mut left_out = Vec::new();
        for event in agenda.events() {
            let (start, end) = event.when.interval(zone);
            let reason = [
                (event.cancelled, LeftOut::Cancelled),
                (
                    event.response == crate::event::Response::Declined && policy.declined == Declined::Ignore,
                    LeftOut::Declined,
                ),
                (event.draft, LeftOut::Draft),
                (event.series_master, LeftOut::SeriesMaster),
                (start >= end, LeftOut::Empty),
            ]
            .into_iter()
            .find_map(|(applies, reason)| applies.then_some(reason));
            match reason {
                Some(reason) => left_out.push((event, reason)),
                None => placed.push(Placed { event, start, end }),
            }
        }
        placed.sort_by(|a, b| precedence::compare(a, b).0);
        Self { policy, language, zone, text_limit, placed, left_out }
    }

    /// The running events in order of precedence; the first is the winner.
    pub fn running(&self, now: Timestamp) -> impl Iterator<Item = &Placed<'a>> {
        self.placed.iter().filter(move |placed| placed.start <= now && now < placed.end)
    }

    /// The winner ("der wichtigste Termin").
    pub fn winner(&self, now: Timestamp) -> Option<&Placed<'a>> {
        self.running(now).next()
    }

    /// An event if it runs.
    pub fn running_event(&self, id: &EventId, now: Timestamp) -> Option<&Placed<'a>> {
        self.running(now).find(|placed| placed.event.id == *id)
    }

    /// What an event does to the telephone: its keywords, else its kind's default action.
    pub fn phone_action(&self, event: &Event) -> PhoneAction {
        if event.keywords.explicit {
            return PhoneAction { dnd: event.keywords.dnd, forward: event.keywords.forward };
        }
        match self.policy.actions.of(event.kind.kind()) {
            Action::None => PhoneAction::default(),
            Action::Dnd => PhoneAction { dnd: Some(true), forward: None },
            Action::Forward => PhoneAction { dnd: None, forward: Some(true) },
        }
    }

    /// The instants at which the set of running events changes, each once, in order.
    pub fn edges(&self) -> Vec<Timestamp> {
        let mut edges: Vec<_> = self.placed.iter().flat_map(|placed| [placed.start, placed.end]).collect();
        edges.sort_unstable();
        edges.dedup();
        edges
    }
}
