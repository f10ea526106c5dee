//! `FindItem`: calendars in a span of time with CalendarView, and what is stored in them without.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use roxmltree::Node;

use super::{
    caller::{Caller, Opened, Right},
    folder::{self, Folder},
    item::{self, Seen, Wanted},
    restriction,
    soap::{Call, MESSAGES, TYPES, Trouble},
    trouble::{self, Unlucky},
    xml::Xml,
};
use crate::{
    http::Reply,
    mailbox::item::{Instance, Item},
    world::World,
};

/// Days that a view may be long ("CalendarView": two years).
const MAX_DAYS: i64 = 2 * 366;
/// Items in a page without a view, if nothing else is asked for.
const PAGE: usize = 1000;
const TAG: &str = "m:FindItemResponseMessage";

/// Answers for every folder on its own, in the order of the request.
pub(super) fn answer(world: &World, caller: &Caller, call: &Call<'_>) -> Result<Reply, Trouble> {
    let operation = call.operation;
    let child = |name: &str| operation.children().find(|node| node.has_tag_name((MESSAGES, name)));
    let wanted = child("ItemShape").map_or_else(Wanted::default, |shape| Wanted::read(shape, true));
    let what = match child("CalendarView") {
        Some(view) => {
            if child("Restriction").is_some() || child("SortOrder").is_some() || child("QueryString").is_some() {
                let text = "Restrictions and sort order may not be specified for a CalendarView.";
                return Err(Trouble::new("ErrorInvalidRestriction", text));
            }
            What::View(View::read(view, call))
        }
        None => What::Stored(Page::read(operation, call)?),
    };
    let folders = folder::ids_in(operation, "ParentFolderIds");
    let mut xml = Xml::with_capacity(2048 + folders.len() * 16 * 1024);
    xml.open_with("m:FindItemResponse", &[("xmlns:m", MESSAGES), ("xmlns:t", TYPES)]).open("m:ResponseMessages");
    // The limit is for what one caller holds in memory, which is all that one answer tells.
    let mut budget = world.ews.find_count_limit();
    let listing = Listing { world, call, what: &what, wanted };
    let unlucky = Unlucky::new(world, folders.len());
    for (place, id) in folders.into_iter().enumerate() {
        let mut one = Xml::default();
        let found = folder::open(world, caller, id).and_then(|(opened, folder)| {
            unlucky.at(place)?;
            listing.write(&mut one, &opened, folder, &mut budget)
        });
        match found {
            Ok(()) => {
                xml.open_with(TAG, &[("ResponseClass", "Success")]).raw(&one.into_string());
            }
            Err(trouble) => trouble.in_message(xml.open_with(TAG, &[("ResponseClass", "Error")])),
        }
        xml.close(TAG);
    }
    xml.close("m:ResponseMessages").close("m:FindItemResponse");
    Ok(super::soap::answer(&xml.into_string()))
}

/// An instance with its first instant and the first one after.
type Found<'a> = (Timestamp, Timestamp, Instance<'a>);

/// What is asked for of each folder.
enum What {
    View(Result<View, Trouble>),
    Stored(Page),
}

/// A `CalendarView`.
struct View {
    from: Timestamp,
    to: Timestamp,
    most: usize,
}

impl View {
    fn read(node: Node<'_, '_>, call: &Call<'_>) -> Result<Self, Trouble> {
        let zone = call.zone();
        let instant = |name: &str| super::instant(node.attribute(name)?.trim(), &zone);
        // The schema was checked; nothing is missing.
        let (Some(from), Some(to)) = (instant("StartDate"), instant("EndDate")) else {
            return Err(Trouble::new("ErrorInvalidRequest", "The request is invalid."));
        };
        if to < from {
            let text = "EndDate is earlier than StartDate";
            return Err(Trouble::new("ErrorCalendarEndDateIsEarlierThanStartDate", text));
        }
        if to.duration_since(from) > SignedDuration::from_hours(MAX_DAYS * 24) {
            let text = "The specified view range exceeds the maximum range of two years.";
            return Err(Trouble::new("ErrorCalendarViewRangeTooBig", text));
        }
        Ok(Self { from, to, most: most(node)?.unwrap_or(usize::MAX) })
    }
}

/// An `IndexedPageItemView` with restriction and order.
struct Page {
    most: usize,
    offset: usize,
    filter: Option<restriction::Filter>,
    newest_first: bool,
}

