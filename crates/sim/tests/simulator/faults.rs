//! What goes wrong on purpose, and the house around it: TLS, stopping, counting, the clock.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use crate::support::{House, lively, quiet, read};
use busylamp_sim::{Clock, SimConfig, Simulator};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

fn view(house: &House) -> String {
    format!("/users/{}/calendarView?startDateTime=2026-11-23&endDateTime=2026-12-07", house.mail(0))
}

#[tokio::test]
async fn graph_fails_as_it_is_told() {
    let house = House::open(quiet()).await;
    for (fault, status, code) in [
        ("graph_unauthorized", 401, "InvalidAuthenticationToken"),
        ("graph_forbidden", 403, "ErrorAccessDenied"),
        ("graph_throttled", 429, "TooManyRequests"),
        ("graph_throttled_bare", 429, "TooManyRequests"),
        ("graph_unavailable", 503, "ServiceNotAvailable"),
        ("graph_gateway_timeout", 504, "UnknownError"),
        ("graph_error", 500, "UnknownError"),
    ] {
        house.fault(fault, json!({"on": true})).await;
        let response = house.graph(Method::GET, &view(&house)).send().await.unwrap();
        assert_eq!(response.headers().contains_key("retry-after"), fault == "graph_throttled", "{fault}");
        let (got, body) = read(response).await;
        assert_eq!((got.as_u16(), body["error"]["code"].as_str()), (status, Some(code)), "{fault}");
        house.fault(fault, json!({"rate": 0})).await;
        assert_eq!(house.get(&view(&house)).await.0, 200);
    }
}

#[tokio::test]
async fn lines_break_before_and_in_the_middle_of_an_answer() {
    let house = House::open(lively()).await;
    house.fault("graph_reset", json!({"on": true})).await;
    assert!(house.graph(Method::GET, &view(&house)).send().await.is_err());
    house.fault("graph_reset", json!({"on": false})).await;
    house.fault("graph_cut", json!({"on": true})).await;
    let response = house.graph(Method::GET, &view(&house)).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.text().await.is_err());
    house.fault("graph_cut", json!({"on": false})).await;
    house.fault("graph_garbage", json!({"on": true})).await;
    assert!(house.get(&view(&house)).await.1.as_str().unwrap().starts_with("<html>"));
}

#[tokio::test]
async fn a_further_page_can_be_missing() {
    let house = House::open(lively()).await;
    let (_, first) = house.get(&view(&house)).await;
    let next = first["@odata.nextLink"].as_str().unwrap();
    for (fault, status) in [("graph_page_error", 500), ("graph_page_missing", 404)] {
        house.fault(fault, json!({"on": true})).await;
        assert_eq!(house.get(next).await.0, status);
        assert_eq!(house.get(&view(&house)).await.0, 200, "the first page is there");
        house.fault(fault, json!({"on": false})).await;
    }
}

