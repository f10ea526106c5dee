//! The store as a whole: opened with all checks, closed in order.

use std::{fmt, path::Path, sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions, Connection, Sqlite, SqliteConnection, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{
    error::StoreError,
    files::{self, Lock},
    key::Key,
    migrations,
    seal::Sealer,
};

/// "BSLP", see the first migration.
const APPLICATION_ID: i64 = 1_112_755_280;

/// Up to 3.51.2 a database in WAL mode can be damaged when two connections write and checkpoint at the same moment
/// (<https://sqlite.org/wal.html>, "WAL-reset bug").
const OLDEST_SQLITE: &str = "3.51.3";

const READERS: u32 = 4;
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// All that outlives the process. Clones are handles of the same store.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    writer: SqlitePool,
    readers: SqlitePool,
    sealer: Sealer,
    lock: Lock,
}

impl Store {
    /// Opens the store in this file, or creates it. The folder must exist.
    ///
    /// Refused are: a store that another process has open, a damaged one, one that a newer version of the program
    /// has written, one that was made with another key, and a database of another program. Nothing in them is
    /// changed.
    pub async fn open(path: &Path, key: &Key) -> Result<Self, StoreError> {
        let path = files::resolve(path)?;
        check_library().await?;
        let lock = files::lock(&path)?;
        files::create_private(&path)?;
        for suffix in ["-wal", "-shm"] {
            files::make_private(&files::beside(&path, suffix))?;
        }
        let sealer = Sealer::new(key.clone());

        check(&path).await?;
        let writer = pool(1).connect_with(options(&path)).await?;
        let prepared = prepare(&writer, &sealer).await;
        if let Err(error) = prepared {
            writer.close().await;
            return Err(error);
        }
        // A connection that can't write by accident: what goes past the one writer would have to wait for it.
        let readers = pool(READERS).connect_with(options(&path).pragma("query_only", "ON")).await?;
        Ok(Self { inner: Arc::new(Inner { writer, readers, sealer, lock }) })
    }

    /// Waits for what is under way, moves everything into the main file and closes it. Later calls on any clone
    /// give [`StoreError::Closed`], and the store can be opened anew. Without this nothing is lost, only the next start takes a little longer.
    pub async fn close(&self) {
        self.inner.readers.close().await;
        self.inner.writer.close().await;
        self.inner.lock.release();
    }

    /// A transaction on the one connection that writes.
    ///
    /// It begins as IMMEDIATE: a transaction that begins by reading and then wants to write fails at once, without
    /// the patience of `busy_timeout`, if anything was written in between (<https://sqlite.org/lang_transaction.html>).
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.inner.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    pub(crate) fn readers(&self) -> &SqlitePool {
        &self.inner.readers
    }

    pub(crate) fn sealer(&self) -> &Sealer {
        &self.inner.sealer
    }

    #[cfg(test)]
    pub(crate) fn writer(&self) -> &SqlitePool {
        &self.inner.writer
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

pub(crate) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        // The journal's promise (7.3) is that a hold is on the disk before its write leaves. With NORMAL, the usual
        // choice with WAL, a commit is in the log file but not flushed to the disk: after a power loss the last
        // commits are missing, and with them the user's own values. FULL flushes the log at every commit.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(PATIENCE)
        .foreign_keys(true)
        // After a burst the log file is cut back to this, so that it does not keep the largest size it ever had.
        .pragma("journal_size_limit", "16777216")
}

/// Connections are kept for good: closing the last one would move the log into the main file each time.
///
/// The exception are those that count a transaction that is not there: on a full disk SQLite takes a transaction back
/// by itself (<https://sqlite.org/lang_transaction.html>, "Response To Errors Within A Transaction"), the ROLLBACK that
/// follows fails, and sqlx goes on to count the transaction as open and refuses every later one. Such a connection
/// is replaced. The ping waits until a rollback that is under way is done.
fn pool(size: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(size)
        .acquire_timeout(PATIENCE * 3)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(true)
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
}

/// The library is asked in memory, before the file is touched.
pub(crate) async fn check_library() -> Result<(), StoreError> {
    let mut memory = SqliteConnectOptions::new().in_memory(true).connect().await?;
    let found: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut memory).await?;
    memory.close().await?;
    if is_too_old(&found) { Err(StoreError::OldSqlite { found, needed: OLDEST_SQLITE }) } else { Ok(()) }
}

fn is_too_old(version: &str) -> bool {
    let numbers = |version: &str| version.split('.').map(|part| part.parse::<u32>().unwrap_or(0)).collect::<Vec<_>>();
    numbers(version) < numbers(OLDEST_SQLITE)
}

/// Looks at an existing file before anything in it is changed: whether it is whole, and ours.
pub(crate) async fn check(path: &Path) -> Result<(), StoreError> {
    // Neither the journal mode is set here: that would already write to a database of another program.
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(PATIENCE).pragma("query_only", "ON");
    let mut connection = options.connect().await?;
    let checked = check_contents(path, &mut connection).await;
    connection.close().await?;
    checked
}

async fn check_contents(path: &Path, connection: &mut SqliteConnection) -> Result<(), StoreError> {
    find_damage(connection).await?;
    if is_ours(connection).await? {
        return Ok(());
    }
    let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE '%sqlx_migrations%'")
        .fetch_one(&mut *connection)
        .await?;
    // An empty database is a new one, also when the very first start was cut off.
    if application != 0 || tables > 0 {
        return Err(StoreError::NotOurs { path: path.to_owned() });
    }
    Ok(())
}

