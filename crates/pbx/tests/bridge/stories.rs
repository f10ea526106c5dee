//! What holds for every bridge.

use std::time::Duration;

use busylamp_core::{
    account::{Dimension, Presence, Value},
    ids::AccountId,
};
use busylamp_pbx::{AccountWrites, Change, Pbx, Reading, WriteOutcome};
use jiff::SignedDuration;

use super::house::{Answer, House, USERS, value};

const PRESENCES: [&str; 6] = ["AVAILABLE", "AWAY", "DO_NOT_DISTURB", "EXTENDED_AWAY", "FREE_FOR_CHAT", "UNAVAILABLE"];

// Section 1: transport

pub(crate) async fn it_is_a_method_of_the_instance_for_those_who_are_signed_in(house: &House) {
    let request = [("key", house.key.as_str()), ("request", "v=1&amp;do=info")];
    let right = format!("{}.call", house.instance);
    assert!(house.call(&right, &request).await.is_some());
    for wrong in ["other.call", "call", &format!("{}.other", house.instance)] {
        assert_eq!(house.call(wrong, &request).await, None, "{wrong}");
    }
    let (address, _) = house.calls.split_once('?').unwrap();
    for url in [address.to_owned(), format!("{address}?de.vertico.starface.auth=0001:0"), format!("{address}?x=y")] {
        let (status, _) = house.post(&url, "<methodCall/>".to_owned()).await;
        assert_eq!(status, 401, "{url}");
    }
}

pub(crate) async fn its_answer_is_a_string_whatever_it_is_asked(house: &House) {
    let method = format!("{}.call", house.instance);
    let key = house.key.as_str();
    let requests = [
        "",
        "\n",
        "&amp;",
        "=",
        "nonsense",
        "v=1",
        "v",
        "do=info",
        "v=1\nv=1&amp;do=info",
        "v=1&amp;do=states\nx",
        "v=1&amp;do=apply\n=",
        "v=1&amp;do=events&amp;since=%00&amp;wait=0",
    ];
    for request in requests {
        let text = house.call(&method, &[("key", key), ("request", request)]).await.unwrap();
        assert!(text.starts_with("v=1&ok="), "{request:?}: {text}");
    }
    // What is no string is no request, and never one that is carried out.
    for request in ["<int>5</int>", "<double>1.0</double>", "<boolean>1</boolean>", "<struct></struct>"] {
        let answer = house.call(&method, &[("key", key), ("request", request)]).await;
        assert!(answer.is_none_or(|text| text.starts_with("v=1&ok=false&")), "{request}");
    }
    for body in ["", "<methodCall/>", "{}", "<!DOCTYPE a [<!ENTITY b 'c'>]><methodCall>&b;</methodCall>"] {
        let (status, answer) = house.post(&house.calls, body.to_owned()).await;
        assert!(status == 200 && answer.contains("<fault>"), "{body}: {status} {answer}");
    }
}

pub(crate) async fn without_the_right_key_nothing_is_told_and_nothing_done(house: &House) {
    let anna = house.account(0);
    let before = house.shown(&anna).await;
    let longer = format!("{}x", house.key);
    let shorter: String = house.key.chars().skip(1).collect();
    let turned: String = house.key.chars().rev().collect();
    for key in ["", "wrong", &longer, &shorter, &turned] {
        for request in ["v=1&do=info", "v=1&do=states", &format!("v=1&do=apply\naccount={anna}&dnd=true"), "", "v=2"] {
            let answer = house.ask_with_key(key, request).await;
            assert_eq!((answer.error(), answer.records.len()), (Some("bad_key"), 0), "{key} {request}");
            assert!(answer.get("message").is_some_and(|message| !message.contains(&house.key)));
        }
    }
    let method = format!("{}.call", house.instance);
    let keyless = house.call(&method, &[("request", "v=1&amp;do=info")]).await.unwrap();
    assert!(keyless.contains("error=bad_key"), "{keyless}");
    assert_eq!(house.shown(&anna).await, before);
}

// Section 2: messages

