//! Answers to what people ask and tell the running service to do.

use std::{collections::BTreeSet, sync::Arc};

use busylamp_core::{
    account::{AccountState, Dimension, Value},
    event::Agenda,
    hold::{Act, Hold, Why},
    ids::MailAddress,
    journal::Journal,
    keeper::{self, Account, Flags, Standing},
    said::Said,
};
use busylamp_store::{Record, StoreError};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    Engine, Request, UserKey,
    instance::{Instance, User},
};
use crate::{
    board::Lamp,
    config::InstanceConfig,
    health::{ConnectionHealth, Flagged, Health, Side},
    user::Outcome,
};

/// All that is known of one user at an instant.
pub(crate) struct Snapshot {
    pub(crate) now: Timestamp,
    /// When the program began.
    pub(crate) started: Timestamp,
    pub(crate) config: Arc<InstanceConfig>,
    pub(crate) standing: Standing,
    pub(crate) mail: Option<MailAddress>,
    pub(crate) zone: TimeZone,
    pub(crate) agenda: Option<(Agenda, Timestamp)>,
    pub(crate) text_limit: Option<usize>,
    pub(crate) lamp: Lamp,
    pub(crate) flags: Flags,
    pub(crate) report: keeper::Report,
    pub(crate) holds: Vec<(Dimension, Hold<Value>)>,
    pub(crate) sleeping: Vec<(Dimension, Hold<Value>)>,
    pub(crate) shown: Option<AccountState>,
    /// What is not in the store yet.
    pub(crate) unrecorded: Vec<Record>,
}

impl Engine {
    /// Answers one request. That nobody waits for the answer any more does no harm.
    pub(super) async fn answer(&mut self, request: Request) {
        match request {
            Request::Configure { instances, done } => {
                self.configure(instances).await;
                let _nobody_waits = done.send(());
            }
            // Stopping is the loop's own.
            Request::Stop { done } => drop(done),
            Request::Snapshot { instance, account, done } => {
                let _nobody_waits = done.send(self.snapshot(&(instance, account)).map(Box::new));
            }
            Request::Pause { instance, account, until, done } => {
                let _nobody_waits = done.send(self.pause(&(instance, account), until).await.map_err(Into::into));
            }
            Request::GiveBack { instance, account, done } => {
                let _nobody_waits = done.send(self.give_back(&(instance, account)).await.map_err(Into::into));
            }
            Request::Discard { instance, account, done } => {
                let _nobody_waits = done.send(self.discard_holds(&(instance, account)).await.map_err(Into::into));
            }
            Request::CheckAgain { instance, account, done } => {
                let outcome = match account {
                    Some(account) => self.check_user_again(&(instance, account)),
                    None => self.check_all_again(&instance),
                };
                let _nobody_waits = done.send(outcome);
            }
            Request::Calendars { instance, done } => {
                let _nobody_waits = done.send(self.calendars_of(&instance));
            }
            Request::Health { done } => {
                let _nobody_waits = done.send(self.health());
            }
        }
    }

    /// A user, or what is unknown.
    pub(super) fn find(&self, key: &UserKey) -> Result<(&Instance, &User), Outcome> {
        let instance = self.instances.get(&key.0).ok_or(Outcome::UnknownInstance)?;
        let user = instance.users.get(&key.1).ok_or(Outcome::UnknownUser)?;
        Ok((instance, user))
    }

    fn snapshot(&self, key: &UserKey) -> Option<Snapshot> {
        let (instance, user) = self.find(key).ok()?;
        let live = self.links.get(&instance.config.pbx_key())?.accounts.get(&key.1)?;
        let is_owner = self.owners().get(&key.1).is_none_or(|owner| *owner == key.0);
        let facts = instance.facts(&key.1, user, live, is_owner, Journal::Writable, self.started);
        let shown = match facts.account {
            Account::Shown { state, .. } => Some(state.clone()),
            Account::Unknown | Account::Gone => None,
        };
        let own = |(dimension, hold): (&Dimension, &Hold<Value>)| (dimension.clone(), hold.clone());
        Some(Snapshot {
            started: self.started,
            now: self.clock.now(),
            config: Arc::clone(&instance.config),
            standing: facts.standing,
            mail: user.mail.clone(),
            zone: facts.zone.clone(),
            agenda: facts.calendar.reading.map(|(agenda, at)| (agenda.clone(), at)),
            text_limit: facts.text_limit,
            lamp: self.lamp(&key.0, instance, &key.1, user),
            flags: user.flags.clone(),
            report: user.report.clone(),
            holds: user.state.holds().map(own).collect(),
            sleeping: user.state.sleeping().map(own).collect(),
            shown,
            unrecorded: self.history.unwritten(&key.0, &key.1),
        })
    }

