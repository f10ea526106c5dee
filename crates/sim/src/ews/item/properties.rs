//! The properties of an appointment, one by one.

use busylamp_core::event::{Response, Sensitivity};
use jiff::{SignedDuration, Timestamp};

use super::{Seen, free_busy, utc, weekday};
use crate::{
    ews::{
        folder::{self, Folder},
        ids,
        xml::Xml,
        zones::display_name,
    },
    graph::zones,
    mailbox::item::{InstanceKind, Recurrence, Span},
};

/// What a delegate without the right to see private appointments is shown in place of the subject.
const PRIVATE: &str = "Private Appointment";
/// When everything was written, for those who want to know: 2026-01-02, 08:00 UTC.
const EPOCH: i64 = 1_767_340_800;

/// Where a property may be asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum In {
    /// In lists and single items, and part of the default shape.
    Default,
    /// In lists and single items.
    Lists,
    /// In single items only.
    Items,
}

pub(super) struct Property {
    pub(super) uri: &'static str,
    pub(super) within: In,
    pub(super) write: fn(&mut Xml, &Seen<'_>),
}

const fn property(uri: &'static str, within: In, write: fn(&mut Xml, &Seen<'_>)) -> Property {
    Property { uri, within, write }
}

/// All properties in the order in which the schema wants them (`ItemType`, `CalendarItemType`); the id comes first.
pub(super) static PROPERTIES: [Property; 57] = [
    property("item:ParentFolderId", In::Lists, |xml, seen| {
        xml.empty(
            "t:ParentFolderId",
            &[("Id", &ids::folder_id(seen.person.object_id, Folder::Calendar)), ("ChangeKey", "AQAAAA==")],
        );
    }),
    property("item:ItemClass", In::Lists, |xml, seen| {
        let occurrence = seen.instance.kind == InstanceKind::Exception;
        xml.value(
            "t:ItemClass",
            if occurrence { "IPM.OLE.CLASS.{00061055-0000-0000-C000-000000000046}" } else { "IPM.Appointment" },
        );
    }),
    property("item:Subject", In::Default, |xml, seen| {
        let subject = seen.instance.subject();
        xml.text("t:Subject", if seen.hidden() { PRIVATE } else { seen.text(&subject) });
    }),
    property("item:Sensitivity", In::Lists, |xml, seen| {
        xml.value(
            "t:Sensitivity",
            match seen.instance.item.sensitivity {
                Sensitivity::Normal => "Normal",
                Sensitivity::Personal => "Personal",
                Sensitivity::Private => "Private",
                Sensitivity::Confidential => "Confidential",
            },
        );
    }),
    property("item:Body", In::Items, |xml, _| {
        xml.empty("t:Body", &[("BodyType", "Text"), ("IsTruncated", "false")]);
    }),
    property("item:DateTimeReceived", In::Lists, |xml, seen| {
        xml.value("t:DateTimeReceived", written(seen));
    }),
    property("item:Size", In::Lists, |xml, seen| {
        xml.value("t:Size", 2048 + seen.instance.item.subject.len());
    }),
    property("item:Importance", In::Lists, |xml, _| {
        xml.value("t:Importance", "Normal");
    }),
    property("item:IsSubmitted", In::Lists, |xml, _| {
        xml.value("t:IsSubmitted", false);
    }),
    property("item:IsDraft", In::Lists, |xml, seen| {
        xml.value("t:IsDraft", seen.instance.item.draft);
    }),
    property("item:IsFromMe", In::Lists, |xml, _| {
        xml.value("t:IsFromMe", false);
    }),
    property("item:IsResend", In::Lists, |xml, _| {
        xml.value("t:IsResend", false);
    }),
    property("item:IsUnmodified", In::Lists, |xml, _| {
        xml.value("t:IsUnmodified", false);
    }),
    property("item:DateTimeSent", In::Lists, |xml, seen| {
        xml.value("t:DateTimeSent", written(seen));
    }),
    property("item:DateTimeCreated", In::Lists, |xml, seen| {
        xml.value("t:DateTimeCreated", written(seen));
    }),
    property("item:ReminderDueBy", In::Lists, |xml, seen| {
        xml.value("t:ReminderDueBy", utc(seen.start));
    }),
    property("item:ReminderIsSet", In::Lists, |xml, _| {
        xml.value("t:ReminderIsSet", true);
    }),
    property("item:ReminderMinutesBeforeStart", In::Lists, |xml, _| {
        xml.value("t:ReminderMinutesBeforeStart", 15);
    }),
    property("item:DisplayCc", In::Lists, |xml, _| {
        xml.text("t:DisplayCc", "");
    }),
    property("item:DisplayTo", In::Lists, |xml, seen| {
        let names: Vec<&str> = seen.instance.item.attendees.iter().map(|attendee| attendee.name.as_str()).collect();
        let names = if seen.hidden() { String::new() } else { names.join("; ") };
        xml.text("t:DisplayTo", seen.text(&names));
    }),
    property("item:HasAttachments", In::Default, |xml, _| {
        xml.value("t:HasAttachments", false);
    }),
    property("item:Culture", In::Lists, |xml, seen| {
        xml.value("t:Culture", if seen.person.english { "en-GB" } else { "de-DE" });
    }),
    property("item:EffectiveRights", In::Lists, |xml, seen| {
        folder::effective_rights(xml, seen.trusted);
    }),
    property("item:LastModifiedName", In::Lists, |xml, seen| {
        xml.text("t:LastModifiedName", &seen.person.name());
    }),
    property("item:LastModifiedTime", In::Lists, |xml, seen| {
        xml.value("t:LastModifiedTime", written(seen));
    }),
    property("item:IsAssociated", In::Lists, |xml, _| {
        xml.value("t:IsAssociated", false);
    }),
    property("calendar:UID", In::Lists, |xml, seen| {
        xml.value("t:UID", uid(&seen.instance.item.id));
    }),
    property("calendar:DateTimeStamp", In::Lists, |xml, seen| {
        xml.value("t:DateTimeStamp", written(seen));
    }),
    property("calendar:Start", In::Default, |xml, seen| {
        xml.value("t:Start", utc(seen.start));
    }),
    property("calendar:End", In::Default, |xml, seen| {
        xml.value("t:End", utc(seen.end));
    }),
    property("calendar:OriginalStart", In::Lists, |xml, seen| {
        if let Some(original) = seen.instance.original {
            xml.value("t:OriginalStart", utc(original.interval(&seen.instance.item.zone).0));
        }
    }),
    property("calendar:IsAllDayEvent", In::Lists, |xml, seen| {
        xml.value("t:IsAllDayEvent", matches!(seen.instance.span, Span::Days { .. }));
    }),
    property("calendar:LegacyFreeBusyStatus", In::Default, |xml, seen| {
        xml.text("t:LegacyFreeBusyStatus", free_busy(seen.instance.show_as(), seen.version));
    }),
    property("calendar:Location", In::Default, |xml, seen| {
        if !seen.hidden() && !seen.instance.item.location.is_empty() {
            xml.text("t:Location", seen.text(&seen.instance.item.location));
        }
    }),
    property("calendar:IsMeeting", In::Lists, |xml, seen| {
        xml.value("t:IsMeeting", seen.meeting());
    }),
    property("calendar:IsCancelled", In::Lists, |xml, seen| {
        xml.value("t:IsCancelled", seen.instance.cancelled());
    }),
    property("calendar:IsRecurring", In::Lists, |xml, seen| {
        xml.value("t:IsRecurring", seen.instance.kind != InstanceKind::Single);
    }),
    property("calendar:MeetingRequestWasSent", In::Lists, |xml, seen| {
        xml.value("t:MeetingRequestWasSent", seen.meeting() && !seen.instance.item.draft);
    }),
    property("calendar:IsResponseRequested", In::Lists, |xml, _| {
        xml.value("t:IsResponseRequested", true);
    }),
    property("calendar:CalendarItemType", In::Default, |xml, seen| {
        xml.value(
            "t:CalendarItemType",
            match seen.instance.kind {
                InstanceKind::Single => "Single",
                InstanceKind::Occurrence => "Occurrence",
                InstanceKind::Exception => "Exception",
                InstanceKind::Master => "RecurringMaster",
            },
        );
    }),
    property("calendar:MyResponseType", In::Lists, |xml, seen| {
        xml.value(
            "t:MyResponseType",
            match seen.instance.item.response {
                Response::None => "Unknown",
                Response::Organizer => "Organizer",
                Response::Accepted => "Accept",
                Response::Tentative => "Tentative",
                Response::Declined => "Decline",
                Response::NotResponded => "NoResponseReceived",
            },
        );
    }),
    property("calendar:Organizer", In::Default, organizer),
    property("calendar:RequiredAttendees", In::Items, attendees),
    property("calendar:Duration", In::Lists, |xml, seen| {
        let length = seen.end.duration_since(seen.start);
        xml.value("t:Duration", format_args!("PT{}H{}M", length.as_hours(), length.as_mins() % 60));
    }),
    property("calendar:TimeZone", In::Lists, |xml, seen| {
        xml.text("t:TimeZone", &display_name(&seen.instance.item.zone));
    }),
    property("calendar:AppointmentReplyTime", In::Lists, |xml, seen| {
        if matches!(seen.instance.item.response, Response::Accepted | Response::Tentative | Response::Declined) {
            xml.value("t:AppointmentReplyTime", written(seen));
        }
    }),
    property("calendar:AppointmentSequenceNumber", In::Lists, |xml, _| {
        xml.value("t:AppointmentSequenceNumber", 0);
    }),
    property("calendar:AppointmentState", In::Lists, |xml, seen| {
        let received = seen.instance.item.organizer.is_some();
        let state = i32::from(seen.meeting()) + 2 * i32::from(received) + 4 * i32::from(seen.instance.cancelled());
        xml.value("t:AppointmentState", state);
    }),
    property("calendar:Recurrence", In::Items, recurrence),
    property("calendar:StartTimeZone", In::Lists, |xml, seen| zone(xml, seen, "t:StartTimeZone")),
    property("calendar:EndTimeZone", In::Lists, |xml, seen| zone(xml, seen, "t:EndTimeZone")),
    property("calendar:ConferenceType", In::Lists, |xml, _| {
        xml.value("t:ConferenceType", 0);
    }),
    property("calendar:AllowNewTimeProposal", In::Lists, |xml, _| {
        xml.value("t:AllowNewTimeProposal", true);
    }),
    property("calendar:IsOnlineMeeting", In::Lists, |xml, _| {
        xml.value("t:IsOnlineMeeting", false);
    }),
    property("calendar:StartTimeZoneId", In::Lists, |xml, seen| {
        if seen.version.is_2013() {
            xml.text("t:StartTimeZoneId", zones::windows_name(&seen.instance.item.zone));
        }
    }),
    property("calendar:EndTimeZoneId", In::Lists, |xml, seen| {
        if seen.version.is_2013() {
            xml.text("t:EndTimeZoneId", zones::windows_name(&seen.instance.item.zone));
        }
    }),
    property("calendar:IsOrganizer", In::Lists, |xml, seen| {
        if seen.version.is_2013() {
            xml.value("t:IsOrganizer", seen.instance.item.organizer.is_none());
        }
    }),
];

