//! A store in a folder of its own, and what tests put into it.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use busylamp_core::{
    account::StatusText,
    event::{Agenda, Kind, RawEvent, ReadKind, Response, Sensitivity, When},
    ids::{AccountId, InstanceId},
    title::Reading,
};
use busylamp_store::{Change, InstanceDocument, Key, Phase, Store};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) key: Key,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), key: Key::random().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("busylamp.db")
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.path(), &self.key).await.unwrap()
    }

    /// A store with the instance `zentrale`.
    pub(crate) async fn open_with_instance(&self) -> Store {
        let store = self.open().await;
        store.put_instance(document("zentrale")).await.unwrap();
        store
    }

    /// Everything that lies in the folder, byte by byte.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let files: BTreeSet<PathBuf> =
            std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.iter().flat_map(|file| std::fs::read(file).unwrap()).collect()
    }
}

/// What lies in the folder, as a crash at this instant would leave it, in a new folder.
pub(crate) fn crash(place: &Place) -> Place {
    let after = Place { folder: tempfile::tempdir().unwrap(), key: place.key.clone() };
    for suffix in ["", "-wal"] {
        let name = format!("busylamp.db{suffix}");
        // By another process: a file that this one opened and closed would lose SQLite's locks on it.
        let copied = std::process::Command::new("cp")
            .arg(place.folder.path().join(&name))
            .arg(after.folder.path().join(&name))
            .status()
            .unwrap();
        assert!(copied.success());
    }
    after
}

/// The database past the store, to change what the store would not.
pub(crate) async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).connect().await.unwrap()
}

pub(crate) fn id(name: &str) -> InstanceId {
    name.into()
}

pub(crate) fn account(number: u32) -> AccountId {
    AccountId::new(number.to_string())
}

pub(crate) fn at(instant: &str) -> Timestamp {
    instant.parse().unwrap()
}

pub(crate) fn document(name: &str) -> InstanceDocument {
    InstanceDocument {
        id: id(name),
        name: name.to_owned(),
        description: String::new(),
        configuration: serde_json::json!({"zone": "Europe/Berlin"}),
    }
}

pub(crate) fn activate(name: &str) -> Change {
    Change::SetPhase(id(name), Phase::Active)
}

/// What the service keeps of a user, in small.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) before: StatusText,
    pub(crate) counter: u32,
}

impl State {
    pub(crate) fn new(text: &str, counter: u32) -> Self {
        Self { before: text.into(), counter }
    }
}

/// A calendar of this many events with this subject.
pub(crate) fn agenda(subject: &str, events: usize) -> Agenda {
    let reading = Reading { keep_titles: true, ..Reading::default() };
    Agenda::new((0..events).map(|number| {
        let start = at("2026-11-24T08:00:00Z");
        RawEvent {
            id: format!("AAMkAGI2TG93AAA={number:08}").as_str().into(),
            when: When::Timed { start, end: at("2026-11-24T09:30:00Z") },
            kind: ReadKind::Known(Kind::Busy),
            subject,
            sensitivity: Sensitivity::Normal,
            response: Response::Accepted,
            cancelled: false,
            draft: false,
            series_master: false,
        }
        .read(&reading)
    }))
}
