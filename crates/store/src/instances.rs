//! Configuration: one document per instance, and where each instance is in its life.
//!
//! The documents are opaque here and stand in the open; secrets are referred to by name and kept apart.

use std::fmt;

use busylamp_core::{ids::InstanceId, secret::Secret};
use serde::Serialize;
use sqlx::{SqliteConnection, error::ErrorKind};

use crate::{
    Store,
    error::{StoreError, Unreadable},
    secrets, states,
};

/// Where an instance is in its life (7.1, 7.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It acts.
    Active,
    /// Deactivated; it still gives back what it holds, and is inactive afterwards.
    Closing,
    /// It does nothing.
    Inactive,
    /// Deleted or moved away; it still gives back what it holds, and is deleted afterwards. Its name is free.
    Removing,
}

impl Phase {
    const ALL: [Self; 4] = [Self::Active, Self::Closing, Self::Inactive, Self::Removing];

    fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Closing => "closing",
            Self::Inactive => "inactive",
            Self::Removing => "removing",
        }
    }
}

/// What the administrator has configured. `configuration` is whatever the service makes of it, without secrets.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceDocument {
    /// Stays the same for good.
    pub id: InstanceId,
    /// As the administrator calls it; no two instances share it.
    pub name: String,
    /// As the administrator describes it.
    pub description: String,
    /// Connections, policy and all the rest.
    pub configuration: serde_json::Value,
}

/// An instance as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredInstance {
    /// The configuration.
    pub document: InstanceDocument,
    /// Where it is in its life.
    pub phase: Phase,
    /// Grows with every activation: of two instances with one account the smaller number owns it (8.6). It is kept
    /// while the instance closes, and `None` while it is inactive.
    pub activation: Option<u64>,
}

/// One step of a change of configuration.
#[derive(Clone)]
pub enum Change {
    /// Adds an instance, inactive, or replaces the document of the one with this id.
    Put(InstanceDocument),
    /// Moves an instance through its life. Becoming active from any other phase assigns the next activation number;
    /// becoming what it is already changes nothing.
    SetPhase(InstanceId, Phase),
    /// The instance moves to another telephone system, group or service account (7.7): what it holds, with its
    /// document and activation number as they are, becomes a new instance in phase *removing*, and the instance goes
    /// on without holds and, if it has one, with a new activation number. Followed by [`Change::Put`]. The old
    /// document must go on finding its secrets: the new one's belong under other names.
    Retire {
        /// The one that moves.
        instance: InstanceId,
        /// The id under which its old self gives back.
        closing_as: InstanceId,
    },
    /// Deletes an instance with its agendas and facts. Its history stays until it is pruned. Refused with
    /// [`StoreError::StillHeld`] while there is any state: removing the states first is the way to discard them.
    Delete(InstanceId),
    /// Keeps a secret.
    PutSecret(String, Secret),
    /// Removes a secret, if it is there.
    DeleteSecret(String),
}

impl Store {
    /// Carries out all steps in order, or none, and gives the instances as they are then, in order of id.
    ///
    /// # Errors
    /// [`StoreError::UnknownInstance`], [`StoreError::InstanceExists`], [`StoreError::StillHeld`],
    /// [`StoreError::NameTaken`] (judged after the last step, so that two instances may swap names).
    pub async fn apply(&self, changes: &[Change]) -> Result<Vec<StoredInstance>, StoreError> {
        let mut transaction = self.begin().await?;
        for change in changes {
            self.carry_out(&mut transaction, change).await?;
        }
        refuse_equal_names(&mut transaction).await?;
        let instances = read_all(&mut transaction).await?;
        transaction.commit().await?;
        Ok(instances)
    }

    /// [`Change::Put`] alone.
    pub async fn put_instance(&self, document: InstanceDocument) -> Result<(), StoreError> {
        self.apply(&[Change::Put(document)]).await.map(drop)
    }

    /// [`Change::SetPhase`] alone.
    pub async fn set_phase(&self, id: &InstanceId, phase: Phase) -> Result<(), StoreError> {
        self.apply(&[Change::SetPhase(id.clone(), phase)]).await.map(drop)
    }

    /// [`Change::Delete`] alone.
    pub async fn delete_instance(&self, id: &InstanceId) -> Result<(), StoreError> {
        self.apply(&[Change::Delete(id.clone())]).await.map(drop)
    }

    /// All instances, in order of id.
    pub async fn instances(&self) -> Result<Vec<StoredInstance>, StoreError> {
        let mut connection = self.readers().acquire().await?;
        read_all(&mut connection).await
    }

    async fn carry_out(&self, connection: &mut SqliteConnection, change: &Change) -> Result<(), StoreError> {
        match change {
            Change::Put(document) => put(connection, document).await,
            Change::SetPhase(id, phase) => set_phase(connection, id, *phase).await,
            Change::Retire { instance, closing_as } => {
                split_off(connection, instance, closing_as).await?;
                states::hand_over(connection, self.sealer(), instance, closing_as).await
            }
            Change::Delete(id) => delete(connection, id).await,
            Change::PutSecret(name, secret) => secrets::put(connection, self.sealer(), name, secret).await,
            Change::DeleteSecret(name) => secrets::delete(connection, name).await.map(drop),
        }
    }
}

