//! Labels of busy lamp keys: finding them, writing them, and bringing them to phones.

use std::{collections::BTreeSet, time::Duration};

use busylamp_core::{
    account::{Dimension, StatusText, Value},
    ids::AccountId,
};
use serde_json::json;
use tokio::time::Instant;

use super::{
    house::{House, word},
    script::Reply,
    world::lamp,
};
use crate::{Pbx, PbxError, WriteOutcome};

fn everybody() -> BTreeSet<AccountId> {
    ["7".into(), "8".into()].into()
}

async fn labels(house: &House, account: &str) -> Option<Vec<(String, String)>> {
    let labels = house.state(account).await.labels?;
    Some(labels.into_iter().map(|(id, name)| (id.to_string(), name.as_str().to_owned())).collect())
}

fn pairs(labels: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
    Some(labels.iter().map(|(id, name)| ((*id).to_owned(), (*name).to_owned())).collect())
}

async fn write(house: &House, account: &str, key: &str, name: &str) -> WriteOutcome {
    let value = Value::Text(StatusText::new(name));
    house.write(account, vec![(Dimension::Label(key.into()), value)]).await.remove(0)
}

#[tokio::test]
async fn keys_are_looked_through_only_when_somebody_asks_and_those_of_oneself_are_not_told() {
    let house = House::open().await;
    assert!(house.pbx.capabilities().await.unwrap().labels);
    assert_eq!(labels(&house, "7").await, None);
    assert_eq!(house.script.count("GET /rest/functionkeysets"), 1, "one question whether it is allowed");
    assert_eq!(house.pbx.survey_labels(&everybody()).await, Ok(everybody()));
    assert_eq!(labels(&house, "7").await, pairs(&[("1/k1", "Anna"), ("8/k1", "Chefin")]));
    assert_eq!(labels(&house, "8").await, pairs(&[("7/k1", "Bert")]), "the key that shows its owner is left out");
    house.script.forget();
    labels(&house, "7").await;
    assert!(house.script.asked().iter().all(|asked| !asked.path.contains("functionkeysets")), "reading costs nothing");
    assert_eq!(house.pbx.survey_labels(&everybody()).await, Ok(BTreeSet::new()), "nothing has changed");
    assert_eq!(house.script.asked().iter().filter(|asked| asked.path.contains("functionkeysets")).count(), 6);
}

#[tokio::test]
async fn a_label_is_written_in_the_form_of_the_version_and_the_key_shows_whom_it_showed() {
    for (version, form) in [(Some("9.1.0.2"), "flat"), (None, "flat"), (Some("10.0.2.7"), "edit")] {
        let house = House::open().await;
        house.script.version(version);
        house.pbx.survey_labels(&everybody()).await.unwrap();
        for name in ["Anna · Jour fixe", "Anna"] {
            assert_eq!(write(&house, "7", "1/k1", name).await, WriteOutcome::Acknowledged, "{version:?}");
            let key = house.script.key_of("1", "k1");
            assert_eq!((&key["name"], &key["blfAccountId"], &key["valid"]), (&json!(name), &json!(7), &json!(true)));
            assert_eq!(labels(&house, "7").await.unwrap()[0].1, name);
        }
        let put = &house.script.asked_for("PUT /rest/functionkeysets/s1/k1")[1].body;
        assert_eq!(put.contains("editFunctionKeyBusyLampField"), form == "edit", "{version:?}: {put}");
        if form == "edit" {
            assert!(put.contains("\"later\":1") && put.contains("\"editFunctionKeyDnd\":null"), "{put}");
        }
    }
}

