//! What becomes of the records of a batch. (Bridge contract, `apply`)

use std::time::Duration;

use busylamp_core::{
    account::{Dimension, Presence, Value},
    ids::AccountId,
};
use tokio::time::Instant;

use super::{
    house::{House, word},
    script::Reply,
};
use crate::{AccountWrites, Pbx, WriteOutcome};

fn whole(dnd: bool, text: &str) -> Vec<(Dimension, Value)> {
    vec![
        (Dimension::Dnd, Value::Switch(dnd)),
        (Dimension::Diversion("ext-7".into()), Value::Switch(true)),
        (Dimension::Presence, Value::Presence(Presence::DoNotDisturb)),
        (Dimension::Text, Value::Text(text.into())),
    ]
}

fn words(outcomes: &[WriteOutcome]) -> Vec<&'static str> {
    outcomes.iter().map(word).collect()
}

/// Answers to `apply`, record by record: the rest of the record's answer.
fn each(request: &str, mut answer: impl FnMut(&str) -> String) -> Option<Reply> {
    request.starts_with("v=1&do=apply").then(|| {
        let records = request.lines().skip(1);
        let lines =
            records.map(|record| format!("\n{}&{}", record.split('&').next().unwrap_or_default(), answer(record)));
        Reply::lines(&format!("v=1&ok=true&cursor=c{}", lines.collect::<String>()))
    })
}

#[tokio::test]
async fn one_account_is_one_record_and_its_diversions_go_their_own_way() {
    let house = House::open().await;
    let outcomes = house.write("7", whole(true, "Jour fixe (bis 10:30)\n& \u{1F4DE}")).await;
    assert_eq!(words(&outcomes), ["acknowledged"; 4]);
    assert_eq!(
        house.script.bridge_calls("apply"),
        [[
            "v=1&do=apply",
            "account=7&dnd=true&presence=DO_NOT_DISTURB&text=Jour+fixe+%28bis+10%3A30%29%0A%26+%F0%9F%93%9E"
        ]]
    );
    assert_eq!(house.script.count("PUT /rest/redirects/ext-7"), 1);
}

#[tokio::test]
async fn more_than_five_hundred_records_are_several_calls() {
    let house = House::open().await;
    let batch: Vec<AccountWrites> = (0..1001)
        .map(|account| AccountWrites {
            account: account.to_string().as_str().into(),
            values: vec![(Dimension::Dnd, Value::Switch(true))],
        })
        .collect();
    let outcomes = house.pbx.apply(&batch).await;
    assert_eq!(outcomes.len(), 1001);
    assert!(outcomes.values().all(|each| each == &[(Dimension::Dnd, WriteOutcome::Acknowledged)]));
    let sizes: Vec<_> = house.script.bridge_calls("apply").iter().map(|lines| lines.len() - 1).collect();
    assert_eq!(sizes, [500, 500, 1]);
}

#[tokio::test]
async fn a_lost_answer_makes_its_own_records_unknown_and_no_others() {
    let house = House::open().await;
    let mut calls = 0;
    house.script.bridge(move |request| {
        calls += usize::from(request.starts_with("v=1&do=apply"));
        (calls == 1).then(Reply::cut)
    });
    let batch: Vec<AccountWrites> = (1000..1600)
        .map(|account| AccountWrites {
            account: account.to_string().as_str().into(),
            values: vec![(Dimension::Text, Value::Text("x".into()))],
        })
        .collect();
    let outcomes = house.pbx.apply(&batch).await;
    let unknown = outcomes.values().filter(|each| word(&each[0].1) == "unknown").count();
    let done = outcomes.values().filter(|each| word(&each[0].1) == "acknowledged").count();
    assert_eq!((unknown, done), (500, 100));
}

#[tokio::test]
async fn one_dimension_that_is_refused_does_not_take_the_others_with_it() {
    for code in ["refused", "unsupported", "bad_request"] {
        let house = House::open().await;
        house.script.bridge(move |request| {
            each(request, |record| {
                if record.contains("dnd=") { format!("ok=false&error={code}&message=no") } else { "ok=true".to_owned() }
            })
        });
        let outcomes = house.write("7", whole(true, "x")).await;
        assert_eq!(words(&outcomes), ["refused", "acknowledged", "acknowledged", "acknowledged"]);
        let calls = house.script.bridge_calls("apply");
        assert_eq!(calls.len(), 2);
        assert_eq!(calls[1][1..], ["account=7&dnd=true", "account=7&presence=DO_NOT_DISTURB", "account=7&text=x"]);
    }
}

#[tokio::test]
async fn a_single_dimension_that_is_refused_is_not_tried_twice() {
    let house = House::open().await;
    house.script.bridge(|request| each(request, |_| "ok=false&error=refused".to_owned()));
    assert_eq!(word(&house.dnd("7", true).await), "refused");
    assert_eq!(house.script.bridge_calls("apply").len(), 1);
}

#[tokio::test]
async fn every_code_of_a_record_has_its_meaning() {
    for (code, outcome) in [
        ("no_such_account", "gone"),
        ("refused", "refused"),
        ("unsupported", "refused"),
        ("bad_request", "refused"),
        ("bad_key", "not done"),
        ("internal", "unknown"),
        ("of_a_newer_bridge", "unknown"),
    ] {
        let house = House::open().await;
        house.script.bridge(move |request| each(request, |_| format!("ok=false&error={code}&message=Falke")));
        let found = house.dnd("7", true).await;
        assert_eq!(word(&found), outcome, "{code}");
        assert!(!format!("{found:?}").contains("Falke"));
    }
}

