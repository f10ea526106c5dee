//! `getSchedule`: free and busy times of many at once (Microsoft Graph, "calendar: getSchedule").

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use busylamp_core::event::Sensitivity;

use super::{
    Here,
    event::{date_time, show_as},
    odata::{Answer, Error, Prefer, context, ok},
    settings,
    view::{Window, read_date_time},
};
use crate::{
    directory::Entry,
    mailbox::{Access, Home},
};

/// What the service enforces, which is more than it documents (microsoft-graph-docs issue 7047).
const MAX_SCHEDULES: usize = 100;
const MAX_DAYS: i64 = 62;
const INTERVAL: i64 = 30;

/// A list of schedules, in the order asked for.
pub(super) fn get(here: &Here<'_>) -> Answer {
    let prefer = Prefer::read(here.request)?;
    let body = here.request.json().unwrap_or_default();
    let (schedules, window, interval) = read(&body)?;
    let schedules = schedules.iter().map(|address| schedule(here, &prefer, address, window, interval));
    let context = context(here.request, "Collection(microsoft.graph.scheduleInformation)");
    let body = json!({"@odata.context": context, "value": schedules.collect::<Vec<_>>()});
    Ok(prefer.applied(ok(body)))
}

/// Reads what is asked for; names of members are taken in any case.
fn read(body: &Value) -> Result<(Vec<String>, Window, SignedDuration), Error> {
    let members = body.as_object();
    let member = |name: &str| {
        members.into_iter().flatten().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    let schedules: Vec<String> = member("schedules")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    if schedules.is_empty() {
        return Err(Error::bad("ErrorInvalidParameter", "Schedules must be specified."));
    }
    if schedules.len() > MAX_SCHEDULES {
        let message = format!(
            "There are too many target users in the EmailAddress array. The allowed size = {MAX_SCHEDULES}; the actual size = {}.",
            schedules.len()
        );
        return Err(Error::bad("ErrorMailboxDataArrayTooBig", message));
    }
    let time = |name: &str| {
        let missing = || Error::bad("ErrorInvalidParameter", format!("{name} must be specified."));
        member(name).and_then(read_date_time).ok_or_else(missing)
    };
    let (from, to) = (time("startTime")?, time("endTime")?);
    if to <= from {
        return Err(Error::bad("ErrorInvalidTimeInterval", "The end time must be after the start time."));
    }
    if to.duration_since(from).as_hours() >= MAX_DAYS * 24 {
        let message = format!(
            "The requested time duration specified for FreeBusyViewOptions.TimeWindow is too long. The allowed limit = {MAX_DAYS} days."
        );
        return Err(Error::bad("ErrorTimeIntervalTooBig", message));
    }
    let minutes = match member("availabilityViewInterval") {
        None => INTERVAL,
        // Seen of the real service (microsoft-graph-docs issue 4494).
        Some(Value::Null) => return Err(Error::new(StatusCode::INTERNAL_SERVER_ERROR, "UnknownError", "")),
        Some(value) => value.as_i64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(0),
    };
    if !(5..=1440).contains(&minutes) {
        return Err(Error::bad(
            "ErrorInvalidMergedFreeBusyInterval",
            "The interval must be between 5 and 1440 minutes.",
        ));
    }
    Ok((schedules, (from, to), SignedDuration::from_mins(minutes)))
}

fn schedule(here: &Here<'_>, prefer: &Prefer, address: &str, window: Window, interval: SignedDuration) -> Value {
    let found =
        here.world.directory.by_mail(address).into_iter().next().or_else(|| here.world.directory.by_id(address));
    let there = |entry: &std::sync::Arc<Entry>| {
        let mailbox = entry.mailbox();
        mailbox.access == Access::Granted && matches!(mailbox.home, Home::Both | Home::Cloud)
    };
    let Some(entry) = found.filter(there) else {
        return json!({
            "scheduleId": address,
            "error": {
                "message": format!("Unable to resolve e-mail address {address} to an Active Directory object."),
                "responseCode": "5009",
            },
        });
    };
    let (items, taken) = items(here, prefer, &entry, window);
    let there = Here { entry: &entry, ..*here };
    json!({
        "scheduleId": address,
        "availabilityView": availability(&taken, window, interval),
        "scheduleItems": items,
        "workingHours": settings::working_hours(&there),
    })
}

/// A span with the digit that stands for its kind.
type Taken = (Timestamp, Timestamp, char);

fn items(here: &Here<'_>, prefer: &Prefer, entry: &Entry, window: Window) -> (Vec<Value>, Vec<Taken>) {
    let (company, person) = (&here.world.company, &entry.person);
    let mailbox = entry.mailbox();
    let stored = mailbox.items(company, person, window);
    let mut instances = mailbox.instances(company, person, &stored, window);
    instances.retain(|instance| !instance.cancelled() && !instance.item.draft);
    instances.sort_by_key(|instance| instance.span.interval(&mailbox.zone));
    let mut taken = Vec::new();
    let items = instances.iter().map(|instance| {
        // Unlike a view, this converts all-day items by the mailbox's zone (microsoft-graph-explorer-v4 issue 578).
        let (start, end) = instance.span.interval(&mailbox.zone);
        let (status, digit) = status(instance.show_as());
        taken.push((start, end, digit));
        let mut item = Map::new();
        if matches!(instance.item.sensitivity, Sensitivity::Normal | Sensitivity::Personal) {
            item.insert("isPrivate".to_owned(), json!(false));
            item.insert("subject".to_owned(), json!(instance.subject()));
            item.insert("location".to_owned(), json!(instance.item.location));
        }
        item.insert("status".to_owned(), json!(status));
        item.insert("start".to_owned(), date_time(prefer.zone.to_datetime(start), &prefer.zone_name));
        item.insert("end".to_owned(), date_time(prefer.zone.to_datetime(end), &prefer.zone_name));
        Value::Object(item)
    });
    (items.collect(), taken)
}

/// Graph's word and digit for a kind.
fn status(kind: &str) -> (&'static str, char) {
    match show_as(kind) {
        "free" => ("free", '0'),
        "tentative" => ("tentative", '1'),
        "busy" => ("busy", '2'),
        "oof" => ("oof", '3'),
        "workingElsewhere" => ("workingElsewhere", '4'),
        _ => ("unknown", '0'),
    }
}

/// One digit a slot: of what is in it, what matters most.
fn availability(taken: &[Taken], (from, to): Window, interval: SignedDuration) -> String {
    let order = ['0', '4', '1', '2', '3'];
    let mut view = String::new();
    let mut start = from;
    while start < to {
        let end = start.saturating_add(interval).unwrap_or(to);
        let inside = taken.iter().filter(|(a, b, _)| *a < end && *b > start).map(|(_, _, digit)| *digit);
        view.push(inside.max_by_key(|digit| order.iter().position(|known| known == digit)).unwrap_or('0'));
        start = end;
    }
    view
}
