//! The machine around the core's keeper: what the service does, without network, disk and clock.

use std::collections::BTreeMap;

use busylamp_core::{
    event::Agenda,
    explain::Speaker,
    journal::Journal,
    keeper::{self, Account, Answer, Facts, Flags, Mailbox, Outcome, Standing, UserState, Write},
    language::Language,
    mirror::Mirror,
    policy::Policy,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    file::{GroupIs, InstanceIs, Link, MailboxIs},
    run::WriteRecord,
    world::World,
};

/// Without `read_every` a poll counts as this long.
const POLL: SignedDuration = SignedDuration::from_secs(30);
const STALE_AFTER: SignedDuration = SignedDuration::from_hours(72);
/// A machine that has not come to rest after so many rounds never will.
const ROUNDS: usize = 100;

/// What survives a crash: the store, and what the administrator has configured.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) policy: Policy,
    pub(crate) instance: InstanceIs,
    pub(crate) groups: BTreeMap<String, GroupIs>,
    pub(crate) directory_stamp: u64,
    states: BTreeMap<String, UserState>,
    agendas: BTreeMap<String, (Agenda, Timestamp)>,
    text_limit: Option<usize>,
}

/// What doesn't.
#[derive(Clone)]
struct Running {
    started: Timestamp,
    users: BTreeMap<String, Memory>,
}

#[derive(Clone, Default)]
struct Memory {
    mirror: Mirror,
    answers: Vec<Answer>,
    tried: bool,
    mailbox: Option<MailboxIs>,
    flags: Flags,
    wake: Option<Timestamp>,
}

#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) stored: Stored,
    running: Option<Running>,
    zone: TimeZone,
    language: Language,
    read_every: Option<SignedDuration>,
}

/// Writes that have left and have not arrived: where a crash can cut them.
pub(crate) struct UnderWay(Vec<(String, Write, String)>);

