//! A simulator, a driver, and the simulator's control interface.

use busylamp_core::{
    account::{AccountState, Dimension, Value},
    ids::AccountId,
    secret::Secret,
};
use busylamp_net::{
    http::{HttpClient, HttpSettings},
    trust::Trust,
};
use busylamp_pbx::{
    AccountWrites, Pbx, Reading, WriteOutcome,
    starface::{BridgeConfig, Starface, StarfaceConfig},
};
use busylamp_sim::{Calendars, SimConfig, Simulator};
use bytes::Bytes;
use serde_json::{Value as Json, json};

/// Ten people without appointments.
pub(crate) fn quiet() -> SimConfig {
    SimConfig { users: 10, calendars: Calendars::Empty, ..SimConfig::default() }
}

/// A simulator with ten employees, a driver, and the simulator's control interface.
pub(crate) struct House {
    pub(crate) sim: Simulator,
    pub(crate) pbx: Starface,
    http: HttpClient,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum SignIn {
    Legacy,
    Token,
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::with(SignIn::Legacy, false).await
    }

    pub(crate) async fn with(sign_in: SignIn, tls: bool) -> Self {
        Self::of(SimConfig { tls, ..quiet() }, sign_in).await
    }

    pub(crate) async fn of(config: SimConfig, sign_in: SignIn) -> Self {
        let sim = Simulator::start(config).await.unwrap();
        let ready = sim.ready();
        let trust = match &ready.ca {
            Some(path) => Trust::authority_pem(&std::fs::read(path).unwrap()).unwrap(),
            // Nothing is encrypted, so nobody has to be believed.
            None => Trust::Pin(format!("sha256:{}", "0".repeat(64)).parse().unwrap()),
        };
        let pbx = Starface::new(StarfaceConfig {
            url: ready.starface.parse().unwrap(),
            login: ready.starface_login.clone(),
            password: Secret::new(ready.starface_password.as_str()),
            client_secret: match sign_in {
                SignIn::Legacy => None,
                SignIn::Token => Some(Secret::new(ready.starface_client_secret.as_str())),
            },
            bridge: Some(BridgeConfig {
                instance: ready.starface_bridge_instance.clone(),
                key: Secret::new(ready.starface_bridge_key.as_str()),
            }),
            trust: trust.clone(),
        });
        let http = HttpClient::new(HttpSettings::new(trust)).unwrap();
        Self { pbx: pbx.unwrap(), sim, http }
    }

    pub(crate) fn account(&self, place: usize) -> AccountId {
        AccountId::new(self.sim.ready().users[place].account.to_string())
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: Json) -> Json {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.sim.ready().control))
            .header("content-type", "application/json")
            .body(if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) });
        let answer = self.http.send(request.unwrap()).await.unwrap();
        assert!(answer.status().is_success(), "{method} {path}: {} {:?}", answer.status(), answer.body());
        serde_json::from_slice(answer.body()).unwrap_or_default()
    }

    pub(crate) async fn fault(&self, name: &str, on: bool) {
        self.control("PUT", &format!("/faults/{name}"), json!({"on": on})).await;
    }

    pub(crate) async fn state(&self, account: &AccountId) -> AccountState {
        match self.pbx.read(std::slice::from_ref(account)).await.unwrap().remove(account).unwrap() {
            Ok(Reading::State(state)) => state,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn write(&self, account: &AccountId, values: Vec<(Dimension, Value)>) -> Vec<WriteOutcome> {
        let writes = AccountWrites { account: account.clone(), values };
        let outcomes = self.pbx.apply(&[writes]).await.remove(account).unwrap();
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }
}

pub(crate) fn dnd(on: bool) -> (Dimension, Value) {
    (Dimension::Dnd, Value::Switch(on))
}

pub(crate) fn text(text: &str) -> (Dimension, Value) {
    (Dimension::Text, Value::Text(text.into()))
}
