//! The disk: full, failing, and a store that is damaged. Nothing is taken that could not be given back after a crash; what
//! is over is given back all the same; and when there is room again, nobody has to restart anything.

use std::{
    fs::{self, File, OpenOptions},
    io::{Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use busylamp_service::board::Board;
use busylamp_store::Key;
use serde_json::json;

use crate::{
    process::{Process, output},
    world::{DND, Setup, World, eventually},
};

/// Room of the small disk: a store with its log fits in, and not much more.
const ROOM: &str = "size=4m";

/// A small disk, as long as the value lives.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Over a folder; `None` if we may not do so.
    fn over(folder: &Path) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", ROOM, "small"])
            .arg(folder)
            .output()
            .ok()?
            .status
            .success();
        mounted.then(|| Self(folder.to_owned()))
    }

    /// Leaves not a byte free.
    fn fill(&self) {
        let mut ballast = File::create(self.0.join("ballast")).unwrap();
        for portion in [&[0_u8; 65_536][..], &[0; 1]] {
            while ballast.write_all(portion).is_ok() {}
        }
    }

    fn empty(&self) {
        fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the store may still be open where a test has failed.
        let _ended = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn store_trouble(board: &Board) -> Option<String> {
    Some(
        board
            .connections
            .iter()
            .find(|connection| connection.name.to_string() == "store")?
            .trouble
            .as_ref()?
            .to_string(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_disk_is_full_nothing_is_taken_what_is_over_is_given_back_and_it_goes_on_when_there_is_room() {
    let mut world = World::prepare(Setup { speed: 1, poll: "1s", ..Setup::default() }).await;
    let Some(disk) = SmallDisk::over(world.folder.path()) else {
        skipped("this user may not mount anything");
        return;
    };
    Key::create(&world.folder.path().join("busylamp.key")).unwrap();
    world.run().await;
    world.apply().await;
    let (anna, ben) = (world.person(0), world.person(1));
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;

    disk.fill();
    world.is_in_a_meeting(&ben, "b").await;
    let full = |board: &Board| store_trouble(board).is_some_and(|trouble| trouble.contains("is full"));
    world.board_says("that the disk is full", full).await;
    world.call_off(&anna, "a").await;
    world.shows(&anna, json!({"dnd": false})).await;
    world.board_says("that it is still full", full).await;
    assert_eq!(world.account(&ben).await["dnd"], false, "what can't be written down is not taken");

    disk.empty();
    world.shows(&ben, json!({"dnd": true})).await;
    world.board_says("that all is well", |board| store_trouble(board).is_none()).await;
    world.call_off(&ben, "b").await;
    world.shows(&ben, json!({"dnd": false})).await;
    // What could not be written is tried again every five seconds.
    let later = world.at(7);
    let passed = async || if world.clock.now() > later { Ok(()) } else { Err(later) };
    eventually("some seconds pass", passed).await;
    world.stop().await;
    // What was given back without the disk's knowledge is known now: a start has nothing to do.
    let before = world.written(&anna).await.len();
    world.run().await;
    world.a_round_has_passed(&world.person(2)).await;
    assert_eq!(world.written(&anna).await.len(), before);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_files_cannot_grow_nothing_is_taken_and_what_is_over_is_given_back() {
    let world = World::prepare(Setup { speed: 1, poll: "1s", policy: DND, ..Setup::default() }).await;
    world.apply_file().await;
    let log = world.folder.path().join("limited.log");
    let run = run_unshaken(&world, &log);
    let (anna, ben) = (world.person(0), world.person(1));
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;

    let wal = fs::metadata(world.folder.path().join("busylamp.db-wal")).unwrap().len();
    limit(&run, &wal.to_string());
    world.is_in_a_meeting(&ben, "b").await;
    let says = || fs::read_to_string(&log).unwrap_or_default();
    let told = async || if says().contains("nothing is taken until they can") { Ok(()) } else { Err(says()) };
    eventually("the log says that holds can't be stored", told).await;
    world.call_off(&anna, "a").await;
    world.shows(&anna, json!({"dnd": false})).await;
    assert_eq!(world.account(&ben).await["dnd"], false, "what can't be written down is not taken");

    limit(&run, "unlimited");
    world.shows(&ben, json!({"dnd": true})).await;
    assert_eq!(run.terminate().await, Some(0), "{}", says());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_was_damaged_is_refused_with_advice_and_a_backup_heals_it() {
    let world = World::prepare(Setup { speed: 1, poll: "1s", ..Setup::default() }).await;
    let anna = world.person(0);
    world.apply_file().await;
    let copy = world.folder.path().join("copy.db");
    let backup = output(world.with_store(&["backup", copy.to_str().unwrap()])).await;
    assert!(backup.status.success(), "{backup:?}");
    let mut store = OpenOptions::new().write(true).open(world.folder.path().join("busylamp.db")).unwrap();
    // The second page and those after it; the head of the file is as it was.
    store.seek(SeekFrom::Start(4096)).unwrap();
    store.write_all(&[0xa5; 3 * 4096]).unwrap();
    drop(store);

    let refused = output(world.with_store(&["run", "--listen", "127.0.0.1:0"])).await;
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(3), "{told}");
    assert!(told.contains("the store is damaged") && told.contains("restore the latest backup"), "{told}");

    let restored = output(world.with_store(&["restore", copy.to_str().unwrap()])).await;
    assert!(restored.status.success(), "{restored:?}");
    let run = world.run_process("info").await;
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    assert_eq!(run.terminate().await, Some(0));
}

/// The service, whom a file that may not grow does not kill.
fn run_unshaken(world: &World, log: &Path) -> Process {
    let run = world.with_store(&["run", "--listen", "127.0.0.1:0"]);
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(run.get_program()).args(run.get_args());
    for (name, value) in run.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env("BUSYLAMP_LOG", "warn");
    Process::start(command, log)
}

/// No file of the process may grow beyond so many bytes.
fn limit(process: &Process, bytes: &str) {
    let mut command = Command::new("prlimit");
    command.arg("--pid").arg(process.id().to_string()).arg(format!("--fsize={bytes}:unlimited"));
    assert!(command.status().unwrap().success());
}

#[expect(clippy::print_stderr, reason = "what was not looked at has to be known")]
fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}
