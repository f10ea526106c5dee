//! What every version has in common.

use std::{collections::BTreeMap, time::Duration};

use busylamp_core::{
    account::{Dimension, NumberClass, Presence, Value},
    check::Verdict,
};
use busylamp_pbx::{Change, Pbx, PbxError, Reading, WriteOutcome};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use crate::house::{House, SignIn, dnd, text};

#[tokio::test]
async fn both_sign_ins_lead_to_the_same_directory() {
    for sign_in in [SignIn::Legacy, SignIn::Token] {
        let house = House::with(sign_in, false).await;
        let can = house.pbx.capabilities().await.unwrap();
        assert!(can.dnd && can.presence && can.diversions && can.changes && can.labels, "{can:?}");
        let directory = house.pbx.directory(&house.sim.ready().starface_group).await.unwrap();
        let found: BTreeMap<String, String> = directory
            .members
            .iter()
            .map(|user| (user.account.to_string(), user.mail.as_ref().unwrap().to_string()))
            .collect();
        let expected = house.sim.ready().users.iter().map(|user| (user.account.to_string(), user.mail.to_lowercase()));
        assert_eq!(found, expected.collect());
        assert!(directory.accounts.len() > directory.members.len());
    }
}

#[tokio::test]
async fn over_https_the_private_authority_is_believed() {
    let house = House::with(SignIn::Token, true).await;
    assert!(house.pbx.capabilities().await.unwrap().dnd);
}

#[tokio::test]
async fn what_is_read_is_what_the_pbx_shows() {
    let house = House::open().await;
    for place in 0..10 {
        let account = house.account(place);
        let by_hand = json!({"dnd": place % 2 == 0, "presence": "extended_away", "text": "Außer Haus & unterwegs <3"});
        let shown = house.control("PATCH", &format!("/accounts/{account}"), by_hand).await;
        let state = house.state(&account).await;
        assert_eq!(json!(state.dnd), shown["dnd"]);
        assert_eq!(json!(state.presence), shown["presence"]);
        assert_eq!(json!(state.text), shown["text"]);
        let diversions: Json = state
            .diversions
            .unwrap()
            .into_iter()
            .map(|(id, diversion)| {
                let leads = diversion.has_destination;
                (id.to_string(), json!({"number": diversion.number, "enabled": diversion.enabled, "leads": leads}))
            })
            .collect();
        let mut expected = shown["diversions"].clone();
        for diversion in expected.as_object_mut().unwrap().values_mut() {
            let destination = diversion.as_object_mut().unwrap().remove("destination").unwrap();
            diversion["leads"] = json!(!destination.is_null());
        }
        assert_eq!(diversions, expected);
    }
}

#[tokio::test]
async fn what_is_written_is_what_the_pbx_shows_and_nothing_is_lost() {
    for sign_in in [SignIn::Legacy, SignIn::Token] {
        let house = House::with(sign_in, false).await;
        let mut diversions = Vec::new();
        for place in 0..10 {
            let account = house.account(place);
            let state = house.state(&account).await;
            let usable = state.diversions.unwrap().into_iter().filter(|(_, diversion)| diversion.has_destination);
            let mut values = vec![
                dnd(true),
                (Dimension::Presence, Value::Presence(Presence::DoNotDisturb)),
                text("Jour fixe (bis 10:30)"),
            ];
            for (id, diversion) in usable {
                assert_ne!(diversion.number, NumberClass::Unknown);
                diversions.push((account.clone(), id.clone()));
                values.push((Dimension::Diversion(id), Value::Switch(true)));
            }
            assert!(
                house.write(&account, values).await.iter().all(|outcome| *outcome == WriteOutcome::Acknowledged),
                "{account}"
            );
            let shown = house.control("GET", &format!("/accounts/{account}"), Json::Null).await;
            assert_eq!((&shown["dnd"], &shown["presence"]), (&json!(true), &json!("do_not_disturb")));
            assert_eq!(shown["text"], "Jour fixe (bis 10:30)");
            let others = shown["other_diversions"].as_object().unwrap().values();
            assert!(others.into_iter().all(|other| other["enabled"] == false), "groups and other triggers stay");
        }
        assert!(diversions.len() > 10);
        for (account, id) in &diversions {
            let shown = house.control("GET", &format!("/accounts/{account}"), Json::Null).await;
            assert_eq!(shown["diversions"][id.as_str()]["enabled"], true, "{id}");
        }
        let pbx = house.control("GET", "/starface", Json::Null).await;
        assert_eq!((&pbx["lost_members"], &pbx["enabled_without_destination"]), (&json!({}), &json!(0)));
    }
}

