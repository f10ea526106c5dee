//! Calendars and what is in them: calendarView, events, instances.

use std::sync::Arc;

use http::StatusCode;
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use serde_json::{Map, Value, json};

use super::{
    Here,
    event::{PROPERTIES, Writer, read_id},
    filter,
    odata::{Answer, Error, Options, Prefer, context, key, link, object, ok},
};
use crate::{
    faults::Fault,
    http::Reply,
    mailbox::item::{InstanceKind, Item},
};

/// Instances in a page, if nothing else is asked for ("List calendarView").
const PAGE: usize = 10;
const MAX_PAGE: usize = 1000;
/// Days that a window may be long (microsoft-graph-docs issue 6284).
const MAX_DAYS: i64 = 1825;
/// How events are called where a property is not found.
const TYPE: &str = "Microsoft.OutlookServices.Event";
const NO_PROPERTY: &str = "RequestBroker--ParseUri";

/// A span of time that was asked for.
pub(super) type Window = (Timestamp, Timestamp);

/// The window of a request. An offset is honoured, without one it is UTC; `Prefer` has no say.
pub(super) fn window(here: &Here<'_>) -> Result<Window, Error> {
    let parameter = |name: &str| {
        let found = here.request.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        let (_, text) = found.ok_or_else(|| {
            let message = "This request requires a time window specified by the query string parameters StartDateTime and EndDateTime.";
            Error::bad("ErrorInvalidParameter", message)
        })?;
        instant(text).ok_or_else(|| {
            Error::bad("ErrorInvalidParameter", format!("The value '{text}' of parameter '{name}' is invalid."))
        })
    };
    let (from, to) = (parameter("startDateTime")?, parameter("endDateTime")?);
    if to < from {
        return Err(Error::bad("ErrorInvalidParameter", "EndDate is earlier than StartDate"));
    }
    if to.duration_since(from).as_hours() > MAX_DAYS * 24 {
        let message = format!("The requested time window is too large; at most {MAX_DAYS} days are allowed.");
        return Err(Error::bad("ErrorInvalidRequest", message));
    }
    Ok((from, to))
}

fn instant(text: &str) -> Option<Timestamp> {
    // A plus that was not encoded arrives as a space.
    let text = text.trim().replace(' ', "+");
    text.parse::<Timestamp>().ok().or_else(|| {
        let local = text.parse::<DateTime>().ok().or_else(|| Some(text.parse::<Date>().ok()?.at(0, 0, 0, 0)))?;
        TimeZone::UTC.to_timestamp(local).ok()
    })
}

/// `calendarView`: single instances, occurrences and exceptions that touch the window.
pub(super) fn calendar_view(here: &Here<'_>) -> Answer {
    let window = window(here)?;
    list(here, "calendarView", Listing::Instances(window))
}

/// `events`: what is stored, series as their masters. Of the company's appointments those of half a year about now.
pub(super) fn events(here: &Here<'_>) -> Answer {
    let today = here.world.clock.now();
    let half = jiff::SignedDuration::from_hours(24 * 90);
    let around = (today.saturating_sub(half).unwrap_or(today), today.saturating_add(half).unwrap_or(today));
    list(here, "events", Listing::Stored(around))
}

/// `events/{id}/instances`: one series in a window.
pub(super) fn instances(here: &Here<'_>, id: &str) -> Answer {
    let window = window(here)?;
    list(here, "instances", Listing::OfSeries(window, read_id(id)))
}

/// `calendarView/$count`: a bare number.
pub(super) fn count(here: &Here<'_>) -> Answer {
    let window = window(here)?;
    let mailbox = here.entry.mailbox();
    let items = mailbox.items(&here.world.company, &here.entry.person, window);
    let instances = mailbox.instances(&here.world.company, &here.entry.person, &items, window);
    Ok(Reply::body(StatusCode::OK, "text/plain", instances.len().to_string()))
}

/// What a list is of.
enum Listing {
    Instances(Window),
    Stored(Window),
    OfSeries(Window, String),
}

