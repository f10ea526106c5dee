//! Delta rounds, batches, free and busy times.

use crate::support::{House, quiet, read};
use busylamp_sim::Pace;
use reqwest::Method;
use serde_json::{Value, json};

fn delta(house: &House) -> String {
    format!(
        "/users/{}/calendarView/delta?startDateTime=2026-11-23T00:00:00Z&endDateTime=2026-11-30T00:00:00Z",
        house.mail(0)
    )
}

/// All pages of a round and the link to the next one.
async fn round(house: &House, first: &str, page: usize) -> (Vec<Value>, String, usize) {
    let (mut all, mut link, mut pages) = (Vec::new(), first.to_owned(), 0);
    loop {
        let request = house.graph(Method::GET, &link);
        let request = request.header("Prefer", format!("IdType=\"ImmutableId\", odata.maxpagesize={page}"));
        let (status, body) = read(request.send().await.unwrap()).await;
        assert_eq!(status, 200, "{body}");
        all.extend(body["value"].as_array().unwrap().iter().cloned());
        pages += 1;
        assert!(pages < 50, "the round does not end");
        match body["@odata.nextLink"].as_str() {
            Some(next) => link = next.to_owned(),
            None => return (all, body["@odata.deltaLink"].as_str().unwrap().to_owned(), pages),
        }
    }
}

fn ids(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["id"].as_str().unwrap()).collect()
}

async fn enter(house: &House, id: &str, day: u32) {
    let event =
        json!({"start": format!("2026-11-{day}T09:00:00Z"), "end": format!("2026-11-{day}T10:00:00Z"), "subject": id});
    house.put_event(0, id, event).await;
}

#[tokio::test]
async fn a_full_round_tells_everything_and_the_next_one_only_what_has_changed() {
    let house = House::open(quiet()).await;
    for (id, day) in [("a", 24), ("b", 25), ("c", 26)] {
        enter(&house, id, day).await;
    }
    let (all, link, pages) = round(&house, &delta(&house), 2).await;
    assert_eq!((ids(&all), pages), (vec!["a", "b", "c"], 2));
    assert_eq!(all[0]["showAs"], "busy");
    let (none, link, _) = round(&house, &link, 2).await;
    assert!(none.is_empty());

    enter(&house, "b", 27).await;
    enter(&house, "c", 10).await;
    enter(&house, "d", 28).await;
    house.done(Method::DELETE, &format!("/mailboxes/{}/events/a", house.mail(0)), Value::Null).await;
    let (changed, link, _) = round(&house, &link, 2).await;
    assert_eq!(ids(&changed), ["b", "d", "a", "c"]);
    assert_eq!(changed[0]["start"]["dateTime"], "2026-11-27T09:00:00.0000000");
    assert_eq!(changed[2]["@removed"]["reason"], "deleted");
    assert_eq!(changed[3]["@removed"]["reason"], "changed", "it has left the window");
    assert!(round(&house, &link, 2).await.0.is_empty());
}

#[tokio::test]
async fn occurrences_are_sparse_and_their_master_comes_with_them() {
    let house = House::open(quiet()).await;
    let series = |count: u32| json!({"start": "2026-11-24T09:00:00Z", "end": "2026-11-24T09:15:00Z", "subject": "Daily", "recurrence": {"every_days": 1, "count": count}});
    house.put_event(0, "s", series(3)).await;
    let (all, link, _) = round(&house, &delta(&house), 10).await;
    assert_eq!(ids(&all), ["s", "s~2026-11-24", "s~2026-11-25", "s~2026-11-26"]);
    assert_eq!((&all[0]["type"], &all[0]["subject"]), (&json!("seriesMaster"), &json!("Daily")));
    let members: Vec<_> = all[1].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["@odata.etag", "@odata.type", "end", "id", "seriesMasterId", "start", "type"]);
    house.put_event(0, "s", series(2)).await;
    let (changed, ..) = round(&house, &link, 10).await;
    assert_eq!(ids(&changed), ["s", "s~2026-11-24", "s~2026-11-25", "s~2026-11-26"]);
    assert!(changed[3]["@removed"].is_object());
}

#[tokio::test]
async fn a_token_can_be_lost_and_a_round_may_be_restless() {
    let house = House::open(quiet()).await;
    enter(&house, "a", 24).await;
    let (_, link, _) = round(&house, &delta(&house), 10).await;
    house.done(Method::POST, &format!("/mailboxes/{}/forget", house.mail(0)), Value::Null).await;
    let (status, body) = house.get(&link).await;
    assert_eq!((status.as_u16(), &body["error"]["code"]), (410, &json!("SyncStateNotFound")));
    house.fault("delta_restless", json!({"on": true})).await;
    let (all, _, pages) = round(&house, &delta(&house), 10).await;
    assert_eq!((ids(&all), pages), (vec!["a", "a"], 2));
    let (status, body) = house.get(&format!("{}&$select=id", delta(&house))).await;
    assert_eq!((status.as_u16(), &body["error"]["code"]), (400, &json!("ErrorInvalidUrlQuery")));
}

async fn batch(house: &House, requests: Value) -> (u16, Value) {
    let request = house.graph(Method::POST, "/$batch").json(&json!({"requests": requests}));
    let (status, body) = read(request.send().await.unwrap()).await;
    (status.as_u16(), body)
}

