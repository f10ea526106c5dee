//! A usual day: edits, starts and ends, and people who use their phones.

use busylamp_core::keeper::Flag;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{DND, DND_PRESENCE_TEXT, Setup, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_in_the_calendar_moves_a_lamp() {
    let world = World::start(Setup { policy: DND_PRESENCE_TEXT, ..Setup::default() }).await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true, "presence": "do_not_disturb", "text": "Jour fixe"})).await;
    world
        .board_says("that she is in a meeting", |board| {
            board
                .lamps
                .iter()
                .any(|lamp| lamp.dnd == Some(true) && lamp.in_event && lamp.text.as_deref() == Some("Jour fixe"))
        })
        .await;
    world.meet(&anna, "a", world.at(-60), world.at(36_000), "Klausur").await;
    world.shows(&anna, json!({"dnd": true, "text": "Klausur"})).await;
    world.remove_event(&anna, "a").await;
    world.shows(&anna, json!({"dnd": false, "presence": "available", "text": ""})).await;
    world.board_says("that nobody is in a meeting", |board| board.lamps.iter().all(|lamp| !lamp.in_event)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_and_an_end_come_on_time_however_seldom_the_calendar_is_read() {
    let mut world = World::prepare(Setup { speed: 1, poll: "60s", policy: DND, ..Setup::default() }).await;
    let anna = world.person(0);
    let (start, end) = (world.at(3), world.at(5));
    world.meet(&anna, "a", start, end, "Jour fixe").await;
    world.run().await;
    world.apply().await;
    world.shows(&anna, json!({"dnd": true})).await;
    world.shows(&anna, json!({"dnd": false})).await;
    on_time(&world, &[start, end]).await;
}

/// The world's writes came at these instants, or less than a second later.
pub(crate) async fn on_time(world: &World, edges: &[jiff::Timestamp]) {
    let writes = world.writes().await;
    assert_eq!(writes.len(), edges.len(), "{writes:?}");
    for (write, edge) in writes.iter().zip(edges) {
        let late = write.instant.duration_since(*edge);
        assert!(!late.is_negative() && late.as_secs() < 1, "{write:?} came {late:#} after {edge}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn do_not_disturb_presence_text_and_diversions_are_taken_and_given_back() {
    let policy = "actions = { busy = \"dnd\", out_of_office = \"forward\" }\nset_presence = true\ntitle_as_text = true";
    let world = World::start(Setup { policy, ..Setup::default() }).await;
    let (anna, ben) = (world.person(0), world.person(1));
    world.by_hand(&anna, json!({"text": "Homeoffice"})).await;
    world.is_in_a_meeting(&anna, "a").await;
    let away = json!({"start": world.at(-60).to_string(), "end": world.at(36_000).to_string(), "kind": "out_of_office",
        "subject": "Messe"});
    world.put_event(&ben, "b", away).await;
    world.shows(&anna, json!({"dnd": true, "presence": "do_not_disturb", "text": "Jour fixe"})).await;
    world.shows(&ben, json!({"dnd": false, "presence": "extended_away", "text": "Messe"})).await;
    world.diverts(&ben, &["external"]).await;
    assert!(world.diverted(&anna).await.is_empty());
    world.call_off(&anna, "a").await;
    world.call_off(&ben, "b").await;
    world.shows(&anna, json!({"dnd": false, "presence": "available", "text": "Homeoffice"})).await;
    world.shows(&ben, json!({"dnd": false, "presence": "available", "text": ""})).await;
    world.diverts(&ben, &[]).await;
    assert_eq!((world.written(&anna).await.len(), world.written(&ben).await.len()), (6, 6), "each once and back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_labels_on_colleagues_phones_go_with_the_text_and_come_back() {
    let policy = "title_as_text = true\nblf_labels = true";
    let mut world = World::start(Setup { policy, ..Setup::default() }).await;
    let anna = world.person(0);
    let before = world.account(&anna).await["labels"].clone();
    assert!(!before.as_object().unwrap().is_empty());
    world.is_in_a_meeting(&anna, "a").await;
    let mut during = before.clone();
    for (_, name) in during.as_object_mut().unwrap() {
        *name = json!(format!("{} · Jour fixe", name.as_str().unwrap()));
    }
    world.shows(&anna, json!({"text": "Jour fixe", "labels": during})).await;
    // Stopped in the middle and started again: the keys are looked through before anything is given back.
    world.stop().await;
    world.run().await;
    world.call_off(&anna, "a").await;
    world.shows(&anna, json!({"text": "", "labels": before})).await;
    let written = world.written(&anna).await.len();
    assert_eq!(written, 2 * (1 + before.as_object().unwrap().len()), "each once and back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_no_instance_publishes_labels_nobody_looks_through_keys() {
    let world = World::start(Setup { policy: DND, ..Setup::default() }).await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    let requests = world.requests().await;
    let keys = requests.iter().find(|(kind, _)| kind == "rest.keys").map_or(0, |(_, count)| *count);
    assert!(keys <= 1, "one question whether it is allowed: {requests:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn back_to_back_meetings_are_one_chain() {
    let world = World::start(Setup { speed: 4, poll: "2s", ..Setup::default() }).await;
    let anna = world.person(0);
    let (start, change, end) = (world.at(8), world.at(12), world.at(16));
    world.meet(&anna, "a", start, change, "Jour fixe").await;
    world.meet(&anna, "b", change, end, "Klausur").await;
    world.shows(&anna, json!({"dnd": true})).await;
    world.shows(&anna, json!({"dnd": false})).await;
    assert!(world.clock.now() >= end);
    assert_eq!(world.written(&anna).await.len(), 2, "nothing is written between them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_person_changes_stands_until_the_next_meeting() {
    let world = World::start(Setup::default()).await;
    let (anna, witness) = (world.person(0), world.person(1));
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    world.by_hand(&anna, json!({"dnd": false})).await;
    world.a_round_has_passed(&witness).await;
    assert_eq!(world.account(&anna).await["dnd"], false);
    world.meet(&anna, "a", world.at(-60), world.at(36_000), "Jour fixe, verschoben").await;
    world.a_round_has_passed(&witness).await;
    assert_eq!(world.account(&anna).await["dnd"], false, "the same meeting, edited");
    world.meet(&anna, "b", world.at(-30), world.at(18_000), "Klausur").await;
    world.shows(&anna, json!({"dnd": true})).await;
    world.call_off(&anna, "b").await;
    world.shows(&anna, json!({"dnd": false})).await;
    assert_eq!(world.written(&anna).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_joins_the_group_is_followed_and_who_leaves_gets_everything_back() {
    // The directory is read every five minutes: here that is a little more than one second.
    let world = World::start(Setup { speed: 240, poll: "60s", ..Setup::default() }).await;
    let (anna, ben) = (world.person(0), world.person(1));
    let group = world.sim.ready().starface_group.clone();
    world.is_in_a_meeting(&anna, "a").await;
    world.is_in_a_meeting(&ben, "b").await;
    world.shows(&anna, json!({"dnd": true})).await;
    world.shows(&ben, json!({"dnd": true})).await;

    let new = world.joins("Clara Neu", "clara@lindenhof.example").await;
    world.is_in_a_meeting(&new, "c").await;
    world.control(Method::DELETE, &format!("/groups/{group}/members/{}", anna.account), Value::Null).await;
    world.shows(&new, json!({"dnd": true})).await;
    world.shows(&anna, json!({"dnd": false})).await;

    world.control(Method::PUT, &format!("/groups/{group}/members/{}", anna.account), Value::Null).await;
    world.shows(&anna, json!({"dnd": true})).await;
    world.by_hand(&ben, json!({"mail": ""})).await;
    world.shows(&ben, json!({"dnd": false})).await;
    world
        .board_says("that one has no mail address", |board| {
            let flagged = board.lamps.iter().filter(|lamp| lamp.flags.contains(&Flag::NoMailAddress));
            flagged.count() == 1
        })
        .await;
    world.by_hand(&ben, json!({"mail": ben.mail})).await;
    world.shows(&ben, json!({"dnd": true})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_is_seen_at_the_next_poll_and_quiet_polls_cost_next_to_nothing() {
    let world = World::start(Setup { users: 40, speed: 15, poll: "10s", ..Setup::default() }).await;
    let people = world.people();
    for person in &people {
        world.meet(person, "later", world.at(36_000), world.at(39_600), "Später").await;
    }
    // Once everybody has been read, and nothing has changed for a whole poll, it is quiet.
    world.a_round_has_passed(&people[0]).await;
    world.quiet_polls(2).await;
    world.control(Method::DELETE, "/requests", Value::Null).await;
    world.quiet_polls(4).await;
    let requests = world.requests_to_graph().await;
    assert!(requests <= 4 * people.len() as u64 / 20 + 2, "{requests} requests: {:?}", world.requests().await);

    let edited = world.clock.now();
    world.is_in_a_meeting(&people[7], "now").await;
    world.shows(&people[7], json!({"dnd": true})).await;
    let seen = world.writes().await.pop().unwrap().instant;
    assert!(seen.duration_since(edited).as_secs() <= 20, "it took {:#}", seen.duration_since(edited));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_program_leads_a_persons_change_is_written_over_and_given_back_later() {
    let policy = "actions = { busy = \"dnd\" }\nmanual_change = \"lead\"\nset_presence = true\nlead = true\ntitle_as_text = true";
    let world = World::start(Setup { policy, ..Setup::default() }).await;
    let anna = world.person(0);
    world.by_hand(&anna, json!({"presence": "extended_away"})).await;
    world.is_in_a_meeting(&anna, "a").await;
    let meeting = json!({"dnd": true, "presence": "do_not_disturb", "text": "Jour fixe"});
    world.shows(&anna, meeting.clone()).await;
    world.by_hand(&anna, json!({"dnd": false, "presence": "free_for_chat", "text": "Bin da"})).await;
    world.shows(&anna, meeting).await;
    world.call_off(&anna, "a").await;
    world.shows(&anna, json!({"dnd": false, "presence": "free_for_chat", "text": "Bin da"})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn series_whole_days_and_meetings_since_long_ago_are_found() {
    let world = World::start(Setup::default()).await;
    let (anna, ben, clara) = (world.person(0), world.person(1), world.person(2));
    let day = 86_400;
    let series = json!({"start": world.at(-2 * day - 60).to_string(), "end": world.at(-2 * day + 36_000).to_string(),
        "kind": "busy", "recurrence": {"every_days": 1, "count": 10}});
    world.put_event(&anna, "series", series).await;
    let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
    let today = zone.to_datetime(world.clock.now()).date().to_string();
    world.put_event(&ben, "day", json!({"all_day": true, "first_day": today, "last_day": today, "kind": "busy"})).await;
    world.meet(&clara, "long", world.at(-20 * day), world.at(20 * day), "Forschungssemester").await;
    for person in [&anna, &ben, &clara] {
        world.shows(person, json!({"dnd": true})).await;
    }
    world.call_off(&anna, "series").await;
    world.call_off(&ben, "day").await;
    world.call_off(&clara, "long").await;
    for person in [&anna, &ben, &clara] {
        world.shows(person, json!({"dnd": false})).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_address_is_another_mailbox_and_two_may_follow_one() {
    let world = World::start(Setup { speed: 240, poll: "60s", ..Setup::default() }).await;
    let (anna, ben) = (world.person(0), world.person(1));
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    world.by_hand(&ben, json!({"mail": format!("  {} ", anna.mail.to_uppercase())})).await;
    world.shows(&ben, json!({"dnd": true})).await;
    world.by_hand(&anna, json!({"mail": ben.mail})).await;
    world.shows(&anna, json!({"dnd": false})).await;
    world.call_off(&anna, "a").await;
    world.shows(&ben, json!({"dnd": false})).await;
}
