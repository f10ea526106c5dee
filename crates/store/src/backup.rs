//! A copy of the whole store while it is running.

use std::{
    fs::{self, File},
    path::Path,
    time::Duration,
};

use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use crate::{
    Store,
    error::StoreError,
    files::{self, file_error},
    store::find_damage,
};

impl Store {
    /// Writes a copy of the store, as it is at one instant, to a new file of mode 0600; writers are not kept waiting.
    /// The copy is checked before it gets its name, and it is on the disk when this returns. It can be opened with
    /// the same master key, which is not in it: the key needs a backup of its own.
    ///
    /// # Errors
    /// [`StoreError::File`] when the file exists already, since a backup never replaces an earlier one.
    pub async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let to = files::resolve(to)?;
        if to.exists() {
            return Err(file_error("create", &to)(std::io::ErrorKind::AlreadyExists.into()));
        }
        let partial = files::beside(&to, ".partial");
        let copied = self.copy_to(&partial).await;
        if copied.is_err() {
            // What is left of a failed copy is worthless and may be what fills the disk.
            let _ = fs::remove_file(&partial);
        }
        copied?;
        fs::rename(&partial, &to).map_err(file_error("name", &to))?;
        files::sync_folder_of(&to).map_err(file_error("write", &to))
    }

    async fn copy_to(&self, partial: &Path) -> Result<(), StoreError> {
        let name =
            partial.to_str().ok_or_else(|| file_error("use", partial)(std::io::ErrorKind::InvalidFilename.into()))?;
        // One that a power loss has left behind.
        match fs::remove_file(partial) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(file_error("replace", partial)(error));
            }
            _ => {}
        }
        // SQLite takes an empty file as it is, with its mode.
        files::create_private(partial)?;
        let mut source = self.connect().await?;
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
}
