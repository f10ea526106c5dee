//! How much at a time, and for how long not at all: what one request hears is true for the whole account.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use busylamp_net::{
    limit::{Gate, Pace, Pass},
    retry,
};
use tokio::time::Instant;

use super::error::EwsError;

/// How long a poll waits for Exchange to want us again; a longer wait is left to the next poll.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How long nobody tries once the network has failed or the server denies all, so that a poll of many mailboxes fails as a
/// whole.
const ACCOUNT_REST: Duration = Duration::from_secs(5);

/// The longest pause that the server can ask for and is believed.
const LONGEST_BACK_OFF: Duration = retry::LONGEST_RETRY_AFTER;

/// So many troubles in a row, and it is the server's and not the request's.
const TROUBLES: u32 = 6;

/// Mailboxes a second in the time after an outage. One that was not read for long is asked about three times: its
/// free/busy times, its items, its free/busy times again; so 10,000 of them are read within two minutes.
const AFTER_AN_OUTAGE: u32 = 300;

/// The limits of one account.
pub(super) struct Throttle {
    gate: Gate,
    pace: Pace,
    troubles: AtomicU32,
    /// Until when the account is to be left alone, and why.
    rest: Mutex<Option<(Instant, EwsError)>>,
}

impl Throttle {
    /// At most so many requests under way.
    pub(super) fn new(at_once: usize) -> Self {
        let pace = Pace::new(AFTER_AN_OUTAGE);
        Self { gate: Gate::new(at_once), pace, troubles: AtomicU32::new(0), rest: Mutex::new(None) }
    }

    /// How many requests may be under way now.
    #[cfg(test)]
    pub(super) fn at_once(&self) -> usize {
        self.gate.limit()
    }

    /// Waits until it is the turn of a request about so many mailboxes, in the time after an outage.
    pub(super) async fn take_turn(&self, mailboxes: usize) {
        self.pace.wait(mailboxes).await;
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// When others have failed meanwhile in a way that concerns the account.
    pub(super) async fn enter(&self) -> Result<Pass, EwsError> {
        let pass = self.gate.enter().await;
        self.is_awake().map(|()| pass)
    }

    /// Whether the account may be used at all.
    ///
    /// # Errors
    /// Why it may not.
    pub(super) fn is_awake(&self) -> Result<(), EwsError> {
        match self.resting() {
            Some((_, error)) if error.is_of_account() => Err(error),
            Some(_) | None => Ok(()),
        }
    }

    /// Half as many from now on.
    pub(super) fn slow_down(&self) {
        self.gate.slow_down();
    }

    /// A request was served.
    pub(super) fn served(&self) {
        self.troubles.store(0, Ordering::Relaxed);
        self.gate.speed_up();
    }

    /// What an error means for the account: fewer requests at a time, or none for a while.
    pub(super) fn note(&self, error: &EwsError) {
        if error.is_busy() {
            self.gate.slow_down();
        }
        if let Some(after) = error.after() {
            self.leave_alone(after.min(LONGEST_BACK_OFF), error);
        } else if error.is_of_account() {
            self.leave_alone(ACCOUNT_REST, error);
        } else {
            self.count(error);
        }
    }

    /// Counts what may be the server's trouble: too much of it in a row, and the account rests.
    fn count(&self, error: &EwsError) {
        let (weight, meaning) = match error {
            EwsError::Trouble(_) | EwsError::BadAnswer(_) | EwsError::Busy { .. } => (1, error.clone()),
            // Each of these takes a minute.
            EwsError::TooSlow(error) => (2, EwsError::Network(error.clone())),
            EwsError::Token(_)
            | EwsError::Network(_)
            | EwsError::Refused { .. }
            | EwsError::LockedOut(_)
            | EwsError::FormLogin(_)
            | EwsError::Policy(_)
            | EwsError::Forbidden(_)
            | EwsError::NoService(_)
            | EwsError::Version(_)
            | EwsError::Fault(_)
            | EwsError::TooLarge
            | EwsError::Unreadable(_) => return,
        };
        if self.troubles.fetch_add(weight, Ordering::Relaxed) + weight >= TROUBLES {
            self.troubles.store(0, Ordering::Relaxed);
            self.leave_alone(PATIENCE + ACCOUNT_REST, &meaning);
        }
    }

    /// Waits while the account is to be left alone; fails at once if that takes too long or can't help.
    ///
    /// # Errors
    /// Why it is to be left alone.
    pub(super) async fn wait_until_wanted(&self, give_up: Instant) -> Result<(), EwsError> {
        let Some((until, error)) = self.resting() else { return Ok(()) };
        if until > give_up || error.is_of_account() {
            return Err(error);
        }
        tokio::time::sleep_until(until).await;
        Ok(())
    }

    /// Until when the account is to be left alone, and why, if it is.
    fn resting(&self) -> Option<(Instant, EwsError)> {
        let rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        rest.filter(|(until, _)| Instant::now() < *until)
    }

    /// Nobody asks for so long, for this reason.
    pub(super) fn leave_alone(&self, pause: Duration, error: &EwsError) {
        self.pace.stumble();
        let until = Instant::now() + pause;
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        if rest.as_ref().is_none_or(|(present, _)| *present < until) {
            *rest = Some((until, error.clone()));
        }
    }
}