pub(crate) async fn only_version_1_is_spoken_and_unknown_keys_are_ignored(house: &House) {
    for request in ["v=2&do=info", "do=info", "v=&do=info", "v=1.0&do=info", "V=1&do=info", "v=01&do=info"] {
        assert_eq!(house.ask(request).await.error(), Some("bad_request"), "{request}");
    }
    let anna = house.account(0);
    let answer = house.ask(&format!("x=y&v=1&do=apply&colour=red\ncolour=red&account={anna}&dnd=true")).await;
    assert_eq!(answer.lines(), [format!("account={anna} ok=true")]);
    assert!(house.shown(&anna).await.0);
    let answer = house.ask(&format!("v=1&do=states&colour=red\naccount={anna}&colour=red")).await;
    assert_eq!(answer.records.len(), 1);
    // Line ends are the writer's affair.
    assert_eq!(house.ask(&format!("v=1&do=states\naccount={anna}\n")).await.records.len(), 1);
}

pub(crate) async fn what_it_does_not_know_is_unsupported(house: &House) {
    for request in ["v=1&do=dance", "v=1&do=", "v=1&do=INFO", "v=1&do=states%20"] {
        assert_eq!(house.ask(request).await.error(), Some("unsupported"), "{request}");
    }
}

pub(crate) async fn info_tells_versions_and_capabilities(house: &House) {
    let answer = house.ask("v=1&do=info").await;
    assert_eq!(answer.get("bridge"), Some("1.0.0"));
    assert!(answer.get("pbx").is_some());
    let can: Vec<&str> = answer.records.iter().map(|record| value(record, "can").unwrap()).collect();
    assert_eq!(can, ["dnd.read", "dnd.write", "presence.read", "presence.write", "events"]);
}

pub(crate) async fn describe_is_free_text(house: &House) {
    house.by_hand(&house.account(0), &[("text", "Vertraulich")]).await;
    let answer = house.ask("v=1&do=describe").await;
    assert!(!answer.records.is_empty());
    let all = format!("{answer:?}");
    assert!(!all.contains("Vertraulich") && !all.contains(&house.key), "{all}");
}

pub(crate) async fn states_are_those_of_all_users_or_of_those_asked_for(house: &House) {
    let (anna, bert) = (house.account(0), house.account(1));
    house.by_hand(&anna, &[("dnd", "true"), ("presence", "EXTENDED_AWAY"), ("text", "Außer Haus & weg")]).await;
    house.by_hand(&bert, &[("presence", "AVAILABLE")]).await;
    let all = house.ask("v=1&do=states").await;
    assert!(all.records.len() > USERS);
    for account in [&anna, &bert] {
        let found = all.records.iter().filter(|record| value(record, "account") == Some(account.as_str())).count();
        assert_eq!(found, 1);
    }
    let asked = house.ask(&format!("v=1&do=states\naccount={bert}\naccount={anna}\naccount=99999\naccount=x")).await;
    assert_eq!(
        asked.lines(),
        [
            format!("account={bert} dnd=false presence=AVAILABLE telephony=AVAILABLE text="),
            format!("account={anna} dnd=true presence=EXTENDED_AWAY telephony=AVAILABLE text=Außer Haus & weg"),
        ]
    );
    assert!(!asked.cursor().is_empty());
    assert_eq!(house.ask("v=1&do=states\ndnd=true").await.error(), Some("bad_request"));
}

fn verdicts(answer: &Answer) -> Vec<(String, String)> {
    let word = |record, key| value(record, key).unwrap_or_default().to_owned();
    let verdict = |record| (word(record, "account"), word(record, "ok") + &word(record, "error"));
    answer.records.iter().map(verdict).collect()
}

fn verdict(account: &AccountId, verdict: &str) -> (String, String) {
    (account.to_string(), verdict.to_owned())
}

pub(crate) async fn records_are_applied_in_order_and_do_not_depend_on_each_other(house: &House) {
    let (anna, bert, nobody) = (house.account(0), house.account(1), AccountId::new("99999"));
    let answer = house
        .ask(&format!(
            "v=1&do=apply\naccount={bert}&presence=AWAY\naccount={nobody}&dnd=true\naccount={anna}&dnd=true&text=eins\n\
             account={anna}&text=zwei\naccount={bert}\naccount=x&dnd=true"
        ))
        .await;
    assert_eq!(answer.error(), None);
    let expected = [
        verdict(&bert, "true"),
        verdict(&nobody, "falseno_such_account"),
        verdict(&anna, "true"),
        verdict(&anna, "true"),
        verdict(&bert, "true"),
        verdict(&AccountId::new("x"), "falseno_such_account"),
    ];
    assert_eq!(verdicts(&answer), expected);
    let shown = house.shown(&anna).await;
    assert_eq!((shown.0, shown.2.as_str()), (true, "zwei"));
    assert_eq!(house.shown(&bert).await.1, "AWAY");
}

