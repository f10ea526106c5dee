//! Instances, by the way that files and pages go too.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    Json,
    extract::{Path, State as Extract},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use busylamp_core::ids::InstanceId;
use busylamp_service::{
    Described,
    config::{Secrets, WrittenInstance},
};
use busylamp_store::{Action, Phase};
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};

use super::{
    bearer::{Administrator, Program},
    body::{Body, Typed},
    problem::Problem,
    words::PhaseName,
};
use crate::Site;

/// An instance as it is written (docs/interfaces.md, section 5), in JSON.
enum Configuration {}

impl PartialSchema for Configuration {
    fn schema() -> RefOr<Schema> {
        RefOr::T(serde_json::from_str(include_str!("configuration.json")).expect("a schema, which a test reads"))
    }
}

impl ToSchema for Configuration {}

/// An instance as the store has it.
#[derive(Serialize, ToSchema)]
pub(super) struct Instance {
    /// Stays the same for good.
    #[schema(value_type = String)]
    id: InstanceId,
    /// How far it is.
    #[schema(value_type = PhaseName)]
    phase: &'static str,
    /// What is written about it. It holds no secrets.
    #[schema(value_type = Configuration)]
    configuration: WrittenInstance,
    /// The places whose secrets the store has, such as `starface.password`.
    secrets: BTreeSet<String>,
    /// Why it can't run, with advice.
    unusable: Option<String>,
}

impl From<Described> for Instance {
    fn from(described: Described) -> Self {
        let phase = match described.phase {
            Phase::Active => "active",
            Phase::Closing | Phase::Removing => "closing",
            Phase::Inactive => "inactive",
        };
        Self {
            id: described.id,
            phase,
            configuration: described.written,
            secrets: described.secrets,
            unusable: described.unusable.map(|why| why.to_string()),
        }
    }
}

/// All instances.
#[derive(Serialize, ToSchema)]
pub(super) struct Instances {
    instances: Vec<Instance>,
}

/// An instance that is to be, and secrets that the store does not have yet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewInstance {
    /// What is written about it. Where a secret is wanted it says `{"stored": true}`.
    #[schema(value_type = Configuration)]
    pub(super) configuration: WrittenInstance,
    /// New secrets by their places, such as `starface.password`; PEM certificates of authorities, such as
    /// `starface.trust`, likewise. Of places that are not named, the store's are kept.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>, write_only)]
    pub(super) secrets: BTreeMap<String, Typed>,
}

impl NewInstance {
    /// The parts, as the service takes them.
    pub(super) fn parts(self) -> (WrittenInstance, Secrets) {
        (self.configuration, self.secrets.into_iter().map(|(place, Typed(secret))| (place, secret)).collect())
    }
}

/// All instances, but for those that are being removed.
#[utoipa::path(get, path = "/instances", tag = "instances",
    operation_id = "list_instances", security(("token" = ["administrator"])),
    responses((status = OK, body = Instances)))]
pub(super) async fn list(
    Extract(site): Extract<Site>,
    _administrator: Administrator,
) -> Result<Json<Instances>, Problem> {
    let instances = site.service.instances().await?;
    Ok(Json(Instances { instances: instances.into_iter().map(Instance::from).collect() }))
}

async fn find(site: &Site, id: &InstanceId) -> Result<Described, Problem> {
    let instances = site.service.instances().await?;
    instances.into_iter().find(|described| described.id == *id).ok_or_else(|| Problem::unknown("instance"))
}

/// One instance.
#[utoipa::path(get, path = "/instances/{instance}", tag = "instances",
    operation_id = "read_instance", security(("token" = ["administrator"])),
    params(("instance" = String, Path, description = "The instance.")), responses((status = OK, body = Instance)))]
pub(super) async fn view(
    Extract(site): Extract<Site>,
    _administrator: Administrator,
    Path(id): Path<InstanceId>,
) -> Result<Json<Instance>, Problem> {
    Ok(Json(find(&site, &id).await?.into()))
}

