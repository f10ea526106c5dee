//! Walks through configurations that need not be saved, changing nothing.

use axum::{Json, extract::State as Extract};
use busylamp_core::{
    check::{Step as Walked, Verdict},
    ids::{AccountId, InstanceId},
    keeper::Flag,
    language::Language,
};
use busylamp_service::{
    ServiceError, check,
    config::{Secrets, WrittenInstance},
    preview, trial,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    bearer::{Administrator, Program},
    body::Body,
    instances::NewInstance,
    problem::Problem,
    users::WantedState,
    words::FlagName,
};
use crate::Site;

/// A configuration to be tried.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Trial {
    /// The instance that it is to replace: its secrets are used where there are no new ones.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    id: Option<InstanceId>,
    /// The configuration and new secrets.
    instance: NewInstance,
}

/// Does something with a configuration, a few at a time.
async fn walk<T>(
    program: &Program,
    trial: Trial,
    walk: impl AsyncFnOnce(Option<&InstanceId>, &WrittenInstance, &Secrets) -> Result<T, ServiceError>,
) -> Result<T, Problem> {
    let (written, secrets) = trial.instance.parts();
    Ok(program.walk(walk(trial.id.as_ref(), &written, &secrets)).await??)
}

/// One step, and how it went.
#[derive(Serialize, ToSchema)]
struct Step {
    /// What the connection leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    through: Option<String>,
    /// What was tried.
    name: &'static str,
    /// `ok`, `note` (it works, but somebody should know) or `fault`.
    verdict: &'static str,
    /// What was found, or what to do.
    text: String,
}

impl Step {
    fn new(through: Option<String>, step: Walked) -> Self {
        let (verdict, text) = match step.verdict {
            Verdict::Ok(said) => ("ok", said),
            Verdict::Note(said) => ("note", said),
            Verdict::Fault(said) => ("fault", said),
        };
        Self { through, name: step.name.speak(Language::English), verdict, text: text.to_string() }
    }
}

/// What a walk found.
#[derive(Serialize, ToSchema)]
pub(super) struct Findings {
    /// Nothing stands in the way.
    ok: bool,
    /// The connections, step by step.
    steps: Vec<Step>,
    /// The users, one each.
    users: Vec<Checked>,
}

/// One user of the group.
#[derive(Serialize, ToSchema)]
struct Checked {
    /// The account on the telephone system.
    account: String,
    /// The name as people know it.
    name: String,
    /// The flag that the user would have.
    #[schema(value_type = Option<FlagName>)]
    flag: Option<Flag>,
    /// What stands in the way, with advice.
    trouble: Option<String>,
}

impl From<check::Findings> for Findings {
    fn from(findings: check::Findings) -> Self {
        let checked = |user: check::CheckedUser| {
            let (flag, trouble) =
                user.trouble.map_or((None, None), |(flag, trouble)| (flag, Some(trouble.to_string())));
            Checked { account: user.account, name: user.name, flag, trouble }
        };
        Self {
            ok: findings.is_ok(),
            steps: findings
                .steps
                .into_iter()
                .map(|walked| Step::new(Some(walked.through.to_string()), walked.step))
                .collect(),
            users: findings.users.into_iter().map(checked).collect(),
        }
    }
}

/// Walks through a configuration from end to end.
#[utoipa::path(post, path = "/trials", tag = "trials",
    operation_id = "try_all", security(("token" = ["administrator"])),
    request_body = Trial, responses((status = OK, body = Findings)))]
pub(super) async fn all(
    Extract(site): Extract<Site>,
    Administrator(program): Administrator,
    Body(trial): Body<Trial>,
) -> Result<Json<Findings>, Problem> {
    let found = walk(&program, trial, async |id, written, secrets| site.service.try_all(id, written, secrets).await);
    Ok(Json(found.await?.into()))
}

/// Walks through the calendar side of a configuration.
#[utoipa::path(post, path = "/trials/calendar", tag = "trials",
    operation_id = "try_calendar", security(("token" = ["administrator"])),
    request_body = Trial, responses((status = OK, body = Findings)))]
pub(super) async fn calendar(
    Extract(site): Extract<Site>,
    Administrator(program): Administrator,
    Body(trial): Body<Trial>,
) -> Result<Json<Findings>, Problem> {
    let tried = async |id: Option<&InstanceId>, written: &WrittenInstance, secrets: &Secrets| {
        site.service.try_calendar(id, written, secrets).await
    };
    Ok(Json(walk(&program, trial, tried).await?.into()))
}

/// What a trial of a telephone system found.
#[derive(Serialize, ToSchema)]
pub(super) struct PbxFindings {
    /// Nothing stands in the way.
    ok: bool,
    /// The way, step by step.
    steps: Vec<Step>,
    /// The groups, by name.
    groups: Vec<Group>,
    /// The system's version, as far as it tells it.
    version: Option<String>,
    /// Whether the bridge answers; `null` without one.
    bridge: Option<bool>,
}

/// A group of the telephone system.
#[derive(Serialize, ToSchema)]
struct Group {
    /// Its name.
    name: String,
    /// How many users are in it, if that was found out.
    members: Option<usize>,
}

impl From<trial::PbxTrial> for PbxFindings {
    fn from(found: trial::PbxTrial) -> Self {
        let group = |group: trial::Group| Group { name: group.name, members: group.members };
        Self {
            ok: found.is_ok(),
            steps: found.steps.into_iter().map(|step| Step::new(None, step)).collect(),
            groups: found.groups.into_iter().map(group).collect(),
            version: found.version,
            bridge: found.bridge,
        }
    }
}

/// Walks through the telephone side of a configuration.
#[utoipa::path(post, path = "/trials/telephones", tag = "trials",
    operation_id = "try_telephones", security(("token" = ["administrator"])),
    request_body = Trial, responses((status = OK, body = PbxFindings)))]