impl Program {
    pub(crate) fn new(
        policy: Policy,
        users: impl Iterator<Item = String>,
        zone: TimeZone,
        language: Language,
        read_every: Option<SignedDuration>,
    ) -> Self {
        let stored = Stored {
            policy,
            instance: InstanceIs::Activate,
            groups: users.map(|name| (name, GroupIs::Join)).collect(),
            directory_stamp: 0,
            states: BTreeMap::new(),
            agendas: BTreeMap::new(),
            text_limit: None,
        };
        Self { stored, running: None, zone, language, read_every }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    pub(crate) fn start(&mut self, now: Timestamp) {
        let users = self.stored.groups.keys().map(|name| (name.clone(), Memory::default())).collect();
        self.running = Some(Running { started: now, users });
    }

    /// Stop and crash alike: what is stored stays, the rest is gone.
    pub(crate) fn end(&mut self) {
        self.running = None;
    }

    pub(crate) fn flags(&self, user: &str) -> Flags {
        self.running
            .as_ref()
            .and_then(|running| running.users.get(user))
            .map(|memory| memory.flags.clone())
            .unwrap_or_default()
    }

    /// When the program wants to be asked again.
    pub(crate) fn wake(&self) -> Option<Timestamp> {
        self.running.as_ref()?.users.values().filter_map(|memory| memory.wake).min()
    }

    /// Reads the calendars of these users, as far as they can be read.
    pub(crate) fn read_calendars(&mut self, world: &World, users: &[String], now: Timestamp) {
        let Some(running) = &mut self.running else { return };
        if self.stored.instance == InstanceIs::Deactivate {
            return;
        }
        let reading = self.stored.policy.reading();
        for name in users {
            let (Some(memory), Some(person)) = (running.users.get_mut(name), world.users.get(name)) else { continue };
            if self.stored.groups.get(name) != Some(&GroupIs::Join) {
                continue;
            }
            memory.tried = true;
            if world.calendar == Link::Down || person.calendar == Link::Down {
                continue;
            }
            memory.mailbox = Some(person.mailbox);
            if person.mailbox == MailboxIs::Ok {
                self.stored.agendas.insert(name.clone(), (person.agenda(&reading), now));
            }
        }
    }

    /// Reads an account.
    pub(crate) fn read_account(&mut self, world: &World, user: &str) {
        let Some(memory) = self.running.as_mut().and_then(|running| running.users.get_mut(user)) else { return };
        let Some(person) = world.users.get(user) else { return };
        match world.pbx {
            Link::Up => {
                let ticket = memory.mirror.begin();
                memory.mirror.observe(ticket, Some(world.read(person)));
            }
            Link::Down => memory.mirror.invalidate(),
        }
    }

    /// The policy has changed: what is stricter holds for stored agendas at once (§7.6).
    pub(crate) fn mask_anew(&mut self) {
        let reading = self.stored.policy.reading();
        for (agenda, _) in self.stored.agendas.values_mut() {
            *agenda = std::mem::take(agenda).masked_anew(&reading);
        }
    }

    /// One round: every user is stepped, all states are committed, the writes leave.
    pub(crate) fn round(&mut self, now: Timestamp) -> UnderWay {
        let mut under_way = Vec::new();
        let Some(running) = &mut self.running else { return UnderWay(under_way) };
        let policy_stamp = self.stored.policy.fingerprint();
        for (name, memory) in &mut running.users {
            let stored = &mut self.stored;
            let answers = std::mem::take(&mut memory.answers);
            let reading = stored.agendas.get(name).map(|(agenda, at)| (agenda, *at));
            let facts = Facts {
                policy: &stored.policy,
                policy_stamp,
                directory_stamp: stored.directory_stamp,
                language: self.language,
                zone: &self.zone,
                standing: match (stored.instance, stored.groups.get(name)) {
                    (InstanceIs::Deactivate, _) => Standing::Closing { keep: stored.policy.keep_on_deactivate },
                    (InstanceIs::Activate, Some(GroupIs::Join)) => Standing::Member,
                    (InstanceIs::Activate, _) => Standing::Left,
                },
                mailbox: match memory.mailbox {
                    None | Some(MailboxIs::Ok) => Mailbox::Matched,
                    Some(MailboxIs::Missing) => Mailbox::NotFound,
                    Some(MailboxIs::Denied) => Mailbox::Denied,
                },
                calendar: keeper::Calendar {
                    reading,
                    tried: memory.tried,
                    poll: self.read_every.unwrap_or(POLL),
                    stale_after: STALE_AFTER,
                },
                account: memory.mirror.account(),
                journal: Journal::Writable,
                in_flight: false,
                answers: &answers,
                text_limit: stored.text_limit,
                started: running.started,
            };
            let state = stored.states.get(name).cloned().unwrap_or_default();
            let step = keeper::step(&state, &facts, now);
            let speaker = Speaker { language: self.language, zone: &self.zone };
            for write in step.writes {
                let why = step.report.lines.get(&write.dimension);
                let why = why
                    .map(|line| speaker.write(&write.dimension, write.purpose, &step.report, line))
                    .unwrap_or_default();
                under_way.push((name.clone(), write, why));
            }
            let learned = step.text_cut_at.into_iter().chain(stored.text_limit).min();
            stored.text_limit = learned;
            stored.states.insert(name.clone(), step.state);
            memory.flags = step.flags;
            memory.wake = step.wake;
        }
        UnderWay(under_way)
    }

    /// Runs until there is nothing left to do at this instant.
    pub(crate) fn run(
        &mut self,
        world: &mut World,
        now: Timestamp,
        records: &mut Vec<WriteRecord>,
    ) -> Result<(), String> {
        for _ in 0..ROUNDS {
            let learned = self.stored.text_limit;
            let under_way = self.round(now);
            if under_way.is_empty() && learned == self.stored.text_limit {
                return Ok(());
            }
            self.arrive(under_way, world, now, Some(records));
        }
        Err("the machine does not come to rest".to_owned())
    }

    /// The writes arrive at the telephone system; with `records` their answers arrive as well.
    pub(crate) fn arrive(
        &mut self,
        under_way: UnderWay,
        world: &mut World,
        now: Timestamp,
        mut records: Option<&mut Vec<WriteRecord>>,
    ) {
        for (name, write, why) in under_way.0 {
            let Some(person) = world.users.get(&name) else { continue };
            let refused = world.refuses(person, &write.dimension);
            let Some(person) = world.users.get_mut(&name) else { continue };
            if !refused {
                person.account.acknowledge(&write.dimension, &write.to);
            }
            let Some(records) = &mut records else { continue };
            let Some(memory) = self.running.as_mut().and_then(|running| running.users.get_mut(&name)) else { continue };
            let outcome = if refused { Outcome::Refused { at: now } } else { Outcome::Acknowledged };
            memory.answers.push(Answer { number: write.number, dimension: write.dimension.clone(), outcome });
            if !refused {
                memory.mirror.acknowledge([(&write.dimension, &write.to)]);
                records.push(WriteRecord::new(now, name, &write, why));
            }
        }
    }

    /// Whether the account of a user is believed to be known.
    pub(crate) fn sees(&self, user: &str) -> bool {
        let memory = self.running.as_ref().and_then(|running| running.users.get(user));
        memory.is_some_and(|memory| !matches!(memory.mirror.account(), Account::Unknown))
    }
}

impl UnderWay {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
