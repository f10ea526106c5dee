//! Free/busy: when a mailbox's owner is busy and how, as far as the rights show it.

use std::{collections::BTreeMap, fmt, hash::Hasher as _};

use busylamp_core::{
    event::{Event, Kind, RawEvent, ReadKind, Response, Sensitivity, When},
    ids::EventId,
    said::Phrase,
    title::Reading,
};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    Span,
    envelope::{self, Answer},
    item,
    refusal::{AnswerError, MailboxFault},
    request::MERGED_MINUTES,
    time, working,
    xml::{self, Element},
};

/// Most digits of merged free/busy: [`crate::request::MOST_AVAILABILITY_DAYS`] in the finest steps.
const MOST_DIGITS: usize = 42 * 24 * 12;

/// One mailbox's free/busy.
#[derive(Clone, Debug, PartialEq)]
pub struct FreeBusy {
    /// What the rights show.
    pub granted: Granted,
    /// The busy times, in the server's order; free ones and those without data among them where it names them.
    pub busy: Vec<Busy>,
    /// The mailbox's zone, by its rules, from its working hours.
    pub zone: Option<TimeZone>,
}

/// How much of free/busy a server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Granted {
    /// Times and kinds in steps of [`MERGED_MINUTES`], where of two events at a time only one shows.
    MergedOnly,
    /// Times and kinds.
    FreeBusy,
    /// More than these.
    Detailed,
}

/// A busy time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Busy {
    /// First instant.
    pub start: Timestamp,
    /// First instant after it.
    pub end: Timestamp,
    /// How busy.
    pub kind: ReadKind,
    /// Marked as private. Only known where details are shown.
    pub private: bool,
    details: Details,
}

/// A number for the details that are not kept, so that a change in them makes a difference. It is not shown, since
/// whoever knows it could try out subjects.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Details(u64);

impl fmt::Debug for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl FreeBusy {
    /// The busy times as events without titles, those of the span.
    pub fn events(&self, span: Span, reading: &Reading) -> Vec<Event> {
        let mut same: BTreeMap<(Timestamp, Timestamp), usize> = BTreeMap::new();
        let mut events = Vec::new();
        for busy in self.busy.iter().filter(|busy| span.touches(busy.start, busy.end)) {
            let number = same.entry((busy.start, busy.end)).or_default();
            *number += 1;
            let raw = RawEvent {
                id: EventId::new(format!("{}/{}/{number}", busy.start, busy.end)),
                when: When::Timed { start: busy.start, end: busy.end },
                kind: busy.kind.clone(),
                subject: "",
                sensitivity: if busy.private { Sensitivity::Private } else { Sensitivity::Normal },
                response: Response::None,
                cancelled: false,
                draft: false,
                series_master: false,
            };
            events.push(raw.read(reading));
        }
        events
    }
}

/// Reads the answer to [`crate::request::availability`]. `span` is what was asked for; the digits count from there.
///
/// # Errors
/// When nothing can be said of any mailbox.
pub fn read(body: &[u8], asked: usize, span: Span) -> Result<Answer<FreeBusy>, AnswerError> {
    envelope::open(body, "GetUserAvailabilityResponse", |content| {
        let responses =
            xml::children(content, "FreeBusyResponseArray").flat_map(|array| xml::children(array, "FreeBusyResponse"));
        envelope::messages(responses, asked, |_, response| {
            let message = xml::child(response, "ResponseMessage");
            let message = message.ok_or(MailboxFault::Unreadable(Phrase::new(
                "sie hat keine Antwortnachricht",
                "it has no response message",
            )))?;
            if let Some(refusal) = envelope::refusal(message) {
                return Err(MailboxFault::Refused(refusal));
            }
            let view = xml::child(response, "FreeBusyView")
                .ok_or(Phrase::new("sie hat keine Frei/Gebucht-Zeiten", "it has no free/busy"));
            view.and_then(|view| free_busy(view, span)).map_err(MailboxFault::Unreadable)
        })
    })
}

