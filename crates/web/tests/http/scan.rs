//! Every route, asked by everybody: who gets what stands in `routes.txt`, and a route that does not stand there fails a
//! test beside the routes. No answer of any kind goes without the headers that keep browsers from harm.

use busylamp_store::Role;

use crate::house::{House, Who};

/// A line of the table.
struct Line {
    method: &'static str,
    path: &'static str,
    /// For nobody, a viewer and an administrator.
    expected: [&'static str; 3],
}

fn table() -> Vec<Line> {
    let lines = include_str!("routes.txt").lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [method, path, nobody, viewer, administrator] = words[..] else {
                panic!("a line of the table: {line}")
            };
            Line { method, path, expected: [nobody, viewer, administrator] }
        })
        .collect()
}

/// The path with something that is nowhere in place of what it names.
fn filled(path: &str) -> String {
    let names = ["{instance}", "{account}", "{id}", "{token}", "{step}", "{part}", "{tab}", "{number}"];
    let filled = names.iter().fold(path.to_owned(), |path, name| path.replace(name, "999999"));
    assert!(!filled.contains('{'), "{path}: say here what its place is filled with");
    filled
}

fn is_api(path: &str) -> bool {
    path.starts_with("/api/")
}

#[tokio::test]
async fn everybody_gets_what_the_table_says_and_no_more() {
    let house = House::new().await;
    let mut wrong = Vec::new();
    for line in table() {
        let kind = |role| if is_api(line.path) { Who::Program(role) } else { Who::Person(role) };
        let asking = [Who::Nobody, kind(Role::Viewer), kind(Role::Administrator)];
        for (who, expected) in asking.into_iter().zip(line.expected) {
            let request = house.request(who, line.method, &filled(line.path)).await;
            let request = match line.method {
                "POST" | "PUT" if is_api(line.path) => request.header("content-type", "application/json").body("{}"),
                "POST" => request.form(&[("nothing", "")]),
                _ => request,
            };
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16().to_string();
            if !expected.split('|').any(|expected| expected == status) {
                wrong.push(format!("{} {} for {who:?}: {status}, not {expected}", line.method, line.path));
            }
            shielded(&answer, line.path);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn cookies_open_no_operation_and_tokens_no_page() {
    let house = House::new().await;
    for line in table().iter().filter(|line| line.path != "/api/v1/openapi.json") {
        let who = if is_api(line.path) { Who::Person(Role::Administrator) } else { Who::Program(Role::Administrator) };
        // What is open to nobody in particular is open to them too.
        let nobody = line.expected[0];
        let request = house.request(who, line.method, &filled(line.path)).await;
        let request = request.header("accept", "text/html");
        let request = if line.method == "POST" { request.form(&[("nothing", "")]) } else { request };
        let status = request.send().await.unwrap().status().as_u16().to_string();
        assert!(nobody.split('|').any(|nobody| nobody == status), "{} {}: {status}", line.method, line.path);
    }
}

#[tokio::test]
async fn errors_are_shielded_like_pages() {
    let house = House::new().await;
    for path in ["/nowhere", "/api/v1/nowhere", "/api", "/api/v2/users", "/assets/", "/people/x/y/z", "/%ff"] {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "PROPFIND"] {
            let answer = house.request(Who::Nobody, method, path).await.send().await.unwrap();
            assert!(answer.status().is_client_error(), "{method} {path}: {}", answer.status());
            shielded(&answer, path);
        }
    }
}

#[tokio::test]
async fn a_browser_gets_a_page_for_every_refusal_and_a_program_the_status() {
    let house = House::new().await;
    let large = "x".repeat(1 << 20);
    let cases = [
        ("GET", "/nowhere", "", 404),
        ("GET", "/wizard/nowhere", "", 404),
        ("PUT", "/people", "", 405),
        ("POST", "/account", "nonsense", 422),
        ("POST", "/people", large.as_str(), 413),
    ];
    for (method, path, body, expected) in cases {
        let who = Who::Person(Role::Administrator);
        let request = house.request(who, method, path).await.body(body.to_owned());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.header("accept", "text/html").send().await.unwrap();
        assert_eq!(answer.status().as_u16(), expected, "{method} {path}");
        shielded(&answer, path);
        assert_eq!(answer.headers().contains_key("allow"), expected == 405, "{method} {path}");
        let page = answer.text().await.unwrap();
        assert!(page.contains("<html lang=\"en\">") && page.contains("<h1>"), "{method} {path}: {page}");
        assert!(page.contains("<button>Sign out</button>"), "{method} {path} leaves a way on: {page}");
    }
    let answer = house.client.get(format!("http://{}/nowhere", house.address)).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (404, ""));
}

#[tokio::test]
async fn other_methods_than_those_of_a_route_are_refused() {
    let house = House::new().await;
    let table = table();
    let paths: std::collections::BTreeSet<&str> = table.iter().map(|line| line.path).collect();
    for path in paths {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"] {
            if table.iter().any(|line| line.path == path && line.method == method) {
                continue;
            }
            let who = if is_api(path) { Who::Program(Role::Administrator) } else { Who::Person(Role::Administrator) };
            // Neither does a header or a field make one method another.
            let request = house.request(who, method, &filled(path)).await;
            let answer = request.header("x-http-method-override", "POST").send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 405, "{method} {path}");
            shielded(&answer, path);
        }
    }
}

fn shielded(answer: &reqwest::Response, path: &str) {
    let header = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap());
    let policy = header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self'"), "{path}: {policy}");
    assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
    assert_eq!(header("referrer-policy"), "same-origin", "{path}");
    assert_eq!(header("x-frame-options"), "DENY", "{path}");
    assert!(header("permissions-policy").contains("camera=()"), "{path}");
    // Over HTTP browsers ignore it.
    assert!(header("strict-transport-security").is_empty(), "{path}");
    assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{path}");
    assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{path}");
    assert!(header("cache-control").contains("no-store"), "{path}");
    assert!(header("access-control-allow-origin").is_empty(), "{path}");
    assert!(header("server").is_empty() && header("x-powered-by").is_empty(), "{path}");
}
