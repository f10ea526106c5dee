//! The doorbell: cheap when nothing happens, never deaf.

use jiff::{SignedDuration, tz::TimeZone};

use super::{
    Stage, error,
    fake::{refusal, response},
    ids,
};
use crate::{Outcome, Request};

const HALF_A_MINUTE: SignedDuration = SignedDuration::from_secs(30);

/// A stage whose mailboxes have been read and whose reader stands half a minute later.
async fn read(mailboxes: usize) -> Stage {
    let mut stage = Stage::new(mailboxes);
    assert!(stage.poll().await.iter().all(|outcome| matches!(outcome, Outcome::Read { .. })));
    stage.graph.seen();
    stage.later(HALF_A_MINUTE);
    stage
}

fn is_unchanged(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Unchanged)
}

#[tokio::test(start_paused = true)]
async fn twenty_quiet_mailboxes_cost_one_request_and_some_hundred_bytes_each() {
    let stage = read(20).await;
    assert!(stage.poll().await.iter().all(is_unchanged));
    let seen = stage.graph.seen();
    assert_eq!(seen.batches.len(), 1);
    assert!(seen.bytes < 20 * 700, "{} bytes", seen.bytes);
}

#[tokio::test(start_paused = true)]
async fn the_link_begins_before_the_reading_so_no_change_falls_between() {
    let stage = Stage::new(1);
    stage.poll().await;
    let seen = stage.graph.seen();
    let questions = seen.questions();
    assert!(questions[0].contains("mailboxSettings") || questions[0].contains("delta"), "{questions:?}");
    let place = |part: &str| questions.iter().position(|question| question.contains(part)).unwrap();
    assert!(place("calendarView/delta") < place("calendarView?"));
}

#[tokio::test(start_paused = true)]
async fn a_change_is_seen_at_the_next_poll() {
    let mut stage = read(20).await;
    stage.graph.state().mailboxes.get_mut("id-07").unwrap().put("b", "new");
    let outcomes = stage.poll().await;
    assert_eq!(ids(&outcomes[7]), ["a", "b"]);
    assert_eq!(outcomes.iter().filter(|outcome| is_unchanged(outcome)).count(), 19);
    assert_eq!(stage.graph.seen().batches.len(), 3, "the doorbells, one reading, and its doorbell once more");
    stage.later(HALF_A_MINUTE);
    assert!(stage.poll().await.iter().all(is_unchanged));
}

#[tokio::test(start_paused = true)]
async fn a_reading_after_which_the_doorbell_is_not_quiet_is_made_again() {
    let mut stage = read(1).await;
    stage.graph.put("b", "new");
    let mut rings = 0;
    stage.graph.state().on_question = Box::new(move |url| {
        rings += usize::from(url.contains("deltatoken"));
        (rings == 2).then(|| refusal(400, "ErrorInvalidRequest", ""))
    });
    assert_eq!(ids(&stage.poll_one().await), ["a", "b"]);
    stage.later(HALF_A_MINUTE);
    assert_eq!(ids(&stage.poll_one().await), ["a", "b"], "read, not believed to be unchanged");
    stage.later(HALF_A_MINUTE);
    assert!(is_unchanged(&stage.poll_one().await));
}

#[tokio::test(start_paused = true)]
async fn a_removal_is_a_change() {
    let stage = read(1).await;
    stage.graph.state().mailboxes.get_mut("id-00").unwrap().remove("a");
    assert_eq!(ids(&stage.poll_one().await), Vec::<&str>::new());
}

