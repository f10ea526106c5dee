//! The pretended world: true time, what is due when, and what happens from outside.

use std::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
};

use busylamp_core::{account::Value, ids::AccountId, keeper::Answer, mirror::Ticket};

use crate::{
    calendar::{Appointment, Read},
    dice::Dice,
    model::{Own, add, without},
    network::{Flight, Seen},
    outcome::{Invariant, Tally, Violation},
    place::{SLOTS, Slot},
    plan::{Outside, Plan},
    sabotage::Sabotage,
    shell::{Cause, Config, Disk, Key, Memory, Phase, Surroundings},
    time::{HOUR, MINUTE, Millis, SECOND, instant},
    watch::Watch,
};

/// Once all can be reached, everything is as it should be after this.
pub(crate) const CALM: Millis = 60 * SECOND;
/// After the clock was set or the machine slept, the program may look at it a minute later (its longest sleep).
pub(crate) const CALM_AFTER_CLOCK: Millis = 125 * SECOND;
/// A refused give-back is repeated after five minutes at the latest.
pub(crate) const CALM_AFTER_REFUSAL: Millis = 6 * MINUTE + 5 * SECOND;
/// Polls of the calendar, and accounts that nobody told about.
pub(crate) const POLL: Millis = 30 * SECOND;
const ROUND: Millis = 5 * MINUTE;
/// The last effects that a failure report tells.
const REMEMBERED: usize = 400;

/// What is due. A `run` names the life of the program that it belongs to.
pub(crate) enum Due {
    Outside(usize),
    /// Something that went away may be back.
    Back,
    Starts,
    Wake {
        run: u32,
        key: Key,
        token: u64,
    },
    LookAgain {
        run: u32,
    },
    Flush {
        run: u32,
    },
    CommitAgain {
        run: u32,
    },
    ReadAccount {
        run: u32,
        user: usize,
    },
    Snapshot {
        run: u32,
        user: usize,
        ticket: Ticket,
    },
    Observed {
        run: u32,
        user: usize,
        ticket: Ticket,
        seen: Option<Seen>,
    },
    Land {
        flight: u64,
    },
    Answered {
        flight: u64,
    },
    AnswerAgain {
        run: u32,
        key: Key,
        answers: Vec<Answer>,
    },
    Poll {
        run: u32,
        key: Key,
    },
    Polled {
        run: u32,
        key: Key,
        whole: Option<Vec<Appointment>>,
        lied: bool,
    },
    Directory {
        run: u32,
        instance: usize,
    },
    Directories,
    Activates {
        instance: usize,
    },
    Check {
        user: usize,
    },
}

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
    slot: Slot,
    /// What may be given back one day.
    own: Vec<Value>,
    /// What the instance has written, or may yet have.
    ours: Vec<Value>,
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

