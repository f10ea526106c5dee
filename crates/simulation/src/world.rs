//! The pretended world: true time, what is due when, and what happens from outside.

use std::collections::{BTreeMap, VecDeque};

use busylamp_core::{account::Value, ids::AccountId};

use crate::{
    dice::Dice,
    due::Due,
    model::Own,
    network::Flight,
    outcome::{Invariant, Tally, Violation},
    people::{Person, Phone},
    place::{SLOTS, Slot},
    plan::Plan,
    sabotage::Sabotage,
    sending::Watch,
    shell::{Cause, Config, Disk, Key, Memory, Phase, Surroundings},
    time::{HOUR, MINUTE, Millis, SECOND, instant},
};

/// Once all can be reached, everything is as it should be after this.
pub(crate) const CALM: Millis = 60 * SECOND;
/// After the clock was set or the machine slept, the program may look at it only so much later (its longest sleep).
pub(crate) const CLOCK_LOOK: Millis = 5 * SECOND;
/// The same as [`CALM`], from there on.
pub(crate) const CALM_AFTER_CLOCK: Millis = CALM + CLOCK_LOOK;
/// A refused give-back is repeated after five minutes at the latest.
pub(crate) const CALM_AFTER_REFUSAL: Millis = 6 * MINUTE + 5 * SECOND;
/// Polls of the calendar.
pub(crate) const POLL: Millis = 30 * SECOND;
/// The last effects that a failure report tells.
const REMEMBERED: usize = 400;

pub(crate) struct World<'p> {
    pub(crate) plan: &'p Plan,
    pub(crate) sabotage: Sabotage,
    pub(crate) t: Millis,
    pub(crate) seq: u64,
    pub(crate) queue: BTreeMap<(Millis, u64), Due>,
    pub(crate) skew: Millis,
    pub(crate) wrong_clocks: Vec<(Millis, Millis)>,
    pub(crate) pbx_away_until: Millis,
    pub(crate) calendar_away_until: Millis,
    pub(crate) store_fails_until: Millis,
    pub(crate) suspended_until: Millis,
    pub(crate) people: Vec<Person>,
    pub(crate) accounts: Vec<AccountId>,
    pub(crate) configs: [Config; 2],
    pub(crate) inactive_until: [Millis; 2],
    pub(crate) activations: u64,
    /// By instance: whether it is in the other group.
    pub(crate) elsewhere: [bool; 2],
    pub(crate) disk: Disk,
    pub(crate) memory: Option<Memory>,
    pub(crate) run: u32,
    pub(crate) starts_at: Millis,
    pub(crate) crash_after: Option<(u32, Millis)>,
    /// The effect after which the program is killed, whatever else happens.
    pub(crate) crash_at_effect: Option<u64>,
    /// When the program was killed, and when it started again.
    pub(crate) crashes: Vec<(Millis, Millis)>,
    /// When the first user was last held against the model, and what was shown.
    pub(crate) last_calm: (Millis, Vec<(Slot, Value)>),
    pub(crate) flights: BTreeMap<u64, Flight>,
    pub(crate) watch: Watch,
    pub(crate) tally: Tally,
    pub(crate) violation: Option<Violation>,
    pub(crate) told: VecDeque<String>,
    pub(crate) tells: bool,
    pub(crate) closing_time: bool,
}

impl<'p> World<'p> {
    pub(crate) fn new(plan: &'p Plan, sabotage: Sabotage) -> Self {
        let users = plan.users.len();
        let accounts: Vec<AccountId> = (0..users).map(|user| AccountId::new((1000 + user).to_string())).collect();
        let people = plan.users.iter().map(|start| {
            let mut values: [Value; SLOTS] = std::array::from_fn(|_| Value::Switch(false));
            for (slot, value) in &start.values {
                values[slot.index()] = value.clone();
            }
            let own = values.iter().cloned().map(Own::new).collect();
            let phone =
                Phone { values, by_hand: [true; SLOTS], changes: [0; SLOTS], exists: true, refused: Vec::new() };
            Person {
                phone,
                own,
                mailboxes: [BTreeMap::new(), BTreeMap::new()],
                old: Vec::new(),
                lie: None,
                address_away: None,
                gone_until: 0,
                left_until: start.member.map(|member| if member { 0 } else { Millis::MAX }),
                dice: Dice::new(plan.seed, &[4, start.number]),
                parked: [Vec::new(), Vec::new()],
                calm_at: 0,
                check_queued: false,
                rechecks: 0,
            }
        });
        let config = |instance: usize, id| {
            Config::new(id, plan.policies[instance].clone(), plan.active[instance], instance as u64)
        };
        let people = people.collect();
        let mut world = Self {
            plan,
            sabotage,
            t: plan.begins,
            seq: 0,
            queue: BTreeMap::new(),
            skew: 0,
            wrong_clocks: Vec::new(),
            pbx_away_until: 0,
            calendar_away_until: 0,
            store_fails_until: 0,
            suspended_until: 0,
            people,
            accounts,
            configs: [config(0, "a"), config(1, "b")],
            inactive_until: [0, 0],
            activations: 2,
            elsewhere: [false, false],
            disk: Disk::default(),
            memory: None,
            run: 0,
            starts_at: plan.begins,
            crash_after: None,
            crash_at_effect: None,
            crashes: Vec::new(),
            last_calm: (0, Vec::new()),
            flights: BTreeMap::new(),
            watch: Watch::new(users),
            tally: Tally::default(),
            violation: None,
            told: VecDeque::new(),
            tells: false,
            closing_time: false,
        };
        for instance in [0, 1] {
            world.disk.members[instance] = world.true_members(instance);
            for user in 0..users {
                world.disk.addresses.insert((instance, user), Some(0));
            }
        }
        world.at(plan.begins, Due::Starts);
        if let Some(first) = plan.entries.first() {
            world.at(first.at, Due::Outside(0));
        }
        world
    }