#[tokio::test(start_paused = true)]
async fn a_lost_link_means_a_full_reading_in_the_same_poll_and_a_new_link() {
    for (status, code) in [(410, "SyncStateNotFound"), (404, "syncstatenotfound"), (400, "resyncRequired")] {
        let mut stage = read(1).await;
        stage.graph.put("b", "while the link was lost");
        let mut lost = true;
        stage.graph.state().on_question = Box::new(move |url| {
            let rings = url.contains("deltatoken");
            (rings && std::mem::take(&mut lost)).then(|| refusal(status, code, ""))
        });
        assert_eq!(ids(&stage.poll_one().await), ["a", "b"], "{code}");
        stage.graph.state().on_question = Box::new(|_| None);
        stage.graph.seen();
        stage.later(HALF_A_MINUTE);
        assert!(is_unchanged(&stage.poll_one().await), "{code}");
        assert_eq!(stage.graph.seen().batches.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_reading_fails_is_not_forgotten() {
    let mut stage = read(1).await;
    stage.graph.put("b", "new");
    stage.graph.state().on_question =
        Box::new(|url| url.contains("calendarView?").then(|| refusal(400, "ErrorInvalidRequest", "")));
    error(&stage.poll_one().await);
    stage.graph.state().on_question = Box::new(|_| None);
    stage.later(SignedDuration::from_mins(5));
    assert_eq!(ids(&stage.poll_one().await), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_doorbell_that_can_not_be_asked_says_nothing() {
    let mut stage = read(1).await;
    stage.graph.state().on_batch = Box::new(|| Some(Ok(response(503, &[], &serde_json::json!({})))));
    assert!(super::is_unavailable(&stage.poll_one().await));
    stage.graph.state().on_batch = Box::new(|| None);
    stage.graph.put("b", "meanwhile");
    stage.later(SignedDuration::from_mins(5));
    assert_eq!(ids(&stage.poll_one().await), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn everything_is_read_at_least_once_an_hour_and_not_all_at_once() {
    let mut stage = read(40).await;
    let mut read_at = vec![Vec::new(); 40];
    for minute in 1..=130 {
        stage.later(SignedDuration::from_mins(1));
        for (number, outcome) in stage.poll().await.iter().enumerate() {
            if !is_unchanged(outcome) {
                assert_eq!(ids(outcome), ["a"]);
                read_at[number].push(minute);
            }
        }
    }
    for minutes in &read_at {
        assert!(minutes.len() >= 2 && minutes[0] >= 40 && minutes[0] <= 60, "{minutes:?}");
        assert!(minutes.windows(2).all(|pair| pair[1] - pair[0] <= 60), "{minutes:?}");
    }
    let mut first: Vec<i32> = read_at.iter().map(|minutes| minutes[0]).collect();
    first.sort_unstable();
    first.dedup();
    assert!(first.len() >= 4, "spread over minutes: {first:?}");
}

#[tokio::test(start_paused = true)]
async fn a_link_is_renewed_before_the_window_moves_out_of_it() {
    let mut stage = read(1).await;
    let mut begun = 0;
    for _ in 0..24 * 5 {
        stage.later(SignedDuration::from_hours(1));
        stage.poll_one().await;
        let seen = stage.graph.seen();
        begun += seen.count("delta?startDateTime");
    }
    assert!((1..=3).contains(&begun), "five days need a new link or two, not {begun}");
    stage.graph.put("b", "new");
    stage.later(HALF_A_MINUTE);
    assert_eq!(ids(&stage.poll_one().await), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn another_way_of_reading_reads_everything_anew() {
    let mut stage = read(3).await;
    stage.reading.keep_titles = false;
    assert!(stage.poll().await.iter().all(|outcome| matches!(outcome, Outcome::Read { .. })));
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_everything_gets_everything() {
    let stage = read(3).await;
    let outcomes = stage.poll_of(&stage.graph.mails(), true).await;
    assert!(outcomes.iter().all(|(_, outcome)| matches!(outcome, Outcome::Read { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_wider_window_is_read_at_once() {
    // Within the window of the link, beyond it, and back in time.
    for (back, ahead) in [(0, 24), (0, 24 * 7), (1, 0)] {
        let stage = read(1).await;
        let mut window = stage.window();
        window.from -= SignedDuration::from_hours(back);
        window.to += SignedDuration::from_hours(ahead);
        let (mailboxes, reading, now) = (stage.graph.mails(), &stage.reading, stage.now);
        let zone = &TimeZone::UTC;
        let request = Request { mailboxes: &mailboxes, window, reading, zone, now, full: false };
        let outcomes = crate::Calendar::poll(&stage.calendar, request).await;
        assert!(outcomes.values().all(|outcome| matches!(outcome, Outcome::Read { .. })), "{back} {ahead}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_doorbell_every_poll_reads_everything() {
    let mut stage = Stage::new(1);
    stage.graph.state().on_question =
        Box::new(|url| url.contains("delta").then(|| refusal(403, "ErrorAccessDenied", "no")));
    assert_eq!(ids(&stage.poll_one().await), ["a"]);
    stage.later(HALF_A_MINUTE);
    stage.graph.seen();
    assert_eq!(ids(&stage.poll_one().await), ["a"]);
    assert_eq!(stage.graph.seen().count("delta"), 0, "it isn't tried at every poll");
}

#[tokio::test(start_paused = true)]
async fn mailboxes_that_come_later_are_read_first() {
    let stage = read(2).await;
    let first = stage.graph.mails()[..1].to_vec();
    let outcomes = stage.poll_of(&first, false).await;
    assert!(is_unchanged(&outcomes[0].1));
    let fresh = Stage::new(2);
    fresh.poll_of(&first, false).await;
    let outcomes = fresh.poll().await;
    assert!(is_unchanged(&outcomes[0]));
    assert_eq!(ids(&outcomes[1]), ["a"]);
}