fn list(here: &Here<'_>, what: &str, listing: Listing) -> Answer {
    let options = Options::read(here.request)?;
    options.check_select(&PROPERTIES, NO_PROPERTY, TYPE)?;
    let prefer = Prefer::read(here.request)?;
    let top = options.top.unwrap_or(PAGE);
    if top == 0 || top > MAX_PAGE {
        return Err(Error::bad(
            "ErrorInvalidRequest",
            format!(
                "The limit of '{MAX_PAGE}' for Top query has been exceeded. The value from the incoming request is '{top}'."
            ),
        ));
    }
    if options.skip > 0 && here.world.faults.strikes(Fault::GraphPageError) {
        return Err(Error::new(StatusCode::INTERNAL_SERVER_ERROR, "UnknownError", ""));
    }
    if options.skip > 0 && here.world.faults.strikes(Fault::GraphPageMissing) {
        return Err(Error::new(
            StatusCode::NOT_FOUND,
            "ErrorItemNotFound",
            "The specified object was not found in the store.",
        ));
    }
    let (company, person) = (&here.world.company, &here.entry.person);
    let mailbox = here.entry.mailbox();
    let items: Vec<Arc<Item>>;
    let shown = match &listing {
        Listing::Instances(window) => {
            items = mailbox.items(company, person, *window);
            mailbox.instances(company, person, &items, *window)
        }
        Listing::Stored(window) => {
            items = mailbox.items(company, person, *window);
            items.iter().map(|item| item.itself()).collect()
        }
        Listing::OfSeries(window, id) => {
            items = vec![mailbox.find(company, person, id).ok_or_else(not_found)?.0];
            mailbox.instances(company, person, &items, *window)
        }
    };
    let writer = Writer { here, prefer: &prefer, zone: &mailbox.zone };
    let narrowed = options.filter.is_some() || options.order_by.is_some();
    let (total, page) = if narrowed {
        // Conditions may name any property, so they are tried on whole events.
        let mut all: Vec<Map<String, Value>> = shown.iter().map(|instance| writer.write(instance, None)).collect();
        if let Some(text) = &options.filter {
            let condition = filter::parse(text, &PROPERTIES, NO_PROPERTY, TYPE)?;
            all.retain(|event| condition.holds(event));
        }
        if let Some(text) = &options.order_by {
            filter::sort(&mut all, text, &PROPERTIES, NO_PROPERTY, TYPE)?;
        }
        let total = all.len();
        let page = all.into_iter().skip(options.skip).take(top).map(|event| selected(event, options.select.as_deref()));
        (total, page.collect::<Vec<_>>())
    } else {
        let page = shown.iter().skip(options.skip).take(top).map(|i| writer.write(i, options.select.as_deref()));
        (shown.len(), page.collect())
    };
    let name = format!("users('{}')/{what}{}", key(&person.object_id.to_string()), options.context_suffix());
    let mut body = json!({"@odata.context": context(here.request, &name)});
    if options.count {
        body["@odata.count"] = json!(total);
    }
    body["value"] = page.into_iter().map(Value::Object).collect();
    let next = options.skip + top;
    if next < total {
        body["@odata.nextLink"] = json!(link(here.request, "$skip", &next.to_string()));
    }
    Ok(prefer.applied(ok(body)))
}

/// Leaves of an event what was selected, and what comes anyway.
fn selected(event: Map<String, Value>, select: Option<&[String]>) -> Map<String, Value> {
    let Some(select) = select else { return event };
    let stays =
        |name: &str| name == "id" || name.starts_with("@odata.") || select.iter().any(|selected| selected == name);
    event.into_iter().filter(|(name, _)| stays(name)).collect()
}

