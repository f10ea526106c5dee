//! What a poll costs in which nothing has changed.

use jiff::SignedDuration;

use super::{Stage, fake::Refused, is_unchanged};
use crate::{Outcome, ews::Access};

#[tokio::test(start_paused = true)]
async fn with_shared_folders_a_quiet_mailbox_costs_a_fiftieth_of_a_request() {
    for number in [100, 2000] {
        let stage = Stage::read(Access::Folder, number).await;
        assert!(stage.poll().await.iter().all(is_unchanged));
        assert_eq!(stage.exchange.seen().len(), number / 50);
    }
}

#[tokio::test(start_paused = true)]
async fn with_shared_folders_that_are_very_full_a_quiet_mailbox_costs_a_hundredth() {
    let mut stage = Stage::new(Access::Folder, 200);
    stage.exchange.on_mailbox(|asked, mail| {
        let over = asked.operation == "FindItem" && asked.mails.iter().position(|other| other == mail) >= Some(7);
        over.then(|| Refused { code: "ErrorExceededFindCountLimit", ..Refused::default() })
    });
    assert!(stage.poll().await.iter().all(|outcome| matches!(outcome, Outcome::Read { .. })));
    // What it learns with the first reading it can use from the second on.
    for _ in 0..2 {
        stage.later(SignedDuration::from_secs(60));
        assert!(stage.poll().await.iter().all(is_unchanged));
    }
    stage.exchange.seen();
    stage.later(SignedDuration::from_secs(60));
    assert!(stage.poll().await.iter().all(is_unchanged));
    assert_eq!(stage.exchange.seen().len(), 2);

    stage.exchange.first(|mailbox| mailbox.put("b", "Messe", "2026-11-24T12:00:00Z", "2026-11-24T13:00:00Z"));
    stage.later(SignedDuration::from_secs(60));
    let outcomes = stage.poll().await;
    assert!(matches!(outcomes[0], Outcome::Read { .. }) && outcomes[1..].iter().all(is_unchanged));
}

#[tokio::test(start_paused = true)]
async fn a_cold_reading_with_shared_folders_asks_for_zones_once_a_day() {
    let mut stage = Stage::new(Access::Folder, 2000);
    stage.poll().await;
    assert_eq!(stage.exchange.seen().len(), 2000 / 50 + 2000 / 100);
    stage.later(SignedDuration::from_hours(12));
    stage.poll().await;
    assert_eq!(stage.exchange.seen().len(), 2000 / 50);
}

#[tokio::test(start_paused = true)]
async fn with_impersonation_a_quiet_mailbox_costs_a_hundredth() {
    for number in [100, 2000] {
        let stage = Stage::read(Access::Impersonation, number).await;
        assert!(stage.poll().await.iter().all(is_unchanged));
        let seen = stage.exchange.seen();
        assert_eq!(seen.len(), number / 100);
        assert!(
            seen.iter().all(|asked| asked.acting_as.is_none()),
            "free/busy times are asked for as the account itself"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn with_impersonation_everybody_is_read_within_a_quarter_of_an_hour_and_not_all_at_once() {
    let mut stage = Stage::read(Access::Impersonation, 200).await;
    let (mut most, mut all) = (0, 0);
    for _ in 0..15 {
        stage.later(SignedDuration::from_mins(1));
        stage.poll().await;
        let whole = stage.exchange.seen().iter().filter(|asked| asked.operation == "FindItem").count();
        (most, all) = (most.max(whole), all + whole);
    }
    assert_eq!(all, 200, "once each");
    assert!(most < 150, "{most} at once");
}

#[tokio::test(start_paused = true)]
async fn without_free_busy_times_a_quiet_mailbox_costs_one_small_request() {
    let mut stage = Stage::new(Access::Impersonation, 10);
    stage.exchange.on_mailbox(|asked, _| {
        let refused = Refused { code: "ErrorNoFreeBusyAccess", ..Refused::default() };
        (asked.operation != "FindItem").then_some(refused)
    });
    stage.poll().await;
    stage.later(SignedDuration::from_secs(60));
    stage.exchange.seen();
    assert!(stage.poll().await.iter().all(is_unchanged));
    let seen = stage.exchange.seen();
    assert_eq!(seen.len(), 10);
    assert!(seen.iter().all(|asked| asked.is_probe && asked.acting_as.as_deref() == Some(&asked.mails[0])));
}

#[tokio::test(start_paused = true)]
async fn free_busy_times_alone_cost_a_hundredth() {
    let stage = Stage::read(Access::FreeBusy, 200).await;
    assert!(stage.poll().await.iter().all(is_unchanged));
    assert_eq!(stage.exchange.seen().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn few_requests_are_under_way_at_a_time() {
    let stage = Stage::new(Access::Impersonation, 100);
    stage.poll().await;
    assert_eq!(stage.exchange.state().most_at_once, 4);
}
