//! Users: the board's list, and everything about one of them.

use axum::{
    Json,
    extract::{Path, Query, State as Extract},
};
use busylamp_core::{
    account::{Dimension, Presence},
    event::Kind,
    ids::{AccountId, EventId, InstanceId, MailAddress},
    keeper::Flag,
    view::LeftOut,
};
use busylamp_service::{
    board,
    user::{By, KnownFrom, UserView},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    bearer::Viewer,
    history::Record,
    paging,
    problem::Problem,
    words::{ByName, FlagName, KindName, KnownFromName, LeftOutName, PresenceName},
};
use crate::Site;

/// No span that is asked about is longer.
const LONGEST_SPAN: SignedDuration = SignedDuration::from_hours(24 * 31);

/// One user as the telephone system shows it.
#[derive(Serialize, ToSchema)]
pub(super) struct User {
    /// The instance.
    #[schema(value_type = String)]
    instance: InstanceId,
    /// The account on the telephone system.
    #[schema(value_type = String)]
    account: AccountId,
    /// The group that makes the user one of the instance's.
    group: String,
    /// The name as the telephone system has it.
    name: String,
    /// Do not disturb; `null` if it can't be read.
    dnd: Option<bool>,
    /// An own diversion is switched on; `null` if it can't be read.
    diverted: Option<bool>,
    /// Chat presence; `null` if it can't be read.
    #[schema(value_type = Option<PresenceName>)]
    presence: Option<Presence>,
    /// The status text as the telephone system shows it to everybody.
    text: Option<String>,
    /// An event runs.
    in_event: bool,
    /// Until when nothing changes if the calendar does not.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
    /// What comes then.
    next: Option<Next>,
    /// The user is left alone until then.
    #[schema(value_type = Option<String>, format = DateTime)]
    paused_until: Option<Timestamp>,
    /// What an administrator should know.
    #[schema(value_type = Vec<FlagName>)]
    flags: Vec<Flag>,
}

/// What the calendar wants next.
#[derive(Serialize, ToSchema)]
struct Next {
    /// From when.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Do not disturb; `null`: the user's own.
    dnd: Option<bool>,
    /// A diversion is wanted.
    forwards: bool,
    /// An event runs then.
    in_event: bool,
}

impl From<&board::Lamp> for User {
    fn from(lamp: &board::Lamp) -> Self {
        let next =
            |next: board::Next| Next { at: next.at, dnd: next.dnd, forwards: next.forwards, in_event: next.in_event };
        Self {
            instance: lamp.instance.clone(),
            account: lamp.account.clone(),
            group: lamp.group.clone(),
            name: lamp.name.clone(),
            dnd: lamp.dnd,
            diverted: lamp.diverted,
            presence: lamp.presence,
            text: lamp.text.clone(),
            in_event: lamp.in_event,
            until: lamp.until,
            next: lamp.next.map(next),
            paused_until: lamp.paused_until,
            flags: lamp.flags.clone(),
        }
    }
}

/// A page of users.
#[derive(Serialize, ToSchema)]
pub(super) struct Users {
    /// By instance, name and account.
    users: Vec<User>,
    /// Leads to the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Which users.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Of this instance only.
    instance: Option<String>,
    /// Of this group only.
    group: Option<String>,
    /// With this flag only; `any`: with some flag.
    flag: Option<String>,
    /// With this in the name or account, in any case.
    search: Option<String>,
    /// How many on a page, 1 to 1000; 100 if absent.
    limit: Option<u32>,
    /// Of the page before.
    cursor: Option<String>,
}

impl Wanted {
    fn fits(&self, lamp: &board::Lamp) -> bool {
        let same = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|wanted| wanted == is);
        let flagged = match self.flag.as_deref() {
            None => true,
            Some("any") => !lamp.flags.is_empty(),
            Some(name) => lamp.flags.iter().any(|flag| flag.name() == name),
        };
        let found = |wanted: &String| {
            let wanted = wanted.to_lowercase();
            lamp.name.to_lowercase().contains(&wanted) || lamp.account.as_str().to_lowercase().contains(&wanted)
        };
        let in_group = same(&self.instance, lamp.instance.as_str()) && same(&self.group, &lamp.group);
        in_group && flagged && self.search.as_ref().is_none_or(found)
    }
}

/// The place of a user in the list.
type Place = (InstanceId, String, AccountId);

fn place(lamp: &board::Lamp) -> Place {
    (lamp.instance.clone(), lamp.name.clone(), lamp.account.clone())
}

/// Users with their lamps.
#[utoipa::path(get, path = "/users", tag = "users",
    operation_id = "list_users", params(Wanted), security(("token" = ["viewer"])),
    responses((status = OK, body = Users)))]
