//! Answers of the bridge that are none, and a bridge that is away, locked or not there: a typed error, never a state
//! that is wrong, and diversions go on.

use busylamp_core::account::{Dimension, Value};

use super::{
    house::{House, word},
    script::Reply,
    world::FAULT,
};
use crate::{Pbx, PbxError};

/// What is no answer to `states` of 7 and 8, nor to `apply` for them.
fn malformed(line: fn(&str) -> String) -> Vec<(&'static str, Reply)> {
    let (seven, eight) = (line("7"), line("8"));
    let lines = |text: &str| Reply::lines(text);
    let head = "v=1&ok=true&cursor=c";
    let filler = format!("{head}\n{seven}\n{eight}&filler={}", "x".repeat(10 << 20));
    vec![
        ("another version", lines(&format!("v=2&ok=true&cursor=c\n{seven}\n{eight}"))),
        ("no version", lines(&format!("ok=true&cursor=c\n{seven}\n{eight}"))),
        ("no verdict", lines(&format!("v=1&cursor=c\n{seven}\n{eight}"))),
        ("no cursor", lines(&format!("v=1&ok=true\n{seven}\n{eight}"))),
        ("one account twice", lines(&format!("{head}\n{seven}\n{seven}"))),
        ("too many lines", lines(&format!("{head}\n{seven}\n{eight}\n{}", line("9")))),
        ("an empty line", lines(&format!("{head}\n{seven}\n\n{eight}"))),
        ("a record without account", lines(&format!("{head}\n{seven}\nok=true"))),
        ("a key twice", lines(&format!("{head}\n{seven}&account=8\n{eight}"))),
        ("not form-encoded", lines(&format!("{head}\n{seven}&text=100%\n{eight}"))),
        ("not UTF-8 when decoded", lines(&format!("{head}\n{seven}&text=%ff\n{eight}"))),
        ("a bare letter", lines(&format!("{head}\n{seven}&text=ä\n{eight}"))),
        ("empty", lines("")),
        ("a sentence", lines("Hello")),
        ("too large", lines(&filler)),
        ("no XML", Reply::json(200, "Hello")),
        ("HTML", Reply::json(200, "<html><body>Login</body></html>")),
        ("half an XML", Reply::json(200, "<methodResponse><params>")),
        ("a DTD", Reply::json(200, "<!DOCTYPE a [<!ENTITY b 'c'>]><methodResponse/>")),
        (
            "another member",
            Reply::json(
                200,
                "<methodResponse><params><param><value><struct><member><name>answer</name><value>v=1</value></member>\
                 </struct></value></param></params></methodResponse>",
            ),
        ),
        ("not UTF-8", Reply::Answer(200, bytes::Bytes::from_static(b"<methodResponse>\xff</methodResponse>"))),
        ("a redirect", Reply::status(302)),
    ]
}

async fn states_error(house: &House) -> PbxError {
    let bridge = house.pbx.bridge.as_ref().unwrap();
    bridge.states(&["7".into(), "8".into()]).await.unwrap_err().error
}

#[tokio::test]
async fn states_that_are_malformed_are_no_states_and_diversions_stay_readable() {
    for (what, reply) in malformed(|account| format!("account={account}&dnd=true")) {
        let house = House::open().await;
        house.script.bridge_says("states", reply);
        let error = states_error(&house).await;
        assert!(matches!(error, PbxError::Protocol { .. }), "{what}: {error:?}");
        for reading in house.pbx.read(&["7".into(), "8".into()]).await.unwrap().into_values() {
            let Ok(crate::Reading::State(state)) = reading else { panic!("{what}: {reading:?}") };
            assert_eq!((state.dnd, state.presence, state.text), (None, None, None), "{what}");
            assert_eq!(state.diversions.unwrap().len(), 2, "{what}");
        }
    }
}

#[tokio::test]
async fn an_answer_to_a_batch_that_is_malformed_leaves_all_of_it_unknown() {
    let mut all = malformed(|account| format!("account={account}&ok=true"));
    let line = |lines: &str| Reply::lines(&format!("v=1&ok=true&cursor=c\n{lines}"));
    all.push(("a missing line", line("account=7&ok=true")));
    all.push(("the wrong order", line("account=8&ok=true\naccount=7&ok=true")));
    all.push(("no verdict on a record", line("account=7&ok=true\naccount=8")));
    for (what, reply) in all {
        let house = House::open().await;
        house.script.bridge_says("apply", reply);
        let writes = ["7", "8"].map(|account| crate::AccountWrites {
            account: account.into(),
            values: vec![(Dimension::Dnd, Value::Switch(true))],
        });
        for outcomes in house.pbx.apply(&writes).await.into_values() {
            assert_eq!(word(&outcomes[0].1), "unknown", "{what}");
        }
    }
}

#[tokio::test]
async fn a_state_that_is_left_out_is_not_known_and_one_that_is_spoilt_spoils_its_account_only() {
    let house = House::open().await;
    house.script.bridge_says("states", Reply::lines("v=1&ok=true&cursor=c\naccount=8&dnd=true&presence=SLEEPING"));
    let seven = house.state("7").await;
    assert_eq!((seven.dnd, seven.presence, seven.text), (None, None, None));
    house.script.bridge_says("states", Reply::lines("v=1&ok=true&cursor=c\naccount=7&dnd=yes\naccount=8&dnd=true"));
    let readings = house.pbx.read(&["7".into(), "8".into()]).await.unwrap();
    assert!(matches!(readings[&"7".into()], Err(PbxError::Protocol { .. })));
    assert!(matches!(&readings[&"8".into()], Ok(crate::Reading::State(state)) if state.dnd == Some(true)));
}

