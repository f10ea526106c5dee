//! What nobody may find: titles of private appointments anywhere, any title in logs and files, and secrets.

mod walk;

use std::{fs, path::Path};

use serde_json::json;

use crate::world::{Exchange, Reads, Setup, World, eventually};

/// Words that stand nowhere but in the calendar.
const PRIVATE: &str = "Darmspiegelung";
const PUBLIC: &str = "Übernahmegespräch";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_title_is_found_nowhere_and_no_title_in_logs_or_files() {
    is_found_nowhere(Reads::Cloud, "graph_cut").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_exchange_server_shows_to_the_owner_is_found_nowhere_either() {
    // Who reads as the owner is shown private subjects whole.
    let exchange = |auth| Exchange { auth, access: "impersonation", ..Exchange::default() };
    is_found_nowhere(Reads::Server(exchange("basic")), "ews_cut").await;
    is_found_nowhere(Reads::Server(exchange("ntlm")), "ews_doubled").await;
    is_found_nowhere(Reads::Both(exchange("ntlm")), "ews_invalid_characters").await;
}

async fn is_found_nowhere(reads: Reads, fault_of_the_calendar: &str) {
    let policy = "actions = { busy = \"dnd\" }\nset_presence = true\ntitle_as_text = true\njoin_parallel_titles = true";
    let hybrid = matches!(reads, Reads::Both(_));
    let world = World::prepare(Setup { speed: 1, poll: "1s", policy, reads, ..Setup::default() }).await;
    let (anna, ben) = (world.person(0), world.person(1));
    if hybrid {
        world.change_mailbox(&anna.mail, json!({"home": "server"})).await;
    }
    let event = |subject: &str, sensitivity: &str, kind: &str| {
        json!({"start": world.at(-60).to_string(), "end": world.at(36_000).to_string(), "kind": kind,
            "subject": format!("{subject} (DND)"), "sensitivity": sensitivity})
    };
    world.apply_file().await;
    let run = world.run_process("trace").await;
    world.put_event(&anna, "a", event(PRIVATE, "private", "busy")).await;
    world.shows(&anna, json!({"dnd": true, "text": "Privat"})).await;
    for (number, sensitivity) in ["personal", "confidential"].into_iter().enumerate() {
        world.put_event(&anna, &format!("b{number}"), event(PRIVATE, sensitivity, "out_of_office")).await;
    }
    world.shows(&anna, json!({"presence": "extended_away", "text": "Privat"})).await;
    world.put_event(&ben, "a", event(PUBLIC, "normal", "busy")).await;
    world.shows(&ben, json!({"dnd": true, "text": PUBLIC})).await;
    // What breaks off in the middle must not be quoted either.
    for fault in ["bridge_internal", fault_of_the_calendar] {
        world.fault(fault, true).await;
        for person in [&anna, &ben] {
            world.put_event(person, "c", event(PRIVATE, "private", "out_of_office")).await;
        }
        let struck = async || if world.struck(fault).await > 0 { Ok(()) } else { Err("not yet") };
        eventually(&format!("{fault} strikes"), struck).await;
        world.fault(fault, false).await;
    }
    assert_eq!(run.terminate().await, Some(0));
    for write in world.writes().await {
        assert!(!write.value.contains(PRIVATE), "{write:?}");
    }
    let ready = world.sim.ready();
    let log = "run.log";
    let secrets = [&ready.client_secret, &ready.starface_password, &ready.starface_bridge_key, &ready.ews_password];
    let mut words = vec![PRIVATE, PUBLIC, "auth=0001", "authToken: ", "Bearer ey", "Basic U0lN", "TlRMTVNTU"];
    words.extend(secrets.map(String::as_str));
    for file in fs::read_dir(world.folder.path()).unwrap() {
        let path = file.unwrap().path();
        // The secrets' own files, which the test has written.
        if path.extension().is_some_and(|extension| extension == "secret" || extension == "sock") {
            continue;
        }
        let content = fs::read(&path).unwrap();
        for word in &words {
            assert!(!contains(&content, word), "{} has `{word}`: {}", path.display(), around(&content, word));
        }
    }
    let log = fs::read_to_string(world.folder.path().join(log)).unwrap();
    assert!(log.contains("TRACE") && log.contains("calendars were polled"), "the log is one of everything");
    let file = Path::new("busylamp.db");
    assert!(world.folder.path().join(file).exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_board_shows_what_the_telephone_system_shows_and_no_more() {
    let policy = "actions = { busy = \"dnd\" }\nset_presence = true\ntitle_as_text = true";
    let world = World::start(Setup { policy, ..Setup::default() }).await;
    let anna = world.person(0);
    let event = json!({"start": world.at(-60).to_string(), "end": world.at(36_000).to_string(), "kind": "busy",
        "subject": PRIVATE, "sensitivity": "private"});
    world.put_event(&anna, "a", event).await;
    world.shows(&anna, json!({"dnd": true, "text": "Privat"})).await;
    world
        .board_says("that she has something private", |board| {
            board.lamps.iter().any(|lamp| lamp.text.as_deref() == Some("Privat"))
        })
        .await;
    let board = serde_json::to_string(&*world.board()).unwrap();
    assert!(!board.contains(PRIVATE));
}

fn contains(content: &[u8], word: &str) -> bool {
    content.windows(word.len()).any(|window| window == word.as_bytes())
}

/// The words around a finding.
fn around(content: &[u8], word: &str) -> String {
    let place = content.windows(word.len()).position(|window| window == word.as_bytes()).unwrap();
    let part = &content[place.saturating_sub(200)..(place + 100).min(content.len())];
    String::from_utf8_lossy(part).into_owned()
}
