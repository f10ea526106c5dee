//! Graph has too much to do, or the network fails.

use std::time::Duration;

use busylamp_net::http::{Delivery, HttpError, HttpErrorKind};
use jiff::SignedDuration;
use serde_json::json;
use tokio::time::Instant;

use super::{
    Stage, error,
    fake::{refusal, response},
    ids, is_unavailable,
};
use crate::{Calendar, MailboxError, Outcome};

fn throttled(retry_after: Option<&str>) -> serde_json::Value {
    let mut refusal = refusal(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit.");
    if let Some(seconds) = retry_after {
        refusal["headers"] = json!({ "Retry-After": seconds });
    }
    refusal
}

/// Refuses the first `times` questions about the second mailbox's calendar.
fn refuse_second(stage: &Stage, times: usize, refusal: serde_json::Value) {
    let mut left = times;
    stage.graph.state().on_question = Box::new(move |url| {
        let hit = url.contains("u01@") && url.contains("calendarView?") && left > 0;
        left -= usize::from(hit);
        hit.then(|| refusal.clone())
    });
}

#[tokio::test(start_paused = true)]
async fn a_part_that_is_too_much_is_asked_again_after_the_time_that_graph_named() {
    let stage = Stage::new(2);
    refuse_second(&stage, 1, throttled(Some("7")));
    let begun = Instant::now();
    let outcomes = stage.poll().await;
    assert_eq!((ids(&outcomes[0]), ids(&outcomes[1])), (vec!["a"], vec!["a"]));
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(7) && waited < Duration::from_secs(9), "{waited:?}");
    let seen = stage.graph.seen();
    assert_eq!(seen.questions().iter().filter(|url| url.contains("u00@") && url.contains("View?")).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_time_the_pauses_are_our_own_and_grow() {
    let stage = Stage::new(2);
    refuse_second(&stage, 3, throttled(None));
    let begun = Instant::now();
    assert_eq!(ids(&stage.poll().await[1]), ["a"]);
    let waited = begun.elapsed();
    // 250 to 500 ms, 500 ms to 1 s, 1 to 2 s.
    assert!(waited >= Duration::from_millis(1750) && waited <= Duration::from_millis(4000), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_long_wait_is_left_to_later_polls_and_kept_to() {
    let mut stage = Stage::new(2);
    refuse_second(&stage, 1, throttled(Some("120")));
    let begun = Instant::now();
    let outcomes = stage.poll().await;
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert!(is_unavailable(&outcomes[1]));
    stage.graph.seen();
    stage.later(SignedDuration::from_secs(60));
    assert!(is_unavailable(&stage.poll().await[1]));
    assert_eq!(stage.graph.seen().count("u01@"), 0, "it is left alone");
    stage.later(SignedDuration::from_secs(61));
    assert_eq!(ids(&stage.poll().await[1]), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_whole_batch_that_is_too_much_is_asked_again_as_graph_says() {
    let stage = Stage::new(1);
    let mut left = 1;
    stage.graph.state().on_batch = Box::new(move || {
        let hit = left > 0;
        left -= usize::from(hit);
        hit.then(|| Ok(response(429, &[("Retry-After", "5")], &json!({"error": {"code": "TooManyRequests"}}))))
    });
    let begun = Instant::now();
    assert_eq!(ids(&stage.poll_one().await), ["a"]);
    assert!(begun.elapsed() >= Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn too_much_lowers_the_number_at_once_and_success_raises_it_again() {
    let stage = Stage::new(2);
    let limit = || stage.calendar.client.gate_limit();
    assert_eq!(limit(), 4);
    refuse_second(&stage, 1, throttled(Some("1")));
    stage.poll().await;
    assert!(limit() < 4);
    for _ in 0..10 {
        stage.poll_of(&stage.graph.mails(), true).await;
    }
    assert_eq!(limit(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_graphs_that_stays_fails_the_mailbox_after_some_attempts() {
    let stage = Stage::new(2);
    refuse_second(&stage, 100, refusal(503, "UnknownError", ""));
    let outcomes = stage.poll().await;
    assert_eq!(ids(&outcomes[0]), ["a"]);
    assert!(is_unavailable(&outcomes[1]));
    let seen = stage.graph.seen();
    assert_eq!(seen.questions().iter().filter(|url| url.contains("u01@") && url.contains("View?")).count(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_network_that_is_away_fails_all_mailboxes_fast() {
    let stage = Stage::new(400);
    stage.graph.state().on_batch =
        Box::new(|| Some(Err(HttpError::new("graph.test", HttpErrorKind::NameResolution, Delivery::NotSent))));
    assert!(stage.poll().await.iter().all(is_unavailable));
    let seen = stage.graph.seen();
    assert!(seen.batches.len() <= 8, "{} attempts", seen.batches.len());
    let trouble = stage.calendar.health().trouble.unwrap().to_string();
    assert!(trouble.contains("graph.test") && trouble.contains("DNS"), "{trouble}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_large_is_asked_for_in_halves() {
    let stage = Stage::new(16);
    let mut left = 3;
    stage.graph.state().on_batch = Box::new(move || {
        let hit = left > 0;
        left -= usize::from(hit);
        let kind = HttpErrorKind::TooLarge { limit: 1 };
        hit.then(|| Err(HttpError::new("graph.test", kind, Delivery::MaybeSent)))
    });
    assert!(stage.poll().await.iter().all(|outcome| ids(outcome) == ["a"]));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_batch_fails_and_does_no_harm() {
    let mut stage = Stage::new(2);
    stage.graph.state().on_batch = Box::new(|| Some(Ok(response(200, &[], &json!("<html>Sign in</html>")))));
    assert!(stage.poll().await.iter().all(is_unavailable));
    stage.graph.state().on_batch = Box::new(|| Some(Ok(response(302, &[], &json!({})))));
    assert!(stage.poll().await.iter().all(is_unavailable));
    stage.graph.state().on_batch = Box::new(|| None);
    stage.later(SignedDuration::from_secs(30));
    assert!(stage.poll().await.iter().all(|outcome| ids(outcome) == ["a"]));
}

#[tokio::test(start_paused = true)]
async fn a_denied_mailbox_is_asked_more_seldom_and_found_again() {
    let mut stage = Stage::new(2);
    refuse_second(&stage, 1, refusal(403, "ErrorAccessDenied", "Access is denied."));
    let outcomes = stage.poll().await;
    assert!(matches!(error(&outcomes[1]), MailboxError::Denied { .. }));
    assert_eq!(ids(&outcomes[0]), ["a"]);
    stage.later(SignedDuration::from_secs(1));
    stage.graph.seen();
    assert!(matches!(error(&stage.poll().await[1]), MailboxError::Denied { .. }));
    assert_eq!(stage.graph.seen().count("u01@"), 0);
    stage.later(SignedDuration::from_secs(30));
    assert_eq!(ids(&stage.poll().await[1]), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_on_premises_is_not_found_here() {
    let stage = Stage::new(2);
    refuse_second(&stage, 1, refusal(404, "MailboxNotEnabledForRESTAPI", "… is hosted on-premise."));
    let outcomes = stage.poll().await;
    let MailboxError::NotFound { advice } = error(&outcomes[1]) else { panic!("{outcomes:?}") };
    assert!(advice.to_string().contains("Exchange Server source"), "{advice}");
    assert!(matches!(outcomes[0], Outcome::Read { .. }));
}
