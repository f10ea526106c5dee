//! Full readings: whole or not at all.

use busylamp_core::title::Title;
use jiff::SignedDuration;

use super::{
    Stage, agenda,
    fake::{event, refusal},
    ids, is_unavailable,
};

#[tokio::test(start_paused = true)]
async fn all_pages_are_read() {
    let stage = Stage::new(1);
    for number in 0..25 {
        stage.graph.put(&format!("e{number:02}"), "x");
    }
    stage.graph.state().page = 10;
    assert_eq!(ids(&stage.poll_one().await).len(), 26);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_in_the_middle_fails_the_mailbox() {
    let stage = Stage::new(2);
    for number in 0..25 {
        stage.graph.put(&format!("e{number:02}"), "x");
    }
    stage.graph.state().page = 10;
    stage.graph.state().on_question =
        Box::new(|url| url.contains("$skip=10").then(|| refusal(400, "ErrorInvalidRequest", "")));
    let outcomes = stage.poll().await;
    assert!(is_unavailable(&outcomes[0]));
    assert_eq!(ids(&outcomes[1]), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_part_that_is_missing_in_the_answer_fails_that_mailbox_alone() {
    let stage = Stage::new(3);
    stage.graph.state().on_answers = Box::new(|answers| answers.retain(|answer| answer["id"] != "1"));
    let outcomes = stage.poll().await;
    assert_eq!((ids(&outcomes[0]), ids(&outcomes[2])), (vec!["a"], vec!["a"]));
    assert!(is_unavailable(&outcomes[1]));
}

#[tokio::test(start_paused = true)]
async fn many_mailboxes_are_read_twenty_at_a_time_and_few_batches_at_once() {
    let stage = Stage::new(250);
    let outcomes = stage.poll().await;
    assert!(outcomes.iter().all(|outcome| ids(outcome) == ["a"]));
    let seen = stage.graph.seen();
    let views = |batch: &&Vec<String>| batch[0].contains("calendarView?startDateTime");
    assert_eq!(seen.batches.iter().filter(views).count(), 13);
    assert_eq!(seen.at_once, 4, "a ceiling of 16, of which Graph works on 4 a batch");
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_with_an_unreadable_time_fails_and_is_not_read_without_it() {
    let stage = Stage::new(1);
    let mut broken = event("b", "x");
    broken["start"]["dateTime"] = "soon".into();
    stage.graph.state().mailboxes.get_mut("id-00").unwrap().events.push(broken);
    assert!(is_unavailable(&stage.poll_one().await));
}

#[tokio::test(start_paused = true)]
async fn a_masked_subject_is_nowhere_in_what_is_handed_out() {
    let stage = Stage::new(1);
    let mut private = event("p", "Scheidungstermin (DND)");
    private["sensitivity"] = "private".into();
    stage.graph.state().mailboxes.get_mut("id-00").unwrap().events = vec![private];
    let outcome = stage.poll_one().await;
    assert!(!format!("{outcome:?}").contains("Scheidung"));
    let event = &agenda(&outcome).events()[0];
    assert_eq!((&event.title, event.keywords.dnd), (&Title::Masked, Some(true)));
    assert!(!serde_json::to_string(agenda(&outcome)).unwrap().contains("Scheidung"));
}

#[tokio::test(start_paused = true)]
async fn what_graph_calls_broken_never_quotes_a_subject() {
    let stage = Stage::new(1);
    stage.graph.state().mailboxes.get_mut("id-00").unwrap().events[0]["isAllDay"] = "Scheidungstermin".into();
    let outcome = stage.poll_one().await;
    assert!(is_unavailable(&outcome) && !format!("{outcome:?}").contains("Scheidung"));
}

#[tokio::test(start_paused = true)]
async fn the_right_preferences_go_with_each_question() {
    let mut stage = Stage::new(1);
    stage.poll().await;
    stage.later(SignedDuration::from_secs(30));
    let prefers = stage.graph.seen().prefers;
    assert_eq!(prefers["calendarView"], "outlook.timezone=\"UTC\", IdType=\"ImmutableId\"");
    assert!(prefers["delta"].contains("odata.maxpagesize=25"));
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_is_dropped_has_learned_nothing() {
    let mut stage = Stage::new(1);
    stage.poll().await;
    stage.graph.put("b", "new");
    stage.later(SignedDuration::from_secs(30));
    // Dropped after the doorbell has rung and before the reading is done.
    let half = tokio::time::timeout(std::time::Duration::from_millis(30), stage.poll_one()).await;
    assert!(half.is_err());
    assert_eq!(ids(&stage.poll_one().await), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn no_mailboxes_cost_no_more_than_a_token() {
    let stage = Stage::new(0);
    assert!(stage.poll().await.is_empty());
    assert!(stage.graph.seen().batches.is_empty());
}
