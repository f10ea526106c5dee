//! What needs a second process: killing one, and keeping one out.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::common::{Place, State, account, document, id};
use busylamp_store::{Key, Store, StoreError};

const FOLDER: &str = "BUSYLAMP_STORE_TEST_FOLDER";
const USERS: u32 = 20;

/// A place whose key another process can read.
fn place() -> Place {
    let place = Place::new();
    let key = Key::create(&place.folder.path().join("key")).unwrap();
    Place { key, ..place }
}

/// This very program, running only [`the_other_process`].
fn spawn(place: &Place) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "processes::the_other_process", "--ignored", "--nocapture"])
        .env(FOLDER, place.folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The lines of the other process that are meant for us.
fn lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let output = child.stdout.take().unwrap();
    BufReader::new(output).lines().filter_map(|line| line.unwrap().strip_prefix("> ").map(str::to_owned))
}

fn say(line: &str) {
    // In one piece, so that no line is cut off by a kill.
    let mut out = std::io::stdout();
    out.write_all(format!("\n> {line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Writes the states of all users with a growing number, and says each number once it is saved.
#[tokio::test]
#[ignore = "the other tests run it in a process of its own"]
async fn the_other_process() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let key = Key::load(&folder.join("key")).unwrap();
    let store = match Store::open(&folder.join("busylamp.db"), &key).await {
        Ok(store) => store,
        Err(StoreError::InUse { .. }) => return say("in use"),
        Err(error) => return say(&format!("{error:?}")),
    };
    store.put_instance(document("zentrale")).await.unwrap();
    let zentrale = id("zentrale");
    // Whoever started this kills it much earlier.
    for number in 0..100_000 {
        let state = State::new("im Gespräch", number);
        let accounts: Vec<_> = (0..USERS).map(account).collect();
        let batch: Vec<_> = accounts.iter().map(|account| (&zentrale, account, Some(&state))).collect();
        store.save_states(&batch).await.unwrap();
        say(&number.to_string());
    }
}

#[tokio::test]
async fn a_store_in_use_is_refused_to_another_process() {
    let place = place();
    let store = place.open().await;
    let mut child = spawn(&place);
    assert_eq!(lines(&mut child).collect::<Vec<_>>(), ["in use"]);
    assert!(child.wait().unwrap().success());
    store.instances().await.unwrap();
}

#[tokio::test]
async fn a_killed_process_leaves_what_it_had_saved_and_nothing_by_halves() {
    let place = place();
    // Each round goes on with what the killed one before has left.
    for killed_after in [1, 7, 30, 31, 60] {
        let mut child = spawn(&place);
        let mut lines = lines(&mut child);
        let mut saved: u32 = 0;
        for _ in 0..=killed_after {
            saved = lines.next().unwrap().parse().unwrap();
        }
        child.kill().unwrap();
        // What it still said before the kill took effect was saved as well.
        saved = lines.last().map_or(saved, |last| last.parse().unwrap_or(saved));
        child.wait().unwrap();

        let store = place.open().await;
        let loaded = store.load_states::<State>(&id("zentrale")).await.unwrap();

        assert!(loaded.unreadable.is_empty());
        assert_eq!(loaded.found.len(), USERS as usize);
        let numbers: Vec<u32> = loaded.found.values().map(|state| state.counter).collect();
        assert!(numbers.iter().all(|number| *number == numbers[0]), "all of one batch: {numbers:?}");
        assert!(numbers[0] == saved || numbers[0] == saved + 1, "{} after {saved} was saved", numbers[0]);
        store.close().await;
    }
}
