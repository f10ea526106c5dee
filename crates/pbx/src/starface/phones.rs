//! Bringing changed labels to phones. A phone shows a new label only when the PBX provisions it anew, and that is not
//! cheap; so changes are gathered, and a phone is provisioned at most once a minute. A phone that takes no labels
//! refuses no write: the label is on the PBX, and a note says the rest.
//!
//! What waits is lost when the program ends: the next change of a label brings all of them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use busylamp_core::{ids::AccountId, language::Language, said::Said};
use futures_util::{StreamExt, stream};
use tokio::{sync::Notify, task::JoinHandle, time::Instant};
use tracing::Instrument;

use super::rest::{Rest, keys};
use crate::PbxError;

/// Changes are gathered for so long before the first of them goes to a phone.
const GATHER: Duration = Duration::from_secs(2);
/// A phone is provisioned at most this often.
const PAUSE: Duration = Duration::from_mins(1);
/// Sets whose phones are provisioned side by side.
const PARALLEL: usize = 4;
/// How often a set is tried again when the PBX does not answer.
const TRIES: u32 = 3;
/// How long a phone that could not be provisioned is spoken of.
const REMEMBERED: Duration = Duration::from_hours(1);

/// A user's set of keys.
type Set = (AccountId, String);

/// The phones that wait for their labels. Dropping it ends its task.
#[derive(Default)]
pub(super) struct Phones {
    queue: Arc<Queue>,
    task: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    bell: Notify,
}

#[derive(Default)]
struct State {
    /// The sets whose phones are to be provisioned, when, and after how many tries.
    waiting: BTreeMap<Set, (Instant, u32)>,
    /// When each phone was provisioned; those of more than a minute ago are forgotten.
    done: BTreeMap<String, Instant>,
    /// When sets whose phones were all done just now may be done again.
    rests: BTreeMap<Set, Instant>,
    /// Nothing is provisioned until [`Phones::release`].
    held: bool,
    /// A phone that could not be provisioned: when, and why.
    trouble: Option<(Instant, Said)>,
}

impl Drop for Phones {
    fn drop(&mut self) {
        if let Some(task) = self.task.get_mut().unwrap_or_else(PoisonError::into_inner) {
            task.abort();
        }
    }
}

impl Phones {
    /// The labels of this set have changed.
    pub(super) fn changed(&self, rest: &Arc<Rest>, owner: &AccountId, set: &str) {
        self.queue.ask((owner.clone(), set.to_owned()), 0);
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_none_or(JoinHandle::is_finished) {
            *task = Some(tokio::spawn(run(Arc::clone(rest), Arc::clone(&self.queue)).in_current_span()));
        }
    }

    /// Phones are left alone until [`Phones::release`]: somebody tries something that is taken back at once.
    pub(super) fn hold(&self) {
        self.queue.state().held = true;
    }

    /// Brings what has gathered to the phones at once. How many got it, and why another did not.
    pub(super) async fn release(&self, rest: &Rest) -> (usize, Option<PbxError>) {
        let sets: Vec<Set> = {
            let mut state = self.queue.state();
            state.held = false;
            std::mem::take(&mut state.waiting).into_keys().collect()
        };
        let (mut done, mut failed) = (0, None);
        for (owner, set) in sets {
            let phones = keys::phones(rest, &owner, &set).await;
            for phone in phones.unwrap_or_else(|failure| {
                failed = Some(failure.error);
                Vec::new()
            }) {
                match keys::provision(rest, &owner, &set, &phone).await {
                    Ok(()) => done += 1,
                    Err(failure) => failed = Some(failure.error),
                }
            }
        }
        (done, failed)
    }

    /// What is to be said about phones that could not be provisioned.
    pub(super) fn trouble(&self) -> Option<Said> {
        let state = self.queue.state();
        state.trouble.as_ref().filter(|(at, _)| at.elapsed() < REMEMBERED).map(|(_, advice)| advice.clone())
    }
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, set: Set, tries: u32) {
        let mut state = self.state();
        let now = Instant::now();
        let at = if tries > 0 { now + PAUSE } else { now + GATHER };
        let at = state.rests.get(&set).map_or(at, |rests| at.max(*rests));
        state.waiting.entry(set).or_insert((at, tries));
        drop(state);
        self.bell.notify_one();
    }

    /// The sets that are due, and when the next one is.
    fn due(&self) -> (Vec<(Set, u32)>, Option<Instant>) {
        let mut state = self.state();
        let now = Instant::now();
        if state.held {
            return (Vec::new(), None);
        }
        state.done.retain(|_, at| now.duration_since(*at) < PAUSE);
        state.rests.retain(|_, at| now < *at);
        let due: Vec<Set> =
            state.waiting.iter().filter(|(_, (at, _))| *at <= now).map(|(set, _)| set.clone()).collect();
        let due = due.into_iter().filter_map(|set| state.waiting.remove(&set).map(|(_, tries)| (set, tries))).collect();
        (due, state.waiting.values().map(|(at, _)| *at).min())
    }

    /// Whether a phone may be provisioned now; if so, it counts as done.
    fn begin(&self, phone: &str) -> bool {
        let mut state = self.state();
        let now = Instant::now();
        if state.done.get(phone).is_some_and(|at| now.duration_since(*at) < PAUSE) {
            return false;
        }
        state.done.insert(phone.to_owned(), now);
        true
    }
}

async fn run(rest: Arc<Rest>, queue: Arc<Queue>) {
    let (rest, queue) = (&*rest, &*queue);
    loop {
        let (due, next) = queue.due();
        if due.is_empty() {
            match next {
                Some(at) => tokio::select! {
                    () = tokio::time::sleep_until(at) => {}
                    () = queue.bell.notified() => {}
                },
                None => queue.bell.notified().await,
            }
            continue;
        }
        stream::iter(due)
            .for_each_concurrent(PARALLEL, |(set, tries)| async move {
                let again = provision(rest, queue, &set).await;
                if again && tries < TRIES {
                    queue.ask(set, tries + 1);
                }
            })
            .await;
    }
}

/// Provisions a set's phones; whether that is to be tried again.
async fn provision(rest: &Rest, queue: &Queue, set: &Set) -> bool {
    let (owner, name) = set;
    queue.state().rests.insert(set.clone(), Instant::now() + PAUSE);
    let mut again = false;
    let mut failed = |error: PbxError, queue: &Queue| {
        let lasting = matches!(error, PbxError::Refused { .. });
        tracing::warn!(account = %owner, %error, "a phone does not get its new labels");
        let advice = Said::new(
            format!("Einige Telefone zeigen ihre neuen Beschriftungen nicht: {}", error.said().speak(Language::German)),
            format!("Some phones do not show their new labels: {error}."),
        );
        queue.state().trouble = Some((Instant::now(), advice));
        again |= !lasting;
    };
    match keys::phones(rest, owner, name).await {
        Ok(phones) => {
            for phone in phones {
                if !queue.begin(&phone) {
                    // Another set has just brought it its labels.
                    queue.ask(set.clone(), 0);
                } else if let Err(failure) = keys::provision(rest, owner, name, &phone).await {
                    failed(failure.error, queue);
                }
            }
        }
        Err(failure) => failed(failure.error, queue),
    }
    again
}
