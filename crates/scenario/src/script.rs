//! A scenario, read and checked: users, steps and expectations in order of time.

use std::collections::BTreeMap;

use busylamp_core::{
    account::{AccountState, Dimension, Diversion, StatusText},
    format::{
        event::{WrittenEvent, rfc3339},
        question::{Zones, zone},
        refusal::{Refusal, read_toml},
    },
    keeper::Flag,
    language::Language,
    policy::Policy,
};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use crate::file::{self, Ability, File, GroupIs, InstanceIs, Link, MailboxIs, ProgramIs, Values};

/// A scripted day, ready to run.
pub struct Script {
    pub(crate) name: String,
    pub(crate) zone: TimeZone,
    pub(crate) language: Language,
    pub(crate) begins: Timestamp,
    pub(crate) read_every: Option<SignedDuration>,
    pub(crate) policy: Policy,
    pub(crate) can: Vec<Ability>,
    pub(crate) users: BTreeMap<String, AccountState>,
    pub(crate) steps: Vec<Step>,
    pub(crate) expectations: Vec<Expectation>,
}

pub(crate) struct Step {
    pub(crate) at: Timestamp,
    pub(crate) happening: Happening,
}

/// What happens in a step. Users are named where the happening concerns one.
pub(crate) enum Happening {
    Event { user: String, event: Box<WrittenEvent> },
    RemoveEvent { user: String, id: String },
    ByHand { user: String, values: Values },
    Calendar { user: Option<String>, link: Link },
    Mailbox { user: String, is: MailboxIs },
    Pbx(Link),
    PbxRefuses { user: Option<String>, dimensions: Vec<Refused> },
    Program(ProgramIs),
    Instance(InstanceIs),
    Group { user: String, is: GroupIs },
    Policy(Box<Policy>),
}

/// A dimension, or all diversions, or all labels, that the telephone system refuses to write.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    One(Dimension),
    AllDiversions,
    AllLabels,
}

impl Refused {
    pub(crate) fn covers(&self, dimension: &Dimension) -> bool {
        match self {
            Self::One(refused) => refused == dimension,
            Self::AllDiversions => matches!(dimension, Dimension::Diversion(_)),
            Self::AllLabels => matches!(dimension, Dimension::Label(_)),
        }
    }
}

pub(crate) struct Expectation {
    pub(crate) at: Timestamp,
    pub(crate) user: String,
    pub(crate) values: Values,
    pub(crate) writes: Option<u64>,
    pub(crate) flags: Option<Vec<Flag>>,
}

impl Script {
    /// Reads a scenario.
    ///
    /// # Errors
    /// The place and the remedy.
    pub fn read(text: &str, zones: Zones<'_>) -> Result<Self, Refusal> {
        let file: File = read_toml(text)?;
        let zone = zone(&file.zone, zones)?;
        let day: Date = file.day.parse().map_err(|_| Refusal::new("day", "a day is written like 2026-11-24"))?;
        let clock = Clock { day, zone: &zone };
        let begins = busylamp_core::event::midnight(day, &zone);
        let read_every = file.read_every.as_deref().map(duration).transpose()?;
        let policy = read_policy(&file.policy).map_err(|refusal| refusal.within("policy"))?;
        let users = users(file.user)?;
        if users.is_empty() {
            return Err(Refusal::new("user", "a scenario needs at least one [[user]]"));
        }
        let mut steps = Vec::new();
        let mut written_policy = file.policy;
        let mut order: Vec<(usize, Timestamp, file::Step)> = Vec::new();
        for (index, step) in file.step.into_iter().enumerate() {
            let at = clock.read(&step.at).map_err(|p| Refusal::new(format!("step[{index}].at"), p))?;
            if at < begins {
                return Err(Refusal::new(
                    format!("step[{index}].at"),
                    "the day begins at 00:00; nothing happens before",
                ));
            }
            order.push((index, at, step));
        }
        order.sort_by_key(|(_, at, _)| *at);
        for (index, at, step) in order {
            let place = format!("step[{index}]");
            let happening =
                happening(step, &users, &clock, &mut written_policy).map_err(|refusal| refusal.within(&place))?;
            steps.push((index, Step { at, happening }));
        }
        check_stops(&steps)?;
        let mut expectations = Vec::new();
        for (index, expect) in file.expect.into_iter().enumerate() {
            let place = format!("expect[{index}]");
            expectations.push(expectation(expect, &users, &clock).map_err(|refusal| refusal.within(&place))?);
        }
        expectations.sort_by_key(|expectation| expectation.at);
        if let Some(early) = expectations.first().filter(|first| first.at < begins) {
            return Err(Refusal::new("expect", format!("{} is before the day begins", early.at)));
        }
        Ok(Self {
            name: file.name,
            language: file.language,
            begins,
            read_every,
            policy,
            can: file.pbx.can,
            users,
            steps: steps.into_iter().map(|(_, step)| step).collect(),
            expectations,
            zone,
        })
    }
}

