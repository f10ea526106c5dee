//! One event as Graph writes it.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use busylamp_core::event::{Response, Sensitivity};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{Here, odata::Prefer, zones};
use crate::{
    clock::add_days,
    mailbox::item::{Contact, Instance, InstanceKind, Recurrence, Span},
};

/// How ids begin that are not immutable.
const MUTABLE: &str = "AAMkAGI1";

/// The properties of an event (CSDL, type `event`), in the order in which they are written.
pub(super) const PROPERTIES: [&str; 41] = [
    "id",
    "createdDateTime",
    "lastModifiedDateTime",
    "changeKey",
    "categories",
    "transactionId",
    "originalStartTimeZone",
    "originalEndTimeZone",
    "iCalUId",
    "reminderMinutesBeforeStart",
    "isReminderOn",
    "hasAttachments",
    "subject",
    "bodyPreview",
    "importance",
    "sensitivity",
    "isAllDay",
    "isCancelled",
    "isOrganizer",
    "responseRequested",
    "seriesMasterId",
    "showAs",
    "type",
    "webLink",
    "onlineMeetingUrl",
    "isOnlineMeeting",
    "onlineMeetingProvider",
    "allowNewTimeProposals",
    "isDraft",
    "hideAttendees",
    "originalStart",
    "recurrence",
    "responseStatus",
    "body",
    "start",
    "end",
    "location",
    "locations",
    "attendees",
    "organizer",
    "onlineMeeting",
];

/// What an answer carries of an occurrence in a delta round, besides its id and tag.
const SPARSE: [&str; 4] = ["type", "seriesMasterId", "start", "end"];

/// How events are written in one answer.
pub(super) struct Writer<'a> {
    pub(super) here: &'a Here<'a>,
    pub(super) prefer: &'a Prefer,
    /// The mailbox's own zone.
    pub(super) zone: &'a TimeZone,
}

