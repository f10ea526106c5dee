//! One calendar item in normal form. What is parsed here holds a subject, which is read and dropped here.

use busylamp_core::{
    event::{Event, Kind, RawEvent, ReadKind, Response, Sensitivity, When, midnight},
    ids::EventId,
    said::Phrase,
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    answer::ReadItems,
    time,
    xml::{self, Element},
};

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
pub(crate) fn read(item: Element<'_>, mailbox: &TimeZone, how: &ReadItems<'_>) -> Result<Item, Phrase> {
    let id = id(item).ok_or(Phrase::new("ein Eintrag hat keine Kennung", "an item has no id"))?;
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
        kind: kind(xml::word(item, "LegacyFreeBusyStatus")),
        subject,
        sensitivity: sensitivity(xml::word(item, "Sensitivity")),
        response: response(xml::word(item, "MyResponseType")),
        cancelled: yes(item, "IsCancelled")? || state & CALLED_OFF != 0,
        draft: false,
        series_master: xml::word(item, "CalendarItemType") == Some("RecurringMaster"),
    };
    let wanted = how.span.touches(start, end) || how.span.touches(from, to);
    Ok(Item { event: event.read(how.reading), start, wanted })
}

/// An item's id.
pub(crate) fn id<'a>(item: Element<'a>) -> Option<&'a str> {
    xml::child(item, "ItemId").and_then(|id| xml::attribute(id, "Id")).filter(|id| !id.is_empty())
}

fn instant(item: Element<'_>, name: &'static str) -> Result<Timestamp, Phrase> {
    let word = xml::word(item, name).ok_or(Phrase::new("ein Eintrag hat keine Zeit", "an item has no time"))?;
    time::instant(word).ok_or(Phrase::new(
        "ein Eintrag hat eine Zeit, die nicht zu lesen ist",
        "an item has a time that can't be read",
    ))
}

