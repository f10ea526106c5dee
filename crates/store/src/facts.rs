//! Small things to remember about an instance or the whole program, such as the text length that an instance has
//! learned (6.9). They stand in the open: no titles, texts or secrets.

use busylamp_core::ids::InstanceId;
use serde::{Serialize, de::DeserializeOwned};

use crate::{Store, document, error::StoreError};

/// What a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope<'a> {
    /// The whole program.
    Program,
    /// One instance; deleted with it.
    Instance(&'a InstanceId),
}

impl Scope<'_> {
    fn column(&self) -> &str {
        match self {
            Self::Program => "",
            Self::Instance(id) => id.as_str(),
        }
    }
}

impl Store {
    /// Remembers a fact, in place of an earlier one of this name.
    pub async fn put_fact<T: Serialize + Sync + ?Sized>(
        &self,
        scope: Scope<'_>,
        name: &'static str,
        value: &T,
    ) -> Result<(), StoreError> {
        let value = serde_json::to_string(value).map_err(|_| StoreError::NotStorable { what: "fact" })?;
        let mut transaction = self.begin().await?;
        sqlx::query(
            "INSERT INTO facts (scope, name, value) VALUES ($1, $2, $3) \
             ON CONFLICT (scope, name) DO UPDATE SET value = excluded.value",
        )
        .bind(scope.column())
        .bind(name)
        .bind(value)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The fact of this name; `None` if it was never learned.
    pub async fn fact<T: DeserializeOwned>(
        &self,
        scope: Scope<'_>,
        name: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let value: Option<String> = sqlx::query_scalar("SELECT value FROM facts WHERE scope = $1 AND name = $2")
            .bind(scope.column())
            .bind(name)
            .fetch_optional(self.readers())
            .await?;
        let read = |value: String| {
            serde_json::from_str(&value).map_err(|error| StoreError::Unreadable {
                what: format!("the fact `{name}`"),
                why: document::other_form(error),
            })
        };
        value.map(read).transpose()
    }

    /// Forgets a fact; whether there was one.
    pub async fn delete_fact(&self, scope: Scope<'_>, name: &'static str) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let result = sqlx::query("DELETE FROM facts WHERE scope = $1 AND name = $2")
            .bind(scope.column())
            .bind(name)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(result.rows_affected() > 0)
    }
}
