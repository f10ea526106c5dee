//! `kill -9` at random instants, again and again (docs/semantics.md, 7.3).

use std::{path::Path, time::Duration};

use busylamp_store::{Key, Store};
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    EVERYTHING,
    company::Company,
    dice::Dice,
    process::Process,
    world::{Setup, World},
};

const USERS: usize = 24;
/// After so many kills all meetings end and every telephone is looked at.
const ROUND: usize = 50;

fn number(name: &str, factory: u64) -> u64 {
    std::env::var(name).map_or(factory, |text| text.parse().unwrap())
}

/// The program, as soon as it is started: a kill may come before it runs.
fn start(world: &World, log: &Path) -> Process {
    let mut command = world.with_store(&["run", "--listen", "127.0.0.1:0"]);
    command.env("BUSYLAMP_LOG", "warn");
    Process::start(command, log)
}

/// `cargo xtask crash` sets the number of kills and the seed; without it a few show that the test itself is in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_the_program_is_killed_every_telephone_is_right_in_the_end() {
    let kills = usize::try_from(number("BUSYLAMP_CRASH_KILLS", 12)).unwrap();
    let seed = number("BUSYLAMP_CRASH_SEED", 1);
    // Shown when the test fails: the same chances again, though not the same instants.
    say(&format!("{kills} kills, seed {seed}"));
    let mut dice = Dice::new(seed);
    let world =
        World::prepare(Setup { users: USERS, speed: 1, poll: "1s", policy: EVERYTHING, ..Setup::default() }).await;
    world.apply_file().await;
    let log = world.folder.path().join("run.log");
    let mut company = Company::new(&world).await;
    let mut killed = 0;
    while killed < kills {
        for _ in 0..ROUND.min(kills - killed) {
            let process = start(&world, &log);
            company.tell("program", "started");
            let until = Instant::now() + life(&mut dice);
            let kill = tokio::spawn(async move {
                sleep_until(until).await;
                process.kill();
            });
            while !kill.is_finished() {
                company.live(&mut dice).await;
                sleep(dice.millis(10, 60)).await;
            }
            kill.await.unwrap();
            company.tell("program", "killed");
            killed += 1;
            // Mostly it is started again at once; now and then people are alone for a while.
            if dice.percent(12) {
                for _ in 0..6 {
                    company.live(&mut dice).await;
                    sleep(dice.millis(20, 100)).await;
                }
            }
        }
        let process = start(&world, &log);
        company.tell("program", "started to stay");
        company.ends().await;
        assert_eq!(process.terminate().await, Some(0), "{}", std::fs::read_to_string(&log).unwrap());
        company.tell("program", "stopped");
    }
    let writes = company.no_storm(kills).await;
    let (changes, crossed) = company.changes().await;
    say(&format!("{killed} kills, {writes} writes, {changes} changes by hand, {crossed} of them crossed by a write"));
    assert!(writes >= kills, "hardly anything was on its way when the program was killed");
    // Where a write crossed a change two values are right; that must be the exception. Of few it may well be most.
    assert!(changes < 100 || crossed * 5 <= changes, "too little is known of what people changed");
    // The store is whole, and nothing is held any more: a start has nothing to do.
    let key = Key::load(&world.folder.path().join("busylamp.key")).unwrap();
    Store::open(&world.folder.path().join("busylamp.db"), &key).await.unwrap().close().await;
    let process = world.run_process("info").await;
    world.a_round_has_passed(&world.person(0)).await;
    let witness = u64::from(world.person(0).account);
    let others = world.writes().await.into_iter().skip(writes).find(|write| write.account != witness);
    assert!(others.is_none(), "{others:?}");
    assert_eq!(process.terminate().await, Some(0));
}

/// 0.2 to 1.5 s, mostly short.
fn life(dice: &mut Dice) -> Duration {
    let chance = dice.below(1000) as u64;
    Duration::from_millis(200 + 1300 * chance * chance / 1_000_000)
}

#[expect(clippy::print_stderr, reason = "whoever runs it wants to see how far it got")]
fn say(line: &str) {
    eprintln!("{line}");
}