pub(crate) async fn a_record_that_can_not_be_is_refused_and_nothing_of_it_is_done(house: &House) {
    let anna = house.account(0);
    let before = house.shown(&anna).await;
    for record in [
        "dnd=yes&text=neu",
        "dnd=TRUE&text=neu",
        "dnd=&text=neu",
        "presence=ASLEEP&dnd=true&text=neu",
        "presence=away&dnd=true",
    ] {
        let answer = house.ask(&format!("v=1&do=apply\naccount={anna}&{record}")).await;
        assert_eq!(verdicts(&answer), [verdict(&anna, "falsebad_request")], "{record}");
    }
    assert_eq!(house.shown(&anna).await, before);
}

pub(crate) async fn a_batch_that_can_not_be_is_refused_as_a_whole(house: &House) {
    let anna = house.account(0);
    let before = house.shown(&anna).await;
    let answer = house.ask(&format!("v=1&do=apply\naccount={anna}&dnd=true&text=neu\ndnd=true")).await;
    assert_eq!((answer.error(), answer.records.len()), (Some("bad_request"), 0));
    assert_eq!(house.shown(&anna).await, before);
}

pub(crate) async fn a_batch_has_at_most_500_records(house: &House) {
    let anna = house.account(0);
    let batch = |count: usize| format!("v=1&do=apply{}", format!("\naccount={anna}&dnd=true").repeat(count));
    assert_eq!(house.ask(&batch(501)).await.error(), Some("bad_request"));
    assert!(!house.shown(&anna).await.0);
    let answer = house.ask(&batch(500)).await;
    assert_eq!((answer.error(), answer.records.len()), (None, 500));
    assert!(house.shown(&anna).await.0);
    assert_eq!(house.ask("v=1&do=apply").await.records.len(), 0);
}

pub(crate) async fn texts_travel_verbatim(house: &House) {
    let anna = house.account(0);
    for text in [
        "Jour fixe (bis 10:30)",
        "",
        "a+b = 100% & <c>",
        " vorn und hinten ",
        "zwei\nZeilen",
        "äöü ß € 🙂 \u{301}",
        "%41+%2B",
    ] {
        let record = form_urlencoded::Serializer::new(String::new()).append_pair("text", text).finish();
        let answer = house.ask(&format!("v=1&do=apply\naccount={anna}&{record}")).await;
        assert_eq!(verdicts(&answer), [verdict(&anna, "true")], "{text:?}");
        assert_eq!(house.shown(&anna).await.2, text);
        let states = house.ask(&format!("v=1&do=states\naccount={anna}")).await;
        assert_eq!(value(&states.records[0], "text"), Some(text));
    }
}

pub(crate) async fn every_presence_can_be_set_and_read(house: &House) {
    let anna = house.account(0);
    for word in PRESENCES {
        house.ask(&format!("v=1&do=apply\naccount={anna}&presence={word}")).await;
        assert_eq!(house.shown(&anna).await.1, word);
        let states = house.ask(&format!("v=1&do=states\naccount={anna}")).await;
        assert_eq!(value(&states.records[0], "presence"), Some(word));
    }
}

// Section 3: order

pub(crate) async fn what_is_applied_again_changes_nothing_and_is_no_event(house: &House) {
    let anna = house.account(0);
    let record = format!("v=1&do=apply\naccount={anna}&dnd=true&presence=AWAY&text=weg");
    let first = house.ask(&record).await;
    let shown = house.shown(&anna).await;
    assert_eq!(house.ask(&record).await.lines(), first.lines());
    assert_eq!(house.shown(&anna).await, shown);
    let told = house.ask(&format!("v=1&do=events&since={}&wait=0", first.cursor())).await;
    assert_eq!(told.lines(), Vec::<String>::new());
}

