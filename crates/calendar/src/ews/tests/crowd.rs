//! A large company after an outage.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use busylamp_net::http::{Delivery, HttpError, HttpErrorKind};
use jiff::SignedDuration;
use tokio::time::{Instant, advance, sleep_until};

use super::Stage;
use crate::{Outcome, ews::Access};

/// As many mailboxes as an instance may have.
const MAILBOXES: usize = 10_000;
/// The pause between two polls.
const POLL: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn ten_thousand_shared_calendars_come_back_spread_out_and_within_five_minutes() {
    come_back(Access::Folder).await;
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_impersonated_mailboxes_come_back_spread_out_and_within_five_minutes() {
    come_back(Access::Impersonation).await;
}

async fn come_back(access: Access) {
    let mut stage = Stage::read(access, MAILBOXES).await;
    let (down, requests) = (Arc::new(AtomicBool::new(true)), Arc::new(Mutex::new(Vec::new())));
    let (is_down, sent) = (Arc::clone(&down), Arc::clone(&requests));
    stage.exchange.on_request(move |asked| {
        sent.lock().unwrap().push((Instant::now(), asked.mails.len()));
        let broken = || Err(HttpError::new("mail.example.com", HttpErrorKind::ConnectRefused, Delivery::NotSent));
        is_down.load(Ordering::Relaxed).then(broken)
    });

    // Two hours later everything is to be read again, and nothing can be.
    stage.later(SignedDuration::from_hours(2));
    for _ in 0..5 {
        let next = Instant::now() + POLL;
        assert!(stage.poll().await.iter().all(|outcome| matches!(outcome, Outcome::Failed(_))));
        sleep_until(next).await;
        stage.later(SignedDuration::try_from(POLL).unwrap());
    }
    let in_vain = std::mem::take(&mut *requests.lock().unwrap()).len();
    assert!(in_vain <= 5 * 8, "{in_vain} requests in five polls");

    // It is over just after a poll has failed.
    down.store(false, Ordering::Relaxed);
    let over = Instant::now();
    advance(POLL).await;
    stage.later(SignedDuration::try_from(POLL).unwrap());
    let outcomes = stage.poll().await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Read { .. } | Outcome::Unchanged)));
    let took = over.elapsed();
    assert!(took < Duration::from_secs(5 * 60), "the last one came back after {took:?}");

    let mut by_second: BTreeMap<u64, usize> = BTreeMap::new();
    for (sent, mailboxes) in requests.lock().unwrap().iter() {
        *by_second.entry(sent.duration_since(over).as_secs()).or_default() += mailboxes;
    }
    let busiest = by_second.values().max().unwrap();
    assert!(*busiest <= 600, "{busiest} mailboxes in one second");
    assert!(by_second.len() > 30, "all within {} seconds", by_second.len());
}
