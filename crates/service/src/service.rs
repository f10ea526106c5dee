//! The service as a whole: started, configured, looked at, stopped.

use std::{sync::Arc, time::Duration};

use busylamp_core::{format::refusal::Refusal, ids::InstanceId, said::Said};
use busylamp_store::{Store, StoreError, StoredInstance};
use tokio::{
    sync::{Mutex, mpsc, oneshot, watch},
    task::JoinHandle,
};

use crate::{
    accounts::Accounts,
    board::Board,
    clock::Clock,
    engine::{Configured, Engine, Request},
    figures::Figures,
    instances::read,
};

/// What a service is made of.
pub struct Settings {
    /// What outlives it.
    pub store: Arc<Store>,
    /// Its clock.
    pub clock: Clock,
}

/// A running service.
pub struct Service {
    pub(crate) store: Arc<Store>,
    pub(crate) requests: mpsc::Sender<Request>,
    pub(crate) clock: Clock,
    pub(crate) accounts: Accounts,
    /// Changes of configuration take turns.
    pub(crate) changing: Mutex<()>,
    board: watch::Receiver<Arc<Board>>,
    figures: Arc<Figures>,
    engine: Mutex<Option<JoinHandle<()>>>,
}

/// Why a configuration was not taken up. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The configuration is at fault.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// The store is.
    #[error("{error}. {}", error.advice())]
    Store {
        /// What it says.
        #[from]
        error: StoreError,
    },
    /// There is no such instance (any more).
    #[error("there is no instance `{0}`")]
    UnknownInstance(InstanceId),
    /// The service has stopped.
    #[error("the service has stopped")]
    Stopped,
}

impl ServiceError {
    /// What happened and what to do, in either language.
    pub fn said(&self) -> Said {
        match self {
            Self::Refused(refusal) => refusal.whole(),
            Self::Store { error } => error.said(),
            Self::UnknownInstance(id) => Said::new(format!("Eine Instanz „{id}“ gibt es nicht."), self.to_string()),
            Self::Stopped => Said::new("Der Dienst ist beendet.", self.to_string()),
        }
    }
}

/// Writes under way at a stop are waited for this long; a stop must be done within 5 s.
const PATIENCE: Duration = Duration::from_secs(4);

impl Service {
    /// Starts with the instances that the store has.
    ///
    /// # Errors
    /// If the store can't be read. An instance whose configuration is unusable stays off and is logged.
    pub async fn start(settings: Settings) -> Result<Self, ServiceError> {
        let Settings { store, clock } = settings;
        let (show, board) = watch::channel(Arc::default());
        let (requests, inbox) = mpsc::channel(16);
        let accounts = Accounts::default();
        let engine = Engine::new(Arc::clone(&store), clock, accounts.clone(), show);
        let figures = engine.figures();
        let engine = Mutex::new(Some(tokio::spawn(engine.run(inbox))));
        let service = Self { store, requests, clock, accounts, changing: Mutex::default(), board, figures, engine };
        let stored = service.store.instances().await?;
        service.configure(stored).await?;
        Ok(service)
    }

    /// Hands the engine what the store has.
    pub(crate) async fn configure(&self, stored: Vec<StoredInstance>) -> Result<(), ServiceError> {
        let mut configured = Vec::new();
        for instance in stored {
            let id = instance.document.id.clone();
            match read(&self.store, &instance).await {
                Ok(config) => configured.push(Configured {
                    config,
                    phase: instance.phase,
                    activation: instance.activation.unwrap_or(u64::MAX),
                }),
                Err(error) => tracing::error!(instance = %id, %error, "the instance can't be used and stays off"),
            }
        }
        let (done, answer) = oneshot::channel();
        let request = Request::Configure { instances: configured, done };
        self.requests.send(request).await.map_err(|_| ServiceError::Stopped)?;
        answer.await.map_err(|_| ServiceError::Stopped)
    }

    /// What is shown to people, as it changes.
    pub fn board(&self) -> watch::Receiver<Arc<Board>> {
        self.board.clone()
    }

    /// What is counted since the start.
    pub fn figures(&self) -> Arc<Figures> {
        Arc::clone(&self.figures)
    }

    /// Stops: writes under way are waited for a little, all holds stay in the store (§7.2).
    pub async fn stop(&self) {
        let (done, answer) = oneshot::channel();
        if self.requests.send(Request::Stop { done }).await.is_ok() {
            let _late = tokio::time::timeout(PATIENCE, answer).await;
        }
        if let Some(engine) = self.engine.lock().await.take() {
            engine.abort();
            let _ended = engine.await;
        }
    }
}
