//! The reader against a pretended Exchange, without sockets and with a clock that only waits when nobody works.

mod batches;
mod cost;
mod crowd;
mod fake;
mod readings;
mod sign_in;
mod throttling;
mod trouble;
mod walk;

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use busylamp_core::{event::Agenda, ids::MailAddress, secret::Secret, title::Reading};
use busylamp_net::{http::Transport, trust::Trust};
use fake::FakeExchange;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{
    Access, EwsAccount, EwsCalendar, EwsSettings, EwsSignIn,
    wires::{Credential, Wires},
};
use crate::{Calendar, MailboxError, Outcome, Request, Window};

/// A reader, its pretended Exchange, and now.
struct Stage {
    exchange: Arc<FakeExchange>,
    account: Arc<EwsAccount>,
    calendar: EwsCalendar,
    reading: Reading,
    now: Timestamp,
}

fn settings(access: Access) -> EwsSettings {
    EwsSettings {
        url: "https://mail.example.com/EWS/Exchange.asmx".parse().unwrap(),
        sign_in: EwsSignIn::Basic { user: "svc".into(), password: Secret::new("geheim") },
        access,
        trust: Trust::System,
    }
}

/// An account over this server that sends user and password.
fn account(access: Access, exchange: &Arc<FakeExchange>) -> Arc<EwsAccount> {
    let made = Arc::clone(exchange);
    let wires = Wires::new(Box::new(move || {
        made.state().connections += 1;
        Ok(Arc::clone(&made) as Arc<dyn Transport>)
    }));
    let basic = Secret::new(format!("Basic {}", STANDARD.encode("svc:geheim")));
    Arc::new(EwsAccount::over(&settings(access), wires.unwrap(), Credential::Header(basic)))
}

impl Stage {
    fn new(access: Access, mailboxes: usize) -> Self {
        let exchange = Arc::new(FakeExchange::new(mailboxes));
        let account = account(access, &exchange);
        let calendar = EwsCalendar::new(Arc::clone(&account));
        let reading = Reading { keep_titles: true, mask_personal: true, ..Reading::default() };
        Self { exchange, account, calendar, reading, now: "2026-11-24T09:00:00Z".parse().unwrap() }
    }

    /// One that has read everything, half a minute later.
    async fn read(access: Access, mailboxes: usize) -> Self {
        let mut stage = Self::new(access, mailboxes);
        let outcomes = stage.poll().await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Read { .. })), "{:?}", outcomes[0]);
        stage.exchange.seen();
        stage.later(SignedDuration::from_secs(30));
        stage
    }

    fn later(&mut self, by: SignedDuration) {
        self.now += by;
    }

    fn window(&self) -> Window {
        let hours = SignedDuration::from_hours;
        Window { from: self.now - hours(24), to: self.now + hours(14 * 24) }
    }

    async fn poll_of(&self, mailboxes: &[MailAddress], full: bool) -> Vec<Outcome> {
        let (window, reading, zone) = (self.window(), &self.reading, &TimeZone::UTC);
        let request = Request { mailboxes, window, reading, zone, now: self.now, full };
        let outcomes = self.calendar.poll(request).await;
        assert_eq!(
            outcomes.keys().collect::<Vec<_>>(),
            mailboxes.iter().collect::<Vec<_>>(),
            "every mailbox has an outcome"
        );
        outcomes.into_values().collect()
    }

    /// Polls all mailboxes; the outcomes in their order.
    async fn poll(&self) -> Vec<Outcome> {
        self.poll_of(&self.exchange.mails(), false).await
    }

    /// Polls the only mailbox.
    async fn poll_one(&self) -> Outcome {
        let mut outcomes = self.poll().await;
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }

    fn trouble(&self) -> String {
        self.calendar.health().trouble.map(|trouble| trouble.to_string()).unwrap_or_default()
    }
}

fn agenda(outcome: &Outcome) -> &Agenda {
    let Outcome::Read { agenda, .. } = outcome else { panic!("{outcome:?}") };
    agenda
}

/// The ids of the events that were read.
fn ids(outcome: &Outcome) -> Vec<&str> {
    agenda(outcome).events().iter().map(|event| event.id.as_str()).collect()
}

fn titles(outcome: &Outcome) -> Vec<&str> {
    agenda(outcome).events().iter().filter_map(|event| event.title.clear()).collect()
}

fn error(outcome: &Outcome) -> &MailboxError {
    let Outcome::Failed(error) = outcome else { panic!("{outcome:?}") };
    error
}

fn is_unavailable(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(MailboxError::Unavailable { .. }))
}

fn is_unchanged(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Unchanged)
}
