//! The service's loop without its waiting: what is on disk, what is in memory, and in which order things leave.
//!
//! Decisions, ownership, order of a batch, membership and the mirror of an account are the core's functions. What only
//! the service has — gathering facts, committing before sending, what becomes of an answer — is written down here once
//! more, in the service's order (`crates/service/src/engine`: `round`, `commit`, `adopt`, `written`, `facts`), and
//! nowhere else in this crate.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use busylamp_core::{
    account::Dimension,
    directory::Membership,
    ids::{AccountId, InstanceId},
    journal::{Commits, Journal},
    keeper::{self, Account, Answer, Course, Facts, Mailbox, Report, Standing, Step, UserState, Write},
    language::Language,
    mirror::Mirror,
    ownership::{Claim, owners},
    policy::Policy,
    title::Reading,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    calendar::Read,
    model::Shadow,
    place::{SLOTS, Slot},
    time::{Millis, instant},
};

pub(crate) const POLL: SignedDuration = SignedDuration::from_secs(30);
pub(crate) const STALE_AFTER: SignedDuration = SignedDuration::from_hours(72);

/// One user of one instance.
pub(crate) type Key = (usize, usize);

/// What survives a crash.
#[derive(Default)]
pub(crate) struct Disk {
    /// Keeper's state, as it is written, and what the model remembers beside it.
    pub(crate) states: BTreeMap<Key, (UserState, Shadow)>,
    /// Holds that were given back while the store failed, before the program ended: the next start finds them still
    /// there, and what is shown is foreign to them (§6.1).
    pub(crate) stale: BTreeMap<Key, [bool; SLOTS]>,
    /// Agendas by instance, user and mailbox.
    pub(crate) agendas: BTreeMap<(usize, usize, u32), (Rc<Read>, Millis)>,
    pub(crate) members: [BTreeSet<usize>; 2],
    pub(crate) addresses: BTreeMap<Key, Option<u32>>,
    pub(crate) text_limits: [Option<usize>; 2],
    /// Until when, by the program's clock.
    pub(crate) pauses: BTreeMap<Key, Millis>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Active,
    Closing,
    Inactive,
    /// Closing, to begin anew in another group.
    Removing,
}

/// What the administrator has configured: in the store as well.
pub(crate) struct Config {
    pub(crate) id: InstanceId,
    pub(crate) policy: Rc<Policy>,
    pub(crate) stamp: u64,
    pub(crate) reading: Reading,
    pub(crate) phase: Phase,
    pub(crate) activation: u64,
}

impl Config {
    pub(crate) fn new(id: &str, policy: Policy, active: bool, activation: u64) -> Self {
        let phase = if active { Phase::Active } else { Phase::Inactive };
        let (stamp, reading) = (policy.fingerprint(), policy.reading());
        Self { id: InstanceId::new(id), policy: Rc::new(policy), stamp, reading, phase, activation }
    }
}

/// What a crash forgets.
pub(crate) struct Memory {
    /// By the program's clock.
    pub(crate) started: Timestamp,
    pub(crate) memberships: [Membership; 2],
    pub(crate) pauses: BTreeMap<Key, Millis>,
    /// What the program's clock showed when it was last looked at.
    pub(crate) looked: Millis,
    pub(crate) directory_stamps: [u64; 2],
    pub(crate) text_limits: [Option<usize>; 2],
    pub(crate) users: [Vec<User>; 2],
    pub(crate) accounts: Vec<Live>,
    pub(crate) dirty: BTreeMap<Key, Cause>,
    pub(crate) queue: Vec<Outgoing>,
    pub(crate) flush_at: Option<Millis>,
    pub(crate) commits: Commits,
}

/// Why a user is stepped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Anything.
    Any,
    /// Nothing but a reading of the calendar that failed.
    FailedReading,
}

