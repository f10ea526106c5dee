//! Past decisions and writes (9).

use crate::common::{Place, account, at, id};
use busylamp_core::account::{Dimension, Presence, Value};
use busylamp_store::{HISTORY_DAYS, HISTORY_RECORDS, Reason, Record, Recorded, What};
use jiff::Timestamp;

fn record(instant: &str, number: u32) -> Record {
    Record {
        at: at(instant),
        instance: id("zentrale"),
        account: account(number),
        what: What::Written,
        dimension: Dimension::Dnd,
        before: Some(Recorded::Switch(false)),
        after: Some(Recorded::Switch(true)),
        event: Some("AAMk=".into()),
        reason: Reason::new("taken"),
    }
}

#[tokio::test]
async fn every_kind_of_record_comes_back_as_it_was() {
    let place = Place::new();
    let store = place.open().await;
    let instant = "2026-11-24T08:00:00.000001Z";
    let records = [
        record(instant, 1),
        Record { dimension: Dimension::Text, before: None, after: Some(Recorded::Text), ..record(instant, 1) },
        Record {
            what: What::Decided,
            dimension: Dimension::Presence,
            before: Some(Recorded::Presence(Presence::FreeForChat)),
            after: None,
            event: None,
            ..record(instant, 1)
        },
        Record { what: What::Shown, event: None, reason: Reason::new("foreign"), ..record(instant, 1) },
        Record { dimension: Dimension::Diversion("a:1".into()), ..record(instant, 1) },
        Record { dimension: Dimension::Label("k".into()), ..record(instant, 1) },
    ];
    store.append_history(&records).await.unwrap();
    let mut found = store.history(&id("zentrale"), &account(1), Timestamp::MIN..Timestamp::MAX, 100).await.unwrap();
    found.reverse();
    assert_eq!(found, records, "in the order in which they were given");
}

#[tokio::test]
async fn a_question_names_account_and_span_and_gets_the_latest_first() {
    let place = Place::new();
    let store = place.open().await;
    let instants = ["2026-11-24T08:00:00Z", "2026-11-24T09:00:00Z", "2026-11-24T10:00:00Z"];
    let records: Vec<_> = instants.iter().flat_map(|instant| [record(instant, 1), record(instant, 2)]).collect();
    store.append_history(&records).await.unwrap();
    let ask = async |from, to, limit| {
        let found = store.history(&id("zentrale"), &account(2), at(from)..at(to), limit).await.unwrap();
        assert!(found.iter().all(|record| record.account == account(2)));
        found.into_iter().map(|record| record.at.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ask(instants[0], instants[2], 10).await, [instants[1], instants[0]], "half open");
    assert_eq!(ask(instants[0], "2027-01-01T00:00:00Z", 1).await, [instants[2]]);
    assert!(store.history(&id("lager"), &account(2), Timestamp::MIN..Timestamp::MAX, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_older_than_the_limit_is_forgotten() {
    let place = Place::new();
    let store = place.open().await;
    let old = Record { instance: id("gone"), ..record("2026-11-10T07:59:59.999999Z", 1) };
    let mut records = vec![old; 25_000];
    records.push(record("2026-11-10T08:00:00Z", 1));
    store.append_history(&records).await.unwrap();

    let forgotten = store.prune_history(at("2026-11-24T08:00:00Z"), HISTORY_DAYS, HISTORY_RECORDS).await.unwrap();

    assert_eq!(forgotten, 25_000);
    let span = Timestamp::MIN..Timestamp::MAX;
    assert_eq!(store.history(&id("zentrale"), &account(1), span, 10).await.unwrap().len(), 1);
    assert_eq!(store.prune_history(at("2026-11-24T08:00:00Z"), HISTORY_DAYS, HISTORY_RECORDS).await.unwrap(), 0);
}

#[tokio::test]
async fn of_too_many_the_oldest_are_forgotten() {
    let place = Place::new();
    let store = place.open().await;
    let records: Vec<_> = (0..2_500).map(|number| record("2026-11-24T08:00:00Z", number)).collect();
    store.append_history(&records).await.unwrap();

    let forgotten = store.prune_history(at("2026-11-24T08:00:00Z"), HISTORY_DAYS, 100).await.unwrap();

    assert_eq!(forgotten, 2_400);
    let span = Timestamp::MIN..Timestamp::MAX;
    assert!(store.history(&id("zentrale"), &account(2_399), span.clone(), 10).await.unwrap().is_empty());
    assert_eq!(store.history(&id("zentrale"), &account(2_400), span, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_text_is_recorded_as_the_word_text() {
    let value = Value::Text("Jour fixe".into());
    assert_eq!(Recorded::from(&value), Recorded::Text);
    assert_eq!(Recorded::from(&value).name(), "text");
    assert_eq!(Recorded::from(&Value::Switch(true)).name(), "true");
}