#[tokio::test]
async fn entra_refuses_with_its_own_codes() {
    let house = House::open(quiet()).await;
    let ready = house.sim.ready();
    let base = [
        ("grant_type", "client_credentials"),
        ("client_id", ready.client_id.as_str()),
        ("client_secret", ready.client_secret.as_str()),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let ask = async |tenant: &str, name: &str, value: &str| {
        let form: Vec<_> = base.iter().map(|(key, kept)| (*key, if *key == name { value } else { *kept })).collect();
        let url = format!("{}/{tenant}/oauth2/v2.0/token", ready.login);
        let (status, body) = read(house.http.post(url).form(&form).send().await.unwrap()).await;
        (status.as_u16(), body["error"].as_str().unwrap_or_default().to_owned(), body["error_codes"][0].as_u64())
    };
    let tenant = ready.tenant.as_str();
    assert_eq!(ask(tenant, "client_secret", "x").await, (401, "invalid_client".into(), Some(7_000_215)));
    assert_eq!(ask(tenant, "client_id", "x").await, (400, "unauthorized_client".into(), Some(700_016)));
    assert_eq!(ask("x", "", "").await, (400, "invalid_request".into(), Some(90002)));
    assert_eq!(ask(tenant, "scope", "Calendars.Read").await, (400, "invalid_scope".into(), Some(70011)));
    assert_eq!(
        ask(tenant, "scope", "https://mail.example/.default").await,
        (400, "invalid_resource".into(), Some(500_011))
    );
    assert_eq!(ask(tenant, "grant_type", "password").await, (400, "unsupported_grant_type".into(), Some(70003)));
    let url = format!("{}/{tenant}/oauth2/v2.0/token", ready.login);
    let form = [("grant_type", "client_credentials"), ("scope", "https://graph.microsoft.com/.default")];
    let basic = house.http.post(url).basic_auth(&ready.client_id, Some(&ready.client_secret)).form(&form);
    assert_eq!(basic.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn consent_can_be_missing_in_part_or_altogether() {
    for (fault, path, code) in [
        ("no_roles", "/users", "Authorization_RequestDenied"),
        ("no_users_role", "/users", "Authorization_RequestDenied"),
        ("no_calendars_role", "calendar", "ErrorAccessDenied"),
        ("no_settings_role", "settings", "ErrorAccessDenied"),
    ] {
        let house = House::open(SimConfig { faults: vec![(fault.to_owned(), 1.0)], ..quiet() }).await;
        let path = match path {
            "calendar" => view(&house),
            "settings" => format!("/users/{}/mailboxSettings", house.mail(0)),
            other => other.to_owned(),
        };
        let (status, body) = house.get(&path).await;
        assert_eq!((status.as_u16(), body["error"]["code"].as_str()), (403, Some(code)), "{fault}");
        let claims = house.graph_token.split('.').nth(1).unwrap();
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        assert_eq!(claims.get("roles").is_none(), fault == "no_roles");
    }
}

#[tokio::test]
async fn a_write_can_be_done_and_its_answer_lost() {
    let house = House::open(quiet()).await;
    let account = house.account(0);
    let key = house.sim.ready().starface_bridge_key.clone();
    let apply = format!("v=1&do=apply\naccount={account}&dnd=true");
    house.fault("bridge_reset", json!({"on": true})).await;
    assert!(house.bridge_request(&key, &apply).send().await.is_err());
    let shown = async || house.done(Method::GET, &format!("/accounts/{account}"), Value::Null).await["dnd"].clone();
    assert_eq!(shown().await, false);
    house.fault("bridge_reset", json!({"on": false})).await;
    house.fault("bridge_answer_lost", json!({"on": true})).await;
    assert!(house.bridge_request(&key, &apply).send().await.is_err());
    assert_eq!(shown().await, true);
}

#[tokio::test]
async fn faults_are_listed_and_misspelt_ones_refused() {
    let house = House::open(quiet()).await;
    house.fault("text_cut", json!({"rate": 0.5})).await;
    let faults = house.done(Method::GET, "/faults", Value::Null).await;
    assert!(faults.as_object().unwrap().len() > 30);
    assert_eq!(faults["text_cut"]["rate"], 0.5);
    assert!(
        faults
            .as_object()
            .unwrap()
            .values()
            .all(|fault| fault["meaning"].as_str().is_some_and(|text| text.ends_with('.')))
    );
    for (name, body) in [
        ("texd_cut", json!({"on": true})),
        ("text_cut", json!({})),
        ("text_cut", json!({"rate": 2})),
        ("text_cut", json!({"onn": true})),
    ] {
        assert_eq!(house.control(Method::PUT, &format!("/faults/{name}"), body).await.0, 400);
    }
    let wrong = SimConfig { faults: vec![("nonsense".to_owned(), 1.0)], ..quiet() };
    assert!(Simulator::start(wrong).await.is_err());
}

#[tokio::test]
async fn requests_are_counted_by_kind_with_their_bytes() {
    let house = House::open(quiet()).await;
    house.done(Method::DELETE, "/requests", Value::Null).await;
    house.get(&view(&house)).await;
    house.get(&view(&house)).await;
    house.bridge("v=1&do=states").await;
    let counts = house.done(Method::GET, "/requests", Value::Null).await;
    assert_eq!(counts["graph.calendar_view"]["requests"], 2);
    assert_eq!(counts["bridge.states"]["requests"], 1);
    assert!(counts["graph.calendar_view"]["bytes_out"].as_u64().unwrap() > 200);
    assert!(counts["bridge.states"]["bytes_in"].as_u64().unwrap() > 200);
    assert_eq!(counts.as_object().unwrap().len(), 2, "the control API is not counted: {counts}");
}

#[tokio::test]
async fn tokens_end_by_the_pretended_clock_or_by_command() {
    let now = Arc::new(AtomicI64::new(1_795_500_000));
    let told = Arc::clone(&now);
    let clock = Clock::new(move || Timestamp::from_second(told.load(Ordering::Acquire)).unwrap());
    let mut house = House::open(SimConfig { clock, ..quiet() }).await;
    assert_eq!(house.get(&view(&house)).await.0, 200);
    assert_eq!(house.rest_get("/users/me").await.0, 200);
    now.fetch_add(3600, Ordering::AcqRel);
    assert_eq!(house.get(&view(&house)).await.0, 401);
    assert_eq!(house.rest_get("/users/me").await.0, 200, "a session lives for four hours");
    now.fetch_add(3 * 3600, Ordering::AcqRel);
    assert_eq!(house.rest_get("/users/me").await.0, 401);
    house.graph_token = house.sign_in().await;
    assert_eq!(house.get(&view(&house)).await.0, 200);
    house.done(Method::POST, "/tokens/expire", Value::Null).await;
    assert_eq!(house.get(&view(&house)).await.0, 401);
    house.graph_token = house.sign_in().await;
    assert_eq!(house.get(&view(&house)).await.0, 200, "a new token is good at once");
}

#[tokio::test]
async fn the_ready_file_says_all_and_https_is_trusted_by_its_authority() {
    let house_config = SimConfig { tls: true, ..quiet() };
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let sim = Simulator::start(house_config).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ready.json");
    sim.write_ready_file(&path).unwrap();
    let ready: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for name in [
        "graph",
        "login",
        "tenant",
        "client_id",
        "client_secret",
        "ews",
        "ews_user",
        "ews_password",
        "starface",
        "starface_login",
        "starface_password",
        "starface_group",
        "starface_client_secret",
        "control",
        "ca",
    ] {
        assert!(ready[name].as_str().is_some_and(|text| !text.is_empty()), "{name}");
    }
    assert_eq!(ready["users"].as_array().unwrap().len(), 10);
    assert!(ready["users"][0]["account"].is_u64());
    let pem = std::fs::read(ready["ca"].as_str().unwrap()).unwrap();
    let authority = reqwest::Certificate::from_pem(&pem).unwrap();
    let trusting = reqwest::Client::builder().no_proxy().tls_certs_only([authority]).build().unwrap();
    let url = format!("{}/faults", ready["control"].as_str().unwrap());
    assert!(url.starts_with("https://"));
    assert_eq!(trusting.get(&url).send().await.unwrap().status(), 200);
    assert_eq!(trusting.post(ready["ews"].as_str().unwrap()).send().await.unwrap().status(), 401);
    sim.stop().await;
    assert!(trusting.get(&url).send().await.is_err());
}

#[tokio::test]
async fn stopping_ends_long_polls_and_waits_for_nobody() {
    let house = House::open(quiet()).await;
    let states = house.bridge("v=1&do=states").await;
    let cursor = states[0].split("cursor=").nth(1).unwrap().to_owned();
    let key = house.sim.ready().starface_bridge_key.clone();
    let poll = house.bridge_request(&key, &format!("v=1&do=events&since={cursor}&wait=25"));
    let poll = tokio::spawn(async move { poll.send().await.map(|response| response.status()) });
    while house.done(Method::GET, "/starface", Value::Null).await["listening"] != 1 {}
    let begin = std::time::Instant::now();
    house.sim.stop().await;
    assert_eq!(poll.await.unwrap().unwrap(), 200);
    assert!(begin.elapsed().as_secs() < 5);
}