/// One user of one instance at run time.
#[derive(Default)]
pub(crate) struct User {
    pub(crate) address: Option<u32>,
    pub(crate) state: UserState,
    pub(crate) shadow: Shadow,
    pub(crate) answers: Vec<Answer>,
    pub(crate) report: Report,
    pub(crate) wake: Option<Timestamp>,
    /// Wakes from before this one are void.
    pub(crate) token: u64,
    pub(crate) read: Option<Rc<Read>>,
    /// When the reading was last confirmed, by the program's clock.
    pub(crate) read_at: Millis,
    pub(crate) tried: bool,
    /// Polls come as they should since, and each confirms the reading.
    pub(crate) confirmed: bool,
    pub(crate) poll_failures: u32,
}

/// One account at run time, shared by the instances.
#[derive(Default)]
pub(crate) struct Live {
    pub(crate) mirror: Mirror,
    pub(crate) in_flight: bool,
    pub(crate) wants_reading: bool,
    pub(crate) reading: bool,
    pub(crate) failures: u32,
    /// How many changes by hand the mirror has seen, by place, and whether the last was by hand.
    pub(crate) seen: [u64; SLOTS],
    pub(crate) by_hand: [bool; SLOTS],
}

/// One user's writes on their way.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub(crate) key: Key,
    pub(crate) activation: u64,
    pub(crate) writes: Vec<Write>,
    /// What the decision had seen.
    pub(crate) seen: [u64; SLOTS],
}

impl Disk {
    /// A state is written down. What was stale and is still held as it was stays so.
    pub(crate) fn commit(&mut self, key: Key, state: UserState, shadow: Shadow) {
        let before = self.states.insert(key, (state, shadow)).map(|(before, _)| before).unwrap_or_default();
        let Some(stale) = self.stale.get_mut(&key) else { return };
        let (state, _) = &self.states[&key];
        let held = |state: &UserState, dimension: &Dimension| {
            state.holds().find(|(of, _)| *of == dimension).map(|(_, hold)| hold.clone())
        };
        for slot in Slot::ALL {
            stale[slot.index()] &= held(state, &slot.dimension()) == held(&before, &slot.dimension());
        }
    }

    /// The program ends: what it knew and could not commit is lost.
    pub(crate) fn outlives(&mut self, key: Key, known: &UserState) {
        let Some((kept, _)) = self.states.get(&key) else { return };
        for (dimension, hold) in kept.holds() {
            let same = known.holds().any(|(of, now)| of == dimension && now == hold);
            if let Some(slot) = Slot::of(dimension).filter(|_| !same) {
                self.stale.entry(key).or_default()[slot.index()] = true;
            }
        }
    }
}

impl Memory {
    /// A start: all that the disk knows.
    pub(crate) fn start(disk: &Disk, users: usize, accounts: &[AccountId], now: Millis) -> Self {
        let memberships = [0, 1].map(|instance: usize| {
            let mut membership = Membership::default();
            membership.take(disk.members[instance].iter().map(|user| accounts[*user].clone()).collect());
            membership
        });
        let load = |instance: usize| -> Vec<User> {
            let user = |user: usize| {
                let key = (instance, user);
                let (state, shadow) = disk.states.get(&key).cloned().unwrap_or_default();
                let address = disk.addresses.get(&key).copied().flatten();
                let kept = address.and_then(|mailbox| disk.agendas.get(&(instance, user, mailbox)).cloned());
                let (read, read_at) = kept.map_or((None, 0), |(read, at)| (Some(read), at));
                User { address, state: written_and_read(&state), shadow, read, read_at, ..User::default() }
            };
            (0..users).map(user).collect()
        };
        Self {
            started: instant(now),
            memberships,
            pauses: disk.pauses.iter().filter(|(_, until)| **until > now).map(|(key, until)| (*key, *until)).collect(),
            looked: now,
            directory_stamps: [0, 0],
            text_limits: disk.text_limits,
            users: [load(0), load(1)],
            accounts: (0..users).map(|_| Live { wants_reading: true, ..Live::default() }).collect(),
            dirty: BTreeMap::new(),
            queue: Vec::new(),
            flush_at: None,
            commits: Commits::default(),
        }
    }

    pub(crate) fn touch(&mut self, key: Key, cause: Cause) {
        let before = self.dirty.entry(key).or_insert(cause);
        if cause == Cause::Any {
            *before = Cause::Any;
        }
    }