/// Reads times of the day.
struct Clock<'a> {
    day: Date,
    zone: &'a TimeZone,
}

impl Clock<'_> {
    fn read(&self, text: &str) -> Result<Timestamp, String> {
        let remedy = || format!("`{text}` is no time like 09:00, 09:00:01 or 2026-11-24T09:00:00+01:00");
        if text.contains(['T', 't']) {
            return rfc3339(text).map_err(|_| remedy());
        }
        let parts: Option<Vec<i8>> =
            text.split(':').map(|part| (part.len() == 2).then(|| part.parse().ok()).flatten()).collect();
        let (hour, minute, second) = match parts.as_deref() {
            Some([hour, minute]) => (*hour, *minute, 0),
            Some([hour, minute, second]) => (*hour, *minute, *second),
            _ => return Err(remedy()),
        };
        if (hour, minute, second) == (24, 0, 0) {
            let next = self.day.tomorrow().map_err(|_| remedy())?;
            return Ok(busylamp_core::event::midnight(next, self.zone));
        }
        let time = jiff::civil::Time::new(hour, minute, second, 0).map_err(|_| remedy())?;
        self.zone.to_timestamp(self.day.to_datetime(time)).map_err(|_| remedy())
    }
}

fn duration(text: &str) -> Result<SignedDuration, Refusal> {
    let refusal = || Refusal::new("read_every", "a duration of at least a second, like \"60s\" or \"5m\"");
    let duration: SignedDuration = text.parse().map_err(|_| refusal())?;
    if duration < SignedDuration::from_secs(1) { Err(refusal()) } else { Ok(duration) }
}

fn read_policy(table: &toml::Table) -> Result<Policy, Refusal> {
    let text = toml::to_string(table).map_err(|error| Refusal::new("", error.to_string()))?;
    // The line would be one of the table's copy, not of the file.
    read_toml(&text).map_err(|refusal: Refusal| {
        let place = refusal.place.split(" (line").next().unwrap_or_default();
        let place = if place.starts_with("line ") { "" } else { place };
        Refusal { place: place.to_owned(), ..refusal }
    })
}

fn users(written: Vec<file::User>) -> Result<BTreeMap<String, AccountState>, Refusal> {
    let mut users = BTreeMap::new();
    for (index, user) in written.into_iter().enumerate() {
        let diversions = user.diversions.into_iter().map(|(id, entry)| {
            let has_destination = !entry.destination.is_empty();
            let diversion = Diversion { number: entry.number, enabled: entry.enabled, has_destination };
            (id.as_str().into(), diversion)
        });
        let labels = user.labels.into_iter().map(|(id, label)| (id.as_str().into(), StatusText::new(label)));
        let state = AccountState {
            dnd: Some(user.dnd),
            presence: Some(user.presence),
            text: Some(StatusText::new(user.text)),
            diversions: Some(diversions.collect()),
            labels: Some(labels.collect()),
        };
        if users.insert(user.name.clone(), state).is_some() {
            return Err(Refusal::new(format!("user[{index}].name"), format!("there are two users `{}`", user.name)));
        }
    }
    Ok(users)
}

fn known<'u>(users: &'u BTreeMap<String, AccountState>, name: &str) -> Result<&'u AccountState, Refusal> {
    users.get(name).ok_or_else(|| {
        let names: Vec<&str> = users.keys().map(String::as_str).collect();
        Refusal::new("user", format!("there is no user `{name}`; known are {}", names.join(", ")))
    })
}

fn check_values(state: &AccountState, values: &Values) -> Result<(), Refusal> {
    let unknown = |key: String| Err(Refusal::new(key, "the user has no such entry; give it under [[user]]"));
    let diversions = state.diversions.as_ref();
    if let Some(id) =
        values.diversions.keys().find(|id| !diversions.is_some_and(|d| d.contains_key(&id.as_str().into())))
    {
        return unknown(format!("diversions.{id}"));
    }
    let labels = state.labels.as_ref();
    if let Some(id) = values.labels.keys().find(|id| !labels.is_some_and(|l| l.contains_key(&id.as_str().into()))) {
        return unknown(format!("labels.{id}"));
    }
    Ok(())
}

