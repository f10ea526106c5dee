//! One calendar item in normal form. What is parsed here holds a subject, which is read and dropped here.

use busylamp_core::{
    event::{Event, Kind, RawEvent, ReadKind, Response, Sensitivity, When, midnight},
    ids::EventId,
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use roxmltree::Node;

use crate::{answer::ReadItems, time, xml};

/// The bit of `AppointmentState` that says that a meeting was called off. It is set where `IsCancelled` is missing.
const CALLED_OFF: i64 = 4;

/// An item as read.
pub(crate) struct Item {
    /// The event; its zone is the mailbox's where the item names none that is known.
    pub(crate) event: Event,
    /// When it begins by the server's clock.
    pub(crate) start: Timestamp,
    /// Whether it is in the span at all.
    pub(crate) wanted: bool,
}

/// Reads an element `CalendarItem`.
pub(crate) fn read(item: Node<'_, '_>, mailbox: &TimeZone, how: &ReadItems<'_>) -> Result<Item, &'static str> {
    let id = id(item).ok_or("an item has no id")?;
    let start = instant(item, "Start")?;
    let end = instant(item, "End")?;
    let all_day = yes(item, "IsAllDayEvent")?;
    let when = if all_day {
        let named = xml::child(item, "StartTimeZone").and_then(|zone| xml::attribute(zone, "Id"));
        whole_days(start, end, named.and_then(how.zone_named), mailbox)
    } else {
        When::Timed { start, end }
    };
    let (from, to) = when.interval(mailbox);
    let subject = xml::child(item, "Subject").map(xml::text).unwrap_or_default();
    let state = xml::word(item, "AppointmentState").and_then(|state| state.parse::<i64>().ok()).unwrap_or(0);
    let event = RawEvent {
        id: EventId::new(id),
        when,
        kind: kind(xml::word(item, "LegacyFreeBusyStatus").as_deref()),
        subject: &subject,
        sensitivity: sensitivity(xml::word(item, "Sensitivity").as_deref()),
        response: response(xml::word(item, "MyResponseType").as_deref()),
        cancelled: yes(item, "IsCancelled")? || state & CALLED_OFF != 0,
        draft: false,
        series_master: xml::word(item, "CalendarItemType").as_deref() == Some("RecurringMaster"),
    };
    let wanted = how.span.touches(start, end) || how.span.touches(from, to);
    Ok(Item { event: event.read(how.reading), start, wanted })
}

/// An item's id.
pub(crate) fn id<'a>(item: Node<'a, '_>) -> Option<&'a str> {
    xml::child(item, "ItemId").and_then(|id| xml::attribute(id, "Id")).filter(|id| !id.is_empty())
}

fn instant(item: Node<'_, '_>, name: &'static str) -> Result<Timestamp, &'static str> {
    let word = xml::word(item, name).ok_or("an item has no time")?;
    time::instant(&word).ok_or("an item has a time that can't be read")
}

fn yes(item: Node<'_, '_>, name: &'static str) -> Result<bool, &'static str> {
    match xml::word(item, name).as_deref() {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err("an item has neither yes nor no where one of them belongs"),
    }
}

/// Whole days: their ends are midnights in the zone of whoever made the event ("Time zones and EWS in Exchange"). So
/// they are looked for in the zone that the item names, then in the mailbox's, and if they are midnights in neither,
/// the nearest ones count.
fn whole_days(start: Timestamp, end: Timestamp, named: Option<TimeZone>, mailbox: &TimeZone) -> When {
    let zones = named.iter().chain([mailbox]);
    let exact = zones.clone().find_map(|zone| Some((begun(start, zone)?, begun(end, zone)?)));
    let zone = named.as_ref().unwrap_or(mailbox);
    let (first, after) = exact.unwrap_or_else(|| (nearest(start, zone), nearest(end, zone)));
    let last = after.yesterday().unwrap_or(after);
    // What takes any time at all takes a day; what takes none stays empty, as over Graph.
    When::AllDay { first, last: if start < end { last.max(first) } else { last } }
}

/// The date that begins at this instant.
fn begun(instant: Timestamp, zone: &TimeZone) -> Option<Date> {
    let date = zone.to_datetime(instant).date();
    (midnight(date, zone) == instant).then_some(date)
}

/// The date whose beginning is the nearest. Of two that are as near the later: twelve hours east of Greenwich many
/// people live, and nobody twelve hours west of it.
fn nearest(instant: Timestamp, zone: &TimeZone) -> Date {
    let date = zone.to_datetime(instant).date();
    let Ok(next) = date.tomorrow() else { return date };
    let since = instant.duration_since(midnight(date, zone));
    let until = midnight(next, zone).duration_since(instant);
    if since < until { date } else { next }
}

/// A kind in Exchange's words (`LegacyFreeBusyType`).
pub(crate) fn kind(word: Option<&str>) -> ReadKind {
    let kind = match word {
        Some("Free") => Kind::Free,
        Some("Tentative") => Kind::Tentative,
        Some("Busy") => Kind::Busy,
        Some("OOF") => Kind::OutOfOffice,
        Some("WorkingElsewhere") => Kind::WorkingElsewhere,
        Some(other) => return ReadKind::Unrecognised(other.chars().take(64).collect()),
        None => return ReadKind::Unrecognised("null".to_owned()),
    };
    ReadKind::Known(kind)
}

fn sensitivity(word: Option<&str>) -> Sensitivity {
    match word {
        None | Some("Normal") => Sensitivity::Normal,
        Some("Personal") => Sensitivity::Personal,
        Some("Confidential") => Sensitivity::Confidential,
        // A word that we don't know may be stricter than those that we do.
        Some(_) => Sensitivity::Private,
    }
}

fn response(word: Option<&str>) -> Response {
    match word {
        Some("Organizer") => Response::Organizer,
        Some("Tentative") => Response::Tentative,
        Some("Accept") => Response::Accepted,
        Some("Decline") => Response::Declined,
        Some("NoResponseReceived") => Response::NotResponded,
        _ => Response::None,
    }
}
