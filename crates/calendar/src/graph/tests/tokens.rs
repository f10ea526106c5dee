//! Signing in.

use std::time::Duration;

use busylamp_net::http::{Delivery, HttpError, HttpErrorKind};
use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::json;

use super::{Stage, fake::response, is_unavailable, mail};
use busylamp_core::check::Verdict;

use crate::{Calendar, Outcome};

#[tokio::test(start_paused = true)]
async fn however_many_ask_one_request_for_a_token_is_under_way() {
    let stage = Stage::new(1);
    let tokens = stage.calendar.client.tokens();
    let asked = join_all((0..50).map(|_| tokens.get(stage.now))).await;
    assert!(asked.iter().all(Result::is_ok));
    assert_eq!(stage.graph.seen().tokens, 1);
}

#[tokio::test(start_paused = true)]
async fn however_many_ask_one_refusal_is_everybodys_answer() {
    let stage = Stage::new(1);
    stage.graph.state().on_token =
        Box::new(|| Some(Ok(response(401, &[], &json!({"error": "invalid_client", "error_codes": [7_000_215]})))));
    let tokens = stage.calendar.client.tokens();
    let asked = join_all((0..50).map(|_| tokens.get(stage.now))).await;
    assert!(asked.iter().all(Result::is_err));
    assert_eq!(stage.graph.seen().tokens, 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_kept_for_four_fifths_of_its_life() {
    let stage = Stage::new(1);
    let tokens = stage.calendar.client.tokens();
    tokens.get(stage.now).await.unwrap();
    tokio::time::advance(Duration::from_secs(2870)).await;
    tokens.get(stage.now).await.unwrap();
    assert_eq!(stage.graph.seen().tokens, 1);
    tokio::time::advance(Duration::from_secs(20)).await;
    tokens.get(stage.now).await.unwrap();
    assert_eq!(stage.graph.seen().tokens, 2);
}

#[tokio::test(start_paused = true)]
async fn while_entra_is_away_the_present_token_serves_until_its_end() {
    let stage = Stage::new(1);
    let tokens = stage.calendar.client.tokens();
    let first = tokens.get(stage.now).await.unwrap();
    stage.graph.state().on_token = Box::new(|| Some(Ok(response(503, &[], &json!({})))));
    tokio::time::advance(Duration::from_secs(3500)).await;
    assert_eq!(tokens.get(stage.now).await.unwrap().number, first.number);
    tokio::time::advance(Duration::from_secs(200)).await;
    assert!(tokens.get(stage.now).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_token_that_graph_refuses_is_replaced_once() {
    let stage = Stage::new(1);
    stage.calendar.client.tokens().get(stage.now).await.unwrap();
    stage.graph.state().accepted = Some(2);
    assert!(matches!(stage.poll_one().await, Outcome::Read { .. }));
    assert_eq!(stage.graph.seen().tokens, 2);
}

#[tokio::test(start_paused = true)]
async fn a_part_that_is_refused_for_its_token_is_asked_again_with_a_new_one() {
    let stage = Stage::new(2);
    let mut refused = false;
    stage.graph.state().on_question = Box::new(move |url| {
        let first = url.contains("u01@") && !std::mem::replace(&mut refused, true);
        first.then(|| super::fake::refusal(401, "InvalidAuthenticationToken", ""))
    });
    assert!(stage.poll().await.iter().all(|outcome| matches!(outcome, Outcome::Read { .. })));
    assert_eq!(stage.graph.seen().tokens, 2);
}

#[tokio::test(start_paused = true)]
async fn a_graph_that_refuses_every_token_is_not_asked_for_ever() {
    let stage = Stage::new(3);
    stage.graph.state().accepted = Some(999);
    assert!(stage.poll().await.iter().all(is_unavailable));
    let seen = stage.graph.seen();
    assert!(seen.tokens <= 3, "{}", seen.tokens);
    let trouble = stage.calendar.health().trouble.unwrap().to_string();
    assert!(trouble.contains("refuses our token"), "{trouble}");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_secret_fails_every_mailbox_with_an_advice_and_without_the_secret() {
    let mut stage = Stage::new(2);
    stage.graph.state().on_token = Box::new(|| {
        let body = json!({"error": "invalid_client", "error_codes": [7_000_215],
                          "error_description": "AADSTS7000215: Invalid client secret provided. Trace ID: x"});
        Some(Ok(response(401, &[], &body)))
    });
    let outcomes = stage.poll().await;
    assert!(outcomes.iter().all(is_unavailable));
    let advice = super::error(&outcomes[0]).advice().to_string();
    assert!(advice.contains("AADSTS7000215") && advice.contains("value (not its id)"), "{advice}");
    assert!(!advice.contains("geheim"));
    assert_eq!(stage.calendar.health().trouble.map(|trouble| trouble.to_string()), Some(advice));
    // It isn't hammered either.
    stage.later(SignedDuration::from_secs(1));
    stage.poll().await;
    assert_eq!(stage.graph.seen().tokens, 1);
}

#[tokio::test(start_paused = true)]
async fn when_the_secret_is_right_again_so_is_the_connections_health() {
    let stage = Stage::new(1);
    stage.graph.state().on_token =
        Box::new(|| Some(Err(HttpError::new("login.test", HttpErrorKind::ConnectRefused, Delivery::NotSent))));
    assert!(is_unavailable(&stage.poll_one().await));
    assert_eq!(stage.calendar.health().last_success, None);
    stage.graph.state().on_token = Box::new(|| None);
    tokio::time::advance(Duration::from_secs(600)).await;
    assert!(matches!(stage.poll_one().await, Outcome::Read { .. }));
    let health = stage.calendar.health();
    assert_eq!((health.last_success.is_some(), health.trouble), (true, None));
}

#[tokio::test(start_paused = true)]
async fn a_token_without_roles_names_both_ways_to_the_right() {
    let stage = Stage::new(1);
    stage.graph.state().roles = Some(vec![]);
    stage.graph.state().on_question =
        Box::new(|_| Some(super::fake::refusal(403, "ErrorAccessDenied", "Access is denied.")));
    let outcome = stage.poll_one().await;
    let advice = super::error(&outcome).advice().to_string();
    assert!(advice.contains("consented to Calendars.Read") && advice.contains("RBAC for Applications"), "{advice}");
}

#[tokio::test(start_paused = true)]
async fn the_check_walks_to_the_calendar_and_says_what_it_saw() {
    let stage = Stage::new(1);
    stage.graph.state().roles = Some(vec!["Calendars.Read", "User.Read.All", "MailboxSettings.Read"]);
    let steps = stage.calendar.check(Some(&mail(0)), stage.now).await;
    let names: Vec<String> = steps.iter().map(|step| step.name.to_string()).collect();
    assert_eq!(names, ["sign-in", "rights", "user", "calendar", "changes", "time zone"]);
    assert!(steps.iter().all(|step| matches!(step.verdict, Verdict::Ok(_))), "{steps:?}");
}

#[tokio::test(start_paused = true)]
async fn the_check_stops_at_the_first_fault() {
    let stage = Stage::new(1);
    stage.graph.state().on_question = Box::new(|url| {
        url.contains("calendarView").then(|| super::fake::refusal(403, "ErrorAccessDenied", "Access is denied."))
    });
    let steps = stage.calendar.check(Some(&mail(0)), stage.now).await;
    let last = steps.last().unwrap();
    assert_eq!((last.name, last.is_ok(), steps.len()), (crate::steps::CALENDAR, false, 4));
}
