//! Opening: what is refused, and what the administrator is told.

use std::{
    fs::{self, File, Permissions},
    io::{Seek, SeekFrom, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use crate::common::{Place, State, account, id, raw};
use busylamp_store::{CREDENTIAL, Key, KeyError, Store, StoreError};
use sqlx::Connection;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

async fn refused(place: &Place) -> StoreError {
    let error = Store::open(&place.path(), &place.key).await.expect_err("the store must be refused");
    assert!(error.advice().ends_with('.'), "{error:?} has advice");
    error
}

#[tokio::test]
async fn the_folder_must_be_there() {
    let place = Place::new();
    let error = Store::open(&place.folder.path().join("none/busylamp.db"), &place.key).await.unwrap_err();
    assert!(matches!(error, StoreError::NoFolder { .. }));
    assert!(error.to_string().contains("none"));
    assert!(error.advice().contains("Create the folder"));
}

#[tokio::test]
async fn a_folder_is_no_store() {
    let place = Place::new();
    fs::create_dir(place.path()).unwrap();
    assert!(matches!(refused(&place).await, StoreError::File { .. }));
}

#[tokio::test]
async fn every_file_can_be_read_by_its_owner_only() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let mut names = Vec::new();
    for entry in fs::read_dir(place.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    names.sort();
    assert_eq!(names, ["busylamp.db", "busylamp.db-shm", "busylamp.db-wal", "busylamp.db.lock"]);
    drop(store);
}

#[tokio::test]
async fn a_store_that_others_could_read_is_closed_to_them() {
    let place = Place::new();
    place.open().await.close().await;
    fs::set_permissions(place.path(), Permissions::from_mode(0o644)).unwrap();
    place.open().await;
    assert_eq!(mode(&place.path()), 0o600);
}

#[tokio::test]
async fn a_second_opener_is_refused_until_the_first_is_gone() {
    let place = Place::new();
    let first = place.open().await;
    assert!(matches!(refused(&place).await, StoreError::InUse { .. }));
    let clone = first.clone();
    drop(first);
    assert!(matches!(refused(&place).await, StoreError::InUse { .. }), "a clone is the same store");
    clone.close().await;
    let second = place.open().await;
    drop(clone);
    assert!(matches!(refused(&place).await, StoreError::InUse { .. }), "what is left of the first opens nothing");
    drop(second);
    place.open().await;
}

#[tokio::test]
async fn a_lock_file_without_a_holder_means_nothing() {
    let place = Place::new();
    fs::write(place.folder.path().join("busylamp.db.lock"), "").unwrap();
    place.open().await;
}

#[tokio::test]
async fn another_key_is_refused_and_the_right_one_still_opens() {
    let place = Place::new();
    place.open_with_instance().await.close().await;
    let error = Store::open(&place.path(), &Key::random().unwrap()).await.unwrap_err();
    assert!(matches!(error, StoreError::WrongKey), "{error:?}");
    assert_eq!(error.to_string(), "this store was made with another key");
    assert_eq!(place.open().await.instances().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_newer_structure_is_refused_and_not_changed() {
    let place = Place::new();
    place.open_with_instance().await.close().await;
    let mut connection = raw(&place.path()).await;
    sqlx::query("INSERT INTO _sqlx_migrations VALUES (9999, 'later', '2027-01-01', TRUE, x'00', 1)")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let before = fs::read(place.path()).unwrap();

    let error = refused(&place).await;

    assert!(matches!(error, StoreError::NewerSchema { found: 9999, known: 1.. }), "{error:?}");
    assert!(error.to_string().contains("newer version"));
    assert_eq!(fs::read(place.path()).unwrap(), before);
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_not_changed() {
    let place = Place::new();
    File::create(place.path()).unwrap();
    let mut connection = raw(&place.path()).await;
    sqlx::query("CREATE TABLE addresses (name TEXT)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let before = fs::read(place.path()).unwrap();
    assert!(matches!(refused(&place).await, StoreError::NotOurs { .. }));
    assert_eq!(fs::read(place.path()).unwrap(), before);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_damaged() {
    let place = Place::new();
    fs::write(place.path(), "Liebes Tagebuch, ".repeat(1000)).unwrap();
    let error = refused(&place).await;
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    assert!(error.advice().contains("restore"));
}

#[tokio::test]
async fn a_damaged_page_is_found_at_the_start() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let states: Vec<_> = (0..500).map(|number| (account(number), State::new("im Gespräch", number))).collect();
    let zentrale = id("zentrale");
    let batch: Vec<_> = states.iter().map(|(account, state)| (&zentrale, account, Some(state))).collect();
    store.save_states(&batch).await.unwrap();
    store.close().await;
    drop(store);
    let length = fs::metadata(place.path()).unwrap().len();
    let mut file = File::options().write(true).open(place.path()).unwrap();
    // The header of every page in the second half.
    for page in length / 4096 / 2..length / 4096 {
        file.seek(SeekFrom::Start(page * 4096)).unwrap();
        file.write_all(&[0xa5; 64]).unwrap();
    }
    drop(file);

    let error = refused(&place).await;

    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    assert!(!error.to_string().contains("Gespräch"));
}

#[tokio::test]
async fn a_truncated_file_is_damaged() {
    let place = Place::new();
    place.open_with_instance().await.close().await;
    let length = fs::metadata(place.path()).unwrap().len();
    File::options().write(true).open(place.path()).unwrap().set_len(length / 2).unwrap();
    let error = refused(&place).await;
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}

#[tokio::test]
async fn a_start_that_was_cut_off_is_taken_up() {
    let place = Place::new();
    File::create(place.path()).unwrap();
    place.open_with_instance().await;
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let clone = store.clone();
    store.close().await;
    assert!(matches!(clone.instances().await.unwrap_err(), StoreError::Closed));
    assert!(matches!(clone.save_states(&[(&id("zentrale"), &account(1), Some(&1))]).await, Err(StoreError::Closed)));
}

#[test]
fn a_new_key_is_private_and_never_replaces_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    assert!(matches!(Key::load(&path).unwrap_err(), KeyError::Missing { .. }));
    Key::create(&path).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert_eq!((mode(&path), bytes.len()), (0o600, 32));
    Key::load(&path).unwrap();
    assert!(matches!(Key::create(&path).unwrap_err(), KeyError::Exists { .. }));
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_key_that_others_can_read_or_of_another_length_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    Key::create(&path).unwrap();
    for bad in [0o644, 0o640, 0o604, 0o660, 0o700] {
        fs::set_permissions(&path, Permissions::from_mode(bad)).unwrap();
        let error = Key::load(&path).unwrap_err();
        assert!(matches!(error, KeyError::Mode { mode, .. } if mode == bad), "{error:?}");
        assert!(error.advice().contains("chmod 600"));
    }
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    for length in [0, 31, 33, 64] {
        fs::write(&path, vec![b'k'; length]).unwrap();
        assert!(matches!(Key::load(&path).unwrap_err(), KeyError::Length { found, .. } if found == length as u64));
    }
}

#[test]
fn systemd_may_hand_over_the_key() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Key::from_credentials_folder(folder.path()).unwrap().is_none());
    let path = folder.path().join(CREDENTIAL);
    Key::create(&path).unwrap();
    for good in [0o400, 0o440] {
        fs::set_permissions(&path, Permissions::from_mode(good)).unwrap();
        assert!(Key::from_credentials_folder(folder.path()).unwrap().is_some());
    }
    fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
    assert!(matches!(Key::from_credentials_folder(folder.path()).unwrap_err(), KeyError::Mode { .. }));
}

#[test]
fn a_key_is_not_shown() {
    assert_eq!(format!("{:?}", Key::random().unwrap()), "Key(…)");
}