#[tokio::test]
async fn with_a_wrong_key_the_advice_is_to_compare_the_keys() {
    let house = House::with(|config| {
        config.bridge.as_mut().unwrap().key = busylamp_core::secret::Secret::new("x".repeat(40));
    })
    .await;
    assert!(
        matches!(states_error(&house).await, PbxError::SignIn { advice } if advice.to_string().contains("must be the same"))
    );
    assert_eq!(word(&house.dnd("7", true).await), "not done");
    assert_eq!(word(&house.switch("ext-7", true).await), "acknowledged");
    let can = house.pbx.capabilities().await.unwrap();
    assert!(
        !can.dnd && can.diversions && can.notes.iter().any(|note| note.to_string().contains("does not accept the key"))
    );
}

#[tokio::test]
async fn a_module_that_is_not_installed_is_named() {
    let house = House::with(|config| config.bridge.as_mut().unwrap().instance = "Busylamp Brücke".to_owned()).await;
    let error = states_error(&house).await;
    assert!(
        matches!(&error, PbxError::Refused { advice } if advice.to_string().contains("`Busylamp Brücke` (fault 0)")),
        "{error}"
    );
    assert_eq!(word(&house.dnd("7", true).await), "unknown");
    let called = &house.script.asked_for("POST /xml-rpc")[0].body;
    assert!(called.contains("<methodName>Busylamp Brücke.call</methodName>"));
}

#[tokio::test]
async fn diversions_go_on_while_the_bridge_is_away() {
    for (reply, outcome) in [
        (Reply::cut(), "unknown"),
        (Reply::status(500), "unknown"),
        (Reply::status(503), "not done"),
        (Reply::status(404), "not done"),
        (Reply::status(403), "not done"),
        (Reply::json(200, FAULT), "unknown"),
    ] {
        let house = House::open().await;
        house.script.always("POST /xml-rpc", reply.clone());
        let state = house.state("7").await;
        assert_eq!((state.dnd, state.presence, state.text), (None, None, None), "{reply:?}");
        assert_eq!(state.diversions.unwrap().len(), 2);
        let values =
            vec![(Dimension::Dnd, Value::Switch(true)), (Dimension::Diversion("ext-7".into()), Value::Switch(true))];
        let outcomes = house.write("7", values).await;
        assert_eq!((word(&outcomes[0]), word(&outcomes[1])), (outcome, "acknowledged"), "{reply:?}");
    }
}

#[tokio::test]
async fn without_the_bridge_diversions_work_and_the_rest_is_said() {
    let house = House::with(|config| config.bridge = None).await;
    let can = house.pbx.capabilities().await.unwrap();
    assert!(can.diversions && can.labels && !can.dnd && !can.presence && !can.changes);
    assert!(can.notes.iter().any(|note| note.to_string().contains("Install the bridge module")), "{:?}", can.notes);
    let state = house.state("7").await;
    assert_eq!((state.dnd, state.presence, state.text, state.labels), (None, None, None, None));
    assert_eq!(word(&house.switch("ext-7", true).await), "acknowledged");
    assert_eq!(word(&house.dnd("7", true).await), "refused");
    let nothing = house.pbx.changes(jiff::SignedDuration::from_secs(25)).await;
    assert!(matches!(nothing, Err(PbxError::Configuration { .. })));
    assert_eq!(house.script.count("POST /xml-rpc"), 0);
}

#[tokio::test]
async fn what_the_bridge_can_do_is_what_it_says() {
    for (can, dnd, presence, changes, missing) in [
        ("can=dnd.read\ncan=dnd.write\ncan=presence.read\ncan=presence.write\ncan=events", true, true, true, ""),
        ("can=presence.read\ncan=presence.write\ncan=events\ncan=tea", false, true, true, "can't set do not disturb"),
        ("can=dnd.read\ncan=dnd.write\ncan=presence.read", true, false, false, "can't set chat presence"),
    ] {
        let house = House::open().await;
        house.script.bridge_says("info", Reply::lines(&format!("v=1&ok=true&bridge=1.0.0&pbx=9.0.0.1\n{can}")));
        let found = house.pbx.capabilities().await.unwrap();
        assert_eq!((found.dnd, found.presence, found.changes, found.diversions), (dnd, presence, changes, true));
        let said = found.notes.iter().any(|note| note.to_string().contains(missing));
        assert_eq!(said, !missing.is_empty(), "{:?}", found.notes);
    }
}

#[tokio::test]
async fn a_bridge_that_is_away_for_a_while_keeps_what_it_can_and_one_that_was_removed_does_not() {
    let house = House::open().await;
    assert!(house.pbx.capabilities().await.unwrap().dnd);
    house.script.always("POST /xml-rpc", Reply::status(503));
    let can = house.pbx.capabilities().await.unwrap();
    assert!(
        can.dnd && can.changes && can.notes.iter().any(|note| note.to_string().contains("does not answer")),
        "{can:?}"
    );
    house.script.always("POST /xml-rpc", Reply::json(200, FAULT));
    assert!(!house.pbx.capabilities().await.unwrap().dnd);
    house.script.always("POST /xml-rpc", Reply::status(503));
    assert!(!house.pbx.capabilities().await.unwrap().dnd, "it was not heard of since");
}
