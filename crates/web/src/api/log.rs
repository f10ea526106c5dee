//! Logs: what the program and each instance tell, and how much.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json,
    extract::{Path, Query, State as Extract},
    http::StatusCode,
};
use busylamp_core::ids::{AccountId, InstanceId};
use busylamp_log::{Filter, Level, Of};
use busylamp_store::Action;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    bearer::{Administrator, Program, Viewer},
    body::Body,
    paging,
    problem::Problem,
    words::LevelName,
};
use crate::Site;

/// One line of a log. It is in English and contains no title, status text or secret.
#[derive(Serialize, ToSchema)]
struct Line {
    /// Grows by one with every line of its log.
    number: u64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// How grave.
    #[schema(value_type = LevelName)]
    level: Level,
    /// The module that tells it.
    source: String,
    /// The user whom it is about.
    #[schema(value_type = Option<String>)]
    account: Option<AccountId>,
    /// What it says.
    message: String,
    /// Names and values, in their order.
    fields: Vec<Field>,
}

/// A name and its value.
#[derive(Serialize, ToSchema)]
struct Field {
    /// The name.
    name: &'static str,
    /// The value.
    value: String,
}

impl From<Arc<busylamp_log::Line>> for Line {
    fn from(line: Arc<busylamp_log::Line>) -> Self {
        let fields = line.fields.iter().map(|(name, value)| Field { name, value: value.clone() });
        Self {
            number: line.number,
            at: line.at,
            level: line.level,
            source: line.source.clone(),
            account: line.account.clone(),
            message: line.message.clone(),
            fields: fields.collect(),
        }
    }
}

/// Lines of a log.
#[derive(Serialize, ToSchema)]
pub(super) struct Lines {
    /// How much the log tells.
    #[schema(value_type = LevelName)]
    level: Level,
    /// The latest lines that were asked for, the oldest of them first.
    lines: Vec<Line>,
    /// The number of the log's last line: `after` for what comes next.
    last: u64,
    /// There are, or were, more that were asked for.
    more: bool,
}

/// Which lines.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Only lines that are as grave, or graver.
    #[param(value_type = Option<LevelName>)]
    level: Option<Level>,
    /// Only lines about this account.
    #[param(value_type = Option<String>)]
    account: Option<AccountId>,
    /// Only lines with this text, in any case.
    text: Option<String>,
    /// Only lines after the one with this number.
    after: Option<u64>,
    /// How many at most, 1 to 1000; 100 if absent.
    limit: Option<u32>,
}

fn read(site: &Site, of: &Of, wanted: Wanted) -> Result<Json<Lines>, Problem> {
    let limit = paging::limit(wanted.limit)?;
    let filter = Filter {
        level: wanted.level,
        accounts: wanted.account.map(|account| BTreeSet::from([account])),
        text: wanted.text.unwrap_or_default(),
        after: wanted.after.unwrap_or_default(),
    };
    let log = site.upkeep.log();
    let found = log.lines(of, &filter, limit);
    let lines = found.lines.into_iter().map(Line::from).collect();
    Ok(Json(Lines { level: log.level(of), lines, last: found.last, more: found.more }))
}

/// The instance's log and the name by which people know it.
async fn known(site: &Site, id: InstanceId) -> Result<(Of, String), Problem> {
    let instances = site.service.instances().await?;
    let found = instances.into_iter().find(|described| described.id == id);
    Ok((Of::Instance(id), found.ok_or_else(|| Problem::unknown("instance"))?.written.name))
}

/// Lines of the program's own log.
#[utoipa::path(get, path = "/log", tag = "log", operation_id = "read_program_log", params(Wanted),
    security(("token" = ["administrator"])), responses((status = OK, body = Lines)))]
pub(super) async fn read_program(
    Extract(site): Extract<Site>,
    _administrator: Administrator,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Lines>, Problem> {
    read(&site, &Of::Program, wanted)
}

/// Lines of an instance's log.
#[utoipa::path(get, path = "/instances/{instance}/log", tag = "log", operation_id = "read_instance_log",
    security(("token" = ["viewer"])), params(("instance" = String, Path, description = "The instance."), Wanted),
    responses((status = OK, body = Lines)))]
pub(super) async fn read_instance(
    Extract(site): Extract<Site>,
    _viewer: Viewer,
    Path(instance): Path<InstanceId>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Lines>, Problem> {
    let (of, _) = known(&site, instance).await?;
    read(&site, &of, wanted)
}

/// How much a log shall tell.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewLevel {
    /// It takes effect at once and stays after a restart.
    #[schema(value_type = LevelName)]
    level: Level,
}

async fn set(site: &Site, program: &Program, of: &Of, name: &str, level: Level) -> Result<StatusCode, Problem> {
    site.upkeep.log().keep_level(program.people.store(), of, level).await?;
    program.note(Action::new("log_level_changed"), &format!("{name}: {level}")).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets how much the program's own log tells.
#[utoipa::path(put, path = "/log/level", tag = "log", operation_id = "set_program_log_level",
    security(("token" = ["administrator"])), request_body = NewLevel,
    responses((status = NO_CONTENT, description = "Done.")))]
pub(super) async fn set_program(
    Extract(site): Extract<Site>,
    Administrator(program): Administrator,
    Body(NewLevel { level }): Body<NewLevel>,
) -> Result<StatusCode, Problem> {
    set(&site, &program, &Of::Program, "Busylamp", level).await
}

/// Sets how much an instance's log tells.
#[utoipa::path(put, path = "/instances/{instance}/log/level", tag = "log", operation_id = "set_instance_log_level",
    security(("token" = ["administrator"])), params(("instance" = String, Path, description = "The instance.")),
    request_body = NewLevel, responses((status = NO_CONTENT, description = "Done.")))]
pub(super) async fn set_instance(
    Extract(site): Extract<Site>,
    Administrator(program): Administrator,
    Path(instance): Path<InstanceId>,
    Body(NewLevel { level }): Body<NewLevel>,
) -> Result<StatusCode, Problem> {
    let (of, name) = known(&site, instance).await?;
    set(&site, &program, &of, &name, level).await
}
