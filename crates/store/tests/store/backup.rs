//! Copies while running.

use std::os::unix::fs::PermissionsExt;

use crate::common::{Place, account, id};
use busylamp_store::{Key, Store, StoreError, backup};

#[tokio::test]
async fn a_backup_is_a_store_of_the_same_key() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let zentrale = id("zentrale");
    store.save_states(&[(&zentrale, &account(1), Some(&1))]).await.unwrap();
    let copy = place.folder.path().join("copy's.db");

    backup(&place.path(), &copy).await.unwrap();

    store.save_states(&[(&zentrale, &account(1), Some(&2))]).await.unwrap();
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(Store::open(&copy, &Key::random().unwrap()).await, Err(StoreError::WrongKey)));
    let restored = Store::open(&copy, &place.key).await.unwrap();
    assert_eq!(restored.load_states::<u32>(&zentrale).await.unwrap().found[&account(1)], 1);
    restored.save_states(&[(&zentrale, &account(2), Some(&2))]).await.unwrap();
}

#[tokio::test]
async fn a_backup_never_replaces_a_file_and_leaves_none_when_it_fails() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let copy = place.folder.path().join("copy.db");
    std::fs::write(&copy, "wichtig").unwrap();
    assert!(matches!(backup(&place.path(), &copy).await, Err(StoreError::File { .. })));
    assert_eq!(std::fs::read(&copy).unwrap(), b"wichtig");
    let free = place.folder.path().join("free.db");
    assert!(matches!(backup(&place.path(), &place.path()).await, Err(StoreError::File { .. })));
    store.close().await;
    let nowhere = place.folder.path().join("nowhere.db");
    assert!(matches!(backup(&nowhere, &free).await, Err(StoreError::File { .. })));
    assert!(!nowhere.exists(), "a store that is not there is not made either");
    std::fs::write(&nowhere, "Liebes Tagebuch").unwrap();
    assert!(matches!(backup(&nowhere, &free).await, Err(StoreError::Damaged { .. })));
    assert!(!free.exists());
    assert!(!place.folder.path().join("free.db.partial").exists());
}

#[tokio::test]
async fn the_rest_of_a_backup_that_was_cut_off_is_replaced() {
    let place = Place::new();
    let _store = place.open_with_instance().await;
    let copy = place.folder.path().join("copy.db");
    std::fs::write(place.folder.path().join("copy.db.partial"), "half").unwrap();
    backup(&place.path(), &copy).await.unwrap();
    assert!(!place.folder.path().join("copy.db.partial").exists());
    assert_eq!(Store::open(&copy, &place.key).await.unwrap().instances().await.unwrap().len(), 1);
}

#[tokio::test]
async fn writers_go_on_during_a_backup() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let zentrale = id("zentrale");
    let copy = place.folder.path().join("copy.db");
    let path = place.path();
    let writing = async {
        for number in 0..50 {
            store.save_states(&[(&zentrale, &account(number), Some(&number))]).await.unwrap();
        }
    };
    let (copied, ()) = tokio::join!(backup(&path, &copy), writing);
    copied.unwrap();
    Store::open(&copy, &place.key).await.unwrap();
    assert_eq!(store.load_states::<u32>(&zentrale).await.unwrap().found.len(), 50);
}
