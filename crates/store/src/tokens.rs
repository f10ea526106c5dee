//! Tokens of the HTTP API. A program holds a random token; the store holds its hash, so that nobody who reads the store
//! or a backup can use one.

use jiff::{SignedDuration, Timestamp};

use crate::{Store, TokenHash, error::StoreError, people::Role, time};

/// So many tokens there can be.
pub const MOST_TOKENS: i64 = 200;
/// The store is told this often that a token is used, not at every request.
const USED_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// A token's number. It is never given to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenId(i64);

impl TokenId {
    /// The number, for addresses and documents.
    pub fn number(self) -> i64 {
        self.0
    }
}

/// One token, but for what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// The number.
    pub id: TokenId,
    /// What the administrator calls it; unique but for the case of ASCII letters.
    pub name: String,
    /// What a program with it may do.
    pub role: Role,
    /// Since when there is one.
    pub made: Timestamp,
    /// The first instant at which it is not good any more; `None`: it is good until it is revoked.
    pub expires: Option<Timestamp>,
    /// When it was last shown, to within a minute.
    pub used: Option<Timestamp>,
}

impl ApiToken {
    /// Whether it is not good any more.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// A token to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApiToken<'a> {
    /// What it is called.
    pub name: &'a str,
    /// What a program with it may do.
    pub role: Role,
    /// The first instant at which it is not good any more.
    pub expires: Option<Timestamp>,
}

/// Why a token was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotMade {
    /// There is one of this name.
    NameTaken,
    /// There are [`MOST_TOKENS`].
    TooMany,
}

/// The columns of a token: id, name, role, when made, when it expires, when used last.
type Row = (i64, String, String, i64, Option<i64>, Option<i64>);

fn from_row((id, name, role, made, expires, used): Row) -> ApiToken {
    ApiToken {
        id: TokenId(id),
        name,
        // The table admits no other words; the least rights, should it ever.
        role: role.parse().unwrap_or(Role::Viewer),
        made: time::from_column(made),
        expires: expires.map(time::from_column),
        used: used.map(time::from_column),
    }
}

impl Store {
    /// All tokens, by name.
    pub async fn tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as("SELECT id, name, role, made, expires, used FROM tokens ORDER BY name")
            .fetch_all(self.readers())
            .await?;
        Ok(rows.into_iter().map(from_row).collect())
    }

    /// Keeps the hash of a new token.
    pub async fn add_token(
        &self,
        new: &NewApiToken<'_>,
        hash: &TokenHash,
        now: Timestamp,
    ) -> Result<Result<TokenId, NotMade>, StoreError> {
        let mut transaction = self.begin().await?;
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM tokens").fetch_one(&mut *transaction).await?;
        if count >= MOST_TOKENS {
            return Ok(Err(NotMade::TooMany));
        }
        let insert = sqlx::query_scalar(
            "INSERT INTO tokens (name, role, hash, made, expires) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT DO NOTHING RETURNING id",
        );
        let insert = insert.bind(new.name).bind(new.role.name()).bind(&hash[..]).bind(time::to_column(now));
        let id: Option<i64> = insert.bind(new.expires.map(time::to_column)).fetch_optional(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(id.map(TokenId).ok_or(NotMade::NameTaken))
    }

    /// The token with this hash, if it is good at this instant; its use is noted.
    pub async fn token(&self, hash: &TokenHash, now: Timestamp) -> Result<Option<ApiToken>, StoreError> {
        let query = sqlx::query_as("SELECT id, name, role, made, expires, used FROM tokens WHERE hash = $1");
        let found: Option<Row> = query.bind(&hash[..]).fetch_optional(self.readers()).await?;
        let Some(found) = found.map(from_row).filter(|token| !token.has_expired(now)) else { return Ok(None) };
        if found.used.is_none_or(|used| now.duration_since(used) >= USED_EVERY) {
            let mut transaction = self.begin().await?;
            let used = sqlx::query("UPDATE tokens SET used = $2 WHERE id = $1");
            used.bind(found.id.0).bind(time::to_column(now)).execute(&mut *transaction).await?;
            transaction.commit().await?;
        }
        Ok(Some(found))
    }

    /// Forgets a token: from this instant on nothing is done for it. The token that it was, if there was one.
    pub async fn revoke_token(&self, id: i64) -> Result<Option<ApiToken>, StoreError> {
        let mut transaction = self.begin().await?;
        let delete = sqlx::query_as("DELETE FROM tokens WHERE id = $1 RETURNING id, name, role, made, expires, used");
        let removed: Option<Row> = delete.bind(id).fetch_optional(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(removed.map(from_row))
    }
}