fn free_busy(view: Element<'_>, span: Span) -> Result<FreeBusy, Phrase> {
    let granted = match xml::word(view, "FreeBusyViewType") {
        Some("MergedOnly") => Granted::MergedOnly,
        Some("FreeBusy" | "FreeBusyMerged") => Granted::FreeBusy,
        Some("Detailed" | "DetailedMerged") => Granted::Detailed,
        _ => {
            return Err(Phrase::new(
                "sie hat keine bekannte Art von Frei/Gebucht-Zeiten",
                "it has no kind of free/busy that is known",
            ));
        }
    };
    let events = xml::child(view, "CalendarEventArray");
    let digits = xml::word(view, "MergedFreeBusy");
    let busy = match (events, digits) {
        (Some(events), _) if granted != Granted::MergedOnly => {
            xml::children(events, "CalendarEvent").map(calendar_event).collect::<Result<_, _>>()?
        }
        (_, Some(digits)) => merged(digits, span.from)?,
        // No events are written as no array.
        (_, None) if granted != Granted::MergedOnly => Vec::new(),
        (_, None) => return Err(Phrase::new("sie hat weder Termine noch Ziffern", "it has neither events nor digits")),
    };
    let hours = xml::child(view, "WorkingHours").and_then(|hours| xml::child(hours, "TimeZone"));
    Ok(FreeBusy { granted, busy, zone: hours.and_then(working::zone) })
}

fn calendar_event(event: Element<'_>) -> Result<Busy, Phrase> {
    let instant = |name| {
        let word = xml::word(event, name).ok_or(Phrase::new(
            "eine Zeit hat keinen Anfang oder kein Ende",
            "a busy time has no beginning or no end",
        ))?;
        time::instant(word).ok_or(Phrase::new("eine Zeit ist nicht zu lesen", "a busy time can't be read"))
    };
    let mut mark = std::hash::DefaultHasher::new();
    let mut private = false;
    if let Some(details) = xml::child(event, "CalendarEventDetails") {
        for part in details.children() {
            let (name, text) = (part.name(), xml::text(part));
            private |= name == "IsPrivate" && matches!(text.trim(), "true" | "1");
            mark.write(name.as_bytes());
            mark.write(&[0]);
            mark.write(text.as_bytes());
            mark.write(&[0]);
        }
    }
    Ok(Busy {
        start: instant("StartTime")?,
        end: instant("EndTime")?,
        kind: item::kind(xml::word(event, "BusyType")),
        private,
        details: Details(mark.finish()),
    })
}

