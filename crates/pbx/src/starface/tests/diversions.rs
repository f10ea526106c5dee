//! Reading and switching diversions (§4.3), and what becomes of a write that goes wrong (§6.8).

use busylamp_core::account::{Diversion, NumberClass, Presence};
use busylamp_net::http::{Delivery, HttpErrorKind};

use super::{
    house::{House, word},
    script::Reply,
};
use crate::{Pbx, PbxError, Reading};

const GET: &str = "GET /rest/redirects/ext-7";
const PUT: &str = "PUT /rest/redirects/ext-7";

fn entry(id: &str, rest: &str) -> String {
    format!(r#"{{"id":"{id}","enabled":true,"redirectTrigger":{{"redirectTriggerType":"ALWAYS"}}{rest}}}"#)
}

#[tokio::test]
async fn only_the_users_own_always_entries_are_handed_out() {
    let house = House::open().await;
    let diversions = house.state("7").await.diversions.unwrap();
    let entry = |number| Diversion { number, enabled: false, has_destination: true };
    let expected = [("ext-7".into(), entry(NumberClass::External)), ("int-7".into(), entry(NumberClass::Internal))];
    assert_eq!(diversions, expected.into());
    assert_eq!(house.script.asked_for("GET /rest/redirects")[0].query("actOnBehalfOf"), Some("7"));
}

#[tokio::test]
async fn an_entry_leads_somewhere_or_not() {
    let house = House::open().await;
    for (id, destination, leads) in [
        ("ext-7", r#","redirectDestination":{"redirectDestinationType":"PHONENUMBER","phoneNumber":""}"#, false),
        ("int-7", r#","redirectDestination":null"#, false),
        ("more-7", r#","redirectDestination":{"redirectDestinationType":"MAILBOX","mailboxId":"12"}"#, true),
        ("last-7", "", false),
    ] {
        house.script.entry("7", id, &entry(id, &format!(r#","phoneNumber":"207"{destination}"#)));
        let diversions = house.state("7").await.diversions.unwrap();
        assert_eq!(diversions[&id.into()].has_destination, leads, "{id}");
        assert!(diversions[&id.into()].enabled);
    }
}

#[tokio::test]
async fn switching_sends_every_byte_back_but_the_one_word() {
    let house = House::open().await;
    let text = "{ \"seconds\":1.50e1,\n \"nested\": {\"enabled\" : false, \"big\":123456789012345678901},\t\"enabled\"  :  false \
                ,\"id\":\"ext-7\",\"u\":\"\\u00e4ä\\/\", \"redirectTrigger\":{\"redirectTriggerType\":\"ALWAYS\", \"x\":null},\
                \"phoneNumber\":\"207\", \"later\":[ ]}\n";
    house.script.entry("7", "ext-7", text);
    assert_eq!(word(&house.switch("ext-7", true).await), "acknowledged");
    let put = &house.script.asked_for(PUT)[0];
    assert_eq!(put.body, text.replace("\"enabled\"  :  false ", "\"enabled\"  :  true "));
    assert_eq!(put.query("actOnBehalfOf"), Some("7"));
    assert_eq!(put.headers["content-type"], "application/json");
    assert_eq!(put.headers["x-version"], "2");
}

#[tokio::test]
async fn an_entry_that_is_as_wanted_is_not_written() {
    let house = House::open().await;
    assert_eq!(word(&house.switch("ext-7", false).await), "acknowledged");
    assert_eq!(house.script.count(PUT), 0);
}

#[tokio::test]
async fn entries_of_groups_and_other_triggers_are_never_touched() {
    let house = House::open().await;
    for id in ["grp-7", "busy-7", "time-7"] {
        assert_eq!(word(&house.switch(id, true).await), "gone", "{id}");
    }
    // Neither are other users' entries, nor one that answers for another.
    assert_eq!(word(&house.switch("ext-8", true).await), "gone");
    house.script.once(GET, Reply::json(200, entry("int-7", "")));
    assert_eq!(word(&house.switch("ext-7", false).await), "gone");
    assert!(house.script.asked().iter().all(|asked| asked.method != "PUT"));
}

#[tokio::test]
async fn a_held_entry_is_given_back_even_without_a_destination() {
    let house = House::open().await;
    house.script.entry("7", "ext-7", &entry("ext-7", "").replace("true", "false"));
    assert_eq!(word(&house.switch("ext-7", true).await), "acknowledged");
    assert_eq!(house.script.count(PUT), 1);
}

#[tokio::test]
async fn every_answer_to_a_write_has_its_meaning() {
    for (reply, outcome) in [
        (Reply::status(204), "acknowledged"),
        (Reply::status(404), "gone"),
        (Reply::status(403), "refused"),
        (Reply::status(400), "refused"),
        (Reply::status(405), "refused"),
        (Reply::status(503), "not done"),
        (Reply::status(429), "not done"),
        (Reply::status(500), "unknown"),
        (Reply::status(502), "unknown"),
        (Reply::status(504), "unknown"),
        (Reply::status(202), "unknown"),
        (Reply::status(302), "unknown"),
        (Reply::cut(), "unknown"),
    ] {
        let house = House::open().await;
        house.script.once(PUT, reply.clone());
        assert_eq!(word(&house.switch("ext-7", true).await), outcome, "{reply:?}");
        assert_eq!(house.script.count(PUT), 1, "the driver itself tries nothing twice: {reply:?}");
    }
}

#[tokio::test]
async fn a_write_without_an_answer_is_unknown_unless_it_never_left() {
    for (kind, delivery, outcome) in [
        (HttpErrorKind::TimeOut { seconds: 45 }, Delivery::MaybeSent, "unknown"),
        (HttpErrorKind::Reset, Delivery::MaybeSent, "unknown"),
        (HttpErrorKind::BadAnswer, Delivery::MaybeSent, "unknown"),
        (HttpErrorKind::ConnectRefused, Delivery::NotSent, "not done"),
        (HttpErrorKind::TimeOut { seconds: 45 }, Delivery::NotSent, "not done"),
    ] {
        let house = House::in_memory(|_| {});
        house.script.once(PUT, Reply::Never(kind.clone(), delivery));
        assert_eq!(word(&house.switch("ext-7", true).await), outcome, "{kind:?}");
        house.script.once(GET, Reply::Never(kind.clone(), delivery));
        assert_eq!(word(&house.switch("ext-7", true).await), "not done", "before the write: {kind:?}");
    }
}

#[tokio::test]
async fn two_hundred_means_an_error_so_the_entry_is_looked_at() {
    let on = entry("ext-7", "");
    let off = on.replace("true", "false");
    for (second, outcome) in [
        (Reply::json(200, on), "acknowledged"),
        (Reply::json(200, off.clone()), "refused"),
        (Reply::status(404), "gone"),
        (Reply::status(500), "unknown"),
        (Reply::status(403), "unknown"),
        (Reply::cut(), "unknown"),
    ] {
        let house = House::open().await;
        house.script.once(GET, Reply::json(200, off.clone()));
        house.script.once(GET, second.clone());
        house.script.once(PUT, Reply::json(200, r#"{"message":"unexpected"}"#));
        assert_eq!(word(&house.switch("ext-7", true).await), outcome, "{second:?}");
    }
}

#[tokio::test]
async fn before_the_write_nothing_can_have_been_done() {
    for (reply, outcome) in [
        (Reply::status(404), "gone"),
        (Reply::status(403), "refused"),
        (Reply::status(500), "not done"),
        (Reply::status(302), "not done"),
        (Reply::cut(), "not done"),
        (Reply::json(200, "<html>"), "not done"),
        (Reply::json(200, r#"{"id":"ext-7"}"#), "not done"),
        (Reply::json(200, entry("ext-7", r#","enabled":true"#)), "not done"),
    ] {
        let house = House::open().await;
        house.script.once(GET, reply.clone());
        assert_eq!(word(&house.switch("ext-7", true).await), outcome, "{reply:?}");
        assert_eq!(house.script.count(PUT), 0);
    }
}

#[tokio::test]
async fn an_account_that_is_gone_is_gone() {
    let house = House::open().await;
    assert_eq!(house.read("99").await, Ok(Reading::Gone));
    let outcome =
        house.write("99", vec![(busylamp_core::account::Dimension::Diversion("ext-99".into()), switch(true))]);
    assert_eq!(word(&outcome.await[0]), "gone");
}

fn switch(on: bool) -> busylamp_core::account::Value {
    busylamp_core::account::Value::Switch(on)
}

/// A PBX that is just starting answers so to everything, and one that keeps its users from us is no witness either.
#[tokio::test]
async fn who_is_not_missing_from_a_list_of_users_is_not_gone() {
    for users in [Reply::status(404), Reply::status(403), Reply::status(503), Reply::json(200, "[]")] {
        for account in ["7", "99"] {
            let house = House::in_memory(|_| {});
            house.script.always("GET /rest/redirects", Reply::status(404));
            house.script.always(&format!("GET /rest/users/{account}"), Reply::status(404));
            house.script.always("GET /rest/users", users.clone());
            let reading = house.read(account).await;
            assert!(reading.is_err(), "{account} {users:?}: {reading:?}");
        }
    }
}

#[tokio::test]
async fn a_list_that_is_refused_for_a_user_who_is_there_leaves_what_the_bridge_tells_and_the_others_stand() {
    let house = House::in_memory(|_| {});
    house.script.always("GET /rest/redirects?actOnBehalfOf=7", Reply::status(403));
    let readings = house.pbx.read(&["7".into(), "8".into(), "99".into()]).await.unwrap();
    let Ok(Reading::State(anna)) = &readings[&"7".into()] else { panic!("{readings:?}") };
    assert_eq!((anna.dnd, anna.presence), (Some(false), Some(Presence::Available)));
    assert!(anna.text.is_some());
    assert_eq!(anna.diversions, None, "not told, which is not the same as none");
    assert!(matches!(&readings[&"8".into()], Ok(Reading::State(bert)) if bert.diversions.is_some()), "{readings:?}");
    assert_eq!(readings[&"99".into()], Ok(Reading::Gone));
}

#[tokio::test]
async fn a_list_that_is_refused_is_an_error_where_no_bridge_tells_the_rest_and_the_others_stand() {
    let without = House::in_memory(|config| config.bridge = None);
    let away = House::in_memory(|_| {});
    away.script.always("POST /xml-rpc", Reply::status(503));
    let silent = House::in_memory(|_| {});
    silent.script.bridge_says("states", Reply::lines("v=1&ok=true&cursor=c\naccount=8&dnd=true"));
    for (house, what) in [(without, "no bridge"), (away, "a bridge that is away"), (silent, "an account left out")] {
        house.script.always("GET /rest/redirects?actOnBehalfOf=7", Reply::status(403));
        let readings = house.pbx.read(&["7".into(), "8".into(), "99".into()]).await.unwrap();
        assert!(matches!(readings[&"7".into()], Err(PbxError::Refused { .. })), "{what}: {readings:?}");
        assert!(matches!(readings[&"8".into()], Ok(Reading::State(_))), "{what}: {readings:?}");
        assert_eq!(readings[&"99".into()], Ok(Reading::Gone), "{what}");
    }
}

#[tokio::test]
async fn a_list_that_can_not_be_read_is_no_list() {
    for (reply, unreachable) in [
        (Reply::status(500), true),
        (Reply::cut(), true),
        (Reply::json(200, "[{}]"), false),
        (Reply::json(200, "{}"), false),
        (Reply::json(200, format!("[{0},{0}]", entry("a", ""))), false),
    ] {
        let house = House::open().await;
        house.script.always("GET /rest/redirects", reply.clone());
        let error = house.read("7").await.unwrap_err();
        assert_eq!(matches!(error, PbxError::Unreachable { .. }), unreachable, "{reply:?} {error:?}");
        assert_eq!(matches!(error, PbxError::Protocol { .. }), !unreachable, "{reply:?} {error:?}");
    }
}

#[tokio::test]
async fn a_pbx_that_is_not_there_has_done_nothing() {
    let house = House::with(|config| config.url = "http://127.0.0.1:1".parse().unwrap()).await;
    assert!(matches!(house.pbx.capabilities().await, Err(PbxError::Unreachable { .. })));
    assert!(matches!(house.read("7").await, Err(PbxError::Unreachable { .. })));
    assert_eq!(word(&house.switch("ext-7", true).await), "not done");
    assert_eq!(word(&house.dnd("7", true).await), "not done");
}

#[tokio::test]
async fn an_id_that_would_lead_elsewhere_is_not_followed() {
    let house = House::open().await;
    assert_eq!(word(&house.switch("..", true).await), "not done");
    assert_eq!(word(&house.switch("a/../../users", true).await), "gone");
    let paths: Vec<_> = house.script.asked().into_iter().map(|asked| asked.path).collect();
    assert!(paths.contains(&"/rest/redirects/a%2F..%2F..%2Fusers".to_owned()), "{paths:?}");
}