pub(super) async fn list(
    Extract(site): Extract<Site>,
    _viewer: Viewer,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Users>, Problem> {
    let limit = paging::limit(wanted.limit)?;
    let after: Option<Place> = paging::place(wanted.cursor.as_deref())?;
    let board = site.board.borrow().clone();
    let mut lamps: Vec<(Place, &board::Lamp)> = board
        .lamps
        .iter()
        .filter(|lamp| wanted.fits(lamp))
        .map(|lamp| (place(lamp), lamp))
        .filter(|(place, _)| after.as_ref().is_none_or(|after| place > after))
        .collect();
    lamps.sort_by(|a, b| a.0.cmp(&b.0));
    let more = lamps.len() > limit;
    lamps.truncate(limit);
    let next = lamps.last().filter(|_| more).and_then(|(place, _)| paging::after(place));
    Ok(Json(Users { users: lamps.into_iter().map(|(_, lamp)| lamp.into()).collect(), next }))
}

/// Everything about one user over a span.
#[derive(Serialize, ToSchema)]
pub(super) struct UserInFull {
    /// The user's lamp.
    user: User,
    /// The address of the calendar.
    #[schema(value_type = Option<String>)]
    mail: Option<MailAddress>,
    /// The IANA name of the zone in which the user's days lie.
    zone: String,
    /// The instant, by the service's clock.
    #[schema(value_type = String, format = DateTime)]
    now: Timestamp,
    /// When the calendar was last read completely.
    #[schema(value_type = Option<String>, format = DateTime)]
    read_at: Option<Timestamp>,
    /// The flags, each with advice.
    flags: Vec<Advised>,
    /// Values of ours on the telephone system, and what comes back after them.
    holds: Vec<Held>,
    /// The calendar's events that touch the span.
    events: Vec<Event>,
    /// What is wanted over the span.
    wanted: Vec<Stretch>,
    /// What the telephone system showed: what it showed when the span began, then each change.
    shown: Vec<Shown>,
    /// The writes within the span, the earliest first.
    writes: Vec<Record>,
    /// Why it is so now.
    explanation: Explanation,
}

/// A flag with advice.
#[derive(Serialize, ToSchema)]
struct Advised {
    /// The flag.
    #[schema(value_type = FlagName)]
    flag: Flag,
    /// What it means and what to do, in the language that was asked for.
    advice: &'static str,
}

/// A value of ours on the telephone system.
#[derive(Serialize, ToSchema)]
struct Held {
    /// `dnd`, `presence`, `text`, `diversion:<id>` or `blf_label:<key>`.
    #[schema(value_type = String)]
    dimension: Dimension,
    /// The user's own value, which comes back; `text` for a text.
    before: String,
    /// Ours.
    ours: String,
    /// A person has ended it by hand.
    asleep: bool,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// When its event ends.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
}

/// One event of the calendar.
#[derive(Serialize, ToSchema)]
struct Event {
    /// Unique within the mailbox.
    #[schema(value_type = String)]
    id: EventId,
    /// First instant.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// First instant after it.
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// It takes whole days.
    all_day: bool,
    /// How it is shown.
    #[schema(value_type = KindName)]
    kind: Kind,
    /// Its title, where the policy publishes it.
    title: Option<String>,
    /// Why it never counts.
    #[schema(value_type = Option<LeftOutName>)]
    left_out: Option<LeftOut>,
}

/// A stretch over which the same is wanted.
#[derive(Serialize, ToSchema)]
pub(super) struct Stretch {
    /// First instant.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// First instant after it.
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    #[serde(flatten)]
    wanted: WantedState,
}

/// What the calendar wants; `null`: nothing.
#[derive(Serialize, ToSchema)]
#[schema(as = WantedState)]
pub(super) struct WantedState {
    /// The most important running event.
    #[schema(value_type = Option<String>)]
    winner: Option<EventId>,
    /// The event whose telephone action is in force.
    #[schema(value_type = Option<String>)]
    action_from: Option<EventId>,
    /// Do not disturb.
    dnd: Option<bool>,
    /// Diversion of the external numbers.
    forward_external: Option<bool>,
    /// Diversion of the internal numbers.
    forward_internal: Option<bool>,
    /// Chat presence.
    #[schema(value_type = Option<PresenceName>)]
    presence: Option<Presence>,
    /// The status text that is published.
    text: Option<String>,
}

impl From<busylamp_core::decide::Decision> for WantedState {
    fn from(decision: busylamp_core::decide::Decision) -> Self {
        Self {
            winner: decision.winner,
            action_from: decision.action_from,
            dnd: decision.dnd,
            forward_external: decision.forward.external,
            forward_internal: decision.forward.internal,
            presence: decision.presence,
            text: decision.text.map(|text| text.as_str().to_owned()),
        }
    }
}

/// The telephone system showed another value from an instant on.
#[derive(Serialize, ToSchema)]
struct Shown {
    /// From when, as far as it was noticed.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// `dnd`, `presence`, `text`, `diversion:<id>` or `blf_label:<key>`.
    #[schema(value_type = String)]
    dimension: Dimension,
    /// The value: `true`, `false`, a presence, or `text` for any text.
    value: Option<&'static str>,
    /// Who made it.
    #[schema(value_type = ByName)]
    by: By,
}

/// Why it was, is or will be so, in plain sentences. Events are named by their hours and kind.
#[derive(Serialize, ToSchema)]
pub(super) struct Explanation {
    /// The instant.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Where this is known from.
    #[schema(value_type = KnownFromName)]
    from: KnownFrom,
    /// Who wins, and by which comparison.
    winner: String,
    /// Every other event and why it does not decide.
    events: Vec<String>,
    /// Where the telephone action comes from.
    action: String,
    /// What is wanted, shown and held, and why something was or was not written.
    dimensions: Vec<Explained>,
    /// Until when this holds, and what follows.
    until: String,
}

/// One dimension explained.
#[derive(Serialize, ToSchema)]
struct Explained {
    /// `dnd`, `presence`, `text`, `diversion:<id>` or `blf_label:<key>`.
    #[schema(value_type = String)]
    dimension: Dimension,
    /// The sentence.
    why: String,
}

impl From<busylamp_service::user::Explanation> for Explanation {
    fn from(explanation: busylamp_service::user::Explanation) -> Self {
        let busylamp_service::user::Explanation { at, from, winner, events, action, dimensions, until } = explanation;
        let dimensions = dimensions.into_iter().map(|(dimension, why)| Explained { dimension, why }).collect();
        Self { at, from, winner, events, action, dimensions, until }
    }
}

impl From<UserView> for UserInFull {
    fn from(view: UserView) -> Self {
        let held = |hold: busylamp_service::user::HoldView| Held {
            dimension: hold.dimension,
            before: hold.before,
            ours: hold.ours,
            asleep: hold.asleep,
            since: hold.since,
            until: hold.until,
        };
        let event = |event: busylamp_service::user::EventView| Event {
            id: event.id,
            from: event.from,
            to: event.to,
            all_day: event.all_day,
            kind: event.kind,
            title: event.title,
            left_out: event.left_out,
        };
        let shown = |change: busylamp_service::user::ShownChange| Shown {
            at: change.at,
            dimension: change.dimension,
            value: change.value.map(busylamp_store::Recorded::name),
            by: change.by,
        };
        let stretch = |stretch: busylamp_core::timeline::Stretch| Stretch {
            from: stretch.from,
            to: stretch.to,
            wanted: stretch.decision.into(),
        };
        Self {
            user: (&view.lamp).into(),
            mail: view.mail,
            zone: view.zone,
            now: view.now,
            read_at: view.read_at,
            flags: view.flags.into_iter().map(|(flag, advice)| Advised { flag, advice }).collect(),
            holds: view.holds.into_iter().map(held).collect(),
            events: view.events.into_iter().map(event).collect(),
            wanted: view.wanted.into_iter().map(stretch).collect(),
            shown: view.shown.into_iter().map(shown).collect(),
            writes: view.writes.into_iter().map(Record::from).collect(),
            explanation: view.explanation.into(),
        }
    }
}

/// A span of time.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Span {
    /// First instant; if absent, 12 hours ago.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// First instant after it; if absent, 36 hours after its begin. At most 31 days.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

/// Everything about one user.
#[utoipa::path(get, path = "/instances/{instance}/users/{account}", tag = "users",
    operation_id = "read_user", security(("token" = ["viewer"])),
    params(("instance" = String, Path, description = "The instance."),
        ("account" = String, Path, description = "The account on the telephone system."), Span),
    responses((status = OK, body = UserInFull)))]
