//! "Status während eines Termins verändern" switched off (§4.4): the action of the event that first has one
//! stays in force until that event no longer runs.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    ids::EventId,
    policy::ChangeDuringEvent,
    view::{PhoneAction, View},
};

/// A latched action. It is kept like a hold and survives a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latch {
    /// The event whose action it is.
    pub event: EventId,
    /// Do not disturb, as it was when the event first had an action.
    pub dnd: Option<bool>,
    /// Call diversion, likewise.
    pub forward: Option<bool>,
}

impl Latch {
    /// The latched action.
    pub fn action(&self) -> PhoneAction {
        PhoneAction { dnd: self.dnd, forward: self.forward }
    }
}

impl View<'_> {
    /// The latch at an instant, given the one that held just before it: it stays while its event runs, else the
    /// winner is asked. Without latching there is none.
    pub fn latch(&self, before: Option<Latch>, now: Timestamp) -> Option<Latch> {
        if self.policy.change_during_event == ChangeDuringEvent::Follow {
            return None;
        }
        if let Some(latch) = before.filter(|latch| self.running_event(&latch.event, now).is_some()) {
            return Some(latch);
        }
        let winner = self.winner(now)?;
        let PhoneAction { dnd, forward } = self.phone_action(winner.event);
        let action = PhoneAction { dnd, forward };
        action.touches().then(|| Latch { event: winner.event.id.clone(), dnd, forward })
    }

    /// The latch at an instant if the calendar had been followed from its first event on.
    pub fn swept_latch(&self, now: Timestamp) -> Option<Latch> {
        if self.policy.change_during_event == ChangeDuringEvent::Follow {
            return None;
        }
        let mut latch: Option<Latch> = None;
        let mut latched_until = None;
        for edge in self.edges().into_iter().take_while(|edge| *edge <= now) {
            if latched_until.is_some_and(|end| edge < end) {
                continue;
            }
            latch = self.latch(None, edge);
            latched_until =
                latch.as_ref().and_then(|latch| self.running_event(&latch.event, edge)).map(|placed| placed.end);
        }
        latch
    }
}
