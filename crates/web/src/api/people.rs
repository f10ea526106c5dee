//! People: the same operations as on their page.

use axum::{Json, extract::Path, http::StatusCode};
use busylamp_core::language::Language;
use busylamp_store::{Action, Changed, Person, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    bearer::{Administrator, Program},
    body::{Body, Typed},
    problem::Problem,
    words::RoleName,
};
use crate::people::NotAdded;

/// Somebody who may sign in.
#[derive(Serialize, ToSchema)]
pub(super) struct Somebody {
    /// The number, which is never given to anybody else.
    id: String,
    /// The name to sign in with.
    name: String,
    /// What the person may do.
    #[schema(value_type = RoleName)]
    role: &'static str,
    /// The language that was chosen; `null`: as the browser prefers.
    language: Option<&'static str>,
}

impl From<Person> for Somebody {
    fn from(person: Person) -> Self {
        Self {
            id: person.id.to_string(),
            name: person.name,
            role: person.role.name(),
            language: person.language.map(|language: Language| language.pick("de", "en")),
        }
    }
}

/// Everybody who may sign in.
#[derive(Serialize, ToSchema)]
pub(super) struct People {
    /// By name.
    people: Vec<Somebody>,
}

/// Everybody who may sign in.
#[utoipa::path(get, path = "/people", tag = "people",
    operation_id = "list_people", security(("token" = ["administrator"])),
    responses((status = OK, body = People)))]
pub(super) async fn list(Administrator(program): Administrator) -> Result<Json<People>, Problem> {
    let people = program.people.store().people().await?;
    Ok(Json(People { people: people.into_iter().map(Somebody::from).collect() }))
}

/// Somebody to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPerson {
    /// The name to sign in with, up to 64 characters.
    name: String,
    /// What the person may do.
    #[schema(value_type = RoleName)]
    role: String,
    /// The password, 12 characters or more.
    #[schema(value_type = String, write_only)]
    password: Typed,
}

fn role(name: &str) -> Result<Role, Problem> {
    name.parse().map_err(|error: busylamp_store::UnknownRole| Problem::refused("role", error.to_string()))
}

impl From<NotAdded> for Problem {
    fn from(problem: NotAdded) -> Self {
        match problem {
            NotAdded::Unfit(detail) => Self::refused("", detail),
            NotAdded::NameTaken => Self::refused("name", "there is somebody of this name"),
            NotAdded::Busy(detail) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail, "Try again in a moment.").after(5)
            }
            NotAdded::Store(error) => error.into(),
        }
    }
}

/// Adds somebody.
#[utoipa::path(post, path = "/people", tag = "people",
    operation_id = "add_person", security(("token" = ["administrator"])),
    request_body = NewPerson, responses((status = CREATED, body = Somebody)))]
pub(super) async fn add(
    Administrator(program): Administrator,
    Body(new): Body<NewPerson>,
) -> Result<(StatusCode, Json<Somebody>), Problem> {
    let role = role(&new.role)?;
    let name = new.name.trim();
    program.people.add(name, new.password.0, role, Language::English).await?;
    program.note(Action::new("person_added"), name).await;
    let added = program.people.store().person(name).await?.ok_or_else(|| Problem::unknown("person"))?;
    Ok((StatusCode::CREATED, Json(added.0.into())))
}

async fn named(program: &Program, id: &str) -> Result<Person, Problem> {
    let people = program.people.store().people().await?;
    people.into_iter().find(|person| person.id.to_string() == id).ok_or_else(|| Problem::unknown("person"))
}

async fn answer(
    program: &Program,
    changed: Changed,
    action: &'static str,
    person: &Person,
) -> Result<StatusCode, Problem> {
    match changed {
        Changed::Done => {
            program.note(Action::new(action), &person.name).await;
            Ok(StatusCode::NO_CONTENT)
        }
        Changed::Unknown => Err(Problem::unknown("person")),
        Changed::LastAdministrator => {
            let detail = "This is the last administrator; nobody could change anything afterwards.";
            let advice = "Give somebody else the role administrator first.";
            Err(Problem::new(StatusCode::CONFLICT, "last_administrator", detail, advice))
        }
    }
}

/// A role to be given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRole {
    /// What the person may do.
    #[schema(value_type = RoleName)]
    role: String,
}

/// Gives somebody another role.
#[utoipa::path(put, path = "/people/{id}/role", tag = "people",
    operation_id = "change_role", security(("token" = ["administrator"])),
    params(("id" = String, Path, description = "The person's number.")), request_body = NewRole,
    responses((status = NO_CONTENT, description = "Done.")))]
pub(super) async fn change_role(
    Administrator(program): Administrator,
    Path(id): Path<String>,
    Body(new): Body<NewRole>,
) -> Result<StatusCode, Problem> {
    let person = named(&program, &id).await?;
    let changed = program.people.store().set_role(person.id, role(&new.role)?).await?;
    answer(&program, changed, "role_changed", &person).await
}

/// A password to be given.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    /// The password, 12 characters or more.
    #[schema(value_type = String, write_only)]
    password: Typed,
}

/// Gives somebody another password and ends all of that person's sessions.
#[utoipa::path(put, path = "/people/{id}/password", tag = "people",
    operation_id = "set_password", security(("token" = ["administrator"])),
    params(("id" = String, Path, description = "The person's number.")), request_body = NewPassword,
    responses((status = NO_CONTENT, description = "Done.")))]
pub(super) async fn reset_password(
    Administrator(program): Administrator,
    Path(id): Path<String>,
    Body(new): Body<NewPassword>,
) -> Result<StatusCode, Problem> {
    let person = named(&program, &id).await?;
    let changed = program.people.set_password(&person, new.password.0, Language::English).await?;
    answer(&program, changed, "password_reset", &person).await
}

/// Removes somebody, sessions included.
#[utoipa::path(delete, path = "/people/{id}", tag = "people",
    operation_id = "remove_person", security(("token" = ["administrator"])),
    params(("id" = String, Path, description = "The person's number.")),
    responses((status = NO_CONTENT, description = "Done.")))]
pub(super) async fn remove(
    Administrator(program): Administrator,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let person = named(&program, &id).await?;
    let changed = program.people.store().remove_person(person.id).await?;
    answer(&program, changed, "person_removed", &person).await
}
