//! A pretended Entra, Microsoft Graph, Exchange Server and STARFACE over real HTTP, for the demo, tests and benchmarks.
//!
//! One port on loopback answers for all of them; a small [control API](#control-api) looks inside and changes what
//! people would change. The wire code is this crate's own: it shares types with Busylamp's readers and drivers,
//! never code, or a shared mistake would hide.
//!
//! ```text
//! company    people and what fills their calendars, made of a seed
//! mailbox    one mailbox: the company's items and what was changed over them
//! directory  the tenant's users
//! entra      /login        tokens
//! graph      /graph/v1.0   users, mailbox settings, calendars
//! ews        /EWS         calendars of an Exchange Server; /autodiscover
//! ntlm       signing in to it as Windows does
//! starface   /rest, /auth, /xml-rpc
//! control    /control
//! faults     what goes wrong on purpose; pace: how fast things are; count: how much was asked
//! world      all of it together; http, tls: the wire
//! ```
//!
//! # Control API
//!
//! Described in the crate's `README.md`, call by call.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "what is missing fails the test"))]

mod clock;
mod company;
mod control;
mod count;
mod directory;
mod entra;
mod ews;
mod faults;
mod graph;
mod http;
mod mailbox;
mod ntlm;
mod pace;
mod ready;
mod starface;
mod tls;
mod world;

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, anyhow};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use crate::{
    clock::Clock,
    pace::Pace,
    ready::{Ready, ReadyUser},
    starface::version::StarfaceVersion,
};
use crate::{http::server, world::World};

/// How long connections may finish what they are at when the simulator stops.
const FAREWELL: Duration = Duration::from_secs(5);

/// What is in the employees' calendars at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Calendars {
    /// What people of a company have in their calendars, around the clock and around today.
    #[default]
    Company,
    /// Nothing: a test enters what it needs.
    Empty,
}

/// What the simulator pretends.
#[derive(Clone, Debug)]
pub struct SimConfig {
    /// The port on 127.0.0.1; 0 is any free one.
    pub port: u16,
    /// How many people the company employs.
    pub users: usize,
    /// From which the company is made: the same seed and number give the same people and calendars.
    pub seed: u64,
    /// Whether it speaks HTTPS, with an authority of its own.
    pub tls: bool,
    /// Faults that are on from the start, with their rates from 0 to 1.
    pub faults: Vec<(String, f64)>,
    /// What time it is.
    pub clock: Clock,
    /// What is in the calendars.
    pub calendars: Calendars,
    /// Which STARFACE the PBX is.
    pub starface: StarfaceVersion,
    /// How fast Graph is.
    pub graph: Pace,
    /// How fast Exchange is.
    pub ews: Pace,
    /// How fast the PBX's REST interface is.
    pub rest: Pace,
    /// How fast the bridge is; waiting for events is not counted.
    pub bridge: Pace,
}

impl Default for SimConfig {
    /// Fifty people, seed 1, any port, no TLS, no faults, the real clock, STARFACE 10, no delay.
    fn default() -> Self {
        Self {
            port: 0,
            users: 50,
            seed: 1,
            tls: false,
            faults: Vec::new(),
            clock: Clock::default(),
            calendars: Calendars::Company,
            starface: StarfaceVersion::default(),
            graph: Pace::default(),
            ews: Pace::default(),
            rest: Pace::default(),
            bridge: Pace::default(),
        }
    }
}

/// A running simulator. It stops when told to, or when dropped.
#[derive(Debug)]
pub struct Simulator {
    ready: Ready,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// Keeps the certificate's file as long as the simulator runs.
    _authority: Option<tls::Authority>,
}

impl Simulator {
    /// Starts the simulator. When this returns, everything answers.
    ///
    /// # Errors
    /// If the port is taken, a fault is not known, or no certificate can be made.
    pub async fn start(config: SimConfig) -> anyhow::Result<Self> {
        let (listener, address) =
            server::bind(config.port).await.with_context(|| format!("port {} can't be opened", config.port))?;
        let (tls, authority) = if config.tls {
            let (secure, authority) = tls::found().context("no certificate can be made")?;
            (Some(secure), Some(authority))
        } else {
            (None, None)
        };
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let world = World::new(&config, stop.clone()).map_err(|reason| anyhow!(reason))?;
        let base = format!("{}://{address}", if config.tls { "https" } else { "http" });
        let ca = authority.as_ref().map(|authority| authority.certificate.path().display().to_string());
        let ready = Ready::new(&world, &base, ca);
        tasks.spawn(server::serve(listener, tls, Arc::new(world), stop.clone(), tasks.clone()));
        tracing::info!(%address, users = config.users, seed = config.seed, tls = config.tls, "the simulator is ready");
        Ok(Self { ready, stop, tasks, _authority: authority })
    }

    /// Addresses, names and secrets.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Writes [`Ready`] as JSON, in one go: who sees the file sees it whole.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn write_ready_file(&self, path: impl AsRef<Path>) -> anyhow::Result<()> {
        self.ready.write(path.as_ref())
    }

    /// Stops: no new connections, long polls come back, requests under way are finished within five seconds.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(FAREWELL, self.tasks.wait()).await.is_err() {
            tracing::warn!(connections = self.tasks.len(), "some connections did not end in time");
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// `; did you mean …?` for a name that is not known, if one is near.
fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min()
        .map_or_else(String::new, |(_, known)| format!("; the nearest is `{known}`"))
}
