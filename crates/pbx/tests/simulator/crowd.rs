//! A thousand users whose meetings begin in the same minute.

use std::time::Duration;

use busylamp_core::{
    account::{Dimension, Presence, Value},
    ids::AccountId,
};
use busylamp_pbx::{AccountWrites, Change, Pbx, WriteOutcome};
use busylamp_sim::SimConfig;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use crate::house::{House, SignIn, dnd, quiet, text};

#[tokio::test]
async fn a_thousand_users_are_a_handful_of_calls_to_the_bridge() {
    let house = House::of(SimConfig { users: 1000, ..quiet() }, SignIn::Token).await;
    let accounts: Vec<AccountId> = (0..1000).map(|place| house.account(place)).collect();
    assert_eq!(house.pbx.changes(SignedDuration::ZERO).await, Ok(Some(Change::Lost)));
    house.control("DELETE", "/requests", Json::Null).await;

    let batch: Vec<AccountWrites> = accounts
        .iter()
        .map(|account| AccountWrites {
            account: account.clone(),
            values: vec![
                dnd(true),
                (Dimension::Presence, Value::Presence(Presence::DoNotDisturb)),
                text("Jour fixe (bis 10:30)"),
            ],
        })
        .collect();
    let outcomes = house.pbx.apply(&batch).await;
    assert!(outcomes.values().flatten().all(|(_, outcome)| *outcome == WriteOutcome::Acknowledged));
    assert_eq!(house.pbx.changes(SignedDuration::ZERO).await, Ok(None), "a thousand echoes, none of them news");

    let requests = house.control("GET", "/requests", Json::Null).await;
    let calls = |kind: &str| requests[kind]["requests"].as_u64().unwrap_or(0);
    assert_eq!((calls("bridge.apply"), calls("bridge.events"), calls("bridge.states")), (2, 1, 0), "{requests}");
    assert_eq!(requests.as_object().unwrap().len(), 2, "and nothing else: {requests}");
    let writes = house.control("GET", "/writes?since=0", Json::Null).await;
    assert_eq!(writes.as_array().unwrap().len(), 3000);
    let of_first: Vec<&Json> = writes
        .as_array()
        .unwrap()
        .iter()
        .filter(|write| write["account"].as_u64() == accounts[0].as_str().parse().ok())
        .collect();
    let order: Vec<&str> = of_first.iter().map(|write| write["dimension"].as_str().unwrap()).collect();
    assert_eq!(order, ["dnd", "presence", "text"]);
}

#[tokio::test]
async fn what_comes_first_in_a_batch_is_written_first() {
    let house = House::of(SimConfig { users: 600, ..quiet() }, SignIn::Token).await;
    // The batch is handed over in its order, ends before starts; here the last accounts come first.
    let accounts: Vec<AccountId> = (0..600).rev().map(|place| house.account(place)).collect();
    let batch: Vec<AccountWrites> =
        accounts.iter().map(|account| AccountWrites { account: account.clone(), values: vec![dnd(true)] }).collect();
    house.pbx.apply(&batch).await;
    let writes = house.control("GET", "/writes?since=0", Json::Null).await;
    let order: Vec<String> = writes.as_array().unwrap().iter().map(|write| write["account"].to_string()).collect();
    assert_eq!(order, accounts.iter().map(ToString::to_string).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_press_of_a_button_is_seen_within_a_second() {
    let house = House::of(quiet(), SignIn::Token).await;
    assert_eq!(house.pbx.changes(SignedDuration::ZERO).await, Ok(Some(Change::Lost)));
    let account = house.account(0);
    let listening = async || {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        while house.control("GET", "/starface", Json::Null).await["listening"] == 0 {
            assert!(tokio::time::Instant::now() < deadline, "nobody listens");
            tokio::task::yield_now().await;
        }
    };
    // The best of several: the machine may be busy with other things, the driver may not be what takes the time.
    let mut best = Duration::MAX;
    for round in 0..5 {
        let pressed = async {
            listening().await;
            house.control("DELETE", "/requests", Json::Null).await;
            let pressed = tokio::time::Instant::now();
            house.control("PATCH", &format!("/accounts/{account}"), json!({"dnd": round % 2 == 0})).await;
            pressed
        };
        let (heard, pressed) = tokio::join!(house.pbx.changes(SignedDuration::from_secs(20)), pressed);
        assert_eq!(heard, Ok(Some(Change::Accounts([account.clone()].into()))));
        assert_eq!(house.state(&account).await.dnd, Some(round % 2 == 0));
        best = best.min(pressed.elapsed());
        let requests = house.control("GET", "/requests", Json::Null).await;
        assert_eq!(requests["bridge.states"]["requests"], 1, "one reading, and nothing is waited for: {requests}");
    }
    assert!(best < Duration::from_secs(1), "{best:?}");
}
