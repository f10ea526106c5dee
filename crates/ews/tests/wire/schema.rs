//! Every request that can be sent is valid by the schemas of Exchange 2013 SP1 and of Subscription Edition, each read
//! by libxml2.

use std::{fs, path::Path, process::Command};

use busylamp_core::ids::MailAddress;
use busylamp_ews::{
    Header, RequestedView, ServerVersion, Shape, Span,
    request::{self, MOST_AVAILABILITY},
};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRng, TestRunner},
};
use roxmltree::{Document, Node};

use crate::conformance;

const VERSIONS: [ServerVersion; 3] =
    [ServerVersion::Exchange2013Sp1, ServerVersion::Exchange2010Sp2, ServerVersion::Exchange2010];

/// Every form that a request can take, for these mailboxes and this span.
fn all(mailboxes: &[&MailAddress], span: Span) -> Vec<Vec<u8>> {
    let mut requests = Vec::new();
    for version in VERSIONS {
        for acting_as in [None, Some(mailboxes[0])] {
            let header = Header { version, acting_as };
            for shape in [Shape::Events { subject: true }, Shape::Events { subject: false }, Shape::Marks] {
                requests.push(request::find_items(header, mailboxes, shape, span, 500));
            }
            for view in [RequestedView::Detailed, RequestedView::FreeBusy] {
                requests.push(request::availability(header, mailboxes, span, view));
            }
            requests.push(request::calendar_folders(header, mailboxes));
        }
    }
    requests
}

fn span(from: &str, to: &str) -> Span {
    Span { from: from.parse().unwrap(), to: to.parse().unwrap() }
}

fn address(text: &str) -> MailAddress {
    MailAddress::parse(text).unwrap()
}

/// Addresses as nobody should have them, always the same ones.
fn odd_addresses(number: usize) -> Vec<MailAddress> {
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(Default::default()));
    let strategy = "[^\\s].{0,40}@[a-zäöü&<>\"'-]{1,12}\\.[a-z]{2}";
    let draw = |_| address(&strategy.new_tree(&mut runner).unwrap().current());
    (0..number).map(draw).collect()
}

/// Requests of every form, with ordinary and with odd content.
fn requests() -> Vec<Vec<u8>> {
    let usual = span("2026-11-23T00:00:00Z", "2026-12-07T00:00:00Z");
    let odd = span("2026-11-23T09:41:07.123456789Z", "2026-11-23T09:41:07.2Z");
    let far = span("1970-01-01T00:00:00Z", "9999-12-01T00:00:00Z");
    let addresses = [
        "anna@example.com",
        "\"a&b<c>'d\"@example.com",
        "jürgen.größe@bücher.example",
        "  Anna.ÄRMEL@Example.com\t",
        "a\tb\r\nc@example.com",
        "\u{1}\u{fffe}@example.com",
        "🦀@example.com",
        "]]>&amp;@example.com",
    ];
    let addresses: Vec<MailAddress> = addresses.into_iter().map(address).collect();
    let many = odd_addresses(MOST_AVAILABILITY);
    let mut requests = all(&[&addresses[0]], usual);
    requests.extend(all(&addresses.iter().collect::<Vec<_>>(), odd));
    requests.extend(all(&many.iter().collect::<Vec<_>>(), far));
    requests
}

/// An element of an envelope as a document of its own.
fn alone(envelope: &str, element: Node<'_, '_>) -> String {
    let text = &envelope[element.range()];
    let name_ends = text.find([' ', '>', '/']).unwrap();
    let mut names = String::new();
    for name in element.namespaces() {
        names.push_str(&format!(" xmlns:{}=\"{}\"", name.name().unwrap(), name.uri()));
    }
    format!("{}{names}{}", &text[..name_ends], &text[name_ends..])
}

/// Writes the parts of all requests into a folder: the content of each, and what stands in its header.
fn write_parts(folder: &Path) -> (Vec<String>, Vec<String>) {
    let (mut contents, mut headers) = (Vec::new(), Vec::new());
    for (number, request) in requests().into_iter().enumerate() {
        let envelope = String::from_utf8(request).unwrap();
        let document = Document::parse(&envelope).unwrap();
        for part in document.root_element().children() {
            for (place, element) in part.children().enumerate() {
                let header = part.tag_name().name() == "Header";
                let name = format!("{}{number}-{place}.xml", if header { "header" } else { "body" });
                fs::write(folder.join(&name), alone(&envelope, element)).unwrap();
                if header { &mut headers } else { &mut contents }.push(name);
            }
        }
    }
    (contents, headers)
}

fn validate(schema: &Path, folder: &Path, files: &[String]) -> bool {
    let files: Vec<&String> = files.iter().filter(|name| folder.join(name).exists()).collect();
    assert!(!files.is_empty());
    let xmllint = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema"])
        .arg(schema)
        .args(files)
        .current_dir(folder)
        .output();
    match xmllint {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let wrong: Vec<&str> = said.lines().filter(|line| !line.ends_with(" validates")).take(10).collect();
            assert!(output.status.success(), "{}: {wrong:#?}", schema.display());
            true
        }
        Err(error) => {
            assert!(!conformance::in_ci(), "no xmllint (package libxml2-utils): {error}");
            conformance::skipped("no xmllint");
            false
        }
    }
}

