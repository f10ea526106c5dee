//! Looking after the promises while the program works: the round of the service, with a look at everything that goes
//! through it.

use std::collections::BTreeMap;

use busylamp_core::{
    account::Value,
    batch::rank,
    explain::Speaker,
    hold::{Act, Purpose},
    journal::{Commits, Journal},
    keeper::{Account, Standing, Step, UserState},
    language::Language,
};

use crate::{
    model::{Shadow, Sight, Wanted, add, label, leads},
    outcome::Invariant,
    place::{SLOTS, Slot},
    sabotage::Sabotage,
    shell::{Cause, Key, Memory, Outgoing, Phase},
    time::{HOUR, Millis, SECOND, instant, millis},
    world::{CALM, Due, World},
};

/// Writes are gathered for this long before they leave.
const GATHER: Millis = 20;
/// Writes to one place of an account in any hour. Refused give-backs alone make some twenty.
const STORM: usize = 30;
/// Rounds at one instant.
const ROUNDS: usize = 60;

/// What is remembered of writes.
pub(crate) struct Watch {
    pub(crate) flights: u64,
    places: Vec<[Place; SLOTS]>,
    on_their_way: Vec<u32>,
    steps: u64,
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

    /// Holds a step against the rules; returns what the model remembers after it.
    fn look(&mut self, key: Key, cause: Cause, standing: Standing, step: &mut Step) -> Shadow {
        let (instance, user) = key;
        let now = self.now();
        self.watch.steps += 1;
        if !matches!(standing, Standing::HeldByAnother | Standing::Closing { keep: true }) {
            self.unpark(instance, user);
        }
        let mut shadow =
            self.memory.as_ref().map(|memory| memory.users[instance][user].shadow.clone()).unwrap_or_default();
        let mut complaints: Vec<(Invariant, String)> = Vec::new();
        let mut open = Vec::new();
        {
            let Some(memory) = &self.memory else { return shadow };
            let known = &memory.users[instance][user];
            let config = &self.configs[instance];
            let policy = &*config.policy;
            let live = &memory.accounts[user];
            let followed = standing == Standing::Member && known.address.is_some();
            let sight = match (&known.read, followed && !step.report.calendar_unknown) {
                (Some(read), true) => Sight::new(read, policy, config.stamp, &self.plan.zone, &mut shadow, now),
                _ => {
                    if followed {
                        shadow.forget_latch();
                    } else {
                        shadow.forget();
                    }
                    Sight::default()
                }
            };
            if followed && !step.report.calendar_unknown {
                for ended in &mut shadow.ended {
                    ended.retain(|event| sight.running.contains(event));
                }
            }
            let sees = matches!(live.mirror.account(), Account::Shown { .. }) && !live.in_flight;
            if matches!(live.mirror.account(), Account::Gone) {
                shadow.forget();
            }
            if sees {
                for slot in Slot::ALL {
                    if followed && leads(policy, slot) {
                        shadow.ended[slot.index()].clear();
                    }
                }
                let own = &self.people[user].own;
                let stale = self.disk.stale.get(&key).copied().unwrap_or_default();
                let fresh = |slot: Slot| {
                    let by_hand = live.by_hand[slot.index()] && live.seen[slot.index()] > shadow.seen[slot.index()];
                    by_hand || stale[slot.index()]
                };
                let presence_changed = fresh(Slot::Presence);
                let newly: Vec<Slot> = Slot::ALL.into_iter().filter(|slot| fresh(*slot)).collect();
                for slot in newly {
                    let dimension = slot.dimension();
                    let held = known.state.holds().find(|(of, _)| **of == dimension).map(|(_, hold)| hold);
                    // A give-back that is answered in this very step has ended the hold before anything is judged.
                    let held = held.filter(|hold| {
                        let back = hold.pending.as_ref().filter(|pending| pending.purpose == Purpose::GiveBack);
                        back.is_none_or(|back| known.answers.iter().all(|answer| answer.number != back.number))
                    });
                    let shows = match live.mirror.account() {
                        Account::Shown { state, .. } => state.value(&dimension),
                        Account::Unknown | Account::Gone => None,
                    };
                    let foreign = held.zip(shows).is_some_and(|(hold, shows)| !hold.is_ours(&shows));
                    let by_rule = match slot {
                        Slot::Presence => false,
                        Slot::Text => !presence_changed,
                        Slot::Dnd | Slot::External | Slot::Internal | Slot::Nowhere | Slot::Label => true,
                    };
                    let wanted = sight.wanted(slot, policy, own, &shadow.ended);
                    if foreign && by_rule && !leads(policy, slot) {
                        match wanted {
                            Wanted::This { .. } => shadow.ended[slot.index()].clone_from(&sight.running),
                            // Ended or not: that depends on what is open already.
                            Wanted::Open => open.push(slot),
                            Wanted::Nothing => {}
                        }
                    }
                }
                shadow.seen = live.seen;
            }
            // Explained: the decision is the model's, and the report names the writes.
            let stale = self.sabotage == Sabotage::StaleReports;
            let report = if stale { &known.report } else { &step.report };
            let decision = &report.decision;
            let number = |id: &Option<busylamp_core::ids::EventId>| {
                id.as_ref().and_then(|id| id.as_str().trim_start_matches('e').parse::<u32>().ok())
            };
            let text = decision.text.as_ref().map(|text| text.as_str().to_owned());
            let texts_agree = if self.plan.cuts_texts_at.is_some() {
                text.is_some() == sight.text.is_some()
            } else {
                text == sight.text
            };
            let agrees = number(&decision.winner) == sight.winner
                && number(&decision.action_from) == sight.action_from
                && decision.dnd == sight.dnd
                && decision.forward.external == sight.external
                && decision.forward.internal == sight.internal
                && decision.presence == sight.presence
                && texts_agree;
            if !agrees {
                complaints.push((
                    Invariant::Explained,
                    format!("the report's decision is {decision:?}, the model's {sight:?}"),
                ));
            }
            for write in &step.writes {
                let told = report.lines.get(&write.dimension).map(|line| &line.act);
                if told != Some(&Act::Write { value: write.to.clone(), purpose: write.purpose }) {
                    complaints.push((
                        Invariant::Explained,
                        format!("{} is written and the report says {told:?}", write.dimension),
                    ));
                }
            }
            let told = report.lines.values().filter(|line| matches!(line.act, Act::Write { .. })).count();
            if told != step.writes.len() {
                complaints.push((Invariant::Explained, format!("{told} writes are told, {} leave", step.writes.len())));
            }
            if self.watch.steps.is_multiple_of(64) {
                let speaker = Speaker { language: Language::German, zone: &self.plan.zone };
                let said = speaker.explain(None, report, crate::time::instant(now));
                let silent = said.dimensions.iter().any(|(_, sentence)| sentence.is_empty());
                if silent || said.dimensions.len() < report.lines.len() {
                    complaints.push((Invariant::Explained, "a place has no sentence".to_owned()));
                }
            }
            // A person's change stands against the events that ran then.
            for write in &step.writes {
                let Some(slot) = Slot::of(&write.dimension) else { continue };
                let from = match slot.is_switch() {
                    true => sight.action_from,
                    false => sight.winner,
                };
                let ended = from.is_some_and(|from| shadow.ended[slot.index()].contains(&from));
                let own = &self.people[user].own[slot.index()];
                let theirs = live.by_hand[slot.index()] && own.values.contains(&write.from) && !own.contested;
                if write.purpose != Purpose::GiveBack && ended && theirs && sees {
                    complaints.push((
                        Invariant::PersonRespected,
                        format!(
                            "{} is written over by event {from:?}, which a person had ended: {} {} {:?}",
                            write.dimension,
                            write.from.reveal(),
                            write.to.reveal(),
                            write.purpose
                        ),
                    ));
                }
            }
            // A reading that failed ends nothing.
            let due = known.wake.is_some_and(|wake| millis(wake) <= now);
            let same_belief = known.report.calendar_unknown == step.report.calendar_unknown;
            // What could not be committed is decided again and again.
            let stored = memory.commits == Commits::default() && self.t >= self.store_fails_until;
            let idle = known.answers.is_empty() && !known.report.waits && same_belief && stored;
            if cause == Cause::FailedReading && !due && idle && !step.writes.is_empty() {
                let what = step.writes.iter().map(|write| write.dimension.to_string()).collect::<Vec<_>>().join(", ");
                complaints
                    .push((Invariant::FailedReadingEndsNothing, format!("after a failed reading {what} is written")));
            }
            if step.wake.is_some_and(|wake| wake <= crate::time::instant(now)) {
                complaints.push((Invariant::ComesToRest, "the next step is not later".to_owned()));
            }
        }
        for (invariant, what) in complaints {
            self.broken(invariant, user, what);
        }
        let person = &mut self.people[user];
        for slot in open {
            person.own[slot.index()].contest();
        }
        let seen = self.memory.as_ref().map_or([0; SLOTS], |memory| memory.accounts[user].seen);
        for slot in step.writes.iter().filter_map(|write| Slot::of(&write.dimension)) {
            if person.phone.changes[slot.index()] > seen[slot.index()] {
                // Somebody has changed it, and the decision could not know yet.
                self.tally.races += 1;
                person.own[slot.index()].contest();
            }
        }
        for (dimension, hold) in step.state.holds() {
            // Taken with a write or without.
            if let Some(slot) = Slot::of(dimension) {
                add(&mut person.own[slot.index()].written, &hold.ours);
            }
        }
        self.sabotage_step(step);
        shadow
    }

