//! The way back from a backup.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::common::{Place, State, account, agenda, at, crash, id, raw};
use busylamp_core::ids::MailAddress;
use busylamp_store::{Key, NewAgenda, PasswordHash, Store, StoreError, backup, restore};
use sqlx::Connection;

/// A store in which one user's text is this.
async fn store_with(place: &Place, text: &str) -> Store {
    let store = if place.path().exists() { place.open().await } else { place.open_with_instance().await };
    save(&store, text).await;
    store
}

async fn save(store: &Store, text: &str) {
    store.save_states(&[(&id("zentrale"), &account(1), Some(&State::new(text, 1)))]).await.unwrap();
}

async fn text_in(path: &Path, key: &Key) -> State {
    let store = Store::open(path, key).await.unwrap();
    let mut loaded = store.load_states::<State>(&id("zentrale")).await.unwrap();
    store.close().await;
    loaded.found.remove(&account(1)).unwrap()
}

/// A backup with the text "früher" of a store that has "später" by now, and is closed.
async fn backed_up(place: &Place) -> PathBuf {
    let store = store_with(place, "früher").await;
    let copy = place.folder.path().join("copy.db");
    backup(&place.path(), &copy).await.unwrap();
    save(&store, "später").await;
    store.close().await;
    copy
}

fn names(place: &Place) -> Vec<String> {
    let entries = fs::read_dir(place.folder.path()).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_restored_store_is_the_one_of_then_and_the_one_of_now_is_kept() {
    let place = Place::new();
    let copy = backed_up(&place).await;
    let kept = restore(&place.path(), &copy, &place.key).await.unwrap().unwrap();
    assert_eq!(fs::metadata(place.path()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(text_in(&place.path(), &place.key).await, State::new("früher", 1));
    assert_eq!(text_in(&kept, &place.key).await, State::new("später", 1));
    // And back again.
    restore(&place.path(), &kept, &place.key).await.unwrap().unwrap();
    assert_eq!(text_in(&place.path(), &place.key).await, State::new("später", 1));
    assert!(names(&place).iter().all(|name| !name.contains("restoring")), "{:?}", names(&place));
}

#[tokio::test]
async fn a_backup_is_restored_where_no_store_is_left() {
    let place = Place::new();
    let copy = backed_up(&place).await;
    fs::remove_file(place.path()).unwrap();
    assert_eq!(restore(&place.path(), &copy, &place.key).await.unwrap(), None);
    assert_eq!(text_in(&place.path(), &place.key).await, State::new("früher", 1));
}

#[tokio::test]
async fn what_a_crash_left_in_the_log_stays_with_its_own_store() {
    let place = Place::new();
    let store = store_with(&place, "früher").await;
    let copy = place.folder.path().join("copy.db");
    backup(&place.path(), &copy).await.unwrap();
    save(&store, "später").await;
    let after = crash(&place);
    assert!(fs::metadata(after.folder.path().join("busylamp.db-wal")).unwrap().len() > 0);

    let kept = restore(&after.path(), &copy, &place.key).await.unwrap().unwrap();

    assert_eq!(text_in(&after.path(), &place.key).await, State::new("früher", 1));
    assert_eq!(text_in(&kept, &place.key).await, State::new("später", 1));
    // One that was copied with its log is restored with it.
    let crashed = crash(&place);
    restore(&after.path(), &crashed.path(), &place.key).await.unwrap();
    assert_eq!(text_in(&after.path(), &place.key).await, State::new("später", 1));
}

#[tokio::test]
async fn a_damaged_store_is_replaced_and_kept_with_its_log() {
    let place = Place::new();
    let copy = backed_up(&place).await;
    let log = place.folder.path().join("busylamp.db-wal");
    fs::write(place.path(), "Liebes Tagebuch, ".repeat(1000)).unwrap();
    fs::write(&log, "auch das").unwrap();
    let kept = restore(&place.path(), &copy, &place.key).await.unwrap().unwrap();
    assert_eq!(text_in(&place.path(), &place.key).await, State::new("früher", 1));
    assert!(fs::read_to_string(&kept).unwrap().starts_with("Liebes Tagebuch"));
    assert_eq!(fs::read_to_string(format!("{}-wal", kept.display())).unwrap(), "auch das");
}

#[tokio::test]
async fn agendas_of_then_and_who_was_signed_in_then_do_not_come_back() {
    let place = Place::new();
    let store = store_with(&place, "früher").await;
    let (zentrale, mailbox, now) =
        (id("zentrale"), MailAddress::from("anna@example.com".to_owned()), at("2026-11-24T08:00:00Z"));
    let reading =
        NewAgenda { instance: &zentrale, mailbox: &mailbox, read_at: now, reading: 1, agenda: &agenda("Jour fixe", 1) };
    store.save_agendas(&[reading]).await.unwrap();
    let anna = store.add_first_administrator("anna", &PasswordHash::new("a")).await.unwrap().unwrap();
    store.begin_session(anna, &[7; 32], now).await.unwrap();
    assert!(store.session(&[7; 32], now).await.unwrap().is_some());
    let copy = place.folder.path().join("copy.db");
    backup(&place.path(), &copy).await.unwrap();
    store.close().await;
    restore(&place.path(), &copy, &place.key).await.unwrap();
    let store = place.open().await;
    assert!(store.load_agendas(&zentrale).await.unwrap().found.is_empty());
    assert!(store.session(&[7; 32], now).await.unwrap().is_none());
    assert_eq!(store.people().await.unwrap()[0].id, anna);
}

#[tokio::test]
async fn a_store_in_use_is_not_replaced() {
    let place = Place::new();
    let copy = backed_up(&place).await;
    let store = place.open().await;
    let refused = restore(&place.path(), &copy, &place.key).await.unwrap_err();
    assert!(matches!(refused, StoreError::InUse { .. }), "{refused:?}");
    save(&store, "noch später").await;
    store.close().await;
    assert_eq!(text_in(&place.path(), &place.key).await, State::new("noch später", 1));
}

/// The backup is refused, and neither it nor the store is another one than before.
async fn refused(place: &Place, backup: &Path, key: &Key) -> StoreError {
    let before = (fs::read(place.path()).unwrap(), fs::read(backup).ok(), names(place));
    let error = restore(&place.path(), backup, key).await.unwrap_err();
    assert_eq!((fs::read(place.path()).unwrap(), fs::read(backup).ok(), names(place)), before, "{error:?}");
    assert_eq!(text_in(&place.path(), &place.key).await, State::new("später", 1));
    error
}

#[tokio::test]
async fn what_is_no_whole_backup_of_this_key_and_structure_is_refused_and_nothing_is_lost() {
    let place = Place::new();
    let copy = backed_up(&place).await;
    let other = |name: &str| place.folder.path().join(name);
    let whole = fs::read(&copy).unwrap();

    let error = refused(&place, &other("nowhere.db"), &place.key).await;
    assert!(matches!(error, StoreError::File { .. }), "{error:?}");
    assert!(matches!(refused(&place, &copy, &Key::random().unwrap()).await, StoreError::WrongKey));

    fs::write(other("diary"), "Liebes Tagebuch, ".repeat(1000)).unwrap();
    let error = refused(&place, &other("diary"), &place.key).await;
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");

    fs::write(other("empty"), "").unwrap();
    let error = refused(&place, &other("empty"), &place.key).await;
    assert!(matches!(error, StoreError::NotOurs { .. }), "{error:?}");

    fs::write(other("half"), &whole[..whole.len() / 2]).unwrap();
    let error = refused(&place, &other("half"), &place.key).await;
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");

    fs::write(other("foreign"), "").unwrap();
    let mut connection = raw(&other("foreign")).await;
    sqlx::query("CREATE TABLE addresses (name TEXT)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let error = refused(&place, &other("foreign"), &place.key).await;
    assert!(matches!(&error, StoreError::NotOurs { path } if path.ends_with("foreign")), "{error:?}");

    fs::write(other("newer"), &whole).unwrap();
    let mut connection = raw(&other("newer")).await;
    sqlx::query("INSERT INTO _sqlx_migrations VALUES (9999, 'later', '2027-01-01', TRUE, x'00', 1)")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let error = refused(&place, &other("newer"), &place.key).await;
    assert!(matches!(error, StoreError::NewerSchema { found: 9999, .. }), "{error:?}");
}