pub(crate) struct World<'p> {
    pub(crate) plan: &'p Plan,
    pub(crate) sabotage: Sabotage,
    pub(crate) t: Millis,
    seq: u64,
    queue: BTreeMap<(Millis, u64), Due>,
    pub(crate) skew: Millis,
    /// The latest that the program's clock has shown before it was set back.
    pub(crate) latest: Millis,
    wrong_clocks: Vec<(Millis, Millis)>,
    pub(crate) pbx_away_until: Millis,
    pub(crate) calendar_away_until: Millis,
    pub(crate) store_fails_until: Millis,
    pub(crate) suspended_until: Millis,
    pub(crate) people: Vec<Person>,
    pub(crate) accounts: Vec<AccountId>,
    pub(crate) configs: [Config; 2],
    inactive_until: [Millis; 2],
    activations: u64,
    pub(crate) disk: Disk,
    pub(crate) memory: Option<Memory>,
    pub(crate) run: u32,
    starts_at: Millis,
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
            latest: 0,
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

    /// Whether this is for a program that runs; while the machine sleeps it waits.
    fn is_running(&self, run: u32) -> bool {
        run == self.run && self.memory.is_some()
    }

    fn happen(&mut self, due: Due) {
        let for_program = matches!(
            due,
            Due::Wake { .. }
                | Due::LookAgain { .. }
                | Due::Flush { .. }
                | Due::CommitAgain { .. }
                | Due::ReadAccount { .. }
                | Due::Observed { .. }
                | Due::Answered { .. }
                | Due::AnswerAgain { .. }
                | Due::Poll { .. }
                | Due::Polled { .. }
                | Due::Directory { .. }
        );
        if for_program && self.t < self.suspended_until {
            let until = self.suspended_until;
            self.at(until, due);
            return;
        }
        match due {
            Due::Outside(index) => {
                let plan = self.plan;
                if let Some(next) = plan.entries.get(index + 1) {
                    self.at(next.at, Due::Outside(index + 1));
                }
                let what = &plan.entries[index].what;
                if !self.closing_time {
                    self.tell(|| format!("outside: {}", brief(what)));
                    self.outside(what);
                }
            }
            Due::Back => self.back(),
            Due::Starts => self.start(),
            Due::Wake { run, key, token } => {
                if self.is_running(run) {
                    self.wakes(key, token);
                }
            }
            Due::LookAgain { run } => {
                if self.is_running(run) {
                    self.rearm();
                }
            }
            Due::Flush { run } => {
                if self.is_running(run) {
                    self.flush();
                }
            }
            Due::CommitAgain { run } => {
                let now = instant(self.now());
                if self.is_running(run) {
                    if self.memory.as_ref().is_some_and(|memory| memory.commits.tries_again(now)) {
                        self.everybody(Cause::Any);
                    } else {
                        self.commit_again();
                    }
                }
            }
            Due::ReadAccount { run, user } => {
                if self.is_running(run) {
                    self.read_account(user);
                }
            }
            Due::Snapshot { run, user, ticket } => self.snapshot(run, user, ticket),
            Due::Observed { run, user, ticket, seen } => {
                if self.is_running(run) {
                    self.observed(user, ticket, seen);
                }
            }
            Due::Land { flight } => self.land(flight),
            Due::Answered { flight } => self.answered(flight),
            Due::AnswerAgain { run, key, answers } => {
                if self.is_running(run)
                    && let Some(memory) = &mut self.memory
                {
                    memory.users[key.0][key.1].answers.extend(answers);
                    memory.touch(key, Cause::Any);
                }
            }
            Due::Poll { run, key } => {
                if self.is_running(run) {
                    self.poll(key);
                }
            }
            Due::Polled { run, key, whole, lied } => {
                if self.is_running(run) {
                    self.polled(key, whole, lied);
                }
            }
            Due::Directory { run, instance } => {
                if self.is_running(run) {
                    self.directory(instance);
                }
            }
            Due::Directories => self.ask_directories(),
            Due::Activates { instance } => self.activate(instance),
            // In the end there is one promise left, and it is looked after at the very end.
            Due::Check { .. } if self.closing_time => {}
            Due::Check { user } => self.check(user),
        }
    }

    fn outside(&mut self, what: &Outside) {
        match what {
            Outside::Put { user, appointment } => {
                let person = &mut self.people[*user];
                if self.t > self.plan.begins {
                    person.old = person.mailboxes[0].values().cloned().collect();
                }
                person.mailboxes[0].insert(appointment.id, (**appointment).clone());
                let past = self.t - 4 * 24 * HOUR;
                let zone = &self.plan.zone;
                person.mailboxes[0].retain(|_, known| known.interval(zone).1 > past);
                self.calendar_changed(*user);
            }
            Outside::Remove { user, id } => {
                let person = &mut self.people[*user];
                person.old = person.mailboxes[0].values().cloned().collect();
                person.mailboxes[0].remove(id);
                self.calendar_changed(*user);
            }
            Outside::ByHand { user, values } => {
                self.tally.by_hand += 1;
                for (slot, value) in values {
                    self.by_hand(*user, *slot, value.clone());
                }
                self.phone_changed(*user);
            }
            Outside::Refuses { user, slots, lasting } => {
                self.tally.refusals += 1;
                let until = self.t + lasting;
                self.people[*user].phone.refused.extend(slots.iter().map(|slot| (*slot, until)));
                for slot in slots {
                    self.people[*user].own[slot.index()].contest();
                }
                self.disturb(*user, lasting + CALM_AFTER_REFUSAL);
            }
            Outside::Deleted { user, lasting } => {
                self.tally.changes_by_administrators += 1;
                let person = &mut self.people[*user];
                person.phone.exists = false;
                person.gone_until = person.gone_until.max(self.t + lasting);
                self.phone_changed(*user);
                self.after(*lasting, Due::Back);
                self.disturb(*user, lasting + CALM);
            }
            Outside::Leaves { user, instance, lasting } => {
                self.tally.changes_by_administrators += 1;
                let person = &mut self.people[*user];
                if person.left_until[*instance] < Millis::MAX {
                    person.left_until[*instance] = person.left_until[*instance].max(self.t + lasting);
                    self.ask_directories();
                    self.after(*lasting, Due::Directories);
                }
            }
            Outside::Address { user, other, lasting } => {
                self.tally.changes_by_administrators += 1;
                self.people[*user].address_away = Some((*other, self.t + lasting));
                self.ask_directories();
                self.after(*lasting, Due::Directories);
            }
            Outside::Lie { user, old } => {
                self.people[*user].lie = Some(*old);
                self.calendar_changed(*user);
            }
            Outside::PbxAway { lasting } => {
                self.tally.outages += 1;
                self.pbx_away_until = self.pbx_away_until.max(self.t + lasting);
                self.after(*lasting, Due::Back);
                self.disturb_all(lasting + CALM);
            }
            Outside::CalendarAway { lasting } => {
                self.tally.outages += 1;
                self.calendar_goes();
                self.calendar_away_until = self.calendar_away_until.max(self.t + lasting);
                self.after(*lasting, Due::Back);
                self.disturb_all(CALM);
            }
            Outside::Crash { after, lasting } => {
                self.crash_after = Some((*after, *lasting));
                if *after == 0 {
                    self.effect();
                }
            }
            Outside::Stop { lasting } => {
                self.tally.stops += 1;
                self.ends(*lasting);
            }
            Outside::StoreFails { lasting } => {
                self.tally.outages += 1;
                self.store_fails_until = self.store_fails_until.max(self.t + lasting);
                self.disturb_all(lasting + CALM);
            }
            Outside::ClockWrong { by, lasting } => {
                self.wrong_clocks.push((self.t + lasting, *by));
                self.set_clock(*by);
                self.after(*lasting, Due::Back);
            }
            Outside::Suspend { lasting } => {
                self.tally.clock_jumps += 1;
                self.suspended_until = self.suspended_until.max(self.t + lasting);
                self.after(*lasting, Due::Back);
                self.disturb_all(lasting + CALM_AFTER_CLOCK);
            }
            Outside::Policy { instance, policy } => self.policy(*instance, policy),
            Outside::Deactivated { instance, lasting } => self.deactivate(*instance, *lasting),
            Outside::HalfDirectory { instance } => self.half_directory(*instance),
        }
    }

    fn set_clock(&mut self, by: Millis) {
        self.tally.clock_jumps += 1;
        self.latest = self.latest.max(self.now());
        self.skew += by;
        let run = self.run;
        let mut dice = Dice::new(self.plan.seed, &[5, self.tally.clock_jumps]);
        self.after(dice.range(0, MINUTE), Due::LookAgain { run });
        self.disturb_all(CALM_AFTER_CLOCK);
    }

    /// Whatever was to be back by now is.
    fn back(&mut self) {
        let over: Vec<Millis> =
            self.wrong_clocks.iter().filter(|(until, _)| *until <= self.t).map(|(_, by)| *by).collect();
        self.wrong_clocks.retain(|(until, _)| *until > self.t);
        for by in over {
            self.set_clock(-by);
        }
        for user in 0..self.people.len() {
            let person = &mut self.people[user];
            if !person.phone.exists && person.gone_until <= self.t {
                self.made_anew(user);
            }
        }
        if !self.pbx_is_away() {
            for user in 0..self.people.len() {
                if self.memory.as_ref().is_some_and(|memory| memory.accounts[user].wants_reading || !memory.sees(user))
                {
                    self.read_soon(user, POLL);
                }
            }
        }
        if !self.calendar_is_away() {
            self.calendar_comes();
        }
    }

    /// A new account in place of a deleted one.
    fn made_anew(&mut self, user: usize) {
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
        let person = &mut self.people[user];
        if !person.phone.exists {
            return;
        }
        person.own[slot.index()].by_hand(&value, &person.phone.values[slot.index()], self.t);
        if person.phone.values[slot.index()] != value {
            person.phone.values[slot.index()] = value;
            person.phone.by_hand[slot.index()] = true;
            person.phone.changes[slot.index()] += 1;
        }
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

    // ---- the calendar -------------------------------------------------------------------------------------------

    /// An appointment was made, moved or deleted: the next poll tells.
    fn calendar_changed(&mut self, user: usize) {
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

    fn calendar_goes(&mut self) {
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

    fn calendar_comes(&mut self) {
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

    pub(crate) fn keys(&self) -> Vec<Key> {
        let users = self.people.len();
        (0..2).flat_map(|instance| (0..users).map(move |user| (instance, user))).collect()
    }

    fn poll(&mut self, key: Key) {
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

    fn polled(&mut self, key: Key, whole: Option<Vec<Appointment>>, lied: bool) {
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

    // ---- the program's life -------------------------------------------------------------------------------------

    fn start(&mut self) {
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

    fn wakes(&mut self, key: Key, token: u64) {
        let now = instant(self.now());
        let Some(memory) = &mut self.memory else { return };
        let known = &memory.users[key.0][key.1];
        if known.token == token && known.wake.is_some_and(|wake| wake <= now) {
            memory.touch(key, Cause::Any);
        }
    }

    /// The clock was set: everybody's time to wake is another now.
    fn rearm(&mut self) {
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

    // ---- administrators -----------------------------------------------------------------------------------------

    fn policy(&mut self, instance: usize, policy: &busylamp_core::policy::Policy) {
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

    fn deactivate(&mut self, instance: usize, lasting: Millis) {
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

    fn activate(&mut self, instance: usize) {
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

    // ---- the directory ------------------------------------------------------------------------------------------

    fn true_members(&self, instance: usize) -> std::collections::BTreeSet<usize> {
        let member = |user: &usize| self.people[*user].left_until[instance] <= self.t;
        (0..self.people.len()).filter(member).collect()
    }

    /// Something changed in the telephone system's directory: it is read within five minutes.
    fn ask_directories(&mut self) {
        let run = self.run;
        for instance in [0, 1] {
            let span = 5 * MINUTE - self.t.rem_euclid(5 * MINUTE);
            self.after(span, Due::Directory { run, instance });
        }
    }

    fn directory(&mut self, instance: usize) {
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
    fn half_directory(&mut self, instance: usize) {
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

fn brief(what: &Outside) -> String {
    let whole = format!("{what:?}");
    whole.chars().take(300).collect()
}
