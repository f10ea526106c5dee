//! Every recorded answer goes through the decoder that fits it, and those of other operations are told as such.

use std::fs;

use busylamp_core::{
    event::{Event, Kind, ReadKind, Response, Sensitivity, When},
    said::Phrase,
    title::{Reading, Title},
};
use busylamp_ews::{
    AnswerError, Class, Code, FreeBusy, Granted, MailboxFault, Page, ReadItems, Rest, Span, answer, autodiscover,
    availability,
};
use jiff::{Timestamp, civil::date, tz::TimeZone};

use crate::conformance::{fixture, folder};

fn reading() -> Reading {
    Reading { mask_personal: true, keep_titles: true, ..Reading::default() }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn always() -> Span {
    Span { from: Timestamp::MIN, to: Timestamp::MAX }
}

/// The mailboxes of a recorded FindItem, for owners in Berlin.
fn pages(name: &str, asked: usize) -> Option<Vec<Result<Page, MailboxFault>>> {
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let how = ReadItems { span: always(), reading: &reading(), zone_named: &|_| None };
    let answer = answer::items(&fixture(name)?, &vec![&berlin; asked], &how);
    Some(answer.unwrap_or_else(|error| panic!("{name}: {error}")).mailboxes)
}

fn page(name: &str) -> Option<Page> {
    Some(pages(name, 1)?.remove(0).unwrap_or_else(|error| panic!("{name}: {error}")))
}

fn times(event: &Event) -> (String, String) {
    let When::Timed { start, end } = event.when else { panic!("a timed event") };
    (start.to_string(), end.to_string())
}

fn titles(page: &Page) -> Vec<&str> {
    page.events.iter().filter_map(|event| event.title.clear()).collect()
}

#[test]
fn a_view_of_a_calendar_is_read_and_goes_on_behind_its_last_item() {
    let Some(page) = page("finditem-calendarview.response.xml") else { return };
    let expected = [
        ("2013-08-21T19:30:00Z", "2013-08-21T20:00:00Z", "Contoso devs team meeting"),
        ("2013-08-21T20:00:00Z", "2013-08-21T21:00:00Z", "Daily status meeting"),
        ("2013-08-21T21:30:00Z", "2013-08-21T22:30:00Z", "Lunch with sales team"),
        ("2013-08-22T18:00:00Z", "2013-08-22T19:00:00Z", "Tennis at the club"),
        ("2013-08-22T21:00:00Z", "2013-08-22T22:00:00Z", "Online training webcast"),
    ];
    let read: Vec<_> = page.events.iter().map(times).zip(titles(&page)).collect();
    let read: Vec<_> = read.iter().map(|((start, end), title)| (start.as_str(), end.as_str(), *title)).collect();
    assert_eq!(read, expected);
    assert_eq!(page.rest, Rest::From(at("2013-08-22T21:00:00Z")));
    // Four of the five have the same id in this recording: each is an event all the same.
    let agenda = busylamp_core::event::Agenda::new(page.events);
    assert_eq!(agenda.events().len(), 5);
}

#[test]
fn occurrences_of_a_series_are_events() {
    let Some(page) = page("finditem-calendarview-occurrences.response.xml") else { return };
    let starts: Vec<_> = page.events.iter().map(|event| times(event).0).collect();
    let expected = ["02", "09", "16", "23", "30"].map(|day| format!("2014-07-{day}T15:30:00Z"));
    assert_eq!(starts, expected);
    assert_eq!(titles(&page), ["Swim Team Practice"; 5]);
    assert!(page.events.iter().all(|event| !event.series_master && !event.cancelled));
    assert_eq!(page.rest, Rest::Nothing);
}

#[test]
fn the_pattern_of_a_series_is_marked() {
    let Some(page) = page("finditem-nocalendarview-master.response.xml") else { return };
    assert_eq!(page.events.len(), 1);
    assert!(page.events[0].series_master);
}

#[test]
fn of_three_mailboxes_each_has_its_own_answer() {
    let Some(pages) = pages("synthetic-finditem-three-mailboxes-mixed.response.xml", 3) else { return };
    let first = pages[0].as_ref().unwrap();
    let [standup, private, called_off, holiday] = first.events.as_slice() else { panic!("four events") };
    assert_eq!(times(standup), ("2026-11-23T08:00:00Z".into(), "2026-11-23T08:15:00Z".into()));
    assert_eq!((standup.title.clear(), standup.response), (Some("Standup"), Response::Accepted));
    assert_eq!(private.kind, ReadKind::Known(Kind::OutOfOffice));
    assert_eq!((&private.title, private.sensitivity), (&Title::Masked, Sensitivity::Private));
    assert!(called_off.cancelled && called_off.response == Response::NotResponded);
    assert_eq!(holiday.when, When::AllDay { first: date(2026, 11, 24), last: date(2026, 11, 24) });
    assert_eq!(holiday.kind, ReadKind::Known(Kind::WorkingElsewhere));
    assert_eq!(holiday.response, Response::Organizer);
    let class = |place: usize| match &pages[place] {
        Err(MailboxFault::Refused(refusal)) => (refusal.code.clone(), refusal.class()),
        other => panic!("{other:?}"),
    };
    assert_eq!(class(1), (Code::FolderNotFound, Class::Denied));
    assert_eq!(class(2), (Code::NonExistentMailbox, Class::NotFound));
    let Some(two) = fixture("synthetic-finditem-three-mailboxes-mixed.response.xml") else { return };
    assert_eq!(answer::marks(&two, 2), Err(AnswerError::Count { asked: 2, answered: 3 }));
}

#[test]
fn an_item_without_its_times_fails_its_mailbox_only() {
    let Some(pages) = pages("finditem-delegate.response.xml", 1) else { return };
    let no_time = Phrase::new("ein Eintrag hat keine Zeit", "an item has no time");
    assert_eq!(pages[0], Err(MailboxFault::Unreadable(no_time)));
}

#[test]
fn a_refused_folder_says_why() {
    let Some(pages) = pages("finditem-error.response.xml", 1) else { return };
    let Err(MailboxFault::Refused(refusal)) = &pages[0] else { panic!("{pages:?}") };
    assert_eq!((refusal.code.clone(), refusal.class()), (Code::InvalidIdMalformed, Class::OwnFault));
    assert_eq!(refusal.to_string(), "ErrorInvalidIdMalformed: Id is malformed.");
}

fn free_busy(name: &str, from: &str) -> Option<Vec<FreeBusy>> {
    let span = Span { from: at(from), to: Timestamp::MAX };
    let answer = availability::read(&fixture(name)?, 2, span).unwrap_or_else(|error| panic!("{name}: {error}"));
    Some(answer.mailboxes.into_iter().map(Result::unwrap).collect())
}

#[test]
fn free_busy_with_details_tells_times_kinds_and_the_zone() {
    let name = "getuseravailability-detailedmerged-and-freebusymerged.response.xml";
    let Some(mailboxes) = free_busy(name, "2006-10-16T07:00:00Z") else { return };
    assert_eq!(mailboxes[0].granted, Granted::Detailed);
    assert_eq!(mailboxes[1].granted, Granted::FreeBusy);
    let read = |mailbox: &FreeBusy| {
        let events = mailbox.events(always(), &reading());
        assert!(events.iter().all(|event| event.title.clear().is_none()));
        events.iter().map(|event| (times(event).0, times(event).1, event.kind.kind())).collect::<Vec<_>>()
    };
    let expected =
        |start: &str, end: &str, kind| (format!("2006-10-16T{start}:00Z"), format!("2006-10-16T{end}:00Z"), kind);
    assert_eq!(
        read(&mailboxes[0]),
        [
            expected("13:00", "13:30", Kind::Busy),
            expected("14:00", "15:00", Kind::Busy),
            expected("16:40", "17:10", Kind::Busy)
        ]
    );
    assert_eq!(read(&mailboxes[1]), [expected("16:00", "17:00", Kind::Tentative)]);
    for mailbox in &mailboxes {
        // Los Angeles by the rules of 2006: from the first Sunday of April to the last one of October.
        let zone = mailbox.zone.as_ref().unwrap();
        let offset = |text| zone.to_offset(at(text)).seconds() / 3600;
        let offsets = ["2006-04-02T09:59:59Z", "2006-04-02T10:00:00Z", "2006-10-29T08:59:59Z", "2006-10-29T09:00:00Z"];
        assert_eq!(offsets.map(offset), [-8, -7, -7, -8]);
    }
    assert!(!format!("{mailboxes:?}").contains("groceries"));
}

#[test]
fn times_of_free_busy_without_an_offset_are_in_the_zone_that_was_asked_in() {
    let Some(mailboxes) = free_busy("getuseravailability-suggestions.response.xml", "2014-02-13T00:00:00Z") else {
        return;
    };
    let kinds = |mailbox: &FreeBusy| mailbox.busy.iter().map(|busy| busy.kind.kind()).collect::<Vec<_>>();
    assert_eq!(kinds(&mailboxes[0]), [Kind::Free, Kind::Busy]);
    assert_eq!(kinds(&mailboxes[1]), [Kind::Free, Kind::Free, Kind::Busy, Kind::Tentative]);
    assert_eq!(mailboxes[0].busy[1].start, at("2014-02-13T11:00:00Z"));
    let zone = mailboxes[0].zone.as_ref().unwrap();
    let offsets = ["2026-03-08T09:59:59Z", "2026-03-08T10:00:00Z", "2026-11-01T08:59:59Z", "2026-11-01T09:00:00Z"];
    assert_eq!(offsets.map(|text| zone.to_offset(at(text)).seconds() / 3600), [-8, -7, -7, -8]);
}

#[test]
fn a_busy_server_says_how_long_to_wait() {
    for name in
        ["exchangelib-services-02-Fault-ErrorServerBusy.xml", "synthetic-fault-errorserverbusy-backoff.response.xml"]
    {
        let Some(body) = fixture(name) else { return };
        let Err(AnswerError::Fault { refusal, server: None }) = answer::marks(&body, 1) else { panic!("{name}") };
        assert_eq!(refusal.code, Code::ServerBusy);
        assert_eq!(refusal.class(), Class::Throttled);
        assert_eq!(refusal.back_off.unwrap().as_millis(), 297_749);
        assert_eq!(answer::fault(&body), Ok(refusal));
    }
}

#[test]
fn other_faults_are_told_apart() {
    let Some(body) = fixture("exchangelib-services-03-Fault-ErrorSchemaValidation.xml") else { return };
    let refusal = answer::fault(&body).unwrap();
    assert_eq!((refusal.code.clone(), refusal.class()), (Code::SchemaValidation, Class::OwnFault));
    assert_eq!(refusal.text, "YYY");
    let Some(body) = fixture("exchangelib-services-05-Fault.xml") else { return };
    let Err(AnswerError::Fault { refusal, server }) = answer::marks(&body, 1) else { panic!() };
    assert_eq!((refusal.class(), refusal.to_string().as_str()), (Class::Unlisted, "no response code"));
    assert_eq!(server.unwrap().product(), "Exchange 2007");
}

#[test]
fn the_autodiscover_documents_are_read() {
    let Some(json) = fixture("synthetic-autodiscover-v2.response.json") else { return };
    let autodiscover::V2::Server(url) = autodiscover::v2(&json).unwrap() else { panic!() };
    assert_eq!(url.as_str(), "https://outlook.office365.com/EWS/Exchange.asmx");
    let Some(xml) = fixture("autodiscover-pox.response.xml") else { return };
    let autodiscover::Pox::Server(url) = autodiscover::pox(&xml).unwrap() else { panic!() };
    assert_eq!(url.as_str(), "https://mail.contoso.com/EWS/Exchange.asmx");
    let Some(xml) = fixture("autodiscover-pox-redirectaddr.response.xml") else { return };
    let autodiscover::Pox::OtherAddress(address) = autodiscover::pox(&xml).unwrap() else { panic!() };
    assert_eq!(address.as_str(), "elvin@mail.contoso.com");
    let Some(ours) = fixture("autodiscover-pox.request.xml") else { return };
    let (ours, theirs) = (autodiscover::pox_request("mara@contoso.com"), ours);
    let words = |xml: &[u8]| {
        let text = String::from_utf8(xml.to_vec()).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap();
        let elements = document.descendants().filter(|node| node.is_element());
        let elements = elements.map(|node| {
            let name = node.tag_name();
            let text = node.text().unwrap_or_default().trim().to_owned();
            (name.namespace().map(str::to_owned), name.name().to_owned(), text)
        });
        elements.collect::<Vec<_>>()
    };
    assert_eq!(words(&ours), words(&theirs));
}

/// What is for us, by the beginning of its name; all else is somebody else's business.
const OURS: [&str; 7] = [
    "finditem-",
    "getuseravailability-",
    "synthetic-finditem-",
    "synthetic-fault-",
    "synthetic-autodiscover-v2",
    "autodiscover-pox",
    "exchangelib-services-0",
];

#[test]
fn whatever_was_recorded_of_other_operations_gives_a_clean_error() {
    let Some(folder) = folder() else { return };
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let how = ReadItems { span: always(), reading: &reading(), zone_named: &|_| None };
    let mut seen = 0;
    for entry in fs::read_dir(folder.join("fixtures")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let body = fs::read(&path).unwrap();
        let items = answer::items(&body, &[&berlin], &how).map(|_| ());
        let marks = answer::marks(&body, 1).map(|_| ());
        let folders = answer::folders(&body, 1).map(|_| ());
        let busy = availability::read(&body, 1, always()).map(|_| ());
        let v2 = autodiscover::v2(&body).map(|_| ());
        let pox = autodiscover::pox(&body).map(|_| ());
        seen += 1;
        if OURS.iter().any(|ours| name.starts_with(ours)) && !name.ends_with("request.xml") {
            continue;
        }
        for error in [items, marks, folders, busy] {
            let error = error.expect_err(&name);
            let clean =
                matches!(error, AnswerError::OtherOperation | AnswerError::NotSoap | AnswerError::Unreadable(_));
            assert!(clean, "{name}: {error}");
        }
        assert!(v2.is_err() && pox.is_err(), "{name}");
    }
    assert!(seen >= 50, "{seen}");
}