    /// Forgets holds that can't be given back (§8.5).
    async fn discard_holds(&mut self, key: &UserKey) -> Result<Outcome, StoreError> {
        let now = self.clock.now();
        let (instance, user) = match self.find(key) {
            Ok(found) => found,
            Err(unknown) => return Ok(unknown),
        };
        let is_served = instance.is_active()
            && instance.membership.members().contains(&key.1)
            && !instance.pauses.contains_key(&key.1);
        let refused = |dimension: &Dimension| {
            let line = user.report.lines.get(dimension);
            line.is_some_and(|line| matches!(line.act, Act::Nothing(Why::RefusedGiveBack(_))))
        };
        let mut state = user.state.clone();
        let lost = user.state.holds().filter(|(dimension, hold)| !is_served || refused(dimension) || hold.end <= now);
        let lost: Vec<&Dimension> = lost.map(|(dimension, _)| dimension).collect();
        if lost.is_empty() {
            return Ok(Outcome::NothingToDo);
        }
        lost.into_iter().for_each(|dimension| state.discard(dimension));
        self.store.save_states(&[(&key.0, &key.1, (!state.is_empty()).then_some(&state))]).await?;
        if let Some(user) = self.instances.get_mut(&key.0).and_then(|instance| instance.users.get_mut(&key.1)) {
            user.state = state;
        }
        self.reconsider(&key.1);
        Ok(Outcome::Done)
    }

    fn check_user_again(&mut self, key: &UserKey) -> Outcome {
        let now = self.clock.now();
        if let Err(unknown) = self.find(key) {
            return unknown;
        }
        let Some(instance) = self.instances.get_mut(&key.0) else { return Outcome::UnknownInstance };
        instance.next_directory = now;
        if let Some(mail) = instance.users.get(&key.1).and_then(|user| user.mail.clone()) {
            instance.rhythms.ask_again(instance.readers.side(&mail), mail);
        }
        if let Some(link) = self.links.get_mut(&instance.config.pbx_key()) {
            link.read_again(Some(&BTreeSet::from([key.1.clone()])));
            link.hurry(now);
        }
        self.reconsider(&key.1);
        Outcome::Done
    }

    fn check_all_again(&mut self, id: &busylamp_core::ids::InstanceId) -> Outcome {
        let now = self.clock.now();
        let Some(instance) = self.instances.get_mut(id) else { return Outcome::UnknownInstance };
        instance.next_directory = now;
        instance.rhythms.read_all();
        instance.rhythms.hurry(now);
        if let Some(link) = self.links.get_mut(&instance.config.pbx_key()) {
            link.read_again(None);
            link.hurry(now);
        }
        self.dirty.extend(instance.users.keys().map(|account| (id.clone(), account.clone())));
        Outcome::Done
    }

    fn health(&self) -> Health {
        let now = self.clock.now();
        let users = || {
            self.instances.iter().flat_map(|(id, instance)| {
                instance.users.iter().map(move |(account, user)| (id, instance, account, user))
            })
        };
        let of = |id: &busylamp_core::ids::InstanceId, account: &busylamp_core::ids::AccountId, at| {
            (id.clone(), account.clone(), at)
        };
        let read = users().filter(|(_, instance, account, _)| instance.membership.members().contains(account));
        let read = read.filter_map(|(id, instance, account, user)| {
            let (_, at) = instance.mailboxes.get(user.mail.as_ref()?)?.agenda.as_ref()?;
            Some((*at, id, account))
        });
        let overdue = users().filter_map(|(id, _, account, user)| Some((user.state.overdue_since(now)?, id, account)));
        let mut flagged: Vec<Flagged> = users()
            .flat_map(|(instance, _, account, user)| {
                let flagged = |flag| Flagged {
                    instance: instance.clone(),
                    account: account.clone(),
                    name: user.name.clone(),
                    flag,
                };
                user.flags.iter().copied().map(flagged)
            })
            .collect();
        flagged.sort_by(|a, b| (&a.instance, &a.name, a.flag).cmp(&(&b.instance, &b.name, b.flag)));
        Health {
            now,
            started: self.started,
            connections: self.connections(),
            flagged,
            oldest_reading: read.min().map(|(at, id, account)| of(id, account, at)),
            oldest_overdue_give_back: overdue.min().map(|(at, id, account)| of(id, account, at)),
            expiring: Vec::new(),
            store: self.commit_trouble.clone(),
            waiting_writes: self.links.values().map(super::link::Link::waiting).sum(),
            lost_records: self.history.lost(),
        }
    }

    /// The connections, as they are.
    pub(super) fn connections(&self) -> Vec<ConnectionHealth> {
        let mut connections = Vec::new();
        for (id, instance) in &self.instances {
            let name = &instance.config.name;
            for (side, reader) in instance.readers.sides() {
                let health = reader.calendar.health();
                connections.push(ConnectionHealth {
                    name: Said::verbatim(format!("{name}: {side}")),
                    side: match side {
                        busylamp_calendar::hybrid::Side::Graph => Side::Graph,
                        busylamp_calendar::hybrid::Side::Ews => Side::Ews,
                    },
                    instance: Some(id.clone()),
                    last_success: health.last_success,
                    latency_ms: instance.rhythms.took(side),
                    trouble: health.trouble,
                    notes: reader.notes.clone(),
                });
            }
            connections.push(ConnectionHealth {
                name: Said::new(format!("{name}: Gruppe"), format!("{name}: group")),
                side: Side::Group,
                instance: Some(id.clone()),
                last_success: instance.directory_read,
                latency_ms: instance.directory_took,
                trouble: instance.directory_trouble.clone(),
                notes: Vec::new(),
            });
        }
        for link in self.links.values() {
            connections.push(ConnectionHealth {
                name: Said::verbatim(link.name.clone()),
                side: Side::Starface,
                instance: None,
                last_success: link.last_success,
                latency_ms: link.took,
                trouble: link.trouble.clone(),
                notes: link.capabilities.iter().flat_map(|can| can.notes.iter().cloned()).collect(),
            });
        }
        connections
    }
}
