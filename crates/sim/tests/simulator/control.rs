//! The control API: calendars as others write them, people who come and go, and a company of any size.

use std::collections::BTreeSet;

use crate::support::{House, lively, quiet};
use busylamp_sim::{Pace, SimConfig};
use reqwest::Method;
use serde_json::{Value, json};

const WINDOW: &str = "startDateTime=2026-11-23T00:00:00Z&endDateTime=2026-12-07T00:00:00Z";

#[tokio::test]
async fn what_was_entered_is_listed_as_it_was_entered() {
    let house = House::open(quiet()).await;
    let path = format!("/mailboxes/{}/events", house.mail(0));
    let events = json!([
        {"id": "a", "start": "2026-11-24T08:00:00Z", "end": "2026-11-24T09:30:00Z", "kind": "busy", "subject": "Jour fixe (DND)",
         "sensitivity": "normal", "cancelled": false, "draft": true, "series_master": false, "response": "accepted"},
        {"id": "b", "all_day": true, "first_day": "2026-11-24", "last_day": "2026-11-25", "kind": "unheard_of", "subject": "Messe",
         "sensitivity": "personal", "cancelled": true, "draft": false, "series_master": true, "response": "none"},
        {"id": "c", "start": "2026-11-24T08:00:00Z", "end": "2026-11-24T08:00:00Z", "kind": "free", "subject": "", "sensitivity": "confidential",
         "cancelled": false, "draft": false, "series_master": false, "response": "not_responded", "recurrence": {"every_days": 7, "count": 5}},
    ]);
    for event in events.as_array().unwrap() {
        house.done(Method::PUT, &format!("{path}/{}", event["id"].as_str().unwrap()), event.clone()).await;
    }
    assert_eq!(house.done(Method::GET, &path, Value::Null).await, events);
    let (all, _) = house.pages(&format!("/users/{}/calendarView?{WINDOW}", house.mail(0))).await;
    let types: Vec<_> =
        all.iter().map(|event| (event["id"].as_str().unwrap(), event["type"].as_str().unwrap())).collect();
    assert_eq!(
        types,
        [
            ("b", "seriesMaster"),
            ("a", "singleInstance"),
            ("c~2026-11-24", "occurrence"),
            ("c~2026-12-01", "occurrence")
        ]
    );
    assert_eq!((&all[0]["showAs"], &all[1]["isDraft"]), (&json!("unheard_of"), &json!(true)));
}

#[tokio::test]
async fn what_control_lists_in_a_span_is_what_graph_shows_there() {
    let house = House::open(lively()).await;
    for place in 0..6 {
        let mail = house.mail(place);
        let path = format!("/mailboxes/{mail}/events?from=2026-11-23T00:00:00Z&to=2026-12-07T00:00:00Z");
        let listed = house.done(Method::GET, &path, Value::Null).await;
        let (shown, _) =
            house.pages(&format!("/users/{mail}/calendarView?{WINDOW}&$top=50&$select=subject,isCancelled")).await;
        let seen = |events: &[Value]| -> BTreeSet<(String, String)> {
            events.iter().map(|event| (event["id"].to_string(), event["subject"].to_string())).collect()
        };
        assert_eq!(seen(listed.as_array().unwrap()), seen(&shown));
        assert!(!shown.is_empty());
    }
}

#[tokio::test]
async fn appointments_of_the_company_can_be_removed_and_a_calendar_emptied() {
    let house = House::open(lively()).await;
    let path = format!("/mailboxes/{}/events", house.mail(1));
    let listed = house.done(Method::GET, &path, Value::Null).await;
    let id = listed[0]["id"].as_str().unwrap();
    house.done(Method::DELETE, &format!("{path}/{id}"), Value::Null).await;
    assert_eq!(house.control(Method::DELETE, &format!("{path}/{id}"), Value::Null).await.0, 404);
    let left = house.done(Method::GET, &path, Value::Null).await;
    assert_eq!(left.as_array().unwrap().len(), listed.as_array().unwrap().len() - 1);
    house.done(Method::DELETE, &path, Value::Null).await;
    assert_eq!(house.done(Method::GET, &path, Value::Null).await, json!([]));
    let (all, _) = house.pages(&format!("/users/{}/calendarView?{WINDOW}", house.mail(1))).await;
    assert!(all.is_empty());
}

