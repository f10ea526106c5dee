//! A week in a minute, and what the program needs of memory, files and threads meanwhile: after the second day nothing
//! grows any more. A test of its own, since it looks at its whole process.

#![allow(missing_docs, unreachable_pub, reason = "tests are read, not used")]
#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

use std::{fs, time::Duration};

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::json;

use crate::world::{Exchange, Person, Reads, Setup, World, eventually, within};

// What the other program tests drive the service with.
#[path = "../end_to_end/world.rs"]
#[allow(dead_code, reason = "each uses its own part")]
mod world;

const USERS: usize = 20;
/// A day passes in eight seconds.
const SPEED: u32 = 24 * 3600 / 8;
const POLICY: &str = "actions = { busy = \"dnd\", out_of_office = \"forward\" }\nset_presence = true\ntitle_as_text = true\nblf_labels = true";
/// Now and then, all the time.
const FAULTS: [&str; 8] = [
    "graph_unavailable",
    "graph_reset",
    "ews_unavailable",
    "ews_reset",
    "delta_lost",
    "starface_reset",
    "starface_unavailable",
    "bridge_events_lost",
];
/// What may come on top of the most that was needed on the second and third day, in kB: what the pretended world itself
/// remembers of a week.
const SLACK: u64 = 6 * 1024;
/// Connections come and go, with both their ends in this process; one that stayed open after each fault would be hundreds.
const FILES: usize = 40;
/// Threads for what blocks come and go as well.
const THREADS: usize = 8;
/// The log of the store is cut back to 16 MB after a burst.
const LOG: u64 = 20 << 20;

/// What a process needs.
#[derive(Clone, Copy, Debug)]
struct Needs {
    memory: u64,
    files: usize,
    threads: usize,
}

fn needs() -> Needs {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let memory = memory.trim().trim_end_matches(" kB").parse().unwrap();
    let count = |folder| fs::read_dir(folder).unwrap().count();
    Needs { memory, files: count("/proc/self/fd"), threads: count("/proc/self/task") }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_week_nothing_grows() {
    let reads = Reads::Both(Exchange::default());
    let setup = Setup { users: USERS, speed: SPEED, poll: "5m", reads, policy: POLICY, ..Setup::default() };
    let world = World::start(setup).await;
    let begun = world.clock.now();
    let people = world.people();
    for (place, person) in people.iter().enumerate() {
        meets_every_day(&world, person, place).await;
    }
    for fault in FAULTS {
        world.control(Method::PUT, &format!("/faults/{fault}"), json!({"rate": 0.02})).await;
    }
    let mut days: Vec<Needs> = Vec::new();
    for day in 1..=7 {
        let end = begun + SignedDuration::from_hours(24 * day);
        let mut most: Option<Needs> = None;
        let mut step = 0_usize;
        while world.clock.now() < end {
            let person = &people[step % USERS];
            world.by_hand(person, json!({"text": format!("Von Hand {}", step % 7)})).await;
            step += 1;
            let now = needs();
            most = Some(most.map_or(now, |most| Needs {
                memory: most.memory.max(now.memory),
                files: most.files.max(now.files),
                threads: most.threads.max(now.threads),
            }));
            passes(&world, 600).await;
        }
        days.push(most.unwrap());
        note(&format!("day {day}: {:?}", days.last()));
    }
    let early = days[1..3].iter().copied().reduce(|a, b| Needs {
        memory: a.memory.max(b.memory),
        files: a.files.max(b.files),
        threads: a.threads.max(b.threads),
    });
    let (early, late) = (early.unwrap(), days[6]);
    assert!(late.memory <= early.memory + SLACK, "memory grows: {days:#?}");
    assert!(late.files <= early.files + FILES, "files are not closed: {days:#?}");
    assert!(late.threads <= early.threads + THREADS, "threads are not ended: {days:#?}");
    let log = fs::metadata(world.folder.path().join("busylamp.db-wal")).unwrap().len();
    assert!(log <= LOG, "the store's log has {log} bytes");

    // It was at work all the time, and still is.
    let writes = world.writes().await.len();
    assert!(writes > 7 * USERS, "{writes} writes");
    for fault in FAULTS {
        world.fault(fault, false).await;
    }
    let well = async || {
        let board = world.board();
        let trouble: Vec<String> =
            board.connections.iter().filter_map(|c| Some(c.trouble.as_ref()?.to_string())).collect();
        if trouble.is_empty() { Ok(()) } else { Err(trouble) }
    };
    within(Duration::from_secs(60), "all is well in the end", well).await;
}

/// A meeting in the morning and somewhere else in the afternoon, every day, for everybody at another time.
async fn meets_every_day(world: &World, person: &Person, place: usize) {
    let day: Timestamp = world.clock.now().round(jiff::Unit::Hour).unwrap();
    for (id, kind, hour) in [("morning", "busy", 2), ("noon", "out_of_office", 7), ("night", "busy", 15)] {
        let start = day + SignedDuration::from_mins(60 * hour + 7 * i64::try_from(place).unwrap());
        let end = start + SignedDuration::from_mins(100);
        let event = json!({
            "start": start.to_string(), "end": end.to_string(), "kind": kind, "subject": format!("Termin {id}"),
            "recurrence": {"every_days": 1, "count": 9},
        });
        world.put_event(person, id, event).await;
    }
}

/// So many seconds of the world's clock.
async fn passes(world: &World, seconds: i64) {
    let until = world.at(seconds);
    let passed = async || if world.clock.now() >= until { Ok(()) } else { Err(until) };
    eventually("time passes", passed).await;
}

#[expect(clippy::print_stderr, reason = "figures for whoever runs it")]
fn note(line: &str) {
    eprintln!("{line}");
}
