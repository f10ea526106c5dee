//! No fights (§6.7): how often a foreign value is written over, and when somebody else is plainly writing too.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    hold::{OnForeign, Rules},
    ids::EventId,
};

/// Two writes over foreign values are at least this far apart.
const PAUSE: SignedDuration = SignedDuration::from_secs(30);
/// A change this soon after such a write is a quick one.
const QUICK: SignedDuration = SignedDuration::from_secs(60);
/// Changes are counted over this span.
const SPAN: SignedDuration = SignedDuration::from_mins(10);
/// Once another program is writing, such writes are this far apart.
const LONG_PAUSE: SignedDuration = SignedDuration::from_mins(5);
/// Changes remembered at most; the rules ask for three.
const REMEMBERED: usize = 8;

/// What is remembered about foreign values in one dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fight<V> {
    /// When foreign values came, the newest last.
    changes: Vec<Timestamp>,
    /// The last write over one.
    last_write: Option<Timestamp>,
    /// A foreign value that is shown and to be written over, counted already.
    met: Option<V>,
    /// Another program is writing: flagged.
    flagged: bool,
    /// The winner during whose reign the long pause holds.
    slow_under: Option<EventId>,
}

impl<V> Default for Fight<V> {
    fn default() -> Self {
        Self { changes: Vec::new(), last_write: None, met: None, flagged: false, slow_under: None }
    }
}

impl<V: Clone + Eq> Fight<V> {
    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// No foreign value is shown any more.
    pub(crate) fn settled(&mut self) {
        self.met = None;
    }

    /// The long pause holds until the winner changes.
    pub(crate) fn reign(&mut self, winner: Option<&EventId>) {
        if self.slow_under.as_ref() != winner {
            self.slow_under = None;
        }
    }

    /// Judges a foreign value, counting it if it was not there before.
    pub(crate) fn meet(&mut self, shows: &V, rules: &Rules<'_>) -> OnForeign {
        if self.met.as_ref() == Some(shows) {
            return OnForeign::WriteAgain;
        }
        self.prune(rules.now);
        if self.changes.len() == REMEMBERED {
            self.changes.remove(0);
        }
        self.changes.push(rules.now);
        let quick = self.last_write.is_some_and(|write| is_within(write, QUICK, rules.now));
        if rules.on_foreign == OnForeign::Insisted || (!rules.leads && quick && self.changes.len() >= 2) {
            return OnForeign::Insisted;
        }
        if rules.leads && self.changes.len() >= 3 {
            self.flagged = true;
            self.slow_under = rules.winner.cloned();
        }
        self.met = Some(shows.clone());
        OnForeign::WriteAgain
    }

    /// The earliest instant of the next write over a foreign value.
    pub(crate) fn next_write(&self, rules: &Rules<'_>) -> Timestamp {
        let pause = if self.slow_under.is_some() { LONG_PAUSE } else { PAUSE };
        // A write that the clock says is yet to come was made before the clock was set back.
        self.last_write.filter(|write| *write <= rules.now).map_or(rules.now, |write| later(write, pause))
    }

    pub(crate) fn written(&mut self, now: Timestamp) {
        self.last_write = Some(now);
        self.met = None;
    }

    /// Whether another program is writing here.
    pub(crate) fn is_flagged(&self, now: Timestamp) -> bool {
        self.flagged && self.changes.last().is_some_and(|change| is_within(*change, SPAN, now))
    }

    /// Forgets what no rule asks for any more.
    pub(crate) fn prune(&mut self, now: Timestamp) {
        self.flagged = self.is_flagged(now);
        self.changes.retain(|change| is_within(*change, SPAN, now));
        if self.last_write.is_some_and(|write| !is_within(write, LONG_PAUSE, now)) && self.met.is_none() {
            self.last_write = None;
        }
    }

    pub(crate) fn wake_at(&self) -> Option<Timestamp> {
        self.flag_ends().filter(|_| self.flagged)
    }

    fn flag_ends(&self) -> Option<Timestamp> {
        self.changes.last().map(|change| later(*change, SPAN))
    }
}

