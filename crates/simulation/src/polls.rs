//! Readings of the calendar: when mailboxes are asked, and what becomes of the answers.

use std::rc::Rc;

use crate::{
    calendar::{Appointment, Read},
    due::Due,
    sabotage::Sabotage,
    shell::{Cause, Key, Phase},
    time::{HOUR, MINUTE, Millis, SECOND},
    world::{CALM, POLL, World},
};

impl World<'_> {
    /// An appointment was made, moved or deleted: the next poll tells.
    pub(crate) fn calendar_changed(&mut self, user: usize) {
        for instance in [0, 1] {
            if let Some(memory) = &mut self.memory {
                let now = self.t + self.skew - self.t.rem_euclid(POLL);
                let known = &mut memory.users[instance][user];
                if std::mem::replace(&mut known.confirmed, false) {
                    known.read_at = known.read_at.max(now);
                    self.poll_soon((instance, user), POLL);
                }
            }
        }
        self.disturb(user, POLL + CALM);
    }

    pub(crate) fn poll_soon(&mut self, key: Key, within: Millis) {
        let run = self.run;
        let span = self.people[key.1].dice.range(0, within);
        self.after(span, Due::Poll { run, key });
    }

    pub(crate) fn calendar_goes(&mut self) {
        if self.calendar_is_away() {
            return;
        }
        for key in self.keys() {
            let now = self.t + self.skew - self.t.rem_euclid(POLL);
            let Some(memory) = &mut self.memory else { return };
            let known = &mut memory.users[key.0][key.1];
            if std::mem::replace(&mut known.confirmed, false) {
                known.read_at = known.read_at.max(now);
                self.poll_soon(key, POLL);
            }
        }
    }

    pub(crate) fn calendar_comes(&mut self) {
        for key in self.keys() {
            let Some(memory) = &mut self.memory else { return };
            let known = &mut memory.users[key.0][key.1];
            if !known.confirmed && known.poll_failures > 0 {
                known.poll_failures = 0;
                self.poll_soon(key, POLL);
                self.disturb(key.1, POLL + CALM);
            }
        }
    }

    pub(crate) fn poll(&mut self, key: Key) {
        let (instance, user) = key;
        if self.configs[instance].phase != Phase::Active {
            return;
        }
        let away = self.calendar_is_away();
        let Some(memory) = &self.memory else { return };
        let known = &memory.users[instance][user];
        let Some(mailbox) = known.address else { return };
        if known.confirmed || !memory.is_member(instance, &self.accounts[user], &self.configs[instance]) {
            return;
        }
        let run = self.run;
        let person = &mut self.people[user];
        let span = person.dice.range(50, 2000);
        let fails = away || self.plan.rough_network && person.dice.in_thousand(30);
        let truth = || person.mailboxes[usize::from(mailbox != 0)].values().cloned().collect::<Vec<_>>();
        let (whole, lied) = match person.lie.take().filter(|_| !fails && mailbox == 0) {
            _ if fails => (None, false),
            Some(true) => (Some(person.old.clone()), true),
            Some(false) => (Some(truth().into_iter().filter(|event| event.id % 2 == 0).collect()), true),
            None => (Some(truth()), false),
        };
        self.after(span, Due::Polled { run, key, whole, lied });
    }

    pub(crate) fn polled(&mut self, key: Key, whole: Option<Vec<Appointment>>, lied: bool) {
        let (instance, user) = key;
        let now = self.now();
        let config = &self.configs[instance];
        let Some(memory) = &mut self.memory else { return };
        let known = &mut memory.users[instance][user];
        known.tried = true;
        let Some(mailbox) = known.address else { return };
        let whole = match (whole, self.sabotage) {
            (None, Sabotage::FailureIsEmpty) => Some(Vec::new()),
            (whole, _) => whole,
        };
        match whole {
            None => {
                self.tally.failed_readings += 1;
                let pause = (POLL << known.poll_failures.min(8)).min(2 * HOUR);
                known.poll_failures += 1;
                memory.touch(key, Cause::FailedReading);
                let pause = if self.calendar_away_until > self.t { pause } else { POLL };
                self.poll_soon(key, pause + 1);
                self.disturb(user, POLL + CALM + 3 * SECOND);
            }
            Some(appointments) => {
                let read = Rc::new(Read::new(&appointments, &config.reading, now, &self.plan.zone));
                known.read = Some(Rc::clone(&read));
                known.read_at = now;
                known.poll_failures = 0;
                known.confirmed = !lied && self.sabotage != Sabotage::FailureIsEmpty;
                let cause = if self.sabotage == Sabotage::FailureIsEmpty && appointments.is_empty() {
                    Cause::FailedReading
                } else {
                    Cause::Any
                };
                memory.touch(key, cause);
                if self.t >= self.store_fails_until {
                    self.disk.agendas.insert((instance, user, mailbox), (read, now));
                }
                if lied {
                    self.tally.wrong_readings += 1;
                    self.poll_soon(key, 5 * MINUTE);
                }
                self.disturb(user, if lied { 5 * MINUTE + CALM } else { CALM });
            }
        }
    }
}
