//! `busylamp check starface`: what it finds, what it tells, and that a trial leaves a user as it was.

use std::{fs, path::PathBuf, process::Output};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    process::{Process, output},
    world::{Person, Setup, World, eventually},
};

fn all(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

async fn world(setup: Setup) -> (World, PathBuf) {
    let world = World::prepare(Setup { speed: 1, ..setup }).await;
    let file = world.write_files();
    (world, file)
}

impl World {
    async fn check_starface(&self, arguments: &[&str]) -> Output {
        let mut command = self.with_store(&["check", "starface"]);
        command.args(arguments);
        output(command).await
    }

    /// With the world's file; the exit status has to be this one. Returns all that was said.
    async fn found(&self, arguments: &[&str], status: i32) -> String {
        let file = self.folder.path().join("instance.toml");
        let mut with_file = vec![file.to_str().unwrap()];
        with_file.extend(arguments);
        let output = self.check_starface(&with_file).await;
        let said = all(&output);
        assert_eq!(output.status.code(), Some(status), "{said}");
        said
    }

    async fn refuses(&self, person: &Person, dimensions: Value) {
        self.control(Method::PUT, &format!("/accounts/{}/refuses", person.account), dimensions).await;
    }

    /// The state of a user without what only the simulator knows.
    async fn state(&self, person: &Person) -> Value {
        let mut account = self.account(person).await;
        account.as_object_mut().unwrap().remove("refuses");
        account
    }

    /// What a support ticket must not hold.
    fn tells_nobody(&self, said: &str) {
        let ready = self.sim.ready();
        let secrets = [
            &ready.client_secret,
            &ready.starface_password,
            &ready.starface_client_secret,
            &ready.starface_bridge_key,
            &ready.ews_password,
        ];
        let words = |name: &str| name.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let people = ready.users.iter().flat_map(|user| [vec![user.mail.clone()], words(&user.name)].concat());
        for word in people.chain(secrets.map(Clone::clone)) {
            assert!(!said.contains(&word), "`{word}` is told: {said}");
        }
        // Telephone numbers are longer than accounts, versions and ports; the log's instants end with a Z.
        for word in said.split_whitespace().filter(|word| !word.ends_with('Z')) {
            let longest = word.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
            assert!(longest <= Some(5), "`{word}` may be a telephone number: {said}");
        }
        assert!(!said.contains('@'), "{said}");
    }
}

/// Everything that a trial changes.
const DIMENSIONS: [&str; 5] = ["dnd", "presence", "text", "diversion", "blf_label"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_all_is_well_it_says_what_was_found_and_asks_no_calendar() {
    let (world, _) = world(Setup::default()).await;
    let said = world.found(&[], 0).await;
    assert!(said.starts_with("Test\n"), "{said}");
    for found in [
        "STARFACE sign-in:",
        "STARFACE version: 10.",
        "STARFACE group: 3 members",
        "STARFACE spellings: external",
        "STARFACE key forms:",
        "STARFACE bridge: version",
        "STARFACE events: the bridge tells of changes",
        "STARFACE can: do not disturb, chat presence, diversions, labels, changes as they happen",
    ] {
        assert!(said.contains(found), "`{found}` is missing: {said}");
    }
    assert!(!said.contains("FAULT"), "{said}");
    let asked = world.requests().await;
    assert!(asked.iter().all(|(kind, count)| *count == 0 || !kind.starts_with("graph")), "{asked:?}");
    assert!(world.writes().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_is_missing_is_named_with_what_to_do() {
    let (world, _) = world(Setup { oauth: true, ..Setup::default() }).await;
    world.control(Method::PATCH, "/starface", json!({"administrator": false})).await;
    let said = world.found(&[], 1).await;
    assert!(said.contains("FAULT STARFACE") && said.contains("the rights of an administrator"), "{said}");
    world.tells_nobody(&said);
    world.control(Method::PATCH, "/starface", json!({"administrator": true, "password_grant": false})).await;
    let said = world.found(&[], 1).await;
    assert!(said.contains("FAULT STARFACE sign-in") && said.contains("OAuth Password Grant"), "{said}");
    world.tells_nobody(&said);
    world.control(Method::PATCH, "/starface", json!({"password_grant": true})).await;
    let said = world.found(&[], 0).await;
    assert!(said.contains("lets us in by OAuth"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_bridge_it_says_what_is_missing_and_one_that_does_not_answer_is_a_fault() {
    let (mut world, _) = world(Setup::default()).await;
    world.fault("bridge_missing", true).await;
    let said = world.found(&[], 1).await;
    assert!(said.contains("FAULT STARFACE bridge: ") && said.contains("install the bridge"), "{said}");
    world.tells_nobody(&said);
    world.setup.bridge = false;
    world.write_files();
    let anna = world.person(0);
    let before = world.state(&anna).await;
    let said = world.found(&["--write", &anna.account.to_string()], 0).await;
    assert!(said.contains("Without the bridge only diversions can be switched"), "{said}");
    assert!(said.contains("STARFACE can: diversions, labels"), "{said}");
    assert_eq!(world.state(&anna).await, before);
    let written = world.written(&anna).await;
    assert!(written.iter().any(|(dimension, _)| dimension.starts_with("diversion")), "{written:?}");
    world.tells_nobody(&said);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_sets_everything_and_gives_everything_back() {
    let (world, _) = world(Setup::default()).await;
    let (anna, ben) = (world.person(0), world.person(1));
    world.by_hand(&anna, json!({"presence": "away", "text": "Bin gleich da"})).await;
    let before = world.state(&anna).await;
    assert!(!before["labels"].as_object().unwrap().is_empty(), "{before}");
    let said = world.found(&["--write", &anna.account.to_string()], 0).await;
    assert!(said.contains("trial's end: everything is as it was before"), "{said}");
    assert!(!said.contains("Bin gleich da"), "{said}");
    world.tells_nobody(&said);
    assert_eq!(world.state(&anna).await, before);
    let written = world.written(&anna).await;
    for dimension in DIMENSIONS {
        let times = written.iter().filter(|(written, _)| written.starts_with(dimension)).count();
        assert!(times >= 2, "{dimension} is set and given back: {written:?}");
    }
    assert!(world.written(&ben).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_refused_in_a_trial_all_else_is_tried_and_given_back() {
    let (world, _) = world(Setup::default()).await;
    let anna = world.person(0);
    let account = anna.account.to_string();
    let before = world.state(&anna).await;
    for refused in DIMENSIONS {
        world.refuses(&anna, json!([refused])).await;
        let said = world.found(&["--write", &account], 1).await;
        assert!(said.contains("FAULT trial of"), "{refused}: {said}");
        assert!(said.contains("trial's end: everything is as it was before"), "{refused}: {said}");
        assert_eq!(world.state(&anna).await, before, "{refused}");
        world.tells_nobody(&said);
    }
    let stranger = world.found(&["--write", "99999"], 1).await;
    assert!(stranger.contains("there is no account 99999"), "{stranger}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_that_is_told_to_stop_gives_everything_back_first() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        let (world, file) = world(Setup::default()).await;
        let anna = world.person(0);
        let before = world.state(&anna).await;
        let log = world.folder.path().join("trial.log");
        let mut command = world.with_store(&["check", "starface", "--write", &anna.account.to_string()]);
        command.arg(file);
        let trial = Process::start(command, &log);
        let begun = async || if world.written(&anna).await.is_empty() { Err(fs::read_to_string(&log)) } else { Ok(()) };
        eventually("something is set", begun).await;
        assert!(fs::read_to_string(&log).unwrap().contains("runs to its end, also on Ctrl+C"), "said before");
        trial.signal(signal);
        assert_eq!(trial.end().await, Some(0), "{}", fs::read_to_string(&log).unwrap());
        let said = fs::read_to_string(&log).unwrap();
        assert!(said.contains("The trial goes on until everything is given back"), "{signal}: {said}");
        assert!(said.contains("trial's end: everything is as it was before"), "{signal}: {said}");
        assert_eq!(world.state(&anna).await, before, "{signal}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_a_running_service_it_looks_and_tries_nothing_with_whom_the_service_follows() {
    let (world, _) = world(Setup { poll: "1s", ..Setup::default() }).await;
    let run = world.run_process("info").await;
    world.apply_file().await;
    let anna = world.person(0);
    let account = anna.account.to_string();
    let said = world.found(&[], 0).await;
    assert!(said.contains("STARFACE can: do not disturb"), "{said}");
    let said = world.found(&["--write", &account], 3).await;
    assert!(said.contains("stop the service") && said.contains("take the user out of the group"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    let without = world.check_starface(&[]).await;
    assert_eq!(without.status.code(), Some(3));
    assert!(all(&without).contains("check starface FILE"), "{}", all(&without));
    assert!(world.writes().await.is_empty());
    assert_eq!(run.terminate().await, Some(0));
    // Now the store is free, and what stands in it is enough.
    let tried = world.check_starface(&["--write", &account]).await;
    assert_eq!(tried.status.code(), Some(0), "{}", all(&tried));
    assert!(!world.written(&anna).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_wants_to_know_on_which_telephone_system() {
    let (world, file) = world(Setup::default()).await;
    let account = world.person(0).account.to_string();
    let good = world.instance_text();
    let second = good.replace("\"Test\"", "\"Zweite\"");
    // The same telephone system twice is no choice.
    fs::write(&file, format!("{good}{second}")).unwrap();
    let said = world.found(&["--write", &account], 0).await;
    assert!(said.contains("Test\n") && said.contains("Zweite\n"), "{said}");
    assert_eq!(said.matches("trial's end").count(), 1, "{said}");
    let before = world.writes().await.len();
    let other = second.replace("http://127.0.0.1", "http://localhost");
    fs::write(&file, format!("{good}{other}")).unwrap();
    let said = world.found(&["--write", &account], 2).await;
    assert!(said.contains("--instance 'Test' or --instance 'Zweite'"), "{said}");
    let said = world.found(&["--write", &account, "--instance", "Dritte"], 2).await;
    assert!(said.contains("`Dritte`") && said.contains("`Test`, `Zweite`"), "{said}");
    for wrong in ["0001", "anna", "", "-1", "12345678901"] {
        world.found(&[&format!("--write={wrong}")], 2).await;
    }
    assert_eq!(world.writes().await.len(), before);
    let said = world.found(&["--write", &account, "--instance", "Test"], 0).await;
    assert!(!said.contains("Zweite"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_are_told_only_where_they_are_asked_for() {
    let (world, _) = world(Setup::default()).await;
    let (anna, ben) = (world.person(0), world.person(1));
    world.by_hand(&anna, json!({"mail": ""})).await;
    world.by_hand(&ben, json!({"mail": world.person(2).mail})).await;
    let said = world.found(&[], 0).await;
    assert!(said.contains(&format!("never acted on; enter the mailbox's: {}\n", anna.account)), "{said}");
    assert!(said.contains("have the same mail address"), "{said}");
    world.tells_nobody(&said);
    let said = world.found(&["--names"], 0).await;
    for user in &world.sim.ready().users {
        assert!(said.contains(&format!("  user  {} ({})", user.account, user.name)), "{said}");
        assert!(!said.contains(&user.mail), "{said}");
    }
    let wrong = World::prepare(Setup { pbx_password: Some("ganz falsch"), speed: 1, ..Setup::default() }).await;
    wrong.write_files();
    let said = wrong.found(&["--write", &wrong.person(0).account.to_string()], 1).await;
    assert!(said.contains("login or password is wrong") && !said.contains("ganz falsch"), "{said}");
    wrong.tells_nobody(&said);
    assert_eq!(wrong.logins().await, 1, "a wrong password is tried once");
}