pub(super) async fn telephones(
    Extract(site): Extract<Site>,
    Administrator(program): Administrator,
    Body(trial): Body<Trial>,
) -> Result<Json<PbxFindings>, Problem> {
    let found = walk(&program, trial, async |id, written, secrets| site.service.try_pbx(id, written, secrets).await);
    Ok(Json(found.await?.into()))
}

/// A server.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Server {
    /// Its address, https.
    url: String,
}

/// The certificate that a server shows.
#[derive(Serialize, ToSchema)]
pub(super) struct Certificate {
    /// As a pin is written: `sha256:` and 64 hexadecimal digits.
    fingerprint: String,
    /// Whom it is for.
    subject: Option<String>,
    /// Who vouches for it.
    issuer: Option<String>,
    /// Its last instant.
    #[schema(value_type = Option<String>, format = DateTime)]
    not_after: Option<Timestamp>,
    /// Why the system's authorities don't vouch for it; `null`: they do.
    untrusted: Option<String>,
}

/// The certificate that a server shows, to be looked at before it is trusted. Nothing is sent to the server.
#[utoipa::path(post, path = "/trials/certificate", tag = "trials",
    operation_id = "look_at_certificate", security(("token" = ["administrator"])),
    request_body = Server, responses((status = OK, body = Certificate)))]
pub(super) async fn certificate(
    Extract(site): Extract<Site>,
    Administrator(program): Administrator,
    Body(Server { url }): Body<Server>,
) -> Result<Json<Certificate>, Problem> {
    let shown = program.walk(site.service.fingerprint(&url)).await??;
    Ok(Json(Certificate {
        fingerprint: shown.fingerprint,
        subject: shown.subject,
        issuer: shown.issuer,
        not_after: shown.not_after,
        untrusted: shown.untrusted.map(|why| why.to_string()),
    }))
}

/// How the next 7 days of all users would differ.
#[derive(Serialize, ToSchema)]
pub(super) struct Preview {
    /// First instant of the span, now.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// First instant after it.
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// The users for whom something differs.
    users: Vec<Previewed>,
    /// So many more are not listed.
    more_users: usize,
    /// Users whose calendar can't be read.
    unread: Vec<Unread>,
    /// So many more are not listed.
    more_unread: usize,
    /// Users for whom nothing differs.
    unchanged: usize,
    /// All users together.
    summary: Summary,
}

/// One user.
#[derive(Serialize, ToSchema)]
struct Previewed {
    /// The account on the telephone system.
    #[schema(value_type = String)]
    account: AccountId,
    /// The name as the telephone system has it.
    name: String,
    /// Where it would be otherwise.
    differences: Vec<Difference>,
    /// So many more are not listed.
    more: usize,
}

/// A stretch over which something else would be wanted.
#[derive(Serialize, ToSchema)]
struct Difference {
    /// First instant.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// First instant after it.
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// As it is configured.
    before: WantedState,
    /// As it would be.
    after: WantedState,
}

/// A user whose calendar can't be read.
#[derive(Serialize, ToSchema)]
struct Unread {
    /// The name as the telephone system has it.
    name: String,
    /// Why.
    why: String,
}

/// All users together.
#[derive(Serialize, ToSchema)]
struct Summary {
    /// Hours with do not disturb.
    dnd_hours: Pair,
    /// Hours with a diversion.
    diverted_hours: Pair,
    /// Hours with a presence.
    presence_hours: Pair,
    /// Hours with a status text.
    text_hours: Pair,
    /// Stretches with another text.
    texts_changed: usize,
}

/// A number as it is and as it would be.
#[derive(Serialize, ToSchema)]
struct Pair {
    /// As it is configured.
    before: f64,
    /// As it would be.
    after: f64,
}

impl From<preview::Pair> for Pair {
    fn from(pair: preview::Pair) -> Self {
        Self { before: pair.before, after: pair.after }
    }
}

impl From<preview::PreviewedUser> for Previewed {
    fn from(user: preview::PreviewedUser) -> Self {
        let difference = |difference: preview::Difference| Difference {
            from: difference.from,
            to: difference.to,
            before: difference.before.into(),
            after: difference.after.into(),
        };
        let differences = user.differences.into_iter().map(difference).collect();
        Self { account: user.account, name: user.name, differences, more: user.more }
    }
}

impl From<preview::Preview> for Preview {
    fn from(preview: preview::Preview) -> Self {
        let summary = preview.summary;
        Self {
            from: preview.from,
            to: preview.to,
            users: preview.users.into_iter().map(Previewed::from).collect(),
            more_users: preview.more_users,
            unread: preview.unread.into_iter().map(|(name, why)| Unread { name, why: why.to_string() }).collect(),
            more_unread: preview.more_unread,
            unchanged: preview.unchanged,
            summary: Summary {
                dnd_hours: summary.dnd_hours.into(),
                diverted_hours: summary.diverted_hours.into(),
                presence_hours: summary.presence_hours.into(),
                text_hours: summary.text_hours.into(),
                texts_changed: summary.texts_changed,
            },
        }
    }
}

/// How the next 7 days of all users would differ under a configuration, from their real calendars.
#[utoipa::path(post, path = "/previews", tag = "trials",
    operation_id = "preview", security(("token" = ["administrator"])),
    request_body = Trial, responses((status = OK, body = Preview)))]
pub(super) async fn preview(
    Extract(site): Extract<Site>,
    Administrator(program): Administrator,
    Body(trial): Body<Trial>,
) -> Result<Json<Preview>, Problem> {
    let previewed =
        walk(&program, trial, async |id, written, secrets| site.service.preview(id, written, secrets).await);
    Ok(Json(previewed.await?.into()))
}
