//! Passwords, keys and tokens, each under a name that the configuration refers to.

use busylamp_core::secret::Secret;
use sqlx::SqliteConnection;

use crate::{
    Store,
    error::{StoreError, Unreadable},
    seal::{Place, Sealer},
};

impl Store {
    /// Keeps a secret under a name, in place of an earlier one.
    pub async fn put_secret(&self, name: &str, secret: &Secret) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        put(&mut transaction, self.sealer(), name, secret).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The secret of this name; `None` if there is none.
    pub async fn secret(&self, name: &str) -> Result<Option<Secret>, StoreError> {
        let sealed: Option<Vec<u8>> = sqlx::query_scalar("SELECT sealed FROM secrets WHERE name = $1")
            .bind(name)
            .fetch_optional(self.readers())
            .await?;
        let Some(sealed) = sealed else { return Ok(None) };
        let unreadable = |why| StoreError::Unreadable { what: format!("the secret `{name}`"), why };
        let plain = self.sealer().open(&place(&[name]), &sealed).map_err(unreadable)?;
        let text = std::str::from_utf8(&plain).map_err(|_| unreadable(Unreadable::Damaged))?;
        Ok(Some(Secret::new(text)))
    }

    /// The names of all secrets, in order.
    pub async fn secret_names(&self) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar("SELECT name FROM secrets ORDER BY name").fetch_all(self.readers()).await?)
    }

    /// Removes a secret; whether there was one.
    pub async fn delete_secret(&self, name: &str) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let deleted = delete(&mut transaction, name).await?;
        transaction.commit().await?;
        Ok(deleted)
    }
}

pub(crate) async fn put(
    connection: &mut SqliteConnection,
    sealer: &Sealer,
    name: &str,
    secret: &Secret,
) -> Result<(), StoreError> {
    let sealed = sealer.seal(&place(&[name]), secret.expose().as_bytes())?;
    sqlx::query(
        "INSERT INTO secrets (name, sealed) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed",
    )
    .bind(name)
    .bind(sealed)
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn delete(connection: &mut SqliteConnection, name: &str) -> Result<bool, StoreError> {
    let result = sqlx::query("DELETE FROM secrets WHERE name = $1").bind(name).execute(connection).await?;
    Ok(result.rows_affected() > 0)
}

fn place<'a>(row: &'a [&'a str]) -> Place<'a> {
    Place { table: "secrets", row, column: "sealed" }
}