impl Writer<'_> {
    /// The event with some of its properties; all of them if none are named.
    pub(super) fn write(&self, instance: &Instance<'_>, select: Option<&[String]>) -> Map<String, Value> {
        let mut out = Map::new();
        out.insert("@odata.etag".to_owned(), Value::String(format!("W/\"{}\"", change_key(instance))));
        out.insert("id".to_owned(), Value::String(self.id(&instance.id)));
        match select {
            None => {
                for name in &PROPERTIES[1..] {
                    out.insert((*name).to_owned(), self.property(instance, name));
                }
            }
            Some(names) => {
                // Stamps can't be selected in a view ("List calendarView").
                let stamps = ["createdDateTime", "lastModifiedDateTime"];
                for name in names.iter().filter(|name| *name != "id" && !stamps.contains(&name.as_str())) {
                    out.insert(name.clone(), self.property(instance, name));
                }
            }
        }
        out
    }

    /// An event in a delta round: occurrences carry hardly more than their times
    /// (microsoft-graph-docs issues 7632 and 22197).
    pub(super) fn write_for_delta(&self, instance: &Instance<'_>) -> Map<String, Value> {
        let mut out = Map::new();
        out.insert("@odata.type".to_owned(), Value::String("#microsoft.graph.event".to_owned()));
        let sparse: Vec<String> = SPARSE.iter().map(|name| (*name).to_owned()).collect();
        let select = (instance.kind == InstanceKind::Occurrence).then_some(sparse.as_slice());
        out.extend(self.write(instance, select));
        out
    }

    /// An id in the form that was asked for.
    pub(super) fn id(&self, id: &str) -> String {
        if self.prefer.immutable_ids { id.to_owned() } else { format!("{MUTABLE}{}", URL_SAFE_NO_PAD.encode(id)) }
    }

    fn property(&self, instance: &Instance<'_>, name: &str) -> Value {
        let item = instance.item;
        let person = &self.here.entry.person;
        let own = item.organizer.is_none();
        let (start, _) = instance.span.interval(self.zone);
        match name {
            "createdDateTime" | "lastModifiedDateTime" => json!(stamp(written(start))),
            "changeKey" => json!(change_key(instance)),
            "categories" => json!([]),
            "originalStartTimeZone" | "originalEndTimeZone" => json!(zones::windows_name(&item.zone)),
            "iCalUId" => json!(uid(&instance.id)),
            "reminderMinutesBeforeStart" => json!(15),
            "isReminderOn" => json!(!matches!(instance.span, Span::Days { .. })),
            "hasAttachments" | "hideAttendees" | "isOnlineMeeting" => json!(false),
            "subject" => json!(instance.subject()),
            "bodyPreview" => json!(""),
            "importance" => json!("normal"),
            "sensitivity" => json!(sensitivity(item.sensitivity)),
            "isAllDay" => json!(matches!(instance.span, Span::Days { .. })),
            "isCancelled" => json!(instance.cancelled()),
            "isOrganizer" => json!(own),
            "responseRequested" | "allowNewTimeProposals" => json!(true),
            "seriesMasterId" => match instance.kind {
                InstanceKind::Occurrence | InstanceKind::Exception => json!(self.id(&item.id)),
                InstanceKind::Single | InstanceKind::Master => Value::Null,
            },
            "showAs" => json!(show_as(instance.show_as())),
            "type" => json!(match instance.kind {
                InstanceKind::Single => "singleInstance",
                InstanceKind::Occurrence => "occurrence",
                InstanceKind::Exception => "exception",
                InstanceKind::Master => "seriesMaster",
            }),
            "webLink" => json!(format!("https://outlook.example/calendar/item/{}", uid(&instance.id))),
            "onlineMeetingProvider" => json!("unknown"),
            "isDraft" => json!(item.draft),
            "originalStart" => match instance.original {
                Some(span) => json!(stamp(span.interval(self.zone).0)),
                None => Value::Null,
            },
            "recurrence" => match (instance.kind, item.recurrence) {
                (InstanceKind::Master, Some(recurrence)) => recurrence_json(recurrence, instance, &item.zone),
                _ => Value::Null,
            },
            "responseStatus" => response_status(item.response, start),
            "body" => json!({"contentType": if self.prefer.text_bodies { "text" } else { "html" }, "content": ""}),
            "start" => self.time(instance.span, false),
            "end" => self.time(instance.span, true),
            "location" => location(&item.location),
            "locations" if item.location.is_empty() => json!([]),
            "locations" => json!([location(&item.location)]),
            "attendees" => item.attendees.iter().map(|guest| attendee(guest, item.response)).collect(),
            "organizer" => recipient(&item.organizer.clone().unwrap_or_else(|| person.contact())),
            // transactionId, onlineMeetingUrl, onlineMeeting: there is none.
            _ => Value::Null,
        }
    }

    /// Start or end in the zone that was asked for. An all-day item is midnight there, whatever the zone: its
    /// times are not converted (microsoft-graph-docs issue 1802).
    fn time(&self, span: Span, end: bool) -> Value {
        let local = match span {
            Span::Timed { start, end: over } => self.prefer.zone.to_datetime(if end { over } else { start }),
            Span::Days { last, .. } if end => add_days(last, 1).at(0, 0, 0, 0),
            Span::Days { first, .. } => first.at(0, 0, 0, 0),
        };
        date_time(local, &self.prefer.zone_name)
    }
}

/// A `dateTimeTimeZone`: seven digits of a second, no offset.
pub(super) fn date_time(local: DateTime, zone_name: &str) -> Value {
    let digits = local.subsec_nanosecond() / 100;
    json!({"dateTime": format!("{}.{digits:07}", local.strftime("%Y-%m-%dT%H:%M:%S")), "timeZone": zone_name})
}

/// The immutable id that an id in a path stands for.
pub(super) fn read_id(id: &str) -> String {
    let decoded = id.strip_prefix(MUTABLE).and_then(|code| URL_SAFE_NO_PAD.decode(code).ok());
    decoded.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| id.to_owned())
}

