//! The day itself.

use std::collections::BTreeSet;

use busylamp_core::keeper::{Flag, Write};
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    file::{GroupIs, InstanceIs, Link, ProgramIs},
    program::Program,
    script::{Expectation, Happening, Script, Step},
    world::World,
};

/// What came of a scenario.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The scenario's name.
    pub name: String,
    /// Every expectation was met, in every way in which a crash could cut the writes.
    pub ok: bool,
    /// The acknowledged writes, in order; of the way in which every cut write was acknowledged.
    pub writes: Vec<WriteRecord>,
    /// What was not as expected, a sentence each.
    pub failures: Vec<String>,
}

/// One acknowledged write.
#[derive(Clone, Debug, Serialize)]
pub struct WriteRecord {
    /// When.
    pub at: Timestamp,
    /// Whose.
    pub user: String,
    /// What.
    pub dimension: String,
    /// What was shown.
    pub from: String,
    /// What was written.
    pub to: String,
    /// Why.
    pub why: String,
}

impl WriteRecord {
    pub(crate) fn new(at: Timestamp, user: String, write: &Write, why: String) -> Self {
        let (from, to) = (write.from.reveal().to_owned(), write.to.reveal().to_owned());
        Self { at, user, dimension: write.dimension.to_string(), from, to, why }
    }
}

/// How a crash cuts the writes that are under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    Lost,
    DoneWithoutAnswer,
    Acknowledged,
}

/// Crashes beyond this number are cut the same way as the last: three ways each would be too many runs.
const BRANCHING_CRASHES: usize = 5;

pub(crate) fn run(script: &Script) -> Outcome {
    let mut failures = Vec::new();
    let mut writes = Vec::new();
    let mut open = vec![Vec::new()];
    while let Some(cuts) = open.pop() {
        let mut day = Day::new(script, cuts);
        let result = day.run();
        if day.wants_a_cut {
            for cut in [Cut::Acknowledged, Cut::DoneWithoutAnswer, Cut::Lost] {
                open.push(day.cuts.iter().copied().chain([cut]).collect());
            }
            continue;
        }
        let how = match day.cuts.as_slice() {
            [] => String::new(),
            cuts => format!(" (crash: {})", cuts.iter().map(|cut| cut.name()).collect::<Vec<_>>().join(", then ")),
        };
        failures.extend(result.into_iter().map(|failure| format!("{failure}{how}")));
        if day.cuts.iter().all(|cut| *cut == Cut::Acknowledged) {
            writes = day.records;
        }
    }
    Outcome { name: script.name.clone(), ok: failures.is_empty(), writes, failures }
}

impl Cut {
    fn name(self) -> &'static str {
        match self {
            Self::Lost => "write lost",
            Self::DoneWithoutAnswer => "write done, answer lost",
            Self::Acknowledged => "write acknowledged",
        }
    }
}

struct Day<'s> {
    script: &'s Script,
    world: World,
    program: Program,
    records: Vec<WriteRecord>,
    cuts: Vec<Cut>,
    crashes: usize,
    wants_a_cut: bool,
    /// Users whose accounts or mailboxes are to be read at this instant.
    accounts: BTreeSet<String>,
    mailboxes: BTreeSet<String>,
}

impl<'s> Day<'s> {
    fn new(script: &'s Script, cuts: Vec<Cut>) -> Self {
        let names = script.users.keys().cloned();
        let program =
            Program::new(script.policy.clone(), names, script.zone.clone(), script.language, script.read_every);
        Self {
            script,
            world: World::new(&script.users, &script.can),
            program,
            records: Vec::new(),
            cuts,
            crashes: 0,
            wants_a_cut: false,
            accounts: BTreeSet::new(),
            mailboxes: BTreeSet::new(),
        }
    }

