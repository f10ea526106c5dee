//! The loop. One task owns all that is known at run time; everything slow (network) runs beside it and reports
//! back as a [`Report`]. After each report, and whenever a user is due, a round is made: the users concerned are
//! stepped, all changed states are committed in one transaction, and only then do the writes leave (§7.3).

mod ask;
mod calendars;
mod chronicle;
mod configure;
mod history;
mod instance;
mod link;
mod members;
mod pauses;
mod preview;
mod readings;
mod rhythm;
mod round;
mod set_back;
mod show;
mod survey;
mod whose;
mod work;
mod writes;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use busylamp_core::{
    ids::{AccountId, InstanceId},
    journal::Commits,
    said::Said,
};
use busylamp_store::Store;
use jiff::Timestamp;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::Instant,
};

pub(crate) use self::preview::{Calendars, Member, no_address};
pub(crate) use self::{
    ask::Snapshot,
    calendars::{AHEAD, BACK},
    show::latch,
};
use self::{history::History, instance::Instance, link::Link, work::Report};
use crate::{
    ServiceError,
    accounts::Accounts,
    board::Board,
    clock::Clock,
    config::{InstanceConfig, PbxKey},
    figures::Figures,
    health::Health,
    user::Outcome,
};

/// What became of an order that is to be kept.
type Ordered = oneshot::Sender<Result<Outcome, ServiceError>>;

/// Users by instance and account.
type UserKey = (InstanceId, AccountId);

/// What the engine is asked from outside.
pub(crate) enum Request {
    /// These instances are configured from now on, in place of those with the same ids; others stay.
    Configure { instances: Vec<Configured>, done: oneshot::Sender<()> },
    /// Stop, keeping all holds.
    Stop { done: oneshot::Sender<()> },
    /// What is known of a user.
    Snapshot { instance: InstanceId, account: AccountId, done: oneshot::Sender<Option<Box<Snapshot>>> },
    /// Leave a user alone until then; `None`: no longer.
    Pause { instance: InstanceId, account: AccountId, until: Option<Timestamp>, done: Ordered },
    /// Give back what is held, and take nothing while the events run that run now.
    GiveBack { instance: InstanceId, account: AccountId, done: Ordered },
    /// Forget what can't be given back.
    Discard { instance: InstanceId, account: AccountId, done: Ordered },
    /// Read everything about a user anew; `None`: about all.
    CheckAgain { instance: InstanceId, account: Option<AccountId>, done: oneshot::Sender<Outcome> },
    /// What was read of an instance's users.
    Calendars { instance: InstanceId, done: oneshot::Sender<Option<Calendars>> },
    /// How it goes.
    Health { done: oneshot::Sender<Health> },
}

/// An instance with its place in the order of activation.
#[derive(Clone, Debug)]
pub(crate) struct Configured {
    pub(crate) config: InstanceConfig,
    pub(crate) phase: busylamp_store::Phase,
    pub(crate) activation: u64,
}

pub(crate) struct Engine {
    clock: Clock,
    started: Timestamp,
    /// What the clock showed when it was last looked at.
    looked: Timestamp,
    store: Arc<Store>,
    instances: BTreeMap<InstanceId, Instance>,
    links: BTreeMap<PbxKey, Link>,
    accounts: Accounts,
    figures: Arc<Figures>,
    /// Users to be stepped in the next round.
    dirty: BTreeSet<UserKey>,
    /// When users want to be asked.
    due: BTreeSet<(Timestamp, UserKey)>,
    /// Users whose accounts are read shortly before they are due, so that the decision sees what people did.
    ahead: BTreeSet<(Timestamp, UserKey)>,
    /// When pauses end.
    pause_ends: BTreeSet<(Timestamp, UserKey)>,
    work: JoinSet<Report>,
    board: watch::Sender<Arc<Board>>,
    board_is_old: bool,
    board_made: Instant,
    /// The store could not commit: only give-backs leave until it can.
    commits: Commits,
    /// Why the last commit failed, for people.
    commit_trouble: Option<Said>,
    /// What is written down for explanations.
    history: History,
    /// How many instances have begun.
    begun: u64,
    /// When calendars could not be kept at rest, if the last attempt failed.
    agendas_failed: Option<Timestamp>,
    /// Words for kinds that nobody knows, each warned of once (§1.4).
    unrecognised: BTreeSet<String>,
}