#[tokio::test]
async fn a_change_by_hand_is_heard_and_our_own_is_not() {
    let house = House::open().await;
    let (anna, bert) = (house.account(0), house.account(1));
    let wait = SignedDuration::from_secs(20);
    assert_eq!(house.pbx.changes(wait).await, Ok(Some(Change::Lost)));
    let changed = async {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
        while house.control("GET", "/starface", Json::Null).await["listening"] == 0 {
            assert!(tokio::time::Instant::now() < deadline, "nobody listens");
            tokio::task::yield_now().await;
        }
        house.control("PATCH", &format!("/accounts/{bert}"), json!({"dnd": true})).await;
    };
    let (heard, ()) = tokio::join!(house.pbx.changes(wait), changed);
    assert_eq!(heard, Ok(Some(Change::Accounts([bert.clone()].into()))));
    assert_eq!(house.state(&bert).await.dnd, Some(true));

    assert_eq!(house.write(&anna, vec![dnd(true)]).await, [WriteOutcome::Acknowledged]);
    assert_eq!(house.pbx.changes(wait).await, Ok(None));
    house.control("POST", "/bridge/restart", Json::Null).await;
    assert_eq!(house.pbx.changes(wait).await, Ok(Some(Change::Lost)));
    house.control("PATCH", &format!("/accounts/{anna}"), json!({"text": "weg"})).await;
    assert_eq!(house.pbx.changes(wait).await, Ok(Some(Change::Accounts([anna].into()))));
}

#[tokio::test]
async fn sessions_that_end_on_the_pbx_are_not_noticed() {
    for sign_in in [SignIn::Legacy, SignIn::Token] {
        let house = House::with(sign_in, false).await;
        let account = house.account(0);
        house.state(&account).await;
        for _ in 0..2 {
            house.control("POST", "/tokens/expire", Json::Null).await;
            assert_eq!(house.state(&account).await.dnd, Some(false));
            house.control("POST", "/tokens/expire", Json::Null).await;
            assert_eq!(house.write(&account, vec![dnd(false)]).await, [WriteOutcome::Acknowledged]);
        }
    }
}

