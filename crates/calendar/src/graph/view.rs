//! The full reading: every event of a window, on all pages, of many mailboxes at a time.

use busylamp_core::{
    event::{Agenda, Event},
    said::Phrase,
    title::Reading,
};
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

use super::{
    batch::{self, Call},
    client::Client,
    error::GraphError,
    event,
    link::{Endpoint, encode},
    pages::{self, Gather, Walk},
};
use crate::{Window, clock::Clock};

/// Events a page. Graph's own choice is 10; its largest isn't documented (microsoft-graph-docs#12653).
const PAGE: usize = 100;

/// Most events of one mailbox in the window.
const MOST_EVENTS: usize = 20_000;

/// Times in UTC, ids that survive a move to another folder.
const PREFER: &str = "outlook.timezone=\"UTC\", IdType=\"ImmutableId\"";

/// The question for a mailbox's calendar.
pub(super) fn call(target: &str, window: Window) -> Call {
    Call {
        target: target.to_owned(),
        url: format!("{target}/calendarView?{}&$select={}&$top={PAGE}", query(window), event::SELECT),
        prefer: PREFER.to_owned(),
    }
}

/// A window as Graph wants it, widened to whole seconds: Graph reads no more than seven digits of a fraction.
pub(super) fn query(window: Window) -> String {
    let whole = |instant: Timestamp, mode| {
        let seconds = TimestampRound::new().smallest(Unit::Second).mode(mode);
        encode(&instant.round(seconds).unwrap_or(instant).to_string())
    };
    let (from, to) = (whole(window.from, RoundMode::Floor), whole(window.to, RoundMode::Ceil));
    format!("startDateTime={from}&endDateTime={to}")
}

/// Reads the calendars of these targets (`/users/…`), each whole or not at all, in their order.
pub(super) async fn read(
    client: &Client,
    targets: &[String],
    window: Window,
    reading: &Reading,
    clock: Clock,
) -> Vec<Result<Agenda, GraphError>> {
    let walks = targets.iter().map(|target| Walk::new(call(target, window), Events { events: Vec::new(), reading }));
    let read = pages::walk(client, walks.collect(), batch::MOST, clock).await;
    read.into_iter().map(|result| result.map(|gathered| Agenda::new(gathered.events))).collect()
}

/// What the pages so far held.
struct Events<'a> {
    events: Vec<Event>,
    reading: &'a Reading,
}

impl Gather for Events<'_> {
    fn page(&mut self, json: &str, _: &Endpoint) -> Result<Option<String>, GraphError> {
        let page = event::page(json, self.reading).map_err(GraphError::BadAnswer)?;
        self.events.extend(page.events);
        if self.events.len() > MOST_EVENTS {
            return Err(GraphError::BadAnswer(Phrase::new(
                "der Kalender hat mehr Termine, als gelesen werden",
                "the calendar holds more events than can be read",
            )));
        }
        Ok(page.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_asked_for_in_whole_seconds_and_never_narrower() {
        let from = "2026-11-23T09:00:00.123456789Z".parse().unwrap();
        let to = "2026-11-23T10:00:00.000000001Z".parse().unwrap();
        let asked = query(Window { from, to });
        assert_eq!(asked, "startDateTime=2026-11-23T09%3A00%3A00Z&endDateTime=2026-11-23T10%3A00%3A01Z");
    }

    #[test]
    fn exactly_what_is_needed_is_asked_for() {
        let window =
            Window { from: "2026-11-23T09:00:00Z".parse().unwrap(), to: "2026-12-07T09:00:00Z".parse().unwrap() };
        let call = call("/users/a@example.com", window);
        assert_eq!(
            call.url,
            "/users/a@example.com/calendarView?startDateTime=2026-11-23T09%3A00%3A00Z&endDateTime=2026-12-07T09%3A00%3A00Z\
             &$select=id,type,subject,showAs,sensitivity,isAllDay,isCancelled,isDraft,responseStatus,start,end&$top=100"
        );
        assert_eq!(call.prefer, "outlook.timezone=\"UTC\", IdType=\"ImmutableId\"");
    }
}
