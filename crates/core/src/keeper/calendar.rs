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

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::{
        journal::Journal,
        keeper::{Account, Mailbox, Standing},
        language::Language,
        policy::Policy,
    };

    fn minute(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * minute).expect("in range")
    }

    /// At which minute something is judged of a calendar that was read so many minutes after the program started.
    struct Judged {
        read: Option<i64>,
        tried: bool,
        poll: i64,
        now: i64,
    }

    impl Judged {
        /// Whether the agenda is believed, the flag, and the minute of the next judgement.
        fn belief(&self) -> (bool, Option<Flag>, Option<i64>) {
            let agenda = Agenda::default();
            let facts = Facts {
                policy: &Policy::default(),
                policy_stamp: 1,
                directory_stamp: 1,
                language: Language::German,
                zone: &TimeZone::UTC,
                standing: Standing::Member,
                mailbox: Mailbox::Matched,
                calendar: Calendar {
                    reading: self.read.map(|at| (&agenda, minute(at))),
                    tried: self.tried,
                    poll: SignedDuration::from_secs(self.poll),
                    stale_after: SignedDuration::from_hours(72),
                },
                account: Account::Unknown,
                journal: Journal::Writable,
                in_flight: false,
                answers: &[],
                text_limit: None,
                started: minute(0),
            };
            let belief = judge(&facts, minute(self.now));
            assert_eq!(belief.never_read, self.read.is_none());
            (belief.agenda.is_some(), belief.flag, belief.wake.map(|at| at.duration_since(minute(0)).as_mins()))
        }
    }

    /// §8.2: what was never read is unknown; that is said once the mailbox was tried, or after five minutes.
    #[test]
    fn a_calendar_that_was_never_read_is_flagged_when_it_was_tried_or_after_five_minutes() {
        let at = |tried, now| Judged { read: None, tried, poll: 30, now }.belief();
        assert_eq!(at(false, 0), (false, None, Some(5)));
        assert_eq!(at(false, 4), (false, None, Some(5)));
        assert_eq!(at(false, 5), (false, Some(Flag::CalendarUnknown), None));
        assert_eq!(at(true, 0), (false, Some(Flag::CalendarUnknown), None));
    }

    /// §8.2: stale after ten polls or fifteen minutes, whichever is longer; unknown after 72 hours.
    #[test]
    fn a_reading_becomes_stale_and_then_unknown() {
        let hours_72 = 72 * 60;
        for (poll, stale) in [(30, 15), (90, 15), (120, 20)] {
            let at = |now| Judged { read: Some(0), tried: true, poll, now }.belief();
            assert_eq!(at(stale - 1), (true, None, Some(stale)));
            assert_eq!(at(stale), (true, Some(Flag::CalendarStale), Some(hours_72)));
            assert_eq!(at(hours_72 - 1), (true, Some(Flag::CalendarStale), Some(hours_72)));
            assert_eq!(at(hours_72), (false, Some(Flag::CalendarUnknown), None));
        }
    }

    /// §8.2: a reading from long before the start is believed until the mailbox was tried, or for five minutes.
    #[test]
    fn an_old_reading_is_judged_only_after_the_start() {
        let at = |tried, now| Judged { read: Some(-100 * 60), tried, poll: 30, now }.belief();
        assert_eq!(at(false, 4), (true, Some(Flag::CalendarStale), Some(5)));
        assert_eq!(at(false, 5), (false, Some(Flag::CalendarUnknown), None));
        assert_eq!(at(true, 0), (false, Some(Flag::CalendarUnknown), None));
    }
}
