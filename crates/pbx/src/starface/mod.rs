//! STARFACE 7 to 10: users, groups and diversions over its REST interface; do not disturb, chat presence and status
//! text through the bridge module. Without the bridge diversions still work, and the capabilities say what is missing.
//!
//! ```text
//! config, address   where the PBX is
//! rest              REST: sign-in, users, groups, numbers, diversions
//! xml_rpc, bridge   the bridge module, called over XML-RPC
//! read, write       accounts in, batches out
//! labels, phones    labels of busy lamp keys: which show whom, and bringing them to phones
//! echo              own changes, told from a person's
//! check, trial      for people who set it up: looking at everything, and trying everything with one user
//! steps             what their steps are called
//! failure           what becomes of a call that failed
//! ```

mod address;
mod bridge;
mod check;
mod config;
mod echo;
mod failure;
#[doc(hidden)]
pub mod fuzz;
mod labels;
mod phones;
mod read;
mod rest;
mod steps;
#[cfg(test)]
mod tests;
mod trial;
mod write;
mod xml_rpc;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use busylamp_core::{account::Dimension, check::Step, ids::AccountId, language::Language, said::Said};
use busylamp_net::http::{HttpClient, HttpSettings, Transport};
use jiff::SignedDuration;
use tokio::sync::{Mutex, Semaphore};

use self::{
    bridge::{
        Bridge,
        message::{Events, Info, MAX_WAIT},
    },
    echo::Written,
    failure::Failure,
    labels::Labels,
    rest::{Rest, diversions::Doubts, numbers::Numbers, session::Sessions, users},
};
pub use self::{
    check::{Overview, Telling},
    config::{BRIDGE_INSTANCE, BridgeConfig, ConfigError, StarfaceConfig},
};
use crate::{AccountWrites, Capabilities, Change, Directory, Pbx, PbxError, Reading, WriteOutcome, ended};

/// How many accounts' diversions are read side by side, and how many are switched. Each has its own turns, or a write
/// that is due would wait behind a reading of everybody.
const PARALLEL: usize = 8;
/// The longest answer, in bytes: the users, or the states, of a large company. Ten thousand users take half of it.
const MAX_ANSWER: usize = 8 << 20;
/// No call takes longer. The bridge's longest wait for an event is well within it.
const TOTAL: Duration = Duration::from_secs(45);

/// The driver.
pub struct Starface {
    rest: Arc<Rest>,
    numbers: Numbers,
    labels: Labels,
    /// Users who are said to have no diversions at all.
    doubts: Doubts,
    /// What was last written through the bridge.
    written: Written,
    bridge: Option<Bridge>,
    /// What the bridge could do when it last answered.
    told: Mutex<Option<Info>>,
    /// How far the bridge's events have been heard.
    cursor: Mutex<Option<String>>,
    reading: Semaphore,
    writing: Semaphore,
}

impl Starface {
    /// A driver with this configuration. Nothing is asked yet.
    ///
    /// # Errors
    /// If the configuration can't be used.
    pub fn new(config: StarfaceConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        let settings =
            HttpSettings { max_body: MAX_ANSWER, total_timeout: TOTAL, ..HttpSettings::new(config.trust.clone()) };
        Ok(Self::over(Arc::new(HttpClient::new(settings)?), &config))
    }

    /// A driver whose requests are carried by this transport.
    fn over(http: Arc<dyn Transport>, config: &StarfaceConfig) -> Self {
        let sessions = Arc::new(Sessions::new(Arc::clone(&http), config));
        let bridge = config.bridge.as_ref();
        let bridge = bridge.map(|bridge| Bridge::new(Arc::clone(&http), config, bridge, Arc::clone(&sessions)));
        Self {
            rest: Arc::new(Rest::new(http, config, sessions)),
            numbers: Numbers::default(),
            labels: Labels::default(),
            doubts: Doubts::default(),
            written: Written::default(),
            bridge,
            told: Mutex::default(),
            cursor: Mutex::default(),
            reading: Semaphore::new(PARALLEL),
            writing: Semaphore::new(PARALLEL),
        }
    }

    /// A place from which events are heard on: whatever is read after this is known to be no older than it.
    async fn begin_hearing(&self, bridge: &Bridge) -> Result<String, Failure> {
        let me = users::me(&self.rest).await?;
        Ok(bridge.states(&[me]).await?.cursor)
    }
}

