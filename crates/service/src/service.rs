//! The service as a whole: started, configured, looked at, stopped.

use std::{sync::Arc, time::Duration};

use busylamp_core::{format::refusal::Refusal, ids::InstanceId, secret::Secret};
use busylamp_store::{Change, InstanceDocument, Phase, Store, StoreError, StoredInstance};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{Mutex, mpsc, oneshot, watch},
    task::JoinHandle,
};

use crate::{
    board::Board,
    clock::Clock,
    config::{InstanceConfig, Secrets, WrittenInstance, build},
    engine::{Configured, Engine, Request},
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
    store: Arc<Store>,
    requests: mpsc::Sender<Request>,
    board: watch::Receiver<Arc<Board>>,
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
    /// The service has stopped.
    #[error("the service has stopped")]
    Stopped,
}

/// Writes under way at a stop are waited for this long; a stop must be done within 5 s.
const PATIENCE: Duration = Duration::from_secs(4);

/// How an instance is kept in the store: its written form, and under which names its secrets are.
#[derive(Serialize, Deserialize)]
struct Kept {
    written: WrittenInstance,
    secrets: Vec<(String, String)>,
}

impl Service {
    /// Starts with the instances that the store has.
    ///
    /// # Errors
    /// If the store can't be read. An instance whose configuration is unusable stays off and is logged.
    pub async fn start(settings: Settings) -> Result<Self, ServiceError> {
        let Settings { store, clock } = settings;
        let (show, board) = watch::channel(Arc::default());
        let (requests, inbox) = mpsc::channel(16);
        let engine = Engine::new(Arc::clone(&store), clock, show);
        let engine = tokio::spawn(engine.run(inbox));
        let service = Self { store, requests, board, engine: Mutex::new(Some(engine)) };
        let stored = service.store.instances().await?;
        service.configure(stored).await?;
        Ok(service)
    }

    /// Applies instances to the store and to the running engine.
    ///
    /// # Errors
    /// If anything is refused; then nothing has changed.
    pub async fn apply(&self, instances: &[(WrittenInstance, Secrets)]) -> Result<(), ServiceError> {
        let stored = apply(&self.store, instances).await?;
        self.configure(stored).await
    }

    async fn configure(&self, stored: Vec<StoredInstance>) -> Result<(), ServiceError> {
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

/// Applies instances to a store: all of them or none. Instances that are not named stay as they are.
///
/// # Errors
/// The first thing that is refused, with its place; or what the store says.
pub async fn apply(
    store: &Store,
    instances: &[(WrittenInstance, Secrets)],
) -> Result<Vec<StoredInstance>, ServiceError> {
    let stored = store.instances().await?;
    let mut changes = Vec::new();
    for (index, (written, secrets)) in instances.iter().enumerate() {
        let known = stored.iter().find(|old| old.phase != Phase::Removing && old.document.name == written.name);
        let id = known.map_or_else(|| free_id(&written.name, &stored), |old| old.document.id.clone());
        let config = build(&id, written, secrets).map_err(|refusal| refusal.within(&format!("instance[{index}]")))?;
        let mut moved = false;
        if let Some(old) = known {
            // One that can't be read any more can't give anything back either: it is simply replaced.
            moved = read(store, old).await.is_ok_and(|old| !old.connections.same_place(&config.connections));
            if moved {
                let closing_as = free_id(&format!("{} (closing)", written.name), &stored);
                changes.push(Change::Retire { instance: id.clone(), closing_as });
            }
        }
        changes.extend(put(&id, written, secrets, known.filter(|_| !moved))?);
        let phase = match (written.active, known.map(|old| old.phase)) {
            (true, _) => Phase::Active,
            (false, Some(Phase::Active | Phase::Closing)) if !moved => Phase::Closing,
            (false, _) => Phase::Inactive,
        };
        changes.push(Change::SetPhase(id, phase));
    }
    Ok(store.apply(&changes).await?)
}

/// The steps that put an instance with its secrets. New secrets get new names: an old self that still gives back
/// goes on with the old ones.
fn put(
    id: &InstanceId,
    written: &WrittenInstance,
    secrets: &Secrets,
    replaced: Option<&StoredInstance>,
) -> Result<Vec<Change>, ServiceError> {
    let version = jiff::Timestamp::now().as_microsecond();
    let names: Vec<(String, String)> =
        secrets.keys().map(|place| (place.clone(), format!("{id}@{version}/{place}"))).collect();
    let mut changes: Vec<Change> = names
        .iter()
        .filter_map(|(place, name)| Some(Change::PutSecret(name.clone(), secrets.get(place)?.clone())))
        .collect();
    let old = replaced.and_then(|old| serde_json::from_value::<Kept>(old.document.configuration.clone()).ok());
    let old = old.into_iter().flat_map(|kept| kept.secrets).map(|(_, name)| Change::DeleteSecret(name));
    changes.extend(old);
    let kept = Kept { written: written.clone(), secrets: names };
    let configuration = serde_json::to_value(kept).map_err(|error| Refusal::new(&*written.name, error.to_string()))?;
    changes.push(Change::Put(InstanceDocument {
        id: id.clone(),
        name: written.name.clone(),
        description: written.description.clone(),
        configuration,
    }));
    Ok(changes)
}

/// An id that no instance has: the name, with a number if need be.
fn free_id(name: &str, stored: &[StoredInstance]) -> InstanceId {
    let taken = |id: &InstanceId| stored.iter().any(|instance| instance.document.id == *id);
    let numbered = (2..).map(|number| InstanceId::new(format!("{name} {number}")));
    let mut ids = std::iter::once(InstanceId::new(name)).chain(numbered);
    ids.find(|id| !taken(id)).unwrap_or_else(|| InstanceId::new(name))
}

/// An instance as the store has it, ready to run.
pub(crate) async fn read(store: &Store, stored: &StoredInstance) -> Result<InstanceConfig, ServiceError> {
    let id = &stored.document.id;
    let kept: Kept = serde_json::from_value(stored.document.configuration.clone())
        .map_err(|error| Refusal::new(id.as_str(), error.to_string()))?;
    let mut secrets = Secrets::new();
    for (place, name) in kept.secrets {
        let secret: Option<Secret> = store.secret(&name).await?;
        secrets.extend(secret.map(|secret| (place, secret)));
    }
    Ok(build(id, &kept.written, &secrets).map_err(|refusal| refusal.within(id.as_str()))?)
}

/// All instances that the store has, ready to run or to be checked.
///
/// # Errors
/// If the store or one of them can't be read.
pub async fn stored_instances(store: &Store) -> Result<Vec<InstanceConfig>, ServiceError> {
    let mut configs = Vec::new();
    for stored in store.instances().await? {
        configs.push(read(store, &stored).await?);
    }
    Ok(configs)
}