#[tokio::test]
async fn a_batch_answers_each_item_on_its_own_and_in_no_order() {
    let house = House::open(quiet()).await;
    enter(&house, "a", 24).await;
    let view = |place: usize| {
        format!(
            "/users/{}/calendarView?startDateTime=2026-11-23T00:00:00Z&endDateTime=2026-11-30T00:00:00Z&$select=subject",
            house.mail(place)
        )
    };
    let mut requests: Vec<Value> = (0..9).map(|n| json!({"id": n.to_string(), "method": "GET", "url": view(n), "headers": {"Prefer": "IdType=\"ImmutableId\""}})).collect();
    requests.push(json!({"id": "x", "method": "GET", "url": "/users/nobody@x.example/calendarView?startDateTime=2026-11-23&endDateTime=2026-11-24"}));
    requests.push(json!({"id": "y", "method": "GET", "url": view(1), "dependsOn": ["x"]}));
    let (status, body) = batch(&house, json!(requests)).await;
    assert_eq!(status, 200);
    let responses = body["responses"].as_array().unwrap();
    let order: Vec<_> = responses.iter().map(|response| response["id"].as_str().unwrap()).collect();
    let asked: Vec<_> = requests.iter().map(|request| request["id"].as_str().unwrap()).collect();
    assert_ne!(order, asked);
    let item = |id: &str| responses.iter().find(|response| response["id"] == id).unwrap();
    assert_eq!(item("0")["status"], 200);
    assert_eq!(item("0")["body"]["value"][0]["id"], "a");
    assert_eq!(item("x")["status"], 404);
    assert_eq!(item("x")["body"]["error"]["code"], "ErrorInvalidUser");
    assert_eq!(item("y")["status"], 424);
    let counts = house.done(Method::GET, "/requests", Value::Null).await;
    assert_eq!(counts["graph.batch"]["requests"], 1);
    assert_eq!(counts["graph.calendar_view"]["batched"], 10);
}

#[tokio::test]
async fn a_batch_that_is_too_big_or_wrong_is_refused_as_a_whole() {
    let house = House::open(quiet()).await;
    let item = |id: usize| json!({"id": id.to_string(), "method": "GET", "url": "/users"});
    for requests in [
        json!((0..21).map(item).collect::<Vec<_>>()),
        json!([item(1), item(1)]),
        json!([{"id": "1", "url": "/users"}]),
        json!([{"id": "1", "method": "GET", "url": "https://graph.microsoft.com/v1.0/users"}]),
        json!([{"id": "1", "method": "POST", "url": "/users", "body": {}}]),
    ] {
        let (status, body) = batch(&house, requests).await;
        assert_eq!((status, &body["error"]["code"]), (400, &json!("BadRequest")), "{body}");
    }
}

#[tokio::test]
async fn a_mailbox_serves_four_requests_at_a_time() {
    let slow = Pace { latency: std::time::Duration::from_millis(300), parallel: None };
    let house = House::open(busylamp_sim::SimConfig { graph: slow, ..quiet() }).await;
    let url = format!("/users/{}/calendarView?startDateTime=2026-11-23&endDateTime=2026-11-24", house.mail(0));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let request = house.graph(Method::GET, &url);
        tasks.spawn(async move {
            let response = request.send().await.unwrap();
            let after = response.headers().get("retry-after").cloned();
            (read(response).await, after)
        });
    }
    let answers = tasks.join_all().await;
    let refused: Vec<_> = answers.iter().filter(|((status, _), _)| *status == 429).collect();
    assert_eq!(refused.len(), 2);
    let ((_, body), after) = refused[0];
    assert_eq!(body["error"]["code"], "ApplicationThrottled");
    assert_eq!(after.as_ref().unwrap(), "1");
}

#[tokio::test]
async fn schedules_tell_free_and_busy_times_and_errors_each_for_itself() {
    let house = House::open(quiet()).await;
    enter(&house, "a", 24).await;
    house.put_event(0, "p", json!({"start": "2026-11-24T10:00:00Z", "end": "2026-11-24T10:30:00Z", "kind": "out_of_office", "subject": "Arzt", "sensitivity": "private"})).await;
    house
        .put_event(
            0,
            "d",
            json!({"all_day": true, "first_day": "2026-11-25", "last_day": "2026-11-25", "kind": "working_elsewhere"}),
        )
        .await;
    let time = |text: &str| json!({"dateTime": text, "timeZone": "UTC"});
    let ask = json!({"Schedules": [house.mail(0), "nobody@x.example"], "startTime": time("2026-11-24T08:00:00"), "endTime": time("2026-11-25T08:00:00"), "availabilityViewInterval": "60"});
    let url = format!("/users/{}/calendar/getSchedule", house.mail(3));
    let (status, body) = read(house.graph(Method::POST, &url).json(&ask).send().await.unwrap()).await;
    assert_eq!(status, 200, "{body}");
    let found = &body["value"][0];
    assert_eq!(found["availabilityView"], "023000000000000444444444");
    let items = found["scheduleItems"].as_array().unwrap();
    assert_eq!((&items[0]["status"], &items[0]["subject"]), (&json!("busy"), &json!("a")));
    assert!(items[1].get("subject").is_none() && items[1].get("isPrivate").is_none());
    assert_eq!(items[2]["start"]["dateTime"], "2026-11-24T23:00:00.0000000", "converted, unlike in a view");
    assert_eq!(body["value"][1]["error"]["responseCode"], "5009");
    assert!(body["value"][1].get("scheduleItems").is_none());
    let too_many: Vec<_> = (0..101).map(|n| format!("{n}@x.example")).collect();
    for (change, value, code) in [
        ("Schedules", json!(too_many), "ErrorMailboxDataArrayTooBig"),
        ("endTime", time("2027-02-25T08:00:00"), "ErrorTimeIntervalTooBig"),
        ("endTime", time("2026-11-24T08:00:00"), "ErrorInvalidTimeInterval"),
    ] {
        let mut ask = ask.clone();
        ask[change] = value;
        let (_, body) = read(house.graph(Method::POST, &url).json(&ask).send().await.unwrap()).await;
        assert_eq!(body["error"]["code"], code);
    }
}