    /// Runs to the end, or to the first broken promise.
    pub(crate) fn run(&mut self) {
        let closing = self.plan.ends;
        while self.violation.is_none() {
            let Some(((at, _), due)) = self.queue.pop_first() else { break };
            if at >= closing && !self.closing_time {
                self.queue.insert((at, 0), due);
                self.t = closing;
                self.close();
                continue;
            }
            if self.closing_time && at > closing + 2 * HOUR {
                break;
            }
            self.t = at;
            self.tally.world_steps += 1;
            self.happen(due);
            // All who are due at one instant are in one round.
            while self
                .queue
                .first_key_value()
                .is_some_and(|((next, _), due)| *next == at && matches!(due, Due::Wake { .. }))
            {
                let Some((_, due)) = self.queue.pop_first() else { break };
                self.happen(due);
            }
            self.rounds();
        }
        if self.violation.is_none() {
            self.nothing_left();
        }
        let days = (self.t.min(closing) - self.plan.begins).max(0) / (24 * HOUR);
        self.tally.user_days = days.cast_unsigned() * self.people.len() as u64;
    }

    /// The end: all that is away comes back, both instances are switched off for good.
    fn close(&mut self) {
        self.closing_time = true;
        self.pbx_away_until = self.t;
        self.store_fails_until = self.t;
        self.suspended_until = self.t;
        self.crash_after = None;
        self.crash_at_effect = None;
        for person in &mut self.people {
            person.phone.refused.clear();
        }
        if self.memory.is_none() {
            self.start();
        }
        for instance in [0, 1] {
            // Whatever was parked is given back as well.
            let policy =
                busylamp_core::policy::Policy { keep_on_deactivate: false, ..(*self.configs[instance].policy).clone() };
            let phase = self.configs[instance].phase;
            self.configs[instance] = Config {
                phase: if phase == Phase::Active { Phase::Closing } else { phase },
                ..Config::new(self.configs[instance].id.as_str(), policy, false, self.configs[instance].activation)
            };
            if phase == Phase::Inactive && self.people.iter().any(|person| !person.parked[instance].is_empty()) {
                self.configs[instance].phase = Phase::Closing;
            }
        }
        self.everybody(Cause::Any);
        for user in 0..self.people.len() {
            self.read_soon(user, SECOND);
        }
        self.rounds();
    }

    pub(crate) fn at(&mut self, at: Millis, due: Due) {
        self.seq += 1;
        self.queue.insert((at.max(self.t), self.seq), due);
    }

    pub(crate) fn after(&mut self, span: Millis, due: Due) {
        self.at(self.t + span, due);
    }

    /// What the program takes for now.
    pub(crate) fn now(&self) -> Millis {
        self.t + self.skew
    }

    pub(crate) fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            configs: &self.configs,
            accounts: &self.accounts,
            zone: &self.plan.zone,
            now: self.now(),
            since_poll: self.t.rem_euclid(POLL),
            everybody_owns: self.sabotage == Sabotage::EverybodyOwns,
            overlaps: self.sabotage == Sabotage::Overlaps,
        }
    }

    /// A line of what happened lately, for the report of a failure.
    pub(crate) fn tell(&mut self, line: impl FnOnce() -> String) {
        if self.tells {
            if self.told.len() == REMEMBERED {
                self.told.pop_front();
            }
            let line = format!("{} {}", instant(self.t), line());
            self.told.push_back(line);
        }
    }

    pub(crate) fn broken(&mut self, invariant: Invariant, user: usize, what: String) {
        self.broken_expecting(invariant, user, what, None);
    }

    pub(crate) fn broken_expecting(
        &mut self,
        invariant: Invariant,
        user: usize,
        what: String,
        expected: Option<(Slot, Value)>,
    ) {
        let (at, step) = (self.t, self.tally.world_steps);
        self.violation.get_or_insert(Violation { invariant, user, at, step, what, expected });
    }

    /// Something happened to the user: they are looked at again when it has had time to settle.
    pub(crate) fn disturb(&mut self, user: usize, calm: Millis) {
        let person = &mut self.people[user];
        person.calm_at = person.calm_at.max(self.t + calm);
        if !std::mem::replace(&mut person.check_queued, true) {
            let at = person.calm_at;
            self.at(at, Due::Check { user });
        }
    }

    pub(crate) fn disturb_all(&mut self, calm: Millis) {
        for user in 0..self.people.len() {
            self.disturb(user, calm);
        }
    }

    pub(crate) fn everybody(&mut self, cause: Cause) {
        if let Some(memory) = &mut self.memory {
            for user in 0..self.people.len() {
                memory.touch((0, user), cause);
                memory.touch((1, user), cause);
            }
        }
    }

    pub(crate) fn pbx_is_away(&self) -> bool {
        self.t < self.pbx_away_until
    }

    pub(crate) fn calendar_is_away(&self) -> bool {
        self.t < self.calendar_away_until
    }

    pub(crate) fn keys(&self) -> Vec<Key> {
        let users = self.people.len();
        (0..2).flat_map(|instance| (0..users).map(move |user| (instance, user))).collect()
    }
}
