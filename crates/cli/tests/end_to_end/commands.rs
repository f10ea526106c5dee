//! The commands as people and scripts call them: results on standard output, messages on standard error, and the
//! exit status.

use std::{fs, process::Output};

use busylamp_store::{Key, Store};
use serde_json::{Value, json};

use crate::{
    process::{Process, busylamp, output, output_of},
    world::{Setup, World, eventually},
};

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// It was refused as bad input: nothing on standard output, and one line that names the place.
fn is_refused(output: &Output, place: &str) {
    let said = err(output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(out(output), "");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(place), "`{said}` does not name `{place}`");
}

fn question() -> Value {
    json!({"policy": {"actions": {"busy": "dnd"}}, "zone": "Europe/Berlin", "language": "de",
        "now": "2026-11-24T09:30:00+01:00",
        "events": [{"id": "a", "start": "2026-11-24T09:00:00+01:00", "end": "2026-11-24T10:00:00+01:00"}]})
}

#[tokio::test]
async fn decide_answers_a_question_from_standard_input() {
    let answer = output_of(busylamp(&["decide"]), &question().to_string()).await;
    assert_eq!(answer.status.code(), Some(0), "{}", err(&answer));
    let answer: Value = serde_json::from_str(&out(&answer)).unwrap();
    assert_eq!(
        (&answer["winner"], &answer["dnd"], &answer["until"]),
        (&json!("a"), &json!(true), &json!("2026-11-24T09:00:00Z"))
    );
}

#[tokio::test]
async fn decide_refuses_bad_input_in_one_line_that_names_the_place() {
    let refused = async |change: &dyn Fn(&mut Value), place: &str| {
        let mut question = question();
        change(&mut question);
        is_refused(&output_of(busylamp(&["decide"]), &question.to_string()).await, place);
    };
    refused(&|q| q["policy"]["actoins"] = json!({}), "actoins").await;
    refused(&|q| q["policy"]["actions"]["busy"] = json!("ring"), "policy.actions.busy").await;
    refused(&|q| q["zone"] = json!("Europe/Bärlin"), "zone").await;
    refused(&|q| q["now"] = json!("2026-11-24T09:30:00"), "now").await;
    refused(&|q| q["events"][0]["start"] = json!("gestern"), "events[0].start").await;
    refused(&|q| q["events"][0]["subjekt"] = json!("x"), "events[0].subjekt").await;
    refused(&|q| drop(q.as_object_mut().unwrap().remove("events")), "events").await;
    refused(&|q| q["policy"]["max_text_length"] = json!(3), "policy.max_text_length").await;
    is_refused(&output_of(busylamp(&["decide"]), "{").await, "line 1");
    is_refused(&output(busylamp(&["decide", "/nowhere/question.json"])).await, "/nowhere/question.json");
    let mut backwards = question();
    backwards.as_object_mut().unwrap().remove("now");
    backwards["from"] = json!("2026-11-24T10:00:00Z");
    backwards["to"] = json!("2026-11-24T10:00:00Z");
    is_refused(&output_of(busylamp(&["timeline"]), &backwards.to_string()).await, "from");
}

