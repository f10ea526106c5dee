//! The doorbell: a cheap question whether anything has changed in a mailbox.
//!
//! `calendarView/delta` tells what changed since its last answer, but not well: occurrences come without show-as, and
//! its links are tied to the window with which they began. So its content is thrown away and only whether there was
//! any is kept; any change, and any trouble with the link, means a full reading in the same poll. With nothing
//! changed a poll costs a twentieth of a request and some hundred bytes a mailbox.
//!
//! A link begins **before** the full reading, so a change between the two rings at the next poll. Its window reaches
//! further ahead than the reading's, so that a window that moves with the time needs a new link only every few
//! days: for the price that a change behind the reading's window rings in vain.
//!
//! Sources: `api/event-delta.md`, `concepts/delta-query-events.md`; microsoft-graph-docs#7632 (occurrences),
//! #2350, #2839, #9053 (lost links).

use busylamp_core::said::Phrase;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, de::IgnoredAny};

use super::{
    batch::{self, Call},
    client::Client,
    error::GraphError,
    link::Endpoint,
    pages::{self, Gather, Walk},
    view,
};
use crate::{Window, clock::Clock};

/// How far a link's window reaches beyond the reading's, at least.
const AHEAD: SignedDuration = SignedDuration::from_hours(48);

/// And at most this much more, by chance, so that links don't all end in the same poll.
const SPREAD: SignedDuration = SignedDuration::from_hours(48);

/// Mailboxes in a batch of beginnings. A beginning gives every event with its whole text, and there is no way to
/// ask for less (`$select` is not supported).
const BEGINNINGS_IN_A_BATCH: usize = 5;

/// Plain text is shorter than HTML.
const PREFER: &str =
    "odata.maxpagesize=25, outlook.timezone=\"UTC\", outlook.body-content-type=\"text\", IdType=\"ImmutableId\"";

/// A mailbox's link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bell {
    /// Relative to Graph's address.
    url: String,
    window: Window,
}

impl Bell {
    /// Whether every change in this window rings.
    pub(super) fn covers(&self, window: Window) -> bool {
        self.window.from <= window.from && window.to <= self.window.to
    }
}

/// What a doorbell said.
#[derive(Debug)]
pub(super) enum Ring {
    /// Nothing has changed; the link for the next time.
    Quiet(Bell),
    /// Something has; the link for the next time.
    Changed(Bell),
    /// The link is worth nothing any more: something may have changed.
    Lost,
    /// It couldn't be asked.
    Failed(GraphError),
}

/// The window of a link for a reading of this window; `random` is from `[0, 1)`.
pub(super) fn window(wanted: Window, random: f64) -> Window {
    let ahead = AHEAD.checked_add(SPREAD.mul_f64(random)).unwrap_or(AHEAD);
    Window { from: wanted.from, to: wanted.to.checked_add(ahead).unwrap_or(Timestamp::MAX) }
}

/// The question with which a link begins.
pub(super) fn beginning(target: &str, window: Window) -> Call {
    Call {
        target: target.to_owned(),
        url: format!("{target}/calendarView/delta?{}", view::query(window)),
        prefer: PREFER.to_owned(),
    }
}

/// Begins links for these targets, in their order.
pub(super) async fn begin(
    client: &Client,
    targets: &[(String, Window)],
    clock: Clock,
) -> Vec<Result<Bell, GraphError>> {
    let walks = targets.iter().map(|(target, window)| Walk::new(beginning(target, *window), Changes::default()));
    let begun = pages::walk(client, walks.collect(), BEGINNINGS_IN_A_BATCH, clock).await;
    let bell = |(result, (_, window)): (Result<Changes, GraphError>, &(String, Window))| {
        let url = result?.link.ok_or(GraphError::BadAnswer(Phrase::new(
            "es gibt keinen Link für Änderungen",
            "there is no change link",
        )))?;
        Ok(Bell { url, window: *window })
    };
    begun.into_iter().zip(targets).map(bell).collect()
}

/// Asks the doorbells of these targets, in their order.
pub(super) async fn ring(client: &Client, bells: &[(String, Bell)], clock: Clock) -> Vec<Ring> {
    let walks = bells.iter().map(|(target, bell)| {
        let call = Call { target: target.clone(), url: bell.url.clone(), prefer: PREFER.to_owned() };
        Walk::new(call, Changes::default())
    });
    let rung = pages::walk(client, walks.collect(), batch::MOST, clock).await;
    rung.into_iter().zip(bells).map(|(result, (_, bell))| what_it_said(result, bell)).collect()
}

fn what_it_said(result: Result<Changes, GraphError>, bell: &Bell) -> Ring {
    match result {
        Ok(Changes { any, link: Some(url) }) => {
            let bell = Bell { url, window: bell.window };
            if any { Ring::Changed(bell) } else { Ring::Quiet(bell) }
        }
        // What is wrong with a link is wrong with its state; a full reading tells what it would have told.
        Ok(Changes { link: None, .. })
        | Err(GraphError::LinkLost(_) | GraphError::BadRequest(_) | GraphError::BadAnswer(_)) => Ring::Lost,
        Err(error) => Ring::Failed(error),
    }
}

