//! Who changed what.

use axum::{Json, extract::Query};
use busylamp_store::Audited;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{bearer::Administrator, paging, problem::Problem};

/// One thing that somebody did.
#[derive(Serialize, ToSchema)]
struct Entry {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Who: a person's name at that time, or `token` and the token's name.
    who: String,
    /// What: a word of the program, such as `instance_changed`.
    action: String,
    /// To what.
    object: String,
}

/// A page of the trail.
#[derive(Serialize, ToSchema)]
pub(super) struct Trail {
    /// The newest first.
    entries: Vec<Entry>,
    /// Leads to the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Which part of it.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// How many on a page, 1 to 1000; 100 if absent.
    limit: Option<u32>,
    /// Of the page before.
    cursor: Option<String>,
}

/// Who changed what, the newest first.
#[utoipa::path(get, path = "/audit", tag = "people",
    operation_id = "read_audit_trail", params(Wanted), security(("token" = ["administrator"])),
    responses((status = OK, body = Trail)))]
pub(super) async fn list(
    Administrator(program): Administrator,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Trail>, Problem> {
    let limit = paging::limit(wanted.limit)?;
    let before: Option<i64> = paging::place(wanted.cursor.as_deref())?;
    let most = u32::try_from(limit).unwrap_or(paging::MOST);
    let found = program.people.store().audit_trail_before(before, most).await?;
    // A full page that happens to be the last leads to an empty one.
    let next = found.last().filter(|_| found.len() == limit).and_then(|(number, _)| paging::after(number));
    let entry = |(_, entry): (i64, Audited)| Entry {
        at: entry.at,
        who: entry.person,
        action: entry.action.as_str().to_owned(),
        object: entry.object,
    };
    Ok(Json(Trail { entries: found.into_iter().map(entry).collect(), next }))
}
