//! Administrators: policies, and instances that are switched off and on.

use std::rc::Rc;

use busylamp_core::policy::Policy;

use crate::{
    calendar::Read,
    due::Due,
    model::{add, without},
    people::Parked,
    place::Slot,
    shell::{Cause, Config, Memory, Phase},
    time::{Millis, SECOND},
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
        if self.closing_time || self.t < self.inactive_until[instance] || self.configs[instance].phase == Phase::Active
        {
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
}
