//! Calendars in Microsoft 365, read over Microsoft Graph with the application's own sign-in.
//!
//! ```text
//! settings  where Graph is and as whom we sign in
//! client    asks, waits, asks again      batch     many questions in one request
//! pages     answers in pages             link      the links that Graph hands out
//! view      the full reading             event     an event in normal form
//! doorbell  has anything changed?        memory    what is remembered from poll to poll
//! users     addresses, ids, time zones   error     what Graph says instead
//! walk      the check for people         german    what goes wrong, in German
//! ```

mod batch;
mod client;
mod doorbell;
mod error;
mod event;
pub(crate) mod fuzz;
mod german;
mod link;
mod memory;
mod pages;
mod poll;
mod settings;
#[cfg(test)]
mod tests;
mod users;
mod view;
mod walk;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use busylamp_core::{check::Step, ids::MailAddress};
use busylamp_net::{
    http::{HttpClient, HttpSettings, Transport},
    trust::TrustError,
};
use client::Client;
use jiff::Timestamp;
use memory::Memory;
use poll::Poll;
pub use settings::{CEILING, Cloud, GraphSettings, SettingsError, UnknownCloud};
use thiserror::Error;

pub use crate::entra::{CertificateProblem, ClientCredential};
use crate::{Calendar, Health, Outcome, Request, clock::Clock, entra::App, health::HealthBook};

/// The longest answer of Graph's: twenty mailboxes' first pages, or five doorbells' beginnings.
const MAX_ANSWER: usize = 32 << 20;

/// A reader of calendars in Microsoft 365.
///
/// It remembers, for each mailbox, what it needs to ask the doorbell instead of reading everything. It doesn't keep
/// agendas: whoever asks keeps them ([`Outcome::Unchanged`]). One reader therefore serves one asker.
pub struct GraphCalendar {
    client: Client,
    consent_url: String,
    memory: tokio::sync::Mutex<Memory>,
    health: HealthBook,
}

/// Why a reader can't be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GraphSetupError {
    /// A setting is wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Its trust can't be used.
    #[error("trust: {0}")]
    Trust(#[from] TrustError),
}

impl GraphCalendar {
    /// A reader with these settings. Nothing is asked yet.
    ///
    /// # Errors
    /// When a setting is wrong or its trust can't be used.
    pub fn new(settings: &GraphSettings) -> Result<Self, GraphSetupError> {
        settings.validate()?;
        let login = HttpClient::new(HttpSettings { max_body: 1 << 20, ..HttpSettings::new(settings.trust.clone()) })?;
        let graph =
            HttpClient::new(HttpSettings { max_body: MAX_ANSWER, ..HttpSettings::new(settings.trust.clone()) })?;
        Ok(Self::over(settings, settings.app()?, Arc::new(login), Arc::new(graph)))
    }

    /// A reader over these transports.
    fn over(settings: &GraphSettings, app: App, login: Arc<dyn Transport>, graph: Arc<dyn Transport>) -> Self {
        Self {
            consent_url: app.consent_url(),
            client: Client::new(settings, app, login, graph),
            memory: tokio::sync::Mutex::default(),
            health: HealthBook::default(),
        }
    }
}

#[async_trait]
impl Calendar for GraphCalendar {
    async fn poll(&self, request: Request<'_>) -> BTreeMap<MailAddress, Outcome> {
        let mut remembered = self.memory.lock().await;
        let clock = Clock::start(request.now);
        let mut poll = Poll::new(&self.client, &self.consent_url, request, remembered.clone(), clock);
        poll.run().await;
        let (memory, outcomes, trouble) = poll.end();
        // What was learned counts only together with the answer: nothing waits from here on, so that a poll which
        // is dropped has learned nothing.
        *remembered = memory;
        self.health.polled(trouble, clock.now());
        outcomes
    }

    async fn check(&self, mailbox: Option<&MailAddress>, now: Timestamp) -> Vec<Step> {
        walk::check(&self.client, &self.consent_url, mailbox, Clock::start(now)).await
    }

    fn health(&self) -> Health {
        self.health.now()
    }
}
