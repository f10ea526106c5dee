//! Instances as they are configured (interfaces, section 5).
//!
//! An instance is written in a file ([`WrittenInstance`]); its secrets stand elsewhere, named by environment
//! variable or file. The written form goes into the store as it is, the secrets beside it, sealed. What runs is
//! made of both ([`InstanceConfig`]) and checked as far as that can be done without network.

mod build;
mod calendar;
mod file;
mod secrets;

use std::collections::BTreeMap;

use busylamp_calendar::hybrid::Source;
use busylamp_core::{format::refusal::Refusal, ids::InstanceId, language::Language, policy::Policy, said::Said};
use busylamp_pbx::starface::StarfaceConfig;
use jiff::{SignedDuration, tz::TimeZone};

pub(crate) use self::build::{build_calendar, build_starface};
pub(crate) use self::calendar::AccountKey;
pub use self::{
    build::build,
    calendar::{CalendarConfig, Exchange, Polled},
    file::{
        InStore, Period, SecretSource, WrittenAccess, WrittenAuth, WrittenBinding, WrittenBridge, WrittenEws,
        WrittenGraph, WrittenInstance, WrittenStarface, WrittenTrust, read_file, write_file,
    },
    secrets::Secrets,
};

/// A refusal of what pages ask for too: in both languages.
fn refused(place: impl Into<String>, german: impl Into<String>, english: impl Into<String>) -> Refusal {
    Refusal::said(place, &Said::new(german, english))
}

/// What is no address.
fn no_address(place: &str, text: &str, example: &str) -> Refusal {
    refused(
        place,
        format!("„{text}“ ist keine Adresse wie {example}."),
        format!("`{text}` is no address like {example}"),
    )
}

/// One instance, checked and ready to run.
#[derive(Clone, Debug)]
pub struct InstanceConfig {
    /// Stays the same for good.
    pub id: InstanceId,
    /// As the administrator calls it.
    pub name: String,
    /// What the administrator says about it.
    pub description: String,
    /// Whether it acts.
    pub active: bool,
    /// The language of texts.
    pub language: Language,
    /// The zone of users whose mailbox doesn't tell its own.
    pub zone: TimeZone,
    /// The calendars.
    pub calendar: CalendarConfig,
    /// The age at which a reading is no longer believed (§8.2).
    pub stale_after: SignedDuration,
    /// The telephone system.
    pub starface: StarfaceConfig,
    /// The group whose members are the users.
    pub group: String,
    /// What is done.
    pub policy: Policy,
    /// What the connections were built from, to tell whether a new configuration changes them.
    pub connections: Connections,
}

/// What an instance's connections were built from.
#[derive(Clone, Debug, PartialEq)]
pub struct Connections {
    calendar: WrittenCalendar,
    starface: WrittenStarface,
    secrets: Secrets,
}

/// What the connection to a telephone system was configured with: instances with equal keys share it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SystemKey {
    reached: WrittenStarface,
    secrets: Secrets,
}

/// What is written about the calendars.
#[derive(Clone, Debug, PartialEq)]
struct WrittenCalendar {
    source: Option<Source>,
    sources: BTreeMap<String, Source>,
    graph: Option<WrittenGraph>,
    ews: Option<WrittenEws>,
}

impl WrittenCalendar {
    /// The same, asked as often as any other.
    fn unhurried(&self) -> Self {
        let mut calendar = self.clone();
        let polls =
            [calendar.graph.as_mut().map(|graph| &mut graph.poll), calendar.ews.as_mut().map(|ews| &mut ews.poll)];
        for poll in polls.into_iter().flatten() {
            *poll = Period(SignedDuration::ZERO);
        }
        calendar
    }
}

impl Connections {
    /// What connections are built from: where secrets stand makes no difference, what they are does.
    pub(crate) fn of(written: &WrittenInstance, secrets: &Secrets) -> Self {
        let WrittenInstance { source, sources, graph, ews, starface, .. } = written.with_all_stored();
        Self { calendar: WrittenCalendar { source, sources, graph, ews }, starface, secrets: secrets.clone() }
    }

    /// The telephone system, and the way to it.
    pub(crate) fn system(&self) -> SystemKey {
        let own = self.secrets.iter().filter(|(place, _)| place.starts_with("starface."));
        SystemKey {
            reached: WrittenStarface { group: String::new(), ..self.starface.clone() },
            secrets: own.map(|(place, secret)| (place.clone(), secret.clone())).collect(),
        }
    }

    /// Whether the telephone system is reached in the same way: address, account, bridge, trust and secrets.
    pub fn same_pbx(&self, other: &Self) -> bool {
        self.system() == other.system()
    }

    /// Whether the same calendars are read in the same way, however often.
    pub fn same_calendar(&self, other: &Self) -> bool {
        let secrets = |connections: &Self| -> Secrets {
            let own = connections.secrets.iter().filter(|(place, _)| !place.starts_with("starface."));
            own.map(|(place, secret)| (place.clone(), secret.clone())).collect()
        };
        self.calendar.unhurried() == other.calendar.unhurried() && secrets(self) == secrets(other)
    }

    /// Whether holds taken through one can be given back through the other: the same telephone system, service
    /// account and group (§7.7).
    pub fn same_place(&self, other: &Self) -> bool {
        self.place() == other.place()
    }

    /// The telephone system, service account and group, in one line.
    pub fn place(&self) -> String {
        let WrittenStarface { url, login, group, .. } = &self.starface;
        format!("{url} {login} {group}")
    }
}

impl InstanceConfig {
    /// What the telephone system is called where connections are shared: its address and the service account.
    pub fn pbx_key(&self) -> PbxKey {
        PbxKey(format!("{} {}", self.starface.url, self.starface.login))
    }
}

/// One telephone system as seen by one service account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PbxKey(String);
