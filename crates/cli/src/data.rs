//! Where the store and its key are.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use busylamp_store::{Key, KeyError, Store, StoreError};
use tokio::time::Instant;

use crate::exit::Failure;

/// Commands have the store for a moment only; whoever else wants it waits so long, and looks this often.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(50);

/// Where the store's folder is unless told otherwise.
pub(crate) const FOLDER: &str = "/var/lib/busylamp";
/// The store in its folder.
pub(crate) const STORE: &str = "busylamp.db";

/// The options of commands that use the store.
#[derive(clap::Args)]
pub(crate) struct Data {
    /// The folder of the store. It must exist and belong to the user that Busylamp runs as.
    #[arg(long, env = "BUSYLAMP_DATA", default_value = FOLDER)]
    data: PathBuf,
    /// The file of the key that seals the store, mode 0600; absent: systemd's credential `busylamp-key`, else
    /// `busylamp.key` in the folder. A new store makes itself a key.
    #[arg(long, env = "BUSYLAMP_KEY")]
    key: Option<PathBuf>,
}

impl Data {
    pub(crate) fn new(data: PathBuf) -> Self {
        Self { data, key: None }
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.data.join(STORE)
    }

    /// Opens the store, or makes a new one with a new key.
    pub(crate) async fn open(&self) -> Result<Store, Failure> {
        self.try_open().await?.map_err(|error| failure(&error))
    }

    /// Like [`Data::open`], but a command that has the store is waited for. A running service is not.
    pub(crate) async fn open_soon(&self) -> Result<Store, Failure> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.try_open().await? {
                Err(StoreError::InUse { .. })
                    if Instant::now() < until && !busylamp_service::is_running(&self.store()).await =>
                {
                    tokio::time::sleep(LOOK).await;
                }
                opened => return opened.map_err(|error| failure(&error)),
            }
        }
    }

    /// Opens the store, or finds the service that has it, whichever comes first.
    pub(crate) async fn open_or_find_service(&self) -> Result<Option<Store>, Failure> {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.try_open().await? {
                Ok(store) => return Ok(Some(store)),
                Err(StoreError::InUse { .. }) if busylamp_service::is_running(&self.store()).await => return Ok(None),
                // A service that is starting or stopping, or another command.
                Err(StoreError::InUse { .. }) if Instant::now() < until => tokio::time::sleep(LOOK).await,
                Err(error) => return Err(failure(&error)),
            }
        }
    }

    /// Like [`Data::open`], but a store that is in use is not a failure yet.
    async fn try_open(&self) -> Result<Result<Store, StoreError>, Failure> {
        if !self.data.is_dir() {
            let folder = self.data.display();
            return Err(Failure::CouldNot(format!(
                "{folder}: there is no such folder; create it for the user that Busylamp runs as, or name another with --data"
            )));
        }
        let key = self.key()?;
        Ok(Store::open(&self.store(), &key).await)
    }

    fn key(&self) -> Result<Key, Failure> {
        let is_new = |path: &Path| !path.exists() && !self.store().exists();
        self.find_key(|path| if is_new(path) { Key::create(path) } else { Key::load(path) })
    }

    /// The key, where a new one would be of no use.
    pub(crate) fn existing_key(&self) -> Result<Key, Failure> {
        self.find_key(Key::load)
    }

    fn find_key(&self, from_file: impl FnOnce(&Path) -> Result<Key, KeyError>) -> Result<Key, Failure> {
        let failure = |error: KeyError| Failure::CouldNot(format!("{error}. {}", error.advice()));
        if self.key.is_none()
            && let Some(key) = Key::from_credential().map_err(failure)?
        {
            return Ok(key);
        }
        let path = self.key.clone().unwrap_or_else(|| self.data.join("busylamp.key"));
        from_file(&path).map_err(failure)
    }
}

/// What the store says, with an advice.
pub(crate) fn failure(error: &StoreError) -> Failure {
    Failure::CouldNot(format!("{error}. {}", error.advice()))
}
