//! Who changed what. Values are not kept, only which thing was changed: no secret and no text can get in here.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::{Store, error::StoreError, time};

/// The most entries that one question gives.
pub const AUDIT_LIMIT: u32 = 1_000;
/// The trail keeps this many entries; the oldest give way.
const AUDIT_KEPT: i64 = 100_000;

/// One thing that somebody did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// When; kept in whole microseconds.
    pub at: Timestamp,
    /// Who: the name at that time.
    pub person: String,
    /// What: a code of the program, such as `instance_changed`.
    pub action: Action,
    /// To what: the name of an instance, a person or a setting.
    pub object: String,
}

/// What was done: a code of the program. That it can only be made of a literal keeps what people typed out of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Action(Cow<'static, str>);

impl Action {
    /// The action with this code.
    pub const fn new(code: &'static str) -> Self {
        Self(Cow::Borrowed(code))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Store {
    /// Adds an entry to the trail.
    pub async fn audit(&self, entry: &Audited) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query("INSERT INTO audit (at, person, action, object) VALUES ($1, $2, $3, $4)")
            .bind(time::to_column(entry.at))
            .bind(&entry.person)
            .bind(entry.action.as_str())
            .bind(&entry.object)
            .execute(&mut *transaction)
            .await?;
        let crowd = sqlx::query("DELETE FROM audit WHERE number <= (SELECT max(number) FROM audit) - $1");
        crowd.bind(AUDIT_KEPT).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The latest entries, the newest first; at most [`AUDIT_LIMIT`].
    pub async fn audit_trail(&self, most: u32) -> Result<Vec<Audited>, StoreError> {
        let numbered = self.audit_trail_before(None, most).await?;
        Ok(numbered.into_iter().map(|(_, entry)| entry).collect())
    }

    /// The entries before the one of this number, with their numbers, the newest first; at most [`AUDIT_LIMIT`].
    pub async fn audit_trail_before(&self, number: Option<i64>, most: u32) -> Result<Vec<(i64, Audited)>, StoreError> {
        let rows: Vec<(i64, i64, String, String, String)> = sqlx::query_as(
            "SELECT number, at, person, action, object FROM audit WHERE number < $1 ORDER BY number DESC LIMIT $2",
        )
        .bind(number.unwrap_or(i64::MAX))
        .bind(most.min(AUDIT_LIMIT))
        .fetch_all(self.readers())
        .await?;
        let entry = |(number, at, person, action, object)| {
            (number, Audited { at: time::from_column(at), person, action: Action(Cow::Owned(action)), object })
        };
        Ok(rows.into_iter().map(entry).collect())
    }
}