    /// Who acts on an account, where anybody does.
    pub(crate) fn owner(&self, user: usize, account: &AccountId, configs: &[Config; 2]) -> Option<usize> {
        let member = |instance: usize| self.is_followed((instance, user), account);
        let holds = |instance: usize| !self.users[instance][user].state.is_settled();
        let one = std::slice::from_ref(account);
        let claim = |instance: usize| Claim {
            instance: &configs[instance].id,
            activation: configs[instance].activation,
            active: configs[instance].phase == Phase::Active,
            members: if member(instance) { one } else { &[] },
            holding: if holds(instance) { one } else { &[] },
        };
        let owner = owners(&[claim(0), claim(1)]).remove(account)?;
        configs.iter().position(|config| config.id == owner)
    }

    /// Whether the account is in the instance's group and not paused.
    pub(crate) fn is_followed(&self, key: Key, account: &AccountId) -> bool {
        self.memberships[key.0].members().contains(account) && !self.pauses.contains_key(&key)
    }

    /// Whether the instance is on and the account is in its group.
    pub(crate) fn is_member(&self, instance: usize, account: &AccountId, config: &Config) -> bool {
        config.phase == Phase::Active && self.memberships[instance].members().contains(account)
    }

    /// One step of one user.
    pub(crate) fn step(&self, key: Key, journal: Journal, world: &Surroundings<'_>) -> (Step, Standing) {
        let (instance, user) = key;
        let config = &world.configs[instance];
        let account = &world.accounts[user];
        let known = &self.users[instance][user];
        let live = &self.accounts[user];
        let owned =
            world.everybody_owns || self.owner(user, account, world.configs).is_none_or(|owner| owner == instance);
        let course = match config.phase {
            Phase::Active => Course::Active,
            Phase::Closing | Phase::Inactive => Course::Closing { keep: config.policy.keep_on_deactivate },
            Phase::Removing => Course::Closing { keep: false },
        };
        let standing = Standing::of(course, self.is_followed(key, account), owned);
        let read_at = instant(Self::read_at(known, world.now, world.since_poll));
        let facts = Facts {
            policy: &config.policy,
            policy_stamp: config.stamp,
            directory_stamp: self.directory_stamps[instance],
            language: Language::German,
            zone: world.zone,
            standing,
            mailbox: if known.address.is_some() { Mailbox::Matched } else { Mailbox::NoAddress },
            calendar: keeper::Calendar {
                reading: known.read.as_ref().map(|read| (&read.agenda, read_at)),
                tried: known.tried,
                poll: POLL,
                stale_after: STALE_AFTER,
            },
            account: live.mirror.account(),
            journal,
            in_flight: live.in_flight && !world.overlaps,
            answers: &known.answers,
            text_limit: self.text_limits[instance],
            started: self.started,
        };
        (keeper::step(&known.state, &facts, instant(world.now)), standing)
    }

    /// When an agenda was last confirmed: where polls come as they should, by the last of them.
    pub(crate) fn read_at(user: &User, now: Millis, since_poll: Millis) -> Millis {
        if user.confirmed { user.read_at.max(now - since_poll) } else { user.read_at }
    }

    /// Whether the account has a reading to judge by.
    pub(crate) fn sees(&self, user: usize) -> bool {
        matches!(self.accounts[user].mirror.account(), Account::Shown { .. })
    }
}

/// What a step is surrounded by.
pub(crate) struct Surroundings<'a> {
    pub(crate) configs: &'a [Config; 2],
    pub(crate) accounts: &'a [AccountId],
    pub(crate) zone: &'a TimeZone,
    /// By the program's clock.
    pub(crate) now: Millis,
    /// How long ago the last round of polls was.
    pub(crate) since_poll: Millis,
    pub(crate) everybody_owns: bool,
    pub(crate) overlaps: bool,
}

/// The way over the disk.
fn written_and_read(state: &UserState) -> UserState {
    let written = serde_json::to_string(state);
    written.ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_else(|| state.clone())
}
