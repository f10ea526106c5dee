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
use crate::Outcome;

/// As many mailboxes as an instance may have.
const MAILBOXES: usize = 10_000;
/// The pause between two polls.
const POLL: Duration = Duration::from_secs(30);
/// Questions of a batch.
const BATCH: usize = 20;

#[tokio::test(start_paused = true)]
async fn ten_thousand_mailboxes_come_back_spread_out_and_within_five_minutes() {
    let mut stage = Stage::new(MAILBOXES);
    let (down, requests) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let (is_down, sent) = (Arc::clone(&down), Arc::clone(&requests));
    stage.graph.state().on_batch = Box::new(move || {
        sent.lock().unwrap().push(Instant::now());
        let broken = || Err(HttpError::new("graph.test", HttpErrorKind::Reset, Delivery::MaybeSent));
        is_down.load(Ordering::Relaxed).then(broken)
    });
    assert!(stage.poll().await.iter().all(|outcome| matches!(outcome, Outcome::Read { .. })));

    // Two hours later everything is to be read again, and nothing can be.
    down.store(true, Ordering::Relaxed);
    stage.later(SignedDuration::from_hours(2));
    requests.lock().unwrap().clear();
    for _ in 0..10 {
        let next = Instant::now() + POLL;
        assert!(stage.poll().await.iter().all(|outcome| matches!(outcome, Outcome::Failed(_))));
        sleep_until(next).await;
        stage.later(SignedDuration::try_from(POLL).unwrap());
    }
    let in_vain = std::mem::take(&mut *requests.lock().unwrap()).len();
    assert!(in_vain <= 10 * 8, "{in_vain} requests in ten polls");

    // It is over just after a poll has failed.
    down.store(false, Ordering::Relaxed);
    let over = Instant::now();
    advance(POLL).await;
    stage.later(SignedDuration::try_from(POLL).unwrap());
    assert!(stage.poll().await.iter().all(|outcome| matches!(outcome, Outcome::Read { .. })));
    let took = over.elapsed();
    assert!(took < Duration::from_secs(5 * 60), "the last one came back after {took:?}");

    let mut by_second: BTreeMap<u64, usize> = BTreeMap::new();
    for sent in requests.lock().unwrap().iter() {
        *by_second.entry(sent.duration_since(over).as_secs()).or_default() += BATCH;
    }
    let busiest = by_second.values().max().unwrap();
    assert!(*busiest <= 500, "{busiest} questions in one second");
    assert!(by_second.len() > 60, "all within {} seconds", by_second.len());
}