/// Busy times of merged free/busy: one digit for every [`MERGED_MINUTES`] since `from`, equal ones together.
fn merged(digits: &str, from: Timestamp) -> Result<Vec<Busy>, Phrase> {
    const WRONG: Phrase = Phrase::new(
        "ihre Ziffern der Frei/Gebucht-Zeiten sind nicht zu lesen",
        "its digits of free/busy can't be read",
    );
    if digits.len() > MOST_DIGITS || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(WRONG);
    }
    let from = from.as_second();
    let step = i64::from(MERGED_MINUTES) * 60;
    let instant = |place: usize| {
        let seconds = i64::try_from(place).ok().and_then(|place| place.checked_mul(step)?.checked_add(from));
        seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()).ok_or(WRONG)
    };
    let mut busy = Vec::new();
    let mut place = 0;
    for run in digits.as_bytes().chunk_by(|a, b| a == b) {
        let (start, end) = (instant(place)?, instant(place + run.len())?);
        place += run.len();
        let kind = match run[0] {
            b'0' => continue,
            b'1' => ReadKind::Known(Kind::Tentative),
            b'2' => ReadKind::Known(Kind::Busy),
            b'3' => ReadKind::Known(Kind::OutOfOffice),
            // Working elsewhere in Graph, but not here.
            b'4' => item::kind(Some("NoData")),
            other => ReadKind::Unrecognised(char::from(other).to_string()),
        };
        busy.push(Busy { start, end, kind, private: false, details: Details::default() });
    }
    Ok(busy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn span() -> Span {
        Span { from: at("2026-11-23T00:00:00Z"), to: at("2026-11-24T00:00:00Z") }
    }

    fn one(view: &str) -> Result<FreeBusy, MailboxFault> {
        let body = format!(
            "<Envelope><Body><GetUserAvailabilityResponse><FreeBusyResponseArray><FreeBusyResponse>\
             <ResponseMessage ResponseClass='Success'><ResponseCode>NoError</ResponseCode></ResponseMessage>\
             <FreeBusyView>{view}</FreeBusyView></FreeBusyResponse></FreeBusyResponseArray>\
             </GetUserAvailabilityResponse></Body></Envelope>"
        );
        read(body.as_bytes(), 1, span()).unwrap().mailboxes.remove(0)
    }

    fn event(start: &str, subject: &str) -> String {
        format!(
            "<CalendarEvent><StartTime>2026-11-23T{start}:00</StartTime><EndTime>2026-11-23T12:00:00</EndTime>\
             <BusyType>Busy</BusyType><CalendarEventDetails><Subject>{subject}</Subject><IsPrivate>true</IsPrivate>\
             </CalendarEventDetails></CalendarEvent>"
        )
    }

    #[test]
    fn digits_become_busy_times_where_there_are_no_events() {
        let digits = "<FreeBusyViewType>MergedOnly</FreeBusyViewType><MergedFreeBusy>0011222034450</MergedFreeBusy>";
        let busy = one(digits).unwrap();
        assert_eq!(busy.granted, Granted::MergedOnly);
        let read: Vec<_> = busy
            .busy
            .iter()
            .map(|busy| {
                (busy.start.strftime("%H:%M").to_string(), busy.end.strftime("%H:%M").to_string(), busy.kind.clone())
            })
            .collect();
        let expected = |start: &str, end: &str, kind| (start.to_owned(), end.to_owned(), kind);
        assert_eq!(
            read,
            [
                expected("00:30", "01:00", ReadKind::Known(Kind::Tentative)),
                expected("01:00", "01:45", ReadKind::Known(Kind::Busy)),
                expected("02:00", "02:15", ReadKind::Known(Kind::OutOfOffice)),
                // Not working elsewhere, as the same digit is in Graph.
                expected("02:15", "02:45", ReadKind::Unrecognised("NoData".into())),
                expected("02:45", "03:00", ReadKind::Unrecognised("5".into())),
            ]
        );
    }

    #[test]
    fn events_count_where_there_are_both() {
        let both = format!(
            "<FreeBusyViewType>DetailedMerged</FreeBusyViewType><MergedFreeBusy>2222</MergedFreeBusy>\
             <CalendarEventArray>{}</CalendarEventArray>",
            event("11:00", "x")
        );
        let busy = one(&both).unwrap();
        assert_eq!(busy.busy.len(), 1);
        assert_eq!(busy.busy[0].start, at("2026-11-23T11:00:00Z"));
        assert!(busy.busy[0].private);
    }

    #[test]
    fn no_array_of_events_is_no_event_and_no_view_is_an_error() {
        assert_eq!(one("<FreeBusyViewType>FreeBusy</FreeBusyViewType>").unwrap().busy, []);
        for view in [
            "<FreeBusyViewType>None</FreeBusyViewType>",
            "<FreeBusyViewType>MergedOnly</FreeBusyViewType>",
            "<FreeBusyViewType>MergedOnly</FreeBusyViewType><MergedFreeBusy>x</MergedFreeBusy>",
            "<FreeBusyViewType>Everything</FreeBusyViewType>",
            "",
        ] {
            assert!(matches!(one(view), Err(MailboxFault::Unreadable(_))), "{view}");
        }
        let endless = "2".repeat(MOST_DIGITS + 1);
        let endless =
            format!("<FreeBusyViewType>MergedOnly</FreeBusyViewType><MergedFreeBusy>{endless}</MergedFreeBusy>");
        assert!(one(&endless).is_err());
    }

    #[test]
    fn a_changed_detail_makes_a_difference_though_it_is_not_kept() {
        let with = |subject| {
            one(&format!(
                "<FreeBusyViewType>Detailed</FreeBusyViewType><CalendarEventArray>{}</CalendarEventArray>",
                event("11:00", subject)
            ))
            .unwrap()
        };
        assert_eq!(with("Kaffee"), with("Kaffee"));
        assert_ne!(with("Kaffee"), with("Kaffee (DND)"));
        assert!(!format!("{:?}", with("Kaffee")).contains("Kaffee"));
    }

    #[test]
    fn events_of_free_busy_have_ids_of_their_own_and_no_titles() {
        let twice = format!(
            "<FreeBusyViewType>Detailed</FreeBusyViewType><CalendarEventArray>{0}{0}{1}</CalendarEventArray>",
            event("11:00", "a"),
            event("12:00", "empty")
        );
        let reading = Reading { keep_titles: true, ..Reading::default() };
        let events = one(&twice).unwrap().events(span(), &reading);
        assert_eq!(events.len(), 3);
        assert_ne!(events[0].id, events[1].id);
        assert!(events.iter().all(|event| event.title.clear().is_none()));
        let later = Span { from: at("2026-11-23T12:00:00Z"), to: at("2026-11-24T00:00:00Z") };
        assert_eq!(one(&twice).unwrap().events(later, &reading).len(), 0);
    }
}
