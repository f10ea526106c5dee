//! Who is signed in. A browser holds a random token; the store holds its hash.

use jiff::{SignedDuration, Timestamp};

use crate::{
    Store,
    error::StoreError,
    people::{self, Person, PersonId},
    time,
};

/// A session that nobody uses ends after this time.
pub const SESSION_IDLE: SignedDuration = SignedDuration::from_hours(12);
/// Every session ends after this time.
pub const SESSION_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The store is told this often that a session is used, not at every request.
const SEEN_EVERY: SignedDuration = SignedDuration::from_mins(5);
/// So many sessions one person can have; the oldest give way.
const MOST_SESSIONS: i64 = 20;

/// A session token's SHA-256.
pub type TokenHash = [u8; 32];

impl Store {
    /// Begins a session.
    pub async fn begin_session(&self, person: PersonId, token: &TokenHash, now: Timestamp) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        end_old(&mut transaction, now).await?;
        sqlx::query("INSERT INTO sessions (token, person, begun, seen) VALUES ($1, $2, $3, $3)")
            .bind(&token[..])
            .bind(person.0)
            .bind(time::to_column(now))
            .execute(&mut *transaction)
            .await?;
        let crowd = sqlx::query(
            "DELETE FROM sessions WHERE token IN \
             (SELECT token FROM sessions WHERE person = $1 ORDER BY begun DESC, token LIMIT -1 OFFSET $2)",
        );
        crowd.bind(person.0).bind(MOST_SESSIONS).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Whose session this token opens; `None` if there is none, or none any more.
    pub async fn session(&self, token: &TokenHash, now: Timestamp) -> Result<Option<Person>, StoreError> {
        let query = sqlx::query_as(
            "SELECT p.id, p.name, p.role, p.language, s.begun, s.seen FROM sessions s \
             JOIN people p ON p.id = s.person WHERE s.token = $1",
        );
        let found: Option<(i64, String, String, Option<String>, i64, i64)> =
            query.bind(&token[..]).fetch_optional(self.readers()).await?;
        let Some((id, name, role, language, begun, seen)) = found else { return Ok(None) };
        let age = |column: i64| now.duration_since(time::from_column(column));
        if age(begun) >= SESSION_LIFE || age(seen) >= SESSION_IDLE {
            return Ok(None);
        }
        if age(seen) >= SEEN_EVERY {
            let mut transaction = self.begin().await?;
            let seen = sqlx::query("UPDATE sessions SET seen = $2 WHERE token = $1");
            seen.bind(&token[..]).bind(time::to_column(now)).execute(&mut *transaction).await?;
            transaction.commit().await?;
        }
        Ok(Some(people::from_row((id, name, role, language))))
    }

    /// Ends a session, if there is one.
    pub async fn end_session(&self, token: &TokenHash) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        sqlx::query("DELETE FROM sessions WHERE token = $1").bind(&token[..]).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }
}

async fn end_old(connection: &mut sqlx::SqliteConnection, now: Timestamp) -> Result<(), StoreError> {
    let before = |age: SignedDuration| time::to_column(now.saturating_sub(age).unwrap_or(Timestamp::MIN));
    let old = sqlx::query("DELETE FROM sessions WHERE begun <= $1 OR seen <= $2");
    old.bind(before(SESSION_LIFE)).bind(before(SESSION_IDLE)).execute(connection).await?;
    Ok(())
}
