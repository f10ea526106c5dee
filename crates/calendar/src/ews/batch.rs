//! Many mailboxes in one request, as many as the server bears.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use busylamp_ews::{Class as Code, MailboxFault};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::{account::Answers, error::EwsError};
use crate::{clock::Clock, rest::later};

/// After so long without trouble a request holds twice as many mailboxes again.
const QUIET: SignedDuration = SignedDuration::from_mins(10);

/// How many requests more than one it may take to find the mailboxes of a batch that spoil it, where the server doesn't
/// name them.
const SEARCH: usize = 16;

/// How many mailboxes a request holds. Learned by the account, for all who use it.
pub(super) struct BatchSize {
    most: usize,
    state: Mutex<State>,
}

#[derive(Clone, Copy)]
struct State {
    size: usize,
    /// When it is doubled, unless it is halved before.
    grow: Option<Timestamp>,
}

impl BatchSize {
    /// At most so many, which is tried first.
    pub(super) fn new(most: usize) -> Self {
        Self { most, state: Mutex::new(State { size: most, grow: None }) }
    }

    /// How many at this instant.
    pub(super) fn at(&self, now: Timestamp) -> usize {
        let mut state = self.lock();
        if state.grow.is_some_and(|grow| grow <= now) {
            state.size = (state.size * 2).min(self.most);
            state.grow = (state.size < self.most).then(|| later(now, QUIET));
        }
        state.size
    }

    /// So many were too many.
    fn halve(&self, were: usize, now: Timestamp) {
        self.shrink(were / 2, now);
    }

    fn shrink(&self, to: usize, now: Timestamp) {
        let mut state = self.lock();
        state.size = state.size.min(to.max(1));
        state.grow = Some(later(now, QUIET));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is replaced field by field and valid after each, so a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks `ask` for the places `0..number`, many at a time, and gives what each was answered. What is too much is asked for in
/// halves, and so is a batch that one of its mailboxes spoils, so that the others don't suffer.
pub(super) async fn each<T, F>(
    number: usize,
    size: &BatchSize,
    clock: Clock,
    ask: impl Fn(Vec<usize>) -> F + Sync,
) -> Vec<Result<T, EwsError>>
where
    F: Future<Output = Result<Answers<T>, EwsError>> + Send,
    T: Send,
{
    let places: Vec<usize> = (0..number).collect();
    let batches = places.chunks(size.at(clock.now()).max(1)).map(|batch| one(batch.to_vec(), size, clock, &ask));
    let mut answers: Vec<(usize, Result<T, EwsError>)> = join_all(batches).await.into_iter().flatten().collect();
    answers.sort_by_key(|(place, _)| *place);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

async fn one<T, F>(
    batch: Vec<usize>,
    size: &BatchSize,
    clock: Clock,
    ask: &(impl Fn(Vec<usize>) -> F + Sync),
) -> Vec<(usize, Result<T, EwsError>)>
where
    F: Future<Output = Result<Answers<T>, EwsError>> + Send,
    T: Send,
{
    let mut answers = Vec::with_capacity(batch.len());
    let mut open = VecDeque::from([batch]);
    let mut search = SEARCH;
    while let Some(part) = open.pop_front() {
        let error = match ask(part.clone()).await {
            Ok(found) => {
                let alone = part.len() == 1;
                let mut again = Vec::new();
                for (place, answer) in part.iter().copied().zip(found) {
                    match answer {
                        Err(fault) if !alone && is_too_much(&fault) => again.push(place),
                        answer => answers.push((place, answer.map_err(of_mailbox))),
                    }
                }
                if !again.is_empty() {
                    // What begins with the first that was too many says how many are not.
                    match part.len() - again.len() {
                        served if served > 0 && again.first() == part.get(served) => size.shrink(served, clock.now()),
                        _ => size.halve(part.len(), clock.now()),
                    }
                    open.extend(halves(again));
                }
                continue;
            }
            Err(error) => error,
        };
        let smaller = part.len() > 1 && error.is_about_size();
        if smaller {
            size.halve(part.len(), clock.now());
        }
        if smaller || (part.len() > 1 && error.is_perhaps_of_one() && search > 0) {
            if !smaller {
                search = search.saturating_sub(2);
            }
            open.extend(halves(part));
        } else {
            answers.extend(part.into_iter().map(|place| (place, Err(error.clone()))));
        }
    }
    answers
}

fn halves(places: Vec<usize>) -> impl Iterator<Item = Vec<usize>> {
    let (first, second) = places.split_at(places.len().div_ceil(2));
    [first.to_vec(), second.to_vec()].into_iter().filter(|half| !half.is_empty())
}

/// Whether fewer mailboxes in the request may mend it.
fn is_too_much(fault: &MailboxFault) -> bool {
    match fault {
        MailboxFault::Refused(refusal) => matches!(refusal.class(), Code::TooMuch | Code::Routing),
        MailboxFault::Unreadable(_) => false,
    }
}

/// What the answer for one mailbox means.
pub(super) fn of_mailbox(fault: MailboxFault) -> EwsError {
    match fault {
        MailboxFault::Refused(refusal) => EwsError::Fault(refusal),
        MailboxFault::Unreadable(why) => EwsError::Unreadable(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_halved_on_trouble_and_doubled_after_a_quiet_while() {
        let now = Timestamp::UNIX_EPOCH;
        let size = BatchSize::new(50);
        size.halve(50, now);
        size.halve(25, now);
        assert_eq!(size.at(now), 12);
        assert_eq!(size.at(now + QUIET), 24);
        assert_eq!(size.at(now + QUIET), 24);
        assert_eq!(size.at(now + QUIET * 2), 48);
        assert_eq!(size.at(now + QUIET * 3), 50);
        for _ in 0..10 {
            size.halve(1, now);
        }
        assert_eq!(size.at(now), 1);
    }
}
