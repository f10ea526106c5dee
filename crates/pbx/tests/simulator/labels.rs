//! Busy lamp keys of a whole company.

use busylamp_core::{
    account::{Dimension, Value},
    ids::AccountId,
};
use busylamp_pbx::{Pbx, WriteOutcome};
use busylamp_sim::SimConfig;
use serde_json::{Value as Json, json};

use crate::{
    house::{House, SignIn, quiet},
    program::Program,
};

#[tokio::test]
async fn looking_through_all_keys_costs_two_calls_a_user_and_reading_afterwards_none() {
    let house = House::of(SimConfig { users: 100, ..quiet() }, SignIn::Token).await;
    let accounts: Vec<AccountId> = (0..100).map(|place| house.account(place)).collect();
    house.pbx.survey_labels(&accounts.iter().cloned().collect()).await.unwrap();
    let calls = async || house.control("GET", "/requests", Json::Null).await["rest.keys"]["requests"].as_u64().unwrap();
    let surveyed = calls().await;
    assert!(surveyed <= 2 * 102, "{surveyed}");
    let readings = house.pbx.read(&accounts).await.unwrap();
    assert_eq!(readings.len(), 100);
    assert_eq!(calls().await, surveyed);
}

#[tokio::test]
async fn a_label_is_given_back_as_it_was_byte_for_byte() {
    let house = House::of(quiet(), SignIn::Token).await;
    let account = house.account(0);
    let odd = "Frau \"Falke\" \\ <Zentrale> · 🙂";
    let first = house.control("GET", &format!("/accounts/{account}"), Json::Null).await;
    let key = first["labels"].as_object().unwrap().keys().next().unwrap().clone();
    house.control("PATCH", &format!("/accounts/{account}"), json!({"labels": {&key: odd}})).await;
    house.pbx.survey_labels(&[account.clone()].into()).await.unwrap();
    let labels = house.state(&account).await.labels.unwrap();
    let (id, before) = labels.into_iter().find(|(_, name)| name.as_str() == odd).unwrap();
    for name in ["Falke · Jour fixe".into(), before] {
        let outcome = house.write(&account, vec![(Dimension::Label(id.clone()), Value::Text(name))]).await;
        assert_eq!(outcome, [WriteOutcome::Acknowledged]);
    }
    let shown = house.control("GET", &format!("/accounts/{account}"), Json::Null).await;
    assert_eq!(shown["labels"], {
        let mut labels = first["labels"].clone();
        labels[&key] = json!(odd);
        labels
    });
}

#[tokio::test]
async fn what_the_pbx_refuses_of_a_label_leaves_the_rest_done() {
    let house = House::of(quiet(), SignIn::Token).await;
    let account = house.account(0);
    house.control("PUT", &format!("/accounts/{account}/refuses"), json!(["blf_label"])).await;
    house.pbx.survey_labels(&[account.clone()].into()).await.unwrap();
    let id = house.state(&account).await.labels.unwrap().into_keys().next().unwrap();
    let values =
        vec![(Dimension::Dnd, Value::Switch(true)), (Dimension::Label(id), Value::Text("Anna · Jour fixe".into()))];
    let outcomes = house.write(&account, values).await;
    assert!(matches!(&outcomes[..], [WriteOutcome::Acknowledged, WriteOutcome::Refused { .. }]), "{outcomes:?}");
}

#[tokio::test]
async fn a_label_goes_with_the_text_and_comes_back_and_a_name_given_meanwhile_stays() {
    let house = House::of(quiet(), SignIn::Token).await;
    let account = house.account(0);
    let path = format!("/accounts/{account}");
    house.control("PATCH", &path, json!({"presence": "available"})).await;
    let before = house.control("GET", &path, Json::Null).await["labels"].clone();
    house.pbx.survey_labels(&[account.clone()].into()).await.unwrap();
    let mut program = Program::new(&house, json!({"title_as_text": true, "blf_labels": true}));
    program.look().await;
    let during = house.control("GET", &path, Json::Null).await["labels"].clone();
    for (key, name) in before.as_object().unwrap() {
        assert_eq!(during[key], format!("{} · Jour fixe", name.as_str().unwrap()));
    }
    // Somebody renames one key; it is noticed at the next look through all keys.
    let renamed = before.as_object().unwrap().keys().next().unwrap().clone();
    house.control("PATCH", &path, json!({"labels": {&renamed: "Chefin"}})).await;
    assert_eq!(house.pbx.survey_labels(&[account.clone()].into()).await, Ok([account.clone()].into()));
    program.look().await;
    program.pass(3600).await;
    let mut after = before;
    after[&renamed] = json!("Chefin");
    assert_eq!(house.control("GET", &path, Json::Null).await["labels"], after);
}
