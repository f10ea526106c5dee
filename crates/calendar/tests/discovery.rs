//! Finding a server over real TLS: the simulator is the server, and the domain of the address is where it listens.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use busylamp_calendar::{
    discovery::{self, Connections, Learned, Place, Report},
    ews::{BindingUse, EwsSignIn},
};
use busylamp_core::{ids::MailAddress, secret::Secret};
use busylamp_net::{
    http::{HttpClient, HttpSettings},
    trust::Trust,
};
use busylamp_sim::{Calendars, SimConfig, Simulator};
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use url::Url;

struct House {
    sim: Simulator,
    trust: Trust,
    /// Where it listens.
    place: String,
}

impl House {
    async fn open() -> Self {
        let config = SimConfig { users: 1, calendars: Calendars::Empty, tls: true, ..SimConfig::default() };
        let sim = Simulator::start(config).await.unwrap();
        let authority = std::fs::read(sim.ready().ca.as_ref().unwrap()).unwrap();
        let url = Url::parse(&sim.ready().ews).unwrap();
        let place = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
        Self { trust: Trust::authority_pem(&authority).unwrap(), sim, place }
    }

    async fn control(&self, verb: &str, body: Value) -> Value {
        let url = format!("{}/ews", self.sim.ready().control);
        let request = Request::builder().method(verb).uri(url).header("content-type", "application/json");
        let request = request.body(Bytes::from(body.to_string())).unwrap();
        let answer = HttpClient::new(HttpSettings::new(self.trust.clone())).unwrap().send(request).await.unwrap();
        assert!(answer.status().is_success(), "{answer:?}");
        serde_json::from_slice(answer.body()).unwrap_or(Value::Null)
    }

    fn basic(&self, password: &str) -> EwsSignIn {
        EwsSignIn::Basic { user: self.sim.ready().ews_user.clone(), password: Secret::new(password) }
    }

    fn ntlm(&self, password: &str) -> EwsSignIn {
        let (user, password) = (self.sim.ready().ews_user.clone(), Secret::new(password));
        EwsSignIn::Ntlm { user, password, channel_binding: BindingUse::Auto }
    }

    async fn find(&self, trust: &Trust, sign_in: Option<EwsSignIn>, confirmed: bool) -> Report {
        let mailbox = MailAddress::parse(&format!("anna@{}", self.place)).unwrap();
        let confirmed: BTreeSet<String> = confirmed.then(|| self.place.clone()).into_iter().collect();
        discovery::find(&mailbox, &confirmed, &Connections::new(trust.clone(), sign_in)).await
    }
}

#[tokio::test]
async fn version_2_tells_the_server_without_a_sign_in() {
    let house = House::open().await;
    let password = house.sim.ready().ews_password.clone();
    let report = house.find(&house.trust, Some(house.basic(&password)), true).await;
    let found = report.found.unwrap();
    assert_eq!((found.url.as_str(), found.place), (house.sim.ready().ews.as_str(), Place::Server));
    assert_eq!(house.control("GET", Value::Null).await["autodiscover_with_credentials"], 0);
}

#[tokio::test]
async fn the_password_waits_for_a_word_and_then_goes_there_by_either_way_to_sign_in() {
    let house = House::open().await;
    // Where version 2 leads nowhere, only POX is left.
    house
        .control(
            "PATCH",
            json!({"autodiscover_redirect": {"url": "http://elsewhere.invalid/"}, "authentication": ["ntlm", "basic"]}),
        )
        .await;
    let password = house.sim.ready().ews_password.clone();
    for sign_in in [house.basic(&password), house.ntlm(&password)] {
        let before = house.control("GET", Value::Null).await["autodiscover_with_credentials"].clone();
        let report = house.find(&house.trust, Some(sign_in.clone()), false).await;
        assert_eq!((report.confirm.len(), report.found.is_none()), (1, true), "{report:#?}");
        assert_eq!(
            (report.confirm[0].host.as_str(), &report.confirm[0].learned),
            (house.place.as_str(), &Learned::Candidate)
        );
        assert_eq!(house.control("GET", Value::Null).await["autodiscover_with_credentials"], before);
        // The fingerprint is that of the certificate: whoever pins it is let in.
        let pin = Trust::Pin(report.confirm[0].fingerprint.unwrap().into());

        let report = house.find(&pin, Some(sign_in), true).await;
        assert!(report.confirm.is_empty(), "{report:#?}");
        let last = report.tried.last().unwrap();
        // It was let in, and what it was told there leads to plain HTTP, where it doesn't go.
        assert!(
            last.to_string().contains("with the password") && last.said.contains("not a valid one of https"),
            "{last}"
        );
        let told = house.control("GET", Value::Null).await;
        assert_eq!(told["wrong_passwords"], 0, "{told}");
        assert_ne!(told["autodiscover_with_credentials"], before);
    }
}

#[tokio::test]
async fn a_wrong_password_is_shown_once() {
    let house = House::open().await;
    house
        .control(
            "PATCH",
            json!({"autodiscover_redirect": {"url": "http://elsewhere.invalid/"}, "authentication": ["ntlm", "basic"]}),
        )
        .await;
    let report = house.find(&house.trust, Some(house.basic("wrong")), true).await;
    assert!(report.tried.iter().any(|tried| tried.said.contains("refuses the user or the password")), "{report:#?}");
    assert_eq!(house.control("GET", Value::Null).await["wrong_passwords"], 1);
}

#[tokio::test]
async fn a_certificate_that_nobody_trusts_is_shown_and_nothing_is_sent() {
    let house = House::open().await;
    let password = house.sim.ready().ews_password.clone();
    let nobody = Trust::Pin(format!("sha256:{}", "0".repeat(64)).parse().unwrap());
    let report = house.find(&nobody, Some(house.basic(&password)), true).await;
    assert_eq!(report.found, None);
    assert!(report.tried[0].said.contains("sha256:"), "{report:#?}");
    assert_eq!(house.control("GET", Value::Null).await["autodiscover_with_credentials"], 0);
}
