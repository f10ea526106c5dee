//! Stops, crashes, and what the administrator changes meanwhile.

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{DND_PRESENCE_TEXT, Exchange, LONG_PATIENCE, Reads, Setup, World, eventually};

const EVERYTHING: &str =
    "actions = { busy = \"dnd\", out_of_office = \"forward\" }\nset_presence = true\ntitle_as_text = true";

/// The service as a process, on the machine's clock.
fn process() -> Setup {
    Setup { speed: 1, poll: "1s", policy: DND_PRESENCE_TEXT, ..Setup::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_in_the_middle_of_a_meeting_writes_nothing() {
    let world = World::prepare(process()).await;
    let (anna, ben) = (world.person(0), world.person(1));
    world.apply_file().await;
    let run = world.run_process("info").await;
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true, "presence": "do_not_disturb", "text": "Jour fixe"})).await;
    assert_eq!(run.terminate().await, Some(0));
    let run = world.run_process("info").await;
    world.a_round_has_passed(&ben).await;
    assert_eq!(world.written(&anna).await.len(), 3);
    world.call_off(&anna, "a").await;
    world.shows(&anna, json!({"dnd": false, "presence": "available", "text": ""})).await;
    assert_eq!(world.written(&anna).await.len(), 6);
    assert_eq!(run.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ended_while_the_program_was_down_is_given_back_even_after_a_crash() {
    let world = World::prepare(process()).await;
    let (anna, ben, clara) = (world.person(0), world.person(1), world.person(2));
    world.by_hand(&anna, json!({"text": "Homeoffice"})).await;
    world.apply_file().await;
    let run = world.run_process("info").await;
    let end = world.at(4);
    for person in [&anna, &ben, &clara] {
        world.meet(person, "a", world.at(-60), end, "Jour fixe").await;
        world.shows(person, json!({"dnd": true, "presence": "do_not_disturb", "text": "Jour fixe"})).await;
    }
    run.kill();
    // Meanwhile one has taken her phone back, and another logged off.
    world.by_hand(&ben, json!({"dnd": false})).await;
    world.by_hand(&clara, json!({"presence": "unavailable"})).await;
    let over = async || if world.clock.now() > end { Ok(()) } else { Err(world.clock.now()) };
    eventually("the meeting is over", over).await;
    let _run = world.run_process("info").await;
    world.shows(&anna, json!({"dnd": false, "presence": "available", "text": "Homeoffice"})).await;
    world.shows(&ben, json!({"dnd": false, "presence": "available", "text": ""})).await;
    world.shows(&clara, json!({"dnd": false, "presence": "unavailable", "text": ""})).await;
    assert!(world.written(&ben).await.iter().filter(|(dimension, _)| dimension == "dnd").count() == 1);
    assert!(world.written(&clara).await.iter().filter(|(dimension, _)| dimension == "presence").count() == 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_at_any_instant_of_a_take_leaves_nothing_behind() {
    let world = World::prepare(process()).await;
    let anna = world.person(0);
    world.apply_file().await;
    let run = world.run_process("info").await;
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    world.call_off(&anna, "a").await;
    world.shows(&anna, json!({"dnd": false, "presence": "available", "text": ""})).await;
    // The telephone system does what it is told, but the answer comes late: the kill comes before it.
    world.control(Method::PUT, "/faults/bridge_answer_lost", json!({"on": true})).await;
    world.is_in_a_meeting(&anna, "b").await;
    world.shows(&anna, json!({"dnd": true})).await;
    run.kill();
    world.fault("bridge_answer_lost", false).await;
    world.call_off(&anna, "b").await;
    let _run = world.run_process("info").await;
    world.shows(&anna, json!({"dnd": false, "presence": "available", "text": ""})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_never_read_before_a_restart_is_read_after_it() {
    let mut world = World::prepare(Setup::default()).await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.fault("graph_unavailable", true).await;
    world.run().await;
    world.apply().await;
    world
        .board_says("that the users are known and their calendars are not", |board| {
            board.lamps.len() == 3 && board.connections.iter().any(|c| c.trouble.is_some())
        })
        .await;
    world.stop().await;
    world.fault("graph_unavailable", false).await;
    world.run().await;
    world.shows(&anna, json!({"dnd": true})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_meetings_end_on_time_although_the_cloud_is_down() {
    let mut world = World::start(Setup { speed: 4, poll: "2s", ..Setup::default() }).await;
    let anna = world.person(0);
    let end = world.at(20);
    world.meet(&anna, "a", world.at(-60), end, "Jour fixe").await;
    world.shows(&anna, json!({"dnd": true})).await;
    world.stop().await;
    for fault in ["graph_reset", "login_reset"] {
        world.fault(fault, true).await;
    }
    world.run().await;
    world.shows(&anna, json!({"dnd": false})).await;
    let last = world.writes().await.pop().unwrap().instant;
    let late = last.duration_since(end);
    assert!(!late.is_negative() && late.as_secs() < 4, "it came {late:#} after the end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deactivating_gives_everything_back_and_activating_takes_it_again() {
    let mut world = World::start(Setup { policy: EVERYTHING, ..Setup::default() }).await;
    let (anna, ben) = (world.person(0), world.person(1));
    world.is_in_a_meeting(&anna, "a").await;
    let away =
        json!({"start": world.at(-60).to_string(), "end": world.at(36_000).to_string(), "kind": "out_of_office"});
    world.put_event(&ben, "b", away).await;
    for _ in 0..2 {
        world.shows(&anna, json!({"dnd": true, "presence": "do_not_disturb", "text": "Jour fixe"})).await;
        world.diverts(&ben, &["external"]).await;
        world.setup.active = false;
        world.apply().await;
        world.shows(&anna, json!({"dnd": false, "presence": "available", "text": ""})).await;
        world.shows(&ben, json!({"presence": "available", "text": ""})).await;
        world.diverts(&ben, &[]).await;
        world.setup.active = true;
        world.apply().await;
    }
    world.shows(&anna, json!({"dnd": true})).await;
    // A closing instance goes on closing after a restart.
    world.fault("starface_unavailable", true).await;
    world.setup.active = false;
    world.apply().await;
    world.stop().await;
    world.run().await;
    world.fault("starface_unavailable", false).await;
    // If our proof was refused twice while it came back, it is left alone for half a minute of the machine's time.
    world.shows_within(LONG_PATIENCE, &anna, json!({"dnd": false, "presence": "available", "text": ""})).await;
    world.diverts(&ben, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_group_gives_back_in_the_old_one_and_takes_in_the_new() {
    let mut world = World::start(Setup::default()).await;
    let (anna, group) = (world.person(0), world.sim.ready().starface_group.clone());
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    let groups = world.control(Method::GET, "/groups", Value::Null).await;
    let mut names = groups.as_array().unwrap().iter().map(|found| found["name"].as_str().unwrap());
    let other = names.rfind(|name| *name != group).unwrap().to_owned();
    // Nobody whom this concerns is in the other group.
    for person in world.people() {
        world.control(Method::DELETE, &format!("/groups/{other}/members/{}", person.account), Value::Null).await;
    }
    world.setup.group = Some(other.clone());
    world.apply().await;
    world.shows(&anna, json!({"dnd": false})).await;
    world.setup.group = None;
    world.apply().await;
    world.shows(&anna, json!({"dnd": true})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_policy_acts_at_once_while_the_service_runs() {
    let mut world = World::prepare(Setup { poll: "60s", ..process() }).await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    let run = world.run_process("info").await;
    world.apply_file().await;
    world.shows(&anna, json!({"dnd": true, "presence": "do_not_disturb", "text": "Jour fixe"})).await;
    world.setup.policy =
        "actions = { busy = \"forward\" }\nset_presence = true\ntitle_as_text = true\nshow_duration = true";
    let changed = world.clock.now();
    world.apply_file().await;
    world.shows(&anna, json!({"dnd": false, "presence": "do_not_disturb", "text": "Jour fixe (10 Std. 1 Min.)"})).await;
    world.diverts(&anna, &["external"]).await;
    assert!(world.clock.now().duration_since(changed).as_secs() < 10, "long before the next poll");
    world.setup.active = false;
    world.apply_file().await;
    world.shows(&anna, json!({"dnd": false, "presence": "available", "text": ""})).await;
    world.diverts(&anna, &[]).await;
    assert_eq!(run.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_is_quick_although_everybody_answers_slowly() {
    let world = World::prepare(process()).await;
    let (anna, witness) = (world.person(0), world.person(1));
    world.apply_file().await;
    let run = world.run_process("info").await;
    world.a_round_has_passed(&witness).await;
    world.fault("starface_slow", true).await;
    world.is_in_a_meeting(&anna, "a").await;
    let begun = async || if world.struck("starface_slow").await > 0 { Ok(()) } else { Err("not yet") };
    eventually("the write is under way", begun).await;
    world.fault("graph_slow", true).await;
    assert_eq!(run.terminate().await, Some(0));
    for fault in ["starface_slow", "graph_slow"] {
        world.fault(fault, false).await;
    }
    let _run = world.run_process("info").await;
    world.shows(&anna, json!({"dnd": true, "presence": "do_not_disturb", "text": "Jour fixe"})).await;
    world.call_off(&anna, "a").await;
    world.shows(&anna, json!({"dnd": false, "presence": "available", "text": ""})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whenever_the_program_is_killed_nothing_is_left_behind() {
    killed(Reads::Cloud).await;
    killed(Reads::Both(Exchange { auth: "ntlm", ..Exchange::default() })).await;
}

async fn killed(reads: Reads) {
    let world = World::prepare(Setup { users: 6, policy: EVERYTHING, reads, ..process() }).await;
    let people = world.people();
    // With both sources every other mailbox is on the server.
    if let Reads::Both(_) = world.setup.reads {
        for (place, person) in people.iter().enumerate() {
            let home = if place % 2 == 0 { "cloud" } else { "server" };
            world.change_mailbox(&person.mail, json!({"home": home})).await;
        }
    }
    for person in &people {
        world.by_hand(person, json!({"text": format!("Eigener Text {}", person.account)})).await;
    }
    world.apply_file().await;
    for round in 0..6 {
        let run = world.run_process("info").await;
        let kind = if round % 2 == 0 { "busy" } else { "out_of_office" };
        let before = world.writes().await.len();
        for person in &people {
            let (start, end) = (world.at(-60).to_string(), world.at(36_000).to_string());
            let event = json!({"start": start, "end": end, "kind": kind, "subject": format!("Jour fixe {round}")});
            world.put_event(person, "a", event).await;
        }
        // Killed as soon as the first writes arrive, or some later: the rest is on its way, or decided, or neither.
        let arrived = async || {
            let number = world.writes().await.len() - before;
            if number > round { Ok(()) } else { Err(number) }
        };
        eventually("writes arrive", arrived).await;
        run.kill();
    }
    let _run = world.run_process("info").await;
    for person in &people {
        world.shows(person, json!({"text": "Jour fixe 5", "presence": "extended_away", "dnd": false})).await;
        world.diverts(person, &["external"]).await;
        world.call_off(person, "a").await;
    }
    for person in &people {
        let text = format!("Eigener Text {}", person.account);
        world.shows(person, json!({"dnd": false, "presence": "available", "text": text})).await;
        world.diverts(person, &[]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_latched_action_stays_through_edits_and_restarts_until_its_meeting_ends() {
    let policy =
        "actions = { busy = \"dnd\", out_of_office = \"forward\" }\nchange_during_event = false\ntitle_as_text = true";
    let mut world = World::start(Setup { policy, ..Setup::default() }).await;
    let (anna, witness) = (world.person(0), world.person(1));
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true, "text": "Jour fixe"})).await;
    let edited = json!({"start": world.at(-60).to_string(), "end": world.at(36_000).to_string(), "kind": "out_of_office",
        "subject": "Messe"});
    world.put_event(&anna, "a", edited).await;
    world.shows(&anna, json!({"dnd": true, "text": "Messe"})).await;
    world.stop().await;
    world.run().await;
    world.a_round_has_passed(&witness).await;
    assert_eq!(world.account(&anna).await["dnd"], true);
    assert!(world.diverted(&anna).await.is_empty());
    world.call_off(&anna, "a").await;
    world.shows(&anna, json!({"dnd": false, "text": ""})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_asked_for_the_old_group_says_nothing_about_the_new_one() {
    let mut world = World::start(Setup::default()).await;
    let (anna, group) = (world.person(0), world.sim.ready().starface_group.clone());
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    let groups = world.control(Method::GET, "/groups", Value::Null).await;
    let mut names = groups.as_array().unwrap().iter().map(|found| found["name"].as_str().unwrap());
    let other = names.rfind(|name| *name != group).unwrap().to_owned();
    for person in world.people() {
        world.control(Method::DELETE, &format!("/groups/{other}/members/{}", person.account), Value::Null).await;
    }
    // The old group's members are on their way, slowly, when the group is changed.
    world.control(Method::PUT, "/pace", json!({"rest": {"latency_ms": 300}})).await;
    world.apply().await;
    world.setup.group = Some(other);
    world.apply().await;
    world.shows(&anna, json!({"dnd": false})).await;
    world.board_says("that nobody is in the new group", |board| board.lamps.is_empty()).await;
    let later = world.at(40);
    let passed = async || if world.clock.now() > later { Ok(()) } else { Err(world.clock.now()) };
    eventually("forty seconds pass", passed).await;
    assert_eq!(world.written(&anna).await.len(), 2, "taken once and given back once");
}