#[tokio::test]
async fn people_share_an_address_leave_the_tenant_or_leave_the_pbx() {
    let house = House::open(quiet()).await;
    let mail = house.mail(0);
    house.done(Method::POST, "/users", json!({"name": "Doppelt", "mail": mail, "account": 2500})).await;
    let found = async || {
        let (_, body) = house.get(&format!("/users?$filter=mail eq '{mail}'&$select=id")).await;
        body["value"].as_array().unwrap().len()
    };
    assert_eq!(found().await, 2, "the address is ambiguous");
    house.done(Method::DELETE, &format!("/mailboxes/{mail}"), Value::Null).await;
    assert_eq!(found().await, 0);
    assert_eq!(house.get(&format!("/users/{mail}/calendarView?{WINDOW}")).await.0, 404);
    house.done(Method::DELETE, "/accounts/2500", Value::Null).await;
    assert_eq!(house.rest_get("/users/2500").await.0, 404);
    assert_eq!(house.rest_get("/redirects?actOnBehalfOf=2500").await.0, 404);
    let (_, change) =
        house.control(Method::PATCH, &format!("/accounts/{}", house.account(0)), json!({"mail": ""})).await;
    assert_eq!(change["mail"], "");
}

#[tokio::test]
async fn the_pace_is_set_while_running() {
    let house =
        House::open(SimConfig { bridge: Pace { latency: std::time::Duration::ZERO, parallel: Some(2) }, ..quiet() })
            .await;
    assert_eq!(
        house.done(Method::GET, "/pace", Value::Null).await["bridge"],
        json!({"latency_ms": 0.0, "parallel": 2})
    );
    let pace = house.done(Method::PUT, "/pace", json!({"rest": {"latency_ms": 1.5}})).await;
    assert_eq!(pace["rest"], json!({"latency_ms": 1.5, "parallel": null}));
    assert_eq!(pace["bridge"]["parallel"], 2);
    let (status, body) = house.control(Method::PUT, "/pace", json!({"rest": {"latency": 1}})).await;
    assert_eq!(status, 400);
    assert!(body["error"].as_str().unwrap().starts_with("rest.latency:"));
    let begin = std::time::Instant::now();
    house.done(Method::PUT, "/pace", json!({"bridge": {"latency_ms": 30, "parallel": 1}})).await;
    tokio::join!(house.bridge("v=1&do=info"), house.bridge("v=1&do=info"), house.bridge("v=1&do=info"));
    assert!(begin.elapsed().as_millis() >= 90, "one after the other");
}

#[tokio::test]
async fn ten_thousand_people_are_there_at_once() {
    let house = House::open(SimConfig { users: 10_000, ..SimConfig::default() }).await;
    let states = house.bridge("v=1&do=states").await;
    assert_eq!(states.len(), 1 + 10_002);
    let last = house.mail(9_999);
    let (_, body) = house.get(&format!("/users/{last}/calendarView?{WINDOW}&$top=100")).await;
    assert!(body["value"].as_array().unwrap().len() > 10);
    let (_, body) = house.get(&format!("/users?$filter=mail eq '{last}'&$select=mail")).await;
    assert_eq!(body["value"][0]["mail"], last.as_str());
    let (_, groups) = house.rest_get("/groups?searchTerm=kalender").await;
    let (_, group) = house.rest_get(&format!("/groups/{}", groups[0]["id"])).await;
    assert_eq!(
        group["assignableUsers"].as_array().unwrap().iter().filter(|user| user["assigned"] == true).count(),
        10_000
    );
}
