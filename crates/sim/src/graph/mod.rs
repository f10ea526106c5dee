//! The pretended Microsoft Graph, version 1.0: users, mailbox settings and calendars, read only.
//!
//! ```text
//! odata, filter   errors, query options, links, $filter and $orderby
//! batch           $batch
//! users, settings the directory and the mailboxes' settings
//! event, view     one event as JSON; calendarView, events, instances, calendars
//! delta           calendarView/delta
//! schedule        getSchedule
//! zones           names of time zones
//! ```

mod batch;
mod delta;
mod event;
mod filter;
mod odata;
mod schedule;
mod settings;
mod users;
mod view;
pub(crate) mod zones;

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::Value;
use uuid::Uuid;

use self::odata::{Answer, Error};
use crate::{
    directory::{Entry, Visit},
    entra,
    faults::Fault,
    http::{Reply, Request},
    mailbox::{Access, Home},
    world::World,
};

/// Answers under `/graph`.
pub(crate) async fn answer(world: &World, request: &Request) -> Reply {
    if request.method == Method::POST && request.parts().as_slice() == ["graph", "v1.0", "$batch"] {
        return batch::answer(world, request).await;
    }
    one(world, request).await
}

/// What a request is counted as.
pub(crate) fn kind(request: &Request) -> &'static str {
    let (parts, _) = normal_parts(request);
    match parts.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["$batch"] => "graph.batch",
        ["users", ..] if parts.len() <= 2 => "graph.users",
        ["users", _, "mailboxSettings", ..] => "graph.mailbox_settings",
        ["users", .., last] if is_function(last, "delta") => "graph.delta",
        ["users", .., last] if is_function(last, "getSchedule") => "graph.get_schedule",
        ["users", .., "calendarView"] | ["users", .., "calendarView", "$count"] => "graph.calendar_view",
        parts if parts.contains(&"events") => "graph.events",
        ["users", _, "calendar" | "calendars", ..] => "graph.calendars",
        _ => "graph.other",
    }
}

/// Answers one request: on its own or as an item of a batch.
async fn one(world: &World, request: &Request) -> Reply {
    let request_id = Uuid::new_v4().to_string();
    let client_request_id = request.header("client-request-id").unwrap_or(&request_id).to_owned();
    let reply = match route(world, request).await {
        Ok(reply) => reply,
        Err(error) => error.reply(world, &request_id, &client_request_id),
    };
    reply.with("request-id", &request_id).with("client-request-id", &client_request_id)
}

async fn route(world: &World, request: &Request) -> Answer {
    if request.headers.contains_key("content-encoding") {
        return Err(Error::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            "The body must not be encoded.",
        ));
    }
    let claims = signed_in(world, request)?;
    whole_service_faults(world)?;
    let caller = Caller { claims };
    let (parts, version) = normal_parts(request);
    if version != "v1.0" {
        return Err(Error::bad("BadRequest", "Invalid version."));
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["me", ..] => Err(Error::bad("BadRequest", "/me request is only valid with delegated authentication flow.")),
        ["users"] => {
            caller.needs_directory()?;
            only(request, &Method::GET)?;
            world.graph_gate.pass().await;
            users::list(world, request)
        }
        ["users", "$count"] => {
            caller.needs_directory()?;
            users::count(world, request)
        }
        ["users", id] => {
            caller.needs_directory()?;
            only(request, &Method::GET)?;
            world.graph_gate.pass().await;
            users::get(world, request, id)
        }
        ["users", id, rest @ ..] => in_mailbox(world, request, &caller, id, rest).await,
        [first, ..] => Err(no_segment(first)),
        [] => Err(no_segment("")),
    }
}

async fn in_mailbox(world: &World, request: &Request, caller: &Caller, id: &str, rest: &[&str]) -> Answer {
    let settings = matches!(rest, ["mailboxSettings", ..]);
    caller.needs_mailbox(if settings { "MailboxSettings.Read" } else { "Calendars.Read" })?;
    let mailbox = open(world, id)?;
    let place = world.graph_gate.pass().await;
    let here = Here { world, request, entry: &mailbox.entry };
    // `/calendar/…` and `/calendars/{id}/…` are the mailbox's one calendar.
    let inner = match rest {
        ["calendar", inner @ ..] if !inner.is_empty() => inner,
        ["calendars", calendar, inner @ ..] if !inner.is_empty() => {
            view::check_calendar(&here, calendar)?;
            inner
        }
        other => other,
    };
    let answer = match inner {
        [last] if is_function(last, "getSchedule") => {
            only(request, &Method::POST)?;
            schedule::get(&here)
        }
        _ => {
            only(request, &Method::GET)?;
            match inner {
                ["mailboxSettings", property @ ..] => settings::get(&here, property),
                ["calendarView"] => view::calendar_view(&here),
                ["calendarView", "$count"] => view::count(&here),
                ["calendarView", last] if is_function(last, "delta") => delta::round(&here),
                ["events"] => view::events(&here),
                ["events", event] => view::event(&here, event),
                ["events", event, "instances"] => view::instances(&here, event),
                ["calendar"] => view::calendar(&here),
                ["calendars"] => view::calendars(&here),
                ["calendars", calendar] => {
                    view::check_calendar(&here, calendar)?;
                    view::calendar(&here)
                }
                [.., last] => Err(no_segment(last)),
                [] => Err(no_segment("")),
            }
        }
    };
    drop((place, mailbox.visit));
    answer
}

/// A request that has reached its mailbox.
#[derive(Clone, Copy)]
struct Here<'a> {
    world: &'a World,
    request: &'a Request,
    entry: &'a Arc<Entry>,
}

