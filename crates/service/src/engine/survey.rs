//! When the keys of a telephone system are looked through for those that show our users (§5.9). It is slow and costs
//! the system many calls, so it is done seldom, and only where labels are wanted or held.

use std::collections::BTreeSet;

use busylamp_core::ids::AccountId;
use jiff::{SignedDuration, Timestamp};

use super::link::later;

/// Keys are looked through this often.
const EVERY: SignedDuration = SignedDuration::from_mins(10);
/// And after this when that failed.
const AGAIN: SignedDuration = SignedDuration::from_mins(1);

pub(super) struct Survey {
    wanted: bool,
    asking: bool,
    /// When it is done next, whoever is concerned.
    next: Timestamp,
    /// When it may be done before that, for accounts that were not looked for yet.
    not_before: Timestamp,
    looked_for: BTreeSet<AccountId>,
}

impl Survey {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { wanted: false, asking: false, next: now, not_before: now, looked_for: BTreeSet::new() }
    }

    /// Whether labels are wanted may have changed.
    pub(super) fn reconsider(&mut self, now: Timestamp) {
        self.next = now;
    }

    /// Another driver knows nothing of what was found.
    pub(super) fn forget(&mut self, now: Timestamp) {
        *self = Self { wanted: self.wanted, asking: self.asking, ..Self::new(now) };
    }

    /// When it is to be done, with so many accounts to be looked for.
    pub(super) fn due(&self, accounts: usize) -> Option<Timestamp> {
        let grown = self.wanted && accounts > self.looked_for.len();
        (!self.asking && accounts > 0).then_some(if grown { self.not_before.min(self.next) } else { self.next })
    }

    /// Begins, if now is the time and labels are wanted.
    pub(super) fn begin<'a>(
        &mut self,
        accounts: impl ExactSizeIterator<Item = &'a AccountId>,
        now: Timestamp,
        wanted: impl FnOnce() -> bool,
    ) -> Option<BTreeSet<AccountId>> {
        if self.due(accounts.len()).is_none_or(|at| now < at) {
            return None;
        }
        self.wanted = wanted();
        if !self.wanted {
            self.next = later(now, EVERY);
            return None;
        }
        self.asking = true;
        Some(accounts.cloned().collect())
    }

    /// It has ended, for these accounts if it was whole.
    pub(super) fn ended(&mut self, looked_for: Option<BTreeSet<AccountId>>, now: Timestamp) {
        self.asking = false;
        self.not_before = later(now, AGAIN);
        self.next = later(now, if looked_for.is_some() { EVERY } else { AGAIN });
        if let Some(looked_for) = looked_for {
            self.looked_for = looked_for;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(names: &[&str]) -> Vec<AccountId> {
        names.iter().map(|name| AccountId::new(*name)).collect()
    }

    #[test]
    fn it_is_done_seldom_and_soon_for_those_who_join() {
        let start = Timestamp::UNIX_EPOCH;
        let at = |minutes| later(start, SignedDuration::from_mins(minutes));
        let (few, many) = (accounts(&["7"]), accounts(&["7", "8"]));
        let mut survey = Survey::new(start);
        assert_eq!(survey.begin(accounts(&[]).iter(), start, || true), None, "nobody is concerned yet");
        let found = survey.begin(few.iter(), start, || true);
        assert_eq!(found, Some(few.iter().cloned().collect()));
        assert_eq!(survey.begin(few.iter(), at(60), || true), None, "it is under way");
        survey.ended(found, start);
        assert_eq!(survey.begin(few.iter(), at(9), || true), None);
        assert_eq!(survey.begin(many.iter(), at(0), || true), None, "not one for each who joins");
        assert!(survey.begin(many.iter(), at(1), || true).is_some());
        survey.ended(None, at(1));
        assert_eq!(survey.due(2), Some(at(2)), "what failed is tried again");
        assert_eq!(survey.begin(many.iter(), at(2), || false), None);
        assert_eq!(survey.due(2), Some(at(12)), "nobody wants it");
        survey.reconsider(at(3));
        assert!(survey.begin(many.iter(), at(3), || true).is_some());
    }
}