/// What the pages so far said: no word of what the changes are.
#[derive(Debug, Default)]
pub(super) struct Changes {
    any: bool,
    link: Option<String>,
}

impl Gather for Changes {
    fn page(&mut self, json: &str, endpoint: &Endpoint) -> Result<Option<String>, GraphError> {
        #[derive(Deserialize)]
        struct Page {
            value: Vec<IgnoredAny>,
            #[serde(default, rename = "@odata.nextLink")]
            next: Option<String>,
            #[serde(default, rename = "@odata.deltaLink")]
            delta: Option<String>,
        }
        let page: Page = serde_json::from_str(json).map_err(|_| {
            GraphError::BadAnswer(Phrase::new(
                "eine Seite mit Änderungen hat eine andere Form",
                "a page of changes has another form",
            ))
        })?;
        self.any |= !page.value.is_empty();
        match (page.delta, page.next) {
            (Some(link), _) => {
                let url = endpoint.relative(&link).ok_or(GraphError::BadAnswer(Phrase::new(
                    "der Link für Änderungen führt anderswohin",
                    "the change link leads elsewhere",
                )))?;
                self.link = Some(url);
                Ok(None)
            }
            (None, Some(next)) => Ok(Some(next)),
            (None, None) => {
                Err(GraphError::BadAnswer(Phrase::new("es gibt keinen Link für Änderungen", "there is no change link")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use busylamp_net::http::{Delivery, HttpError, HttpErrorKind};
    use url::Url;

    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint::new(&Url::parse("https://graph.microsoft.com/v1.0").unwrap())
    }

    fn wanted() -> Window {
        Window { from: "2026-11-23T09:00:00Z".parse().unwrap(), to: "2026-12-07T09:00:00Z".parse().unwrap() }
    }

    fn bell() -> Bell {
        Bell { url: "/old".into(), window: window(wanted(), 0.0) }
    }

    /// What recorded pages say, and the link to the next page.
    fn page(name: &str) -> Option<(Changes, Option<String>)> {
        let json = crate::conformance::file(&format!("graph/fixtures/{name}.response.json"))?;
        let mut changes = Changes::default();
        let next = changes.page(&String::from_utf8(json).unwrap(), &endpoint()).unwrap();
        Some((changes, next))
    }

    #[test]
    fn a_link_outlives_the_readings_window_for_some_days() {
        for random in [0.0, 0.5, 0.999] {
            let bell = Bell { url: String::new(), window: window(wanted(), random) };
            let moved = |hours| {
                let by = SignedDuration::from_hours(hours);
                Window { from: wanted().from + by, to: wanted().to + by }
            };
            assert!(bell.covers(wanted()) && bell.covers(moved(47)));
            assert!(!bell.covers(moved(97)));
            assert!(!bell.covers(Window { from: wanted().from - SignedDuration::from_secs(1), to: wanted().to }));
        }
    }

    #[test]
    fn recorded_pages_ring() {
        let Some((changes, next)) = page("delta-query-events-00") else { return };
        assert!(changes.any && next.is_some());
        let (changes, next) = page("delta-query-events-03").unwrap();
        assert!(changes.any && next.is_none());
        assert_eq!(changes.link.as_deref(), Some("/me/calendarView/delta?$deltatoken=R0usmcFuQtZdtpk4"));
        let (changes, _) = page("synthetic-delta-removed").unwrap();
        assert!(matches!(what_it_said(Ok(changes), &bell()), Ring::Changed(_)), "a removed event is a change");
    }

    #[test]
    fn an_empty_page_is_quiet_and_keeps_the_window() {
        let mut changes = Changes::default();
        let json = r#"{"value": [], "@odata.deltaLink": "https://graph.microsoft.com/v1.0/new"}"#;
        assert_eq!(changes.page(json, &endpoint()).unwrap(), None);
        let Ring::Quiet(next) = what_it_said(Ok(changes), &bell()) else { panic!() };
        assert_eq!(next, Bell { url: "/new".into(), window: bell().window });
    }

    #[test]
    fn trouble_with_the_link_means_that_something_may_have_changed() {
        for (status, code) in [(410, "Gone"), (400, "syncStateInvalid"), (400, "ResyncRequired"), (400, "BadRequest")] {
            let body = format!(r#"{{"error": {{"code": "{code}"}}}}"#);
            let error = GraphError::of(status, body.as_bytes(), None);
            assert!(matches!(what_it_said(Err(error), &bell()), Ring::Lost), "{code}");
        }
        let foreign = r#"{"value": [], "@odata.deltaLink": "https://evil.example/v1.0/new"}"#;
        let error = Changes::default().page(foreign, &endpoint()).unwrap_err();
        assert!(matches!(what_it_said(Err(error), &bell()), Ring::Lost));
        assert!(Changes::default().page(r#"{"value": []}"#, &endpoint()).is_err());
    }

    #[test]
    fn other_trouble_says_nothing() {
        let broken = HttpError::new("graph.microsoft.com", HttpErrorKind::Reset, Delivery::MaybeSent);
        assert!(matches!(what_it_said(Err(GraphError::Network(broken)), &bell()), Ring::Failed(_)));
        let busy = GraphError::of(503, b"", None);
        assert!(matches!(what_it_said(Err(busy), &bell()), Ring::Failed(_)));
    }
}