pub(crate) async fn a_record_is_done_whole_or_not_at_all(house: &House) {
    let (anna, bert) = (house.account(0), house.account(1));
    let before = house.shown(&anna).await;
    let cursor = house.ask("v=1&do=states").await.cursor().to_owned();
    house.refuse(&anna, "presence").await;
    let answer =
        house.ask(&format!("v=1&do=apply\naccount={anna}&dnd=true&presence=AWAY\naccount={bert}&dnd=true")).await;
    assert_eq!(verdicts(&answer), [verdict(&anna, "falserefused"), verdict(&bert, "true")]);
    assert!(value(&answer.records[0], "message").is_some());
    assert_eq!(house.shown(&anna).await, before);
    house.refuse(&anna, "dnd").await;
    let answer = house.ask(&format!("v=1&do=apply\naccount={anna}&dnd=true&presence=AWAY")).await;
    assert_eq!(verdicts(&answer), [verdict(&anna, "falserefused")]);
    assert_eq!(house.shown(&anna).await, before);
    // Whatever the PBX itself told of that to and fro, nobody is told that a refused record was done.
    let told = house.ask(&format!("v=1&do=events&since={cursor}&wait=0")).await;
    let ours = told.records.iter().filter(|record| value(record, "by") == Some("self"));
    assert!(ours.into_iter().all(|record| value(record, "account") == Some(bert.as_str())), "{told:?}");
}

pub(crate) async fn events_tell_what_changed_and_who_did_it(house: &House) {
    let (anna, bert) = (house.account(0), house.account(1));
    house.by_hand(&bert, &[("presence", "AVAILABLE"), ("text", "")]).await;
    house.by_hand(&anna, &[("presence", "AVAILABLE"), ("text", "")]).await;
    let mut cursor = house.ask("v=1&do=states").await.cursor().to_owned();
    house.ask(&format!("v=1&do=apply\naccount={anna}&dnd=true&presence=DO_NOT_DISTURB&text=Jour+fixe")).await;
    house.by_hand(&bert, &[("dnd", "true")]).await;
    house.by_hand(&anna, &[("dnd", "false")]).await;
    house.by_hand(&anna, &[("text", "bin da")]).await;
    house.by_hand(&anna, &[("presence", "AWAY")]).await;
    house.ask(&format!("v=1&do=apply\naccount={anna}&presence=AWAY&text=fort")).await;
    let told = house.ask(&format!("v=1&do=events&since={cursor}&wait=0")).await;
    assert_eq!(
        told.lines(),
        [
            format!("account={anna} by=self dnd=true presence=DO_NOT_DISTURB text=Jour fixe"),
            format!("account={bert} by=other dnd=true"),
            format!("account={anna} by=other dnd=false"),
            format!("account={anna} by=other text=bin da"),
            format!("account={anna} by=other presence=AWAY"),
            format!("account={anna} by=self text=fort"),
        ]
    );
    told.cursor().clone_into(&mut cursor);
    let told = house.ask(&format!("v=1&do=events&since={cursor}&wait=0")).await;
    assert_eq!((told.records.len(), told.cursor(), told.get("lost")), (0, cursor.as_str(), None));
}

pub(crate) async fn behind_a_refused_record_a_person_who_does_the_same_is_heard(house: &House) {
    let anna = house.account(0);
    house.by_hand(&anna, &[("presence", "AVAILABLE")]).await;
    for (what, word) in [("dnd", "true"), ("presence", "AWAY")] {
        house.refuse(&anna, what).await;
        let done = house.ask(&format!("v=1&do=apply\naccount={anna}&{what}={word}")).await;
        assert_eq!(verdicts(&done), [verdict(&anna, "falserefused")]);
        house.by_hand(&anna, &[(what, word)]).await;
        let told = house.ask(&format!("v=1&do=events&since={}&wait=0", done.cursor())).await;
        assert_eq!(told.lines(), [format!("account={anna} by=other {what}={word}")]);
    }
}

pub(crate) async fn each_change_of_a_batch_is_told_even_if_the_next_one_takes_it_back(house: &House) {
    let anna = house.account(0);
    let cursor = house.ask("v=1&do=states").await.cursor().to_owned();
    house.ask(&format!("v=1&do=apply\naccount={anna}&dnd=true\naccount={anna}&dnd=false")).await;
    let told = house.ask(&format!("v=1&do=events&since={cursor}&wait=0")).await;
    let ours: Vec<String> = told.lines().into_iter().filter(|line| line.contains("by=self")).collect();
    assert_eq!(ours, [format!("account={anna} by=self dnd=true"), format!("account={anna} by=self dnd=false")]);
}