/// `events/{id}`.
pub(super) fn event(here: &Here<'_>, id: &str) -> Answer {
    let options = Options::read(here.request)?;
    // Returned only when selected, and only of a master ("Get event").
    let known: Vec<&str> = PROPERTIES.iter().copied().chain(["cancelledOccurrences"]).collect();
    options.check_select(&known, NO_PROPERTY, TYPE)?;
    let prefer = Prefer::read(here.request)?;
    let (company, person) = (&here.world.company, &here.entry.person);
    let mailbox = here.entry.mailbox();
    let (item, day) = mailbox.find(company, person, &read_id(id)).ok_or_else(not_found)?;
    let instance = mailbox.instance(company, person, &item, day).ok_or_else(not_found)?;
    let writer = Writer { here, prefer: &prefer, zone: &mailbox.zone };
    let mut event = writer.write(&instance, options.select.as_deref());
    if let Some(called_off) = event.get_mut("cancelledOccurrences") {
        *called_off = if instance.kind == InstanceKind::Master { json!([]) } else { Value::Null };
    }
    let name = format!("users('{}')/events{}/$entity", key(&person.object_id.to_string()), options.context_suffix());
    event.insert("@odata.context".to_owned(), json!(context(here.request, &name)));
    Ok(prefer.applied(ok(Value::Object(event))))
}

fn not_found() -> Error {
    Error::new(StatusCode::NOT_FOUND, "ErrorItemNotFound", "The specified object was not found in the store.")
}

const CALENDAR_PROPERTIES: [&str; 14] = [
    "id",
    "name",
    "color",
    "hexColor",
    "isDefaultCalendar",
    "changeKey",
    "canShare",
    "canViewPrivateItems",
    "canEdit",
    "allowedOnlineMeetingProviders",
    "defaultOnlineMeetingProvider",
    "isTallyingResponses",
    "isRemovable",
    "owner",
];

/// The id of the mailbox's one calendar.
fn calendar_id(here: &Here<'_>) -> String {
    format!("AQMkADAwATM0{}", here.entry.person.object_id.simple())
}

/// Refuses calendars that are not the mailbox's.
pub(super) fn check_calendar(here: &Here<'_>, id: &str) -> Result<(), Error> {
    if id == calendar_id(here) { Ok(()) } else { Err(not_found()) }
}

fn calendar_json(here: &Here<'_>, options: &Options) -> Map<String, Value> {
    let person = &here.entry.person;
    let all = object([
        ("id", json!(calendar_id(here))),
        ("name", json!(if person.english { "Calendar" } else { "Kalender" })),
        ("color", json!("auto")),
        ("hexColor", json!("")),
        ("isDefaultCalendar", json!(true)),
        ("changeKey", json!("DwAAABYAAAA=")),
        ("canShare", json!(false)),
        ("canViewPrivateItems", json!(true)),
        ("canEdit", json!(false)),
        ("allowedOnlineMeetingProviders", json!(["teamsForBusiness"])),
        ("defaultOnlineMeetingProvider", json!("teamsForBusiness")),
        ("isTallyingResponses", json!(true)),
        ("isRemovable", json!(false)),
        ("owner", json!({"name": person.name(), "address": person.mail})),
    ]);
    selected(all, options.select.as_deref())
}

/// `calendar`.
pub(super) fn calendar(here: &Here<'_>) -> Answer {
    let options = Options::read(here.request)?;
    options.check_select(&CALENDAR_PROPERTIES, NO_PROPERTY, "Microsoft.OutlookServices.Calendar")?;
    let mut body = calendar_json(here, &options);
    let name = format!(
        "users('{}')/calendar{}/$entity",
        key(&here.entry.person.object_id.to_string()),
        options.context_suffix()
    );
    body.insert("@odata.context".to_owned(), json!(context(here.request, &name)));
    Ok(ok(Value::Object(body)))
}

/// `calendars`: there is one.
pub(super) fn calendars(here: &Here<'_>) -> Answer {
    let options = Options::read(here.request)?;
    options.check_select(&CALENDAR_PROPERTIES, NO_PROPERTY, "Microsoft.OutlookServices.Calendar")?;
    let name =
        format!("users('{}')/calendars{}", key(&here.entry.person.object_id.to_string()), options.context_suffix());
    let body = json!({"@odata.context": context(here.request, &name), "value": [calendar_json(here, &options)]});
    Ok(ok(body))
}

/// A date and a zone as a body gives them (`dateTimeTimeZone`).
pub(super) fn read_date_time(value: &Value) -> Option<Timestamp> {
    let text = value["dateTime"].as_str()?;
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant);
    }
    let zone = super::zones::resolve(value["timeZone"].as_str().unwrap_or("UTC"))?;
    zone.to_timestamp(text.parse::<DateTime>().ok()?).ok()
}
