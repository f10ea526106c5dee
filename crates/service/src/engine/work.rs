//! What runs beside the loop, and what becomes of its reports.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use busylamp_core::{
    account::Dimension,
    ids::{AccountId, InstanceId},
    mirror::Ticket,
};
use busylamp_pbx::{Capabilities, Change, Directory, PbxError, Reading, WriteOutcome};
use busylamp_store::StoreError;
use jiff::{SignedDuration, Timestamp};
use tracing::Instrument;

use super::{
    Engine,
    calendars::{Polled, poll},
    instance::{Instance, User},
    link::{Outgoing, later},
    whose,
    writes::write,
};
use crate::{config::PbxKey, health::milliseconds};

/// A long poll for changes waits at most this long; the bridge allows 25 s.
const LISTEN: SignedDuration = SignedDuration::from_secs(20);
/// What a telephone system can do is asked again this often, and after this when it could not be asked.
const CAPABILITIES_EVERY: SignedDuration = SignedDuration::from_mins(1);
const CAPABILITIES_AGAIN: SignedDuration = SignedDuration::from_secs(15);

/// What came of a piece of work.
pub(super) enum Report {
    Polled(Polled),
    Directory {
        instance: InstanceId,
        number: u64,
        took: u64,
        result: Result<Directory, PbxError>,
    },
    Capabilities {
        pbx: PbxKey,
        result: Result<Capabilities, PbxError>,
    },
    Read {
        pbx: PbxKey,
        tickets: Vec<(AccountId, Ticket)>,
        took: u64,
        result: Result<BTreeMap<AccountId, Result<Reading, PbxError>>, PbxError>,
    },
    Written {
        pbx: PbxKey,
        batch: Vec<Outgoing>,
        took: u64,
        outcomes: BTreeMap<AccountId, Vec<(Dimension, WriteOutcome)>>,
    },
    Listened {
        pbx: PbxKey,
        result: Result<Option<Change>, PbxError>,
    },
    Recorded(Result<(), StoreError>),
    Pruned(Result<u64, StoreError>),
    Surveyed {
        pbx: PbxKey,
        shown: BTreeSet<AccountId>,
        result: Result<BTreeSet<AccountId>, PbxError>,
    },
}

impl Engine {
    /// Starts whatever is to be done now.
    pub(super) fn start_work(&mut self) {
        let now = self.clock.now();
        self.read_ahead(now);
        self.keep_history(now);
        for (id, instance) in &mut self.instances {
            if !instance.is_active() {
                continue;
            }
            let Instance { rhythms, readers, mailboxes, .. } = &mut *instance;
            for due in rhythms.begin(readers, mailboxes.keys(), now) {
                self.work.spawn(poll(id.clone(), instance, due, now).instrument(whose::span([id].into_iter())));
            }
            let Some(link) = self.links.get(&instance.config.pbx_key()) else { continue };
            if !instance.asking_directory && now >= instance.next_directory {
                instance.asking_directory = true;
                let (id, pbx, group) = (id.clone(), link.pbx.clone(), instance.config.group.clone());
                let (number, whose) = (instance.number, whose::span([&id].into_iter()));
                let read = async move {
                    let (result, took) = timed(pbx.directory(&group)).await;
                    Report::Directory { instance: id, number, took, result }
                };
                self.work.spawn(read.instrument(whose));
            }
        }
        for (key, link) in &mut self.links {
            let sharing = self.instances.iter().filter(|(_, instance)| instance.config.pbx_key() == *key);
            let whose = whose::span(sharing.map(|(id, _)| id));
            if !link.asking_capabilities && now >= link.next_capabilities {
                link.asking_capabilities = true;
                let (pbx, key) = (link.pbx.clone(), key.clone());
                let ask = async move { Report::Capabilities { pbx: key, result: pbx.capabilities().await } };
                self.work.spawn(ask.instrument(whose.clone()));
            }
            if let Some(accounts) = link.take_reading(now) {
                let tickets: Vec<_> = accounts
                    .iter()
                    .filter_map(|account| Some((account.clone(), link.accounts.get(account)?.mirror.begin())))
                    .collect();
                let (pbx, key) = (link.pbx.clone(), key.clone());
                let read = async move {
                    let (result, took) = timed(pbx.read(&accounts)).await;
                    Report::Read { pbx: key, tickets, took, result }
                };
                self.work.spawn(read.instrument(whose.clone()));
            }
            if link.capabilities.as_ref().is_some_and(|can| can.labels) {
                let wanted = || wants_labels(&self.instances, key);
                if let Some(shown) = link.survey.begin(link.accounts.keys(), now, wanted) {
                    let (pbx, key) = (link.pbx.clone(), key.clone());
                    let survey = async move {
                        let result = pbx.survey_labels(&shown).await;
                        Report::Surveyed { pbx: key, shown, result }
                    };
                    self.work.spawn(survey.instrument(whose.clone()));
                }
            }
            while let Some(batch) = link.take_batch() {
                self.work.spawn(write(key.clone(), link.pbx.clone(), batch).instrument(whose.clone()));
            }
            if link.wants_to_listen(now) {
                link.listening = true;
                let (pbx, key) = (link.pbx.clone(), key.clone());
                let listen = async move { Report::Listened { pbx: key, result: pbx.changes(LISTEN).await } };
                self.work.spawn(listen.instrument(whose));
            }
        }
    }

