//! The reader against a pretended Graph, without sockets and with a clock that only waits when nobody works.

mod crowd;
mod doorbells;
mod fake;
mod readings;
mod tokens;
mod trouble;
mod who;

use std::sync::Arc;

use busylamp_core::{event::Agenda, ids::MailAddress, secret::Secret, title::Reading};
use fake::FakeGraph;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{GraphCalendar, GraphSettings, settings::Cloud};
use crate::{Calendar, MailboxError, Outcome, Request, Window};

/// A reader, its pretended Graph, and now.
struct Stage {
    graph: Arc<FakeGraph>,
    calendar: GraphCalendar,
    reading: Reading,
    now: Timestamp,
}

impl Stage {
    /// With `mailboxes` users `u0@example.com`, … whose object ids are `id-0`, …; each with one event `a`.
    fn new(mailboxes: usize) -> Self {
        let graph = Arc::new(FakeGraph::new(mailboxes));
        let mut settings = GraphSettings::new(Cloud::Global, "contoso.example", "app", Secret::new("geheim"));
        settings.login = "http://login.test".parse().unwrap();
        settings.endpoint = "http://graph.test/v1.0".parse().unwrap();
        let calendar =
            GraphCalendar::over(&settings, settings.app().unwrap(), Arc::clone(&graph) as _, Arc::clone(&graph) as _);
        let reading = Reading { keep_titles: true, mask_personal: true, ..Reading::default() };
        Self { graph, calendar, reading, now: "2026-11-24T09:00:00Z".parse().unwrap() }
    }

    fn window(&self) -> Window {
        let hours = SignedDuration::from_hours;
        Window { from: self.now - hours(24), to: self.now + hours(14 * 24) }
    }

    async fn poll_of(&self, mailboxes: &[MailAddress], full: bool) -> Vec<(MailAddress, Outcome)> {
        let (window, reading, zone) = (self.window(), &self.reading, &TimeZone::UTC);
        let request = Request { mailboxes, window, reading, zone, now: self.now, full };
        self.calendar.poll(request).await.into_iter().collect()
    }

    /// Polls all mailboxes; the outcomes by number.
    async fn poll(&self) -> Vec<Outcome> {
        let mails = self.graph.mails();
        let outcomes = self.poll_of(&mails, false).await;
        assert_eq!(outcomes.len(), mails.len(), "every mailbox has an outcome");
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// Polls the only mailbox.
    async fn poll_one(&self) -> Outcome {
        let mut outcomes = self.poll().await;
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }

    fn later(&mut self, by: SignedDuration) {
        self.now += by;
    }
}

fn mail(number: usize) -> MailAddress {
    MailAddress::from(format!("u{number:02}@example.com"))
}

fn agenda(outcome: &Outcome) -> &Agenda {
    match outcome {
        Outcome::Read { agenda, .. } => agenda,
        Outcome::Unchanged | Outcome::Failed(_) => panic!("not read: {outcome:?}"),
    }
}

fn ids(outcome: &Outcome) -> Vec<&str> {
    agenda(outcome).events().iter().map(|event| event.id.as_str()).collect()
}

fn error(outcome: &Outcome) -> &MailboxError {
    match outcome {
        Outcome::Failed(error) => error,
        Outcome::Read { .. } | Outcome::Unchanged => panic!("not failed: {outcome:?}"),
    }
}

fn is_unavailable(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(MailboxError::Unavailable { .. }))
}