async fn put(connection: &mut SqliteConnection, document: &InstanceDocument) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO instances (id, name, description, configuration, phase) VALUES ($1, $2, $3, $4, 'inactive') \
         ON CONFLICT (id) DO UPDATE \
         SET name = excluded.name, description = excluded.description, configuration = excluded.configuration",
    )
    .bind(document.id.as_str())
    .bind(&document.name)
    .bind(&document.description)
    .bind(document.configuration.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

async fn set_phase(connection: &mut SqliteConnection, id: &InstanceId, phase: Phase) -> Result<(), StoreError> {
    let before: Option<String> = sqlx::query_scalar("SELECT phase FROM instances WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    let before = before.ok_or_else(|| StoreError::UnknownInstance(id.clone()))?;
    if before == phase.name() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE instances SET phase = $2, activation = CASE $2 WHEN 'inactive' THEN NULL ELSE activation END \
         WHERE id = $1",
    )
    .bind(id.as_str())
    .bind(phase.name())
    .execute(&mut *connection)
    .await?;
    if phase == Phase::Active { assign_activation(connection, id).await } else { Ok(()) }
}

async fn assign_activation(connection: &mut SqliteConnection, id: &InstanceId) -> Result<(), StoreError> {
    let number: i64 = sqlx::query_scalar("UPDATE store SET activations = activations + 1 RETURNING activations")
        .fetch_one(&mut *connection)
        .await?;
    sqlx::query("UPDATE instances SET activation = $2 WHERE id = $1")
        .bind(id.as_str())
        .bind(number)
        .execute(connection)
        .await?;
    Ok(())
}

/// Copies an instance's row to a new one that is removing, which keeps the activation number.
async fn split_off(
    connection: &mut SqliteConnection,
    id: &InstanceId,
    closing_as: &InstanceId,
) -> Result<(), StoreError> {
    let activation: Option<i64> = sqlx::query_scalar("SELECT activation FROM instances WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(&mut *connection)
        .await?
        .ok_or_else(|| StoreError::UnknownInstance(id.clone()))?;
    if activation.is_some() {
        assign_activation(connection, id).await?;
    }
    sqlx::query(
        "INSERT INTO instances (id, name, description, configuration, phase, activation) \
         SELECT $2, name, description, configuration, 'removing', $3 FROM instances WHERE id = $1",
    )
    .bind(id.as_str())
    .bind(closing_as.as_str())
    .bind(activation)
    .execute(connection)
    .await
    .map_err(|error| {
        if is(&error, &ErrorKind::UniqueViolation) {
            StoreError::InstanceExists(closing_as.clone())
        } else {
            error.into()
        }
    })?;
    Ok(())
}

async fn delete(connection: &mut SqliteConnection, id: &InstanceId) -> Result<(), StoreError> {
    let deleted = sqlx::query("DELETE FROM instances WHERE id = $1").bind(id.as_str()).execute(&mut *connection).await;
    let deleted = deleted.map_err(|error| {
        if is(&error, &ErrorKind::ForeignKeyViolation) { StoreError::StillHeld(id.clone()) } else { error.into() }
    })?;
    if deleted.rows_affected() == 0 {
        return Err(StoreError::UnknownInstance(id.clone()));
    }
    sqlx::query("DELETE FROM facts WHERE scope = $1").bind(id.as_str()).execute(connection).await?;
    Ok(())
}

async fn refuse_equal_names(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let taken: Option<String> = sqlx::query_scalar(
        "SELECT name FROM instances WHERE phase <> 'removing' GROUP BY name HAVING count(*) > 1 ORDER BY name LIMIT 1",
    )
    .fetch_optional(connection)
    .await?;
    taken.map_or(Ok(()), |name| Err(StoreError::NameTaken { name }))
}

type Row = (String, String, String, String, String, Option<i64>);

async fn read_all(connection: &mut SqliteConnection) -> Result<Vec<StoredInstance>, StoreError> {
    let rows: Vec<Row> =
        sqlx::query_as("SELECT id, name, description, configuration, phase, activation FROM instances ORDER BY id")
            .fetch_all(connection)
            .await?;
    rows.into_iter().map(from_row).collect()
}

fn from_row((id, name, description, configuration, phase, activation): Row) -> Result<StoredInstance, StoreError> {
    // The table admits nothing else than JSON and the four phases.
    let damaged = || StoreError::Unreadable { what: format!("the instance `{id}`"), why: Unreadable::Damaged };
    let configuration = serde_json::from_str(&configuration).map_err(|_| damaged())?;
    let phase = Phase::ALL.into_iter().find(|known| known.name() == phase).ok_or_else(damaged)?;
    Ok(StoredInstance {
        document: InstanceDocument { id: InstanceId::new(id), name, description, configuration },
        phase,
        activation: activation.map(i64::cast_unsigned),
    })
}

fn is(error: &sqlx::Error, kind: &ErrorKind) -> bool {
    error.as_database_error().is_some_and(|error| std::mem::discriminant(&error.kind()) == std::mem::discriminant(kind))
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put(document) => write!(f, "Put({})", document.id),
            Self::SetPhase(id, phase) => write!(f, "SetPhase({id}, {phase:?})"),
            Self::Retire { instance, closing_as } => write!(f, "Retire({instance} as {closing_as})"),
            Self::Delete(id) => write!(f, "Delete({id})"),
            Self::PutSecret(name, _) => write!(f, "PutSecret({name})"),
            Self::DeleteSecret(name) => write!(f, "DeleteSecret({name})"),
        }
    }
}