    /// Accounts whose users are due soon are read again first.
    fn read_ahead(&mut self, now: Timestamp) {
        while let Some((at, key)) = self.ahead.pop_first() {
            if at > now {
                self.ahead.insert((at, key));
                return;
            }
            let Some(instance) = self.instances.get_mut(&key.0) else { continue };
            if let Some(user) = instance.users.get_mut(&key.1) {
                user.ahead = None;
            }
            if let Some(link) = self.links.get_mut(&instance.config.pbx_key()) {
                link.read_again(Some(&BTreeSet::from([key.1])));
            }
        }
    }

    /// Takes in what came of a piece of work.
    pub(super) fn report(&mut self, report: Report) {
        let now = self.clock.now();
        let _whose = self.whose(&report).entered();
        // History is on no picture.
        self.board_is_old |= !matches!(report, Report::Recorded(_) | Report::Pruned(_));
        match report {
            Report::Recorded(result) => self.history.written(result),
            Report::Pruned(result) => self.history.pruned(result),
            Report::Polled(polled) => {
                if self.is_running(&polled.instance, polled.number) {
                    self.polled(polled, now);
                }
            }
            Report::Directory { instance, number, took, result } => {
                if self.is_running(&instance, number) {
                    self.directory(&instance, result, took, now);
                }
            }
            Report::Capabilities { pbx, result } => {
                let Some(link) = self.links.get_mut(&pbx) else { return };
                link.asking_capabilities = false;
                let again = if result.is_ok() { CAPABILITIES_EVERY } else { CAPABILITIES_AGAIN };
                link.next_capabilities = later(now, again);
                match result {
                    Ok(capabilities) => {
                        tracing::debug!(
                            pbx = link.name,
                            dnd = capabilities.dnd,
                            presence = capabilities.presence,
                            changes = capabilities.changes,
                            labels = capabilities.labels,
                            "what the telephone system can do"
                        );
                        link.learn(capabilities, now);
                    }
                    Err(error) => link.trouble = Some(error.said()),
                }
            }
            Report::Read { pbx, tickets, took, result } => {
                self.took(&pbx, took, result.is_ok());
                self.read(&pbx, tickets, result, now);
            }
            Report::Written { pbx, batch, took, outcomes } => {
                self.took(&pbx, took, !outcomes.is_empty());
                self.written(&pbx, batch, &outcomes, now);
            }
            Report::Surveyed { pbx, shown, result } => {
                let Some(link) = self.links.get_mut(&pbx) else { return };
                match result {
                    Ok(changed) => {
                        link.survey.ended(Some(shown), now);
                        link.read_again(Some(&changed));
                    }
                    Err(error) => {
                        tracing::warn!(pbx = link.name, %error, "the labels of keys can't be read");
                        link.survey.ended(None, now);
                    }
                }
            }
            Report::Listened { pbx, result } => {
                let Some(link) = self.links.get_mut(&pbx) else { return };
                link.listened(now, matches!(result, Ok(None | Some(Change::Accounts(_)))));
                match result {
                    Ok(None) => {}
                    Ok(Some(Change::Accounts(accounts))) => {
                        tracing::debug!(
                            pbx = link.name,
                            accounts = accounts.len(),
                            "the telephone system tells changes"
                        );
                        link.read_again(Some(&accounts));
                    }
                    Ok(Some(Change::Lost)) => {
                        tracing::debug!(pbx = link.name, "changes may have been missed; all accounts are read");
                        link.read_again(None);
                    }
                    Err(error) => {
                        tracing::warn!(pbx = link.name, %error, "changes can't be listened to");
                        // What happened meanwhile is not known.
                        link.read_again(None);
                    }
                }
            }
        }
    }

    /// How long a telephone system took to do what it was asked.
    fn took(&mut self, pbx: &PbxKey, took: u64, done: bool) {
        if let Some(link) = self.links.get_mut(pbx).filter(|_| done) {
            link.took = Some(took);
        }
    }

    /// Whether this is still the instance that asked.
    fn is_running(&self, id: &InstanceId, number: u64) -> bool {
        self.instances.get(id).is_some_and(|instance| instance.number == number)
    }
}

/// Whether somebody wants labels on this telephone system, or labels of ours are there to be given back.
fn wants_labels(instances: &BTreeMap<InstanceId, Instance>, pbx: &PbxKey) -> bool {
    let holds = |user: &User| user.state.holds().any(|(dimension, _)| matches!(dimension, Dimension::Label(_)));
    instances.values().filter(|instance| instance.config.pbx_key() == *pbx).any(|instance| {
        (instance.is_active() && instance.config.policy.blf_labels) || instance.users.values().any(holds)
    })
}

/// A piece of work, and how long it takes in milliseconds.
pub(super) async fn timed<T>(work: impl Future<Output = T>) -> (T, u64) {
    let began = Instant::now();
    let done = work.await;
    (done, milliseconds(began.elapsed()))
}
