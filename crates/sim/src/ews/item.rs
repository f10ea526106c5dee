//! One appointment as Exchange writes it (`CalendarItem`; property sets: "Property sets and response shapes in EWS").

mod properties;

use std::{collections::HashMap, sync::LazyLock};

use busylamp_core::event::{Response, Sensitivity};
use jiff::{Timestamp, civil::Weekday};
use roxmltree::Node;

use self::properties::{In, PROPERTIES};
use super::{ids, soap::Version, xml::Xml};
use crate::{company::people::Person, mailbox::item::Instance};

/// Most characters of a text in the answer of FindItem ("FindItem operation").
const MAX_TEXT: usize = 255;

/// An instance as one caller sees it.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) person: &'a Person,
    pub(super) instance: &'a Instance<'a>,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    /// Whether the caller may read what is private.
    pub(super) trusted: bool,
    pub(super) version: Version,
    /// Whether texts are cut and addresses left out, as FindItem does.
    pub(super) listed: bool,
}

impl Seen<'_> {
    fn hidden(&self) -> bool {
        !self.trusted && self.instance.item.sensitivity == Sensitivity::Private
    }

    fn text<'t>(&self, text: &'t str) -> &'t str {
        match text.char_indices().nth(MAX_TEXT) {
            Some((end, _)) if self.listed => &text[..end],
            _ => text,
        }
    }

    fn meeting(&self) -> bool {
        self.instance.item.organizer.is_some()
            || self.instance.item.response == Response::Organizer
            || self.instance.cancelled()
    }
}

static BY_NAME: LazyLock<HashMap<&'static str, usize>> =
    LazyLock::new(|| PROPERTIES.iter().enumerate().map(|(place, property)| (property.uri, place)).collect());

/// The properties that a request wants, as a set of places in the table.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted(u64);

impl Wanted {
    /// Reads an `ItemShape`. In lists some properties can't be had; they are left out, as a real server does.
    pub(super) fn read(shape: Node<'_, '_>, listed: bool) -> Self {
        let mut wanted = Self::default();
        let base = child(shape, "BaseShape").and_then(|base| base.text()).unwrap_or_default();
        for (place, property) in PROPERTIES.iter().enumerate() {
            let asked = match base.trim() {
                "Default" => property.within == In::Default,
                "AllProperties" => true,
                _ => false,
            };
            wanted.set(place, asked, listed);
        }
        for path in child(shape, "AdditionalProperties").into_iter().flat_map(|paths| paths.children()) {
            if let Some(place) = path.attribute("FieldURI").and_then(|uri| BY_NAME.get(uri)) {
                wanted.set(*place, true, listed);
            }
        }
        wanted
    }

    fn set(&mut self, place: usize, asked: bool, listed: bool) {
        if asked && !(listed && PROPERTIES[place].within == In::Items) {
            self.0 |= 1 << place;
        }
    }
}

fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    node.children().find(|child| child.tag_name().name() == name)
}

/// Writes one item.
pub(super) fn write(xml: &mut Xml, seen: &Seen<'_>, wanted: Wanted) {
    xml.open("t:CalendarItem");
    let id = ids::item_id(seen.person.object_id, &seen.instance.id);
    xml.empty("t:ItemId", &[("Id", &id), ("ChangeKey", &ids::change_key(seen.instance))]);
    let mut rest = wanted.0;
    while rest != 0 {
        (PROPERTIES[rest.trailing_zeros() as usize].write)(xml, seen);
        rest &= rest - 1;
    }
    xml.close("t:CalendarItem");
}

/// Exchange's word for a kind. What no word is known for is written as it is: readers must bear it.
pub(super) fn free_busy(kind: &str, version: Version) -> &str {
    match kind {
        "free" => "Free",
        "tentative" => "Tentative",
        "busy" => "Busy",
        "out_of_office" => "OOF",
        "working_elsewhere" if version.is_2013() => "WorkingElsewhere",
        "working_elsewhere" => "Free",
        "unknown" => "NoData",
        other => other,
    }
}

/// An instant in UTC, to the second.
pub(super) fn utc(instant: Timestamp) -> impl std::fmt::Display {
    instant.strftime("%Y-%m-%dT%H:%M:%SZ")
}

/// How Exchange calls a day.
pub(super) fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}
