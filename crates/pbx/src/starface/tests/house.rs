//! A driver and the pretended PBX that it talks to.

use std::sync::Arc;

use busylamp_core::{
    account::{AccountState, Dimension, Value},
    ids::AccountId,
    secret::Secret,
};
use busylamp_net::trust::Trust;
use tokio::task::JoinHandle;

use super::{
    script::{Script, router},
    world::{KEY, PASSWORD},
};
use crate::{
    AccountWrites, Pbx, PbxError, Reading, WriteOutcome,
    starface::{BRIDGE_INSTANCE, BridgeConfig, Starface, StarfaceConfig},
};

/// A driver and the PBX that it talks to.
pub(super) struct House {
    pub(super) script: Script,
    pub(super) pbx: Starface,
    server: Option<JoinHandle<()>>,
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

/// A configuration with the bridge and the older sign-in.
pub(super) fn config(url: &str) -> StarfaceConfig {
    StarfaceConfig {
        url: url.parse().unwrap(),
        login: "0001".to_owned(),
        password: Secret::new(PASSWORD),
        client_secret: None,
        bridge: Some(BridgeConfig { instance: BRIDGE_INSTANCE.to_owned(), key: Secret::new(KEY) }),
        // There is no certificate to believe; whether this system has authorities is of no interest.
        trust: Trust::Pin(format!("sha256:{}", "0".repeat(64)).parse().unwrap()),
    }
}

impl House {
    /// Over real HTTP.
    pub(super) async fn open() -> Self {
        Self::with(|_| {}).await
    }

    /// Over real HTTP, with another configuration.
    pub(super) async fn with(change: impl FnOnce(&mut StarfaceConfig)) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = config(&format!("http://{}", listener.local_addr().unwrap()));
        change(&mut config);
        let script = Script::new();
        let router = router(script.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { script, pbx: Starface::new(config).unwrap(), server: Some(server) }
    }

    /// In memory, so that a test's clock may be stopped.
    pub(super) fn in_memory(change: impl FnOnce(&mut StarfaceConfig)) -> Self {
        let mut config = config("https://pbx.example.com");
        change(&mut config);
        let script = Script::new();
        let pbx = Starface::over(Arc::new(script.clone()), &config);
        Self { script, pbx, server: None }
    }

    pub(super) async fn read(&self, account: &str) -> Result<Reading, PbxError> {
        let account = AccountId::from(account);
        let mut readings = self.pbx.read(std::slice::from_ref(&account)).await.unwrap();
        readings.remove(&account).unwrap()
    }

    pub(super) async fn state(&self, account: &str) -> AccountState {
        match self.read(account).await {
            Ok(Reading::State(state)) => state,
            other => panic!("{other:?}"),
        }
    }

    /// Writes one account's values; their outcomes in the order given.
    pub(super) async fn write(&self, account: &str, values: Vec<(Dimension, Value)>) -> Vec<WriteOutcome> {
        let wanted: Vec<Dimension> = values.iter().map(|(dimension, _)| dimension.clone()).collect();
        let writes = AccountWrites { account: account.into(), values };
        let mut outcomes = self.pbx.apply(&[writes]).await;
        let outcomes = outcomes.remove(&AccountId::from(account)).unwrap();
        assert_eq!(outcomes.iter().map(|(dimension, _)| dimension.clone()).collect::<Vec<_>>(), wanted);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// Switches a diversion of Anna's.
    pub(super) async fn switch(&self, id: &str, on: bool) -> WriteOutcome {
        self.write("7", vec![(Dimension::Diversion(id.into()), Value::Switch(on))]).await.remove(0)
    }

    pub(super) async fn dnd(&self, account: &str, on: bool) -> WriteOutcome {
        self.write(account, vec![(Dimension::Dnd, Value::Switch(on))]).await.remove(0)
    }
}

/// The outcome's name, for tables.
pub(super) fn word(outcome: &WriteOutcome) -> &'static str {
    match outcome {
        WriteOutcome::Acknowledged => "acknowledged",
        WriteOutcome::Refused { .. } => "refused",
        WriteOutcome::Gone => "gone",
        WriteOutcome::NotDone { .. } => "not done",
        WriteOutcome::Unknown { .. } => "unknown",
    }
}