/// Graph's word for a kind of interfaces, section 2; words that it does not know stay.
pub(super) fn show_as(kind: &str) -> &str {
    match kind {
        "out_of_office" => "oof",
        "working_elsewhere" => "workingElsewhere",
        other => other,
    }
}

fn sensitivity(sensitivity: Sensitivity) -> &'static str {
    match sensitivity {
        Sensitivity::Normal => "normal",
        Sensitivity::Personal => "personal",
        Sensitivity::Private => "private",
        Sensitivity::Confidential => "confidential",
    }
}

fn response(response: Response) -> &'static str {
    match response {
        Response::None => "none",
        Response::Organizer => "organizer",
        Response::Accepted => "accepted",
        Response::Tentative => "tentativelyAccepted",
        Response::Declined => "declined",
        Response::NotResponded => "notResponded",
    }
}

fn response_status(answer: Response, start: Timestamp) -> Value {
    let time = match answer {
        Response::None | Response::Organizer | Response::NotResponded => "0001-01-01T00:00:00Z".to_owned(),
        Response::Accepted | Response::Tentative | Response::Declined => stamp(written(start)),
    };
    json!({"response": response(answer), "time": time})
}

/// When an item is said to have been written: two weeks before it starts.
fn written(start: Timestamp) -> Timestamp {
    start.saturating_sub(SignedDuration::from_hours(14 * 24)).unwrap_or(start)
}

fn stamp(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Identifies the version of an instance: another change, another key.
fn change_key(instance: &Instance<'_>) -> String {
    let hash = Sha256::digest(format!("{}/{}", instance.id, instance.item.change));
    STANDARD.encode(&hash[..16])
}

/// The id across calendars: the same for no two instances.
fn uid(id: &str) -> String {
    use std::fmt::Write;
    Sha256::digest(id)[..24].iter().fold("040000008200E00074C5B7101A82E008".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

fn location(name: &str) -> Value {
    json!({
        "displayName": name,
        "locationType": "default",
        "uniqueId": if name.is_empty() { Value::Null } else { json!(name) },
        "uniqueIdType": if name.is_empty() { "unknown" } else { "private" },
    })
}

fn recipient(contact: &Contact) -> Value {
    json!({"emailAddress": {"name": contact.name, "address": contact.mail}})
}

fn attendee(contact: &Contact, answer: Response) -> Value {
    let answer = if answer == Response::Organizer { Response::None } else { answer };
    json!({
        "type": "required",
        "status": {"response": response(answer), "time": "0001-01-01T00:00:00Z"},
        "emailAddress": {"name": contact.name, "address": contact.mail},
    })
}

fn recurrence_json(recurrence: Recurrence, instance: &Instance<'_>, zone: &TimeZone) -> Value {
    let first = match instance.span {
        Span::Timed { start, .. } => zone.to_datetime(start).date(),
        Span::Days { first, .. } => first,
    };
    let mut pattern = json!({"interval": 1, "month": 0, "dayOfMonth": 0, "firstDayOfWeek": "monday", "index": "first"});
    let mut range = json!({
        "startDate": first.to_string(),
        "endDate": "0001-01-01",
        "recurrenceTimeZone": zones::windows_name(zone),
        "numberOfOccurrences": 0,
    });
    match recurrence {
        Recurrence::Days { every, count } => {
            pattern["type"] = json!("daily");
            pattern["interval"] = json!(every);
            range["type"] = json!("numbered");
            range["numberOfOccurrences"] = json!(count);
        }
        Recurrence::Weeks { every, days } => {
            pattern["type"] = json!("weekly");
            pattern["interval"] = json!(every);
            let names = days.iter().map(|day| format!("{day:?}").to_lowercase());
            pattern["daysOfWeek"] = names.collect();
            range["type"] = json!("noEnd");
        }
    }
    json!({"pattern": pattern, "range": range})
}
