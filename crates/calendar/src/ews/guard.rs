//! Never locks an account: a password that nobody has accepted yet is tried once, by one request; one that was accepted is
//! tried once more when it is refused, since Exchange answers 401 when it wants fewer connections
//! (`exchangelib`, `protocol.py`). Refused again, it is left alone for longer and longer, up to an hour, and tried by one
//! request then: a storm of 401 must not end the service for good, and one try an hour locks nobody out (Windows forgets
//! wrong passwords after 10 to 30 minutes).

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use busylamp_net::http::HttpError;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::Response;
use jiff::Timestamp;
use tokio::time::Instant;

use super::{error::EwsError, http::soap};

/// How long nobody doubts a sign-in. After that one request goes ahead of the others, so that a password that was changed
/// meanwhile is not tried by all of them.
const BELIEVED: Duration = Duration::from_secs(30);

/// How long a password is left alone that was accepted once and is refused: after the first refusal that stands, and so on.
const DOUBT: [Duration; 3] = [Duration::from_secs(5 * 60), Duration::from_secs(30 * 60), Duration::from_secs(60 * 60)];

/// A request under way. It borrows nothing, so that it survives the poll that sent it.
pub(super) type Sending = BoxFuture<'static, Result<Response<Bytes>, HttpError>>;

/// The standing of one account with its server.
pub(super) struct Guard {
    standing: Mutex<Standing>,
    /// What the holder of the turn has sent. If its poll is dropped, the next one waits for the answer before it tries
    /// anything.
    first: tokio::sync::Mutex<Option<Sending>>,
}

#[derive(Clone)]
enum Standing {
    /// Nobody has answered yet.
    New,
    /// Accepted at this instant.
    Accepted(Instant),
    /// Accepted once, and refused so many times since.
    Doubted(usize),
    /// Never accepted: refused for good.
    Refused(EwsError),
}

/// The right to try a sign-in whose outcome is open. There is one at a time.
pub(super) struct Turn<'a>(tokio::sync::MutexGuard<'a, Option<Sending>>);

impl Turn<'_> {
    /// Sends it. The answer is not lost to the account if nobody waits for it any more.
    pub(super) async fn send(&mut self, sending: Sending) -> Result<Response<Bytes>, HttpError> {
        let answer = self.0.insert(sending).await;
        *self.0 = None;
        answer
    }
}

impl Guard {
    pub(super) fn new() -> Self {
        Self { standing: Mutex::new(Standing::New), first: tokio::sync::Mutex::new(None) }
    }

    /// Waits until a request may go: with a turn where it is in doubt that the server accepts the account.
    ///
    /// # Errors
    /// When it has been refused.
    pub(super) async fn enter(&self) -> Result<Option<Turn<'_>>, EwsError> {
        match self.believed_since(Instant::now().checked_sub(BELIEVED)) {
            Ok(true) => Ok(None),
            Ok(false) => self.turn(Instant::now().checked_sub(BELIEVED)).await,
            Err(error) => Err(error),
        }
    }

    /// Waits for a turn after a refusal of a request that was sent at `sent`; without one where another has been accepted
    /// since.
    ///
    /// # Errors
    /// When the account was never accepted, or has been refused meanwhile.
    pub(super) async fn second_try(&self, sent: Instant) -> Result<Option<Turn<'_>>, EwsError> {
        self.turn(Some(sent)).await
    }

    async fn turn(&self, since: Option<Instant>) -> Result<Option<Turn<'_>>, EwsError> {
        let mut first = self.first.lock().await;
        if let Some(sending) = first.as_mut() {
            let answer = sending.await;
            *first = None;
            self.settle(answer);
        }
        Ok(if self.believed_since(since)? { None } else { Some(Turn(first)) })
    }

    /// What the answer says that nobody waited for.
    fn settle(&self, answer: Result<Response<Bytes>, HttpError>) {
        match answer.map(|answer| soap(answer, true, Timestamp::UNIX_EPOCH)) {
            Ok(Ok(_) | Err(EwsError::Fault(_))) => self.accepted(),
            Ok(Err(error @ (EwsError::Refused { .. } | EwsError::LockedOut(_)))) if self.is_new() => {
                self.refused(&error);
            }
            Ok(Err(_)) | Err(_) => {}
        }
    }

    /// Whether it has been accepted after this instant.
    fn believed_since(&self, since: Option<Instant>) -> Result<bool, EwsError> {
        match &*self.lock() {
            Standing::New | Standing::Doubted(_) => Ok(false),
            Standing::Accepted(at) => Ok(since.is_none_or(|since| *at > since)),
            Standing::Refused(error) => Err(error.clone()),
        }
    }

    /// Whether nobody has ever accepted it.
    pub(super) fn is_new(&self) -> bool {
        matches!(&*self.lock(), Standing::New)
    }

    /// Whether it is in doubt that what was accepted once still is.
    pub(super) fn is_doubted(&self) -> bool {
        matches!(&*self.lock(), Standing::Doubted(_))
    }

    /// What was accepted once is refused: for how long it is to be left alone.
    pub(super) fn doubt(&self) -> Duration {
        let mut standing = self.lock();
        let before = if let Standing::Doubted(times) = *standing { times } else { 0 };
        *standing = Standing::Doubted(before.saturating_add(1));
        DOUBT[before.min(DOUBT.len() - 1)]
    }

    /// Whether it has been accepted after this instant.
    pub(super) fn accepted_since(&self, since: Instant) -> bool {
        matches!(&*self.lock(), Standing::Accepted(at) if *at > since)
    }

    /// A request was let through.
    pub(super) fn accepted(&self) {
        let mut standing = self.lock();
        match &*standing {
            // What was sent before it was refused doesn't make it good again.
            Standing::Refused(_) => {}
            Standing::New | Standing::Accepted(_) | Standing::Doubted(_) => {
                *standing = Standing::Accepted(Instant::now());
            }
        }
    }

    /// It stays refused.
    pub(super) fn refused(&self, error: &EwsError) {
        *self.lock() = Standing::Refused(error.clone());
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        // The standing is replaced whole, so a panic elsewhere leaves nothing half done.
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
