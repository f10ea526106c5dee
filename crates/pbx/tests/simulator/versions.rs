//! STARFACE 7, 8, 9 and 10: the same from outside, however one gets in and whatever keys and numbers look like.

use std::collections::BTreeMap;

use busylamp_core::{
    account::{Dimension, NumberClass, Value},
    check::{Step, Verdict},
};
use busylamp_pbx::{Pbx, PbxError, WriteOutcome};
use busylamp_sim::{SimConfig, StarfaceVersion};
use serde_json::{Value as Json, json};

use crate::house::{House, SignIn, dnd, quiet};

/// Every way in that a version has.
fn ways() -> Vec<(StarfaceVersion, SignIn, &'static str)> {
    let older = StarfaceVersion::ALL
        .into_iter()
        .flat_map(|version| [(version, SignIn::Legacy, "Internal"), (version, SignIn::Legacy, "ActiveDirectory")]);
    older.chain([(StarfaceVersion::V10, SignIn::Token, "Internal")]).collect()
}

async fn house(version: StarfaceVersion, sign_in: SignIn, login_type: &str) -> House {
    let house = House::of(SimConfig { starface: version, ..quiet() }, sign_in).await;
    house.control("PATCH", "/starface", json!({"login_type": login_type})).await;
    house
}

fn step(steps: &[Step], name: &str) -> Verdict<String> {
    let step = steps.iter().find(|step| step.name.to_string() == name);
    step.unwrap_or_else(|| panic!("{name}: {steps:?}")).verdict.clone().map(|said| said.to_string())
}

#[tokio::test]
async fn users_groups_and_rights_are_the_same_in_every_version_and_by_every_way_in() {
    for (version, sign_in, login_type) in ways() {
        let case = format!("{version:?} {login_type} {sign_in:?}");
        let house = house(version, sign_in, login_type).await;
        let can = house.pbx.capabilities().await.unwrap();
        assert!(can.dnd && can.presence && can.diversions && can.changes && can.labels, "{case}: {can:?}");
        assert_eq!(can.notes, [], "{case}");
        let directory = house.pbx.directory(&house.sim.ready().starface_group).await.unwrap();
        assert_eq!((directory.members.len(), directory.accounts.len()), (10, 12), "{case}");
        let found: BTreeMap<String, String> = directory
            .members
            .iter()
            .map(|user| (user.account.to_string(), user.mail.as_ref().unwrap().to_string()))
            .collect();
        let expected = house.sim.ready().users.iter().map(|user| (user.account.to_string(), user.mail.to_lowercase()));
        assert_eq!(found, expected.collect(), "{case}");
    }
}

#[tokio::test]
async fn the_version_is_found_by_asking_and_shown_by_the_check() {
    for (version, sign_in, login_type) in ways() {
        let house = house(version, sign_in, login_type).await;
        let steps = house.pbx.check(&house.sim.ready().starface_group).await;
        assert!(steps.iter().all(Step::is_ok), "{version:?}: {steps:?}");
        assert!(
            matches!(step(&steps, "STARFACE version"), Verdict::Ok(found) if found.starts_with(version.name())),
            "{steps:?}"
        );
        let Verdict::Ok(way) = step(&steps, "STARFACE sign-in") else { panic!("{steps:?}") };
        assert_eq!(way.contains("OAuth"), matches!(sign_in, SignIn::Token), "{way}");
        assert_eq!(way.contains("directory"), login_type == "ActiveDirectory", "{way}");
    }
    // Without the bridge the older ones are told from 10 only.
    let house = house(StarfaceVersion::V8, SignIn::Legacy, "Internal").await;
    house.fault("bridge_missing", true).await;
    let steps = house.pbx.check(&house.sim.ready().starface_group).await;
    assert!(matches!(step(&steps, "STARFACE version"), Verdict::Ok(found) if found.starts_with("7 to 9")), "{steps:?}");
}

#[tokio::test]
async fn state_and_diversions_are_read_and_written_in_every_version_however_numbers_are_spelt() {
    for (version, sign_in, login_type) in ways() {
        for numbers in ["e164", "international", "national"] {
            let case = format!("{version:?} {login_type} {sign_in:?} {numbers}");
            let house = house(version, sign_in, login_type).await;
            house.control("PATCH", "/starface", json!({"numbers": numbers})).await;
            let account = house.account(3);
            let diversions = house.state(&account).await.diversions.unwrap();
            let classes: Vec<NumberClass> = diversions.values().map(|entry| entry.number).collect();
            assert_eq!(classes, [NumberClass::External, NumberClass::Internal], "{case}");
            let mut values = vec![dnd(true)];
            values.extend(diversions.into_keys().map(|id| (Dimension::Diversion(id), Value::Switch(true))));
            let outcomes = house.write(&account, values).await;
            assert!(outcomes.iter().all(|outcome| *outcome == WriteOutcome::Acknowledged), "{case}: {outcomes:?}");
            let shown = house.control("GET", &format!("/accounts/{account}"), Json::Null).await;
            assert_eq!(shown["dnd"], true, "{case}");
            assert!(shown["diversions"].as_object().unwrap().values().all(|entry| entry["enabled"] == true), "{case}");
            let pbx = house.control("GET", "/starface", Json::Null).await;
            assert_eq!(pbx["lost_members"], json!({}), "{case}");
        }
    }
}

