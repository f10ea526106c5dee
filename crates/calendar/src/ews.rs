//! Calendars on an Exchange Server, read over Exchange Web Services.
//!
//! ```text
//! settings      where the server is, as whom we sign in, what we may read
//! account       asks, waits, asks again      guard     never locks an account
//! wires         connections and credentials  throttle  how much at a time, or not at all
//! batch         many mailboxes in a request  view      the full reading
//! availability  free/busy, the doorbell      memory    what is remembered from poll to poll
//! poll          who is asked what            error     what Exchange says instead
//! walk          the check for people         knock     the sign-in, before a mailbox is known
//! http          what is said by HTTP     german    what goes wrong, in German
//! ```

mod account;
mod availability;
mod batch;
mod error;
mod german;
mod guard;
mod http;
mod knock;
mod memory;
mod poll;
mod settings;
#[cfg(test)]
mod tests;
mod throttle;
mod view;
mod walk;
mod wires;

use std::{collections::BTreeMap, sync::Arc};

pub use account::EwsAccount;
use async_trait::async_trait;
use busylamp_core::{check::Step, ids::MailAddress};
pub use busylamp_net::connection::BindingUse;
use busylamp_net::trust::TrustError;
use jiff::Timestamp;
use memory::Memory;
use poll::Poll;
#[cfg(feature = "kerberos")]
pub(crate) use settings::kerberos;
pub use settings::{Access, EwsSettings, EwsSignIn, SettingsError, is_exchange_online};
use thiserror::Error;

use crate::{Calendar, Health, Outcome, Request, clock::Clock, health::HealthBook};

/// A reader of calendars on an Exchange Server.
///
/// It remembers, for each mailbox, enough to tell whether anything has changed. It doesn't keep agendas: whoever asks keeps
/// them ([`Outcome::Unchanged`]). One reader therefore serves one asker; several may share an account.
pub struct EwsCalendar {
    account: Arc<EwsAccount>,
    memory: tokio::sync::Mutex<Memory>,
    health: HealthBook,
}

/// Why an account can't be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EwsSetupError {
    /// A setting is wrong.
    #[error("{key}: {0}", key = .0.key())]
    Settings(#[from] SettingsError),
    /// Its trust can't be used.
    #[error("trust: {0}")]
    Trust(#[from] TrustError),
}

impl EwsCalendar {
    /// A reader with this account. Nothing is asked yet.
    pub fn new(account: Arc<EwsAccount>) -> Self {
        Self { account, memory: tokio::sync::Mutex::default(), health: HealthBook::default() }
    }
}

#[async_trait]
impl Calendar for EwsCalendar {
    async fn poll(&self, request: Request<'_>) -> BTreeMap<MailAddress, Outcome> {
        let mut remembered = self.memory.lock().await;
        let clock = Clock::start(request.now);
        let mut poll = Poll::new(&self.account, request, remembered.clone(), clock);
        poll.run().await;
        let (memory, outcomes, trouble) = poll.end();
        // What was learned counts only together with the answer: nothing waits from here on, so that a poll which
        // is dropped has learned nothing.
        *remembered = memory;
        self.health.polled(trouble, clock.now());
        outcomes
    }

    async fn check(&self, mailbox: Option<&MailAddress>, now: Timestamp) -> Vec<Step> {
        walk::check(&self.account, mailbox, Clock::start(now)).await
    }

    fn health(&self) -> Health {
        self.health.now()
    }
}
