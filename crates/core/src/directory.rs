//! When a reading of the directory counts (§7.8): one that would remove more than half of the users, and more than
//! one, counts only when the next confirms it. A telephone system that answers half must not ring everybody.

use std::collections::BTreeSet;

use crate::ids::AccountId;

/// The members in force, and a shrunken reading that waits for its confirmation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    members: BTreeSet<AccountId>,
    doubted: bool,
}

impl Membership {
    /// The members in force.
    pub fn members(&self) -> &BTreeSet<AccountId> {
        &self.members
    }

    /// Takes in a complete reading; returns whether it counts. One that is doubted keeps the members as they are,
    /// until the next reading, which counts if it would remove more than half as well.
    pub fn take(&mut self, read: BTreeSet<AccountId>) -> bool {
        let removed = self.members.difference(&read).count();
        let drastic = removed > 1 && removed * 2 > self.members.len();
        if drastic && !std::mem::replace(&mut self.doubted, true) {
            return false;
        }
        self.doubted = false;
        self.members = read;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(names: &[&str]) -> BTreeSet<AccountId> {
        names.iter().map(|name| AccountId::new(*name)).collect()
    }

    #[test]
    fn a_drastic_reading_counts_when_the_next_confirms_it() {
        let mut membership = Membership::default();
        assert!(membership.take(accounts(&["a", "b", "c", "d"])));
        assert!(membership.take(accounts(&["a", "b"])), "half is not more than half");
        assert!(membership.take(accounts(&["a", "b", "c"])));
        assert!(!membership.take(accounts(&[])));
        assert_eq!(membership.members().len(), 3);
        assert!(membership.take(accounts(&["a"])));
        assert_eq!(membership.members().len(), 1);
        assert!(membership.take(accounts(&[])), "the last one may go at once");
    }

    #[test]
    fn more_than_half_is_counted_exactly() {
        let five = accounts(&["a", "b", "c", "d", "e"]);
        for (left, counts) in [(&["a", "b", "c", "d"][..], true), (&["a", "b", "c"], true), (&["a", "b"], false)] {
            let mut membership = Membership::default();
            membership.take(five.clone());
            assert_eq!(membership.take(accounts(left)), counts, "{left:?}");
        }
        let mut pair = Membership::default();
        pair.take(accounts(&["a", "b"]));
        assert!(pair.take(accounts(&["b"])), "one may always go");
        assert!(pair.take(accounts(&["c"])), "though all go with it");
    }

    #[test]
    fn a_doubt_ends_with_a_usual_reading() {
        let mut membership = Membership::default();
        membership.take(accounts(&["a", "b", "c"]));
        assert!(!membership.take(accounts(&[])));
        assert!(membership.take(accounts(&["a", "b", "c"])));
        assert!(!membership.take(accounts(&[])));
    }
}
