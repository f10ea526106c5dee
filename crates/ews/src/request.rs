//! What is asked, as bytes: a whole SOAP 1.1 envelope in UTF-8.
//!
//! Each request is valid by the schemas of Exchange 2013 SP1 and of Subscription Edition. Times are sent in UTC.
//!
//! At least one mailbox must be named; none may have an empty address.

use busylamp_core::ids::MailAddress;
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

use crate::{Span, version::ServerVersion, write::Writer};

/// Most mailboxes of one [`availability`] request (`ErrorMailboxDataArrayTooBig`).
pub const MOST_AVAILABILITY: usize = 100;

/// Longest span of one [`availability`] request, by Exchange's factory setting (`ErrorTimeIntervalTooBig`).
pub const MOST_AVAILABILITY_DAYS: i32 = 42;

/// Minutes that a digit of merged free/busy stands for.
pub const MERGED_MINUTES: u32 = 15;

/// What every request begins with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Header<'a> {
    /// The version that it is written for.
    pub version: ServerVersion,
    /// Acts as the owner of this mailbox (right ApplicationImpersonation). The request then serves no other mailbox.
    pub acting_as: Option<&'a MailAddress>,
}

/// What of each item is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// All that an event is made of.
    Events {
        /// The subject too. Without it there are neither keywords nor titles.
        subject: bool,
    },
    /// Id and change key only: enough to see whether anything has changed.
    Marks,
}

/// How much of free/busy is wanted; the server may grant less ([`crate::Granted`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestedView {
    /// Times and kinds, with what the rights show of each event besides.
    Detailed,
    /// Times and kinds.
    FreeBusy,
}

/// FindItem over the calendars of these mailboxes: everything that overlaps the span, series taken apart into their
/// occurrences; the first `most` of each calendar.
pub fn find_items(header: Header<'_>, mailboxes: &[&MailAddress], shape: Shape, span: Span, most: u32) -> Vec<u8> {
    let span = whole_seconds(span);
    envelope(header, |w| {
        w.element("m:FindItem", &[("Traversal", "Shallow")], |w| {
            w.element("m:ItemShape", &[], |w| {
                w.text("t:BaseShape", "IdOnly");
                if let Shape::Events { subject } = shape {
                    w.element("t:AdditionalProperties", &[], |w| properties(w, subject));
                }
            });
            w.empty(
                "m:CalendarView",
                &[
                    ("MaxEntriesReturned", &most.to_string()),
                    ("StartDate", &span.from.to_string()),
                    ("EndDate", &span.to.to_string()),
                ],
            );
            w.element("m:ParentFolderIds", &[], |w| calendars(w, mailboxes));
        });
    })
}

/// GetUserAvailability of up to [`MOST_AVAILABILITY`] mailboxes.
pub fn availability(header: Header<'_>, mailboxes: &[&MailAddress], span: Span, view: RequestedView) -> Vec<u8> {
    let span = whole_seconds(span);
    // In the zone that the request names, and without it: so the schema's examples, and older servers insist.
    let local = |instant: Timestamp| instant.to_string().trim_end_matches('Z').to_owned();
    let view = match view {
        RequestedView::Detailed => "DetailedMerged",
        RequestedView::FreeBusy => "FreeBusyMerged",
    };
    envelope(header, |w| {
        w.element("m:GetUserAvailabilityRequest", &[], |w| {
            utc(w);
            w.element("m:MailboxDataArray", &[], |w| {
                for mailbox in mailboxes {
                    w.element("t:MailboxData", &[], |w| {
                        w.element("t:Email", &[], |w| w.text("t:Address", mailbox.as_str()));
                        w.text("t:AttendeeType", "Required");
                        w.text("t:ExcludeConflicts", "false");
                    });
                }
            });
            w.element("t:FreeBusyViewOptions", &[], |w| {
                w.element("t:TimeWindow", &[], |w| {
                    w.text("t:StartTime", &local(span.from));
                    w.text("t:EndTime", &local(span.to));
                });
                w.text("t:MergedFreeBusyIntervalInMinutes", &MERGED_MINUTES.to_string());
                w.text("t:RequestedView", view);
            });
        });
    })
}