/// Whether it was before now by less than the span. What the clock says is yet to come was seen before the clock was set
/// back, who knows how long ago: it is forgotten.
fn is_within(at: Timestamp, span: SignedDuration, now: Timestamp) -> bool {
    (SignedDuration::ZERO..span).contains(&now.duration_since(at))
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::journal::Journal;

    /// One dimension at whose foreign values somebody looks.
    struct Ring {
        fight: Fight<&'static str>,
        leads: bool,
        winner: EventId,
        running: BTreeSet<EventId>,
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("in range")
    }

    impl Ring {
        fn new(leads: bool) -> Self {
            Self { fight: Fight::default(), leads, winner: "a".into(), running: BTreeSet::new() }
        }

        fn rules(&self, now: Timestamp) -> Rules<'_> {
            Rules {
                leads: self.leads,
                resting: false,
                on_foreign: OnForeign::WriteAgain,
                winner: Some(&self.winner),
                running: &self.running,
                unknown: false,
                journal: Journal::Writable,
                number: 1,
                now,
            }
        }

        fn meet(&mut self, shows: &'static str, now: Timestamp) -> OnForeign {
            let mut fight = std::mem::take(&mut self.fight);
            let judged = fight.meet(&shows, &self.rules(now));
            self.fight = fight;
            judged
        }

        /// Somebody changes the value, and at once it is written over.
        fn round(&mut self, now: Timestamp) -> OnForeign {
            let judged = self.meet("foreign", now);
            self.fight.written(now);
            judged
        }

        fn pause(&self, now: Timestamp) -> i64 {
            self.fight.next_write(&self.rules(now)).duration_since(now).as_secs()
        }
    }

    #[test]
    fn who_changes_it_again_within_a_minute_insists() {
        for (second, judged) in [(59, OnForeign::Insisted), (60, OnForeign::WriteAgain)] {
            let mut ring = Ring::new(false);
            assert_eq!(ring.round(at(0)), OnForeign::WriteAgain, "the first is written over");
            assert_eq!(ring.round(at(second)), judged, "after {second} s");
        }
    }

    #[test]
    fn a_quick_change_insists_only_as_the_second_of_ten_minutes() {
        let mut ring = Ring::new(false);
        ring.fight.written(at(0));
        assert_eq!(ring.round(at(1)), OnForeign::WriteAgain, "it is the first");
        assert_eq!(ring.round(at(601)), OnForeign::WriteAgain, "the other was ten minutes ago, and it is not quick");
    }

    #[test]
    fn where_the_program_leads_nobody_insists_and_the_third_of_ten_minutes_is_flagged() {
        let mut ring = Ring::new(true);
        for second in [0, 10] {
            assert_eq!(ring.round(at(second)), OnForeign::WriteAgain);
            assert!(!ring.fight.is_flagged(at(second)));
            assert_eq!(ring.fight.wake_at(), None);
        }
        assert_eq!(ring.round(at(599)), OnForeign::WriteAgain);
        assert!(ring.fight.is_flagged(at(599)));
        assert_eq!(ring.fight.wake_at(), Some(at(599 + 600)), "the flag ends ten minutes after the last change");
        assert!(ring.fight.is_flagged(at(1198)) && !ring.fight.is_flagged(at(1199)));
        ring.fight.prune(at(1199));
        assert_eq!(ring.fight.wake_at(), None);
    }

    #[test]
    fn a_change_ten_minutes_ago_does_not_count() {
        let mut ring = Ring::new(true);
        for second in [0, 300, 600] {
            ring.round(at(second));
        }
        assert!(!ring.fight.is_flagged(at(600)));
    }

    #[test]
    fn writes_over_foreign_values_keep_their_distance() {
        let mut ring = Ring::new(true);
        assert_eq!(ring.pause(at(0)), 0, "the first at once");
        ring.round(at(0));
        assert_eq!(
            (ring.pause(at(0)), ring.pause(at(20)), ring.fight.next_write(&ring.rules(at(40)))),
            (30, 10, at(30))
        );
        ring.round(at(30));
        ring.round(at(60));
        assert_eq!(ring.pause(at(60)), 300, "another program is writing");
        let winner = EventId::from("a");
        ring.fight.reign(Some(&winner));
        assert_eq!(ring.pause(at(60)), 300, "under the same winner it stays so");
        ring.fight.reign(Some(&"b".into()));
        assert_eq!(ring.pause(at(60)), 30, "a new winner begins anew");
        assert_eq!(ring.fight.next_write(&ring.rules(at(10))), at(10), "a write that is yet to come was the clock's");
    }

    #[test]
    fn the_same_foreign_value_counts_once_until_it_is_written_over_or_gone() {
        let mut ring = Ring::new(true);
        for second in 0..5 {
            assert_eq!(ring.meet("foreign", at(second)), OnForeign::WriteAgain);
        }
        assert!(!ring.fight.is_flagged(at(5)));
        ring.fight.settled();
        ring.meet("foreign", at(6));
        ring.meet("another", at(7));
        assert!(ring.fight.is_flagged(at(7)));
    }

    #[test]
    fn what_no_rule_asks_for_is_forgotten() {
        let mut ring = Ring::new(true);
        ring.round(at(0));
        assert!(!ring.fight.is_empty());
        ring.fight.prune(at(599));
        assert!(!ring.fight.is_empty(), "the change counts for ten minutes");
        ring.fight.prune(at(600));
        assert!(ring.fight.is_empty());

        ring.round(at(1000));
        ring.meet("foreign", at(1001));
        ring.fight.prune(at(2000));
        assert_eq!(ring.fight.next_write(&ring.rules(at(1010))), at(1030), "a value still waits to be written over");
        ring.fight.settled();
        ring.fight.prune(at(2000));
        assert!(ring.fight.is_empty());
    }

    #[test]
    fn only_so_many_changes_are_remembered() {
        let mut ring = Ring::new(true);
        for second in 0..100 {
            ring.round(at(second));
        }
        assert_eq!(ring.fight.changes, (92..100).map(at).collect::<Vec<_>>());
    }
}
