//! One telephone system at run time, shared by all instances that use it: what it shows of each account, what is on
//! its way to it, and when it is asked again.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use busylamp_core::{
    batch::rank,
    ids::{AccountId, InstanceId},
    keeper::Write,
    mirror::Mirror,
    said::Said,
};
use busylamp_pbx::{Capabilities, Pbx};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::survey::Survey;
use crate::config::Connections;

/// Writes are gathered for this long before they leave as a batch.
const GATHER: std::time::Duration = std::time::Duration::from_millis(20);
/// Batches on their way at a time.
const BATCHES: usize = 4;
/// Accounts in one batch, of reading or writing.
pub(super) const BATCH: usize = 500;
/// Every account is read at least this often, if the system tells changes itself.
const SLOW_ROUND: SignedDuration = SignedDuration::from_mins(5);
/// And this often if it does not.
const QUICK_ROUND: SignedDuration = SignedDuration::from_secs(30);
/// The longest pause between two tries (§8.4).
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(30);

pub(super) struct Link {
    pub(super) name: String,
    /// What the driver was built from.
    pub(super) connections: Connections,
    pub(super) pbx: Arc<dyn Pbx>,
    pub(super) accounts: BTreeMap<AccountId, Account>,
    pub(super) capabilities: Option<Capabilities>,
    pub(super) asking_capabilities: bool,
    pub(super) next_capabilities: Timestamp,
    queue: Vec<Outgoing>,
    flush_at: Option<Instant>,
    batches: usize,
    to_read: BTreeSet<AccountId>,
    pub(super) reading: bool,
    next_reading: Timestamp,
    failures: u32,
    next_round: Timestamp,
    pub(super) listening: bool,
    next_listening: Timestamp,
    listen_failures: u32,
    pub(super) last_success: Option<Timestamp>,
    /// How long the last call took that did what was asked, in milliseconds.
    pub(super) took: Option<u64>,
    pub(super) trouble: Option<Said>,
    /// The keys that show our users, for their labels.
    pub(super) survey: Survey,
}

#[derive(Default)]
pub(super) struct Account {
    pub(super) mirror: Mirror,
    /// A write is on its way.
    pub(super) in_flight: bool,
}

/// One user's writes on their way.
pub(super) struct Outgoing {
    pub(super) instance: InstanceId,
    /// The instance's activation when the writes left: after a move their answers are somebody else's.
    pub(super) activation: u64,
    pub(super) account: AccountId,
    /// When the step was made that the writes are of, by the machine's clock.
    pub(super) decided: Instant,
    pub(super) writes: Vec<Write>,
}

impl Link {
    pub(super) fn new(name: String, connections: Connections, pbx: Arc<dyn Pbx>, now: Timestamp) -> Self {
        Self {
            name,
            connections,
            pbx,
            accounts: BTreeMap::new(),
            capabilities: None,
            asking_capabilities: false,
            next_capabilities: now,
            queue: Vec::new(),
            flush_at: None,
            batches: 0,
            to_read: BTreeSet::new(),
            reading: false,
            next_reading: now,
            failures: 0,
            next_round: now,
            listening: false,
            next_listening: now,
            listen_failures: 0,
            last_success: None,
            took: None,
            trouble: None,
            survey: Survey::new(now),
        }
    }

    /// Another driver for the same system: nothing that was seen through the old one counts.
    pub(super) fn replace(&mut self, connections: Connections, pbx: Arc<dyn Pbx>, now: Timestamp) {
        self.connections = connections;
        self.pbx = pbx;
        self.next_capabilities = now;
        self.next_reading = now;
        self.next_listening = now;
        self.survey.forget(now);
        for account in self.accounts.values_mut() {
            account.mirror.invalidate();
        }
        self.read_again(None);
    }

    /// An account that some instance is concerned with; it is read if it was not yet.
    pub(super) fn watch(&mut self, account: &AccountId) {
        if !self.accounts.contains_key(account) {
            self.accounts.insert(account.clone(), Account::default());
            self.to_read.insert(account.clone());
        }
    }

    /// The accounts of which nobody wants to know any more.
    pub(super) fn keep_only(&mut self, wanted: &BTreeSet<AccountId>) {
        self.accounts.retain(|account, live| live.in_flight || wanted.contains(account));
        self.to_read.retain(|account| wanted.contains(account));
    }

    /// These accounts are to be read, all if `None`.
    pub(super) fn read_again(&mut self, accounts: Option<&BTreeSet<AccountId>>) {
        match accounts {
            None => self.to_read.extend(self.accounts.keys().cloned()),
            Some(accounts) => {
                let known = accounts.iter().filter(|account| self.accounts.contains_key(*account));
                self.to_read.extend(known.cloned());
            }
        }
    }

    pub(super) fn queue(&mut self, outgoing: Outgoing) {
        if let Some(account) = self.accounts.get_mut(&outgoing.account) {
            account.in_flight = true;
        }
        self.queue.push(outgoing);
        self.flush_at.get_or_insert_with(|| Instant::now() + GATHER);
    }

