//! A pretended company, and the real service that serves it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use busylamp_core::{
    ids::{AccountId, InstanceId},
    secret::Secret,
};
use busylamp_service::{Service, Settings, board::Board, clock::Clock, config::read_file};
use busylamp_sim::{Ready, ReadyUser, SimConfig, Simulator};
use busylamp_store::{Key, Store, What};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use crate::control::Control;

/// The instance's name.
const NAME: &str = "Benchmark";
/// Nothing that is waited for may take longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often something that is waited for is looked at: seldom enough not to disturb it.
const LOOK: Duration = Duration::from_millis(250);

/// The servers, without the service.
pub(crate) struct Company {
    simulator: Simulator,
    pub(crate) control: Control,
}

impl Company {
    pub(crate) async fn start(config: SimConfig) -> Result<Self> {
        let simulator = Simulator::start(config).await?;
        let control = Control::new(simulator.ready());
        Ok(Self { simulator, control })
    }

    pub(crate) fn ready(&self) -> &Ready {
        self.simulator.ready()
    }

    pub(crate) fn users(&self) -> &[ReadyUser] {
        &self.ready().users
    }

    pub(crate) async fn stop(self) {
        self.simulator.stop().await;
    }

    /// Waits until so many writes have arrived, and returns their instants.
    pub(crate) async fn arrived(&self, expected: usize) -> Result<Vec<Timestamp>> {
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                let writes = self.control.writes().await?;
                if writes.len() >= expected {
                    return Ok::<_, anyhow::Error>(writes);
                }
                tokio::time::sleep(LOOK).await;
            }
        });
        let writes = waited.await.with_context(|| format!("{expected} writes did not come"))??;
        if writes.len() > expected {
            bail!("{} writes came where {expected} were to come", writes.len());
        }
        Ok(writes.into_iter().map(|write| write.instant).collect())
    }
}

/// The service with its store, on a disk.
pub(crate) struct Served {
    service: Service,
    store: Arc<Store>,
    _folder: TempDir,
}

impl Served {
    /// Starts the service with one instance for all of the company.
    pub(crate) async fn start(ready: &Ready, poll: &str, policy: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let key = Key::create(&folder.path().join("busylamp.key"))?;
        let store = Arc::new(Store::open(&folder.path().join("busylamp.db"), &key).await?);
        let service = Service::start(Settings { store: Arc::clone(&store), clock: Clock::Wall }).await?;
        let secrets = BTreeMap::from([
            ("graph.client_secret".to_owned(), Secret::new(ready.client_secret.clone())),
            ("starface.password".to_owned(), Secret::new(ready.starface_password.clone())),
            ("starface.bridge.key".to_owned(), Secret::new(ready.starface_bridge_key.clone())),
        ]);
        let instances = read_file(&instance(ready, poll, policy))?;
        let instances: Vec<_> = instances.into_iter().map(|written| (written, secrets.clone())).collect();
        service.apply(&instances).await?;
        Ok(Self { service, store, _folder: folder })
    }

    /// Waits until the board shows this.
    pub(crate) async fn shows(&self, what: &str, is_so: impl Fn(&Board) -> bool) -> Result<()> {
        let mut board = self.service.board();
        let waited = tokio::time::timeout(PATIENCE, board.wait_for(|board| is_so(board)));
        waited.await.with_context(|| format!("the board did not show that {what}"))?.map(drop).context("it stopped")
    }

    /// Waits until the service knows of so many acknowledged writes, and returns when it learned of each. An answer
    /// is counted when the engine takes it in, not when its bytes arrive.
    pub(crate) async fn acknowledged(&self, users: &[ReadyUser], expected: usize) -> Result<Vec<Timestamp>> {
        let instance = InstanceId::new(NAME);
        let ever = Timestamp::MIN..Timestamp::MAX;
        let waited = tokio::time::timeout(PATIENCE, async {
            loop {
                let mut instants = Vec::with_capacity(expected);
                for user in users {
                    let account = AccountId::new(user.account.to_string());
                    let records = self.store.history(&instance, &account, ever.clone(), 1_000).await?;
                    let written = records.into_iter().filter(|record| record.what == What::Written);
                    instants.extend(written.map(|record| record.at));
                }
                if instants.len() >= expected {
                    return Ok::<_, anyhow::Error>(instants);
                }
                tokio::time::sleep(LOOK).await;
            }
        });
        waited.await.with_context(|| format!("{expected} writes were not acknowledged"))?
    }

    pub(crate) async fn stop(self) {
        self.service.stop().await;
        self.store.close().await;
    }
}

fn instance(ready: &Ready, poll: &str, policy: &str) -> String {
    let Ready { tenant, client_id, graph, login, starface, starface_login, .. } = ready;
    let (bridge, group) = (&ready.starface_bridge_instance, &ready.starface_group);
    format!(
        r#"
[[instance]]
name = "{NAME}"
[instance.graph]
tenant = "{tenant}"
client_id = "{client_id}"
client_secret = {{ env = "-" }}
endpoint = "{graph}"
login = "{login}"
poll = "{poll}"
[instance.starface]
url = "{starface}"
login = "{starface_login}"
password = {{ env = "-" }}
bridge = {{ instance = "{bridge}", key = {{ env = "-" }} }}
group = "{group}"
[instance.policy]
{policy}
"#
    )
}

/// An event that begins at the same whole second for everybody, with time to read everything before.
pub(crate) struct Event {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

impl Event {
    /// One that begins in so many seconds and lasts for so many.
    pub(crate) fn ahead(seconds: i64, lasts: i64) -> Result<Self> {
        let start = Timestamp::from_second(Timestamp::now().as_second() + seconds)?;
        Ok(Self { start, end: start + SignedDuration::from_secs(lasts) })
    }

    /// Waits until everybody's calendar and telephone have been read, so that only the event is left to wait for.
    pub(crate) async fn is_awaited(&self, served: &Served, users: usize) -> Result<()> {
        let awaited = |board: &Board| {
            let all = board.lamps.iter().all(|lamp| lamp.until == Some(self.start) && lamp.dnd.is_some());
            board.lamps.len() == users && all
        };
        served.shows("everything was read", awaited).await?;
        if Timestamp::now() >= self.start {
            bail!("reading everything took longer than the event was ahead: the machine is too slow or too busy");
        }
        Ok(())
    }

    /// Sleeps until the event has ended.
    pub(crate) async fn passes(&self) {
        let left = self.end.duration_since(Timestamp::now());
        tokio::time::sleep(Duration::try_from(left).unwrap_or_default()).await;
    }

    /// The instants that belong to the begin and those that belong to the end.
    pub(crate) fn split(&self, instants: Vec<Timestamp>) -> Result<(Vec<Timestamp>, Vec<Timestamp>)> {
        if instants.iter().any(|instant| *instant < self.start) {
            bail!("something was written before the event began");
        }
        Ok(instants.into_iter().partition(|instant| *instant < self.end))
    }
}