#[test]
fn every_request_is_valid_by_both_official_schemas() {
    let Some(conformance) = conformance::folder() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (contents, mut headers) = write_parts(folder.path());
    for schema in ["schema-se", "schema-2013-sp1"] {
        let schema = conformance.join(schema);
        if !validate(&schema.join("messages.xsd"), folder.path(), &contents) {
            return;
        }
        if schema.ends_with("schema-2013-sp1") {
            // A schema knows its own version only: this one allows no other in a header.
            headers.retain(|name| {
                let header = fs::read_to_string(folder.path().join(name)).unwrap();
                !header.contains("RequestServerVersion") || header.contains("Exchange2013_SP1")
            });
        }
        assert!(validate(&schema.join("types.xsd"), folder.path(), &headers));
    }
}

#[test]
fn what_is_no_request_is_not_valid() {
    let Some(conformance) = conformance::folder() else { return };
    let folder = tempfile::tempdir().unwrap();
    let envelope = String::from_utf8(requests().remove(0)).unwrap();
    let document = Document::parse(&envelope).unwrap();
    let body = document.root_element().last_element_child().unwrap().first_element_child().unwrap();
    let wrong = alone(&envelope, body).replace("IdOnly", "Everything");
    fs::write(folder.path().join("wrong.xml"), wrong).unwrap();
    let schema = conformance.join("schema-se/messages.xsd");
    let validate = || validate(&schema, folder.path(), &["wrong.xml".to_owned()]);
    assert!(std::panic::catch_unwind(validate).is_err() || !conformance::in_ci());
}

#[test]
fn an_address_arrives_as_it_is_but_for_what_xml_can_not_say() {
    let usual = span("2026-11-23T00:00:00Z", "2026-12-07T00:00:00Z");
    for mailbox in odd_addresses(50).iter().chain([&address("a&b<c>\"d'\t\r\n]]>@example.com")]) {
        for request in all(&[mailbox], usual) {
            let envelope = String::from_utf8(request).unwrap();
            let document = Document::parse(&envelope).unwrap();
            let named = document
                .descendants()
                .filter(|node| ["EmailAddress", "Address", "SmtpAddress"].contains(&node.tag_name().name()));
            let expected: String = mailbox.as_str().chars().map(sayable).collect();
            let named: Vec<_> = named.map(|node| node.text().unwrap()).collect();
            assert!(!named.is_empty() && named.iter().all(|name| *name == expected), "{mailbox:?}: {named:?}");
        }
    }
}

fn sayable(c: char) -> char {
    let unsayable = c < ' ' && !['\t', '\n', '\r'].contains(&c) || ['\u{fffe}', '\u{ffff}'].contains(&c);
    if unsayable { char::REPLACEMENT_CHARACTER } else { c }
}

#[test]
fn a_span_is_asked_for_in_whole_seconds_and_never_narrower() {
    let mailbox = address("anna@example.com");
    let odd = span("2026-11-23T09:41:07.123456789Z", "2026-11-23T09:41:07.2Z");
    let find = request::find_items(Header::default(), &[&mailbox], Shape::Marks, odd, 7);
    let find = String::from_utf8(find).unwrap();
    let view = r#"MaxEntriesReturned="7" StartDate="2026-11-23T09:41:07Z" EndDate="2026-11-23T09:41:08Z""#;
    assert!(find.contains(view), "{find}");
    let free_busy = request::availability(Header::default(), &[&mailbox], odd, RequestedView::FreeBusy);
    let free_busy = String::from_utf8(free_busy).unwrap();
    assert!(free_busy.contains("<t:StartTime>2026-11-23T09:41:07</t:StartTime>"), "{free_busy}");
    let whole = span("2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z");
    let find = request::find_items(Header::default(), &[&mailbox], Shape::Marks, whole, 7);
    assert!(String::from_utf8(find).unwrap().contains(r#"EndDate="2026-11-23T10:00:00Z""#));
}

#[test]
fn what_is_asked_of_an_item_is_what_an_event_is_made_of() {
    let mailbox = address("anna@example.com");
    let usual = span("2026-11-23T00:00:00Z", "2026-12-07T00:00:00Z");
    let fields = |shape| {
        let find = request::find_items(Header::default(), &[&mailbox], shape, usual, 7);
        let find = String::from_utf8(find).unwrap();
        find.split("FieldURI=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(fields(Shape::Marks), Vec::<String>::new());
    let plain = fields(Shape::Events { subject: false });
    assert!(!plain.iter().any(|field| field.contains("Subject") || field.contains("Body")), "{plain:?}");
    assert_eq!(fields(Shape::Events { subject: true }).len(), plain.len() + 1);
}

#[test]
fn versions_are_tried_from_the_newest_to_the_oldest() {
    let mut tried = vec![ServerVersion::default().name()];
    let mut version = ServerVersion::default();
    while let Some(older) = version.older() {
        assert!(older < version);
        version = older;
        tried.push(version.name());
    }
    assert_eq!(tried, ["Exchange2013_SP1", "Exchange2010_SP2", "Exchange2010"]);
}
