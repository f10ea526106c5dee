//! How far the calendar can be believed (§8.1, §8.2).

use jiff::{SignedDuration, Timestamp};

use super::facts::{Calendar, Facts, Flag};
use crate::event::Agenda;

/// What the calendar is worth at an instant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Belief<'a> {
    /// The agenda in force; `None` if the calendar is unknown.
    pub agenda: Option<&'a Agenda>,
    /// It was never read: holds of an earlier run are kept until the end that they know.
    pub never_read: bool,
    /// Stale or unknown.
    pub flag: Option<Flag>,
    /// When that changes by time alone.
    pub wake: Option<Timestamp>,
}

/// After a start of the program, a mailbox that was not tried yet is judged from here on.
const GRACE: SignedDuration = SignedDuration::from_mins(5);
/// A reading this young is never stale.
const NEVER_STALE: SignedDuration = SignedDuration::from_mins(15);
/// Polls that may fail before a reading is stale.
const POLLS: i32 = 10;

pub(super) fn judge<'a>(facts: &Facts<'a>, now: Timestamp) -> Belief<'a> {
    let Calendar { reading, tried, poll, stale_after } = facts.calendar;
    let after = |at: Timestamp, by: SignedDuration| at.saturating_add(by).unwrap_or(Timestamp::MAX);
    let judged_from = if tried { facts.started } else { after(facts.started, GRACE) };
    let judged = now >= judged_from;
    let Some((agenda, read_at)) = reading else {
        let flag = judged.then_some(Flag::CalendarUnknown);
        return Belief { agenda: None, never_read: true, flag, wake: (!judged).then_some(judged_from) };
    };
    let stale_at = after(read_at, poll.checked_mul(POLLS).unwrap_or(SignedDuration::MAX).max(NEVER_STALE));
    let unknown_at = after(read_at, stale_after).max(judged_from);
    let (agenda, flag, wake) = match () {
        () if now >= unknown_at => (None, Some(Flag::CalendarUnknown), None),
        () if now >= stale_at => (Some(agenda), Some(Flag::CalendarStale), Some(unknown_at)),
        () => (Some(agenda), None, Some(stale_at.min(unknown_at))),
    };
    Belief { agenda, never_read: false, flag, wake }
}