/// GetFolder on the calendars of these mailboxes: whether they are there and may be read.
pub fn calendar_folders(header: Header<'_>, mailboxes: &[&MailAddress]) -> Vec<u8> {
    envelope(header, |w| {
        w.element("m:GetFolder", &[], |w| {
            w.element("m:FolderShape", &[], |w| w.text("t:BaseShape", "IdOnly"));
            w.element("m:FolderIds", &[], |w| calendars(w, mailboxes));
        });
    })
}

/// The properties that an event is made of. All of them come from Exchange's calendar cache and cost nothing more
/// ("Property sets and response shapes in EWS"), but for the zone, which all-day events can't be read without.
fn properties(w: &mut Writer, subject: bool) {
    if subject {
        w.empty("t:FieldURI", &[("FieldURI", "item:Subject")]);
    }
    for field in [
        "item:Sensitivity",
        "calendar:Start",
        "calendar:End",
        "calendar:IsAllDayEvent",
        "calendar:LegacyFreeBusyStatus",
        "calendar:IsCancelled",
        "calendar:CalendarItemType",
        "calendar:MyResponseType",
        "calendar:AppointmentState",
        "calendar:StartTimeZone",
    ] {
        w.empty("t:FieldURI", &[("FieldURI", field)]);
    }
}

fn calendars(w: &mut Writer, mailboxes: &[&MailAddress]) {
    for mailbox in mailboxes {
        w.element("t:DistinguishedFolderId", &[("Id", "calendar")], |w| {
            w.element("t:Mailbox", &[], |w| w.text("t:EmailAddress", mailbox.as_str()));
        });
    }
}

/// A zone is obligatory, and both halves of its year. Not every server knows that a change in month 0 never comes, so there
/// are changes from nothing to nothing.
fn utc(w: &mut Writer) {
    w.element("t:TimeZone", &[], |w| {
        w.text("t:Bias", "0");
        for (half, order, month) in [("t:StandardTime", "1", "1"), ("t:DaylightTime", "5", "12")] {
            w.element(half, &[], |w| {
                w.text("t:Bias", "0");
                w.text("t:Time", "00:00:00");
                w.text("t:DayOrder", order);
                w.text("t:Month", month);
                w.text("t:DayOfWeek", "Sunday");
            });
        }
    });
}

fn envelope(header: Header<'_>, body: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut w = Writer::new();
    let names = [
        ("xmlns:s", "http://schemas.xmlsoap.org/soap/envelope/"),
        ("xmlns:m", "http://schemas.microsoft.com/exchange/services/2006/messages"),
        ("xmlns:t", "http://schemas.microsoft.com/exchange/services/2006/types"),
    ];
    w.element("s:Envelope", &names, |w| {
        w.element("s:Header", &[], |w| {
            w.empty("t:RequestServerVersion", &[("Version", header.version.name())]);
            if let Some(mailbox) = header.acting_as {
                w.element("t:ExchangeImpersonation", &[], |w| {
                    w.element("t:ConnectingSID", &[], |w| w.text("t:SmtpAddress", mailbox.as_str()));
                });
            }
        });
        w.element("s:Body", &[], body);
    });
    w.into_bytes()
}

/// Widened, never narrowed: not every server reads fractions of seconds.
fn whole_seconds(span: Span) -> Span {
    let whole = |instant: Timestamp, mode| {
        let seconds = TimestampRound::new().smallest(Unit::Second).mode(mode);
        instant.round(seconds).unwrap_or(instant)
    };
    Span { from: whole(span.from, RoundMode::Floor), to: whole(span.to, RoundMode::Ceil) }
}
