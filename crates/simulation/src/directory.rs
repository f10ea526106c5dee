//! The telephone system's directory: who is in an instance's group, and with which mail address (§7.5, §7.8).

use std::collections::BTreeSet;

use crate::{
    due::Due,
    outcome::Invariant,
    shell::{Cause, Phase},
    time::{MINUTE, Millis, SECOND},
    world::{CALM, World},
};

impl World<'_> {
    pub(crate) fn true_members(&self, instance: usize) -> BTreeSet<usize> {
        let here = |user: usize| self.people[user].left_until[instance] <= self.t;
        // The other group has other members, and nobody leaves it but for a while.
        let there = |user: usize| {
            let away = self.people[user].left_until[instance];
            self.plan.users[user].number.is_multiple_of(2) && (away <= self.t || away == Millis::MAX)
        };
        let member = |user: &usize| if self.elsewhere[instance] { there(*user) } else { here(*user) };
        (0..self.people.len()).filter(member).collect()
    }

    /// Something changed in the telephone system's directory: it is read within five minutes.
    pub(crate) fn ask_directories(&mut self) {
        let run = self.run;
        for instance in [0, 1] {
            let span = 5 * MINUTE - self.t.rem_euclid(5 * MINUTE);
            self.after(span, Due::Directory { run, instance });
        }
    }

    pub(crate) fn directory(&mut self, instance: usize) {
        if self.configs[instance].phase != Phase::Active {
            return;
        }
        if self.pbx_is_away() {
            let (run, span) = (self.run, 15 * SECOND);
            self.after(span, Due::Directory { run, instance });
            return;
        }
        let members = self.true_members(instance);
        let names = members.iter().map(|user| self.accounts[*user].clone()).collect();
        let Some(memory) = &mut self.memory else { return };
        if !memory.memberships[instance].take(names) {
            let run = self.run;
            self.after(15 * SECOND, Due::Directory { run, instance });
            return;
        }
        let mut moved = self.disk.members[instance] != members;
        self.disk.members[instance] = members;
        let mut polls = Vec::new();
        for user in 0..self.people.len() {
            let address = match self.people[user].address_away {
                Some((other, until)) if self.t < until => other.then_some(1),
                Some(_) | None => Some(0),
            };
            let known = &mut memory.users[instance][user];
            if known.address != address {
                moved = true;
                known.address = address;
                // A changed address is a new mailbox, never read before.
                known.read = None;
                known.tried = false;
                known.confirmed = false;
                self.disk.addresses.insert((instance, user), address);
                self.disk.agendas.retain(|(of, whose, _), _| (*of, *whose) != (instance, user));
            }
            if !known.confirmed {
                polls.push((instance, user));
            }
        }
        if moved {
            memory.directory_stamps[instance] += 1;
            for key in polls {
                self.poll_soon(key, 2 * SECOND);
            }
            self.everybody(Cause::Any);
            self.disturb_all(CALM + 5 * SECOND);
        }
    }

    /// The telephone system hands out too short a list; the next one is whole again.
    pub(crate) fn half_directory(&mut self, instance: usize) {
        let few: Vec<usize> =
            self.disk.members[instance].iter().copied().take(self.disk.members[instance].len() / 3).collect();
        let names = few.iter().map(|user| self.accounts[*user].clone()).collect();
        let run = self.run;
        let Some(memory) = &mut self.memory else { return };
        if self.configs[instance].phase == Phase::Active && self.disk.members[instance].len() > 3 {
            if memory.memberships[instance].take(names) {
                self.broken(Invariant::Taken, 0, "a list with a third of the members counted at once".to_owned());
                return;
            }
            self.after(15 * SECOND, Due::Directory { run, instance });
            self.disturb_all(CALM + 15 * SECOND);
        }
    }
}
