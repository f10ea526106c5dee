//! Users, orders, health and figures by the API, and how requests are refused.

use std::time::Duration;

use busylamp_store::Role;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, header};
use serde_json::{Value, json};

use crate::house::{ADMINISTRATOR, House, VIEWER, Who, moment};

/// An appointment that has begun and goes on.
async fn is_in_a_meeting(house: &House, mail: &str) {
    let (now, hour) = (Timestamp::now(), SignedDuration::from_hours(1));
    let event = json!({"start": (now - hour).to_string(), "end": (now + hour).to_string(), "kind": "busy",
        "subject": "Jour fixe"});
    let path = format!("{}/mailboxes/{mail}/events/a", house.simulator().ready().control);
    house.client.request(Method::PUT, path).json(&event).send().await.unwrap().error_for_status().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_are_listed_page_by_page_and_found_by_what_they_are() {
    let house = House::with_users(12).await;
    let all = house.done(VIEWER, "GET", "/users?limit=1000", Value::Null).await;
    let names = |page: &Value| -> Vec<String> {
        page["users"].as_array().unwrap().iter().map(|user| user["account"].as_str().unwrap().to_owned()).collect()
    };
    let all = names(&all);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = house.done(VIEWER, "GET", &format!("/users?limit=5{cursor}"), Value::Null).await;
        seen.extend(names(&page));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!((seen.len(), seen), (12, all));

    let user = house.simulator().ready().users[0].clone();
    let found = async |query: &str| names(&house.done(VIEWER, "GET", &format!("/users?{query}"), Value::Null).await);
    assert_eq!(found(&format!("search={}", user.account)).await, [user.account.to_string()]);
    assert_eq!(found("instance=Zentrale").await.len(), 12);
    for nobody in ["instance=x", "group=x", "flag=any", "flag=text_cut", "search=zzzz"] {
        assert!(found(nobody).await.is_empty(), "{nobody}");
    }
    for bad in ["limit=0", "limit=1001", "limit=x", "cursor=x", "nothing=1"] {
        let status = house.refused(VIEWER, "GET", &format!("/users?{bad}"), Value::Null).await.0;
        assert!([400, 422].contains(&status), "{bad}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_is_seen_explained_paused_and_given_back() {
    let house = House::with_users(2).await;
    let user = house.simulator().ready().users[0].clone();
    let path = format!("/instances/Zentrale/users/{}", user.account);
    is_in_a_meeting(&house, &user.mail).await;
    let account = user.account.to_string();
    let dnd = |house: &House, on: bool| {
        let board = house.service.board().borrow().clone();
        board.lamps.iter().any(|lamp| lamp.account.as_str() == account && lamp.dnd == Some(on))
    };
    house.eventually("do not disturb is on", |house| dnd(house, true)).await;
    let view = house.done(VIEWER, "GET", &path, Value::Null).await;
    assert!(!view["holds"].as_array().unwrap().is_empty() && !view["events"].as_array().unwrap().is_empty(), "{view}");
    house.done(VIEWER, "GET", &format!("{path}/explanation"), Value::Null).await;
    let ahead = (Timestamp::now() + SignedDuration::from_hours(48)).to_string();
    let ahead = house.done(VIEWER, "GET", &format!("{path}/explanation?at={ahead}"), Value::Null).await;
    assert_eq!(ahead["from"], "calendar");

    let until = json!({"until": (Timestamp::now() + SignedDuration::from_hours(2)).to_string()});
    house.done(ADMINISTRATOR, "PUT", &format!("{path}/pause"), until.clone()).await;
    house.eventually("a pause gives back", |house| dnd(house, false)).await;
    house.done(ADMINISTRATOR, "DELETE", &format!("{path}/pause"), Value::Null).await;
    house.eventually("after it the event counts again", |house| dnd(house, true)).await;
    house.done(ADMINISTRATOR, "POST", &format!("{path}/give-back"), Value::Null).await;
    house.eventually("everything is given back", |house| dnd(house, false)).await;
    for order in ["discard", "check"] {
        house.done(ADMINISTRATOR, "POST", &format!("{path}/{order}"), Value::Null).await;
    }
    house.done(ADMINISTRATOR, "POST", "/instances/Zentrale/check", Value::Null).await;

    for (method, order, body) in
        [("PUT", "pause", until), ("DELETE", "pause", Value::Null), ("POST", "give-back", Value::Null)]
    {
        let nobody = format!("/instances/Zentrale/users/nobody/{order}");
        assert_eq!(house.refused(ADMINISTRATOR, method, &nobody, body.clone()).await.0, 404);
        assert_eq!(house.refused(VIEWER, method, &format!("{path}/{order}"), body).await.0, 403);
    }
    let past = json!({"until": "2020-01-01T00:00:00Z"});
    assert_eq!(house.refused(ADMINISTRATOR, "PUT", &format!("{path}/pause"), past).await.2, "until");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_past_of_a_user_is_read_page_by_page() {
    let house = House::with_users(1).await;
    let user = house.simulator().ready().users[0].clone();
    is_in_a_meeting(&house, &user.mail).await;
    let path = format!("/instances/Zentrale/users/{}/history", user.account);
    let mut whole = Vec::new();
    // What is written down comes a moment after what is shown.
    for _ in 0..500 {
        let page = house.done(ADMINISTRATOR, "GET", &format!("{path}?limit=1000"), Value::Null).await;
        whole = page["records"].as_array().unwrap().clone();
        if whole.iter().filter(|record| record["what"] == "written").count() >= 3 {
            break;
        }
        tokio::time::timeout(Duration::from_millis(200), std::future::pending::<()>()).await.unwrap_err();
    }
    assert!(whole.len() >= 3, "{whole:#?}");
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = house.done(VIEWER, "GET", &format!("{path}?limit=1{cursor}"), Value::Null).await;
        seen.extend(page["records"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen[seen.len() - whole.len()..], whole);
    assert!(!serde_json::to_string(&whole).unwrap().contains("Jour fixe"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_and_figures_tell_how_it_goes_and_name_nobody() {
    let house = House::with_users(3).await;
    let health = house.done(VIEWER, "GET", "/health", Value::Null).await;
    let sides: Vec<&str> = health["connections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|connection| connection["side"].as_str().unwrap())
        .collect();
    for side in ["graph", "starface", "store"] {
        assert!(sides.contains(&side), "{sides:?}");
    }
    let user = house.simulator().ready().users[0].clone();
    is_in_a_meeting(&house, &user.mail).await;
    house
        .eventually("a lamp is lit", |house| house.service.board().borrow().lamps.iter().any(|l| l.dnd == Some(true)))
        .await;
    let mut text = String::new();
    for _ in 0..200 {
        text = house.get(VIEWER, "/api/v1/metrics").await.text().await.unwrap();
        if text.contains("busylamp_writes_total{dimension=\"dnd\",end=\"acknowledged\"} 1") {
            break;
        }
        moment().await;
    }
    for line in [
        "busylamp_lamps{instance=\"Zentrale\",state=\"do_not_disturb\"} 1",
        "busylamp_lamps{instance=\"Zentrale\",state=\"reachable\"} 2",
        "busylamp_writes_total{dimension=\"dnd\",end=\"acknowledged\"} 1",
        "busylamp_store_up 1",
        "busylamp_overdue_give_back_seconds 0.0",
        "# TYPE busylamp_decision_to_write_seconds histogram",
        "# EOF",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    for word in [user.name.as_str(), user.mail.as_str(), "Jour fixe"] {
        assert!(!text.contains(word), "{word}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_are_read_and_told_how_much_to_tell() {
    let house = House::with_users(1).await;
    let log =
        house.done(VIEWER, "GET", "/instances/Zentrale/log?level=warn&account=1&text=x&after=3", Value::Null).await;
    assert_eq!((&log["level"], &log["lines"]), (&json!("info"), &json!([])));
    house.done(ADMINISTRATOR, "PUT", "/instances/Zentrale/log/level", json!({"level": "debug"})).await;
    let log = house.done(VIEWER, "GET", "/instances/Zentrale/log", Value::Null).await;
    assert_eq!(log["level"], "debug");
    house.done(ADMINISTRATOR, "PUT", "/log/level", json!({"level": "trace"})).await;
    assert_eq!(house.done(ADMINISTRATOR, "GET", "/log", Value::Null).await["level"], "trace");
    assert_eq!(house.refused(VIEWER, "GET", "/log", Value::Null).await.0, 403);
    assert_eq!(house.refused(VIEWER, "PUT", "/log/level", json!({"level": "error"})).await.0, 403);
    assert_eq!(house.refused(VIEWER, "GET", "/instances/x/log", Value::Null).await.0, 404);
    let loud = json!({"level": "loud"});
    assert_eq!(house.refused(ADMINISTRATOR, "PUT", "/instances/Zentrale/log/level", loud).await.0, 422);
}

#[tokio::test]
async fn the_document_is_there_for_everybody_and_the_same_for_all() {
    let house = House::new().await;
    let answer = house.get(Who::Nobody, "/api/v1/openapi.json").await;
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json");
    let document: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let role = &operation["security"][0]["token"][0];
            assert!(role == "viewer" || role == "administrator", "{method} {path}: {role}");
            assert!(operation["summary"].is_string(), "{method} {path}");
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{method} {path}");
        }
    }
}

/// Set to `write`, the test writes the file instead of comparing it.
const SNAPSHOT: &str = "BUSYLAMP_SNAPSHOT";

#[tokio::test]
async fn the_document_is_the_one_that_was_looked_over() {
    let house = House::new().await;
    let served = house.get(Who::Nobody, "/api/v1/openapi.json").await.text().await.unwrap() + "\n";
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    if std::env::var(SNAPSHOT).as_deref() == Ok("write") {
        std::fs::write(&file, &served).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let changed = served.lines().zip(kept.lines()).find(|(served, kept)| served != kept);
    assert!(
        served == kept,
        "the API has changed, here first: {changed:#?}\nrun the test with {SNAPSHOT}=write and look \
        at what became of docs/openapi.json"
    );
}

#[tokio::test]
async fn bodies_are_json_of_a_sane_size() {
    let house = House::new().await;
    let send = async |kind: &str, body: Vec<u8>| {
        let request = house.request(ADMINISTRATOR, "POST", "/api/v1/people").await;
        let answer = request.header(header::CONTENT_TYPE, kind).body(body).send().await.unwrap();
        let problem: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        (problem["status"].as_u64().unwrap(), problem["code"].as_str().unwrap().to_owned())
    };
    assert_eq!(send("text/plain", b"{}".to_vec()).await, (415, "media_type".to_owned()));
    assert_eq!(send("application/x-www-form-urlencoded", b"name=x".to_vec()).await.0, 415);
    assert_eq!(send("application/json", b"{".to_vec()).await.0, 422);
    assert_eq!(send("application/json", vec![0xff, 0xfe]).await.0, 422);
    assert_eq!(send("application/json; charset=utf-8", b"{} {}".to_vec()).await.0, 422);
    let deep = "[".repeat(100_000);
    assert_eq!(send("application/json", deep.into_bytes()).await.0, 422);
    assert_eq!(send("application/json", vec![b' '; (256 << 10) + 1]).await, (413, "too_large".to_owned()));
    // A name that is given twice is not one thing for one reader and another for the next.
    let twice = br#"{"name": "a", "name": "b", "role": "viewer", "password": "ein langes Kennwort"}"#;
    assert_eq!(send("application/json", twice.to_vec()).await.0, 422);
}

#[tokio::test]
async fn what_is_not_there_or_not_allowed_is_said_so_for_programs() {
    let house = House::new().await;
    let (status, code, _) = house.refused(Who::Nobody, "GET", "/users", Value::Null).await;
    assert_eq!((status, code.as_str()), (401, "no_token"));
    let (status, code, _) = house.refused(Who::Person(Role::Administrator), "GET", "/users", Value::Null).await;
    assert_eq!((status, code.as_str()), (401, "no_token"));
    assert_eq!(house.refused(ADMINISTRATOR, "GET", "/nowhere", Value::Null).await.1, "unknown");
    assert_eq!(house.refused(ADMINISTRATOR, "PATCH", "/users", Value::Null).await.1, "method");
    assert_eq!(house.refused(ADMINISTRATOR, "GET", "/people/%ff/role", Value::Null).await.0, 405);
    assert_eq!(house.refused(ADMINISTRATOR, "GET", "/instances/%ff", Value::Null).await.0, 400);
}
