//! Whether holds can be written down, and what leaves when they can't (§7.3): taking stops, giving back goes on.

use jiff::{SignedDuration, Timestamp};

use crate::{
    hold::Purpose,
    keeper::{Step, UserState},
};

/// Whether the store can commit a hold. A step that is told of a failing one takes and changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Journal {
    /// As far as is known.
    Writable,
    /// The last commit has failed.
    Failing,
}

/// How commits go. After one that failed, users are told so for a while; then the next is tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Commits {
    failed: Option<Timestamp>,
}

impl Commits {
    /// After a commit that failed, the next that may take something is tried so much later.
    pub const PAUSE: SignedDuration = SignedDuration::from_secs(5);

    /// What a round's steps are told.
    pub fn journal(&self, now: Timestamp) -> Journal {
        if self.failed.is_some() && !self.tries_again(now) { Journal::Failing } else { Journal::Writable }
    }

    /// Whether a commit has failed some time ago: then everybody is stepped, and something is written, changed or not.
    /// A clock that was set back makes nobody wait longer.
    pub fn tries_again(&self, now: Timestamp) -> bool {
        self.failed.is_some_and(|failed| !(SignedDuration::ZERO..Self::PAUSE).contains(&now.duration_since(failed)))
    }

    /// When the next is tried, if one has failed.
    pub fn next_try(&self) -> Option<Timestamp> {
        self.failed.map(|failed| failed.saturating_add(Self::PAUSE).unwrap_or(Timestamp::MAX))
    }

    /// A commit has written something. Returns whether the one before it had failed: then everybody is stepped, since
    /// some were left alone.
    pub fn succeeded(&mut self) -> bool {
        self.failed.take().is_some()
    }

    /// A commit has failed. What fails while the next try is waited for does not put it off.
    pub fn failed(&mut self, now: Timestamp) {
        if self.journal(now) == Journal::Writable {
            self.failed = Some(now);
        }
    }
}

impl Step {
    /// Whether there is something to be committed, given the state before the step.
    pub fn changes(&self, before: &UserState) -> bool {
        self.state != *before
    }

    /// Whether the step counts although it could not be committed: it changes nothing, or all that it writes is the
    /// user's own. A crash before the next commit leaves an older state, by which the same is given back again.
    pub fn counts_uncommitted(&self, before: &UserState) -> bool {
        let gives_back = !self.writes.is_empty() && self.writes.iter().all(|write| write.purpose == Purpose::GiveBack);
        gives_back || !self.changes(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        account::{Dimension, Value},
        keeper::{Flags, Report, Write},
    };

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("in range")
    }

    #[test]
    fn after_a_failure_nothing_is_taken_until_the_next_try() {
        let mut commits = Commits::default();
        assert_eq!((commits.journal(second(0)), commits.next_try()), (Journal::Writable, None));
        commits.failed(second(0));
        assert_eq!(commits.journal(second(4)), Journal::Failing);
        assert!(!commits.tries_again(second(4)) && commits.tries_again(second(5)));
        assert_eq!((commits.journal(second(5)), commits.next_try()), (Journal::Writable, Some(second(5))));
        assert!(commits.succeeded() && !commits.succeeded());
        assert_eq!(commits, Commits::default());
    }

    #[test]
    fn give_backs_that_fail_meanwhile_do_not_put_the_next_try_off() {
        let mut commits = Commits::default();
        commits.failed(second(0));
        commits.failed(second(3));
        assert_eq!(commits.next_try(), Some(second(5)));
        commits.failed(second(5));
        assert_eq!(commits.next_try(), Some(second(10)));
    }

    #[test]
    fn a_clock_that_is_set_back_makes_nobody_wait() {
        let mut commits = Commits::default();
        commits.failed(second(7200));
        assert!(commits.tries_again(second(0)));
    }

    #[test]
    fn uncommitted_only_what_gives_back_or_changes_nothing_counts() {
        let before = UserState::default();
        let step = |purposes: &[Purpose], changed: bool| {
            let write = |purpose: &Purpose| Write {
                number: 1,
                dimension: Dimension::Dnd,
                from: Value::Switch(true),
                to: Value::Switch(false),
                purpose: *purpose,
            };
            let mut state = serde_json::to_value(&before).expect("a state");
            state["writes"] = u64::from(changed).into();
            Step {
                state: serde_json::from_value(state).expect("a state"),
                writes: purposes.iter().map(write).collect(),
                text_cut_at: None,
                flags: Flags::new(),
                wake: None,
                report: Report::default(),
            }
        };
        assert!(step(&[], true).changes(&before) && !step(&[], false).changes(&before));
        for (purposes, changed, counts) in [
            (&[][..], false, true),
            (&[], true, false),
            (&[Purpose::GiveBack], true, true),
            (&[Purpose::GiveBack, Purpose::GiveBack], true, true),
            (&[Purpose::GiveBack, Purpose::Take], true, false),
            (&[Purpose::Change], true, false),
        ] {
            assert_eq!(step(purposes, changed).counts_uncommitted(&before), counts, "{purposes:?}, changed: {changed}");
        }
    }
}
