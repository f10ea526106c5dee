//! Users, their ids, their zones.

use jiff::SignedDuration;
use serde_json::json;

use super::{Stage, error, fake::refusal, ids, mail};
use crate::{MailboxError, Outcome};

const READS_THE_DIRECTORY: [&str; 2] = ["Calendars.Read", "User.Read.All"];

fn with_directory(mailboxes: usize) -> Stage {
    let stage = Stage::new(mailboxes);
    stage.graph.state().roles = Some(READS_THE_DIRECTORY.to_vec());
    stage
}

fn zone(outcome: &Outcome) -> Option<String> {
    let Outcome::Read { zone, .. } = outcome else { panic!("{outcome:?}") };
    zone.as_ref().and_then(|zone| zone.iana_name()).map(str::to_owned)
}

#[tokio::test(start_paused = true)]
async fn without_the_directory_the_address_stands_in_the_path() {
    let stage = Stage::new(1);
    assert_eq!(ids(&stage.poll_one().await), ["a"]);
    let seen = stage.graph.seen();
    assert_eq!((seen.count("/users?"), seen.count("/users/u00@example.com/calendarView?")), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn with_the_directory_the_id_is_looked_up_once() {
    let mut stage = with_directory(3);
    assert!(stage.poll().await.iter().all(|outcome| ids(outcome) == ["a"]));
    let seen = stage.graph.seen();
    assert_eq!((seen.count("/users?$filter"), seen.count("/users/id-01/calendarView?")), (3, 1));
    assert_eq!(seen.count("/users/u0"), 0);
    stage.later(SignedDuration::from_mins(90));
    stage.poll().await;
    assert_eq!(stage.graph.seen().count("/users?"), 0);
}

#[tokio::test(start_paused = true)]
async fn who_is_not_found_by_the_main_address_is_found_by_another() {
    let stage = with_directory(1);
    let alias = mail(77);
    stage.graph.state().mailboxes.get_mut("id-00").unwrap().aliases.push(alias.as_str().to_owned());
    let outcomes = stage.poll_of(&[alias], false).await;
    assert_eq!(ids(&outcomes[0].1), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn an_address_of_several_is_ambiguous() {
    let stage = with_directory(2);
    stage.graph.state().mailboxes.get_mut("id-01").unwrap().mail = mail(0).as_str().to_owned();
    let outcomes = stage.poll_of(&[mail(0)], false).await;
    assert!(matches!(error(&outcomes[0].1), MailboxError::Ambiguous { .. }));
}

#[tokio::test(start_paused = true)]
async fn an_address_of_nobody_is_not_found() {
    let stage = with_directory(1);
    let outcomes = stage.poll_of(&[mail(5)], false).await;
    assert!(matches!(error(&outcomes[0].1), MailboxError::NotFound { .. }));
    let stage = Stage::new(1);
    let outcomes = stage.poll_of(&[mail(5)], false).await;
    assert!(matches!(error(&outcomes[0].1), MailboxError::NotFound { .. }));
}

#[tokio::test(start_paused = true)]
async fn who_can_only_be_looked_up_by_the_main_address_is_asked_for_by_the_address() {
    let stage = Stage::new(1);
    stage.graph.state().roles = Some(vec!["Calendars.Read", "User.ReadBasic.All"]);
    let outcomes = stage.poll_of(&[mail(0), mail(5)], false).await;
    assert_eq!(ids(&outcomes[0].1), ["a"]);
    let seen = stage.graph.seen();
    assert_eq!((seen.count("proxyAddresses"), seen.count("/users/id-00/calendarView?")), (0, 1));
    assert_eq!(seen.count("/users/u05@example.com/calendarView?"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_user_who_was_made_anew_is_looked_up_again_in_the_same_poll() {
    let mut stage = with_directory(1);
    stage.poll().await;
    {
        let mut state = stage.graph.state();
        let mailbox = state.mailboxes.remove("id-00").unwrap();
        state.mailboxes.insert("id-99".to_owned(), mailbox);
    }
    stage.later(SignedDuration::from_secs(30));
    assert_eq!(ids(&stage.poll_one().await), ["a"]);
    assert_eq!(stage.graph.seen().count("/users/id-99/calendarView?"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_directory_that_is_closed_after_all_is_done_without() {
    let stage = with_directory(1);
    stage.graph.state().on_question =
        Box::new(|url| url.contains("/users?").then(|| refusal(403, "Authorization_RequestDenied", "no")));
    assert_eq!(ids(&stage.poll_one().await), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn the_zone_comes_with_the_reading_where_it_may_be_read() {
    let stage = Stage::new(1);
    stage.graph.state().roles = Some(vec!["Calendars.Read", "MailboxSettings.Read"]);
    assert_eq!(zone(&stage.poll_one().await).as_deref(), Some("Europe/Berlin"));
}

#[tokio::test(start_paused = true)]
async fn the_zone_is_not_asked_for_where_the_token_says_no() {
    let stage = Stage::new(1);
    assert_eq!(zone(&stage.poll_one().await), None);
    assert_eq!(stage.graph.seen().count("mailboxSettings"), 0);
}

#[tokio::test(start_paused = true)]
async fn with_rights_outside_the_token_the_zone_is_tried_and_a_denial_is_remembered() {
    for roles in [None, Some(vec![])] {
        let mut stage = Stage::new(2);
        stage.graph.state().roles = roles;
        stage.graph.state().on_question =
            Box::new(|url| url.contains("mailboxSettings").then(|| refusal(403, "ErrorAccessDenied", "no")));
        assert_eq!(ids(&stage.poll().await[0]), ["a"]);
        assert_eq!(stage.graph.seen().count("mailboxSettings"), 2);
        stage.later(SignedDuration::from_hours(3));
        stage.poll().await;
        assert_eq!(stage.graph.seen().count("mailboxSettings"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_zone_that_is_unknown_or_empty_is_none() {
    for name in [json!(""), json!("Customized Time Zone"), json!(null)] {
        let stage = Stage::new(1);
        stage.graph.state().roles = None;
        stage.graph.state().mailboxes.get_mut("id-00").unwrap().zone = name;
        assert_eq!(zone(&stage.poll_one().await), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_zone_that_changes_is_handed_out_within_a_day() {
    let mut stage = Stage::new(1);
    stage.graph.state().roles = None;
    stage.poll().await;
    stage.graph.state().mailboxes.get_mut("id-00").unwrap().zone = json!("Asia/Tokyo");
    let mut seen = None;
    for _ in 0..25 * 4 {
        stage.later(SignedDuration::from_mins(15));
        if let Outcome::Read { zone, .. } = stage.poll_one().await {
            seen = zone;
        }
    }
    assert_eq!(seen.and_then(|zone| zone.iana_name().map(str::to_owned)).as_deref(), Some("Asia/Tokyo"));
}
