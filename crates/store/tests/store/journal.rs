//! The journal: states are written together, last, and are handed back as they were.

use crate::common::{Place, State, account, crash, document, id, raw};
use busylamp_store::{StoreError, Unreadable};
use serde::{Serialize, Serializer};
use sqlx::Connection;

#[tokio::test]
async fn what_was_saved_is_there_after_a_restart() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let state = State::new("Mittagspause", 7);
    store.save_states(&[(&id("zentrale"), &account(1001), Some(&state))]).await.unwrap();
    store.close().await;
    drop(store);

    let loaded = place.open().await.load_states::<State>(&id("zentrale")).await.unwrap();
    assert_eq!(loaded.found.into_iter().collect::<Vec<_>>(), [(account(1001), state)]);
    assert!(loaded.unreadable.is_empty());
}

#[tokio::test]
async fn a_crash_right_after_saving_loses_nothing() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    for counter in 0..20 {
        store.save_states(&[(&id("zentrale"), &account(1001), Some(&State::new("", counter)))]).await.unwrap();
        let after = crash(&place);
        let loaded = after.open().await.load_states::<State>(&id("zentrale")).await.unwrap();
        assert_eq!(loaded.found[&account(1001)].counter, counter);
    }
}

#[tokio::test]
async fn a_crash_in_the_middle_of_a_batch_leaves_the_earlier_states() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    store.save_states(&[(&id("zentrale"), &account(1), Some(&State::new("", 1)))]).await.unwrap();
    store.close().await;
    drop(store);

    // A transaction that has spilled its pages into the log, but was not committed.
    let mut connection = raw(&place.path()).await;
    sqlx::raw_sql("PRAGMA cache_size = 1; BEGIN IMMEDIATE; DELETE FROM states;")
        .execute(&mut connection)
        .await
        .unwrap();
    for number in 0..200 {
        sqlx::query("INSERT INTO states VALUES ('zentrale', $1, zeroblob(3000))")
            .bind(number.to_string())
            .execute(&mut connection)
            .await
            .unwrap();
    }
    let log = std::fs::metadata(place.folder.path().join("busylamp.db-wal")).unwrap().len();
    assert!(log > 100_000, "the log holds the unfinished transaction: {log} bytes");
    let after = crash(&place);
    connection.close().await.unwrap();

    let loaded = after.open().await.load_states::<State>(&id("zentrale")).await.unwrap();
    assert_eq!(loaded.found.len(), 1);
    assert_eq!(loaded.found[&account(1)].counter, 1);
    assert!(loaded.unreadable.is_empty());
}

#[tokio::test]
async fn one_state_that_fails_takes_back_all_others() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let (zentrale, nowhere) = (id("zentrale"), id("nirgends"));
    let (old, new) = (State::new("alt", 1), State::new("neu", 2));
    store.save_states(&[(&zentrale, &account(1), Some(&old)), (&zentrale, &account(2), Some(&old))]).await.unwrap();

    let batch =
        [(&zentrale, &account(1), Some(&new)), (&zentrale, &account(2), None), (&nowhere, &account(3), Some(&new))];
    let refused = store.save_states(&batch).await.unwrap_err();

    assert!(matches!(&refused, StoreError::UnknownInstance(instance) if *instance == nowhere), "{refused:?}");
    let loaded = store.load_states::<State>(&zentrale).await.unwrap();
    assert_eq!(loaded.found.into_values().collect::<Vec<_>>(), [old.clone(), old]);
    store.save_states(&batch[..2]).await.unwrap();
}

#[tokio::test]
async fn a_state_that_cannot_be_written_as_json_takes_back_all_others() {
    struct Moody(bool);
    impl Serialize for Moody {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            if self.0 { serializer.serialize_u8(1) } else { Err(serde::ser::Error::custom("Jour fixe")) }
        }
    }
    let place = Place::new();
    let store = place.open_with_instance().await;
    let batch =
        [(&id("zentrale"), &account(1), Some(&Moody(true))), (&id("zentrale"), &account(2), Some(&Moody(false)))];

    let refused = store.save_states(&batch).await.unwrap_err();

    assert!(matches!(refused, StoreError::NotStorable { .. }));
    assert!(!format!("{refused:?} {refused}").contains("Jour"));
    assert!(store.load_states::<u8>(&id("zentrale")).await.unwrap().found.is_empty());
}

