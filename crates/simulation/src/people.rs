//! Users and their telephones, and what people do with their own hands.

use std::collections::BTreeMap;

use busylamp_core::{account::Value, keeper::UserState};

use crate::{
    calendar::Appointment,
    dice::Dice,
    due::Due,
    model::Own,
    place::{SLOTS, Slot},
    sabotage::Sabotage,
    shell::User,
    time::{MINUTE, Millis},
    world::{CALM, POLL, World},
};

/// Accounts that nobody told about are read this often.
const ROUND: Millis = 5 * MINUTE;

/// One account of the telephone system.
pub(crate) struct Phone {
    pub(crate) values: [Value; SLOTS],
    /// How often people have set each place, and whether they were the last.
    pub(crate) by_hand: [bool; SLOTS],
    pub(crate) changes: [u64; SLOTS],
    pub(crate) exists: bool,
    pub(crate) refused: Vec<(Slot, Millis)>,
}

/// What an instance that was switched off has left on purpose (§7.1).
pub(crate) struct Parked {
    pub(crate) slot: Slot,
    /// What may be given back one day.
    pub(crate) own: Vec<Value>,
    /// What the instance has written, or may yet have.
    pub(crate) ours: Vec<Value>,
}

/// One user as the world knows them.
pub(crate) struct Person {
    pub(crate) phone: Phone,
    pub(crate) own: Vec<Own>,
    /// Appointments by mailbox: the usual one, and the one of another address.
    pub(crate) mailboxes: [BTreeMap<u32, Appointment>; 2],
    pub(crate) old: Vec<Appointment>,
    pub(crate) lie: Option<bool>,
    pub(crate) address_away: Option<(bool, Millis)>,
    pub(crate) gone_until: Millis,
    pub(crate) left_until: [Millis; 2],
    pub(crate) dice: Dice,
    pub(crate) parked: [Vec<Parked>; 2],
    pub(crate) calm_at: Millis,
    pub(crate) check_queued: bool,
    pub(crate) rechecks: u32,
}

impl World<'_> {
    /// A new account in place of a deleted one.
    pub(crate) fn made_anew(&mut self, user: usize) {
        let person = &mut self.people[user];
        person.phone.exists = true;
        for slot in Slot::ALL {
            let fresh = self.plan.users[user].values[slot.index()].1.clone();
            person.phone.values[slot.index()] = fresh.clone();
            person.phone.by_hand[slot.index()] = true;
            person.phone.changes[slot.index()] += 1;
            // If the program never saw that the account was gone, it gives back what the old one had.
            let mut earlier = person.own[slot.index()].values.clone();
            earlier.retain(|value| *value != fresh);
            person.own[slot.index()] = Own::new(fresh);
            person.own[slot.index()].earlier = earlier;
            person.own[slot.index()].contest();
        }
        for parked in &mut person.parked {
            parked.clear();
        }
        self.phone_changed(user);
    }

    pub(crate) fn by_hand(&mut self, user: usize, slot: Slot, value: Value) {
        let value = self.kept(slot, &value);
        if !self.people[user].phone.exists {
            return;
        }
        let winner = |user: &User| user.report.decision.winner.is_some();
        let runs = self.memory.as_ref().is_none_or(|memory| memory.users.iter().any(|users| winner(&users[user])));
        // Until a give-back is acknowledged its hold takes the value from before it for ours (§6.1, §6.8).
        let runs = runs || self.has_for_ours(user, slot, &value);
        let person = &mut self.people[user];
        if self.sabotage != Sabotage::OverlooksHands {
            person.own[slot.index()].by_hand(&value, &person.phone.values[slot.index()], runs, self.t);
        }
        if person.phone.values[slot.index()] != value {
            person.phone.values[slot.index()] = value;
            person.phone.by_hand[slot.index()] = true;
            person.phone.changes[slot.index()] += 1;
        }
    }

    /// Whether somebody who holds this place takes the value for ours.
    fn has_for_ours(&self, user: usize, slot: Slot, value: &Value) -> bool {
        let states = [0, 1].map(|instance| match &self.memory {
            Some(memory) => Some(&memory.users[instance][user].state),
            None => self.disk.states.get(&(instance, user)).map(|(state, _)| state),
        });
        let mut holds = states.into_iter().flatten().flat_map(UserState::holds);
        holds.any(|(dimension, hold)| Slot::of(dimension) == Some(slot) && hold.is_ours(value))
    }

    /// The telephone system tells of a change, or forgets to: then the next round of readings finds it.
    pub(crate) fn phone_changed(&mut self, user: usize) {
        let lost = self.plan.rough_network && self.people[user].dice.in_thousand(100);
        if lost {
            let round = ROUND - self.t.rem_euclid(ROUND);
            self.read_soon(user, round);
            self.disturb(user, round + CALM);
        } else {
            let span = self.people[user].dice.range(50, 1500);
            self.read_soon(user, span);
            self.disturb(user, CALM);
        }
    }

    /// The account is read after a span.
    pub(crate) fn read_soon(&mut self, user: usize, span: Millis) {
        let run = self.run;
        let span = if span == POLL { self.people[user].dice.range(0, POLL) } else { span };
        self.after(span, Due::ReadAccount { run, user });
    }
}