/// Pictures for people are made no more often than this.
const BOARD_PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

impl Engine {
    pub(crate) fn new(store: Arc<Store>, clock: Clock, accounts: Accounts, board: watch::Sender<Arc<Board>>) -> Self {
        Self {
            clock,
            started: clock.now(),
            looked: clock.now(),
            store,
            instances: BTreeMap::new(),
            links: BTreeMap::new(),
            accounts,
            figures: Arc::default(),
            dirty: BTreeSet::new(),
            due: BTreeSet::new(),
            ahead: BTreeSet::new(),
            pause_ends: BTreeSet::new(),
            work: JoinSet::new(),
            board,
            board_is_old: true,
            board_made: Instant::now(),
            commits: Commits::default(),
            commit_trouble: None,
            history: History::new(clock.now()),
            begun: 0,
            agendas_failed: None,
            unrecognised: BTreeSet::new(),
        }
    }

    /// What it counts.
    pub(crate) fn figures(&self) -> Arc<Figures> {
        Arc::clone(&self.figures)
    }

    /// Runs until it is asked to stop or nobody can ask any more.
    pub(crate) async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let done = loop {
            self.look_at_the_clock();
            self.start_work();
            self.show();
            let wake = self.next_chore();
            let flush = self.links.values().filter_map(Link::flush_at).min();
            let record = self.history.flush_at();
            let board = (self.board_is_old && self.board.receiver_count() > 0).then(|| self.board_made + BOARD_PAUSE);
            tokio::select! {
                request = requests.recv() => match request {
                    Some(Request::Stop { done }) => break Some(done),
                    Some(request) => self.answer(request).await,
                    None => break None,
                },
                Some(result) = self.work.join_next(), if !self.work.is_empty() => {
                    self.take(result);
                    while let Some(result) = self.work.try_join_next() {
                        self.take(result);
                    }
                },
                () = self.clock.sleep_towards(wake) => {},
                () = sleep_until(flush) => {},
                () = sleep_until(record) => {},
                () = sleep_until(board) => {},
            }
            self.round().await;
        };
        // Writes on their way are waited for; those still gathered are not sent. Either way the next start reads
        // what is shown and goes on from the journal (§7.2).
        while self.links.values().any(Link::is_writing) || self.history.is_writing() {
            let Some(result) = self.work.join_next().await else { break };
            self.take(result);
        }
        self.work.shutdown().await;
        self.history.finish(&self.store).await;
        if let Some(done) = done {
            let _nobody_waits = done.send(());
        }
    }

    /// A piece of work has ended.
    fn take(&mut self, result: Result<Report, tokio::task::JoinError>) {
        match result {
            Ok(report) => self.report(report),
            // Work does not panic; if it did, whatever it was for is asked again by its own timer.
            Err(error) => tracing::error!(%error, "a piece of work ended unexpectedly"),
        }
    }

    /// The next instant at which something is to be done by time alone.
    fn next_chore(&self) -> Timestamp {
        if !self.dirty.is_empty() {
            return Timestamp::MIN;
        }
        let users = self.due.first().map(|(at, _)| *at);
        let ahead = self.ahead.first().map(|(at, _)| *at);
        let pauses = self.pause_ends.first().map(|(at, _)| *at);
        let commit = self.commits.next_try();
        let instances = self.instances.values().filter_map(Instance::next_chore);
        let history = self.history.next_chore();
        let links = self.links.values().filter_map(Link::next_chore);
        let chores = [users, ahead, pauses, commit, history].into_iter().flatten().chain(instances).chain(links);
        chores.min().unwrap_or(Timestamp::MAX)
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