#[tokio::test]
async fn a_pbx_that_spoils_a_key_in_the_flat_form_is_noticed_at_the_first_key_and_it_is_put_right() {
    // STARFACE 10 with the older sign-in, of which nobody says that it is one.
    let house = House::open().await;
    house.pbx.survey_labels(&everybody()).await.unwrap();
    house.script.always("GET /rest/server/version", Reply::status(404));
    assert_eq!(write(&house, "7", "8/k1", "Chefin · JF").await, WriteOutcome::Acknowledged);
    let key = house.script.key_of("8", "k1");
    assert_eq!((&key["name"], &key["blfAccountId"]), (&json!("Chefin · JF"), &json!(7)));
    house.script.forget();
    assert_eq!(write(&house, "7", "1/k1", "Anna · JF").await, WriteOutcome::Acknowledged);
    assert_eq!(house.script.key_of("1", "k1")["blfAccountId"], 7);
    assert_eq!(house.script.asked().len(), 2, "read and put, now that the way is known: {:?}", house.script.asked());
}

#[tokio::test]
async fn a_key_that_somebody_has_renamed_meanwhile_is_not_written_but_shown() {
    let house = House::open().await;
    house.pbx.survey_labels(&everybody()).await.unwrap();
    house.script.key("1", "k1", Some(lamp("k1", "Frau Falke", 7)));
    assert_eq!(word(&write(&house, "7", "1/k1", "Anna · JF").await), "not done");
    assert_eq!(house.script.key_of("1", "k1")["name"], "Frau Falke");
    assert_eq!(labels(&house, "7").await.unwrap()[0].1, "Frau Falke");
    assert_eq!(word(&write(&house, "7", "1/k1", "Frau Falke · JF").await), "acknowledged");
}

#[tokio::test]
async fn a_key_that_is_gone_or_shows_somebody_else_is_gone() {
    let house = House::open().await;
    house.pbx.survey_labels(&everybody()).await.unwrap();
    house.script.key("1", "k1", None);
    house.script.key("8", "k1", Some(lamp("k1", "Chefin", 1)));
    assert_eq!(write(&house, "7", "1/k1", "x").await, WriteOutcome::Gone);
    assert_eq!(write(&house, "7", "8/k1", "x").await, WriteOutcome::Gone);
    assert_eq!(labels(&house, "7").await, pairs(&[]));
    assert_eq!(house.script.count("PUT /rest/functionkeysets/s8/k1"), 0);
}

#[tokio::test]
async fn what_the_pbx_answers_to_a_label_is_what_becomes_of_it() {
    for (reply, outcome) in [
        (Reply::status(500), "refused"),
        (Reply::status(403), "refused"),
        (Reply::status(503), "not done"),
        (Reply::status(404), "gone"),
        (Reply::cut(), "unknown"),
    ] {
        let house = House::open().await;
        house.pbx.survey_labels(&everybody()).await.unwrap();
        house.script.once("PUT /rest/functionkeysets/s1/k1", reply.clone());
        assert_eq!(word(&write(&house, "7", "1/k1", "Anna · JF").await), outcome, "{reply:?}");
    }
}

#[tokio::test]
async fn after_a_lost_answer_the_key_is_read_before_its_label_is_told() {
    let house = House::open().await;
    house.pbx.survey_labels(&everybody()).await.unwrap();
    house.script.once("PUT /rest/functionkeysets/s1/k1", Reply::cut());
    assert_eq!(word(&write(&house, "7", "1/k1", "Anna · JF").await), "unknown");
    house.script.key("1", "k1", Some(lamp("k1", "Anna · JF", 7)));
    house.script.once("GET /rest/functionkeysets/s1/k1", Reply::status(503));
    assert_eq!(labels(&house, "7").await, None, "what can't be read is not told");
    assert_eq!(labels(&house, "7").await.unwrap()[0].1, "Anna · JF");
}

