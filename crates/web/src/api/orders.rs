//! What a program can have done for one user: a pause, a give-back, another look.

use axum::{
    extract::{Path, State as Extract},
    http::StatusCode,
};
use busylamp_core::ids::{AccountId, InstanceId};
use busylamp_service::{ServiceError, user::Outcome};
use busylamp_store::Action;
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    bearer::{Administrator, Program},
    body::Body,
    problem::Problem,
};
use crate::Site;

/// Which user: instance and account.
type User = Path<(InstanceId, AccountId)>;

/// Says what became of it, and notes what was done.
async fn answer(
    program: &Program,
    outcome: Result<Outcome, ServiceError>,
    action: Action,
    object: &str,
) -> Result<StatusCode, Problem> {
    match outcome? {
        Outcome::Done => {
            program.note(action, object).await;
            Ok(StatusCode::NO_CONTENT)
        }
        Outcome::NothingToDo => Ok(StatusCode::NO_CONTENT),
        Outcome::UnknownInstance => Err(Problem::unknown("instance that runs")),
        Outcome::UnknownUser => Err(Problem::unknown("user")),
    }
}

fn object(instance: &InstanceId, account: &AccountId) -> String {
    format!("{instance}: {account}")
}

/// A pause.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Pause {
    /// Until when the user is left alone.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
}

/// Leaves a user alone until an instant. Everything is given back.
#[utoipa::path(put, path = "/instances/{instance}/users/{account}/pause", tag = "users",
    operation_id = "pause_user",
    security(("token" = ["administrator"])), request_body = Pause,
    params(("instance" = String, Path, description = "The instance."),
        ("account" = String, Path, description = "The account on the telephone system.")),
    responses((status = NO_CONTENT, description = "Done.")))]
pub(super) async fn pause(
    Extract(site): Extract<Site>,
    Administrator(program): Administrator,
    Path((instance, account)): User,
    Body(Pause { until }): Body<Pause>,
) -> Result<StatusCode, Problem> {
    if until <= program.people.now() {
        return Err(Problem::refused("until", "a pause ends in the future"));
    }
    let outcome = site.service.pause(&instance, &account, Some(until)).await;
    answer(&program, outcome, Action::new("user_paused"), &object(&instance, &account)).await
}

/// Ends a user's pause.
#[utoipa::path(delete, path = "/instances/{instance}/users/{account}/pause", tag = "users",
    operation_id = "resume_user",
    security(("token" = ["administrator"])),
    params(("instance" = String, Path, description = "The instance."),
        ("account" = String, Path, description = "The account on the telephone system.")),
    responses((status = NO_CONTENT, description = "Done, or there was no pause.")))]
pub(super) async fn resume(
    Extract(site): Extract<Site>,
    Administrator(program): Administrator,
    Path((instance, account)): User,
) -> Result<StatusCode, Problem> {
    let outcome = site.service.pause(&instance, &account, None).await;
    answer(&program, outcome, Action::new("user_resumed"), &object(&instance, &account)).await
}

/// Gives everything back at once and leaves the user alone until the events that run now are over.
#[utoipa::path(post, path = "/instances/{instance}/users/{account}/give-back", tag = "users",
    operation_id = "give_back_user",
    security(("token" = ["administrator"])),
    params(("instance" = String, Path, description = "The instance."),
        ("account" = String, Path, description = "The account on the telephone system.")),
    responses((status = NO_CONTENT, description = "Done, or there was nothing to give back.")))]
pub(super) async fn give_back(
    Extract(site): Extract<Site>,
    Administrator(program): Administrator,
    Path((instance, account)): User,
) -> Result<StatusCode, Problem> {
    let outcome = site.service.give_back(&instance, &account).await;
    answer(&program, outcome, Action::new("user_given_back"), &object(&instance, &account)).await
}

/// Forgets what can't be given back, without a write.
#[utoipa::path(post, path = "/instances/{instance}/users/{account}/discard", tag = "users",
    operation_id = "discard_user",
    security(("token" = ["administrator"])),
    params(("instance" = String, Path, description = "The instance."),
        ("account" = String, Path, description = "The account on the telephone system.")),
    responses((status = NO_CONTENT, description = "Done, or there was nothing to forget.")))]
pub(super) async fn discard(
    Extract(site): Extract<Site>,
    Administrator(program): Administrator,
    Path((instance, account)): User,
) -> Result<StatusCode, Problem> {
    let outcome = site.service.discard(&instance, &account).await;
    answer(&program, outcome, Action::new("user_discarded"), &object(&instance, &account)).await
}

/// Reads a user's calendar and account anew at once.
#[utoipa::path(post, path = "/instances/{instance}/users/{account}/check", tag = "users",
    operation_id = "check_user",
    security(("token" = ["administrator"])),
    params(("instance" = String, Path, description = "The instance."),
        ("account" = String, Path, description = "The account on the telephone system.")),
    responses((status = NO_CONTENT, description = "It is under way.")))]
pub(super) async fn check(
    Extract(site): Extract<Site>,
    Administrator(program): Administrator,
    Path((instance, account)): User,
) -> Result<StatusCode, Problem> {
    let outcome = site.service.check_again(&instance, Some(&account)).await;
    answer(&program, outcome, Action::new("user_checked"), &object(&instance, &account)).await
}

/// Reads the directory and all calendars and accounts of an instance anew at once.
#[utoipa::path(post, path = "/instances/{instance}/check", tag = "instances",
    operation_id = "check_instance", security(("token" = ["administrator"])),
    params(("instance" = String, Path, description = "The instance.")),
    responses((status = NO_CONTENT, description = "It is under way.")))]
pub(super) async fn check_all(
    Extract(site): Extract<Site>,
    Administrator(program): Administrator,
    Path(instance): Path<InstanceId>,
) -> Result<StatusCode, Problem> {
    let outcome = site.service.check_again(&instance, None).await;
    answer(&program, outcome, Action::new("instance_checked"), instance.as_str()).await
}
