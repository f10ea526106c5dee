//! Free/busy times: the doorbell of many mailboxes at a time, their time zones, and, where no calendar is shared, all that
//! there is to read.

use std::sync::Arc;

use busylamp_core::{ids::MailAddress, said::Phrase};
use busylamp_ews::{FreeBusy, RequestedView, Span, availability, request};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{
    account::{EwsAccount, Question},
    batch,
    error::EwsError,
};
use crate::{Window, clock::Clock};

/// The span of the doorbells at this instant: the window and a day more at either end, in whole days, so that many mailboxes
/// have the same and it stays the same for a day.
pub(super) fn grid(window: Window) -> Span {
    let day = SignedDuration::from_hours(24).as_secs();
    let floor = |instant: Timestamp| instant.as_second().div_euclid(day) * day;
    let at = |second| Timestamp::from_second(second).unwrap_or(window.to);
    within(Span { from: at(floor(window.from)), to: at(floor(window.to) + 2 * day) })
}

/// As much of a span as Exchange tells free/busy times of.
fn within(span: Span) -> Span {
    let longest = SignedDuration::from_hours(i64::from(request::MOST_AVAILABILITY_DAYS) * 24);
    Span { to: span.to.min(span.from.checked_add(longest).unwrap_or(span.to)), ..span }
}

/// Asks for the free/busy times of these mailboxes, in their order. An application's token is nobody's, so that it asks as
/// the owner of one of them.
pub(super) async fn read(
    account: &EwsAccount,
    mails: &[MailAddress],
    span: Span,
    clock: Clock,
) -> Vec<Result<FreeBusy, EwsError>> {
    batch::each(mails.len(), &account.availability, clock, |places| {
        let batch: Vec<&MailAddress> = places.iter().map(|place| &mails[*place]).collect();
        async move {
            let anchor = batch
                .first()
                .copied()
                .ok_or(EwsError::BadAnswer(Phrase::new("nach niemandem wurde gefragt", "nobody was asked for")))?;
            let question = Question {
                anchor,
                acting_as: (!account.credential.is_password()).then_some(anchor),
                mailboxes: batch.len(),
                body: &|header| request::availability(header, &batch, span, RequestedView::Detailed),
            };
            let asked = batch.len();
            account.ask(&question, Arc::new(move |body| availability::read(body, asked, span)), clock).await
        }
    })
    .await
}

/// A mailbox's zone by its rules, or the instance's where that has the same rules: it has a name and a past as well.
pub(super) fn settled(rules: Option<TimeZone>, instance: &TimeZone, now: Timestamp) -> Option<TimeZone> {
    let rules = rules?;
    let next = |zone: &TimeZone| {
        let changes = zone.following(now).take(4).map(|change| (change.timestamp(), change.offset()));
        changes.collect::<Vec<_>>()
    };
    let same = rules.to_offset(now) == instance.to_offset(now) && next(&rules) == next(instance);
    Some(if same { instance.clone() } else { rules })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(from: &str) -> Window {
        let from: Timestamp = from.parse().unwrap();
        Window { from, to: from + SignedDuration::from_hours(15 * 24) }
    }

    #[test]
    fn the_span_of_the_doorbells_holds_the_window_for_a_day_and_stays_the_same() {
        let grid_of = |from: &str| grid(window(from));
        let at_midnight = grid_of("2026-11-24T00:00:00Z");
        assert_eq!(at_midnight, grid_of("2026-11-24T23:59:59Z"));
        assert!(at_midnight.to >= window("2026-11-24T23:59:59Z").to);
        assert!(at_midnight.from <= window("2026-11-24T00:00:00Z").from);
    }

    #[test]
    fn no_more_is_asked_for_than_exchange_tells() {
        let from: Timestamp = "2026-11-24T00:00:00Z".parse().unwrap();
        let grid = grid(Window { from, to: from + SignedDuration::from_hours(90 * 24) });
        assert_eq!(grid.to.duration_since(grid.from), SignedDuration::from_hours(42 * 24));
    }

    #[test]
    fn rules_that_are_the_instances_get_its_name() {
        let now: Timestamp = "2026-11-24T00:00:00Z".parse().unwrap();
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let rules = |text: &str| Some(TimeZone::posix(text).unwrap());
        let name = |zone: Option<TimeZone>| zone.unwrap().iana_name().map(str::to_owned);
        let settle = |text| settled(rules(text), &berlin, now);
        assert_eq!(name(settle("CET-1CEST,M3.5.0,M10.5.0/3")).as_deref(), Some("Europe/Berlin"));
        assert_eq!(name(settle("CET-1")), None);
        assert_eq!(name(settle("EET-2EEST,M3.5.0/3,M10.5.0/4")), None);
        assert_eq!(settled(None, &berlin, now), None);
    }
}
