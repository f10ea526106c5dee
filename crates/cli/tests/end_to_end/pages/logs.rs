//! The logs and the page of health, over HTTP: what they tell, whom, and what they never tell.

use std::fs;

use serde_json::json;

use super::{open, surfer::Surfer};
use crate::{
    process::Process,
    world::{Exchange, Reads, Setup, World, eventually},
};

/// Titles that stand nowhere but in the calendar, and, where the policy publishes them, at a telephone.
const PRIVATE: &str = "Wurzelbehandlung";
const PUBLIC: &str = "Gehaltsverhandlung";

fn fields(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A service that tells everything, to its log and to standard error.
async fn open_telling_all(world: &World) -> (Process, Surfer) {
    let mut command = world.with_store(&["run", "--listen", "127.0.0.1:0"]);
    command.env("BUSYLAMP_LOG", "trace");
    let process = Process::start(command, &world.folder.path().join("run.log"));
    let surfer = Surfer::first(world).await;
    for log in ["/log", "/log/Test"] {
        let set = surfer.post(log, &fields(&[("level", "trace")])).await;
        assert_eq!((set.status.as_u16(), set.path.as_str()), (200, log));
    }
    (process, surfer)
}

/// A log tells all that happens to somebody, and of titles, texts and secrets nothing, whatever goes wrong.
async fn tells_everything_but(reads: Reads, fault_of_the_calendar: &str) {
    let policy = "actions = { busy = \"dnd\" }\nset_presence = true\ntitle_as_text = true";
    let world = World::prepare(Setup { speed: 1, poll: "1s", policy, reads, ..Setup::default() }).await;
    world.apply_file().await;
    let (process, surfer) = open_telling_all(&world).await;
    let (anna, ben) = (world.person(0), world.person(1));
    let event = |subject: &str, sensitivity: &str| {
        json!({"start": world.at(-60).to_string(), "end": world.at(36_000).to_string(), "kind": "busy",
            "subject": subject, "sensitivity": sensitivity})
    };
    world.put_event(&anna, "a", event(PRIVATE, "private")).await;
    world.put_event(&ben, "a", event(PUBLIC, "normal")).await;
    world.shows(&anna, json!({"dnd": true, "text": "Privat"})).await;
    world.shows(&ben, json!({"dnd": true, "text": PUBLIC})).await;
    for fault in ["bridge_internal", fault_of_the_calendar] {
        world.fault(fault, true).await;
        for person in [&anna, &ben] {
            world.put_event(person, "b", event(PRIVATE, "confidential")).await;
        }
        let struck = async || if world.struck(fault).await > 0 { Ok(()) } else { Err("not yet") };
        eventually(&format!("{fault} strikes"), struck).await;
        world.fault(fault, false).await;
    }
    let written = format!("account={} written dimension=dnd before=false after=true reason=take", anna.account);
    let told = async || {
        let text = surfer.get("/log/Test/text").await.html;
        if text.contains(&written) && text.contains("TRACE") { Ok(()) } else { Err(text) }
    };
    eventually("the log has what was written", told).await;

    let mut all = Vec::new();
    let account = format!("/log/Test?user={}&level=debug", anna.account);
    for path in ["/log", "/log-text", "/log/Test", "/log/Test/text", &account, "/health"] {
        all.push((path.to_owned(), surfer.get(path).await.html));
    }
    assert_eq!(process.terminate().await, Some(0));
    all.push(("standard error".to_owned(), fs::read_to_string(world.folder.path().join("run.log")).unwrap()));
    let ready = world.sim.ready();
    let secrets = [&ready.client_secret, &ready.starface_password, &ready.starface_bridge_key, &ready.ews_password];
    let mut words = vec![PRIVATE, PUBLIC, "auth=0001", "authToken", "Bearer ey", "TlRMTVNTU"];
    words.extend(secrets.map(String::as_str));
    for (place, text) in &all {
        for word in &words {
            assert!(!text.contains(word), "{place} has `{word}`: {text}");
        }
    }
    let (_, of_anna) = all.iter().find(|(place, _)| *place == account).unwrap();
    let (_, lines) = of_anna.split_once("<tbody").unwrap();
    assert!(lines.contains("written") && !lines.contains("TRACE"), "{lines}");
    let name = format!("/users/Test/{}\"", ben.account);
    assert!(lines.contains(&format!("/users/Test/{}\"", anna.account)) && !lines.contains(&name), "{lines}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_at_trace_tells_everything_but_titles_texts_and_secrets() {
    tells_everything_but(Reads::Cloud, "graph_cut").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_does_it_where_an_exchange_server_shows_everything() {
    let exchange = Exchange { auth: "ntlm", access: "impersonation", ..Exchange::default() };
    tells_everything_but(Reads::Server(exchange), "ews_doubled").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_read_the_logs_of_instances_and_change_none() {
    let world = World::prepare(Setup { speed: 1, poll: "1s", ..Setup::default() }).await;
    world.apply_file().await;
    let (_process, surfer) = open(&world).await;
    let viewer = surfer.viewer().await;
    assert_eq!(viewer.get("/log").await.path, "/log/Test", "the program's is the administrators'");
    assert_eq!(viewer.get("/log-text").await.status, 403);
    assert_eq!(viewer.get("/log-live").await.status, 403);
    let page = viewer.get("/log/Test").await;
    assert!(page.status == 200 && !page.html.contains("method=\"post\" action=\"/log/"), "{}", page.html);
    assert_eq!(viewer.post("/log/Test", &fields(&[("level", "trace")])).await.status, 403);
    assert!(surfer.get("/log/Test").await.html.contains("value=\"info\" selected"));
    assert_eq!(surfer.post("/log/Test", &fields(&[("level", "loud")])).await.status, 422);
    assert_eq!(surfer.get("/log/Nowhere").await.status, 404);
    assert_eq!(surfer.post("/log/Nowhere", &fields(&[("level", "info")])).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_tells_when_servers_certificates_end_and_reads_users_anew() {
    let world = World::prepare(Setup { speed: 1, poll: "1s", tls: true, ..Setup::default() }).await;
    world.apply_file().await;
    let (_process, surfer) = open(&world).await;
    let complete = async || {
        let page = surfer.get("/health").await.html;
        let parts = ["The certificate of 127.0.0.1", "Microsoft 365 (Test)", "<span class=\"badge good\">works</span>"];
        if parts.iter().all(|part| page.contains(part)) { Ok(()) } else { Err(page) }
    };
    eventually("health tells everything", complete).await;
    let account = world.person(0).account.to_string();
    let again = surfer.post("/health/check", &fields(&[("instance", "Test"), ("account", &account)])).await;
    assert_eq!((again.status.as_u16(), again.path.as_str()), (200, "/health"));
    let trail = surfer.get("/audit").await.html;
    assert!(trail.contains(&format!("Test: {account}")), "{trail}");
    assert_eq!(surfer.post("/health/check", &fields(&[("instance", "Nowhere")])).await.status, 404);
    let viewer = surfer.viewer().await;
    assert_eq!(viewer.get("/health").await.status, 200);
    assert_eq!(viewer.post("/health/check", &fields(&[("instance", "Test")])).await.status, 403);
}
