//! A stop under load (docs/semantics.md, 7.2).

use reqwest::{Client, header, redirect};
use serde_json::json;

use crate::{
    EVERYTHING,
    process::Process,
    world::{Person, Setup, World, eventually},
};

/// Sets the program up by the address that it printed and opens the stream of the page with the lamps.
async fn open_page(log: &str) -> reqwest::Response {
    let set_up = log.split_whitespace().find(|word| word.contains("/setup/")).unwrap();
    let (base, _) = set_up.split_once("/setup/").unwrap();
    let client = Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap();
    let form = [("name", "anna"), ("password", "Vier Lampen leuchten rot")];
    let entered = client.post(set_up).header("sec-fetch-site", "same-origin").form(&form).send().await.unwrap();
    assert!(entered.status().is_redirection(), "{entered:?}");
    let cookie = entered.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let stream = client.get(format!("{base}/lamps")).header(header::COOKIE, cookie).send().await.unwrap();
    assert!(stream.status().is_success(), "{stream:?}");
    stream
}

/// As [`World::run_process`], with pages on a port of its own.
async fn run_with_pages(world: &World) -> Process {
    let log = world.folder.path().join("pages.log");
    let mut command = world.with_store(&["run", "--listen", "127.0.0.1:0"]);
    command.env("BUSYLAMP_LOG", "info");
    let process = Process::start(command, &log);
    let says = || std::fs::read_to_string(&log).unwrap_or_default();
    let runs = async || if says().contains("Busylamp is running") { Ok(()) } else { Err(says()) };
    eventually("the service runs", runs).await;
    process
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_under_load_and_with_an_open_page_takes_five_seconds_at_most_and_keeps_holds() {
    let setup = Setup { users: 20, speed: 1, poll: "1s", policy: EVERYTHING, ..Setup::default() };
    let world = World::prepare(setup).await;
    world.apply_file().await;
    let run = run_with_pages(&world).await;
    let log = std::fs::read_to_string(world.folder.path().join("pages.log")).unwrap();
    let mut stream = open_page(&log).await;
    assert!(stream.chunk().await.unwrap().is_some(), "the lamps are told");
    let people = world.people();
    let (steady, busy) = people.split_at(10);
    for person in steady {
        world.is_in_a_meeting(person, "a").await;
    }
    for person in steady {
        world.shows(person, json!({"dnd": true, "presence": "do_not_disturb", "text": "Jour fixe"})).await;
    }
    // The telephone system takes its time, and much is on its way to it at the stop.
    world.control(reqwest::Method::PUT, "/pace", json!({"bridge": {"latency_ms": 150, "parallel": 1}})).await;
    let before = world.writes().await.len();
    for person in busy {
        world.is_in_a_meeting(person, "a").await;
    }
    let begun = async || if world.writes().await.len() > before { Ok(()) } else { Err("nothing yet") };
    eventually("writes are on their way", begun).await;

    assert_eq!(run.terminate().await, Some(0));

    while let Ok(Some(_)) = stream.chunk().await {}
    world.control(reqwest::Method::PUT, "/pace", json!({"bridge": {}})).await;
    for person in steady {
        assert_eq!(world.written(person).await.len(), 3, "nothing is given back at a stop");
    }
    let run = world.run_process("info").await;
    let shows = async |people: &[Person], expected: serde_json::Value| {
        for person in people {
            world.shows(person, expected.clone()).await;
        }
    };
    shows(&people, json!({"dnd": true, "presence": "do_not_disturb", "text": "Jour fixe"})).await;
    for person in steady {
        assert_eq!(world.written(person).await.len(), 3, "what is held is known after the start");
    }
    for person in &people {
        world.call_off(person, "a").await;
    }
    shows(&people, json!({"dnd": false, "presence": "available", "text": ""})).await;
    assert_eq!(run.terminate().await, Some(0));
}