#[tokio::test]
async fn a_look_that_began_before_a_write_does_not_undo_it() {
    for lost in [false, true] {
        let house = House::in_memory(|_| {});
        tokio::time::pause();
        house.pbx.survey_labels(&everybody()).await.unwrap();
        house.script.latency(Duration::from_secs(1));
        let survey = async { house.pbx.survey_labels(&everybody()).await.unwrap() };
        let during = async {
            house.script.latency(Duration::ZERO);
            // The look has asked for the keys by then and not been answered.
            while house.script.count("GET /rest/functionkeysets/s1/") < 2 {
                tokio::time::advance(Duration::from_millis(100)).await;
            }
            if lost {
                house.script.once("PUT /rest/functionkeysets/s1/k1", Reply::cut());
            }
            write(&house, "7", "1/k1", "Anna · JF").await
        };
        let stale = lamp("k1", "Anna", 7);
        house.script.once("GET /rest/functionkeysets/s1/", Reply::json(200, json!([stale]).to_string()));
        let (_, outcome) = tokio::join!(survey, during);
        assert_eq!(word(&outcome), if lost { "unknown" } else { "acknowledged" });
        if lost {
            // It was done after all, and the look must not have said otherwise.
            house.script.key("1", "k1", Some(lamp("k1", "Anna · JF", 7)));
        }
        assert_eq!(labels(&house, "7").await.unwrap()[0].1, "Anna · JF");
        tokio::time::resume();
    }
}

#[tokio::test]
async fn only_a_whole_look_counts_and_one_user_whose_keys_stay_unreadable_does_not_end_it_for_all() {
    let house = House::open().await;
    house.script.always("GET /rest/functionkeysets/s8/", Reply::status(500));
    for _ in 0..2 {
        assert!(matches!(house.pbx.survey_labels(&everybody()).await, Err(PbxError::Unreachable { .. })));
        assert_eq!(labels(&house, "7").await, None);
    }
    house.pbx.survey_labels(&everybody()).await.unwrap();
    assert_eq!(labels(&house, "7").await, pairs(&[("1/k1", "Anna")]));
}

#[tokio::test]
async fn keys_that_were_there_and_can_not_be_read_any_more_or_are_said_to_be_none_stay() {
    for request in ["GET /rest/functionkeysets?actOnBehalfOf=8", "GET /rest/functionkeysets/s8/"] {
        for reply in [Reply::status(503), Reply::json(200, "Hello"), Reply::json(200, "[]")] {
            let house = House::open().await;
            house.pbx.survey_labels(&everybody()).await.unwrap();
            house.script.always(request, reply.clone());
            assert_eq!(house.pbx.survey_labels(&everybody()).await, Ok(BTreeSet::new()), "{request} {reply:?}");
            assert_eq!(labels(&house, "7").await.unwrap().len(), 2, "{request} {reply:?}");
        }
    }
    let house = House::open().await;
    house.pbx.survey_labels(&everybody()).await.unwrap();
    house.script.always("GET /rest/functionkeysets?actOnBehalfOf=8", Reply::json(200, "[]"));
    house.pbx.survey_labels(&everybody()).await.unwrap();
    assert_eq!(house.pbx.survey_labels(&everybody()).await, Ok(["7".into()].into()), "the next look confirms it");
    assert_eq!(labels(&house, "7").await, pairs(&[("1/k1", "Anna")]));
}