#[tokio::test]
async fn a_refused_login_is_tried_once() {
    for sign_in in [SignIn::Legacy, SignIn::Token] {
        let house = House::with(sign_in, false).await;
        house.fault("starface_login_refused", true).await;
        for _ in 0..5 {
            assert!(matches!(house.pbx.capabilities().await, Err(PbxError::SignIn { .. })));
            assert!(matches!(
                &house.write(&house.account(0), vec![dnd(true)]).await[..],
                [WriteOutcome::NotDone { .. }]
            ));
        }
        let faults = house.control("GET", "/faults", Json::Null).await;
        assert_eq!(faults["starface_login_refused"]["struck"], 1);
    }
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_unknown_and_reading_tells() {
    let house = House::open().await;
    let account = house.account(0);
    house.state(&account).await;
    house.fault("bridge_answer_lost", true).await;
    assert!(matches!(&house.write(&account, vec![dnd(true)]).await[..], [WriteOutcome::Unknown { .. }]));
    house.fault("bridge_answer_lost", false).await;
    assert_eq!(house.state(&account).await.dnd, Some(true));
}

#[tokio::test]
async fn what_the_pbx_refuses_is_refused_and_the_rest_is_done() {
    let house = House::open().await;
    let account = house.account(0);
    house.control("PUT", &format!("/accounts/{account}/refuses"), json!(["dnd", "diversion"])).await;
    let diversions = house.state(&account).await.diversions.unwrap();
    let id = diversions.keys().next().unwrap().clone();
    let values = vec![dnd(true), (Dimension::Diversion(id), Value::Switch(true)), text("x")];
    let outcomes = house.write(&account, values).await;
    assert!(
        matches!(
            &outcomes[..],
            [WriteOutcome::Refused { .. }, WriteOutcome::Refused { .. }, WriteOutcome::Acknowledged]
        ),
        "{outcomes:?}"
    );
    let state = house.state(&account).await;
    assert_eq!((state.dnd, state.text.unwrap().as_str()), (Some(false), "x"));
}

#[tokio::test]
async fn an_account_that_is_deleted_is_gone() {
    let house = House::open().await;
    let account = house.account(0);
    let id = house.state(&account).await.diversions.unwrap().into_keys().next().unwrap();
    house.control("DELETE", &format!("/accounts/{account}"), Json::Null).await;
    let readings = house.pbx.read(std::slice::from_ref(&account)).await.unwrap();
    assert_eq!(readings[&account], Ok(Reading::Gone));
    let outcomes = house.write(&account, vec![dnd(true), (Dimension::Diversion(id), Value::Switch(true))]).await;
    assert_eq!(outcomes, [WriteOutcome::Gone, WriteOutcome::Gone]);
}

#[tokio::test]
async fn without_rights_to_act_for_others_the_bridge_still_tells_its_half_and_the_check_says_what_is_missing() {
    let house = House::open().await;
    house.fault("starface_not_admin", true).await;
    let account = house.account(0);
    let state = house.state(&account).await;
    assert_eq!((state.dnd, state.diversions), (Some(false), None));
    assert_eq!(house.write(&account, vec![dnd(true)]).await, [WriteOutcome::Acknowledged]);
    assert_eq!(house.state(&account).await.dnd, Some(true));
    let steps = house.pbx.check(&house.sim.ready().starface_group).await;
    let step = steps.iter().find(|step| step.name.to_string() == "STARFACE diversions").unwrap();
    assert!(
        matches!(&step.verdict, Verdict::Fault(advice) if advice.to_string().contains("administrator")),
        "{step:?}"
    );
}

#[tokio::test]
async fn without_the_module_and_rights_to_act_for_others_reading_is_refused() {
    let house = House::open().await;
    house.fault("starface_not_admin", true).await;
    house.fault("bridge_missing", true).await;
    let account = house.account(0);
    let readings = house.pbx.read(std::slice::from_ref(&account)).await.unwrap();
    assert!(
        matches!(&readings[&account], Err(PbxError::Refused { advice }) if advice.to_string().contains("administrator"))
    );
}

#[tokio::test]
async fn diversions_go_on_without_the_module() {
    let house = House::open().await;
    let account = house.account(0);
    house.fault("bridge_missing", true).await;
    let can = house.pbx.capabilities().await.unwrap();
    assert!(
        can.diversions
            && !can.dnd
            && can.notes.iter().any(|note| note.to_string().contains("no working module instance"))
    );
    let state = house.state(&account).await;
    assert_eq!((state.dnd, state.presence, state.text), (None, None, None));
    let id = state.diversions.unwrap().into_keys().next().unwrap();
    let outcomes = house.write(&account, vec![(Dimension::Diversion(id), Value::Switch(true))]).await;
    assert_eq!(outcomes, [WriteOutcome::Acknowledged]);
    let steps = house.pbx.check(&house.sim.ready().starface_group).await;
    let faults: Vec<_> = steps
        .iter()
        .filter(|step| matches!(step.verdict, Verdict::Fault(_)))
        .map(|step| step.name.to_string())
        .collect();
    assert_eq!(faults, ["STARFACE bridge"]);
}

#[tokio::test]
async fn a_pbx_on_which_dnd_can_not_be_set_is_told_from_one_where_it_is_off() {
    let house = House::open().await;
    house.fault("bridge_without_dnd", true).await;
    let can = house.pbx.capabilities().await.unwrap();
    assert!(
        !can.dnd && can.presence && can.notes.iter().any(|note| note.to_string().contains("do not disturb")),
        "{can:?}"
    );
    let account = house.account(0);
    assert_eq!(house.state(&account).await.dnd, None);
    let outcomes = house.write(&account, vec![dnd(true), text("x")]).await;
    assert!(matches!(&outcomes[..], [WriteOutcome::Refused { .. }, WriteOutcome::Acknowledged]), "{outcomes:?}");
}

#[tokio::test]
async fn a_text_that_the_pbx_cuts_is_read_as_it_is_shown() {
    let house = House::open().await;
    house.fault("text_cut", true).await;
    let account = house.account(0);
    let long = "ä".repeat(120);
    assert_eq!(house.write(&account, vec![text(&long)]).await, [WriteOutcome::Acknowledged]);
    assert_eq!(house.state(&account).await.text.unwrap().as_str(), "ä".repeat(100));
}

#[tokio::test]
async fn the_check_finds_nothing_wrong() {
    let house = House::open().await;
    let steps = house.pbx.check(&house.sim.ready().starface_group).await;
    assert!(steps.iter().all(busylamp_core::check::Step::is_ok), "{steps:?}");
    let group = steps.iter().find(|step| step.name.to_string() == "STARFACE group").unwrap();
    assert_eq!(group.verdict.text().to_string(), "10 members; 12 users on the PBX");
    let writes = house.control("GET", "/writes?since=0", Json::Null).await;
    assert_eq!(writes, json!([]), "it changes nothing");
}
