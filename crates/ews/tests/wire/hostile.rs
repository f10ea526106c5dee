//! Answers that are broken, cut, doubled, gigantic, or made to hurt: an error, soon, and never a smaller calendar.

use std::time::{Duration, Instant};

use busylamp_core::{said::Phrase, title::Reading};
use busylamp_ews::{
    Answer, AnswerError, MOST_BYTES, MailboxFault, Page, ReadItems, Span, answer, autodiscover, availability,
};
use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;

use crate::server::{self, Dress, Folder, Item};

/// Far more than all of these take, so that a slow machine passes; a trap would take hours.
const SOON: Duration = Duration::from_secs(120);

fn always() -> Span {
    Span { from: Timestamp::MIN, to: Timestamp::MAX }
}

fn read(body: &[u8]) -> Result<Answer<Page>, AnswerError> {
    let reading = Reading::default();
    let how = ReadItems { span: always(), reading: &reading, zone_named: &|_| None };
    answer::items(body, &[&TimeZone::UTC], &how)
}

/// All readers at once: none may panic.
fn read_all(body: &[u8]) {
    let _ = read(body);
    let _ = answer::marks(body, 1);
    let _ = answer::folders(body, 1);
    let _ = answer::fault(body);
    let _ = availability::read(body, 1, always());
    let _ = autodiscover::pox(body);
    let _ = autodiscover::v2(body);
}

fn item(number: usize) -> Item {
    let properties = vec![
        ("Subject", "Jour fixe".to_owned()),
        ("Start", "2026-11-23T09:00:00Z".to_owned()),
        ("End", "2026-11-23T10:00:00Z".to_owned()),
        ("LegacyFreeBusyStatus", "Busy".to_owned()),
    ];
    Item { id: format!("ID{number}"), properties, zone: None }
}

fn calendar(items: usize) -> Vec<u8> {
    server::find_item(
        &[Folder::Items { items: (0..items).map(item).collect(), last: true }],
        Dress { prefixes: true, ..Dress::default() },
    )
}

