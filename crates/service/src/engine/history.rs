//! What is written down for explanations of the past (§9). It goes to the store beside the rounds, in portions, so that
//! no commit of holds waits for long; what the store is too slow for is dropped and counted. Holds never depend on it.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use busylamp_core::ids::{AccountId, InstanceId};
use busylamp_store::{HISTORY_DAYS, HISTORY_RECORDS, Record, Recorded, Store, StoreError, What};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::{Engine, link::later, work::Report};

/// Records are gathered for this long.
const GATHER: Duration = Duration::from_millis(250);
/// Records in one transaction.
const PORTION: usize = 500;
/// No more records wait than these: some 100 bytes each.
const MOST: usize = 200_000;
/// After a failure, the store is tried again so much later.
const AGAIN: Duration = Duration::from_secs(5);
/// What is old is forgotten this often.
const PRUNE_EVERY: SignedDuration = SignedDuration::from_hours(6);
/// At a stop, no longer than this is spent on what still waits.
const LAST: Duration = Duration::from_secs(1);

/// The log has it too, for as long as somebody wants it there.
fn tell(record: &Record) {
    let Record { instance, account, dimension, before, after, reason, .. } = record;
    let name = |value: &Option<Recorded>| value.map_or("nothing", Recorded::name);
    let what = match record.what {
        What::Decided => "decided",
        What::Written => "written",
        What::Shown => "seen",
    };
    let (before, after) = (name(before), name(after));
    tracing::debug!(%instance, %account, %dimension, before, after, reason = reason.as_str(), "{what}");
}

pub(super) struct History {
    waiting: VecDeque<Record>,
    /// What is on its way to the store.
    leaving: Arc<Vec<Record>>,
    busy: bool,
    flush_at: Option<Instant>,
    next_pruning: Timestamp,
    lost: u64,
    /// The log knows already that the store is too slow.
    is_losing: bool,
}

impl History {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            waiting: VecDeque::new(),
            leaving: Arc::default(),
            busy: false,
            flush_at: None,
            next_pruning: now,
            lost: 0,
            is_losing: false,
        }
    }

    /// Takes down a record, at the instant as the store keeps it.
    pub(super) fn push(&mut self, mut record: Record) {
        record.at = Timestamp::from_microsecond(record.at.as_microsecond()).unwrap_or(record.at);
        tell(&record);
        if self.waiting.len() < MOST {
            self.waiting.push_back(record);
            self.flush_at.get_or_insert_with(|| Instant::now() + GATHER);
            return;
        }
        self.lost += 1;
        if !std::mem::replace(&mut self.is_losing, true) {
            tracing::warn!("the store is too slow for the history: some of it is not written down");
        }
    }

    /// Whether something is on its way to the store.
    pub(super) fn is_writing(&self) -> bool {
        !self.leaving.is_empty()
    }

    /// How many records were dropped since the start.
    pub(super) fn lost(&self) -> u64 {
        self.lost
    }

    /// What the store may not have yet of one user.
    pub(super) fn unwritten(&self, instance: &InstanceId, account: &AccountId) -> Vec<Record> {
        let all = self.leaving.iter().chain(&self.waiting);
        all.filter(|record| record.instance == *instance && record.account == *account).cloned().collect()
    }

    /// When something is to be written.
    pub(super) fn flush_at(&self) -> Option<Instant> {
        self.flush_at.filter(|_| !self.busy)
    }

    /// When something is to be forgotten.
    pub(super) fn next_chore(&self) -> Option<Timestamp> {
        (!self.busy).then_some(self.next_pruning)
    }

    /// The next portion, if now is the time.
    fn take_portion(&mut self) -> Option<Arc<Vec<Record>>> {
        if self.flush_at().is_none_or(|at| Instant::now() < at) {
            return None;
        }
        self.busy = true;
        self.flush_at = None;
        self.leaving = Arc::new(self.waiting.drain(..self.waiting.len().min(PORTION)).collect());
        Some(Arc::clone(&self.leaving))
    }

    /// A portion was written, or could not be.
    pub(super) fn written(&mut self, result: Result<(), StoreError>) {
        self.busy = false;
        let leaving = std::mem::take(&mut self.leaving);
        match result {
            Ok(()) => {
                self.is_losing = false;
                let more = !self.waiting.is_empty();
                self.flush_at =
                    more.then(|| Instant::now() + if self.waiting.len() < PORTION { GATHER } else { Duration::ZERO });
            }
            Err(error) => {
                tracing::warn!(%error, "history can't be stored; it is tried again");
                for record in leaving.iter().rev() {
                    self.waiting.push_front(record.clone());
                }
                self.flush_at = Some(Instant::now() + AGAIN);
            }
        }
    }

    /// What was old is forgotten, or could not be.
    pub(super) fn pruned(&mut self, result: Result<u64, StoreError>) {
        self.busy = false;
        match result {
            Ok(0) => {}
            Ok(forgotten) => tracing::debug!(forgotten, "old history was forgotten"),
            Err(error) => tracing::warn!(%error, "old history can't be forgotten; it is tried again later"),
        }
    }

    /// At a stop: what still waits, as far as there is time.
    pub(super) async fn finish(&mut self, store: &Store) {
        let waiting = Vec::from(std::mem::take(&mut self.waiting));
        let write = async {
            for portion in [self.leaving.as_slice()].into_iter().chain(waiting.chunks(PORTION)) {
                if let Err(error) = store.append_history(portion).await {
                    tracing::warn!(%error, "the last of the history can't be stored");
                    return;
                }
            }
        };
        let _late = tokio::time::timeout(LAST, write).await;
    }
}