fn yes(item: Element<'_>, name: &'static str) -> Result<bool, Phrase> {
    match xml::word(item, name) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(Phrase::new(
            "ein Eintrag sagt weder ja noch nein, wo eins davon stehen muss",
            "an item has neither yes nor no where one of them belongs",
        )),
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

#[cfg(test)]
mod tests {
    use busylamp_core::title::Reading;

    use super::*;
    use crate::Span;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn named(name: &str) -> Option<TimeZone> {
        match name {
            "UTC" => Some(TimeZone::UTC),
            "W. Europe Standard Time" => Some(zone("Europe/Berlin")),
            "New Zealand Standard Time" => Some(zone("Pacific/Auckland")),
            "Pacific SA Standard Time" => Some(zone("America/Santiago")),
            _ => None,
        }
    }

    fn read_in(span: Span, mailbox: &str, properties: &str) -> Result<Item, Phrase> {
        let text = format!("<CalendarItem><ItemId Id='A'/>{properties}</CalendarItem>");
        let document = xml::parse(&text).unwrap();
        let reading = Reading { mask_personal: true, keep_titles: true, ..Reading::default() };
        let how = ReadItems { span, reading: &reading, zone_named: &named };
        read(document.root(), &zone(mailbox), &how)
    }

    fn read_one(properties: &str) -> Result<Event, Phrase> {
        let always = Span { from: Timestamp::MIN, to: Timestamp::MAX };
        read_in(always, "Europe/Berlin", properties).map(|item| item.event)
    }

    const TIMES: &str = "<Start>2026-11-23T09:00:00Z</Start><End>2026-11-23T10:00:00Z</End>";

    /// First and last day of an all-day event.
    fn days(start: &str, end: &str, item_zone: &str, mailbox: &str) -> (String, String) {
        let always = Span { from: Timestamp::MIN, to: Timestamp::MAX };
        let properties = format!(
            "<Start>{start}</Start><End>{end}</End><IsAllDayEvent>true</IsAllDayEvent><StartTimeZone Id='{item_zone}'/>"
        );
        let When::AllDay { first, last } = read_in(always, mailbox, &properties).unwrap().event.when else {
            panic!("whole days")
        };
        (first.to_string(), last.to_string())
    }

    fn day(start: &str, end: &str, item_zone: &str, mailbox: &str) -> String {
        let (first, last) = days(start, end, item_zone, mailbox);
        assert_eq!(first, last);
        first
    }

    #[test]
    fn a_day_begins_at_midnight_of_the_zone_that_the_item_names() {
        let berlin = "W. Europe Standard Time";
        for mailbox in ["Europe/Berlin", "America/New_York", "Asia/Tokyo", "Pacific/Auckland"] {
            assert_eq!(day("2026-11-23T23:00:00Z", "2026-11-24T23:00:00Z", berlin, mailbox), "2026-11-24");
            let auckland = "New Zealand Standard Time";
            assert_eq!(day("2026-11-23T11:00:00Z", "2026-11-24T11:00:00Z", auckland, mailbox), "2026-11-24");
        }
    }

    #[test]
    fn without_a_zone_that_is_known_the_mailboxes_counts() {
        for unknown in ["", "Customized Time Zone", "tzone://Microsoft/Custom"] {
            let span = days("2026-11-23T23:00:00Z", "2026-11-26T23:00:00Z", unknown, "Europe/Berlin");
            assert_eq!(span, ("2026-11-24".into(), "2026-11-26".into()));
        }
        // An item may name another zone than the one whose midnights it has.
        assert_eq!(day("2026-11-23T11:00:00Z", "2026-11-24T11:00:00Z", "UTC", "Pacific/Auckland"), "2026-11-24");
    }

    #[test]
    fn midnights_of_nowhere_are_rounded_to_the_nearest() {
        for (start, end) in [
            ("2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"),
            ("2026-11-23T20:00:00Z", "2026-11-24T20:00:00Z"),
            ("2026-11-24T08:30:00Z", "2026-11-25T08:30:00Z"),
            ("2026-11-23T11:00:00Z", "2026-11-24T11:00:00Z"),
            ("2026-11-23T23:00:01Z", "2026-11-24T22:59:59Z"),
        ] {
            assert_eq!(day(start, end, "", "Europe/Berlin"), "2026-11-24", "{start}");
        }
    }

    #[test]
    fn a_day_that_has_no_midnight_begins_where_it_begins() {
        let santiago = "Pacific SA Standard Time";
        assert_eq!(day("2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z", santiago, "Europe/Berlin"), "2026-09-06");
        assert_eq!(day("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "", "Europe/Berlin"), "2026-10-25");
    }

    #[test]
    fn days_of_odd_lengths_take_a_day_and_those_of_none_are_empty() {
        assert_eq!(day("2026-11-23T23:00:00Z", "2026-11-24T09:00:00Z", "", "Europe/Berlin"), "2026-11-24");
        assert_eq!(day("2026-11-23T23:00:00Z", "2026-11-23T23:30:00Z", "", "Europe/Berlin"), "2026-11-24");
        let none = days("2026-11-23T23:00:00Z", "2026-11-23T23:00:00Z", "", "Europe/Berlin");
        assert_eq!(none, ("2026-11-24".into(), "2026-11-23".into()));
        let backwards = days("2026-11-25T23:00:00Z", "2026-11-23T23:00:00Z", "", "Europe/Berlin");
        assert_eq!(backwards, ("2026-11-26".into(), "2026-11-23".into()));
    }

    #[test]
    fn the_ends_of_time_are_no_trouble() {
        let span = days("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z", "", "Europe/Berlin");
        assert_eq!(span.0, "0001-01-01");
        assert!(span.1.starts_with("9999-12-"));
        days("-009999-01-02T00:00:00Z", "-009999-01-02T00:00:00Z", "New Zealand Standard Time", "Pacific/Honolulu");
    }

    #[test]
    fn what_only_touches_the_span_is_not_wanted() {
        let span = Span { from: "2026-11-23T10:00:00Z".parse().unwrap(), to: "2026-11-24T10:00:00Z".parse().unwrap() };
        let wanted = |start: &str, end: &str, all_day: bool| {
            let properties = format!("<Start>{start}</Start><End>{end}</End><IsAllDayEvent>{all_day}</IsAllDayEvent>");
            read_in(span, "Europe/Berlin", &properties).unwrap().wanted
        };
        assert!(!wanted("2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z", false));
        assert!(wanted("2026-11-23T09:00:00Z", "2026-11-23T10:00:01Z", false));
        assert!(!wanted("2026-11-23T10:00:00Z", "2026-11-23T10:00:00Z", false));
        assert!(wanted("2026-11-23T11:00:00Z", "2026-11-23T11:00:00Z", false));
        assert!(!wanted("2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z", false));
        assert!(!wanted("2026-11-21T23:00:00Z", "2026-11-22T23:00:00Z", true));
        assert!(wanted("2026-11-22T23:00:00Z", "2026-11-23T23:00:00Z", true));
        assert!(!wanted("2026-11-24T23:00:00Z", "2026-11-25T23:00:00Z", true));
    }

    #[test]
    fn a_meeting_is_called_off_by_either_of_two_properties() {
        let cancelled = |more: &str| read_one(&format!("{TIMES}{more}")).unwrap().cancelled;
        assert!(!cancelled(""));
        assert!(!cancelled("<IsCancelled>false</IsCancelled><AppointmentState>3</AppointmentState>"));
        assert!(cancelled("<IsCancelled>true</IsCancelled>"));
        for state in ["4", "5", "7", "2147483644"] {
            assert!(cancelled(&format!("<IsCancelled>0</IsCancelled><AppointmentState>{state}</AppointmentState>")));
        }
        assert!(!cancelled("<AppointmentState>many</AppointmentState>"));
    }

    #[test]
    fn the_words_of_the_wire_are_those_of_the_schema() {
        let read = |more: &str| read_one(&format!("{TIMES}{more}")).unwrap();
        for (word, kind) in [
            ("Free", Kind::Free),
            ("Tentative", Kind::Tentative),
            ("Busy", Kind::Busy),
            ("OOF", Kind::OutOfOffice),
            ("WorkingElsewhere", Kind::WorkingElsewhere),
        ] {
            let event = read(&format!("<LegacyFreeBusyStatus>{word}</LegacyFreeBusyStatus>"));
            assert_eq!(event.kind, ReadKind::Known(kind));
        }
        for word in ["NoData", "OnTheMoon", "busy"] {
            let event = read(&format!("<LegacyFreeBusyStatus>{word}</LegacyFreeBusyStatus>"));
            assert_eq!(event.kind, ReadKind::Unrecognised(word.to_owned()));
        }
        for (word, answer) in [
            ("Unknown", Response::None),
            ("Organizer", Response::Organizer),
            ("Tentative", Response::Tentative),
            ("Accept", Response::Accepted),
            ("Decline", Response::Declined),
            ("NoResponseReceived", Response::NotResponded),
            ("New", Response::None),
        ] {
            assert_eq!(read(&format!("<MyResponseType>{word}</MyResponseType>")).response, answer);
        }
        for (word, meant) in [
            ("Normal", Sensitivity::Normal),
            ("Personal", Sensitivity::Personal),
            ("Private", Sensitivity::Private),
            ("Confidential", Sensitivity::Confidential),
            ("TopSecret", Sensitivity::Private),
        ] {
            assert_eq!(read(&format!("<Sensitivity>{word}</Sensitivity>")).sensitivity, meant);
        }
        assert!(read("<CalendarItemType>RecurringMaster</CalendarItemType>").series_master);
        assert!(!read("<CalendarItemType>Exception</CalendarItemType>").series_master);
    }

    #[test]
    fn a_masked_subject_steers_and_is_dropped() {
        let subject = "<Subject>Therapie &amp; mehr (DND)</Subject><Sensitivity>Private</Sensitivity>";
        let event = read_one(&format!("{TIMES}{subject}")).unwrap();
        assert_eq!((event.keywords.dnd, event.title.clear()), (Some(true), None));
        assert!(!format!("{event:?}").contains("Therapie"));
        let clear = read_one(&format!("{TIMES}<Subject>A &amp; B &lt;C&gt;</Subject>")).unwrap();
        assert_eq!(clear.title.clear(), Some("A & B <C>"));
    }

    #[test]
    fn an_item_that_can_not_be_read_is_an_error() {
        let without_id = xml::parse("<CalendarItem/>").unwrap();
        let how = ReadItems {
            span: Span { from: Timestamp::MIN, to: Timestamp::MAX },
            reading: &Reading::default(),
            zone_named: &named,
        };
        assert_eq!(
            read(without_id.root(), &TimeZone::UTC, &how).err(),
            Some(Phrase::new("ein Eintrag hat keine Kennung", "an item has no id"))
        );
        for properties in [
            "",
            "<Start>2026-11-23T09:00:00Z</Start>",
            "<Start>2026-11-23T09:00:00Z</Start><End>soon</End>",
            "<Start/><End>2026-11-23T09:00:00Z</End>",
            &format!("{TIMES}<IsAllDayEvent>perhaps</IsAllDayEvent>"),
            &format!("{TIMES}<IsCancelled>perhaps</IsCancelled>"),
        ] {
            assert!(read_one(properties).is_err(), "{properties}");
        }
        assert!(read_one(TIMES).is_ok());
    }
}