#[tokio::test]
async fn labels_are_written_in_the_form_that_the_version_takes_and_the_key_goes_on_showing_its_user() {
    for (version, sign_in, login_type) in ways() {
        let house = house(version, sign_in, login_type).await;
        let account = house.account(2);
        house.pbx.survey_labels(&[account.clone()].into()).await.unwrap();
        let before = house.state(&account).await.labels.unwrap();
        assert_eq!(before.len(), 7, "every colleague in the team has a key for everyone else");
        let label = |id, name: &str| (Dimension::Label(id), Value::Text(name.into()));
        let values = before.iter().map(|(id, name)| label(id.clone(), &format!("{} · Jour fixe", name.as_str())));
        let outcomes = house.write(&account, values.collect()).await;
        assert!(outcomes.iter().all(|outcome| *outcome == WriteOutcome::Acknowledged), "{version:?}: {outcomes:?}");
        let shown = house.control("GET", &format!("/accounts/{account}"), Json::Null).await;
        let shown = shown["labels"].as_object().unwrap();
        assert_eq!(shown.len(), 7, "{version:?}: each of them still shows this user");
        assert!(shown.values().all(|name| name.as_str().unwrap().ends_with(" · Jour fixe")), "{version:?}");
    }
}

#[tokio::test]
async fn where_an_identity_provider_is_connected_only_oauth_leads_in() {
    let house = house(StarfaceVersion::V10, SignIn::Legacy, "Internal").await;
    house.control("PATCH", "/starface", json!({"older_login": false})).await;
    let error = house.pbx.capabilities().await.unwrap_err();
    assert!(matches!(&error, PbxError::SignIn { advice } if advice.to_string().contains("client secret")), "{error}");
    let steps = house.pbx.check(&house.sim.ready().starface_group).await;
    assert!(matches!(&steps[..], [Step { verdict: Verdict::Fault(_), .. }]), "{steps:?}");
    let token = House::with(SignIn::Token, false).await;
    token.control("PATCH", "/starface", json!({"older_login": false})).await;
    assert!(token.pbx.capabilities().await.unwrap().dnd);
}

#[tokio::test]
async fn a_client_secret_on_a_version_without_oauth_is_named_as_the_cause() {
    for version in [StarfaceVersion::V7, StarfaceVersion::V8, StarfaceVersion::V9] {
        let house = house(version, SignIn::Token, "Internal").await;
        let error = house.pbx.capabilities().await.unwrap_err();
        assert!(
            matches!(&error, PbxError::SignIn { advice } if advice.to_string().contains("leave the client secret out")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn without_the_right_to_oauths_password_grant_the_right_is_named() {
    let house = house(StarfaceVersion::V10, SignIn::Token, "Internal").await;
    house.control("PATCH", "/starface", json!({"password_grant": false})).await;
    let error = house.pbx.capabilities().await.unwrap_err();
    assert!(matches!(&error, PbxError::SignIn { advice } if advice.to_string().contains("Password Grant")), "{error}");
}

#[tokio::test]
async fn without_the_rights_of_an_administrator_nothing_is_taken_for_a_reading_in_any_version() {
    for (version, sign_in, login_type) in ways() {
        let house = house(version, sign_in, login_type).await;
        house.control("PATCH", "/starface", json!({"administrator": false})).await;
        let directory = house.pbx.directory(&house.sim.ready().starface_group).await;
        assert!(
            matches!(&directory, Err(PbxError::Refused { advice }) if advice.to_string().contains("administrator")),
            "{directory:?}"
        );
        let can = house.pbx.capabilities().await.unwrap();
        assert!(!can.labels && can.notes.iter().any(|note| note.to_string().contains("administrator")), "{can:?}");
        let steps = house.pbx.check(&house.sim.ready().starface_group).await;
        assert!(matches!(step(&steps, "STARFACE group"), Verdict::Fault(_)), "{steps:?}");
    }
}