#[tokio::test]
async fn half_a_list_of_users_takes_nobodys_labels_before_it_is_confirmed() {
    let house = House::open().await;
    house.pbx.survey_labels(&everybody()).await.unwrap();
    house.script.always("GET /rest/users", Reply::json(200, r#"[{"id": 1}]"#));
    assert!(matches!(house.pbx.survey_labels(&everybody()).await, Err(PbxError::Protocol { .. })));
    assert_eq!(labels(&house, "7").await.unwrap().len(), 2);
    assert_eq!(house.pbx.survey_labels(&everybody()).await, Ok(everybody()));
    assert_eq!(labels(&house, "7").await, pairs(&[("1/k1", "Anna")]));
}

#[tokio::test]
async fn without_the_right_to_it_labels_are_no_capability_and_a_note_says_why() {
    let house = House::open().await;
    house.script.always("GET /rest/functionkeysets", Reply::status(403));
    let can = house.pbx.capabilities().await.unwrap();
    assert!(
        !can.labels
            && can
                .notes
                .iter()
                .any(|note| note.to_string().contains("Labels") && note.to_string().contains("administrator")),
        "{can:?}"
    );
    assert!(matches!(house.pbx.survey_labels(&everybody()).await, Err(PbxError::Refused { .. })));
}

#[tokio::test]
async fn who_loses_the_right_to_it_still_knows_what_there_is_to_give_back() {
    let house = House::open().await;
    house.pbx.survey_labels(&everybody()).await.unwrap();
    for request in ["GET /rest/functionkeysets?actOnBehalfOf=8", "GET /rest/functionkeysets"] {
        house.script.always(request, Reply::status(403));
        for _ in 0..3 {
            let _ = house.pbx.survey_labels(&everybody()).await;
            assert_eq!(labels(&house, "7").await, pairs(&[("1/k1", "Anna"), ("8/k1", "Chefin")]), "{request}");
        }
    }
    assert!(!house.pbx.capabilities().await.unwrap().labels);
}

#[tokio::test(start_paused = true)]
async fn many_labels_do_not_hold_up_an_account_for_long() {
    let house = House::in_memory(|_| {});
    let ids: Vec<String> = (10..50).map(|place| format!("k{place}")).collect();
    for id in &ids {
        house.script.key("1", id, Some(lamp(id, "Anna", 7)));
    }
    house.pbx.survey_labels(&everybody()).await.unwrap();
    write(&house, "7", "1/k1", "Anna · JF").await;
    house.script.latency(Duration::from_secs(1));
    let begun = Instant::now();
    let name = || Value::Text("Anna · JF".into());
    let values = ids.iter().map(|id| (Dimension::Label(format!("1/{id}").as_str().into()), name())).collect();
    let outcomes: Vec<&str> = house.write("7", values).await.iter().map(word).collect();
    assert!(begun.elapsed() < Duration::from_secs(13), "{:?}", begun.elapsed());
    assert!(outcomes[..5].iter().all(|outcome| *outcome == "acknowledged"), "{outcomes:?}");
    assert!(
        outcomes[6..].iter().all(|outcome| *outcome == "not done"),
        "the others have their turn later: {outcomes:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_phone_is_provisioned_soon_and_then_at_most_once_a_minute() {
    let house = House::in_memory(|_| {});
    house.pbx.survey_labels(&everybody()).await.unwrap();
    let provisioned = |owner: &str| house.script.count(&format!("PUT /rest/functionkeysets/s{owner}/phone"));
    let begun = Instant::now();
    write(&house, "7", "1/k1", "Anna · JF").await;
    write(&house, "7", "8/k1", "Chefin · JF").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!((provisioned("1"), provisioned("8")), (1, 1));
    for round in 0..20 {
        write(&house, "7", "1/k1", if round % 2 == 0 { "Anna" } else { "Anna · JF" }).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(60));
    assert_eq!(provisioned("1"), 1, "what changes within a minute waits");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!((provisioned("1"), provisioned("8")), (2, 1), "and comes at once when it is over");
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(provisioned("1"), 2);
    assert_eq!(house.script.asked_for("PUT /rest/functionkeysets/s1/phone")[0].query("phone"), Some("SNOM-1"));
}

#[tokio::test(start_paused = true)]
async fn a_phone_that_is_not_provisioned_refuses_no_write_and_a_note_says_so_for_a_while() {
    let house = House::in_memory(|_| {});
    house.pbx.survey_labels(&everybody()).await.unwrap();
    house.script.always("PUT /rest/functionkeysets/s1/phone", Reply::status(400));
    house.script.always("PUT /rest/functionkeysets/s8/phone", Reply::status(503));
    assert_eq!(write(&house, "7", "1/k1", "Anna · JF").await, WriteOutcome::Acknowledged);
    write(&house, "7", "8/k1", "Chefin · JF").await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(
        house.script.count("PUT /rest/functionkeysets/s1/phone"),
        1,
        "a phone that takes none is not asked again"
    );
    assert_eq!(house.script.count("PUT /rest/functionkeysets/s8/phone"), 4, "one that could not be asked is, thrice");
    let notes = house.pbx.capabilities().await.unwrap().notes;
    assert!(notes.iter().any(|note| note.to_string().contains("Some phones")), "{notes:?}");
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let can = house.pbx.capabilities().await.unwrap();
    assert!(can.labels && !can.notes.iter().any(|note| note.to_string().contains("Some phones")), "{can:?}");
}
