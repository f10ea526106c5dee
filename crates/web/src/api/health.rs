//! How it goes.

use axum::{Json, extract::State as Extract};
use busylamp_core::{
    ids::{AccountId, InstanceId},
    keeper::Flag,
};
use busylamp_service::health::{Expires, Side};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    bearer::Viewer,
    problem::Problem,
    words::{FlagName, SideName},
};
use crate::Site;

/// How it goes at an instant.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// The instant, by the service's clock.
    #[schema(value_type = String, format = DateTime)]
    now: Timestamp,
    /// When the service started.
    #[schema(value_type = String, format = DateTime)]
    started: Timestamp,
    /// One a connection.
    connections: Vec<Connection>,
    /// Each flag of each user.
    flagged: Vec<Flagged>,
    /// The user whose calendar has not been read for the longest time.
    oldest_reading: Option<Since>,
    /// The user who waits for the longest time to get something back that is due.
    oldest_overdue_give_back: Option<Since>,
    /// What expires, the earliest first.
    expiring: Vec<Expiry>,
    /// Why the store does not take anything, with advice.
    store: Option<String>,
    /// Accounts with writes that have not left yet.
    waiting_writes: usize,
    /// Records of the past that were dropped since the start.
    lost_records: u64,
}

/// One connection.
#[derive(Serialize, ToSchema)]
struct Connection {
    /// What it leads to.
    name: String,
    /// The kind of what it leads to.
    #[schema(value_type = SideName)]
    side: Side,
    /// Whose it is; `null`: shared.
    #[schema(value_type = Option<String>)]
    instance: Option<InstanceId>,
    /// When it last did what was asked.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_success: Option<Timestamp>,
    /// How long that took, in milliseconds.
    latency_ms: Option<u64>,
    /// The failure that has not been followed by a success, with advice.
    trouble: Option<String>,
    /// What the other side can't do, with advice.
    notes: Vec<String>,
}

/// A flag of a user's.
#[derive(Serialize, ToSchema)]
struct Flagged {
    /// The instance.
    #[schema(value_type = String)]
    instance: InstanceId,
    /// The account on the telephone system.
    #[schema(value_type = String)]
    account: AccountId,
    /// The name as the telephone system has it.
    name: String,
    /// The flag.
    #[schema(value_type = FlagName)]
    flag: Flag,
}

/// A user, and since when.
#[derive(Serialize, ToSchema)]
struct Since {
    /// The instance.
    #[schema(value_type = String)]
    instance: InstanceId,
    /// The account on the telephone system.
    #[schema(value_type = String)]
    account: AccountId,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

impl From<(InstanceId, AccountId, Timestamp)> for Since {
    fn from((instance, account, since): (InstanceId, AccountId, Timestamp)) -> Self {
        Self { instance, account, since }
    }
}

/// Something that is of no use any more from an instant on.
#[derive(Serialize, ToSchema)]
struct Expiry {
    /// From when.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What: `server_certificate`, `own_certificate` or `secret`.
    what: &'static str,
    /// The server that shows the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    /// Whose secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    instance: Option<InstanceId>,
    /// The secret's place in the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
}

impl From<busylamp_service::health::Expiry> for Expiry {
    fn from(expiry: busylamp_service::health::Expiry) -> Self {
        let at = expiry.at;
        match expiry.what {
            Expires::ServerCertificate { host } => {
                Self { at, what: "server_certificate", host: Some(host), instance: None, place: None }
            }
            Expires::OwnCertificate => Self { at, what: "own_certificate", host: None, instance: None, place: None },
            Expires::Secret { instance, place } => {
                Self { at, what: "secret", host: None, instance: Some(instance), place: Some(place) }
            }
        }
    }
}

impl From<busylamp_service::health::Health> for Health {
    fn from(health: busylamp_service::health::Health) -> Self {
        let connection = |connection: busylamp_service::health::ConnectionHealth| Connection {
            name: connection.name.to_string(),
            side: connection.side,
            instance: connection.instance,
            last_success: connection.last_success,
            latency_ms: connection.latency_ms,
            trouble: connection.trouble.map(|trouble| trouble.to_string()),
            notes: connection.notes.iter().map(ToString::to_string).collect(),
        };
        let flagged = |flagged: busylamp_service::health::Flagged| Flagged {
            instance: flagged.instance,
            account: flagged.account,
            name: flagged.name,
            flag: flagged.flag,
        };
        Self {
            now: health.now,
            started: health.started,
            connections: health.connections.into_iter().map(connection).collect(),
            flagged: health.flagged.into_iter().map(flagged).collect(),
            oldest_reading: health.oldest_reading.map(Since::from),
            oldest_overdue_give_back: health.oldest_overdue_give_back.map(Since::from),
            expiring: health.expiring.into_iter().map(Expiry::from).collect(),
            store: health.store.map(|trouble| trouble.to_string()),
            waiting_writes: health.waiting_writes,
            lost_records: health.lost_records,
        }
    }
}

/// Connections, flagged users, what is overdue and what expires.
#[utoipa::path(get, path = "/health", tag = "health",
    operation_id = "read_health", security(("token" = ["viewer"])),
    responses((status = OK, body = Health)))]
pub(super) async fn show(Extract(site): Extract<Site>, _viewer: Viewer) -> Result<Json<Health>, Problem> {
    let health = site.upkeep.health(&site.service).await?;
    Ok(Json(busylamp_service::health::Health::clone(&health).into()))
}