/// Whether it is a store, not an empty database or that of another program.
pub(crate) async fn is_ours(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
    let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(connection).await?;
    Ok(application == APPLICATION_ID)
}

/// Reads every page. The full check would also compare each index with its table; that takes much longer and finds
/// what only a fault of SQLite itself can cause.
pub(crate) async fn find_damage(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let found: Vec<String> = sqlx::query_scalar("PRAGMA quick_check(3)").fetch_all(connection).await?;
    if found.iter().map(String::as_str).eq(["ok"]) {
        return Ok(());
    }
    Err(StoreError::Damaged { detail: found.join("; ") })
}

async fn prepare(writer: &SqlitePool, sealer: &Sealer) -> Result<(), StoreError> {
    refuse_newer_schema(&mut *writer.acquire().await?).await?;
    migrations::all().run(writer).await?;
    check_key(writer, sealer).await
}

pub(crate) async fn refuse_newer_schema(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let has_migrations: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations')")
            .fetch_one(&mut *connection)
            .await?;
    if !has_migrations {
        return Ok(());
    }
    let found: Option<i64> =
        sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(connection).await?;
    match found {
        Some(found) if found > migrations::NEWEST => Err(StoreError::NewerSchema { found, known: migrations::NEWEST }),
        _ => Ok(()),
    }
}

/// A new store belongs to the key that it is opened with first.
async fn check_key(writer: &SqlitePool, sealer: &Sealer) -> Result<(), StoreError> {
    let id = sealer.key_id();
    sqlx::query("INSERT INTO store (only, key_id, activations) VALUES (1, $1, 0) ON CONFLICT DO NOTHING")
        .bind(id.as_bytes())
        .execute(writer)
        .await?;
    refuse_other_key(&mut *writer.acquire().await?, sealer).await
}

pub(crate) async fn refuse_other_key(connection: &mut SqliteConnection, sealer: &Sealer) -> Result<(), StoreError> {
    let found: Vec<u8> = sqlx::query_scalar("SELECT key_id FROM store").fetch_one(connection).await?;
    if found == sealer.key_id().as_bytes() { Ok(()) } else { Err(StoreError::WrongKey) }
}

#[cfg(test)]
mod tests {
    use busylamp_core::ids::{AccountId, InstanceId};

    use super::*;
    use crate::InstanceDocument;

    async fn store(folder: &Path) -> Store {
        let store = Store::open(&folder.join("busylamp.db"), &Key::random().unwrap()).await.unwrap();
        let document = InstanceDocument {
            id: "zentrale".into(),
            name: "Zentrale".into(),
            description: String::new(),
            configuration: serde_json::Value::Null,
        };
        store.put_instance(document).await.unwrap();
        store
    }

    async fn save(store: &Store, account: u32, length: usize) -> Result<(), StoreError> {
        let account = AccountId::new(account.to_string());
        store.save_states(&[(&InstanceId::new("zentrale"), &account, Some(&"x".repeat(length)))]).await
    }

    async fn pragma(pool: &SqlitePool, text: &'static str) -> i64 {
        sqlx::query_scalar(text).fetch_one(pool).await.unwrap()
    }

    #[tokio::test]
    async fn commits_are_flushed_to_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path()).await;
        assert_eq!(pragma(store.writer(), "PRAGMA synchronous").await, 2, "FULL");
        assert_eq!(pragma(store.writer(), "PRAGMA foreign_keys").await, 1);
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(store.writer()).await.unwrap();
        assert_eq!(mode, "wal");
    }

    #[tokio::test]
    async fn readers_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path()).await;
        let refused = sqlx::query("DELETE FROM instances").execute(store.readers()).await.unwrap_err();
        assert!(matches!(StoreError::from(refused), StoreError::ReadOnly));
    }

    #[tokio::test]
    async fn a_full_disk_is_told_and_passes() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path()).await;
        save(&store, 1, 10).await.unwrap();
        for _ in 0..3 {
            // It holds for one connection, and a connection that met a full disk is replaced.
            pragma(store.writer(), "PRAGMA max_page_count = 1").await;
            let refused = save(&store, 2, 100_000).await.unwrap_err();
            assert!(matches!(refused, StoreError::DiskFull), "{refused:?}");
            assert!(refused.is_disk_full());
        }
        save(&store, 2, 100_000).await.unwrap();
        let loaded = store.load_states::<String>(&"zentrale".into()).await.unwrap();
        assert_eq!(loaded.found.len(), 2);
    }

    #[tokio::test]
    async fn a_database_that_somebody_else_writes_to_is_busy_until_they_are_done() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path()).await;
        let mut other = options(&folder.path().join("busylamp.db")).connect().await.unwrap();
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
        pragma(store.writer(), "PRAGMA busy_timeout = 0").await;
        assert!(matches!(save(&store, 1, 10).await, Err(StoreError::Busy)));
        sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
        save(&store, 1, 10).await.unwrap();
    }

    #[test]
    fn no_space_for_a_file_is_a_full_disk_as_well() {
        let full = StoreError::File {
            doing: "create",
            path: "busylamp.db".into(),
            source: std::io::ErrorKind::StorageFull.into(),
        };
        assert!(full.is_disk_full());
        assert!(full.advice().contains("space"));
        assert!(!StoreError::Busy.is_disk_full());
    }

    #[test]
    fn versions_of_sqlite_are_compared_by_number() {
        for old in ["3.51.2", "3.9.0", "3.50.12", "2.99.99", "rubbish"] {
            assert!(is_too_old(old), "{old}");
        }
        for good in ["3.51.3", "3.51.10", "3.100.0", "4.0.0"] {
            assert!(!is_too_old(good), "{good}");
        }
    }
}