fn written(seen: &Seen<'_>) -> impl std::fmt::Display + use<> {
    let change = i64::try_from(seen.instance.item.change).unwrap_or(0);
    let instant =
        Timestamp::from_second(EPOCH).and_then(|epoch| epoch.saturating_add(SignedDuration::from_secs(change)));
    instant.unwrap_or(Timestamp::UNIX_EPOCH).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A global object id as Outlook makes them: the same for all instances of a series.
fn uid(id: &str) -> String {
    let mut uid = "040000008200E00074C5B7101A82E008".to_owned();
    for byte in id.bytes() {
        uid.push_str(&format!("{byte:02X}"));
    }
    uid
}

fn zone(xml: &mut Xml, seen: &Seen<'_>, tag: &str) {
    if !seen.version.is_2010() {
        return;
    }
    let zone = &seen.instance.item.zone;
    xml.empty(tag, &[("Name", &display_name(zone)), ("Id", zones::windows_name(zone))]);
}

fn organizer(xml: &mut Xml, seen: &Seen<'_>) {
    if seen.hidden() {
        return;
    }
    let own = seen.person.contact();
    let contact = seen.instance.item.organizer.as_ref().unwrap_or(&own);
    xml.open("t:Organizer");
    mailbox(xml, &contact.name, (!seen.listed).then_some(&contact.mail));
    xml.close("t:Organizer");
}

fn attendees(xml: &mut Xml, seen: &Seen<'_>) {
    if seen.hidden() || seen.instance.item.attendees.is_empty() {
        return;
    }
    xml.open("t:RequiredAttendees");
    for attendee in &seen.instance.item.attendees {
        xml.open("t:Attendee");
        mailbox(xml, &attendee.name, Some(&attendee.mail));
        xml.value("t:ResponseType", "Unknown").close("t:Attendee");
    }
    xml.close("t:RequiredAttendees");
}

fn mailbox(xml: &mut Xml, name: &str, address: Option<&String>) {
    xml.open("t:Mailbox").text("t:Name", name);
    if let Some(address) = address {
        xml.text("t:EmailAddress", address).value("t:RoutingType", "SMTP").value("t:MailboxType", "Mailbox");
    }
    xml.close("t:Mailbox");
}

fn recurrence(xml: &mut Xml, seen: &Seen<'_>) {
    let (InstanceKind::Master, Some(recurrence)) = (seen.instance.kind, seen.instance.item.recurrence) else { return };
    let first = match seen.instance.span {
        Span::Timed { start, .. } => seen.instance.item.zone.to_datetime(start).date(),
        Span::Days { first, .. } => first,
    };
    xml.open("t:Recurrence");
    match recurrence {
        Recurrence::Days { every, count } => {
            xml.open("t:DailyRecurrence").value("t:Interval", every).close("t:DailyRecurrence");
            xml.open("t:NumberedRecurrence").value("t:StartDate", first).value("t:NumberOfOccurrences", count);
            xml.close("t:NumberedRecurrence");
        }
        Recurrence::Weeks { every, days } => {
            let days: Vec<&str> = days.iter().map(weekday).collect();
            xml.open("t:WeeklyRecurrence").value("t:Interval", every).value("t:DaysOfWeek", days.join(" "));
            xml.value("t:FirstDayOfWeek", "Monday").close("t:WeeklyRecurrence");
            xml.open("t:NoEndRecurrence").value("t:StartDate", first).close("t:NoEndRecurrence");
        }
    }
    xml.close("t:Recurrence");
}
