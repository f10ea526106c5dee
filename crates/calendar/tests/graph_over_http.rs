//! The Graph reader over real connections: what its own tests pretend away.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use axum::{
    Form, Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use busylamp_calendar::{
    Calendar, MailboxError, Outcome, Request, Window,
    graph::{Cloud, GraphCalendar, GraphSettings},
};
use busylamp_core::{ids::MailAddress, secret::Secret, title::Reading};
use busylamp_net::trust::Trust;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};

/// Requests as the server saw them.
type Log = Arc<Mutex<Vec<String>>>;

async fn token(
    State(log): State<Log>,
    Path(tenant): Path<String>,
    Form(form): Form<Vec<(String, String)>>,
) -> Json<Value> {
    let value = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    assert_eq!(value("client_secret").as_deref(), Some("ge&heim=ü"));
    log.lock().unwrap().push(format!("token of {tenant}"));
    Json(json!({"access_token": "opaque", "expires_in": 3599, "token_type": "Bearer"}))
}

async fn batch(State(log): State<Log>, headers: HeaderMap, Json(batch): Json<Value>) -> Response {
    assert!(headers["user-agent"].to_str().unwrap().starts_with("Busylamp/"));
    if headers["authorization"] != "Bearer opaque" {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let answers = batch["requests"].as_array().unwrap().iter().map(|question| {
        let url = question["url"].as_str().unwrap();
        log.lock().unwrap().push(url.split('?').next().unwrap().to_owned());
        let (status, body) = if url.contains("bert") {
            (404, json!({"error": {"code": "MailboxNotEnabledForRESTAPI", "message": "on-premise"}}))
        } else if url.contains("delta") {
            (200, json!({"value": [], "@odata.deltaLink": "http://elsewhere.example/"}))
        } else if url.contains("timeZone") {
            (200, json!({"value": "Tokyo Standard Time"}))
        } else {
            let time = |hour| json!({"dateTime": format!("2026-11-24T{hour}:00:00.0000000"), "timeZone": "UTC"});
            (200, json!({"value": [{"id": "a", "showAs": "busy", "subject": "Ä", "start": time("09"), "end": time("10")}]}))
        };
        json!({"id": question["id"], "status": status, "body": body})
    });
    Json(json!({"responses": answers.collect::<Vec<_>>()})).into_response()
}

#[tokio::test]
async fn a_calendar_is_read_over_real_connections() {
    let log = Log::default();
    let app = Router::new()
        .route("/login/{tenant}/oauth2/v2.0/token", post(token))
        .route("/graph/v1.0/$batch", post(batch))
        .with_state(Arc::clone(&log));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });

    let mut settings = GraphSettings::new(Cloud::Global, "contoso.example", "app", Secret::new("ge&heim=ü"));
    settings.login = format!("{base}/login").parse().unwrap();
    settings.endpoint = format!("{base}/graph/v1.0").parse().unwrap();
    settings.trust = Trust::Pin(format!("sha256:{}", "0".repeat(64)).parse().unwrap());
    let calendar = GraphCalendar::new(&settings).unwrap();

    let mailboxes = ["anna@example.com", "bert@example.com"].map(|mail| MailAddress::parse(mail).unwrap());
    let now: Timestamp = "2026-11-24T08:00:00Z".parse().unwrap();
    let window = Window { from: now, to: now + SignedDuration::from_hours(24) };
    let reading = Reading { keep_titles: true, ..Reading::default() };
    let zone = &TimeZone::UTC;
    let request = Request { mailboxes: &mailboxes, window, reading: &reading, zone, now, full: false };
    let outcomes = calendar.poll(request).await;
    server.abort();

    let Outcome::Read { agenda, zone } = &outcomes[&mailboxes[0]] else { panic!("{outcomes:?}") };
    assert_eq!(agenda.events()[0].title.clear(), Some("Ä"));
    assert_eq!(zone.as_ref().and_then(|zone| zone.iana_name()), Some("Asia/Tokyo"));
    assert!(matches!(outcomes[&mailboxes[1]], Outcome::Failed(MailboxError::NotFound { .. })));
    let log = log.lock().unwrap();
    assert_eq!(log.iter().filter(|line| *line == "token of contoso.example").count(), 1);
    assert!(calendar.health().last_success.is_some());
}