    /// Runs the day; returns what was not as expected.
    fn run(&mut self) -> Vec<String> {
        let mut failures = Vec::new();
        let mut steps = self.script.steps.iter().peekable();
        let mut expectations = self.script.expectations.iter().peekable();
        let mut now = self.script.begins;
        self.start(now);
        // The program has looked around once before anything happens.
        if let Err(problem) = self.settle(now) {
            return vec![problem];
        }
        loop {
            if self.script.read_every.is_none() {
                // With push, all that happened until now was seen.
                let names: Vec<String> = self.names().collect();
                self.program.read_calendars(&self.world, &names, now);
            }
            while let Some(step) = steps.next_if(|step| step.at <= now) {
                self.take(step, now);
                if self.wants_a_cut {
                    return Vec::new();
                }
            }
            if let Err(problem) = self.settle(now) {
                failures.push(format!("at {}: {problem}", self.clock(now)));
                return failures;
            }
            while let Some(expected) = expectations.next_if(|expected| expected.at <= now) {
                failures.extend(self.check(expected));
            }
            let next = [steps.peek().map(|step| step.at), expectations.peek().map(|expected| expected.at)];
            let Some(scripted) = next.into_iter().flatten().min() else { return failures };
            now = [self.program.wake(), self.next_poll(now)]
                .into_iter()
                .flatten()
                .chain([scripted])
                .min()
                .unwrap_or(scripted);
        }
    }

    fn names(&self) -> impl Iterator<Item = String> + use<> {
        self.script.users.keys().cloned().collect::<Vec<_>>().into_iter()
    }

    fn start(&mut self, now: Timestamp) {
        self.program.start(now);
        self.accounts.extend(self.names());
        self.mailboxes.extend(self.names());
    }

    /// The next instant at which the calendar is polled.
    fn next_poll(&self, now: Timestamp) -> Option<Timestamp> {
        let every = self.script.read_every.filter(|_| self.program.is_running())?;
        let rounds = now.duration_since(self.script.begins).as_secs().div_euclid(every.as_secs()) + 1;
        self.script.begins.checked_add(every.checked_mul(i32::try_from(rounds).ok()?)?).ok()
    }

    fn is_poll(&self, now: Timestamp) -> bool {
        let since = now.duration_since(self.script.begins).as_secs();
        self.script.read_every.is_none_or(|every| since % every.as_secs() == 0)
    }

    /// Reads what is to be read, then lets the machine run until it rests.
    fn settle(&mut self, now: Timestamp) -> Result<(), String> {
        self.read(now);
        self.program.run(&mut self.world, now, &mut self.records)
    }

    fn read(&mut self, now: Timestamp) {
        let due = if self.is_poll(now) { self.names().collect() } else { std::mem::take(&mut self.mailboxes) };
        self.mailboxes.clear();
        let due: Vec<String> = due.into_iter().collect();
        self.program.read_calendars(&self.world, &due, now);
        for name in self.names() {
            if self.accounts.contains(&name) || !self.program.sees(&name) {
                self.program.read_account(&self.world, &name);
            }
        }
        self.accounts.clear();
    }

