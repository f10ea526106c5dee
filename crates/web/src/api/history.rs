//! What was decided and written for one user, as far as it is kept.

use axum::{
    Json,
    extract::{Path, Query},
};
use busylamp_core::{
    account::Dimension,
    ids::{AccountId, EventId, InstanceId},
};
use busylamp_store::What;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{bearer::Viewer, paging, problem::Problem};

/// A decision, a write, or a change that somebody else made.
#[derive(Serialize, ToSchema)]
pub(super) struct Record {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What happened: `decided`, `written`, or `shown`.
    what: &'static str,
    /// `dnd`, `presence`, `text`, `diversion:<id>` or `blf_label:<key>`.
    #[schema(value_type = String)]
    dimension: Dimension,
    /// The value before: `true`, `false`, a presence, or `text` for any text.
    before: Option<&'static str>,
    /// The value after.
    after: Option<&'static str>,
    /// The event that the value comes from.
    #[schema(value_type = Option<String>)]
    event: Option<EventId>,
    /// Why: a word of the program.
    reason: String,
}

impl From<busylamp_store::Record> for Record {
    fn from(record: busylamp_store::Record) -> Self {
        Self {
            at: record.at,
            what: what(record.what),
            dimension: record.dimension,
            before: record.before.map(busylamp_store::Recorded::name),
            after: record.after.map(busylamp_store::Recorded::name),
            event: record.event,
            reason: record.reason.as_str().to_owned(),
        }
    }
}

fn what(what: What) -> &'static str {
    match what {
        What::Decided => "decided",
        What::Written => "written",
        What::Shown => "shown",
    }
}

/// A page of history.
#[derive(Serialize, ToSchema)]
pub(super) struct History {
    /// The latest first.
    records: Vec<Record>,
    /// Leads to the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Which part of it.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// First instant; if absent, as far back as it is kept.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// First instant after it; if absent, there is none.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// How many on a page, 1 to 1000; 100 if absent.
    limit: Option<u32>,
    /// Of the page before.
    cursor: Option<String>,
}

/// An instant in microseconds, and how many records of it were on earlier pages.
type Place = (i64, u32);

/// What was decided and written for a user.
#[utoipa::path(get, path = "/instances/{instance}/users/{account}/history", tag = "users",
    operation_id = "read_user_history",
    security(("token" = ["viewer"])),
    params(("instance" = String, Path, description = "The instance."),
        ("account" = String, Path, description = "The account on the telephone system."), Wanted),
    responses((status = OK, body = History)))]
pub(super) async fn list(
    Viewer(program): Viewer,
    Path((instance, account)): Path<(InstanceId, AccountId)>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<History>, Problem> {
    let limit = paging::limit(wanted.limit)?;
    let place: Option<Place> = paging::place(wanted.cursor.as_deref())?;
    let (mut end, mut seen) = (wanted.to.unwrap_or(Timestamp::MAX), 0);
    if let Some((at, already)) = place {
        let last = Timestamp::from_microsecond(at).unwrap_or(Timestamp::MIN);
        // The records of that instant again, since not all of them may have had a place.
        end = last.saturating_add(SignedDuration::from_micros(1)).unwrap_or(last).min(end);
        seen = already;
    }
    let skipped = usize::try_from(seen).unwrap_or(usize::MAX);
    let most = u32::try_from(limit).unwrap_or(u32::MAX).saturating_add(seen).saturating_add(1);
    let span = wanted.from.unwrap_or(Timestamp::MIN)..end;
    let found = program.people.store().history(&instance, &account, span, most).await?;
    let more = found.len() > skipped.saturating_add(limit);
    let page: Vec<_> = found.into_iter().skip(skipped).take(limit).collect();
    let next = page.last().filter(|_| more).and_then(|last| {
        let same = page.iter().filter(|record| record.at == last.at).count();
        let earlier = if place.is_some_and(|(at, _)| at == last.at.as_microsecond()) { seen } else { 0 };
        paging::after(&(last.at.as_microsecond(), u32::try_from(same).unwrap_or(u32::MAX).saturating_add(earlier)))
    });
    Ok(Json(History { records: page.into_iter().map(Record::from).collect(), next }))
}
