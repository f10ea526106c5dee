//! One poll: who is asked what, in which order.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use busylamp_core::{
    event::Agenda,
    ids::MailAddress,
    said::{Phrase, Said},
};
use busylamp_ews::{FreeBusy, Shape, Span, answer, request};
use busylamp_net::retry::{self, Class};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::{
    account::{EwsAccount, Question},
    availability, batch,
    error::EwsError,
    memory::{Mailbox, Memory, View},
    settings::Access,
    view::{self, Target},
};
use crate::{Outcome, Request, clock::Clock, health, rest::later};

/// How long nobody asks again where Exchange Online blocks web services.
const BLOCKED: Duration = Duration::from_secs(24 * 3600);

/// Items that a probe names.
const PROBE: u32 = 1000;

/// Where calendars are so full that a request bears fewer than these, reading all of them at every poll costs too much. A
/// doorbell does instead: who may read the folder is told titles with the free/busy times as well.
const FEW: usize = 20;

/// A poll under way. It works on a copy of the memory.
pub(super) struct Poll<'a> {
    account: &'a EwsAccount,
    request: Request<'a>,
    memory: Memory,
    clock: Clock,
    outcomes: BTreeMap<MailAddress, Outcome>,
    /// Who was read whole.
    taken: Vec<MailAddress>,
    /// The first error that concerns the account as a whole.
    trouble: Option<Said>,
}

impl<'a> Poll<'a> {
    pub(super) fn new(account: &'a EwsAccount, request: Request<'a>, memory: Memory, clock: Clock) -> Self {
        Self { account, request, memory, clock, outcomes: BTreeMap::new(), taken: Vec::new(), trouble: None }
    }

    /// Asks all that is to be asked.
    pub(super) async fn run(&mut self) {
        self.memory.begin(&self.request);
        self.leave_the_resting_alone();
        match self.account.access {
            Access::Folder if self.account.items.at(self.clock.now()) >= FEW => {
                self.read_zones().await;
                let all = self.open(|_, _| true);
                // What a doorbell said before these readings says nothing after them.
                for mail in &all {
                    if let Some(mailbox) = self.memory.of(mail) {
                        mailbox.bell = None;
                    }
                }
                self.read(all).await;
            }
            Access::Folder => {
                self.ring().await;
                self.read_the_rest().await;
            }
            Access::FreeBusy => self.read_free_busy().await,
            Access::Impersonation => {
                self.ring().await;
                self.probe().await;
                self.read_the_rest().await;
            }
        }
    }

    /// Reads those whole that no doorbell has found unchanged.
    async fn read_the_rest(&mut self) {
        let rest = self.open(|_, _| true);
        self.read(rest).await;
        self.look_again().await;
    }

    /// The memory as it is now, an outcome for each mailbox of the request, and what is wrong with the account.
    pub(super) fn end(mut self) -> (Memory, BTreeMap<MailAddress, Outcome>, Option<Said>) {
        for mail in self.request.mailboxes {
            if !self.outcomes.contains_key(mail) {
                self.failed(mail, &EwsError::NOT_ASKED);
            }
        }
        let trouble = health::trouble(self.trouble, &self.outcomes);
        (self.memory, self.outcomes, trouble)
    }

    /// The mailboxes without outcome for which this holds at this instant.
    fn open(&mut self, wanted: impl Fn(&Mailbox, Timestamp) -> bool) -> Vec<MailAddress> {
        let now = self.clock.now();
        let mut open = Vec::new();
        for mail in self.request.mailboxes {
            let asked = !self.outcomes.contains_key(mail);
            if asked && self.memory.of(mail).is_some_and(|mailbox| wanted(mailbox, now)) {
                open.push(mail.clone());
            }
        }
        open
    }

    fn leave_the_resting_alone(&mut self) {
        let now = self.clock.now();
        for mail in self.request.mailboxes {
            if let Some(error) = self.memory.of(mail).and_then(|mailbox| mailbox.rest.now(now)) {
                self.outcomes.insert(mail.clone(), Outcome::Failed(error.clone()));
            }
        }
    }

    /// The zones of mailboxes, from their working hours, for their all-day events.
    async fn read_zones(&mut self) {
        let mails = self.open(Mailbox::wants_zone);
        let now = self.clock.now();
        // Any time will do: what is wanted is the zone.
        let span = Span { from: now, to: later(now, SignedDuration::from_hours(1)) };
        let found = availability::read(self.account, &mails, span, self.clock).await;
        for (mail, free_busy) in mails.iter().zip(found) {
            self.take_zone(mail, &free_busy);
        }
    }

