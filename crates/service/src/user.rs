//! Everything about one user, for people, and the explanation of an instant (§9).

mod compose;
mod explain;
mod past;

pub(crate) use self::past::OURS;

use std::{collections::BTreeMap, fmt};

use busylamp_core::{
    account::{Dimension, NumberClass},
    event::Kind,
    ids::{AccountId, DiversionId, EventId, InstanceId, MailAddress},
    keeper::Flag,
    timeline::Stretch,
    view::LeftOut,
};
use busylamp_store::{Record, Recorded};
use jiff::Timestamp;
use serde::Serialize;

use crate::board::Lamp;

/// Everything about one user.
#[derive(Clone, Debug, Serialize)]
pub struct UserView {
    /// The instance.
    pub instance: InstanceId,
    /// What the administrator calls it.
    pub instance_name: String,
    /// The account.
    pub account: AccountId,
    /// The name as the telephone system has it.
    pub name: String,
    /// The address of the calendar.
    pub mail: Option<MailAddress>,
    /// The IANA name of the zone in which the user's days lie.
    pub zone: String,
    /// The instant, by the service's clock.
    pub now: Timestamp,
    /// When the calendar was last read completely.
    pub read_at: Option<Timestamp>,
    /// The user's lamp.
    pub lamp: Lamp,
    /// What the administrator should know, each with advice.
    pub flags: Vec<(Flag, &'static str)>,
    /// The user is left alone until then (§7.10).
    pub paused_until: Option<Timestamp>,
    /// What is held.
    pub holds: Vec<HoldView>,
    /// The calendar's events that touch the span, by their begin.
    pub events: Vec<EventView>,
    /// What is wanted over the span, without gaps as far as it is known. What is past is read from history, where a
    /// text is `…`, since none is kept.
    pub wanted: Vec<Stretch>,
    /// What the telephone system showed: first what it showed when the span began, then each change.
    pub shown: Vec<ShownChange>,
    /// The writes within the span, the earliest first.
    pub writes: Vec<Record>,
    /// The user's own always-diversions, and whose calls each leads away.
    pub diversions: BTreeMap<DiversionId, NumberClass>,
    /// Why it is so now.
    pub explanation: Explanation,
}

/// A value of ours on the telephone system, and what comes back after it.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct HoldView {
    /// Where.
    pub dimension: Dimension,
    /// The user's own value; `text` for a text.
    pub before: String,
    /// Ours. A text of ours is one that the policy publishes.
    pub ours: String,
    /// A person has ended it by hand; it wakes when ours is put back (§6.6).
    pub asleep: bool,
    /// When it began.
    pub since: Timestamp,
    /// When its event ends.
    pub until: Timestamp,
}

/// One event of a calendar.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct EventView {
    /// Unique within the mailbox.
    pub id: EventId,
    /// First instant.
    pub from: Timestamp,
    /// First instant after it.
    pub to: Timestamp,
    /// It takes whole days.
    pub all_day: bool,
    /// How it is shown.
    pub kind: Kind,
    /// Its title, if it is part of a status text that is published at some time.
    pub title: Option<String>,
    /// Why it never counts.
    pub left_out: Option<LeftOut>,
}

// Titles and texts are for pages, not for logs.
impl fmt::Debug for HoldView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dimension, asleep, since, until, .. } = self;
        write!(f, "HoldView {{ {dimension}, asleep: {asleep}, {since} to {until} }}")
    }
}

impl fmt::Debug for EventView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, from, to, all_day, kind, left_out, .. } = self;
        write!(f, "EventView {{ {id}, {from} to {to}, all day: {all_day}, {kind:?}, left out: {left_out:?} }}")
    }
}

/// The telephone system showed another value from an instant on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ShownChange {
    /// From when, as far as it was noticed.
    pub at: Timestamp,
    /// Where.
    pub dimension: Dimension,
    /// The value.
    pub value: Option<Recorded>,
    /// Who made it.
    pub by: By,
}

/// Who has made a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// This program.
    Ours,
    /// A person, or another program.
    Foreign,
}

/// Why it was, is or will be so, in plain sentences. Events are named by their hours and kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The instant.
    pub at: Timestamp,
    /// Where this is known from.
    pub from: KnownFrom,
    /// Who wins, and by which comparison.
    pub winner: String,
    /// Every other event and why it does not decide.
    pub events: Vec<String>,
    /// Where the telephone action comes from.
    pub action: String,
    /// By dimension: what is wanted, shown and held, and why something was or was not written.
    pub dimensions: Vec<(Dimension, String)>,
    /// Until when this holds, and what follows.
    pub until: String,
}

/// Where an explanation is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KnownFrom {
    /// What was written down then.
    History,
    /// The last step.
    Now,
    /// The calendar, as far as it was read ahead.
    Calendar,
}

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is done, or under way.
    Done,
    /// No such instance runs.
    UnknownInstance,
    /// It has no such user.
    UnknownUser,
    /// There was nothing to be done.
    NothingToDo,
}
