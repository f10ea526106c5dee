//! `GetUserAvailability`: when people are taken, for many at once ("GetUserAvailability operation").

use busylamp_core::event::{Response, Sensitivity};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use roxmltree::Node;

use super::{
    caller::{Caller, Opened, Right},
    item::free_busy,
    soap::{Call, MESSAGES, TYPES, Trouble},
    trouble::Unlucky,
    xml::Xml,
    zones::Rules,
};
use crate::{
    http::Reply,
    mailbox::item::{Instance, InstanceKind},
    world::World,
};

/// Mailboxes in a request.
const MAX_MAILBOXES: usize = 100;
/// Days of the window, as a server has it without further settings.
const MAX_DAYS: i64 = 42;
const VIEWS: [&str; 6] = ["None", "MergedOnly", "FreeBusy", "FreeBusyMerged", "Detailed", "DetailedMerged"];

/// What is asked for of everybody.
struct Asked {
    window: (Timestamp, Timestamp),
    zone: TimeZone,
    interval: SignedDuration,
    events: bool,
    details: bool,
    merged: bool,
}

/// Answers for everybody in the order of the request.
pub(super) fn get(world: &World, caller: &Caller, call: &Call<'_>) -> Result<Reply, Trouble> {
    let asked = Asked::read(call)?;
    let emails = call.operation.descendants().filter(|node| node.has_tag_name((TYPES, "Email")));
    let addresses: Vec<&str> = emails
        .map(|email| child(email, "Address").and_then(|address| address.text()).unwrap_or_default().trim())
        .collect();
    if addresses.is_empty() {
        return Err(Trouble::new("ErrorMissingArgument", "The MailboxDataArray must contain a mailbox."));
    }
    if addresses.len() > MAX_MAILBOXES {
        let text = format!(
            "There are too many target users in the EmailAddress array. The allowed size = {MAX_MAILBOXES}; the actual size = {}.",
            addresses.len()
        );
        return Err(Trouble::new("ErrorMailboxDataArrayTooBig", text));
    }
    let unlucky = Unlucky::new(world, addresses.len());
    // This one operation is answered by another part of the server, which writes without prefixes.
    let mut xml = Xml::with_capacity(2048 * addresses.len());
    xml.open_with("GetUserAvailabilityResponse", &[("xmlns", MESSAGES)]).open("FreeBusyResponseArray");
    for (place, address) in addresses.into_iter().enumerate() {
        xml.open("FreeBusyResponse");
        match unlucky.at(place).and_then(|()| open(world, caller, address)) {
            Ok(opened) => {
                xml.open_with("ResponseMessage", &[("ResponseClass", "Success")]);
                xml.value("ResponseCode", "NoError").close("ResponseMessage");
                view(&mut xml, world, call, &asked, &opened);
            }
            Err(trouble) => failed(&mut xml, &trouble),
        }
        xml.close("FreeBusyResponse");
    }
    xml.close("FreeBusyResponseArray").close("GetUserAvailabilityResponse");
    Ok(super::soap::answer(&xml.into_string()))
}

fn failed(xml: &mut Xml, trouble: &Trouble) {
    xml.open_with("ResponseMessage", &[("ResponseClass", "Error")]).text("MessageText", &trouble.text);
    xml.value("ResponseCode", trouble.code).value("DescriptiveLinkKey", 0).open("MessageXml");
    xml.open_with("ExceptionType", &[("xmlns", "http://schemas.microsoft.com/exchange/services/2006/errors")]);
    xml.raw("Microsoft.Exchange.InfoWorker.Common.Availability.AvailabilityException").close("ExceptionType");
    for (name, value) in &trouble.values {
        xml.open_with("Value", &[("Name", name), ("xmlns", TYPES)]).raw(&super::xml_text(value)).close("Value");
    }
    xml.close("MessageXml").close("ResponseMessage");
    xml.open("FreeBusyView").open_with("FreeBusyViewType", &[("xmlns", TYPES)]).raw("None").close("FreeBusyViewType");
    xml.close("FreeBusyView");
}

