//! What is answered, mailbox by mailbox.

use std::collections::{BTreeMap, BTreeSet};

use busylamp_core::{event::Event, ids::EventId, said::Phrase, title::Reading};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    Span,
    envelope::{self, Answer},
    item,
    refusal::{AnswerError, MailboxFault, Refusal},
    xml::{self, Element},
};

/// How items are read.
#[derive(Clone, Copy)]
pub struct ReadItems<'a> {
    /// What was asked for. What only touches it is left out: Exchange returns what ends where the span begins.
    pub span: Span,
    /// How subjects are read, masked and kept.
    pub reading: &'a Reading,
    /// The zone of one of Exchange's names.
    pub zone_named: &'a (dyn Fn(&str) -> Option<TimeZone> + Sync),
}

/// A page of one mailbox's calendar.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Its events, read and masked.
    pub events: Vec<Event>,
    /// What comes behind it.
    pub rest: Rest,
}

/// What a calendar holds behind a page. Views of calendars have no offsets: one goes on from the last item's start
/// (page `CalendarView` of the EWS reference).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing.
    Nothing,
    /// More: ask again from this instant on. What comes twice has the same id. When it is no later than the span that
    /// was asked for began, more items lie across that instant than a page takes.
    From(Timestamp),
    /// More, but the page isn't in order, or has no item to go on from.
    Unknown,
}

/// The ids of a calendar's items, each with its change key: equal as long as nothing changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Id and change key.
    pub items: BTreeSet<(String, String)>,
    /// These are all.
    pub complete: bool,
}

/// Reads the answer to [`crate::request::find_items`] with [`crate::Shape::Events`]. `zones` has one for each mailbox of
/// the request: the zone of those all-day events that name none that is known.
///
/// A page is complete up to its end, or [`MailboxFault::Unreadable`]. Nothing is quoted.
///
/// # Errors
/// When nothing can be said of any mailbox.
pub fn items(body: &[u8], zones: &[&TimeZone], how: &ReadItems<'_>) -> Result<Answer<Page>, AnswerError> {
    find(body, zones.len(), |place, folder| page(folder, zones[place], how))
}

/// Reads the answer to [`crate::request::find_items`] with [`crate::Shape::Marks`].
///
/// # Errors
/// When nothing can be said of any mailbox.
pub fn marks(body: &[u8], asked: usize) -> Result<Answer<Marks>, AnswerError> {
    find(body, asked, |_, folder| {
        let mut marks = Marks { items: BTreeSet::new(), complete: true };
        let mut number = 0;
        for item in calendar_items(folder)? {
            number += 1;
            let id =
                xml::child(item, "ItemId").ok_or(Phrase::new("ein Eintrag hat keine Kennung", "an item has no id"))?;
            let part = |name| xml::attribute(id, name).unwrap_or_default().to_owned();
            marks.items.insert((part("Id"), part("ChangeKey")));
        }
        marks.complete = is_complete(folder, number)?;
        Ok(marks)
    })
}

/// Reads the answer to [`crate::request::calendar_folders`].
///
/// # Errors
/// When nothing can be said of any mailbox.
pub fn folders(body: &[u8], asked: usize) -> Result<Answer<()>, AnswerError> {
    envelope::open(body, "GetFolderResponse", |content| {
        envelope::messages(
            messages_of(content, "GetFolderResponseMessage"),
            asked,
            |_, message| match envelope::refusal(message) {
                Some(refusal) => Err(MailboxFault::Refused(refusal)),
                None => xml::child(message, "Folders")
                    .and_then(|folders| folders.children().next())
                    .map(|_| ())
                    .ok_or(MailboxFault::Unreadable(Phrase::new("sie hat keinen Ordner", "it has no folder"))),
            },
        )
    })
}

/// Reads the SOAP fault that a server sends with status 500.
///
/// # Errors
/// When it is none.
pub fn fault(body: &[u8]) -> Result<Refusal, AnswerError> {
    envelope::fault(body)
}