#[tokio::test]
async fn what_is_called_wrongly_is_a_matter_of_usage() {
    assert_eq!(output(busylamp(&["fly"])).await.status.code(), Some(2));
    assert_eq!(output(busylamp(&["sim"])).await.status.code(), Some(2));
    let version = output(busylamp(&["--version"])).await;
    assert_eq!((version.status.code(), out(&version).contains("busylamp")), (Some(0), true));
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere");
    let run = output(busylamp(&["run", "--data", nowhere.to_str().unwrap()])).await;
    assert_eq!(run.status.code(), Some(3), "{}", err(&run));
    assert!(err(&run).contains("nowhere"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_simulator_says_in_a_file_when_it_is_ready_and_where() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ready.json");
    let arguments = ["sim", "--users", "5", "--fault", "graph_slow=0.5", "--ready-file", file.to_str().unwrap()];
    let sim = Process::start(busylamp(&arguments), &folder.path().join("sim.log"));
    let ready = async || if file.exists() { Ok(()) } else { Err(fs::read_to_string(folder.path().join("sim.log"))) };
    eventually("the ready file is there", ready).await;
    let ready: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(ready["users"].as_array().unwrap().len(), 5);
    let faults = format!("{}/faults", ready["control"].as_str().unwrap());
    busylamp_net::trust::install_provider();
    let faults = reqwest::Client::builder().no_proxy().build().unwrap().get(faults).send().await.unwrap();
    let faults: Value = faults.json().await.unwrap();
    assert_eq!(faults["graph_slow"]["rate"], 0.5);
    assert_eq!(sim.terminate().await, Some(0));
    let misspelt = ["sim", "--ready-file", file.to_str().unwrap(), "--fault", "graph_slwo=1"];
    is_refused(&output(busylamp(&misspelt)).await, "graph_slow");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_walks_the_whole_chain_and_changes_nothing() {
    let mut world = World::prepare(Setup::default()).await;
    let file = world.write_files();
    let file = file.to_str().unwrap();
    let check = output(world.with_store(&["check", file])).await;
    assert_eq!(check.status.code(), Some(0), "{}{}", out(&check), err(&check));
    assert!(out(&check).contains("3 of 3 users can be followed"), "{}", out(&check));
    assert!(!out(&check).contains(&world.person(0).mail), "no names are shown");

    let anna = world.person(0);
    world.control(reqwest::Method::PATCH, &format!("/mailboxes/{}", anna.mail), json!({"access": "denied"})).await;
    world.by_hand(&world.person(1), json!({"mail": ""})).await;
    let check = output(world.with_store(&["check", file])).await;
    assert_eq!(check.status.code(), Some(1));
    let said = out(&check);
    assert!(said.contains("1 of 3 users can be followed"), "{said}");
    assert!(said.contains(&format!("user {}: mailbox_access_denied", anna.account)), "{said}");
    assert!(said.contains(&format!("user {}: no_mail_address", world.person(1).account)), "{said}");

    world.setup.graph_secret = Some("falsch");
    world.setup.pbx_password = Some("falsch");
    world.write_files();
    let before = world.logins().await;
    let check = output(world.with_store(&["check", file])).await;
    assert_eq!(check.status.code(), Some(1));
    let said = out(&check);
    assert!(said.contains("client secret") && said.contains("login or password is wrong"), "{said}");
    assert_eq!(world.logins().await, before + 1, "a wrong password is tried once");
    assert!(world.writes().await.is_empty());
}

#[tokio::test]
async fn a_search_for_an_exchange_server_says_what_it_tried() {
    // The name is reserved: nobody has such a domain (RFC 2606).
    let search = output(busylamp(&["find-exchange", "anna@example.invalid"])).await;
    let said = err(&search);
    assert_eq!((search.status.code(), out(&search)), (Some(1), String::new()), "{said}");
    assert!(said.contains("autodiscover.example.invalid"), "{said}");
    is_refused(&output(busylamp(&["find-exchange", "anna"])).await, "anna");
    is_refused(&output(busylamp(&["find-exchange", "anna@example.invalid", "--pin", "sha256:12"])).await, "--pin");
    let shown_to_nobody = ["find-exchange", "anna@example.invalid", "--confirm", "mail.example.invalid"];
    is_refused(&output(busylamp(&shown_to_nobody)).await, "--user");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn apply_takes_all_of_a_file_or_nothing_of_it() {
    let world = World::prepare(Setup::default()).await;
    let file = world.write_files();
    let path = file.to_str().unwrap();
    let good = world.instance_text();
    let refused = async |text: String, place: &str| {
        fs::write(&file, text).unwrap();
        is_refused(&output(world.with_store(&["apply", path])).await, place);
    };
    refused(good.replace("actions", "actoins"), "actoins").await;
    refused(good.replace("Europe/Berlin", "Europe/Bärlin"), "zone").await;
    refused(good.replace("poll = \"5s\"", "poll = \"5\""), "poll").await;
    refused(good.replace("graph.secret", "grahp.secret"), "grahp.secret").await;
    refused(good.replace("url = \"http://127.0.0.1", "url = \"http://pbx.example.com"), "instance[0].starface.url")
        .await;
    refused(format!("{good}{good}"), "instance[1].name").await;
    refused(
        format!("{good}{}", good.replace("\"Test\"", "\"Zweite\"").replace("busy = \"dnd\"", "busy = \"x\"")),
        "instance[1]",
    )
    .await;
    let check = output(world.with_store(&["check"])).await;
    assert_eq!((check.status.code(), out(&check)), (Some(0), String::new()), "nothing has been taken up");
    fs::write(&file, good).unwrap();
    let applied = output(world.with_store(&["apply", path])).await;
    assert_eq!((applied.status.code(), out(&applied)), (Some(0), "Test: applied\n".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_a_running_service_the_store_is_its_own() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::prepare(Setup { speed: 1, poll: "1s", ..Setup::default() }).await;
    let run = world.run_process("info").await;
    world.apply_file().await;
    let file = world.folder.path().join("instance.toml");
    let path = file.to_str().unwrap();
    for name in ["busylamp.db", "busylamp.key", "busylamp.sock"] {
        let mode = fs::metadata(world.folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} is open to others: {mode:o}");
    }
    for arguments in [&["run"][..], &["check", "starface"]] {
        let second = output(world.with_store(arguments)).await;
        assert_eq!(second.status.code(), Some(3), "{}", err(&second));
    }
    fs::write(&file, world.instance_text().replace("Europe/Berlin", "Europe/Bärlin")).unwrap();
    is_refused(&output(world.with_store(&["apply", path])).await, "instance[0].zone");
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    assert_eq!(run.terminate().await, Some(0));
    // With the service stopped the store is anybody's again, and the socket that it left is no hindrance.
    let check = output(world.with_store(&["check"])).await;
    assert_eq!(check.status.code(), Some(0), "{}{}", out(&check), err(&check));
    assert!(out(&check).starts_with("Test\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_starts_waits_for_a_command_that_has_the_store() {
    let world = World::prepare(Setup { speed: 1, poll: "1s", ..Setup::default() }).await;
    world.apply_file().await;
    let key = Key::load(&world.folder.path().join("busylamp.key")).unwrap();
    let store = Store::open(&world.folder.path().join("busylamp.db"), &key).await.unwrap();
    let log = world.folder.path().join("run.log");
    let run = Process::start(world.with_store(&["run"]), &log);
    // Another command takes about as long to find that the store is in use.
    assert_eq!(output(world.with_store(&["check", "starface"])).await.status.code(), Some(3));
    store.close().await;
    let runs = async || {
        let said = fs::read_to_string(&log).unwrap();
        if said.contains("Busylamp is running") { Ok(()) } else { Err(said) }
    };
    eventually("the service runs", runs).await;
    assert_eq!(run.terminate().await, Some(0));
    // Both at the same moment, whoever is first.
    for _ in 0..3 {
        let before = fs::read_to_string(&log).unwrap().matches("Busylamp is running").count();
        let mut command = world.with_store(&["run"]);
        command.env("BUSYLAMP_LOG", "info");
        let run = Process::start(command, &log);
        world.apply_file().await;
        let runs = async || {
            let said = fs::read_to_string(&log).unwrap();
            if said.matches("Busylamp is running").count() > before { Ok(()) } else { Err(said) }
        };
        eventually("the service runs", runs).await;
        assert_eq!(run.terminate().await, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_service_is_checked_through_its_own_connections() {
    let world = World::prepare(Setup { speed: 1, poll: "1s", ..Setup::default() }).await;
    let run = world.run_process("info").await;
    world.apply_file().await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    let (logins, writes) = (world.logins().await, world.writes().await.len());
    let check = output(world.with_store(&["check"])).await;
    assert_eq!(check.status.code(), Some(0), "{}{}", out(&check), err(&check));
    let said = out(&check);
    assert!(said.starts_with("Test\n") && said.contains("3 of 3 users can be followed"), "{said}");
    assert!(!said.contains(&anna.mail), "no names are shown");
    assert_eq!((world.logins().await, world.writes().await.len()), (logins, writes));
    world.control(reqwest::Method::PATCH, &format!("/mailboxes/{}", anna.mail), json!({"access": "denied"})).await;
    let check = output(world.with_store(&["check"])).await;
    assert_eq!(check.status.code(), Some(1), "{}{}", out(&check), err(&check));
    assert!(out(&check).contains(&format!("user {}: mailbox_access_denied", anna.account)), "{}", out(&check));
    assert_eq!(run.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_exported_can_be_edited_and_applied_again() {
    let world = World::prepare(Setup { speed: 1, poll: "1s", ..Setup::default() }).await;
    let nothing = output(world.with_store(&["export"])).await;
    assert_eq!((nothing.status.code(), out(&nothing).trim()), (Some(0), "instance = []"));
    let run = world.run_process("info").await;
    world.apply_file().await;
    let export = output(world.with_store(&["export", "--instance", "Test"])).await;
    assert_eq!(export.status.code(), Some(0), "{}", err(&export));
    let text = out(&export);
    for secret in [&world.sim.ready().client_secret, &world.sim.ready().starface_password] {
        assert!(!text.contains(secret.as_str()));
    }
    // The store has the secrets: the files may go.
    let file = world.folder.path().join("instance.toml");
    let stored = text.replace("file = \"graph.secret\"", "stored = true");
    assert_ne!(text, stored);
    fs::write(&file, stored).unwrap();
    fs::remove_file(world.folder.path().join("graph.secret")).unwrap();
    let applied = output(world.with_store(&["apply", file.to_str().unwrap()])).await;
    assert_eq!(applied.status.code(), Some(0), "{}", err(&applied));
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    fs::write(&file, out(&export).replace("\"Test\"", "\"Neu\"").replace("file = \"graph.secret\"", "stored = true"))
        .unwrap();
    is_refused(&output(world.with_store(&["apply", file.to_str().unwrap()])).await, "graph.client_secret");
    is_refused(&output(world.with_store(&["export", "--instance", "Nord"])).await, "Nord");
    assert_eq!(run.terminate().await, Some(0));
    let export = output(world.with_store(&["export"])).await;
    assert!(out(&export).contains("stored = true"), "{}{}", out(&export), err(&export));
}
