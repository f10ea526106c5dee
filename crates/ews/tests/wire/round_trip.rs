//! What a server writes is what is read, however it dresses it.

use busylamp_core::{
    event::{Event, Kind, ReadKind, When},
    keyword::Words,
    title::Reading,
};
use busylamp_ews::{Code, MailboxFault, Page, ReadItems, Rest, Span, answer};
use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use proptest::prelude::*;

use crate::server::{self, Dress, Folder, Item};

/// An item, and the event that it is.
#[derive(Clone, Debug)]
struct Meant {
    item: Item,
    start: Timestamp,
    end: Timestamp,
    kind: &'static str,
    subject: String,
    all_day: Option<(civil::Date, civil::Date)>,
    cancelled: bool,
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").unwrap()
}

fn zone_named(name: &str) -> Option<TimeZone> {
    let zone = match name {
        "W. Europe Standard Time" => "Europe/Berlin",
        "Tokyo Standard Time" => "Asia/Tokyo",
        "New Zealand Standard Time" => "Pacific/Auckland",
        "Hawaiian Standard Time" => "Pacific/Honolulu",
        _ => return None,
    };
    TimeZone::get(zone).ok()
}

/// Year around 2026.
fn span() -> Span {
    Span { from: at("2026-01-01T00:00:00Z"), to: at("2028-01-01T00:00:00Z") }
}

fn read(body: &[u8], mailboxes: usize) -> Vec<Result<Page, MailboxFault>> {
    let reading = Reading { keep_titles: true, mask_personal: true, words: Words::default() };
    let how = ReadItems { span: span(), reading: &reading, zone_named: &zone_named };
    let zone = berlin();
    answer::items(body, &vec![&zone; mailboxes], &how).unwrap().mailboxes
}

const KINDS: [&str; 6] = ["Free", "Tentative", "Busy", "OOF", "WorkingElsewhere", "NoData"];

fn meant() -> impl Strategy<Value = Meant> {
    let when = (0_i64..60_000_000, 1_i64..200_000, prop::option::of((0_i64..4, 0_usize..5)));
    // No brackets: they would be keywords. What is read of a subject is the core's business.
    let what = (prop::sample::select(KINDS.to_vec()), "[a-zA-Zäöü0-9&<>\"';!?]{1,20}", any::<bool>(), any::<bool>());
    (when, what, "[A-Za-z0-9+/=&<>\"]{8,40}", any::<bool>()).prop_map(
        |((start, length, all_day), (kind, subject, cancelled, by_state), id, offset)| {
            let mut start = span().from + SignedDuration::from_secs(start);
            let mut end = start + SignedDuration::from_secs(length);
            let mut zone = None;
            let all_day = all_day.map(|(days, place)| {
                let names = [
                    "W. Europe Standard Time",
                    "Tokyo Standard Time",
                    "New Zealand Standard Time",
                    "Hawaiian Standard Time",
                ];
                zone = names.get(place).map(|name| (*name).to_owned());
                let theirs = zone.as_deref().and_then(zone_named).unwrap_or_else(berlin);
                let first = theirs.to_datetime(start).date();
                let last = first + SignedDuration::from_hours(24 * days);
                start = theirs.to_timestamp(first.at(0, 0, 0, 0)).unwrap();
                end = theirs.to_timestamp(last.tomorrow().unwrap().at(0, 0, 0, 0)).unwrap();
                (first, last)
            });
            let written = |instant: Timestamp| match offset {
                true => instant.display_with_offset(jiff::tz::offset(-7)).to_string(),
                false => instant.to_string(),
            };
            let state = if by_state && cancelled { "7" } else { "3" };
            let properties = vec![
                ("Subject", subject.clone()),
                ("Sensitivity", "Normal".to_owned()),
                ("Start", written(start)),
                ("End", written(end)),
                ("IsAllDayEvent", all_day.is_some().to_string()),
                ("LegacyFreeBusyStatus", kind.to_owned()),
                ("IsCancelled", (cancelled && !by_state).to_string()),
                ("CalendarItemType", "Single".to_owned()),
                ("MyResponseType", "Accept".to_owned()),
                ("AppointmentState", state.to_owned()),
            ];
            Meant { item: Item { id, properties, zone }, start, end, kind, subject, all_day, cancelled }
        },
    )
}