#[async_trait]
impl Pbx for Starface {
    async fn capabilities(&self) -> Result<Capabilities, PbxError> {
        let me = users::me(&self.rest).await?;
        let mut can = Capabilities { diversions: true, ..Capabilities::default() };
        match self.labels.verdict(&self.rest, &me).await {
            Ok(()) => can.labels = true,
            Err(why) => can.notes.push(Said::new(
                format!(
                    "Beschriftungen von Besetztlampenfeldern lassen sich nicht schreiben: {}",
                    ended(why.speak(Language::German))
                ),
                format!("Labels of busy lamp keys can't be written: {why}."),
            )),
        }
        can.notes.extend(self.labels.trouble());
        let Some(bridge) = &self.bridge else {
            can.notes.push(Said::new(
                "Ohne die Brücke lassen sich nur Umleitungen schalten: die REST-Schnittstelle von STARFACE erreicht weder \
                 Nicht stören noch die Chat-Präsenz. Installieren Sie das Brückenmodul, und tragen Sie seinen Schlüssel ein.",
                "Without the bridge only diversions can be switched: STARFACE's REST interface reaches neither do not \
                 disturb nor chat presence. Install the bridge module and enter its key.",
            ));
            return Ok(can);
        };
        let mut told = self.told.lock().await;
        match bridge.info().await {
            Ok(info) => *told = Some(info),
            Err(failure) => {
                // What is only away for a while can do the same when it is back.
                if !matches!(failure.error, PbxError::Unreachable { .. } | PbxError::Protocol { .. }) {
                    *told = None;
                }
                let why = failure.error;
                can.notes.push(Said::new(
                    format!(
                        "Die Brücke antwortet nicht, also lassen sich nur Umleitungen schalten: {}",
                        why.said().speak(Language::German)
                    ),
                    format!("The bridge does not answer, so only diversions can be switched: {why}."),
                ));
            }
        }
        if let Some(info) = &*told {
            let has = |word: &str| info.can.contains(word);
            can.dnd = has("dnd.read") && has("dnd.write");
            can.presence = has("presence.read") && has("presence.write");
            can.changes = has("events");
            let missing = [
                (can.dnd, ("Nicht stören", "do not disturb")),
                (can.presence, ("Chat-Präsenz und Statustext", "chat presence and status text")),
            ];
            let missing = missing.into_iter().filter(|(can, _)| !can);
            can.notes.extend(missing.map(|(_, (german, english))| {
                Said::new(
                    format!(
                        "Die Brücke kann {german} auf dieser Anlage nicht setzen. Aktualisieren Sie die Brücke; ihr eigenes \
                         Protokoll sagt, wonach sie gesucht hat."
                    ),
                    format!(
                        "The bridge can't set {english} on this PBX. Update the bridge; its own log says what it looked for."
                    ),
                )
            }));
        }
        Ok(can)
    }

    async fn directory(&self, group: &str) -> Result<Directory, PbxError> {
        let directory = users::directory(&self.rest, group).await?;
        // Numbers change as rarely as users do, and together with them.
        self.numbers.forget().await;
        self.written.keep_only(&directory.accounts);
        self.doubts.keep_only(&directory.accounts);
        Ok(directory)
    }

    async fn read(&self, accounts: &[AccountId]) -> Result<BTreeMap<AccountId, Result<Reading, PbxError>>, PbxError> {
        Ok(self.read_accounts(accounts).await)
    }

    async fn apply(&self, batch: &[AccountWrites]) -> BTreeMap<AccountId, Vec<(Dimension, WriteOutcome)>> {
        self.write_accounts(batch).await
    }

    async fn survey_labels(&self, shown: &BTreeSet<AccountId>) -> Result<BTreeSet<AccountId>, PbxError> {
        self.labels.survey(&self.rest, shown).await
    }

    async fn changes(&self, wait: SignedDuration) -> Result<Option<Change>, PbxError> {
        let Some(bridge) = &self.bridge else {
            return Err(PbxError::Configuration {
                advice: Said::new(
                    "ohne die Brücke werden keine Änderungen gemeldet",
                    "without the bridge no changes are told",
                ),
            });
        };
        let mut cursor = self.cursor.lock().await;
        let Some(since) = cursor.clone() else {
            *cursor = Some(self.begin_hearing(bridge).await?);
            // Whatever happened before is not known.
            return Ok(Some(Change::Lost));
        };
        match bridge.events(&since, wait.as_secs().min(MAX_WAIT)).await? {
            Events::Changed { cursor: next, changes } => {
                *cursor = Some(next);
                let foreign = changes.into_iter().filter(|change| !self.written.is_echo(change));
                let accounts: BTreeSet<AccountId> = foreign.map(|change| change.account).collect();
                Ok((!accounts.is_empty()).then_some(Change::Accounts(accounts)))
            }
            Events::Lost => {
                *cursor = Some(self.begin_hearing(bridge).await?);
                Ok(Some(Change::Lost))
            }
        }
    }

    async fn check(&self, group: &str) -> Vec<Step> {
        self.examine(group, Telling::Accounts).await
    }
}
