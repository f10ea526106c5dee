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
