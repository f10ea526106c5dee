//! The journal: what is held for each user of each instance, one document each.

use busylamp_core::ids::{AccountId, InstanceId};
use futures_util::TryStreamExt;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{SqliteConnection, error::ErrorKind};

use crate::{
    Loaded, Store,
    document::{self, Format},
    error::{StoreError, Unreadable},
    seal::{Place, Sealer},
};

impl Store {
    /// Writes the states of any number of users of any instances, all of them or none; `None` removes one.
    ///
    /// When this returns `Ok`, the states are on the disk and survive a power loss: only then may the writes leave
    /// that they speak of (7.3). After an error, or when the future is dropped, the earlier states stand, unless the
    /// failure was that of the commit itself; then either may stand.
    ///
    /// # Errors
    /// [`StoreError::UnknownInstance`] when a state belongs to an instance that is not there.
    pub async fn save_states<T: Serialize + Sync>(
        &self,
        states: &[(&InstanceId, &AccountId, Option<&T>)],
    ) -> Result<(), StoreError> {
        if states.is_empty() {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        for (instance, account, state) in states {
            match state {
                Some(state) => {
                    let document = document::write(*state, Format::Json, "state")?;
                    put(&mut transaction, self.sealer(), instance, account, &document).await?;
                }
                None => {
                    sqlx::query("DELETE FROM states WHERE instance = $1 AND account = $2")
                        .bind(instance.as_str())
                        .bind(account.as_str())
                        .execute(&mut *transaction)
                        .await?;
                }
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    /// All states of an instance. One that can't be read is reported beside the others: what it held is not known,
    /// and it is not removed.
    pub async fn load_states<T: DeserializeOwned>(
        &self,
        instance: &InstanceId,
    ) -> Result<Loaded<AccountId, T>, StoreError> {
        let mut loaded = Loaded::new();
        let mut rows = sqlx::query_as::<_, (String, Vec<u8>)>("SELECT account, sealed FROM states WHERE instance = $1")
            .bind(instance.as_str())
            .fetch(self.readers());
        while let Some((account, sealed)) = rows.try_next().await? {
            let account = AccountId::new(account);
            let state = open(self.sealer(), instance, &account, &sealed);
            loaded.add(account, state.and_then(|document| document::read(&document)));
        }
        Ok(loaded)
    }
}

/// Hands all states of one instance to another. A state that can't be read can't be moved: the whole fails.
pub(crate) async fn hand_over(
    connection: &mut SqliteConnection,
    sealer: &Sealer,
    from: &InstanceId,
    to: &InstanceId,
) -> Result<(), StoreError> {
    let rows: Vec<(String, Vec<u8>)> = sqlx::query_as("SELECT account, sealed FROM states WHERE instance = $1")
        .bind(from.as_str())
        .fetch_all(&mut *connection)
        .await?;
    for (account, sealed) in rows {
        let account = AccountId::new(account);
        let document = open(sealer, from, &account, &sealed).map_err(|why| StoreError::Unreadable {
            what: format!("the state of account {account} in instance {from}"),
            why,
        })?;
        put(connection, sealer, to, &account, &document).await?;
    }
    sqlx::query("DELETE FROM states WHERE instance = $1").bind(from.as_str()).execute(connection).await?;
    Ok(())
}

async fn put(
    connection: &mut SqliteConnection,
    sealer: &Sealer,
    instance: &InstanceId,
    account: &AccountId,
    document: &[u8],
) -> Result<(), StoreError> {
    let sealed = sealer.seal(&place(&[instance.as_str(), account.as_str()]), document)?;
    sqlx::query(
        "INSERT INTO states (instance, account, sealed) VALUES ($1, $2, $3) \
         ON CONFLICT (instance, account) DO UPDATE SET sealed = excluded.sealed",
    )
    .bind(instance.as_str())
    .bind(account.as_str())
    .bind(sealed)
    .execute(connection)
    .await
    .map_err(|error| unknown_instance(error, instance))?;
    Ok(())
}

fn open(
    sealer: &Sealer,
    instance: &InstanceId,
    account: &AccountId,
    sealed: &[u8],
) -> Result<zeroize::Zeroizing<Vec<u8>>, Unreadable> {
    sealer.open(&place(&[instance.as_str(), account.as_str()]), sealed)
}

fn place<'a>(row: &'a [&'a str]) -> Place<'a> {
    Place { table: "states", row, column: "sealed" }
}

/// A record that refers to an instance that is not there.
pub(crate) fn unknown_instance(error: sqlx::Error, instance: &InstanceId) -> StoreError {
    let refers_to_nothing =
        error.as_database_error().is_some_and(|error| error.kind() == ErrorKind::ForeignKeyViolation);
    if refers_to_nothing { StoreError::UnknownInstance(instance.clone()) } else { error.into() }
}