pub(super) async fn view(
    Extract(site): Extract<Site>,
    Viewer(program): Viewer,
    Path((instance, account)): Path<(InstanceId, AccountId)>,
    Query(span): Query<Span>,
) -> Result<Json<UserInFull>, Problem> {
    let from = span.from.unwrap_or_else(|| add(program.people.now(), SignedDuration::from_hours(-12)));
    let to = span.to.unwrap_or_else(|| add(from, SignedDuration::from_hours(36)));
    if from >= to || to.duration_since(from) > LONGEST_SPAN {
        return Err(Problem::refused("to", "a span ends after its begin and within 31 days"));
    }
    let view = site.service.user(&instance, &account, from..to, program.language).await?;
    Ok(Json(view.ok_or_else(|| Problem::unknown("user"))?.into()))
}

/// Clamped to what can be written.
fn add(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.saturating_add(span).unwrap_or(at)
}

/// An instant.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Instant {
    /// If absent, now.
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
}

/// Why it was, is or will be so at an instant.
#[utoipa::path(get, path = "/instances/{instance}/users/{account}/explanation", tag = "users",
    operation_id = "explain_user",
    security(("token" = ["viewer"])),
    params(("instance" = String, Path, description = "The instance."),
        ("account" = String, Path, description = "The account on the telephone system."), Instant),
    responses((status = OK, body = Explanation)))]
pub(super) async fn explain(
    Extract(site): Extract<Site>,
    Viewer(program): Viewer,
    Path((instance, account)): Path<(InstanceId, AccountId)>,
    Query(Instant { at }): Query<Instant>,
) -> Result<Json<Explanation>, Problem> {
    let at = at.unwrap_or_else(|| program.people.now());
    let explanation = site.service.explain(&instance, &account, at, program.language).await?;
    Ok(Json(explanation.ok_or_else(|| Problem::unknown("user"))?.into()))
}
