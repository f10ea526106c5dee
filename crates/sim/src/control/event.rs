//! Events in the written form of interfaces, section 2.

use std::borrow::Cow;

use busylamp_core::event::{Response, Sensitivity};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Value, json};

use super::read::{Fields, Refusal, Result};
use crate::mailbox::item::{Instance, InstanceKind, Item, Recurrence, Span};

const KEYS: [&str; 14] = [
    "id",
    "start",
    "end",
    "all_day",
    "first_day",
    "last_day",
    "kind",
    "subject",
    "sensitivity",
    "cancelled",
    "draft",
    "series_master",
    "response",
    "recurrence",
];
/// Most occurrences of a series.
const MAX_COUNT: u64 = 10_000;

/// Reads an event for a mailbox that lives in `zone`.
pub(super) fn read(id: &str, body: &Value, zone: &TimeZone) -> Result<Item> {
    let fields = Fields::new("", body, &KEYS)?;
    if let Some(other) = fields.text("id")?
        && other != id
    {
        return Err(Refusal("id: it differs from the one in the path".to_owned()));
    }
    let span = span(&fields)?;
    let recurrence = match fields.get("recurrence") {
        None => None,
        Some(value) => {
            let inner = Fields::new("recurrence", value, &["every_days", "count"])?;
            let number = |name: &str, most: u64| {
                let number = inner.needed(name, inner.number(name)?)?;
                let fits = u32::try_from(number).ok().filter(|_| number > 0 && number <= most);
                fits.ok_or_else(|| Refusal(format!("{}: a number from 1 to {most} is expected", inner.path(name))))
            };
            Some(Recurrence::Days { every: number("every_days", 366)?, count: number("count", MAX_COUNT)? })
        }
    };
    let response =
        fields.read("response", "none, organizer, accepted, tentative, declined or not_responded", word::<Response>)?;
    let response = response.unwrap_or_default();
    Ok(Item {
        id: id.to_owned(),
        subject: fields.text("subject")?.unwrap_or_default().to_owned(),
        kind: Cow::Owned(fields.text("kind")?.unwrap_or("busy").to_owned()),
        sensitivity: fields
            .read("sensitivity", "normal, personal, private or confidential", word::<Sensitivity>)?
            .unwrap_or_default(),
        response,
        cancelled: fields.flag("cancelled")?.unwrap_or(false),
        draft: fields.flag("draft")?.unwrap_or(false),
        shown_as_master: fields.flag("series_master")?.unwrap_or(false),
        location: Cow::Borrowed(""),
        organizer: match response {
            Response::None | Response::Organizer => None,
            Response::Accepted | Response::Tentative | Response::Declined | Response::NotResponded => {
                Some(crate::mailbox::item::Contact {
                    name: "Nordwerk GmbH".to_owned(),
                    mail: "info@nordwerk.example".to_owned(),
                })
            }
        },
        attendees: Vec::new(),
        span,
        recurrence,
        zone: zone.clone(),
        change: 0,
    })
}

/// One of the words of a closed list.
fn word<T: serde::de::DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

fn span(fields: &Fields<'_>) -> Result<Span> {
    let instant = |name: &str| {
        let read = |value: &Value| value.as_str()?.parse::<Timestamp>().ok();
        fields.read(name, "an instant with its offset (RFC 3339)", read)
    };
    let day = |name: &str| {
        let read = |value: &Value| value.as_str()?.parse::<Date>().ok();
        fields.read(name, "a date", read)
    };
    let unwanted = |names: [&str; 2]| match names.into_iter().find(|name| fields.get(name).is_some()) {
        Some(name) => Err(Refusal(format!("{}: an event is either all day or has instants", fields.path(name)))),
        None => Ok(()),
    };
    if fields.flag("all_day")?.unwrap_or(false) {
        unwanted(["start", "end"])?;
        let (first, last) = (day("first_day")?, day("last_day")?);
        Ok(Span::Days { first: fields.needed("first_day", first)?, last: fields.needed("last_day", last)? })
    } else {
        unwanted(["first_day", "last_day"])?;
        let (start, end) = (instant("start")?, instant("end")?);
        Ok(Span::Timed { start: fields.needed("start", start)?, end: fields.needed("end", end)? })
    }
}

/// Writes an item as it was entered, a series with its recurrence.
pub(super) fn write_item(item: &Item) -> Value {
    let mut body = write(&item.itself());
    body["series_master"] = json!(item.shown_as_master);
    if let Some(Recurrence::Days { every, count }) = item.recurrence {
        body["recurrence"] = json!({"every_days": every, "count": count});
    }
    body
}

/// Writes one instance.
pub(super) fn write(instance: &Instance<'_>) -> Value {
    let item = instance.item;
    let mut body = json!({"id": instance.id});
    match instance.span {
        Span::Timed { start, end } => {
            body["start"] = json!(start.to_string());
            body["end"] = json!(end.to_string());
        }
        Span::Days { first, last } => {
            body["all_day"] = json!(true);
            body["first_day"] = json!(first.to_string());
            body["last_day"] = json!(last.to_string());
        }
    }
    body["kind"] = json!(instance.show_as());
    body["subject"] = json!(instance.subject());
    body["sensitivity"] = json!(item.sensitivity);
    body["cancelled"] = json!(instance.cancelled());
    body["draft"] = json!(item.draft);
    body["series_master"] = json!(instance.kind == InstanceKind::Master);
    body["response"] = json!(item.response);
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: Value) -> String {
        read("a", &body, &TimeZone::UTC).unwrap_err().0
    }

    #[test]
    fn an_event_needs_only_its_times_and_comes_back_as_it_was_entered() {
        let body = json!({"id": "a", "start": "2026-11-24T09:00:00+01:00", "end": "2026-11-24T10:30:00+01:00"});
        let item = read("a", &body, &TimeZone::UTC).unwrap();
        let written = write_item(&item);
        assert_eq!(written["start"], "2026-11-24T08:00:00Z");
        assert_eq!((&written["kind"], &written["response"]), (&json!("busy"), &json!("none")));
        let series = json!({"all_day": true, "first_day": "2026-11-24", "last_day": "2026-11-25", "kind": "free", "recurrence": {"every_days": 7, "count": 3}});
        let item = read("b", &series, &TimeZone::UTC).unwrap();
        assert_eq!(write_item(&item)["recurrence"], series["recurrence"]);
    }

    #[test]
    fn what_is_wrong_is_refused_with_its_place() {
        let times = json!({"start": "2026-11-24T09:00:00Z", "end": "2026-11-24T10:00:00Z"});
        let with = |name: &str, value: Value| {
            let mut body = times.clone();
            body[name] = value;
            body
        };
        assert!(
            refused(with("subjekt", json!("x"))).contains("subjekt: this key is not known; the nearest is `subject`")
        );
        assert!(refused(with("recurrence", json!({"every_day": 1}))).starts_with("recurrence.every_day:"));
        assert!(
            refused(with("recurrence", json!({"every_days": 0, "count": 1}))).starts_with("recurrence.every_days:")
        );
        assert!(refused(with("response", json!("maybe"))).starts_with("response:"));
        assert!(refused(with("first_day", json!("2026-11-24"))).starts_with("first_day:"));
        assert!(refused(with("id", json!("b"))).starts_with("id:"));
        assert!(refused(with("start", json!("2026-11-24T09:00"))).starts_with("start:"));
        assert!(refused(json!({"start": "2026-11-24T09:00:00Z"})).starts_with("end:"));
    }
}