/// Adds an instance.
#[utoipa::path(post, path = "/instances", tag = "instances",
    operation_id = "add_instance", security(("token" = ["administrator"])),
    request_body = NewInstance, responses((status = CREATED, body = Instance)))]
pub(super) async fn add(
    Extract(site): Extract<Site>,
    Administrator(program): Administrator,
    Body(new): Body<NewInstance>,
) -> Result<Response, Problem> {
    let (written, secrets) = new.parts();
    let id = site.service.save(None, &written, &secrets).await?;
    program.note(Action::new("instance_added"), &written.name).await;
    let location = format!("{}/instances/{}", super::ROOT, escaped(&id));
    let instance: Instance = find(&site, &id).await?.into();
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(instance)).into_response())
}

/// As one segment of a path.
fn escaped(id: &InstanceId) -> String {
    let form: String = form_urlencoded::byte_serialize(id.as_str().as_bytes()).collect();
    form.replace('+', "%20")
}

/// Changes an instance. It keeps its id, also under another name.
#[utoipa::path(put, path = "/instances/{instance}", tag = "instances",
    operation_id = "change_instance", security(("token" = ["administrator"])),
    params(("instance" = String, Path, description = "The instance.")), request_body = NewInstance,
    responses((status = OK, body = Instance)))]
pub(super) async fn change(
    Extract(site): Extract<Site>,
    Administrator(program): Administrator,
    Path(id): Path<InstanceId>,
    Body(new): Body<NewInstance>,
) -> Result<Json<Instance>, Problem> {
    let (written, secrets) = new.parts();
    site.service.save(Some(&id), &written, &secrets).await?;
    program.note(Action::new("instance_changed"), &written.name).await;
    Ok(Json(find(&site, &id).await?.into()))
}

/// The name by which people know an instance.
async fn name(site: &Site, id: &InstanceId) -> Result<String, Problem> {
    Ok(find(site, id).await?.written.name)
}

async fn done(program: &Program, action: Action, name: &str, status: StatusCode) -> Result<StatusCode, Problem> {
    program.note(action, name).await;
    Ok(status)
}

/// Deletes an instance. It gives back everything first, and is gone after that.
#[utoipa::path(delete, path = "/instances/{instance}", tag = "instances",
    operation_id = "remove_instance", security(("token" = ["administrator"])),
    params(("instance" = String, Path, description = "The instance.")),
    responses((status = ACCEPTED, description = "It is giving back what it holds.")))]
pub(super) async fn remove(
    Extract(site): Extract<Site>,
    Administrator(program): Administrator,
    Path(id): Path<InstanceId>,
) -> Result<StatusCode, Problem> {
    let name = name(&site, &id).await?;
    site.service.delete(&id).await?;
    done(&program, Action::new("instance_removed"), &name, StatusCode::ACCEPTED).await
}

/// Whether an instance is to act.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Activity {
    /// `false`: it gives back everything and does nothing after that.
    active: bool,
}

/// Activates or deactivates an instance.
#[utoipa::path(put, path = "/instances/{instance}/active", tag = "instances",
    operation_id = "set_instance_activity",
    security(("token" = ["administrator"])), params(("instance" = String, Path, description = "The instance.")),
    request_body = Activity, responses((status = NO_CONTENT, description = "Done, or under way.")))]
pub(super) async fn activate(
    Extract(site): Extract<Site>,
    Administrator(program): Administrator,
    Path(id): Path<InstanceId>,
    Body(Activity { active }): Body<Activity>,
) -> Result<StatusCode, Problem> {
    let name = name(&site, &id).await?;
    site.service.set_active(&id, active).await?;
    let action = if active { Action::new("instance_activated") } else { Action::new("instance_deactivated") };
    done(&program, action, &name, StatusCode::NO_CONTENT).await
}