/// A mailbox and the place in it.
struct Open {
    entry: Arc<Entry>,
    visit: Visit,
}

/// Finds the mailbox by object id, user principal name or primary address, and takes a place in it.
fn open(world: &World, id: &str) -> Result<Open, Error> {
    let by_mail = || {
        let found = world.directory.by_mail(id);
        found.into_iter().find(|entry| entry.person.mail.eq_ignore_ascii_case(id))
    };
    let entry = world.directory.by_id(id).or_else(by_mail);
    let entry = entry.ok_or_else(|| {
        Error::new(StatusCode::NOT_FOUND, "ErrorInvalidUser", format!("The requested user '{id}' is invalid."))
    })?;
    let (access, home) = {
        let mailbox = entry.mailbox();
        (mailbox.access, mailbox.home)
    };
    match (access, home) {
        (Access::Granted, Home::Both | Home::Cloud) => {}
        (Access::Missing, _) | (Access::Granted, Home::Server | Home::Moving) => {
            let message = "The mailbox is either inactive, soft-deleted, or is hosted on-premise.";
            return Err(Error::new(StatusCode::NOT_FOUND, "MailboxNotEnabledForRESTAPI", message));
        }
        (Access::Denied, _) => {
            let message = "Access is denied. Check credentials and try again.";
            return Err(Error::new(StatusCode::FORBIDDEN, "ErrorAccessDenied", message));
        }
    }
    let Some(visit) = entry.enter() else {
        let message = "Application is over its MailboxConcurrency limit.";
        return Err(Error::new(StatusCode::TOO_MANY_REQUESTS, "ApplicationThrottled", message).with("retry-after", "1"));
    };
    Ok(Open { entry, visit })
}

/// Who asks, and for what the tenant has consented.
struct Caller {
    claims: Value,
}

impl Caller {
    fn has(&self, role: &str) -> bool {
        self.claims["roles"].as_array().is_some_and(|roles| roles.iter().any(|name| name == role))
    }

    fn needs_directory(&self) -> Result<(), Error> {
        if self.has("User.Read.All") {
            return Ok(());
        }
        let message = "Insufficient privileges to complete the operation.";
        Err(Error::new(StatusCode::FORBIDDEN, "Authorization_RequestDenied", message))
    }

    fn needs_mailbox(&self, role: &str) -> Result<(), Error> {
        if self.has(role) {
            return Ok(());
        }
        let message = "Access is denied. Check credentials and try again.";
        Err(Error::new(StatusCode::FORBIDDEN, "ErrorAccessDenied", message))
    }
}

fn signed_in(world: &World, request: &Request) -> Result<Value, Error> {
    let expired = world.faults.strikes(Fault::GraphUnauthorized);
    let refused = |message: &str| {
        Error::new(StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken", message).with(
            "www-authenticate",
            "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\"",
        )
    };
    if expired {
        return Err(refused("Lifetime validation failed, the token is expired."));
    }
    let claims = world.entra.check(request.header("authorization"), world.clock.now()).map_err(refused)?;
    if entra::is_for_graph(&claims) {
        Ok(claims)
    } else {
        Err(refused("Access token validation failure. Invalid audience."))
    }
}

fn whole_service_faults(world: &World) -> Result<(), Error> {
    let throttled = || Error::new(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", "Please retry again later.");
    let faults: [(Fault, fn() -> Error); 4] = [
        (Fault::GraphForbidden, || {
            Error::new(StatusCode::FORBIDDEN, "ErrorAccessDenied", "Access to OData is disabled.")
        }),
        (Fault::GraphUnavailable, || {
            Error::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceNotAvailable", "The service is unavailable.")
        }),
        (Fault::GraphGatewayTimeout, || Error::new(StatusCode::GATEWAY_TIMEOUT, "UnknownError", "")),
        (Fault::GraphError, || Error::new(StatusCode::INTERNAL_SERVER_ERROR, "UnknownError", "")),
    ];
    if world.faults.strikes(Fault::GraphThrottled) {
        return Err(throttled().with("retry-after", "1"));
    }
    if world.faults.strikes(Fault::GraphThrottledBare) {
        return Err(throttled());
    }
    faults.iter().find(|(fault, _)| world.faults.strikes(*fault)).map_or(Ok(()), |(_, error)| Err(error()))
}

/// What the service says of a part of the path that it does not have.
fn no_segment(segment: &str) -> Error {
    Error::bad("BadRequest", format!("Resource not found for the segment '{segment}'."))
}

fn only(request: &Request, method: &Method) -> Result<(), Error> {
    if request.method == *method {
        return Ok(());
    }
    let message = "Specified HTTP method is not allowed for the request target.";
    Err(Error::new(StatusCode::METHOD_NOT_ALLOWED, "BadRequest", message))
}

/// Whether a part of the path calls a function: by its name, with brackets, in its namespace.
fn is_function(part: &str, name: &str) -> bool {
    let part = part.strip_suffix("()").unwrap_or(part);
    part.strip_prefix("microsoft.graph.").unwrap_or(part) == name
}

/// The parts after the version, with keys in brackets (`users('a')`) as parts of their own; and the version.
fn normal_parts(request: &Request) -> (Vec<String>, String) {
    let mut segments = request.segments.iter().skip(1);
    let version = segments.next().cloned().unwrap_or_default();
    let mut parts = Vec::new();
    for segment in segments {
        match segment.split_once("('").and_then(|(name, rest)| Some((name, rest.strip_suffix("')")?))) {
            Some((name, key)) => parts.extend([name.to_owned(), key.replace("''", "'")]),
            None => parts.push(segment.clone()),
        }
    }
    (parts, version)
}
