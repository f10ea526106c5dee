//! What somebody with bad intentions sends.

use std::time::Duration;

use busylamp_store::Role;
use reqwest::header;
use serde_json::Value;

use crate::house::{ADMINISTRATOR, House, Who, raw};

const ANNA: Who = Who::Person(Role::Administrator);
const BERT: Who = Who::Person(Role::Viewer);

#[tokio::test]
async fn requests_of_other_sites_are_refused_whatever_they_ask() {
    let house = House::new().await;
    let own = format!("http://{}", house.address);
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1:1"),
        ("origin", &own.replace("http:", "https:")),
    ] {
        for path in ["/logout", "/people", "/tokens", "/account/password", "/login", "/api/v1/people"] {
            let request = house
                .client
                .post(format!("{own}{path}"))
                .header(header::COOKIE, house.cookie(Role::Administrator).await);
            let request = request.header(name, value).form(&[("name", "x")]);
            let status = request.send().await.unwrap().status().as_u16();
            // By `Origin` alone a browser that is very old is told by the host, which knows no scheme.
            let same_host = value.starts_with("https:") && value.ends_with(&house.address.to_string());
            assert!(status == 403 || same_host, "{path} with {name}: {value}: {status}");
        }
    }
    assert_eq!(house.store.people().await.unwrap().len(), 2);
}

#[tokio::test]
async fn paths_lead_nowhere_but_to_routes() {
    let house = House::new().await;
    for path in [
        "/assets/../../Cargo.toml",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/..%5c..%5cwindows",
        "//etc/passwd",
        "/assets//frame.css",
        "/assets/frame.css/",
        "/assets/frame.css%00.html",
        "/people/../people",
        "/api/v1/../../people",
        "/users/%2e%2e/%2e%2e",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = raw(house.address, request.as_bytes()).await;
        let status = answer.split(' ').nth(1).unwrap_or_default().to_owned();
        assert!(["400", "401", "404"].contains(&&*status), "{path}: {answer}");
        assert!(!answer.contains("root:") && !answer.contains("[package]"), "{path}");
    }
}

#[tokio::test]
async fn line_breaks_in_fields_never_reach_a_header() {
    let house = House::new().await;
    let evil = "x\r\nSet-Cookie: a=b\r\n\r\n<script>";
    for (path, form) in [
        ("/login?to=/x%0d%0aSet-Cookie:%20a=b", vec![("name", evil), ("password", evil)]),
        ("/login", vec![("name", evil), ("password", evil)]),
        ("/people", vec![("name", evil), ("password", "ein langes Kennwort"), ("role", "viewer")]),
        ("/tokens", vec![("name", evil), ("role", "viewer"), ("expires", "")]),
        ("/account", vec![("language", evil)]),
        ("/setup/x%0d%0aSet-Cookie:%20a=b", vec![("name", evil), ("password", evil)]),
    ] {
        let answer = house.post(ANNA, path, &form).await;
        assert!(answer.headers().get(header::SET_COOKIE).is_none(), "{path}");
        let text = answer.text().await.unwrap();
        assert!(!text.contains("<script>"), "{path}: {text}");
    }
    let request = house.request(ANNA, "GET", "/people%0d%0aSet-Cookie:%20a=b").await;
    assert!(request.send().await.unwrap().headers().get(header::SET_COOKIE).is_none());
}

#[tokio::test]
async fn large_things_are_refused_and_the_house_stands() {
    let house = House::new().await;
    let huge = "x".repeat(10 << 20);
    for path in ["/login", "/people", "/tokens", "/account", "/account/password", "/setup/x", "/api/v1/people"] {
        let request = house.request(ANNA, "POST", path).await.form(&[("name", "x"), ("password", huge.as_str())]);
        // The connection may be closed before all is sent.
        let status = request.send().await.map(|answer| answer.status().as_u16());
        assert!(status.as_ref().map_or(true, |status| [401, 413, 415].contains(status)), "{path}: {status:?}");
    }
    let many: Vec<(String, &str)> = (0..5_000).map(|number| (format!("f{number}"), "x")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(house.post(ANNA, "/people", &many).await.status().as_u16(), 422);
    for path in [format!("/{}", "a".repeat(100_000)), format!("/?{}", "a=b&".repeat(20_000))] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = raw(house.address, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 4") || answer.is_empty(), "{}", &answer[..answer.len().min(200)]);
    }
    let headers: String = (0..500).map(|number| format!("X-{number}: {}\r\n", "y".repeat(50))).collect();
    let answer = raw(house.address, format!("GET / HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 4") || answer.is_empty(), "{}", &answer[..answer.len().min(200)]);
    assert_eq!(house.get(ANNA, "/people").await.status().as_u16(), 200);
}

#[tokio::test]
async fn what_is_no_request_is_no_way_in() {
    let house = House::new().await;
    for request in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"GET /people HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /people HTTP/1.1\r\n\r\n",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
        b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET /people HTTP/1.1\r\nHost: localhost\r\nCookie : a=b\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET http://evil.example/people HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    ] {
        let answer = raw(house.address, request).await;
        let status = answer.split(' ').nth(1).unwrap_or("").to_owned();
        let let_in = status.starts_with('2');
        assert!(!let_in, "{}: {answer}", String::from_utf8_lossy(request));
    }
}

