//! Tokens: made and revoked on a page, shown once, good for the API alone.

use busylamp_store::Role;
use jiff::{SignedDuration, Timestamp};
use reqwest::header;
use serde_json::Value;

use crate::house::{ADMINISTRATOR, House, VIEWER, Who};

const ANNA: Who = Who::Person(Role::Administrator);

/// The token on a page, if there is one.
fn shown(page: &str) -> Option<String> {
    let start = page.find("busylamp_")?;
    Some(page[start..].chars().take_while(|c| c.is_ascii_alphanumeric() || "_-".contains(*c)).collect())
}

async fn asks(house: &House, authorization: &str) -> u16 {
    let request = house.client.get(format!("http://{}/api/v1/users", house.address));
    request.header(header::AUTHORIZATION, authorization).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_token_is_shown_once_works_and_is_revoked() {
    let house = House::new().await;
    let form = [("name", "Überwachung"), ("role", "viewer"), ("expires", "")];
    let page = house.post(ANNA, "/tokens", &form).await;
    assert_eq!((page.status().as_u16(), page.headers()[header::CACHE_CONTROL].to_str().unwrap()), (200, "no-store"));
    let token = shown(&page.text().await.unwrap()).unwrap();
    assert_eq!(asks(&house, &format!("Bearer {token}")).await, 200);
    assert_eq!(asks(&house, &format!("bearer {token}")).await, 200);

    let page = house.get(ANNA, "/tokens").await.text().await.unwrap();
    assert_eq!(shown(&page), None, "{page}");
    assert!(page.contains("Überwachung"), "{page}");
    let bytes = house.bytes();
    let secret = token.strip_prefix("busylamp_").unwrap().as_bytes();
    assert!(!bytes.windows(secret.len()).any(|window| window == secret));

    let tokens = house.store.tokens().await.unwrap();
    let id = tokens.iter().find(|token| token.name == "Überwachung").unwrap().id.number();
    assert_eq!(house.post(ANNA, &format!("/tokens/{id}/revoke"), &[]).await.status().as_u16(), 303);
    assert_eq!(house.post(ANNA, &format!("/tokens/{id}/revoke"), &[]).await.status().as_u16(), 404);
    assert_eq!(asks(&house, &format!("Bearer {token}")).await, 401);

    let trail = house.done(ADMINISTRATOR, "GET", "/audit", Value::Null).await;
    let done: Vec<&str> =
        trail["entries"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(done[..2], ["token_revoked", "token_made"]);
}

#[tokio::test]
async fn what_a_form_says_of_a_token_has_to_make_sense() {
    let house = House::new().await;
    let long = "x".repeat(65);
    let yesterday = (Timestamp::now() - SignedDuration::from_hours(24)).strftime("%Y-%m-%d").to_string();
    for (name, role, expires, status) in [
        ("", "viewer", "", 422),
        (&*long, "viewer", "", 422),
        ("a\u{7}", "viewer", "", 422),
        ("VIEWER", "viewer", "", 422),
        ("a", "god", "", 422),
        ("a", "viewer", "soon", 422),
        ("a", "viewer", &*yesterday, 422),
        ("a", "viewer", "9999-12-31", 422),
        ("a", "viewer", "9998-12-31", 200),
    ] {
        let answer = house.post(ANNA, "/tokens", &[("name", name), ("role", role), ("expires", expires)]).await;
        assert_eq!(answer.status().as_u16(), status, "{name} {role} {expires}");
    }
    let page = house.post(ANNA, "/tokens", &[("name", "<img src=x>"), ("role", "viewer"), ("expires", "")]).await;
    assert!(!page.text().await.unwrap().contains("<img src=x"));
}

#[tokio::test]
async fn a_token_that_expires_today_is_good_to_the_end_of_the_day() {
    let house = House::new().await;
    let today = Timestamp::now().strftime("%Y-%m-%d").to_string();
    let page = house.post(ANNA, "/tokens", &[("name", "heute"), ("role", "viewer"), ("expires", &today)]).await;
    let token = shown(&page.text().await.unwrap()).unwrap();
    assert_eq!(asks(&house, &format!("Bearer {token}")).await, 200);
    let tokens = house.store.tokens().await.unwrap();
    let expires = tokens.iter().find(|token| token.name == "heute").unwrap().expires.unwrap();
    assert_eq!(expires.strftime("%H:%M:%S").to_string(), "00:00:00");
    let old = house.token("alt", Role::Viewer, Some(Timestamp::now())).await;
    assert_eq!(asks(&house, &format!("Bearer {old}")).await, 401);
}

#[tokio::test]
async fn a_token_is_shown_in_one_way_only() {
    let house = House::new().await;
    let good = house.token("gut", Role::Viewer, None).await;
    let bare = good.strip_prefix("busylamp_").unwrap();
    for bad in [
        String::new(),
        good.clone(),
        format!("Basic {good}"),
        format!("Bearer{good}"),
        format!("Bearer {bare}"),
        format!("Bearer {good}x"),
        format!("Bearer {}", &good[..good.len() - 1]),
        format!("Bearer {good}, Bearer {good}"),
        "Bearer busylamp_".to_owned(),
        "Bearer".to_owned(),
    ] {
        assert_eq!(asks(&house, &bad).await, 401, "{bad}");
    }
    let in_address = format!("http://{}/api/v1/users?access_token={good}", house.address);
    assert_eq!(house.client.get(in_address).send().await.unwrap().status().as_u16(), 401);
    let twice =
        house.client.get(format!("http://{}/api/v1/users", house.address)).bearer_auth(&good).bearer_auth(&good);
    assert_eq!(twice.send().await.unwrap().status().as_u16(), 401);
}

#[tokio::test]
async fn who_shows_bad_tokens_has_to_wait_and_good_ones_come_in_all_the_same() {
    let house = House::new().await;
    let mut last = 0;
    for number in 0..8 {
        last = asks(&house, &format!("Bearer busylamp_{number:0>43}")).await;
    }
    assert_eq!(last, 429);
    assert_eq!(house.call(VIEWER, "GET", "/users", Value::Null).await.0, 200);
    // People who sign in from there are not made to wait for it.
    let answer = house.post(Who::Nobody, "/login", &[("name", "anna"), ("password", "falsch falsch")]).await;
    assert_eq!(answer.status().as_u16(), 401);
}

#[tokio::test]
async fn a_program_that_asks_too_fast_is_slowed_down_and_no_other() {
    let house = House::new().await;
    let mut refused = None;
    for _ in 0..400 {
        let answer = house.get(VIEWER, "/api/v1/people").await;
        if answer.status().as_u16() == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    let seconds: u32 = refused.headers()[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=2).contains(&seconds), "{seconds}");
    assert_eq!(house.get(ADMINISTRATOR, "/api/v1/people").await.status().as_u16(), 200);
}
