//! A look at every write that leaves.

use std::collections::BTreeMap;

use busylamp_core::{account::Value, hold::Purpose};

use crate::{
    outcome::Invariant,
    place::{SLOTS, Slot},
    sabotage::Sabotage,
    shell::Outgoing,
    time::{HOUR, Millis},
    world::World,
};

/// Writes to one place of an account in any hour. Refused give-backs alone make some twenty.
const STORM: usize = 30;

/// What is remembered of writes.
pub(crate) struct Watch {
    pub(crate) flights: u64,
    places: Vec<[Place; SLOTS]>,
    on_their_way: Vec<u32>,
    pub(crate) steps: u64,
}

#[derive(Clone, Default)]
struct Place {
    last: Option<Value>,
    answered: bool,
    landed_at: Millis,
    changes: u64,
    times: Vec<Millis>,
}

impl Watch {
    pub(crate) fn new(users: usize) -> Self {
        Self {
            flights: 0,
            places: (0..users).map(|_| Default::default()).collect(),
            on_their_way: vec![0; users],
            steps: 0,
        }
    }

    pub(crate) fn landed(&mut self, user: usize, slot: Slot, now: Millis) {
        self.places[user][slot.index()].landed_at = now;
    }

    pub(crate) fn acknowledged(&mut self, user: usize, slot: Slot) {
        self.places[user][slot.index()].answered = true;
    }

    pub(crate) fn unknown(&mut self, user: usize, slot: Slot) {
        self.places[user][slot.index()].last = None;
    }

    pub(crate) fn answered(&mut self, user: usize) {
        self.on_their_way[user] = self.on_their_way[user].saturating_sub(1);
    }

    /// Of what was on its way nothing is known.
    pub(crate) fn program_ended(&mut self) {
        for user in 0..self.on_their_way.len() {
            if std::mem::take(&mut self.on_their_way[user]) > 0 {
                for place in &mut self.places[user] {
                    place.last = None;
                }
            }
        }
    }
}

impl World<'_> {
    /// Before they leave: once, one at a time, not too often, and not before they are on disk.
    pub(crate) fn watch_sending(&mut self, outgoing: &Outgoing) {
        let user = outgoing.key.1;
        self.watch.on_their_way[user] += 1;
        if self.watch.on_their_way[user] > 1 && self.sabotage != Sabotage::SendsTwice {
            self.broken(Invariant::OneAtATime, user, "a second write leaves before the first is answered".to_owned());
        }
        let journal: BTreeMap<_, _> = self
            .disk
            .states
            .get(&outgoing.key)
            .map(|(state, _)| {
                let pending = state.holds().filter_map(|(of, hold)| Some((of.clone(), hold.pending.as_ref()?.number)));
                pending.collect()
            })
            .unwrap_or_default();
        for write in &outgoing.writes {
            let Some(slot) = Slot::of(&write.dimension) else { continue };
            if write.purpose != Purpose::GiveBack && journal.get(&write.dimension) != Some(&write.number) {
                self.broken(Invariant::JournalFirst, user, format!("{} leaves and is not on disk", write.dimension));
            }
            let changes = self.people[user].phone.changes[slot.index()];
            let now = self.t;
            let place = &mut self.watch.places[user][slot.index()];
            let again = place.last.as_ref() == Some(&write.to) && place.changes == changes;
            place.last = Some(write.to.clone());
            place.changes = changes;
            place.answered = false;
            place.times.retain(|time| now - time < HOUR);
            place.times.push(now);
            let times = place.times.len();
            if again {
                let what = format!("{} is written once more with the same value", write.dimension);
                self.broken(Invariant::WrittenOnce, user, what);
            }
            if times > STORM {
                self.broken(
                    Invariant::NoStorm,
                    user,
                    format!("{} was written {times} times in an hour", write.dimension),
                );
            }
        }
    }
}