pub(crate) async fn events_wait_for_the_first_change(house: &House) {
    let (anna, bert) = (house.account(0), house.account(1));
    let cursor = house.ask("v=1&do=states").await.cursor().to_owned();
    let begun = std::time::Instant::now();
    // More than it may wait is as much as it may wait.
    let request = format!("v=1&do=events&since={cursor}&wait=9999");
    let pressed = async {
        house.until_waiting(1).await;
        // Other calls are not held up by it.
        house.ask(&format!("v=1&do=states\naccount={anna}")).await;
        house.by_hand(&bert, &[("dnd", "true")]).await;
    };
    let (told, ()) = tokio::join!(house.ask(&request), pressed);
    assert_eq!(told.lines(), [format!("account={bert} by=other dnd=true")]);
    assert!(begun.elapsed() < Duration::from_secs(20), "it was the change that woke it, not the clock");
    let begun = std::time::Instant::now();
    let nothing = house.ask(&format!("v=1&do=events&since={}&wait=1", told.cursor())).await;
    assert_eq!(nothing.records.len(), 0);
    assert!(begun.elapsed() >= Duration::from_millis(900), "it waited");
}

pub(crate) async fn events_that_nobody_can_ask_for_are_refused(house: &House) {
    let cursor = house.ask("v=1&do=states").await.cursor().to_owned();
    for request in [
        "v=1&do=events&wait=0".to_owned(),
        format!("v=1&do=events&since={cursor}&wait=soon"),
        format!("v=1&do=events&since={cursor}&wait=-1"),
    ] {
        assert_eq!(house.ask(&request).await.error(), Some("bad_request"), "{request}");
    }
    // Without `wait` it does not wait.
    assert_eq!(house.ask(&format!("v=1&do=events&since={cursor}")).await.records.len(), 0);
}

pub(crate) async fn cursors_order_readings_events_and_writings(house: &House) {
    let (anna, bert) = (house.account(0), house.account(1));
    house.by_hand(&anna, &[("dnd", "true")]).await;
    let read = house.ask(&format!("v=1&do=states\naccount={anna}")).await;
    assert_eq!(value(&read.records[0], "dnd"), Some("true"));
    let since = |cursor: &str| format!("v=1&do=events&since={cursor}&wait=0");
    assert_eq!(house.ask(&since(read.cursor())).await.records.len(), 0, "what was read is not told again");
    let done = house.ask(&format!("v=1&do=apply\naccount={anna}&dnd=false")).await;
    assert_eq!(house.ask(&since(read.cursor())).await.lines(), [format!("account={anna} by=self dnd=false")]);
    assert_eq!(house.ask(&since(done.cursor())).await.records.len(), 0, "what was acknowledged is behind its cursor");
    house.by_hand(&bert, &[("dnd", "true")]).await;
    let expected = [format!("account={bert} by=other dnd=true")];
    assert_eq!(house.ask(&since(done.cursor())).await.lines(), expected);
    assert_eq!(house.ask(&since(done.cursor())).await.lines(), expected, "asking takes nothing away");
    assert_eq!(house.ask(&since(read.cursor())).await.records.len(), 2);
}

pub(crate) async fn a_cursor_from_before_a_restart_is_lost(house: &House) {
    let before = house.ask("v=1&do=states").await.cursor().to_owned();
    house.restart().await;
    for wait in [0, 20] {
        let told = house.ask(&format!("v=1&do=events&since={before}&wait={wait}")).await;
        assert_eq!((told.error(), told.get("lost"), told.records.len()), (None, Some("true"), 0));
    }
    let fresh = house.ask("v=1&do=states").await;
    house.by_hand(&house.account(0), &[("dnd", "true")]).await;
    let told = house.ask(&format!("v=1&do=events&since={}&wait=0", fresh.cursor())).await;
    assert_eq!((told.get("lost"), told.records.len()), (None, 1));
}

pub(crate) async fn a_cursor_that_is_none_is_lost(house: &House) {
    let real = house.ask("v=1&do=states").await.cursor().to_owned();
    for cursor in ["", "-", "0", "nonsense", "1-zz", &format!("{real}z"), &format!("x{real}"), "%F0%9F%99%82"] {
        let told = house.ask(&format!("v=1&do=events&since={cursor}&wait=0")).await;
        assert_eq!((told.error(), told.get("lost")), (None, Some("true")), "{cursor}");
    }
}