    fn take(&mut self, step: &Step, now: Timestamp) {
        match &step.happening {
            Happening::Event { user, event } => {
                if let Some(person) = self.world.users.get_mut(user) {
                    person.events.insert(event.id.clone(), (**event).clone());
                }
            }
            Happening::RemoveEvent { user, id } => {
                if let Some(person) = self.world.users.get_mut(user) {
                    person.events.remove(id);
                }
            }
            Happening::ByHand { user, values } => {
                if let Some(person) = self.world.users.get_mut(user) {
                    person.set(values);
                }
                self.accounts.insert(user.clone());
            }
            Happening::Calendar { user, link } => {
                match user {
                    Some(user) => self.world.users.get_mut(user).into_iter().for_each(|p| p.calendar = *link),
                    None => self.world.calendar = *link,
                }
                if *link == Link::Up {
                    self.mailboxes
                        .extend(user.clone().map_or_else(|| self.names().collect::<Vec<_>>(), |user| vec![user]));
                }
            }
            Happening::Mailbox { user, is } => {
                self.world.users.get_mut(user).into_iter().for_each(|person| person.mailbox = *is);
            }
            Happening::Pbx(link) => {
                self.world.pbx = *link;
                self.accounts.extend(self.names());
            }
            Happening::PbxRefuses { user, dimensions } => match user {
                Some(user) => {
                    self.world.users.get_mut(user).into_iter().for_each(|p| p.refuses.clone_from(dimensions));
                }
                None => self.world.refuses.clone_from(dimensions),
            },
            Happening::Program(ProgramIs::Start) => self.start(now),
            Happening::Program(ProgramIs::Stop) => self.program.end(),
            Happening::Program(ProgramIs::Crash) => self.crash(now),
            Happening::Instance(is) => {
                self.program.stored.instance = *is;
                if *is == InstanceIs::Activate {
                    self.mailboxes.extend(self.names());
                }
            }
            Happening::Group { user, is } => {
                self.program.stored.groups.insert(user.clone(), *is);
                self.program.stored.directory_stamp += 1;
                if *is == GroupIs::Join {
                    self.mailboxes.insert(user.clone());
                }
            }
            Happening::Policy(policy) => {
                let before = std::mem::replace(&mut self.program.stored.policy, (**policy).clone());
                self.program.mask_anew();
                if before.reading() != policy.reading() {
                    self.mailboxes.extend(self.names());
                }
            }
        }
    }

    /// A crash cuts what is written at its instant; if nothing is, it comes before what is due.
    fn crash(&mut self, now: Timestamp) {
        let committed = self.program.stored.clone();
        self.read(now);
        let under_way = self.program.round(now);
        if under_way.is_empty() {
            self.program.stored = committed;
            self.program.end();
            return;
        }
        let cut = match self
            .cuts
            .get(self.crashes)
            .or_else(|| self.cuts.last().filter(|_| self.crashes >= BRANCHING_CRASHES))
        {
            Some(cut) => *cut,
            None => {
                self.wants_a_cut = true;
                return;
            }
        };
        self.crashes += 1;
        match cut {
            Cut::Lost => {}
            Cut::DoneWithoutAnswer => self.program.arrive(under_way, &mut self.world, now, None),
            Cut::Acknowledged => {
                self.program.arrive(under_way, &mut self.world, now, Some(&mut self.records));
                // The answers are committed; whatever would follow from them never leaves.
                let _cut_off = self.program.round(now);
            }
        }
        self.program.end();
    }

    fn check(&self, expected: &Expectation) -> Vec<String> {
        let Some(person) = self.world.users.get(&expected.user) else { return Vec::new() };
        let mut misses = person.misses(&expected.values);
        if let Some(writes) = expected.writes {
            let done = self.records.iter().filter(|record| record.user == expected.user).count() as u64;
            if done != writes {
                misses.push(format!("writes is {done}, expected {writes}"));
            }
        }
        if let Some(flags) = &expected.flags {
            let names = |flags: BTreeSet<Flag>| flags.into_iter().map(Flag::name).collect::<Vec<_>>().join(", ");
            let (are, wanted) = (self.program.flags(&expected.user), flags.iter().copied().collect::<BTreeSet<_>>());
            if are != wanted {
                misses.push(format!("flags are [{}], expected [{}]", names(are), names(wanted)));
            }
        }
        let place = format!("at {} {}", self.clock(expected.at), expected.user);
        misses.into_iter().map(|miss| format!("{place}: {miss}")).collect()
    }

    fn clock(&self, at: Timestamp) -> String {
        let local = self.script.zone.to_datetime(at);
        let same_day = self.script.zone.to_datetime(self.script.begins).date() == local.date();
        let form = if same_day { "%H:%M:%S" } else { "%Y-%m-%dT%H:%M:%S" };
        local.strftime(form).to_string()
    }
}