impl Page {
    fn read(operation: Node<'_, '_>, call: &Call<'_>) -> Result<Self, Trouble> {
        let child = |name: &str| operation.children().find(|node| node.has_tag_name((MESSAGES, name)));
        let view = child("IndexedPageItemView");
        let offset = view.and_then(|view| view.attribute("Offset")?.trim().parse::<i32>().ok()).unwrap_or(0);
        let offset = usize::try_from(offset)
            .map_err(|_| Trouble::new("ErrorInvalidIndexedPagingParameters", "The offset is out of range."))?;
        let order = child("SortOrder").and_then(|order| order.first_element_child());
        Ok(Self {
            most: view.map_or(Ok(None), most)?.unwrap_or(PAGE).min(PAGE),
            offset,
            filter: child("Restriction").map(|node| restriction::read(node, &call.zone())).transpose()?,
            newest_first: order.and_then(|order| order.attribute("Order")) == Some("Descending"),
        })
    }
}

impl Page {
    fn takes(&self, (start, end, instance): &Found<'_>) -> bool {
        self.filter.as_ref().is_none_or(|filter| filter.takes(instance, *start, *end))
    }
}

/// `MaxEntriesReturned`.
fn most(node: Node<'_, '_>) -> Result<Option<usize>, Trouble> {
    let Some(text) = node.attribute("MaxEntriesReturned") else { return Ok(None) };
    match text.trim().parse::<usize>() {
        Ok(most) if most > 0 => Ok(Some(most)),
        _ => {
            Err(Trouble::new("ErrorInvalidPagingMaxRows", "The value of MaxEntriesReturned must be greater than zero."))
        }
    }
}

/// What a listing is about.
struct Listing<'a> {
    world: &'a World,
    call: &'a Call<'a>,
    what: &'a What,
    wanted: Wanted,
}

impl Listing<'_> {
    /// Writes what is in one folder, and takes it out of the caller's budget.
    fn write(&self, xml: &mut Xml, opened: &Opened, folder: Folder, budget: &mut usize) -> Result<(), Trouble> {
        let (company, person) = (&self.world.company, &opened.entry.person);
        let mailbox = opened.entry.mailbox();
        let window = match self.what {
            What::View(Err(trouble)) => return Err(Trouble::new(trouble.code, trouble.text.clone())),
            What::View(Ok(view)) => (view.from, view.to),
            What::Stored(_) => {
                // Of the company's appointments those of half a year about now are stored.
                let (now, half) = (self.world.clock.now(), SignedDuration::from_hours(24 * 90));
                (now.saturating_sub(half).unwrap_or(now), now.saturating_add(half).unwrap_or(now))
            }
        };
        if folder != Folder::Calendar && matches!(self.what, What::View(_)) {
            let text = "CalendarView is only valid for calendar folders.";
            return Err(Trouble::new("ErrorCalendarFolderIsInvalidForCalendarView", text));
        }
        let items = if folder == Folder::Calendar { mailbox.items(company, person, window) } else { Vec::new() };
        let (found, total, next, last) = match self.what {
            What::View(Ok(View { from, to, most })) => {
                let mut found = mailbox.timeline(company, person, &items, (*from, *to));
                let total = found.len();
                found.truncate(*most);
                let last = found.len() == total;
                (found, total, None, last)
            }
            What::Stored(page) => {
                let mut found: Vec<Found<'_>> = items.iter().map(stored).filter(|found| page.takes(found)).collect();
                found.sort_by(|a, b| (a.0, &a.2.id).cmp(&(b.0, &b.2.id)));
                if page.newest_first {
                    found.reverse();
                }
                let total = found.len();
                let shown: Vec<Found<'_>> = found.into_iter().skip(page.offset).take(page.most).collect();
                let next = page.offset + shown.len();
                (shown, total, Some(next), next >= total)
            }
            What::View(Err(_)) => (Vec::new(), 0, None, true),
        };
        *budget = budget.checked_sub(found.len()).ok_or_else(trouble::find_count)?;
        xml.value("m:ResponseCode", "NoError");
        let (total, next) = (total.to_string(), next.map(|next| next.to_string()));
        let mut paging = Vec::from([
            ("TotalItemsInView", total.as_str()),
            ("IncludesLastItemInRange", if last { "true" } else { "false" }),
        ]);
        if let Some(next) = &next {
            paging.insert(0, ("IndexedPagingOffset", next));
        }
        xml.open_with("m:RootFolder", &paging);
        if found.is_empty() {
            xml.empty("t:Items", &[]);
        } else {
            xml.open("t:Items");
            let trusted = opened.right == Right::Owner;
            for (start, end, instance) in &found {
                let seen = Seen {
                    person,
                    instance,
                    start: *start,
                    end: *end,
                    trusted,
                    version: self.call.version,
                    listed: true,
                };
                item::write(xml, &seen, self.wanted);
            }
            xml.close("t:Items");
        }
        xml.close("m:RootFolder");
        Ok(())
    }
}

fn stored(item: &Arc<Item>) -> Found<'_> {
    let (start, end) = item.span.interval(&item.zone);
    (start, end, item.itself())
}