    fn take_zone(&mut self, mail: &MailAddress, free_busy: &Result<FreeBusy, EwsError>) {
        let (now, instance) = (self.clock.now(), self.request.zone);
        let Some(mailbox) = self.memory.of(mail) else { return };
        match free_busy {
            Ok(free_busy) => {
                let zone = availability::settled(free_busy.zone.clone(), instance, now);
                mailbox.set_zone(zone, now, retry::jitter());
            }
            Err(error) if error.is_of_one() => mailbox.keep_zone(now),
            // Nothing was learned of the mailbox.
            Err(_) => {}
        }
    }

    /// Asks for the free/busy times of all, many at a time. Where they look as before, nothing has changed.
    async fn ring(&mut self) {
        let window = self.request.window;
        let grid = availability::grid(window);
        let mut by_span: Vec<(Span, Vec<MailAddress>)> = Vec::new();
        for mail in self.open(Mailbox::has_free_busy) {
            let now = self.clock.now();
            let Some(mailbox) = self.memory.of(&mail) else { continue };
            // Who is read anyway can as well begin with today's span.
            let span = mailbox.bell.as_ref().filter(|_| mailbox.is_read(window, now)).map_or(grid, |bell| bell.span);
            match by_span.iter_mut().find(|(known, _)| *known == span) {
                Some((_, mails)) => mails.push(mail),
                None => by_span.push((span, vec![mail])),
            }
        }
        for (span, mails) in by_span {
            let found = availability::read(self.account, &mails, span, self.clock).await;
            for (mail, free_busy) in mails.into_iter().zip(found) {
                self.rung(&mail, span, free_busy);
            }
        }
    }

    fn rung(&mut self, mail: &MailAddress, span: Span, free_busy: Result<FreeBusy, EwsError>) {
        let (now, window) = (self.clock.now(), self.request.window);
        self.take_zone(mail, &free_busy);
        match free_busy {
            Ok(free_busy) => {
                let Some(mailbox) = self.memory.of(mail) else { return };
                let same = mailbox.looks(span, View::Busy(free_busy.busy.into()));
                if same && mailbox.is_read(window, now) {
                    self.outcomes.insert(mail.clone(), Outcome::Unchanged);
                } else {
                    mailbox.read_soon(now);
                }
            }
            Err(error) if !error.is_of_one() => self.failed(mail, &error),
            Err(error) => {
                tracing::debug!(error = %error, "no free/busy times; the mailbox is asked for itself");
                if let Some(mailbox) = self.memory.of(mail) {
                    mailbox.close_free_busy(now);
                }
            }
        }
    }

    /// One small request for each mailbox whose free/busy times can't be had.
    async fn probe(&mut self) {
        let mails = self.open(|mailbox, now| !mailbox.has_free_busy(now));
        let window = self.request.window;
        let now = self.clock.now();
        let mut asked = Vec::with_capacity(mails.len());
        for mail in mails {
            let fresh = Span { from: window.from, to: window.to };
            let Some(mailbox) = self.memory.of(&mail) else { continue };
            let span = mailbox.bell.as_ref().filter(|_| mailbox.is_read(window, now)).map_or(fresh, |bell| bell.span);
            asked.push((mail, span));
        }
        for (mail, span, marks) in self.marks(asked).await {
            let now = self.clock.now();
            match (marks, self.memory.of(&mail)) {
                (Ok(view), Some(mailbox)) => {
                    let same = view.is_some_and(|view| mailbox.looks(span, view));
                    if same && mailbox.is_read(window, now) {
                        self.outcomes.insert(mail, Outcome::Unchanged);
                    } else {
                        mailbox.read_soon(now);
                    }
                }
                (Err(error), _) => self.failed(&mail, &error),
                (Ok(_), None) => {}
            }
        }
    }

    /// Ids and change keys of these calendars; nothing where there are too many.
    async fn marks(&self, asked: Vec<(MailAddress, Span)>) -> Vec<(MailAddress, Span, Result<Option<View>, EwsError>)> {
        let (account, clock) = (self.account, self.clock);
        join_all(asked.into_iter().map(|(mail, span)| async move {
            let mails = [&mail];
            let question = Question {
                anchor: &mail,
                acting_as: Some(&mail),
                mailboxes: 1,
                body: &|header| request::find_items(header, &mails, Shape::Marks, span, PROBE),
            };
            let found = account.ask(&question, Arc::new(|body| answer::marks(body, 1)), clock).await;
            let view = match found.map(|mut answers| answers.pop()) {
                Ok(Some(Ok(marks))) => Ok(marks.complete.then(|| View::of_marks(&marks))),
                Ok(Some(Err(fault))) => Err(batch::of_mailbox(fault)),
                Ok(None) => Err(EwsError::BadAnswer(Phrase::new("sie hat keine Kennzeichen", "it has no marks"))),
                Err(error) => Err(error),
            };
            (mail, span, view)
        }))
        .await
    }