/// All that happened since a cursor, however many answers it takes; nothing if it is lost.
async fn told_since(house: &House, cursor: &str) -> Option<usize> {
    let (mut cursor, mut count) = (cursor.to_owned(), 0);
    loop {
        let told = house.ask(&format!("v=1&do=events&since={cursor}&wait=0")).await;
        if told.get("lost").is_some() {
            return None;
        }
        if told.records.is_empty() {
            return Some(count);
        }
        count += told.records.len();
        told.cursor().clone_into(&mut cursor);
    }
}

pub(crate) async fn the_queue_remembers_10000_events(house: &House) {
    let anna = house.account(0);
    let start = house.ask(&format!("v=1&do=apply\naccount={anna}&dnd=true")).await.cursor().to_owned();
    house.flip(&anna, 10_000).await;
    assert_eq!(told_since(house, &start).await, Some(10_000));
    house.by_hand(&anna, &[("dnd", "false")]).await;
    assert_eq!(told_since(house, &start).await, None);
}

// The driver

async fn state(house: &House, account: &AccountId) -> (Option<bool>, Option<Presence>, Option<String>) {
    match house.driver.read(std::slice::from_ref(account)).await.unwrap().remove(account) {
        Some(Ok(Reading::State(state))) => (state.dnd, state.presence, state.text.map(|text| text.as_str().to_owned())),
        other => panic!("{other:?}"),
    }
}

async fn write(house: &House, account: &AccountId, values: Vec<(Dimension, Value)>) -> Vec<WriteOutcome> {
    let writes = AccountWrites { account: account.clone(), values };
    let outcomes = house.driver.apply(&[writes]).await.remove(account).unwrap();
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

pub(crate) async fn the_driver_reads_writes_and_hears(house: &House) {
    let (anna, bert) = (house.account(0), house.account(1));
    let can = house.driver.capabilities().await.unwrap();
    assert!(can.dnd && can.presence && can.changes, "{can:?}");
    let wait = SignedDuration::from_secs(20);
    assert_eq!(house.driver.changes(wait).await, Ok(Some(Change::Lost)));
    let values = vec![
        (Dimension::Dnd, Value::Switch(true)),
        (Dimension::Presence, Value::Presence(Presence::DoNotDisturb)),
        (Dimension::Text, Value::Text("Jour fixe (bis 10:30)".into())),
    ];
    assert_eq!(write(house, &anna, values).await, vec![WriteOutcome::Acknowledged; 3]);
    assert_eq!(house.shown(&anna).await, (true, "DO_NOT_DISTURB".to_owned(), "Jour fixe (bis 10:30)".to_owned()));
    let expected = (Some(true), Some(Presence::DoNotDisturb), Some("Jour fixe (bis 10:30)".to_owned()));
    assert_eq!(state(house, &anna).await, expected);
    assert_eq!(house.driver.changes(wait).await, Ok(None), "our own");
    let pressed = async {
        house.until_waiting(1).await;
        house.by_hand(&bert, &[("presence", "EXTENDED_AWAY")]).await;
    };
    let (heard, ()) = tokio::join!(house.driver.changes(wait), pressed);
    assert_eq!(heard, Ok(Some(Change::Accounts([bert.clone()].into()))));
    assert_eq!(state(house, &bert).await.1, Some(Presence::ExtendedAway));
    house.restart().await;
    assert_eq!(house.driver.changes(wait).await, Ok(Some(Change::Lost)));
}

pub(crate) async fn the_driver_names_what_is_refused(house: &House) {
    let anna = house.account(0);
    house.refuse(&anna, "presence").await;
    let values = vec![(Dimension::Dnd, Value::Switch(true)), (Dimension::Presence, Value::Presence(Presence::Away))];
    let outcomes = write(house, &anna, values).await;
    assert!(matches!(&outcomes[..], [WriteOutcome::Acknowledged, WriteOutcome::Refused { .. }]), "{outcomes:?}");
    assert!(house.shown(&anna).await.0);
    let nobody = AccountId::new("99999");
    assert_eq!(write(house, &nobody, vec![(Dimension::Dnd, Value::Switch(true))]).await, [WriteOutcome::Gone]);
}
