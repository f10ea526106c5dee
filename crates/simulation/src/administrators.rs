//! Administrators: policies, instances that are switched off, on and moved, and users who are left alone.

use std::rc::Rc;

use busylamp_core::{directory::Membership, policy::Policy};

use crate::{
    calendar::Read,
    due::Due,
    model::{add, without},
    people::Parked,
    place::Slot,
    shell::{Cause, Config, Key, Memory, Phase, User},
    time::{MINUTE, Millis, SECOND},
    world::{CALM, POLL, World},
};

impl World<'_> {
    pub(crate) fn policy(&mut self, instance: usize, policy: &Policy) {
        if self.configs[instance].phase != Phase::Active {
            return;
        }
        self.tally.changes_by_administrators += 1;
        let old = &self.configs[instance];
        let id = old.id.as_str().to_owned();
        let new = Config::new(&id, policy.clone(), true, old.activation);
        let anew = new.reading != old.reading;
        if anew {
            for user in 0..self.people.len() {
                let Some(memory) = &mut self.memory else { break };
                let known = &mut memory.users[instance][user];
                if let Some(read) = &known.read {
                    known.read = Some(Rc::new(Read {
                        agenda: read.agenda.clone().masked_anew(&new.reading),
                        appointments: read.appointments.clone(),
                        titles: read.titles && new.reading.keep_titles,
                    }));
                }
                known.read_at = Memory::read_at(known, self.t + self.skew, self.t.rem_euclid(POLL));
                known.confirmed = false;
                self.poll_soon((instance, user), 2 * SECOND);
            }
        }
        self.configs[instance] = new;
        self.everybody(Cause::Any);
        self.disturb_all(CALM + 5 * SECOND);
    }

    pub(crate) fn deactivate(&mut self, instance: usize, lasting: Millis) {
        self.inactive_until[instance] = self.inactive_until[instance].max(self.t + lasting);
        let until = self.inactive_until[instance];
        self.at(until, Due::Activates { instance });
        if self.configs[instance].phase != Phase::Active {
            return;
        }
        self.tally.changes_by_administrators += 1;
        self.configs[instance].phase = Phase::Closing;
        if self.configs[instance].policy.keep_on_deactivate {
            self.park(instance);
        }
        self.everybody(Cause::Any);
        self.disturb_all(CALM);
    }

    /// Presence, text and labels stay as they are: whoever looks takes them for the user's own.
    fn park(&mut self, instance: usize) {
        for user in 0..self.people.len() {
            let account = &self.accounts[user];
            let holds =
                self.memory.as_ref().is_some_and(|memory| memory.memberships[instance].members().contains(account));
            if !holds && self.memory.is_some() {
                continue;
            }
            let person = &mut self.people[user];
            for slot in [Slot::Presence, Slot::Text, Slot::Label] {
                let own = &mut person.own[slot.index()];
                let mut ours = own.written.clone();
                add(&mut ours, &person.phone.values[slot.index()]);
                let may_return = own.values.iter().chain(&own.earlier).cloned().collect();
                person.parked[instance].push(Parked { slot, own: may_return, ours: ours.clone() });
                for value in &ours {
                    add(&mut own.values, value);
                }
            }
        }
    }

    /// What an instance has parked may be given back from now on.
    pub(crate) fn unpark(&mut self, instance: usize, user: usize) {
        let person = &mut self.people[user];
        for Parked { slot, own: may_return, ours } in std::mem::take(&mut person.parked[instance]) {
            let shows = &person.phone.values[slot.index()];
            let own = &mut person.own[slot.index()];
            // Our part is taken out of a name that another instance has put its own part behind (§6.10).
            let names =
                may_return.iter().flat_map(|before| ours.iter().filter_map(|ours| without(shows, before, ours)));
            for name in names.filter(|_| slot == Slot::Label) {
                add(&mut own.values, &name);
            }
            for value in &may_return {
                add(&mut own.values, value);
            }
            // What a person set meanwhile may have ended what runs, or be the own value.
            own.contest();
        }
    }

    pub(crate) fn activate(&mut self, instance: usize) {
        let on = matches!(self.configs[instance].phase, Phase::Active | Phase::Removing);
        if self.closing_time || self.t < self.inactive_until[instance] || on {
            return;
        }
        self.tally.changes_by_administrators += 1;
        self.activations += 1;
        self.configs[instance].activation = self.activations;
        self.configs[instance].phase = Phase::Active;
        for user in 0..self.people.len() {
            if let Some(memory) = &mut self.memory {
                let known = &mut memory.users[instance][user];
                known.read_at = known.read.as_ref().map_or(0, |_| known.read_at);
                known.confirmed = false;
            }
            self.poll_soon((instance, user), 2 * SECOND);
        }
        let run = self.run;
        self.after(500, Due::Directory { run, instance });
        self.everybody(Cause::Any);
        self.disturb_all(CALM + 5 * SECOND);
    }

    /// The instance is moved to another group: it is closed where it is, and begins anew where it is to be (§7.7).
    pub(crate) fn moves(&mut self, instance: usize) {
        if self.configs[instance].phase != Phase::Active {
            return;
        }
        self.tally.moves += 1;
        self.configs[instance].phase = Phase::Removing;
        self.everybody(Cause::Any);
        self.disturb_all(CALM);
    }

    pub(crate) fn moves_back(&mut self, instance: usize) {
        if self.configs[instance].phase != Phase::Active {
            self.after(10 * MINUTE, Due::MovesBack { instance });
        } else if self.elsewhere[instance] {
            self.moves(instance);
        }
    }

    /// The last hold of the old place is settled.
    pub(crate) fn begins_anew(&mut self, instance: usize) {
        let Some(memory) = &mut self.memory else { return };
        if self.t < self.store_fails_until {
            return;
        }
        self.elsewhere[instance] = !self.elsewhere[instance];
        self.disk.states.retain(|(of, _), _| *of != instance);
        self.disk.stale.retain(|(of, _), _| *of != instance);
        self.disk.agendas.retain(|(of, _, _), _| *of != instance);
        self.disk.addresses.retain(|(of, _), _| *of != instance);
        self.disk.pauses.retain(|(of, _), _| *of != instance);
        self.disk.members[instance].clear();
        self.disk.text_limits[instance] = None;
        memory.pauses.retain(|(of, _), _| *of != instance);
        memory.memberships[instance] = Membership::default();
        memory.text_limits[instance] = None;
        for user in &mut memory.users[instance] {
            let token = user.token + 1;
            *user = User { token, ..User::default() };
        }
        for person in &mut self.people {
            person.parked[instance].clear();
        }
        self.activations += 1;
        self.configs[instance].activation = self.activations;
        self.configs[instance].phase = Phase::Active;
        let run = self.run;
        self.after(500, Due::Directory { run, instance });
        self.everybody(Cause::Any);
        self.disturb_all(CALM + 5 * SECOND);
    }

    /// Somebody has the user left alone for a while. A pause is on disk before it begins (§7.10).
    pub(crate) fn pause(&mut self, key: Key, lasting: Millis) {
        let until = self.now() + lasting;
        let Some(memory) = &mut self.memory else { return };
        if self.t < self.store_fails_until {
            return;
        }
        self.tally.pauses += 1;
        self.disk.pauses.insert(key, until);
        memory.pauses.insert(key, until);
        self.reconsider(key.1);
        self.end_pauses();
    }

    /// Ends the pauses that are over, and comes back for the others.
    pub(crate) fn end_pauses(&mut self) {
        let (run, now) = (self.run, self.now());
        let Some(memory) = &mut self.memory else { return };
        let over: Vec<Key> = memory.pauses.iter().filter(|(_, until)| **until <= now).map(|(key, _)| *key).collect();
        memory.pauses.retain(|_, until| *until > now);
        let next = memory.pauses.values().min().copied();
        for (_, user) in over {
            self.reconsider(user);
        }
        if let Some(next) = next {
            self.after(next - now, Due::PauseEnds { run });
        }
    }

    fn reconsider(&mut self, user: usize) {
        if let Some(memory) = &mut self.memory {
            memory.touch((0, user), Cause::Any);
            memory.touch((1, user), Cause::Any);
        }
        self.disturb(user, CALM);
    }
}