fn happening(
    step: file::Step,
    users: &BTreeMap<String, AccountState>,
    clock: &Clock<'_>,
    written_policy: &mut toml::Table,
) -> Result<Happening, Refusal> {
    if let Some(name) = &step.user {
        known(users, name)?;
    }
    let mut found: Vec<Happening> = Vec::new();
    let user = || step.user.clone().ok_or_else(|| Refusal::new("user", "this step needs a user"));
    if let Some(mut event) = step.event {
        let local = |text: &Option<String>, key: &str| {
            let instant = text.as_ref().map(|text| clock.read(text)).transpose();
            instant
                .map(|at| at.map(|at| at.to_string()))
                .map_err(|problem| Refusal::new(format!("event.{key}"), problem))
        };
        event.start = local(&event.start, "start")?;
        event.end = local(&event.end, "end")?;
        // Read once for its errors; it is read for good whenever the program reads the calendar.
        event.read(&Policy::default().reading(), &rfc3339).map_err(|refusal| refusal.within("event"))?;
        found.push(Happening::Event { user: user()?, event: Box::new(event) });
    }
    if let Some(id) = step.remove_event {
        found.push(Happening::RemoveEvent { user: user()?, id });
    }
    if let Some(values) = step.by_hand {
        let name = user()?;
        check_values(known(users, &name)?, &values).map_err(|refusal| refusal.within("by_hand"))?;
        found.push(Happening::ByHand { user: name, values });
    }
    if let Some(link) = step.calendar {
        found.push(Happening::Calendar { user: step.user.clone(), link });
    }
    if let Some(is) = step.mailbox {
        found.push(Happening::Mailbox { user: user()?, is });
    }
    if let Some(link) = step.pbx {
        found.push(Happening::Pbx(link));
    }
    if let Some(names) = step.pbx_refuses {
        let dimensions: Result<_, _> = names.into_iter().map(refused).collect();
        found.push(Happening::PbxRefuses { user: step.user.clone(), dimensions: dimensions? });
    }
    if let Some(is) = step.program {
        found.push(Happening::Program(is));
    }
    if let Some(is) = step.instance {
        found.push(Happening::Instance(is));
    }
    if let Some(is) = step.group {
        found.push(Happening::Group { user: user()?, is });
    }
    if let Some(change) = step.policy {
        merge(written_policy, change);
        let policy = read_policy(written_policy).map_err(|refusal| refusal.within("policy"))?;
        found.push(Happening::Policy(Box::new(policy)));
    }
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(happening), None) => Ok(happening),
        (None, _) => Err(Refusal::new("", "nothing happens in this step; give it an event, by_hand, program, …")),
        (Some(_), Some(_)) => Err(Refusal::new("", "one step, one happening; give the second a step of its own")),
    }
}

fn refused(name: String) -> Result<Refused, Refusal> {
    match name.as_str() {
        "diversions" | "diversion" => Ok(Refused::AllDiversions),
        "labels" | "blf_label" | "label" => Ok(Refused::AllLabels),
        _ => Dimension::try_from(name).map(Refused::One).map_err(|problem| Refusal::new("pbx_refuses", problem)),
    }
}

/// These keys change; tables merge.
fn merge(into: &mut toml::Table, change: toml::Table) {
    for (key, value) in change {
        match (into.get_mut(&key), value) {
            (Some(toml::Value::Table(old)), toml::Value::Table(new)) => merge(old, new),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

/// While the program is stopped, only what happens outside of it makes sense.
fn check_stops(steps: &[(usize, Step)]) -> Result<(), Refusal> {
    let mut running = true;
    for (index, step) in steps {
        let place = || format!("step[{index}]");
        match &step.happening {
            Happening::Program(ProgramIs::Start) if running => {
                return Err(Refusal::new(place(), "the program is running already"));
            }
            Happening::Program(ProgramIs::Stop | ProgramIs::Crash) if !running => {
                return Err(Refusal::new(place(), "the program is not running"));
            }
            Happening::Program(is) => running = *is == ProgramIs::Start,
            Happening::Event { .. }
            | Happening::RemoveEvent { .. }
            | Happening::ByHand { .. }
            | Happening::Calendar { .. }
            | Happening::Pbx(_) => {}
            Happening::Mailbox { .. }
            | Happening::PbxRefuses { .. }
            | Happening::Instance(_)
            | Happening::Group { .. }
            | Happening::Policy(_) => {
                if !running {
                    let remedy = "while the program is stopped, only event, remove_event, by_hand, calendar, pbx and program steps make sense";
                    return Err(Refusal::new(place(), remedy));
                }
            }
        }
    }
    Ok(())
}

fn expectation(
    expect: file::Expect,
    users: &BTreeMap<String, AccountState>,
    clock: &Clock<'_>,
) -> Result<Expectation, Refusal> {
    let at = clock.read(&expect.at).map_err(|problem| Refusal::new("at", problem))?;
    let values = Values {
        dnd: expect.dnd,
        presence: expect.presence,
        text: expect.text,
        diversions: expect.diversions,
        labels: expect.labels,
    };
    check_values(known(users, &expect.user)?, &values)?;
    let flags = expect.flags.map(|names| {
        names
            .into_iter()
            .map(|name| {
                let flag = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(&name);
                serde::Deserialize::deserialize(flag).map_err(|error| Refusal::from_serde("flags", &error.to_string()))
            })
            .collect::<Result<Vec<Flag>, Refusal>>()
    });
    Ok(Expectation { at, user: expect.user, values, writes: expect.writes, flags: flags.transpose()? })
}
