//! The program's life: how it starts and ends, is killed, and wakes.

use crate::{
    due::Due,
    sabotage::Sabotage,
    shell::{Cause, Key, Memory},
    time::{MINUTE, Millis, SECOND, instant},
    world::{CALM, POLL, World},
};

impl World<'_> {
    pub(crate) fn start(&mut self) {
        if self.memory.is_some() || self.t < self.starts_at {
            return;
        }
        self.run += 1;
        let (users, now) = (self.people.len(), self.now());
        self.tell(|| "the program starts".to_owned());
        self.memory = Some(Memory::start(&self.disk, users, &self.accounts, now));
        for user in 0..users {
            self.read_soon(user, SECOND);
        }
        for key in self.keys() {
            self.poll_soon(key, 3 * SECOND);
        }
        self.ask_directories();
        self.end_pauses();
        self.everybody(Cause::Any);
        self.disturb_all(CALM + 3 * SECOND);
    }

    /// Killed or stopped: what is on its way arrives, or not.
    pub(crate) fn ends(&mut self, lasting: Millis) {
        let surroundings_now = self.now();
        let since = self.t.rem_euclid(POLL);
        let Some(memory) = self.memory.take() else { return };
        self.tell(|| "the program ends".to_owned());
        self.watch.program_ended();
        // The store is told four times an hour that an unchanged agenda still stands.
        for (instance, users) in memory.users.iter().enumerate() {
            for (user, known) in users.iter().enumerate() {
                if let (Some(mailbox), true) = (known.address, known.confirmed)
                    && let Some((_, at)) = self.disk.agendas.get_mut(&(instance, user, mailbox))
                {
                    *at = (*at).max(surroundings_now - since - 15 * MINUTE).min(surroundings_now);
                }
                self.disk.outlives((instance, user), &known.state);
            }
        }
        self.starts_at = self.t + lasting.max(SECOND);
        let at = self.starts_at;
        self.at(at, Due::Starts);
        self.disturb_all(lasting + CALM);
    }

    /// One more effect has left the program; it may have been its last. Returns whether the program still runs.
    pub(crate) fn effect(&mut self) -> bool {
        self.tally.effects += 1;
        if self.crash_at_effect == Some(self.tally.effects) {
            self.tally.crashes += 1;
            self.crashes.push((self.t, self.t + 3 * SECOND));
            self.ends(3 * SECOND);
        }
        match self.crash_after {
            Some((0, lasting)) => {
                self.crash_after = None;
                if self.memory.is_some() {
                    self.tally.crashes += 1;
                    self.crashes.push((self.t, self.t + lasting.max(SECOND)));
                    self.ends(lasting);
                }
            }
            Some((more, lasting)) => self.crash_after = Some((more - 1, lasting)),
            None => {}
        }
        self.memory.is_some()
    }

    pub(crate) fn wakes(&mut self, key: Key, token: u64) {
        let now = instant(self.now());
        let Some(memory) = &mut self.memory else { return };
        let known = &memory.users[key.0][key.1];
        if known.token == token && known.wake.is_some_and(|wake| wake <= now) {
            memory.touch(key, Cause::Any);
        }
    }

    /// The clock was set: everybody's time to wake is another now. If it was set back, whatever waits for its time would
    /// wait the longer: everybody is looked at.
    pub(crate) fn look_at_the_clock(&mut self) {
        let now = self.now();
        let Some(memory) = &mut self.memory else { return };
        if now < std::mem::replace(&mut memory.looked, now) {
            self.everybody(Cause::Any);
        }
        self.end_pauses();
        for key in self.keys() {
            self.arm(key);
        }
    }

    pub(crate) fn arm(&mut self, key: Key) {
        let (run, now) = (self.run, self.now());
        let Some(memory) = &mut self.memory else { return };
        let known = &mut memory.users[key.0][key.1];
        known.token += 1;
        let token = known.token;
        let Some(wake) = known.wake else { return };
        let mut span = crate::time::millis(wake) + i64::from(wake.subsec_nanosecond() % 1_000_000 != 0) - now;
        if self.sabotage == Sabotage::Oversleeps {
            span += 10 * MINUTE;
        }
        let edge = known.report.until == Some(wake);
        self.after(span, Due::Wake { run, key, token });
        if edge && span > 5 * SECOND && self.people[key.1].dice.in_thousand(500) {
            self.read_soon(key.1, span - 5 * SECOND);
        }
    }
}