fn find<T>(
    body: &[u8],
    asked: usize,
    mut read: impl FnMut(usize, Element<'_>) -> Result<T, Phrase>,
) -> Result<Answer<T>, AnswerError> {
    envelope::open(body, "FindItemResponse", |content| {
        envelope::messages(messages_of(content, "FindItemResponseMessage"), asked, |place, message| {
            if let Some(refusal) = envelope::refusal(message) {
                return Err(MailboxFault::Refused(refusal));
            }
            let folder =
                xml::child(message, "RootFolder").ok_or(Phrase::new("sie hat keinen Inhalt", "it has no content"));
            folder.and_then(|folder| read(place, folder)).map_err(MailboxFault::Unreadable)
        })
    })
}

fn messages_of<'a>(content: Element<'a>, name: &'static str) -> impl Iterator<Item = Element<'a>> {
    xml::children(content, "ResponseMessages").flat_map(move |messages| xml::children(messages, name))
}

fn page(folder: Element<'_>, zone: &TimeZone, how: &ReadItems<'_>) -> Result<Page, Phrase> {
    let read: Result<Vec<_>, _> = calendar_items(folder)?.map(|item| item::read(item, zone, how)).collect();
    let mut items = read?;
    let rest = if is_complete(folder, items.len())? {
        Rest::Nothing
    } else {
        match items.last() {
            Some(last) if items.is_sorted_by_key(|item| item.start) => Rest::From(last.start),
            _ => Rest::Unknown,
        }
    };
    tell_apart(&mut items);
    let events = items.into_iter().filter(|item| item.wanted).map(|item| item.event).collect();
    Ok(Page { events, rest })
}

/// Not every server gives each occurrence of a series an id of its own. Where one stands for several starts, the start
/// becomes part of it.
fn tell_apart(items: &mut [item::Item]) {
    let mut starts: BTreeMap<EventId, BTreeSet<Timestamp>> = BTreeMap::new();
    for item in &*items {
        starts.entry(item.event.id.clone()).or_default().insert(item.start);
    }
    starts.retain(|_, starts| starts.len() > 1);
    if starts.is_empty() {
        return;
    }
    for item in items {
        if starts.contains_key(&item.event.id) {
            item.event.id = EventId::new(format!("{}@{}", item.event.id, item.start));
        }
    }
}

/// The items of a folder that are appointments. Whatever else somebody put in there has no time and no kind. Some servers
/// write no list where there is nothing to list; they must say that there is nothing.
fn calendar_items<'a>(folder: Element<'a>) -> Result<impl Iterator<Item = Element<'a>>, Phrase> {
    let items = xml::child(folder, "Items");
    if items.is_none() && xml::attribute(folder, "TotalItemsInView") != Some("0") {
        return Err(Phrase::new("sie hat keine Liste von Einträgen", "it has no list of items"));
    }
    Ok(items.into_iter().flat_map(|items| xml::children(items, "CalendarItem")))
}

/// Whether a page is the last one.
fn is_complete(folder: Element<'_>, items: usize) -> Result<bool, Phrase> {
    match xml::attribute(folder, "IncludesLastItemInRange") {
        Some("true" | "1") => Ok(true),
        Some("false" | "0") => Ok(false),
        Some(_) => Err(Phrase::new(
            "sie sagt nicht, ob sie die letzte Seite ist",
            "it doesn't say whether it is the last page",
        )),
        None => {
            let total = xml::attribute(folder, "TotalItemsInView").map(|total| total.trim().parse::<usize>());
            match total {
                None => Ok(true),
                Some(Ok(total)) => Ok(items >= total),
                Some(Err(_)) => Err(Phrase::new(
                    "sie sagt nicht, ob sie die letzte Seite ist",
                    "it doesn't say whether it is the last page",
                )),
            }
        }
    }
}