fn open(world: &World, caller: &Caller, address: &str) -> Result<Opened, Trouble> {
    let opened = caller.open_address(world, address).map_err(|trouble| match trouble.code {
        "ErrorNonExistentMailbox" | "ErrorInvalidSmtpAddress" => {
            let text = format!("Unable to resolve e-mail address {address} to an Active Directory object.");
            Trouble::new("ErrorMailRecipientNotFound", text)
        }
        _ => trouble,
    })?;
    if opened.right == Right::None {
        let text = "The caller does not have access to free/busy data.";
        return Err(Trouble::new("ErrorNoFreeBusyAccess", text));
    }
    Ok(opened)
}

fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    node.children().find(|child| child.has_tag_name((TYPES, name)))
}

impl Asked {
    fn read(call: &Call<'_>) -> Result<Self, Trouble> {
        let rules = child(call.operation, "TimeZone").map(|node| Rules::read(node).and_then(|rules| rules.zone()));
        // Without any zone nobody knows what the times mean.
        let zone = rules.unwrap_or_else(|| call.context.clone());
        let zone = zone.ok_or_else(|| Trouble::new("ErrorTimeZone", "The specified time zone isn't valid."))?;
        let Some(options) = child(call.operation, "FreeBusyViewOptions") else {
            return Err(Trouble::new("ErrorInvalidFreeBusyViewType", "FreeBusyViewOptions must be specified."));
        };
        let text = |node: Option<Node<'_, '_>>| {
            node.and_then(|node| node.text()).map(str::trim).unwrap_or_default().to_owned()
        };
        let window = child(options, "TimeWindow");
        let edge = |name: &str| {
            let text = text(window.and_then(|window| child(window, name)));
            let invalid = || Trouble::new("ErrorInvalidTimeInterval", "The time window isn't valid.");
            super::instant(&text, &zone).ok_or_else(invalid)
        };
        let (from, to) = (edge("StartTime")?, edge("EndTime")?);
        if to <= from {
            return Err(Trouble::new("ErrorInvalidTimeInterval", "The end time must be after the start time."));
        }
        if to.duration_since(from) > SignedDuration::from_hours(MAX_DAYS * 24) {
            let text = format!(
                "The requested time duration specified for FreeBusyViewOptions.TimeWindow is too long. The allowed limit = {MAX_DAYS} days."
            );
            return Err(Trouble::new("ErrorTimeIntervalTooBig", text));
        }
        let minutes = text(child(options, "MergedFreeBusyIntervalInMinutes"));
        let minutes = if minutes.is_empty() { 30 } else { minutes.parse().unwrap_or(0) };
        if !(5..=1440).contains(&minutes) {
            let text = "The value of MergedFreeBusyIntervalInMinutes must be from 5 to 1440.";
            return Err(Trouble::new("ErrorInvalidMergedFreeBusyInterval", text));
        }
        let requested = text(child(options, "RequestedView"));
        // Without a word it is the merged view with events; several words are those of a set of flags.
        let words: Vec<&str> =
            if requested.is_empty() { vec!["FreeBusyMerged"] } else { requested.split_ascii_whitespace().collect() };
        let has = |names: &[&str]| words.iter().any(|word| names.contains(word));
        if !has(&VIEWS[1..]) {
            return Err(Trouble::new(
                "ErrorInvalidFreeBusyViewType",
                "FreeBusyViewOptions.RequestedView can't be None.",
            ));
        }
        Ok(Self {
            window: (from, to),
            interval: SignedDuration::from_mins(minutes),
            zone,
            events: has(&VIEWS[2..]),
            details: has(&VIEWS[4..]),
            merged: has(&["MergedOnly", "FreeBusyMerged", "DetailedMerged"]),
        })
    }

    /// The view that somebody gets, by what is asked for and by what may be seen.
    fn granted(&self, right: Right) -> (&'static str, bool, bool, bool) {
        let events = self.events && right != Right::Merged;
        let details = events && self.details && matches!(right, Right::Owner | Right::Reviewer);
        let merged = self.merged || right == Right::Merged;
        let name = match (events, details, merged) {
            (true, true, true) => "DetailedMerged",
            (true, true, false) => "Detailed",
            (true, false, true) => "FreeBusyMerged",
            (true, false, false) => "FreeBusy",
            (false, ..) => "MergedOnly",
        };
        (name, events, details, merged)
    }

    /// A time in the requested zone, without an offset.
    fn local(&self, instant: Timestamp) -> impl std::fmt::Display + use<> {
        let local: DateTime = self.zone.to_datetime(instant);
        local.strftime("%Y-%m-%dT%H:%M:%S").to_string()
    }
}