#[tokio::test]
async fn the_name_by_which_a_request_was_led_here_changes_nothing() {
    let house = House::new().await;
    for host in ["evil.example", "localhost:1", "127.0.0.1@evil.example", "a\"b", ""] {
        let request = format!(
            "GET /people HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Host: evil.example\r\n\
            Accept: text/html\r\nConnection: close\r\n\r\n"
        );
        let answer = raw(house.address, request.as_bytes()).await;
        let location = answer.lines().find(|line| line.to_ascii_lowercase().starts_with("location:"));
        assert!(location.is_none_or(|location| location.ends_with("/login?to=/people")), "{host}: {answer}");
        assert!(!answer.contains("evil.example"), "{host}: {answer}");
    }
}

#[tokio::test]
async fn a_session_that_somebody_was_given_is_not_the_one_that_is_begun() {
    let house = House::new().await;
    let new = serde_json::json!({"name": "carla", "role": "viewer", "password": "ein langes Kennwort"});
    house.done(ADMINISTRATOR, "POST", "/people", new).await;
    let given = house.cookie(Role::Viewer).await;
    let request = house.client.post(format!("http://{}/login", house.address)).header(header::COOKIE, &given);
    let request = request.header("sec-fetch-site", "same-origin");
    let answer = request.form(&[("name", "carla"), ("password", "ein langes Kennwort")]).send().await.unwrap();
    let set = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(!set.contains(given.split_once('=').unwrap().1), "{set}");
    for part in ["__Host-busylamp=", "Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Domain"), "{set}");
    let invented = format!("__Host-busylamp={}", "A".repeat(43));
    let request = house.client.get(format!("http://{}/people", house.address)).header(header::COOKIE, invented);
    assert_eq!(request.send().await.unwrap().status().as_u16(), 401);
    // A cookie that another page of this host could set has another name.
    let weak = given.replace("__Host-", "");
    let request = house.client.get(format!("http://{}/account", house.address)).header(header::COOKIE, weak);
    assert_eq!(request.send().await.unwrap().status().as_u16(), 401);
}

#[tokio::test]
async fn a_viewer_changes_nothing_with_any_form() {
    let house = House::new().await;
    let people = house.store.people().await.unwrap();
    let id = people[0].id;
    for (path, form) in [
        ("/people".to_owned(), vec![("name", "x"), ("password", "ein langes Kennwort"), ("role", "administrator")]),
        (format!("/people/{id}/role"), vec![("role", "viewer")]),
        (format!("/people/{id}/password"), vec![("password", "ein langes Kennwort")]),
        (format!("/people/{id}/remove"), vec![]),
        ("/tokens".to_owned(), vec![("name", "x"), ("role", "administrator"), ("expires", "")]),
        ("/tokens/1/revoke".to_owned(), vec![]),
    ] {
        assert_eq!(house.post(BERT, &path, &form).await.status().as_u16(), 403, "{path}");
    }
    assert_eq!(house.store.people().await.unwrap(), people);
    assert_eq!(house.store.tokens().await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_sign_ins_is_held_off_and_pages_go_on() {
    let house = House::new().await;
    let attempt = |number: usize| {
        let request =
            house.client.post(format!("http://{}/login", house.address)).header("sec-fetch-site", "same-origin");
        let name = format!("somebody{number}");
        let request = request.form(&[("name", name.as_str()), ("password", "falsch falsch")]);
        async move { request.send().await.unwrap().status().as_u16() }
    };
    let flood = tokio::time::timeout(Duration::from_secs(60), futures_util::future::join_all((0..200).map(attempt)));
    let (answers, page) = tokio::join!(flood, house.get(ANNA, "/people"));
    assert_eq!(page.status().as_u16(), 200);
    let answers = answers.unwrap();
    let count = |status: u16| answers.iter().filter(|answer| **answer == status).count();
    // All from one address: five are looked at, and the rest has to wait.
    assert_eq!((count(401), count(429) + count(503)), (5, 195), "{answers:?}");
}

#[tokio::test]
async fn guesses_through_a_proxy_count_for_whoever_guesses() {
    let house = House::behind(&["127.0.0.1"]).await;
    let attempt = async |number: usize, from: &str| {
        let request =
            house.client.post(format!("http://{}/login", house.address)).header("sec-fetch-site", "same-origin");
        let request = request.header("x-forwarded-for", from);
        let name = format!("somebody{number}");
        request.form(&[("name", name.as_str()), ("password", "falsch falsch")]).send().await.unwrap().status().as_u16()
    };
    let mut last = 0;
    for number in 0..6 {
        // Whatever it claims to have been before the proxy saw it.
        last = attempt(number, &format!("203.0.113.{number}, 192.0.2.7")).await;
    }
    assert_eq!(last, 429);
    assert_eq!(attempt(7, "192.0.2.8").await, 401);
}

#[tokio::test]
async fn without_a_proxy_nobody_claims_to_be_somebody_else() {
    let house = House::new().await;
    let mut last = 0;
    for number in 0..6 {
        let request =
            house.client.post(format!("http://{}/login", house.address)).header("sec-fetch-site", "same-origin");
        let request = request.header("x-forwarded-for", format!("192.0.2.{number}"));
        let name = format!("somebody{number}");
        let request = request.form(&[("name", name.as_str()), ("password", "falsch falsch")]);
        last = request.send().await.unwrap().status().as_u16();
    }
    assert_eq!(last, 429);
    assert_eq!(house.call(ADMINISTRATOR, "GET", "/people", Value::Null).await.0, 200);
}
