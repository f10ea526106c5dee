//! What can go wrong with the store, and what the administrator can do about it.

use std::{io, path::PathBuf};

use busylamp_core::ids::InstanceId;
use sqlx::migrate::MigrateError;

/// Why the store could not be opened, read or written. No variant carries a title, a text, a secret or a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder that is to hold the store is not there.
    #[error("the folder {} does not exist", path.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The operating system refused something about a file.
    #[error("can't {doing} {}", path.display())]
    File {
        /// What was tried, as a verb: "create".
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Another process, or another part of this one, has this store open.
    #[error("the store {} is in use by another process", path.display())]
    InUse {
        /// The store.
        path: PathBuf,
    },
    /// The SQLite library that the program was linked with can damage databases.
    #[error("SQLite {found} is too old, {needed} is needed")]
    OldSqlite {
        /// Its version.
        found: String,
        /// The oldest version that will do.
        needed: &'static str,
    },
    /// The file is a database, but of another program.
    #[error("{} is a database of another program", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// A later version of the program has changed the store's structure.
    #[error(
        "the store was written by a newer version of Busylamp (structure {found}, this version knows up to {known})"
    )]
    NewerSchema {
        /// The latest structure that the store has.
        found: i64,
        /// The latest structure that the program knows.
        known: i64,
    },
    /// The structure of the store could not be brought up to date.
    #[error("the store's structure can't be brought up to date")]
    Migration(#[source] MigrateError),
    /// The store was made with another master key.
    #[error("this store was made with another key")]
    WrongKey,
    /// The file is damaged.
    #[error("the store is damaged: {detail}")]
    Damaged {
        /// What SQLite or the check found. Names of tables at most, never contents.
        detail: String,
    },
    /// The disk, or the quota, is full.
    #[error("the disk that holds the store is full")]
    DiskFull,
    /// The file or its disk can't be written.
    #[error("the store can't be written: it is read-only")]
    ReadOnly,
    /// Something else holds the database for too long.
    #[error("the store is kept busy for too long")]
    Busy,
    /// The disk reports errors.
    #[error("the disk that holds the store reports an error (SQLite code {code})")]
    Disk {
        /// SQLite's extended result code, <https://sqlite.org/rescode.html>.
        code: i32,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers")]
    NoRandomness(#[source] getrandom::Error),
    /// There is no such instance.
    #[error("there is no instance `{0}`")]
    UnknownInstance(InstanceId),
    /// There is an instance with this id already.
    #[error("there is an instance `{0}` already")]
    InstanceExists(InstanceId),
    /// The instance still holds users' values and can't be deleted.
    #[error("the instance `{0}` still holds values of users")]
    StillHeld(InstanceId),
    /// Two instances would have the same name.
    #[error("two instances have the name `{name}`")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// A single record can't be read. Where records are read in numbers, the others are still handed out: see
    /// [`Loaded`](crate::Loaded).
    #[error("{what} can't be read: {why}")]
    Unreadable {
        /// Which record.
        what: String,
        /// Why.
        why: Unreadable,
    },
    /// A value can't be written as JSON: a fault of the program.
    #[error("a {what} can't be written as JSON")]
    NotStorable {
        /// What kind of record.
        what: &'static str,
    },
    /// Anything else that SQLite refuses: a fault of the program.
    #[error("the database refuses")]
    Sql(#[source] sqlx::Error),
}

/// Why one record can't be read. The reason never quotes what stands in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It was sealed with another master key.
    #[error("it was sealed with another key")]
    OtherKey,
    /// It is not what was sealed here: damaged, moved from another row or forged.
    #[error("it is damaged")]
    Damaged,
    /// A newer version of the program wrote it.
    #[error("it has the newer format {0}")]
    NewerFormat(u8),
    /// It is whole, but has not the form that this version expects.
    #[error("it has another form than this version expects (line {line}, column {column})")]
    OtherForm {
        /// Where in the document, from 1.
        line: usize,
        /// Where in the line.
        column: usize,
    },
}

impl StoreError {
    /// What the administrator can do about it, in one or two sentences.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NoFolder { .. } => {
                "Create the folder, owned by the user that Busylamp runs as and with mode 0700, or name another one."
            }
            Self::File { .. } if self.is_disk_full() => FREE_SPACE,
            Self::File { source, .. } if source.kind() == io::ErrorKind::ReadOnlyFilesystem => MAKE_WRITABLE,
            Self::File { .. } => "Check that the user that Busylamp runs as owns the folder and the files in it.",
            Self::InUse { .. } => "Stop the other Busylamp first; a store serves one process at a time.",
            Self::OldSqlite { .. } => {
                "Use the published program, which brings its own SQLite; older ones can damage a database."
            }
            Self::NotOurs { .. } => "Name the file that Busylamp made, or one that does not exist yet.",
            Self::NewerSchema { .. } => {
                "Run the newer version again, or restore the backup that was made before the update."
            }
            Self::Migration(_) => "Restore the backup that was made before the update and report the messages.",
            Self::WrongKey => {
                "Name the key file that this store was made with. Without that key its secrets and holds are lost."
            }
            Self::Damaged { .. } => {
                "Stop Busylamp, keep a copy of the damaged files, check the disk and restore the latest backup."
            }
            Self::DiskFull => FREE_SPACE,
            Self::ReadOnly => MAKE_WRITABLE,
            Self::Busy => "End other programs that have the store open, such as a database shell or a file scanner.",
            Self::Disk { .. } => "Check the disk and the system's log. The store must not be on a network share.",
            Self::Closed => "Busylamp is stopping; nothing needs to be done.",
            Self::NoRandomness(_) => "Check that the system offers getrandom or /dev/urandom to the service.",
            Self::UnknownInstance(_) => "Check the spelling; the instance may have been deleted meanwhile.",
            Self::InstanceExists(_) => "Use another id.",
            Self::StillHeld(_) => {
                "Deactivate the instance and wait until everything is given back, or discard what it holds."
            }
            Self::NameTaken { .. } => "Give each instance a name of its own.",
            Self::Unreadable { why: Unreadable::OtherKey, .. } => "Enter the value again, or use the earlier key.",
            Self::Unreadable { why: Unreadable::NewerFormat(_), .. } => "Run the newer version again.",
            Self::Unreadable { .. } => "Enter the value again, or restore the latest backup.",
            Self::NotStorable { .. } | Self::Sql(_) => "Report this message: it is a fault of the program.",
        }
    }

    /// Whether only more space helps: nothing is damaged, and trying again later is right.
    pub fn is_disk_full(&self) -> bool {
        let full = |kind| matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        matches!(self, Self::DiskFull) || matches!(self, Self::File { source, .. } if full(source.kind()))
    }
}

