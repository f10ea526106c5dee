//! The way back from a backup.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    error::StoreError,
    files::{self, file_error},
    key::Key,
    seal::Sealer,
    store::{PATIENCE, check_library, find_damage, is_ours, refuse_newer_schema, refuse_other_key},
};

/// Puts the store in this backup in the place of the one that is there, which is kept beside it under another name;
/// returns where, if there was one.
///
/// A copy of the backup is checked as a store is when it is opened, in the store's folder and before anything is
/// replaced; then one renaming does it, so that at every instant one of both is there whole. Backups are never changed.
///
/// Two things of the backup are not taken over. *Agendas*: what was called off since must not act again; until a
/// mailbox has been read nothing is taken, and holds keep the end that they know (`docs/semantics.md`, 8.2).
/// *Sessions*: who signed out, or was signed out, since then stays so.
///
/// # Errors
/// [`StoreError::InUse`] while a service, or anything else, has the store open; [`StoreError::NotOurs`],
/// [`StoreError::Damaged`], [`StoreError::NewerSchema`] and [`StoreError::WrongKey`] tell of the backup. The store is
/// as it was then.
pub async fn restore(store: &Path, backup: &Path, key: &Key) -> Result<Option<PathBuf>, StoreError> {
    let store = files::resolve(store)?;
    check_library().await?;
    let lock = files::lock(&store)?;
    let fresh = files::beside(&store, ".restoring");
    let restored = async {
        prepare(backup, &fresh, key).await?;
        replace(&store, &fresh).await
    }
    .await;
    for suffix in SUFFIXES {
        // What is left of a failed copy is worthless; after a restore nothing is left.
        let _ = fs::remove_file(files::beside(&fresh, suffix));
    }
    lock.release();
    restored
}

/// A database in WAL mode, and what belongs to it.
const SUFFIXES: [&str; 3] = ["", "-wal", "-shm"];

/// Makes a copy of the backup, checks it and makes it ready.
async fn prepare(backup: &Path, fresh: &Path, key: &Key) -> Result<(), StoreError> {
    for suffix in SUFFIXES {
        files::remove(&files::beside(fresh, suffix))?;
    }
    copy(backup, fresh)?;
    // A store that was set aside, or copied after a crash, has a part of itself in its log.
    let log = files::beside(backup, "-wal");
    if log.exists() {
        copy(&log, &files::beside(fresh, "-wal"))?;
    }
    let options = SqliteConnectOptions::new().filename(fresh).busy_timeout(PATIENCE);
    let mut connection = options.connect().await?;
    let checked = check(&mut connection, backup, key).await;
    let settled = match checked {
        Ok(()) => settle(&mut connection).await,
        refused => refused,
    };
    connection.close().await?;
    settled?;
    File::open(fresh).and_then(|file| file.sync_all()).map_err(file_error("write", fresh))
}

async fn check(connection: &mut SqliteConnection, backup: &Path, key: &Key) -> Result<(), StoreError> {
    find_damage(connection).await?;
    if !is_ours(connection).await? {
        return Err(StoreError::NotOurs { path: backup.to_owned() });
    }
    refuse_newer_schema(connection).await?;
    refuse_other_key(connection, &Sealer::new(key.clone())).await
}

/// Leaves out what must not come back, and moves everything into the main file.
async fn settle(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM agendas").execute(&mut *connection).await?;
    // A backup from before the pages has none.
    let has_sessions: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'sessions')")
            .fetch_one(&mut *connection)
            .await?;
    if has_sessions {
        sqlx::query("DELETE FROM sessions").execute(&mut *connection).await?;
    }
    sqlx::query("PRAGMA journal_mode = DELETE").execute(connection).await?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let mut source = File::open(from).map_err(file_error("open", from))?;
    files::create_private(to)?;
    let mut target = OpenOptions::new().write(true).open(to).map_err(file_error("write", to))?;
    io::copy(&mut source, &mut target).map_err(file_error("copy", from))?;
    Ok(())
}

/// Sets the store that is there aside, under a name that tells the time, and gives its name to the fresh one.
async fn replace(store: &Path, fresh: &Path) -> Result<Option<PathBuf>, StoreError> {
    let mut kept = None;
    if store.exists() {
        let now = Timestamp::now().strftime("%Y%m%dT%H%M%S%3fZ");
        let aside = files::beside(store, &format!(".replaced-{now}"));
        // A second name, not another one: were the store without its own for a moment and the power lost, the next
        // start would find none and begin a new one.
        fs::hard_link(store, &aside).map_err(file_error("set aside", store))?;
        let (log, log_aside) = (files::beside(store, "-wal"), files::beside(&aside, "-wal"));
        if log.exists() {
            fs::hard_link(&log, &log_aside).map_err(file_error("set aside", &log))?;
        }
        match empty_log(store).await {
            Ok(()) => files::remove(&log_aside)?,
            // A damaged store keeps its log: somebody may get more out of the two than SQLite does. SQLite itself removes
            // what it takes for an empty log when it closes the store, hence the second name before.
            Err(error) => tracing::debug!(%error, "the store that is replaced can't be opened"),
        }
        kept = Some(aside);
    }
    for suffix in ["-wal", "-shm"] {
        files::remove(&files::beside(store, suffix))?;
    }
    // The log has to be gone for good before its store is replaced.
    files::sync_folder_of(store).map_err(file_error("write", store))?;
    fs::rename(fresh, store).map_err(file_error("replace", store))?;
    files::sync_folder_of(store).map_err(file_error("write", store))?;
    Ok(kept)
}

/// Moves what is in the log into the main file, so that the store is one file. Whatever comes of it, SQLite has let go of
/// the store afterwards: a connection that fails while it is made is closed at some later time, hence the two steps.
async fn empty_log(store: &Path) -> Result<(), sqlx::Error> {
    let mut connection = SqliteConnectOptions::new().filename(store).busy_timeout(PATIENCE).connect().await?;
    let emptied = sqlx::query("PRAGMA journal_mode = DELETE").execute(&mut connection).await;
    connection.close().await?;
    emptied.map(drop)
}
