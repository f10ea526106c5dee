//! A copy of the whole store while a service has it open.

use std::{
    fs::{self, File},
    path::Path,
    time::Duration,
};

use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use crate::{
    error::StoreError,
    files::{self, file_error},
    store::{check, check_library, find_damage, options},
};

/// Writes a copy of the store in this file, as it is at one instant, to a new file of mode 0600, whether a service has
/// the store open or not; nobody who writes is kept waiting, and nothing in the store is changed. The copy is checked
/// before it gets its name, and it is on the disk when this returns. It can be opened with the same master key, which
/// is not in it: the key needs a backup of its own.
///
/// It is read beside the service, not by it: SQLite lets several processes read while one writes
/// (<https://sqlite.org/wal.html>, "Concurrency"), so that a service that hangs can be backed up as well, and the copy
/// goes where the administrator may write, not where the service may. Therefore it is called by a process that does not
/// have the store open itself.
///
/// # Errors
/// [`StoreError::File`] when there is no store, or when the copy's file exists already: a backup never replaces an
/// earlier one. [`StoreError::Damaged`] and [`StoreError::NotOurs`] tell of the store.
pub async fn backup(store: &Path, to: &Path) -> Result<(), StoreError> {
    let store = files::resolve(store)?;
    if !store.exists() {
        return Err(file_error("open", &store)(std::io::ErrorKind::NotFound.into()));
    }
    let to = files::resolve(to)?;
    if to.exists() {
        return Err(file_error("create", &to)(std::io::ErrorKind::AlreadyExists.into()));
    }
    check_library().await?;
    check(&store).await?;
    let partial = files::beside(&to, ".partial");
    let copied = copy(&store, &partial).await;
    if copied.is_err() {
        // What is left of a failed copy is worthless and may be what fills the disk.
        let _ = fs::remove_file(&partial);
    }
    copied?;
    fs::rename(&partial, &to).map_err(file_error("name", &to))?;
    files::sync_folder_of(&to).map_err(file_error("write", &to))
}

async fn copy(store: &Path, partial: &Path) -> Result<(), StoreError> {
    let name =
        partial.to_str().ok_or_else(|| file_error("use", partial)(std::io::ErrorKind::InvalidFilename.into()))?;
    // One that a power loss has left behind.
    files::remove(partial)?;
    // SQLite takes an empty file as it is, with its mode.
    files::create_private(partial)?;
    let mut source = options(store).connect().await?;
    let vacuumed = sqlx::query("VACUUM INTO $1").bind(name).execute(&mut source).await;
    source.close().await?;
    vacuumed?;
    let options = SqliteConnectOptions::new().filename(partial).busy_timeout(Duration::ZERO).read_only(true);
    let mut copy = options.connect().await?;
    let damage = find_damage(&mut copy).await;
    copy.close().await?;
    damage?;
    // SQLite does not flush what it vacuums into.
    File::open(partial).and_then(|file| file.sync_all()).map_err(file_error("write", partial))
}