const MAKE_WRITABLE: &str = "Check the file's owner and mode (0600) and whether its disk is mounted for writing.";

const FREE_SPACE: &str = "Free some space on the disk that holds the store; Busylamp goes on by itself.";

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if let Some(known) = of_database(&error) {
            return known;
        }
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::Busy;
        }
        if matches!(error, sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed) {
            return Self::Closed;
        }
        Self::Sql(error)
    }
}

/// What SQLite's result code means to the administrator, <https://sqlite.org/rescode.html>; the low byte is the
/// primary code. Messages for damage name tables and pages, never values.
fn of_database(error: &sqlx::Error) -> Option<StoreError> {
    const IOERR_SHMSIZE: i32 = 4874;
    let error = error.as_database_error()?;
    let code: i32 = error.code()?.parse().ok()?;
    Some(match code & 0xff {
        // BUSY, LOCKED
        5 | 6 => StoreError::Busy,
        // PERM, READONLY
        3 | 8 => StoreError::ReadOnly,
        // IOERR: the shared memory file can't grow only when there is no space.
        10 if code == IOERR_SHMSIZE => StoreError::DiskFull,
        // IOERR, CANTOPEN
        10 | 14 => StoreError::Disk { code },
        // CORRUPT, NOTADB
        11 | 26 => StoreError::Damaged { detail: error.message().to_owned() },
        // FULL
        13 => StoreError::DiskFull,
        _ => return None,
    })
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        // A full or failing disk is no fault of the migration.
        if let MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) = &error
            && let Some(known) = of_database(cause)
        {
            return known;
        }
        Self::Migration(error)
    }
}