#[tokio::test]
async fn a_batch_that_nobody_waits_for_to_the_end_is_taken_back() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let states: Vec<_> = (0..2000).map(|number| (account(number), State::new("", number))).collect();
    let zentrale = id("zentrale");
    let batch: Vec<_> = states.iter().map(|(account, state)| (&zentrale, account, Some(state))).collect();
    {
        let mut saving = std::pin::pin!(store.save_states(&batch));
        for _ in 0..50 {
            assert!(futures_util::poll!(&mut saving).is_pending());
            tokio::task::yield_now().await;
        }
    }
    // The next transaction has to wait for the end of that one.
    store.save_states(&batch[..1]).await.unwrap();
    assert_eq!(store.load_states::<State>(&zentrale).await.unwrap().found.len(), 1);
}

#[tokio::test]
async fn none_removes_a_state_and_may_be_given_for_one_that_is_not_there() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let zentrale = id("zentrale");
    store.save_states(&[(&zentrale, &account(1), Some(&1))]).await.unwrap();
    store.save_states::<u32>(&[(&zentrale, &account(1), None), (&zentrale, &account(2), None)]).await.unwrap();
    assert!(store.load_states::<u32>(&zentrale).await.unwrap().found.is_empty());
}

#[tokio::test]
async fn a_thousand_states_of_two_instances_go_in_one_transaction() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    store.put_instance(document("lager")).await.unwrap();
    let instances = [id("zentrale"), id("lager")];
    let states: Vec<_> = (0..1000).map(|number| (account(number), State::new("im Gespräch", number))).collect();
    let batch: Vec<_> =
        states.iter().map(|(account, state)| (&instances[state.counter as usize % 2], account, Some(state))).collect();

    store.save_states(&batch).await.unwrap();

    let loaded = store.load_states::<State>(&instances[1]).await.unwrap();
    assert_eq!(loaded.found.len(), 500);
    assert!(loaded.found.iter().all(|(number, state)| *number == account(state.counter)));
}

#[tokio::test]
async fn many_tasks_may_save_at_once() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let tasks: Vec<_> = (0..50)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { store.save_states(&[(&id("zentrale"), &account(number), Some(&number))]).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(store.load_states::<u32>(&id("zentrale")).await.unwrap().found.len(), 50);
}

#[tokio::test]
async fn a_state_that_cannot_be_read_is_reported_beside_the_others() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let zentrale = id("zentrale");
    store
        .save_states(&[
            (&zentrale, &account(1), Some(&1)),
            (&zentrale, &account(2), Some(&2)),
            (&zentrale, &account(3), Some(&3)),
        ])
        .await
        .unwrap();
    store.save_states(&[(&zentrale, &account(4), Some(&"Jour fixe"))]).await.unwrap();
    let mut connection = raw(&place.path()).await;
    // One is cut off, one comes from another row.
    sqlx::raw_sql(
        "UPDATE states SET sealed = substr(sealed, 1, 40) WHERE account = '1';
         UPDATE states SET sealed = (SELECT sealed FROM states WHERE account = '3') WHERE account = '2';",
    )
    .execute(&mut connection)
    .await
    .unwrap();

    let loaded = store.load_states::<u32>(&zentrale).await.unwrap();

    assert_eq!(loaded.found.into_iter().collect::<Vec<_>>(), [(account(3), 3)]);
    let reasons: Vec<_> = loaded.unreadable.into_iter().collect();
    assert_eq!(reasons[..2], [(account(1), Unreadable::Damaged), (account(2), Unreadable::Damaged)]);
    assert!(matches!(reasons[2].1, Unreadable::OtherForm { .. }));
    assert!(!format!("{reasons:?}").contains("Jour"));
}