    /// The planted faults that reach into what is remembered.
    fn sabotage_step(&self, step: &mut Step) {
        let parts = [(Sabotage::IgnoresPeople, "sleeping"), (Sabotage::FightsOn, "fight")];
        let Some((_, part)) = parts.into_iter().find(|(sabotage, _)| *sabotage == self.sabotage) else { return };
        let Ok(mut written) = serde_json::to_value(&step.state) else { return };
        let Ok(empty) = serde_json::to_value(busylamp_core::hold::Keeping::<Value>::default()) else { return };
        if let Some(dimensions) = written["dimensions"].as_object_mut() {
            for keeping in dimensions.values_mut() {
                keeping[part] = empty[part].clone();
            }
        }
        if let Ok(state) = serde_json::from_value::<UserState>(written) {
            step.state = state;
        }
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
                        self.disk.stale.remove(key);
                        self.disk.states.insert(*key, (step.state.clone(), shadow.clone()));
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

    fn watch_sending(&mut self, outgoing: &Outgoing) {
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

    /// Closing instances whose last hold is settled are done with.
    fn close_settled(&mut self) {
        let Some(memory) = &self.memory else { return };
        for instance in [0, 1] {
            let settled = || memory.users[instance].iter().all(|known| known.state.is_settled());
            if self.configs[instance].phase == Phase::Closing && settled() {
                self.configs[instance].phase = Phase::Inactive;
            }
        }
    }

    pub(crate) fn memory_mut(&mut self, user: usize) -> &mut crate::shell::Live {
        match &mut self.memory {
            Some(memory) => &mut memory.accounts[user],
            None => unreachable!("only asked while the program runs"),
        }
    }

    // ---- the model, once it is calm -----------------------------------------------------------------------------

    /// Everything could be reached for a minute, and nothing has happened: each place is held against the model.
    pub(crate) fn check(&mut self, user: usize) {
        self.people[user].check_queued = false;
        let later = self.not_before(user);
        if let Some(later) = later {
            self.people[user].check_queued = true;
            self.at(later, Due::Check { user });
            return;
        }
        self.people[user].rechecks = 0;
        self.hold_against_model(user);
        let next = self.next_edge(user);
        self.people[user].check_queued = true;
        self.at(next, Due::Check { user });
    }

    /// The instant before which the user can't be judged, if that is later than now.
    fn not_before(&mut self, user: usize) -> Option<Millis> {
        let t = self.t;
        let person = &self.people[user];
        if t < person.calm_at {
            return Some(person.calm_at);
        }
        let away = self.pbx_away_until.max(self.store_fails_until).max(self.suspended_until);
        if t < away {
            return Some(away + CALM);
        }
        let Some(memory) = &self.memory else { return Some(t + CALM) };
        if let Some(edge) = self.edges(user).into_iter().filter(|edge| *edge <= t).max()
            && t < edge + CALM
        {
            return Some(edge + CALM);
        }
        if self.now() < self.latest {
            // After a step back nothing is undone until the clock has come to where it was.
            return Some(t + self.latest - self.now() + CALM);
        }
        let live = &memory.accounts[user];
        let blind = !memory.sees(user) && person.phone.exists || live.seen != person.phone.changes;
        if live.in_flight || live.reading || blind {
            self.people[user].rechecks += 1;
            if self.people[user].rechecks > 30 {
                self.broken(Invariant::Taken, user, "the account is not read for many minutes".to_owned());
            }
            return Some(t + 20 * SECOND);
        }
        None
    }

    /// When appointments begin and end in the readings in force, by true time.
    fn edges(&self, user: usize) -> Vec<Millis> {
        let Some(memory) = &self.memory else { return Vec::new() };
        let zone = &self.plan.zone;
        let reads = memory.users.iter().filter_map(|users| users[user].read.as_ref());
        let near = |edge: &Millis| (edge - self.now()).abs() < 12 * HOUR;
        reads
            .flat_map(|read| read.appointments.iter())
            .flat_map(|event| <[Millis; 2]>::from(event.interval(zone)))
            .filter(near)
            .map(|edge| edge - self.skew)
            .collect()
    }

    fn next_edge(&self, user: usize) -> Millis {
        let next = self.edges(user).into_iter().filter(|edge| *edge > self.t).min();
        next.map_or(self.t + 6 * HOUR, |edge| edge + CALM)
    }

    fn hold_against_model(&mut self, user: usize) {
        if !self.people[user].phone.exists {
            return;
        }
        let now = self.now();
        let (account, configs) = (&self.accounts[user], &self.configs);
        let Some(memory) = &self.memory else { return };
        let follows = |instance: usize| {
            memory.is_member(instance, account, &configs[instance]) && memory.users[instance][user].address.is_some()
        };
        let owner = memory.owner(user, account, configs);
        let holds = |instance: usize| !memory.users[instance][user].state.is_settled();
        if holds(0) && holds(1) {
            self.broken(Invariant::OneOwner, user, "both instances hold the account".to_owned());
            return;
        }
        let first = [0, 1]
            .into_iter()
            .filter(|i| memory.is_member(*i, account, &configs[*i]))
            .min_by_key(|i| configs[*i].activation);
        if let (Some(first), Some(owner)) = (first, owner)
            && first != owner
            && !holds(owner)
        {
            self.broken(Invariant::OneOwner, user, "the account is kept from the instance that was first".to_owned());
            return;
        }
        let acting = owner.filter(|owner| follows(*owner));
        let mut kept = false;
        let mut sight = Sight::default();
        let mut ended = Shadow::default().ended;
        if let Some(instance) = acting {
            let known = &memory.users[instance][user];
            let config = &configs[instance];
            match &known.read {
                Some(read) if !known.report.calendar_unknown => {
                    let mut shadow = known.shadow.clone();
                    sight = Sight::new(read, &config.policy, config.stamp, &self.plan.zone, &mut shadow, now);
                    ended = shadow.ended;
                }
                Some(_) => {}
                // Holds from before a start are kept to the end that they know.
                None => kept = true,
            }
        }
        let policy = acting.map(|instance| configs[instance].policy.clone());
        let mut wrong = None;
        let mut settled = Vec::new();
        for slot in Slot::ALL {
            let person = &self.people[user];
            let own = &person.own[slot.index()];
            let shows = &person.phone.values[slot.index()];
            let held = [0, 1]
                .into_iter()
                .any(|instance| memory.users[instance][user].state.holds().any(|(of, _)| Slot::of(of) == Some(slot)));
            let wanted = match &policy {
                Some(policy) => sight.wanted(slot, policy, &person.own, &ended),
                None => Wanted::Nothing,
            };
            let wanted = if kept && held { Wanted::Open } else { wanted };
            match &wanted {
                Wanted::Open => self.tally.open_checks += 1,
                _ if own.contested || own.values.len() > 1 => self.tally.open_checks += 1,
                Wanted::Nothing | Wanted::This { .. } => self.tally.strict_checks += 1,
            }
            // A label goes with the text: where that is open, it is open whether the text is ended (§6.10).
            let contested = own.contested || slot == Slot::Label && person.own[Slot::Text.index()].contested;
            let right = match &wanted {
                Wanted::Open => true,
                Wanted::Nothing => {
                    let open = contested && !sight.running.is_empty();
                    own.may_be(shows) || open && own.written.contains(shows)
                }
                Wanted::This { value, .. } => {
                    self.is_like(slot, value, shows, own)
                        || contested && (own.may_be(shows) || own.written.contains(shows))
                }
            };
            if !right {
                let (invariant, expected) = match &wanted {
                    Wanted::This { value, .. } => (Invariant::Taken, value.clone()),
                    Wanted::Nothing | Wanted::Open => (Invariant::GivenBack, own.values[0].clone()),
                };
                let what = format!(
                    "{slot:?} shows `{}`, expected `{}` ({wanted:?}); own {:?}, held {held}, owner {owner:?}, contested {}, running {:?}",
                    shows.reveal(),
                    expected.reveal(),
                    own.values.iter().map(Value::reveal).collect::<Vec<_>>(),
                    own.contested,
                    sight.running,
                );
                wrong.get_or_insert((invariant, what, (slot, expected)));
            }
            if !held && sight.running.is_empty() && !kept {
                settled.push(slot);
            }
        }
        if let Some((invariant, what, expected)) = wrong {
            self.broken_expecting(invariant, user, what, Some(expected));
            return;
        }
        if user == 0 {
            let values = &self.people[0].phone.values;
            self.last_calm = (self.t, Slot::ALL.into_iter().map(|slot| (slot, values[slot.index()].clone())).collect());
        }
        let person = &mut self.people[user];
        for slot in settled {
            let shows = person.phone.values[slot.index()].clone();
            person.own[slot.index()].settle(&shows);
        }
    }

    /// Whether a shown value is what is wanted, as the telephone system keeps it.
    fn is_like(&self, slot: Slot, wanted: &Value, shows: &Value, own: &crate::model::Own) -> bool {
        let (Value::Text(wanted), Value::Text(shows)) = (wanted, shows) else { return wanted == shows };
        let (wanted, shows) = (wanted.as_str(), shows.as_str());
        let like = |wanted: &str| match self.plan.cuts_texts_at {
            None => shows == wanted,
            // What is cut ends anywhere, with or without `…`.
            Some(_) => shows.chars().next() == wanted.chars().next(),
        };
        match slot {
            Slot::Label => own.values.iter().chain(own.earlier.iter().filter(|_| own.contested)).any(|own| match own {
                Value::Text(own) => like(&label(own.as_str(), wanted)),
                Value::Switch(_) | Value::Presence(_) => false,
            }),
            Slot::Text | Slot::Dnd | Slot::External | Slot::Internal | Slot::Nowhere | Slot::Presence => like(wanted),
        }
    }

    /// The end: nothing is left on disk, and every account is its user's.
    pub(crate) fn nothing_left(&mut self) {
        let left = self.disk.states.iter().find(|(_, (state, _))| !state.is_settled()).map(|(key, _)| *key);
        if let Some((instance, user)) = left {
            self.broken(Invariant::NothingLeft, user, format!("instance {instance} still holds something on disk"));
            return;
        }
        for user in 0..self.people.len() {
            let person = &self.people[user];
            let foreign = Slot::ALL.into_iter().find(|slot| {
                person.phone.exists && !person.own[slot.index()].may_be(&person.phone.values[slot.index()])
            });
            if let Some(slot) = foreign {
                let shows = person.phone.values[slot.index()].reveal().to_owned();
                let own: Vec<_> =
                    person.own[slot.index()].values.iter().map(|value| value.reveal().to_owned()).collect();
                self.broken(Invariant::NothingLeft, user, format!("{slot:?} shows `{shows}` in the end, own {own:?}"));
                return;
            }
        }
    }
}
