//! The full reading: every event of a window, in one request for many mailboxes, and in further ones where a calendar is
//! longer than a page.

use std::sync::Arc;

use busylamp_core::{
    event::{Agenda, Event},
    ids::MailAddress,
    said::Phrase,
    title::Reading,
};
use busylamp_ews::{ReadItems, Rest, Shape, Span, answer, request};
use futures_util::future::join_all;
use jiff::tz::TimeZone;

use super::{
    account::{EwsAccount, Question},
    batch::{self, BatchSize},
    error::EwsError,
};
use crate::{Request, clock::Clock, zone};

/// Items a page.
const PAGE: u32 = 500;

/// Items a page where that many lie across one instant. Exchange keeps no more than 1,000 in memory for a caller
/// ("EWS throttling in Exchange", `EWSFindCountLimit`).
const LONG_PAGE: u32 = 1000;

/// Most pages of one mailbox.
const MOST_PAGES: usize = 40;

/// A mailbox that is to be read.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) mail: MailAddress,
    /// The zone of its all-day events that name none.
    pub(super) zone: TimeZone,
    /// It has been read before, so that its server is a good one for a request.
    pub(super) known: bool,
}

/// Reads these calendars, each whole or not at all, in their order. With `one_each`, every request serves one mailbox and is
/// asked as its owner.
pub(super) async fn read(
    account: &EwsAccount,
    targets: &[Target],
    request: &Request<'_>,
    one_each: bool,
    clock: Clock,
) -> Vec<Result<Agenda, EwsError>> {
    let span = Span { from: request.window.from, to: request.window.to };
    let single = BatchSize::new(1);
    let size = if one_each { &single } else { &account.items };
    let reading = Arc::new(request.reading.clone());
    let view = View { account, reading: &reading, one_each, clock };
    let first = batch::each(targets.len(), size, clock, |places| {
        let batch: Vec<&Target> = places.iter().map(|place| &targets[*place]).collect();
        async move { view.page(&batch, span, PAGE).await }
    });
    let pages = first.await.into_iter().zip(targets);
    join_all(pages.map(|(page, target)| async move {
        match page {
            Ok(page) => view.whole(target, page, span).await,
            Err(error) => Err(error),
        }
    }))
    .await
}

/// What is read, and how.
#[derive(Clone, Copy)]
struct View<'a> {
    account: &'a EwsAccount,
    reading: &'a Arc<Reading>,
    one_each: bool,
    clock: Clock,
}

impl View<'_> {
    /// A page of each of these calendars.
    async fn page(
        &self,
        targets: &[&Target],
        span: Span,
        most: u32,
    ) -> Result<super::account::Answers<busylamp_ews::Page>, EwsError> {
        let mails: Vec<&MailAddress> = targets.iter().map(|target| &target.mail).collect();
        let zones: Vec<TimeZone> = targets.iter().map(|target| target.zone.clone()).collect();
        let known = targets.iter().find(|target| target.known).or(targets.first());
        let anchor = known
            .map(|target| &target.mail)
            .ok_or(EwsError::BadAnswer(Phrase::new("nach niemandem wurde gefragt", "nobody was asked for")))?;
        let question = Question {
            anchor,
            acting_as: self.one_each.then_some(anchor),
            mailboxes: mails.len(),
            body: &|header| request::find_items(header, &mails, Shape::Events { subject: true }, span, most),
        };
        let reading = Arc::clone(self.reading);
        let read = move |body: &[u8]| {
            let zones: Vec<&TimeZone> = zones.iter().collect();
            answer::items(body, &zones, &ReadItems { span, reading: &reading, zone_named: &zone::named })
        };
        self.account.ask(&question, Arc::new(read), self.clock).await
    }

    /// All of a calendar whose first page this is.
    async fn whole(&self, target: &Target, first: busylamp_ews::Page, all: Span) -> Result<Agenda, EwsError> {
        let mut events: Vec<Event> = first.events;
        let (mut rest, mut span, mut most) = (first.rest, all, PAGE);
        for _ in 1..MOST_PAGES {
            match rest {
                Rest::Nothing => return Ok(Agenda::new(events)),
                // Those that lie across the last item's start come again; they have the same ids.
                Rest::From(next) if next > span.from => (span, most) = (Span { from: next, ..all }, PAGE),
                Rest::From(_) | Rest::Unknown if most < LONG_PAGE => most = LONG_PAGE,
                Rest::From(_) | Rest::Unknown => {
                    return Err(EwsError::BadAnswer(Phrase::new(
                        "mehr Termine zur selben Zeit, als eine Seite fasst",
                        "more events at one time than a page holds",
                    )));
                }
            }
            let page = match self.page(&[target], span, most).await?.pop() {
                Some(Ok(page)) => page,
                Some(Err(fault)) => return Err(batch::of_mailbox(fault)),
                None => return Err(EwsError::BadAnswer(Phrase::new("sie hat keine Seite", "it has no page"))),
            };
            events.extend(page.events);
            rest = page.rest;
        }
        Err(EwsError::BadAnswer(Phrase::new(
            "ein Kalender hat mehr Termine, als gelesen werden",
            "a calendar has more events than are read",
        )))
    }
}
