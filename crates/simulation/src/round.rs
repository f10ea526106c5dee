//! The rounds of the program: everybody concerned is stepped, what changed is committed, and only then do writes leave.

use busylamp_core::{
    batch::rank,
    hold::Purpose,
    journal::Journal,
    keeper::{Step, UserState},
};

use crate::{
    due::Due,
    model::Shadow,
    outcome::Invariant,
    place::SLOTS,
    sabotage::Sabotage,
    shell::{Cause, Key, Memory, Outgoing, Phase},
    time::{Millis, instant, millis},
    world::World,
};

/// Writes are gathered for this long before they leave.
const GATHER: Millis = 20;
/// Rounds at one instant.
const ROUNDS: usize = 60;

impl World<'_> {
    /// Rounds until nobody is left to be stepped at this instant.
    pub(crate) fn rounds(&mut self) {
        for _ in 0..ROUNDS {
            if self.memory.as_ref().is_none_or(|memory| memory.dirty.is_empty()) || self.t < self.suspended_until {
                return;
            }
            self.round();
        }
        self.broken(Invariant::ComesToRest, 0, "the program does not come to rest".to_owned());
    }

    /// Steps everybody concerned, commits, sends.
    fn round(&mut self) {
        let Some(memory) = &mut self.memory else { return };
        let dirty = std::mem::take(&mut memory.dirty);
        let journal = memory.commits.journal(instant(self.t + self.skew));
        let mut steps = Vec::new();
        for (key, cause) in dirty {
            let Some((step, shadow)) = self.step(key, cause, journal) else { return };
            steps.push((key, cause, step, shadow));
        }
        self.commit(steps);
        self.close_settled();
    }

    /// One step of one user, looked at.
    fn step(&mut self, key: Key, cause: Cause, journal: Journal) -> Option<(Step, Shadow)> {
        let (mut step, standing) = self.memory.as_ref()?.step(key, journal, &self.surroundings());
        self.tally.keeper_steps += 1;
        let shadow = self.look(key, cause, standing, &mut step);
        Some((step, shadow))
    }

    /// All changed states in one transaction, then the writes; if the store can't, users are told so and stepped again.
    fn commit(&mut self, steps: Vec<(Key, Cause, Step, Shadow)>) {
        if !self.effect() {
            return;
        }
        let now = instant(self.now());
        let Some(memory) = &mut self.memory else { return };
        let tries_again = memory.commits.tries_again(now);
        let changes = |memory: &Memory, key: Key, step: &Step| step.changes(&memory.users[key.0][key.1].state);
        let learns = tries_again || steps.iter().any(|(key, _, step, _)| changes(memory, *key, step));
        let committed = !learns || self.t >= self.store_fails_until;
        if !committed {
            self.tally.failed_commits += 1;
            memory.commits.failed(now);
            self.commit_again();
        } else if learns {
            self.tally.commits += 1;
            if !matches!(self.sabotage, Sabotage::DropsTheJournal | Sabotage::SendsBeforeCommit) {
                for (key, _, step, shadow) in &steps {
                    if changes(memory, *key, step) {
                        self.disk.commit(*key, step.state.clone(), shadow.clone());
                    }
                }
            }
            if memory.commits.succeeded() {
                self.everybody(Cause::Any);
            }
            if !self.effect() {
                return;
            }
        }
        for (key, cause, step, shadow) in steps {
            let counts = |world: &Self, step: &Step| {
                let memory = world.memory.as_ref();
                memory.is_some_and(|memory| step.counts_uncommitted(&memory.users[key.0][key.1].state))
            };
            if committed || counts(self, &step) {
                self.adopt(key, step, shadow);
            } else if let Some((step, shadow)) = self.step(key, cause, Journal::Failing)
                && counts(self, &step)
            {
                self.adopt(key, step, shadow);
            }
        }
    }

    /// The next commit that may take something is tried when the program's clock says so.
    pub(crate) fn commit_again(&mut self) {
        let Some(at) = self.memory.as_ref().and_then(|memory| memory.commits.next_try()) else { return };
        let (run, at) = (self.run, millis(at) - self.skew);
        self.at(at, Due::CommitAgain { run });
    }

    /// Takes over a committed step: state, timers, writes.
    fn adopt(&mut self, key: Key, mut step: Step, shadow: Shadow) {
        let (instance, user) = key;
        let seen = self.memory.as_ref().map_or([0; SLOTS], |memory| memory.accounts[user].seen);
        let activation = self.configs[instance].activation;
        let now = self.t;
        let account = self.accounts[user].clone();
        let Some(memory) = &mut self.memory else { return };
        let known = &mut memory.users[instance][user];
        let released = !known.state.is_settled() && step.state.is_settled();
        if self.sabotage == Sabotage::ForgetsLeavers
            && self.configs[instance].phase == Phase::Active
            && !memory.memberships[instance].members().contains(&account)
        {
            step.state = UserState::default();
            step.writes.clear();
        }
        let swallows = self.sabotage == Sabotage::SwallowsGiveBacks
            || self.sabotage == Sabotage::LeavesTheLast && self.closing_time;
        if swallows && step.writes.iter().any(|write| write.purpose == Purpose::GiveBack) {
            step.state = UserState::default();
            step.writes.clear();
        }
        known.state = step.state;
        known.shadow = shadow;
        known.answers.clear();
        known.report = step.report;
        known.wake = step.wake;
        let holds = !known.state.is_settled();
        if released {
            memory.touch((1 - instance, user), Cause::Any);
        }
        if self.sabotage == Sabotage::NeverRests {
            memory.touch(key, Cause::Any);
        }
        if let Some(cut_at) = step.text_cut_at {
            let learned = memory.text_limits[instance].map_or(cut_at, |known| known.min(cut_at));
            memory.text_limits[instance] = Some(learned);
            self.disk.text_limits[instance] = Some(learned);
            for other in 0..memory.users[instance].len() {
                memory.touch((instance, other), Cause::Any);
            }
        }
        if holds && !memory.users[1 - instance][user].state.is_settled() {
            self.broken(Invariant::OneOwner, user, "both instances hold the account".to_owned());
        }
        self.arm(key);
        if step.writes.is_empty() {
            return;
        }
        let names = step
            .writes
            .iter()
            .map(|w| format!("{} {}→{} ({:?})", w.dimension, w.from.reveal(), w.to.reveal(), w.purpose));
        let names: Vec<String> = if self.tells { names.collect() } else { Vec::new() };
        self.tell(|| format!("user {user}, instance {instance}: {}", names.join(", ")));
        let Some(memory) = &mut self.memory else { return };
        memory.accounts[user].in_flight = true;
        memory.queue.push(Outgoing { key, activation, writes: step.writes, seen });
        if memory.flush_at.is_none() {
            memory.flush_at = Some(now + GATHER);
            let run = self.run;
            self.after(GATHER, Due::Flush { run });
        }
    }

    /// What was gathered leaves, ends before starts.
    pub(crate) fn flush(&mut self) {
        let Some(memory) = &mut self.memory else { return };
        memory.flush_at = None;
        let mut batch = std::mem::take(&mut memory.queue);
        let accounts = &self.accounts;
        batch.sort_by(|a, b| rank(&accounts[a.key.1], &a.writes).cmp(&rank(&accounts[b.key.1], &b.writes)));
        if self.sabotage == Sabotage::StartsFirst {
            batch.reverse();
        }
        let gives_back = |outgoing: &Outgoing| outgoing.writes.iter().any(|write| write.purpose == Purpose::GiveBack);
        if let Some(pair) = batch.windows(2).find(|pair| !gives_back(&pair[0]) && gives_back(&pair[1])) {
            let user = pair[1].key.1;
            self.broken(Invariant::EndsFirst, user, "an end waits for a start".to_owned());
        }
        for outgoing in batch {
            self.watch_sending(&outgoing);
            if self.sabotage == Sabotage::SendsTwice {
                self.send(outgoing.clone());
                self.watch_sending(&outgoing);
            }
            if self.sabotage == Sabotage::SendsBeforeCommit
                && let Some(memory) = &self.memory
            {
                let known = &memory.users[outgoing.key.0][outgoing.key.1];
                self.disk.states.insert(outgoing.key, (known.state.clone(), known.shadow.clone()));
            }
            self.send(outgoing);
            if !self.effect() {
                return;
            }
        }
    }

    /// Closing instances whose last hold is settled are done with.
    fn close_settled(&mut self) {
        let Some(memory) = &self.memory else { return };
        let mut moved = Vec::new();
        for instance in [0, 1] {
            let settled = || memory.users[instance].iter().all(|known| known.state.is_settled());
            match self.configs[instance].phase {
                Phase::Closing if settled() => self.configs[instance].phase = Phase::Inactive,
                Phase::Removing if settled() && self.closing_time => self.configs[instance].phase = Phase::Inactive,
                Phase::Removing if settled() => moved.push(instance),
                Phase::Active | Phase::Closing | Phase::Inactive | Phase::Removing => {}
            }
        }
        for instance in moved {
            self.begins_anew(instance);
        }
    }

    pub(crate) fn memory_mut(&mut self, user: usize) -> &mut crate::shell::Live {
        match &mut self.memory {
            Some(memory) => &mut memory.accounts[user],
            None => unreachable!("only asked while the program runs"),
        }
    }
}