#[tokio::test]
async fn every_refusal_of_a_whole_call_is_no_verdict_on_its_users() {
    for (code, outcome) in [
        ("bad_key", "not done"),
        ("bad_request", "not done"),
        ("unsupported", "not done"),
        ("no_such_account", "not done"),
        ("refused", "not done"),
        ("internal", "unknown"),
        ("of_a_newer_bridge", "unknown"),
    ] {
        let house = House::open().await;
        house.script.bridge_says("apply", Reply::lines(&format!("v=1&ok=false&error={code}&message=no")));
        assert_eq!(word(&house.dnd("7", true).await), outcome, "{code}");
        assert_eq!(house.script.bridge_calls("apply").len(), 1);
    }
}

#[tokio::test]
async fn records_of_others_are_not_spoilt_by_one() {
    let house = House::open().await;
    house.script.bridge(|request| {
        each(request, |record| {
            if record.starts_with("account=7&") { "ok=false&error=no_such_account" } else { "ok=true" }.to_owned()
        })
    });
    let batch = ["7", "8"]
        .map(|account| AccountWrites { account: account.into(), values: vec![(Dimension::Dnd, Value::Switch(true))] });
    let outcomes = house.pbx.apply(&batch).await;
    assert_eq!(outcomes[&"7".into()], [(Dimension::Dnd, WriteOutcome::Gone)]);
    assert_eq!(outcomes[&"8".into()], [(Dimension::Dnd, WriteOutcome::Acknowledged)]);
}

#[tokio::test]
async fn what_does_not_fit_its_dimension_is_refused_and_the_rest_is_done() {
    let house = House::open().await;
    let values = vec![
        (Dimension::Presence, Value::Switch(true)),
        (Dimension::Label("k1".into()), Value::Text("Falke".into())),
        (Dimension::Dnd, Value::Switch(true)),
    ];
    assert_eq!(words(&house.write("7", values).await), ["refused", "not done", "acknowledged"]);
}

#[tokio::test(start_paused = true)]
async fn diversions_are_switched_eight_at_a_time_and_those_that_come_first_first() {
    let house = House::in_memory(|_| {});
    let accounts: Vec<String> = (100..140).map(|account| account.to_string()).collect();
    for account in &accounts {
        let text = r#"{"id":"ID","enabled":false,"redirectTrigger":{"redirectTriggerType":"ALWAYS"},
            "redirectDestination":{"redirectDestinationType":"PHONENUMBER","phoneNumber":"1"}}"#;
        house.script.entry(account, &format!("e{account}"), &text.replace("ID", &format!("e{account}")));
    }
    house.pbx.capabilities().await.unwrap();
    house.script.latency(Duration::from_secs(1));
    house.script.forget();
    let batch: Vec<AccountWrites> = accounts
        .iter()
        .rev()
        .map(|account| AccountWrites {
            account: account.as_str().into(),
            values: vec![(Dimension::Diversion(format!("e{account}").as_str().into()), Value::Switch(true))],
        })
        .collect();
    let begun = Instant::now();
    let outcomes = house.pbx.apply(&batch).await;
    assert!(outcomes.values().flatten().all(|(_, outcome)| *outcome == WriteOutcome::Acknowledged), "{outcomes:?}");
    // Each is read and written, a second each: forty by eight is five rounds of two seconds.
    assert_eq!(begun.elapsed().as_secs(), 10);
    let written: Vec<String> = house
        .script
        .asked()
        .into_iter()
        .filter(|asked| asked.method == "PUT")
        .map(|asked| asked.query("actOnBehalfOf").unwrap().to_owned())
        .collect();
    for (place, round) in written.chunks(8).enumerate() {
        let mut round = round.to_vec();
        round.sort();
        let first = 132 - 8 * place;
        assert_eq!(round, (first..first + 8).map(|account| account.to_string()).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn an_account_given_twice_has_all_its_outcomes() {
    let house = House::open().await;
    let part = |dimension, value| AccountWrites { account: "7".into(), values: vec![(dimension, value)] };
    let batch = [
        part(Dimension::Dnd, Value::Switch(true)),
        part(Dimension::Diversion("int-7".into()), Value::Switch(true)),
        part(Dimension::Text, Value::Text("x".into())),
    ];
    let outcomes = house.pbx.apply(&batch).await;
    let done = |dimension| (dimension, WriteOutcome::Acknowledged);
    assert_eq!(
        outcomes[&"7".into()],
        [done(Dimension::Dnd), done(Dimension::Diversion("int-7".into())), done(Dimension::Text)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_diversion_does_not_wait_behind_a_reading_of_everybody() {
    let house = House::in_memory(|_| {});
    house.state("7").await;
    house.script.latency(Duration::from_secs(1));
    let everybody: Vec<AccountId> = (1000..1400).map(|account| AccountId::new(account.to_string())).collect();
    let start = Instant::now();
    let (readings, took) = tokio::join!(house.pbx.read(&everybody), async {
        // The bridge tells the states first, and then the diversions are read.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let asked = Instant::now();
        assert_eq!(word(&house.switch("ext-7", true).await), "acknowledged");
        asked.elapsed()
    });
    assert_eq!(readings.unwrap().len(), 400);
    assert!(took <= Duration::from_secs(3), "one to read the entry and one to write it: {took:?}");
    assert!(start.elapsed() > Duration::from_secs(30), "the reading was not under way all the time");
}

#[tokio::test]
async fn nothing_to_write_asks_nobody() {
    let house = House::open().await;
    assert!(house.pbx.apply(&[]).await.is_empty());
    assert!(house.pbx.read(&[]).await.unwrap().is_empty());
    assert!(house.script.asked().is_empty());
}