    /// Reads these whole.
    async fn read(&mut self, mails: Vec<MailAddress>) {
        if mails.is_empty() {
            return;
        }
        let mut targets = Vec::with_capacity(mails.len());
        for mail in mails {
            let mailbox = self.memory.of(&mail);
            let zone = mailbox.as_ref().and_then(|mailbox| mailbox.zone.clone());
            let known = mailbox.is_some_and(|mailbox| mailbox.is_known());
            targets.push(Target { mail, zone: zone.unwrap_or_else(|| self.request.zone.clone()), known });
        }
        let one_each = self.account.access == Access::Impersonation;
        let read = view::read(self.account, &targets, &self.request, one_each, self.clock).await;
        for (target, agenda) in targets.iter().zip(read) {
            match agenda {
                Ok(agenda) => self.taken(&target.mail, agenda),
                Err(error) => self.failed(&target.mail, &error),
            }
        }
    }

    /// Free/busy times are all there is to read.
    async fn read_free_busy(&mut self) {
        let mails = self.open(|_, _| true);
        let window = self.request.window;
        let span = availability::grid(window);
        let found = availability::read(self.account, &mails, span, self.clock).await;
        let wanted = Span { from: window.from, to: window.to };
        for (mail, free_busy) in mails.iter().zip(found) {
            self.take_zone(mail, &free_busy);
            match free_busy {
                Ok(free_busy) => {
                    self.taken(mail, Agenda::new(free_busy.events(wanted, self.request.reading)));
                }
                Err(error) => self.failed(mail, &error),
            }
        }
    }

    /// Looks once more where a reading has just been made: what came between look and reading is in the reading, and would
    /// stay in it if it went before the next look. If anything has changed, the next poll reads again.
    async fn look_again(&mut self) {
        let mut by_busy: BTreeMap<Timestamp, (Span, Vec<MailAddress>)> = BTreeMap::new();
        let mut by_marks = Vec::new();
        let now = self.clock.now();
        for mail in &std::mem::take(&mut self.taken) {
            match self.memory.of(mail).and_then(|mailbox| mailbox.bell.as_ref()) {
                Some(bell) if matches!(bell.view, View::Busy(_)) => {
                    by_busy.entry(bell.span.from).or_insert((bell.span, Vec::new())).1.push(mail.clone());
                }
                Some(bell) => by_marks.push((mail.clone(), bell.span)),
                None => {}
            }
        }
        for (span, mails) in by_busy.into_values() {
            let found = availability::read(self.account, &mails, span, self.clock).await;
            for (mail, free_busy) in mails.iter().zip(found) {
                let view = free_busy.ok().map(|free_busy| View::Busy(free_busy.busy.into()));
                self.looked_again(mail, span, view, now);
            }
        }
        for (mail, span, marks) in self.marks(by_marks).await {
            self.looked_again(&mail, span, marks.ok().flatten(), now);
        }
    }

    fn looked_again(&mut self, mail: &MailAddress, span: Span, view: Option<View>, now: Timestamp) {
        let Some(mailbox) = self.memory.of(mail) else { return };
        if !view.is_some_and(|view| mailbox.looks(span, view)) {
            mailbox.read_soon(now);
        }
    }

    /// This mailbox was read.
    fn taken(&mut self, mail: &MailAddress, agenda: Agenda) {
        let (now, window, instance) = (self.clock.now(), self.request.window, self.request.zone);
        let Some(mailbox) = self.memory.of(mail) else { return };
        let known = mailbox.is_known();
        let outcome = if mailbox.read(&agenda, window, instance, now, retry::jitter()) {
            // An event that came after a look and goes before the next shows in the reading alone: what differs is read
            // once more.
            if known {
                mailbox.read_soon(now);
            }
            Outcome::Read { agenda, zone: mailbox.zone.clone() }
        } else {
            Outcome::Unchanged
        };
        self.taken.push(mail.clone());
        self.outcomes.insert(mail.clone(), outcome);
    }

    /// This mailbox was not read because of this.
    fn failed(&mut self, mail: &MailAddress, error: &EwsError) {
        let outcome = error.for_mailbox(&self.account.consent_url);
        if error.class() == Class::Bug {
            tracing::error!(error = %error, "Exchange does not understand a request of ours");
        }
        if error.is_of_account() {
            self.trouble.get_or_insert_with(|| error.sentence(&self.account.consent_url));
        } else if let Some(mailbox) = self.memory.of(mail)
            && error.class() != Class::Retryable
        {
            let after = matches!(error, EwsError::Policy(_)).then_some(BLOCKED);
            mailbox.rest.begin(self.clock.now(), after, retry::jitter(), &outcome);
        }
        self.outcomes.insert(mail.clone(), Outcome::Failed(outcome));
    }
}
