//! What is wanted at an instant, from whom, and until when (§3 to §5).

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    account::{Presence, StatusText},
    ids::EventId,
    latch::Latch,
    policy::ChangeDuringEvent,
    precedence::{self, Rule},
    text::{Placed, status_text},
    view::{LeftOut, PhoneAction, View},
};

/// What is wanted of the user's diversions, by the calls that they reach (§4.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Forward {
    /// Entries of the external numbers.
    pub external: Option<bool>,
    /// Entries of the internal numbers.
    pub internal: Option<bool>,
}

/// What the calendar wants of a user's telephone at an instant. `None`: nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// The most important running event.
    pub winner: Option<EventId>,
    /// The event whose telephone action is in force.
    pub action_from: Option<EventId>,
    /// Do not disturb.
    pub dnd: Option<bool>,
    /// Call diversion.
    pub forward: Forward,
    /// Chat presence.
    pub presence: Option<Presence>,
    /// Status text.
    pub text: Option<StatusText>,
}

/// One event's part in a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Considered {
    /// The event.
    pub id: EventId,
    /// What became of it.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Why an event decided, or why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// It decides.
    Winner,
    /// It runs, but a more important one does too.
    Outranked {
        /// The winner.
        by: EventId,
        /// The first comparison that told them apart.
        rule: Rule,
    },
    /// Not at this instant.
    NotRunning,
    /// It never counts.
    LeftOut {
        /// Why.
        reason: LeftOut,
    },
}

impl View<'_> {
    /// The decision at an instant under the latch in force then (see [`View::latch`]).
    pub fn decide(&self, latch: Option<&Latch>, now: Timestamp) -> Decision {
        let running: Vec<Placed<'_>> = self.running(now).copied().collect();
        let Some(winner) = running.first() else {
            return Decision::default();
        };
        let (source, action) = match (self.policy.change_during_event, latch) {
            (ChangeDuringEvent::Follow, _) => (Some(&winner.event.id), self.phone_action(winner.event)),
            (ChangeDuringEvent::Latch, Some(latch)) => (Some(&latch.event), latch.action()),
            (ChangeDuringEvent::Latch, None) => (None, PhoneAction::default()),
        };
        Decision {
            winner: Some(winner.event.id.clone()),
            action_from: source.filter(|_| action.touches()).cloned(),
            dnd: action.dnd,
            forward: self.forward(action.forward),
            presence: self.policy.presences.of(winner.event.kind.kind()).filter(|_| self.policy.set_presence),
            text: status_text(self.policy, self.language, self.zone, &running, self.text_limit).map(StatusText::new),
        }
    }

    /// On reaches the external numbers and, if the policy says so, the internal ones; off reaches both.
    fn forward(&self, on: Option<bool>) -> Forward {
        let internal = on.filter(|on| !on || self.policy.forward_internal_calls);
        Forward { external: on, internal }
    }

    /// The decisions from `now` on, each with the instant at which it begins: the first at `now`, then one at
    /// every edge of the calendar before `to`, also where nothing differs. The latch given is the one just before `now`.
    pub fn decisions(
        &self,
        latch: Option<Latch>,
        now: Timestamp,
        to: Option<Timestamp>,
    ) -> impl Iterator<Item = (Timestamp, Decision)> {
        let edges = self.edges().into_iter().filter(move |edge| now < *edge && to.is_none_or(|to| *edge < to));
        let mut latch = latch;
        std::iter::once(now).chain(edges).map(move |at| {
            latch = self.latch(latch.take(), at);
            (at, self.decide(latch.as_ref(), at))
        })
    }

    /// The next instant after `now` at which the decision differs, if it ever does.
    pub fn until(&self, latch: Option<Latch>, now: Timestamp) -> Option<Timestamp> {
        let mut decisions = self.decisions(latch, now, None);
        let (_, first) = decisions.next()?;
        decisions.find(|(_, next)| *next != first).map(|(at, _)| at)
    }

    /// Every event and its part in the decision: the running ones in order of precedence, then all others by id.
    pub fn considered(&self, now: Timestamp) -> Vec<Considered> {
        let mut considered = Vec::with_capacity(self.placed.len() + self.left_out.len());
        let mut winner: Option<&Placed<'_>> = None;
        for placed in self.running(now) {
            let verdict = match winner {
                None => Verdict::Winner,
                Some(winner) => {
                    let (_, rule) = precedence::compare(winner, placed);
                    Verdict::Outranked { by: winner.event.id.clone(), rule }
                }
            };
            winner = winner.or(Some(placed));
            considered.push(Considered { id: placed.event.id.clone(), verdict });
        }
        let idle = self.placed.iter().filter(|placed| now < placed.start || placed.end <= now);
        let idle = idle.map(|placed| (&placed.event.id, Verdict::NotRunning));
        let left_out = self.left_out.iter().map(|(event, reason)| (&event.id, Verdict::LeftOut { reason: *reason }));
        let mut others: Vec<_> = idle.chain(left_out).collect();
        others.sort_by_key(|(id, _)| *id);
        considered.extend(others.into_iter().map(|(id, verdict)| Considered { id: id.clone(), verdict }));
        considered
    }
}