#[test]
fn a_cut_answer_is_an_error_wherever_it_is_cut() {
    let whole = calendar(2);
    assert!(read(&whole).is_ok());
    for end in 0..whole.len() {
        assert!(read(&whole[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn a_doubled_answer_is_an_error() {
    let whole = calendar(1);
    assert!(read(&[whole.clone(), whole].concat()).is_err());
}

#[test]
fn a_document_type_definition_is_refused_and_so_are_its_entities() {
    let laughs = r#"<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><s:Envelope xmlns:s="s"><s:Body>&c;</s:Body></s:Envelope>"#;
    let outside = r#"<!DOCTYPE x SYSTEM "file:///etc/passwd"><s:Envelope xmlns:s="s"><s:Body/></s:Envelope>"#;
    for body in [laughs, outside] {
        let definition = Phrase::new("sie hat eine Dokumenttypdefinition", "it has a document type definition");
        assert_eq!(read(body.as_bytes()), Err(AnswerError::Unreadable(definition)));
        read_all(body.as_bytes());
    }
    let unknown = b"<s:Envelope xmlns:s=\"s\"><s:Body>&nbsp;</s:Body></s:Envelope>";
    assert!(matches!(read(unknown), Err(AnswerError::Unreadable(_))));
}

#[test]
fn what_is_made_to_hurt_the_parser_is_refused_soon() {
    let begun = Instant::now();
    let deep = format!("{}{}", "<a>".repeat(2_000_000), "</a>".repeat(1_000_000));
    let wide = format!("<a {}/>", (0..700_000).map(|n| format!("a{n}='' ")).collect::<String>());
    let spaces = format!("<a {}/>", (0..400_000).map(|n| format!("xmlns:a{n}='u{n}' ")).collect::<String>());
    let nested: String = (0..300_000).map(|n| format!("<a xmlns:b{n}='u'>")).collect();
    let aside = format!("<a>{}</a>", (0..200_000).map(|n| format!("<b xmlns:c{n}='u'/>")).collect::<String>());
    let signs = format!("<a>{}</a>", "=".repeat(10 << 20));
    let tags = "<".repeat(10 << 20);
    let comments = format!("<a>{}</a>", "<!---->".repeat(1_400_000));
    let quote = format!("<a b=\"{}", " ".repeat(10 << 20));
    let name = format!("<{}/>", "a".repeat(10 << 20));
    let pieces = format!("<a>{}</a>", "<![CDATA[a]]>".repeat(700_000));
    let references = format!("<a>{}</a>", "&#32;".repeat(2 << 20));
    for body in [deep, wide, spaces, nested, aside, signs, tags, comments, quote, name, pieces, references] {
        let error = read(body.as_bytes()).expect_err("no answer of EWS");
        assert!(matches!(error, AnswerError::Unreadable(_) | AnswerError::NotSoap), "{error}");
        assert!(begun.elapsed() < SOON, "{}…", &body[..40]);
    }
}

#[test]
fn what_is_too_large_is_not_looked_at() {
    let body = vec![b' '; MOST_BYTES + 1];
    assert_eq!(read(&body), Err(AnswerError::TooLarge));
    read_all(&body);
}

#[test]
fn a_large_calendar_is_read_whole() {
    let begun = Instant::now();
    let body = calendar(50_000);
    assert!(body.len() > 8 << 20);
    let page = read(&body).unwrap().mailboxes.remove(0).unwrap();
    assert_eq!(page.events.len(), 50_000);
    assert!(begun.elapsed() < SOON);
}

#[test]
fn gigantic_numbers_are_no_numbers() {
    let nines = "9".repeat(100_000);
    let body = String::from_utf8(calendar(1)).unwrap();
    let total = body
        .replace("TotalItemsInView=\"1\" IncludesLastItemInRange=\"true\"", &format!("TotalItemsInView=\"{nines}\""));
    assert!(matches!(read(total.as_bytes()).unwrap().mailboxes[0], Err(MailboxFault::Unreadable(_))));
    let year = body.replace("2026-11-23T09", &format!("{nines}-11-23T09"));
    assert!(matches!(read(year.as_bytes()).unwrap().mailboxes[0], Err(MailboxFault::Unreadable(_))));
    let build = body.replace("MajorVersion=\"15\"", &format!("MajorVersion=\"{nines}\""));
    assert_eq!(read(build.as_bytes()).unwrap().server, None);
    let busy = server::find_item(
        &[Folder::Error { code: "ErrorServerBusy".into(), text: String::new(), back_off: Some(u64::MAX) }],
        Dress::default(),
    );
    let busy = String::from_utf8(busy).unwrap().replace(&u64::MAX.to_string(), &nines);
    let Err(MailboxFault::Refused(refusal)) = &read(busy.as_bytes()).unwrap().mailboxes[0] else { panic!() };
    assert_eq!(refusal.back_off, Some(Duration::from_secs(3600)));
}

#[test]
fn what_is_no_soap_is_told_as_such() {
    for body in ["<html><body>Sign in</body></html>", "<Envelope/>", "<Envelope><Body/></Envelope>", "<Body/>"] {
        assert_eq!(read(body.as_bytes()), Err(AnswerError::NotSoap), "{body}");
    }
    for body in ["", "Service Unavailable", "{\"error\":1}", "<html><br></html>", "\u{feff}", "<"] {
        assert!(matches!(read(body.as_bytes()), Err(AnswerError::Unreadable(_))), "{body}");
    }
}

#[test]
fn a_success_without_content_is_not_an_empty_calendar() {
    let body = String::from_utf8(calendar(0)).unwrap();
    assert_eq!(read(body.as_bytes()).unwrap().mailboxes[0].as_ref().unwrap().events.len(), 0);
    let listless = body.replace("<t:Items></t:Items>", "");
    assert_eq!(read(listless.as_bytes()), read(body.as_bytes()), "it says that there is nothing");
    for (from, to) in [
        (
            "TotalItemsInView=\"0\" IncludesLastItemInRange=\"true\"><t:Items></t:Items>",
            "IncludesLastItemInRange=\"true\">",
        ),
        ("TotalItemsInView=\"0\" IncludesLastItemInRange=\"true\"><t:Items></t:Items>", "TotalItemsInView=\"3\">"),
        (
            "<m:RootFolder TotalItemsInView=\"0\" IncludesLastItemInRange=\"true\"><t:Items></t:Items></m:RootFolder>",
            "",
        ),
        ("IncludesLastItemInRange=\"true\"", "IncludesLastItemInRange=\"perhaps\""),
        ("ResponseClass=\"Success\"", "ResponseClass=\"Warning\""),
        ("ResponseClass=\"Success\"", ""),
        ("<m:ResponseCode>NoError</m:ResponseCode>", "<m:ResponseCode>ErrorInternalServerError</m:ResponseCode>"),
    ] {
        let broken = body.replace(from, to);
        assert_ne!(broken, body, "{from}");
        assert!(read(broken.as_bytes()).unwrap().mailboxes[0].is_err(), "{from} → {to}");
    }
    let folder = "<m:FindItemResponseMessage ";
    let none = body.replace(folder, "<m:Other ").replace("</m:FindItemResponseMessage>", "</m:Other>");
    assert_eq!(read(none.as_bytes()), Err(AnswerError::Count { asked: 1, answered: 0 }));
}

#[test]
fn utf_16_is_read_where_a_mark_says_so() {
    let text = String::from_utf8(calendar(1)).unwrap().replace("Jour fixe", "Gespräch 🦀");
    let little: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    assert_eq!(read(&little), read(text.as_bytes()));
    assert_eq!(read(&big), read(text.as_bytes()));
    assert!(matches!(read(&little[..little.len() - 1]), Err(AnswerError::Unreadable(_))));
    assert!(matches!(read(&[b"\xfe\xff\xd8\x00".as_slice(), &big].concat()), Err(AnswerError::Unreadable(_))));
    let latin: Vec<u8> = text.replace('🦀', "x").chars().map(|c| c as u8).collect();
    assert!(matches!(read(&latin), Err(AnswerError::Unreadable(_))));
}

#[test]
fn no_error_and_no_debug_form_quotes_a_subject() {
    let body = String::from_utf8(calendar(2)).unwrap().replace("Jour fixe", "Geheim");
    let shown = format!("{:?}", read(body.as_bytes()));
    assert!(!shown.contains("Geheim"), "{shown}");
    for (from, to) in [("2026-11-23T09:00:00Z", "Geheim"), ("</s:Body>", ""), ("NoError", "Geheim&amp;")] {
        let broken = body.replace(from, to);
        let shown = match read(broken.as_bytes()) {
            Ok(answer) => answer.mailboxes.iter().map(|mailbox| format!("{mailbox:?}")).collect(),
            Err(error) => format!("{error:?} {error}"),
        };
        assert!(!shown.contains("Geheim") || to == "Geheim&amp;", "{shown}");
    }
}

proptest! {
    #[test]
    fn garbage_is_an_error(body in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(read(&body).is_err());
        read_all(&body);
    }

    #[test]
    fn a_changed_byte_is_an_error_or_another_calendar_but_never_a_panic(place: prop::sample::Index, byte: u8) {
        let mut body = calendar(2);
        let place = place.index(body.len());
        body[place] = byte;
        read_all(&body);
        if let Ok(answer) = read(&body) {
            for page in answer.mailboxes.iter().flatten() {
                // What is no longer called an item can't be counted; all else is whole or failed.
                prop_assert!(page.events.len() == 2 || !String::from_utf8_lossy(&body).contains("<t:CalendarItem><t:ItemId Id=\"ID0\"") || !String::from_utf8_lossy(&body).contains("<t:CalendarItem><t:ItemId Id=\"ID1\""));
            }
        }
    }

    #[test]
    fn pieces_of_xml_in_any_order_never_panic(pieces in prop::collection::vec(prop::sample::select(vec![
        "<a", ">", "/>", "</a>", " b=\"", "\"", "'", "<!--", "-->", "<![CDATA[", "]]>", "<?", "?>", "&amp;", "&#0;", "xmlns:x=", "<s:Body>", "é", "=",
    ]), 0..40)) {
        read_all(pieces.concat().as_bytes());
    }
}
