//! What must survive a restart, for one user.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    account::{Dimension, Presence, Value},
    hold::{Hold, Keeping, Purpose},
    latch::Latch,
};

/// What must survive a restart. It may hold titles (in texts), so it is kept encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserState {
    /// By dimension: holds, sleeping holds with ended events, the counters of §6.7, refusals.
    pub(super) dimensions: BTreeMap<Dimension, Keeping<Value>>,
    /// Holds of an instance that was deactivated with `keep_on_deactivate` (§7.1).
    pub(super) parked: BTreeMap<Dimension, Hold<Value>>,
    /// The latched action, and the policy under which it was latched (§4.4).
    pub(super) latch: Option<(Latch, u64)>,
    /// The presence of the last reading (§6.5).
    pub(super) presence_seen: Option<Presence>,
    /// What a text of ours was written over, until the account is read (§6.9).
    pub(super) text_replaced: Option<Value>,
    /// The text that we hold is the beginning of what we wrote (§6.9).
    pub(super) text_cut: bool,
    /// Writes so far.
    pub(super) writes: u64,
}

impl UserState {
    /// Whether nothing of ours is left on the account. Parked holds don't count: they stay on purpose.
    pub fn is_settled(&self) -> bool {
        self.dimensions.values().all(|keeping| keeping.hold.is_none())
    }

    /// Whether there is nothing to remember.
    pub fn is_empty(&self) -> bool {
        *self == Self { writes: self.writes, presence_seen: self.presence_seen, ..Self::default() }
    }

    /// The holds in force.
    pub fn holds(&self) -> impl Iterator<Item = (&Dimension, &Hold<Value>)> {
        self.dimensions.iter().filter_map(|(dimension, keeping)| Some((dimension, keeping.hold.as_ref()?)))
    }

    /// The holds that a person has put to sleep, with what they held (§6.6).
    pub fn sleeping(&self) -> impl Iterator<Item = (&Dimension, &Hold<Value>)> {
        self.dimensions.iter().flat_map(|(dimension, keeping)| {
            keeping.sleeping.iter().filter_map(move |sleeping| Some((dimension, sleeping.hold.as_ref()?)))
        })
    }

    /// Whether a write has been sent of which no answer is known.
    pub fn has_pending(&self) -> bool {
        self.holds().any(|(_, hold)| hold.pending.is_some())
    }

    /// The earliest end of an event whose hold should have been given back by now: how long a give-back is overdue.
    pub fn overdue_since(&self, now: Timestamp) -> Option<Timestamp> {
        let back = |hold: &Hold<Value>| hold.pending.as_ref().is_some_and(|p| p.purpose == Purpose::GiveBack);
        self.holds().filter(|(_, hold)| hold.end <= now || back(hold)).map(|(_, hold)| hold.end.min(now)).min()
    }

    /// Drops a parked or refused hold for good: the administrator discards it (§8.5).
    pub fn discard(&mut self, dimension: &Dimension) {
        self.dimensions.remove(dimension);
        self.parked.remove(dimension);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hold::{Circumstances, Pending};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("in range")
    }

    fn hold(end: Timestamp, pending: Option<Purpose>) -> Hold<Value> {
        Hold {
            before: Value::Switch(false),
            ours: Value::Switch(true),
            pending: pending.map(|purpose| Pending { number: 1, was: Value::Switch(false), purpose }),
            since: at(0),
            end,
            circumstances: Circumstances { event: "a".into(), stamp: 0 },
            retry: None,
        }
    }

    fn state(hold: Hold<Value>) -> UserState {
        let keeping = Keeping { hold: Some(hold), ..Keeping::default() };
        UserState { dimensions: BTreeMap::from([(Dimension::Dnd, keeping)]), ..UserState::default() }
    }

    #[test]
    fn how_many_writes_there_were_is_nothing_to_remember() {
        let state = UserState { writes: 7, presence_seen: Some(Presence::Away), ..UserState::default() };
        assert!(state.is_empty() && state.is_settled());
        let unread = UserState { text_replaced: Some(Value::Switch(false)), ..UserState::default() };
        assert!(!unread.is_empty() && unread.is_settled());
    }

    #[test]
    fn a_give_back_is_overdue_from_the_end_of_its_event() {
        assert_eq!(UserState::default().overdue_since(at(0)), None);
        let runs = state(hold(at(60), None));
        assert_eq!((runs.overdue_since(at(59)), runs.overdue_since(at(60))), (None, Some(at(60))));
        let taking = state(hold(at(60), Some(Purpose::Take)));
        assert_eq!(taking.overdue_since(at(59)), None, "it is not given back yet");
        let ended_early = state(hold(at(60), Some(Purpose::GiveBack)));
        assert_eq!(ended_early.overdue_since(at(30)), Some(at(30)), "it is on its way though its event would run");
    }

    #[test]
    fn what_is_discarded_is_forgotten_here_and_where_it_was_parked() {
        let mut state = state(hold(at(60), Some(Purpose::GiveBack)));
        state.parked.insert(Dimension::Text, hold(at(60), None));
        assert!(state.has_pending() && !state.is_settled() && !state.is_empty());
        assert_eq!(state.holds().map(|(dimension, _)| dimension).collect::<Vec<_>>(), [&Dimension::Dnd]);
        state.discard(&Dimension::Dnd);
        assert!(!state.has_pending() && state.is_settled() && !state.is_empty());
        state.discard(&Dimension::Text);
        assert!(state.is_empty());
    }
}