fn view(xml: &mut Xml, world: &World, call: &Call<'_>, asked: &Asked, opened: &Opened) {
    let (name, events, details, merged) = asked.granted(opened.right);
    let (company, person) = (&world.company, &opened.entry.person);
    let mailbox = opened.entry.mailbox();
    let items = mailbox.items(company, person, asked.window);
    let mut found = mailbox.timeline(company, person, &items, asked.window);
    // Free/busy data have neither what was called off nor what was declined nor what is not sent yet.
    found.retain(|(start, end, instance)| {
        let there = !instance.cancelled() && instance.item.response != Response::Declined && !instance.item.draft;
        there && instance.kind != InstanceKind::Master && (*end > asked.window.0 || start == end)
    });
    xml.open("FreeBusyView").open_with("FreeBusyViewType", &[("xmlns", TYPES)]).raw(name).close("FreeBusyViewType");
    if merged {
        let digits = digits(&found, asked, call);
        xml.open_with("MergedFreeBusy", &[("xmlns", TYPES)]).raw(&digits).close("MergedFreeBusy");
    }
    if events {
        let mut array = Xml::default();
        for (start, end, instance) in &found {
            array.open("CalendarEvent").value("StartTime", asked.local(*start)).value("EndTime", asked.local(*end));
            array.text("BusyType", free_busy(instance.show_as(), call.version));
            if details {
                describe(&mut array, instance, opened.right == Right::Owner);
            }
            array.close("CalendarEvent");
        }
        if array.is_empty() {
            xml.empty("CalendarEventArray", &[("xmlns", TYPES)]);
        } else {
            xml.open_with("CalendarEventArray", &[("xmlns", TYPES)])
                .raw(&array.into_string())
                .close("CalendarEventArray");
        }
    }
    xml.open_with("WorkingHours", &[("xmlns", TYPES)]);
    Rules::of(&mailbox.zone, world.clock.now()).write(xml);
    xml.open("WorkingPeriodArray").open("WorkingPeriod");
    xml.value("DayOfWeek", "Monday Tuesday Wednesday Thursday Friday").value("StartTimeInMinutes", 480);
    xml.value("EndTimeInMinutes", 1020).close("WorkingPeriod").close("WorkingPeriodArray").close("WorkingHours");
    xml.close("FreeBusyView");
}

fn describe(xml: &mut Xml, instance: &Instance<'_>, trusted: bool) {
    let private = instance.item.sensitivity == Sensitivity::Private;
    xml.open("CalendarEventDetails");
    xml.value("ID", instance.id.bytes().map(|byte| format!("{byte:02X}")).collect::<String>());
    if trusted || !private {
        xml.text("Subject", &instance.subject()).text("Location", &instance.item.location);
    }
    xml.value("IsMeeting", instance.item.organizer.is_some() || instance.item.response == Response::Organizer);
    xml.value("IsRecurring", instance.kind != InstanceKind::Single);
    xml.value("IsException", instance.kind == InstanceKind::Exception).value("IsReminderSet", true);
    xml.value("IsPrivate", private).close("CalendarEventDetails");
}

/// One digit an interval: of what is in it, what weighs most.
fn digits(found: &[(Timestamp, Timestamp, Instance<'_>)], asked: &Asked, call: &Call<'_>) -> String {
    let digit = |kind: &str| match free_busy(kind, call.version) {
        "Tentative" => '1',
        "Busy" => '2',
        "OOF" => '3',
        // Elsewhere is no digit of its own here; 4 says that nothing is known.
        "NoData" => '4',
        _ => '0',
    };
    let order = ['4', '0', '1', '2', '3'];
    let weight = |digit: &char| order.iter().position(|known| known == digit);
    let taken: Vec<(Timestamp, Timestamp, char)> =
        found.iter().map(|(start, end, instance)| (*start, *end, digit(instance.show_as()))).collect();
    let mut digits = String::new();
    let mut start = asked.window.0;
    while start < asked.window.1 {
        let end = start.saturating_add(asked.interval).unwrap_or(asked.window.1);
        let inside = taken.iter().filter(|(from, to, _)| *from < end && *to > start).map(|(.., digit)| *digit);
        digits.push(inside.max_by_key(weight).unwrap_or('0'));
        start = end;
    }
    digits
}
