//! What the store asks of the file system: files that only their owner can read, that last, and that one process
//! at a time uses.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::{error::StoreError, key::permission_bits};

/// The path with its folder resolved, so that it means the same from everywhere and never looks like an URI to
/// SQLite.
pub(crate) fn resolve(path: &Path) -> Result<PathBuf, StoreError> {
    let folder = folder_of(path);
    if !folder.is_dir() {
        return Err(StoreError::NoFolder { path: folder.to_owned() });
    }
    let Some(name) = path.file_name() else {
        return Err(file_error("use", path)(io::ErrorKind::IsADirectory.into()));
    };
    Ok(folder.canonicalize().map_err(file_error("examine", folder))?.join(name))
}

/// The path with something appended to its name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Creates an empty file of mode 0600 if there is none; one that others can read is closed to them.
///
/// This must not run while SQLite has the file open: closing any descriptor of a file drops all POSIX locks that
/// the process has on it (<https://sqlite.org/howtocorrupt.html>, 2.2).
pub(crate) fn create_private(path: &Path) -> Result<(), StoreError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => sync_folder_of(path).map_err(file_error("create", path)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => make_private(path),
        Err(error) => Err(file_error("create", path)(error)),
    }
}

/// Takes away what others may do with the file. A missing file is private enough.
pub(crate) fn make_private(path: &Path) -> Result<(), StoreError> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(file_error("examine", path)(error)),
    };
    if !metadata.is_file() {
        return Err(file_error("use", path)(io::ErrorKind::IsADirectory.into()));
    }
    let mode = permission_bits(&metadata.permissions());
    if mode & 0o077 == 0 {
        return Ok(());
    }
    tracing::warn!(path = %path.display(), mode = %format_args!("{mode:04o}"), "others could read the store; its mode is now 0600");
    fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(file_error("change the mode of", path))
}

/// Removes a file; one that is not there need not be removed.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(file_error("remove", path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The right to use a store, given back when it is dropped or when the process ends, however it ends.
pub(crate) struct Lock(File);

impl Lock {
    /// Gives the lock back. Closing the file would not do: while another thread starts a process, that process has
    /// the file open as well for a moment, and the lock with it.
    pub(crate) fn release(&self) {
        // There is nothing to be done if this fails, and the end of the process makes up for it.
        let _ = self.0.unlock();
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.release();
    }
}

/// Makes sure that one opener at a time uses the store. The file beside the store stays; its existence means nothing.
pub(crate) fn lock(store: &Path) -> Result<Lock, StoreError> {
    let path = beside(store, ".lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(file_error("create", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: store.to_owned() }),
        Err(TryLockError::Error(error)) => Err(file_error("lock", &path)(error)),
    }
}

/// Makes the creation or renaming of a file survive a power loss.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

pub(crate) fn file_error(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::File { doing, path, source }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