impl Engine {
    /// Starts what is to be done now, one thing at a time.
    pub(super) fn keep_history(&mut self, now: Timestamp) {
        if let Some(portion) = self.history.take_portion() {
            let store = Arc::clone(&self.store);
            self.work.spawn(async move { Report::Recorded(store.append_history(&portion).await) });
        } else if self.history.next_chore().is_some_and(|at| now >= at) {
            self.history.busy = true;
            self.history.next_pruning = later(now, PRUNE_EVERY);
            let store = Arc::clone(&self.store);
            self.work
                .spawn(async move { Report::Pruned(store.prune_history(now, HISTORY_DAYS, HISTORY_RECORDS).await) });
        }
    }
}

#[cfg(test)]
mod tests {
    use busylamp_core::account::Dimension;
    use busylamp_store::{Reason, What};

    use super::*;

    fn record(nanosecond: i128) -> Record {
        Record {
            at: Timestamp::from_nanosecond(nanosecond).expect("within range"),
            instance: "i".into(),
            account: "7".into(),
            what: What::Written,
            dimension: Dimension::Dnd,
            before: None,
            after: None,
            event: None,
            reason: Reason::new("take"),
        }
    }

    fn ready(history: &mut History) -> Option<Arc<Vec<Record>>> {
        history.flush_at = history.flush_at.map(|_| Instant::now());
        history.take_portion()
    }

    #[test]
    fn what_the_store_is_too_slow_for_is_dropped_and_counted() {
        let mut history = History::new(Timestamp::UNIX_EPOCH);
        (0..MOST + 3).for_each(|_| history.push(record(0)));
        assert_eq!((history.waiting.len(), history.lost()), (MOST, 3));
    }

    #[test]
    fn what_could_not_be_written_is_tried_again_in_the_same_order() {
        let mut history = History::new(Timestamp::UNIX_EPOCH);
        assert!(history.take_portion().is_none());
        (0..3).for_each(|millisecond| history.push(record(millisecond * 1_000_000)));
        assert!(history.take_portion().is_none(), "records are gathered");
        let first = ready(&mut history).expect("a portion");
        history.push(record(3_000_000));
        assert!(ready(&mut history).is_none(), "one at a time");
        assert_eq!(history.unwritten(&"i".into(), &"7".into()).len(), 4);
        history.written(Err(StoreError::Busy));
        let second = ready(&mut history).expect("a portion");
        assert_eq!((second[..3].to_vec(), second.len()), (first.to_vec(), 4));
        history.written(Ok(()));
        assert!(history.flush_at().is_none() && history.unwritten(&"i".into(), &"7".into()).is_empty());
    }

    #[test]
    fn instants_are_those_that_the_store_keeps() {
        let mut history = History::new(Timestamp::UNIX_EPOCH);
        history.push(record(1_999));
        assert_eq!(history.waiting[0].at.as_nanosecond(), 1_000);
    }
}
