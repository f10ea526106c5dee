//! The people who use the pages: names, roles and password hashes. Passwords themselves never come here.

use std::{fmt, str::FromStr};

use busylamp_core::language::Language;
use sqlx::SqliteConnection;

use crate::{Store, error::StoreError};

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// See what there is to see.
    Viewer,
    /// See and change everything, people included.
    Administrator,
}

impl Role {
    /// The role in our own formats.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Administrator => "administrator",
        }
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, UnknownRole> {
        [Self::Viewer, Self::Administrator].into_iter().find(|role| role.name() == name).ok_or(UnknownRole)
    }
}

/// Not the name of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected administrator or viewer")]
pub struct UnknownRole;

/// A person's number. It is never given to anybody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PersonId(pub(crate) i64);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The number.
    pub id: PersonId,
    /// The name to sign in with; two names that differ in the case of ASCII letters only are the same.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// The language that was chosen; `None`: as the browser prefers.
    pub language: Option<Language>,
}

/// A password's hash as a PHC string. It isn't shown: it can be attacked at leisure.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes a PHC string in.
    pub fn new(phc: impl Into<String>) -> Self {
        Self(phc.into())
    }

    /// The PHC string, for the one place that compares.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// What becomes of a change to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is done.
    Done,
    /// There is no such person.
    Unknown,
    /// Nobody would be left who may change anything.
    LastAdministrator,
}

/// The columns of a person: id, name, role, language.
pub(crate) type Row = (i64, String, String, Option<String>);

pub(crate) fn from_row((id, name, role, language): Row) -> Person {
    Person {
        id: PersonId(id),
        name,
        // The table admits no other words; the least rights, should it ever.
        role: role.parse().unwrap_or(Role::Viewer),
        language: language.and_then(|code| match code.as_str() {
            "de" => Some(Language::German),
            "en" => Some(Language::English),
            _ => None,
        }),
    }
}

impl Store {
    /// Everybody, by name.
    pub async fn people(&self) -> Result<Vec<Person>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as("SELECT id, name, role, language FROM people ORDER BY name")
            .fetch_all(self.readers())
            .await?;
        Ok(rows.into_iter().map(from_row).collect())
    }

    /// Whether there is an administrator: whether the program has been set up.
    pub async fn has_administrator(&self) -> Result<bool, StoreError> {
        let found = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM people WHERE role = 'administrator')");
        Ok(found.fetch_one(self.readers()).await?)
    }

    /// The person of this name, with the hash of the password.
    pub async fn person(&self, name: &str) -> Result<Option<(Person, PasswordHash)>, StoreError> {
        let found: Option<(i64, String, String, Option<String>, String)> =
            sqlx::query_as("SELECT id, name, role, language, password FROM people WHERE name = $1")
                .bind(name)
                .fetch_optional(self.readers())
                .await?;
        Ok(found
            .map(|(id, name, role, language, password)| (from_row((id, name, role, language)), PasswordHash(password))))
    }

    /// Adds somebody; `None` if the name is taken.
    pub async fn add_person(
        &self,
        name: &str,
        role: Role,
        password: &PasswordHash,
    ) -> Result<Option<PersonId>, StoreError> {
        let mut transaction = self.begin().await?;
        let id = insert(&mut transaction, name, role, password).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Adds the first administrator; `None` if there is one already, so that a set-up address works once.
    pub async fn add_first_administrator(
        &self,
        name: &str,
        password: &PasswordHash,
    ) -> Result<Option<PersonId>, StoreError> {
        let mut transaction = self.begin().await?;
        if administrators(&mut transaction).await? > 0 {
            return Ok(None);
        }
        let id = insert(&mut transaction, name, Role::Administrator, password).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// Gives somebody another password and ends all of that person's sessions.
    pub async fn set_password(&self, person: PersonId, password: &PasswordHash) -> Result<Changed, StoreError> {
        let mut transaction = self.begin().await?;
        let update = sqlx::query("UPDATE people SET password = $2 WHERE id = $1").bind(person.0);
        let update = update.bind(password.expose()).execute(&mut *transaction).await?;
        sqlx::query("DELETE FROM sessions WHERE person = $1").bind(person.0).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(if update.rows_affected() > 0 { Changed::Done } else { Changed::Unknown })
    }

    /// Gives somebody another role.
    pub async fn set_role(&self, person: PersonId, role: Role) -> Result<Changed, StoreError> {
        let mut transaction = self.begin().await?;
        let update = sqlx::query("UPDATE people SET role = $2 WHERE id = $1").bind(person.0);
        let update = update.bind(role.name()).execute(&mut *transaction).await?;
        if update.rows_affected() == 0 {
            return Ok(Changed::Unknown);
        }
        if administrators(&mut transaction).await? == 0 {
            return Ok(Changed::LastAdministrator);
        }
        transaction.commit().await?;
        Ok(Changed::Done)
    }

    /// Chooses the language in which somebody reads the pages; `None`: as the browser prefers.
    pub async fn set_language(&self, person: PersonId, language: Option<Language>) -> Result<Changed, StoreError> {
        let mut transaction = self.begin().await?;
        let update = sqlx::query("UPDATE people SET language = $2 WHERE id = $1").bind(person.0);
        let language = language.map(|language| language.pick("de", "en"));
        let update = update.bind(language).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(if update.rows_affected() > 0 { Changed::Done } else { Changed::Unknown })
    }

    /// Removes somebody, sessions included.
    pub async fn remove_person(&self, person: PersonId) -> Result<Changed, StoreError> {
        let mut transaction = self.begin().await?;
        let removed = sqlx::query("DELETE FROM people WHERE id = $1").bind(person.0).execute(&mut *transaction).await?;
        if removed.rows_affected() == 0 {
            return Ok(Changed::Unknown);
        }
        if administrators(&mut transaction).await? == 0 {
            return Ok(Changed::LastAdministrator);
        }
        transaction.commit().await?;
        Ok(Changed::Done)
    }
}

async fn insert(
    connection: &mut SqliteConnection,
    name: &str,
    role: Role,
    password: &PasswordHash,
) -> Result<Option<PersonId>, StoreError> {
    let insert = sqlx::query_scalar(
        "INSERT INTO people (name, role, password) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id",
    );
    let insert = insert.bind(name).bind(role.name()).bind(password.expose());
    let id: Option<i64> = insert.fetch_optional(connection).await?;
    Ok(id.map(PersonId))
}

async fn administrators(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar("SELECT count(*) FROM people WHERE role = 'administrator'");
    Ok(count.fetch_one(connection).await?)
}