    /// Whatever waits for its time to be asked is asked at once.
    pub(super) fn hurry(&mut self, now: Timestamp) {
        self.next_capabilities = now;
        self.next_reading = now;
        self.next_listening = now;
    }

    /// The clock was set back to now: what was put off is not put off for longer.
    pub(super) fn set_back(&mut self, now: Timestamp) {
        self.hurry(now);
        self.next_round = now;
        self.survey.reconsider(now);
    }

    /// Accounts whose writes have not left yet.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// When the gathered writes are to leave.
    pub(super) fn flush_at(&self) -> Option<Instant> {
        self.flush_at.filter(|_| self.batches < BATCHES)
    }

    pub(super) fn is_writing(&self) -> bool {
        self.batches > 0
    }

    /// The writes that are to leave now, ends before starts.
    pub(super) fn take_batch(&mut self) -> Option<Vec<Outgoing>> {
        if self.flush_at().is_none_or(|at| Instant::now() < at) {
            return None;
        }
        self.queue.sort_by(|a, b| rank(&a.account, &a.writes).cmp(&rank(&b.account, &b.writes)));
        let rest = self.queue.split_off(self.queue.len().min(BATCH));
        let batch = std::mem::replace(&mut self.queue, rest);
        if self.queue.is_empty() {
            self.flush_at = None;
        }
        self.batches += 1;
        Some(batch)
    }

    pub(super) fn batch_ended(&mut self) {
        self.batches = self.batches.saturating_sub(1);
    }

    /// What the system can do. Where that has changed, so may have what it shows.
    pub(super) fn learn(&mut self, capabilities: Capabilities, now: Timestamp) {
        let before = self.capabilities.replace(capabilities);
        if before.is_some() && before != self.capabilities {
            self.read_again(None);
        } else if before.is_none() && self.next_round > now {
            self.next_round = later(now, self.round());
        }
    }

    /// How often every account is read.
    fn round(&self) -> SignedDuration {
        let events = self.capabilities.as_ref().is_some_and(|can| can.changes);
        if events { SLOW_ROUND } else { QUICK_ROUND }
    }

    /// The accounts that are to be read now. Those with a write on its way wait for its answer.
    pub(super) fn take_reading(&mut self, now: Timestamp) -> Option<Vec<AccountId>> {
        if self.reading || now < self.next_reading {
            return None;
        }
        if now >= self.next_round {
            self.read_again(None);
            self.next_round = later(now, self.round());
        }
        let free = |account: &&AccountId| self.accounts.get(*account).is_some_and(|live| !live.in_flight);
        let batch: Vec<_> = self.to_read.iter().filter(free).take(BATCH).cloned().collect();
        for account in &batch {
            self.to_read.remove(account);
        }
        (!batch.is_empty()).then(|| {
            self.reading = true;
            batch
        })
    }

    /// The system answered.
    pub(super) fn succeeded(&mut self, now: Timestamp) {
        self.failures = 0;
        self.next_reading = now;
        self.last_success = Some(now);
        if self.trouble.take().is_some() {
            tracing::info!(pbx = self.name, "the telephone system does again what it is asked");
        }
    }

    /// The system did not answer, or not as it should: it is left alone for a while.
    pub(super) fn failed(&mut self, now: Timestamp, advice: Said) {
        self.next_reading = later(now, pause(self.failures));
        self.failures = self.failures.saturating_add(1);
        if self.trouble.is_none() {
            tracing::warn!(pbx = self.name, %advice, "the telephone system does not do what it is asked");
        }
        self.trouble = Some(advice);
    }

    pub(super) fn wants_to_listen(&self, now: Timestamp) -> bool {
        let can = self.capabilities.as_ref().is_some_and(|can| can.changes);
        can && !self.listening && now >= self.next_listening
    }

    /// A long poll has come back, without having missed anything or not: what misses something every time is asked
    /// more and more seldom.
    pub(super) fn listened(&mut self, now: Timestamp, heard_all: bool) {
        self.listening = false;
        self.next_listening = if heard_all { now } else { later(now, pause(self.listen_failures)) };
        self.listen_failures = if heard_all { 0 } else { self.listen_failures.saturating_add(1) };
    }

    /// When it is to be asked next by time alone.
    pub(super) fn next_chore(&self) -> Option<Timestamp> {
        let waiting = self.to_read.iter().any(|account| self.accounts.get(account).is_some_and(|live| !live.in_flight));
        let round = (!self.accounts.is_empty()).then_some(self.next_round);
        let reading = if waiting { Some(self.next_reading) } else { round.map(|at| at.max(self.next_reading)) };
        let can = self.capabilities.as_ref().is_some_and(|can| can.changes);
        let labels = self.capabilities.as_ref().is_some_and(|can| can.labels);
        [
            reading.filter(|_| !self.reading),
            self.survey.due(self.accounts.len()).filter(|_| labels),
            (can && !self.listening).then_some(self.next_listening),
            (!self.asking_capabilities).then_some(self.next_capabilities),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

/// Growing pauses: 1, 2, 4, … seconds.
fn pause(failures: u32) -> SignedDuration {
    SignedDuration::from_secs(1 << failures.min(5)).min(LONGEST_PAUSE)
}

pub(super) fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}