fn dress() -> impl Strategy<Value = Dress> {
    any::<(bool, bool, bool, bool, bool)>().prop_map(|(prefixes, reversed, strangers, airy, marked)| Dress {
        prefixes,
        reversed,
        strangers,
        airy,
        marked,
    })
}

fn is_meant(event: &Event, meant: &Meant) -> Result<(), TestCaseError> {
    let when = match meant.all_day {
        Some((first, last)) => When::AllDay { first, last },
        None => When::Timed { start: meant.start, end: meant.end },
    };
    prop_assert_eq!(event.when, when);
    prop_assert_eq!(event.cancelled, meant.cancelled);
    prop_assert_eq!(event.title.clear(), Some(meant.subject.as_str()));
    let kind = match meant.kind {
        "Tentative" => Kind::Tentative,
        "Busy" => Kind::Busy,
        "OOF" => Kind::OutOfOffice,
        "WorkingElsewhere" => Kind::WorkingElsewhere,
        _ => Kind::Free,
    };
    prop_assert_eq!(event.kind.kind(), kind);
    prop_assert_eq!(matches!(event.kind, ReadKind::Unrecognised(_)), meant.kind == "NoData");
    Ok(())
}

/// Each id once, as in a real calendar.
fn unlike(mut calendar: Vec<Meant>) -> Vec<Meant> {
    for (number, meant) in calendar.iter_mut().enumerate() {
        meant.item.id.push_str(&number.to_string());
    }
    calendar.sort_by_key(|meant| meant.start);
    calendar
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_in_any_dress(
        calendars in prop::collection::vec(prop::collection::vec(meant(), 0..8), 1..4),
        dress in dress(),
        last: bool,
    ) {
        let calendars: Vec<_> = calendars.into_iter().map(unlike).collect();
        let folders: Vec<_> = calendars
            .iter()
            .map(|calendar| Folder::Items { items: calendar.iter().map(|meant| meant.item.clone()).collect(), last })
            .collect();
        let plain = read(&server::find_item(&folders, Dress::default()), calendars.len());
        let body = server::find_item(&folders, dress);
        let pages = read(&body, calendars.len());
        prop_assert_eq!(&pages, &plain, "{}", String::from_utf8_lossy(&body));
        for (page, calendar) in pages.iter().zip(&calendars) {
            let page = page.as_ref().unwrap();
            // All of them lie in the span, but for days that end before it begins in Berlin.
            let within: Vec<_> = calendar.iter().filter(|meant| meant.end > span().from).collect();
            prop_assert_eq!(page.events.len(), within.len());
            for (event, meant) in page.events.iter().zip(within) {
                is_meant(event, meant)?;
            }
            let rest = match (last, calendar.last()) {
                (true, _) => Rest::Nothing,
                (false, Some(meant)) => Rest::From(meant.start),
                (false, None) => Rest::Unknown,
            };
            prop_assert_eq!(page.rest, rest);
        }
    }

    #[test]
    fn a_property_that_can_not_be_read_fails_its_mailbox_and_no_other(
        meant in meant(),
        property in prop::sample::select(vec![2_usize, 3, 4, 6]),
        garbage in "[a-z]{0,5}[0-9<]{1,5}[a-z]",
    ) {
        let good = Folder::Items { items: vec![meant.item.clone()], last: true };
        let mut item = meant.item.clone();
        item.properties[property].1 = garbage;
        let bad = Folder::Items { items: vec![meant.item.clone(), item], last: true };
        let pages = read(&server::find_item(&[good.clone(), bad, good], Dress::default()), 3);
        prop_assert!(pages[0].is_ok() && pages[0] == pages[2]);
        prop_assert!(matches!(pages[1], Err(MailboxFault::Unreadable(_))));
    }

    #[test]
    fn a_refusal_arrives_with_its_words_and_its_pause(text in "[ -~äöü]{0,80}", pause in prop::option::of(0_u64..3_600_000)) {
        let folder = Folder::Error { code: "ErrorServerBusy".into(), text: text.clone(), back_off: pause };
        let pages = read(&server::find_item(&[folder], Dress { airy: true, ..Dress::default() }), 1);
        let Err(MailboxFault::Refused(refusal)) = &pages[0] else { panic!() };
        prop_assert_eq!(&refusal.code, &Code::ServerBusy);
        prop_assert_eq!(&refusal.text, &text.split_whitespace().collect::<Vec<_>>().join(" "));
        prop_assert_eq!(refusal.back_off.map(|pause| pause.as_millis()), pause.map(u128::from));
    }
}
