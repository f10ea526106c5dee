//! What fails: the cloud, the telephone system, the way between them, the disk.

mod disk;
mod leaving;

use busylamp_core::keeper::Flag;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    day::on_time,
    world::{DND_PRESENCE_TEXT, LONG_PATIENCE, Setup, World, eventually},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn meetings_start_and_end_on_time_while_the_cloud_is_down() {
    let mut world = World::prepare(Setup { speed: 1, poll: "1s", ..Setup::default() }).await;
    let anna = world.person(0);
    let (start, end) = (world.at(3), world.at(5));
    world.meet(&anna, "a", start, end, "Jour fixe").await;
    world.run().await;
    world.apply().await;
    let read = async || world.calendar_answered().map(|_| ()).ok_or("the calendar was not read yet");
    eventually("a first reading", read).await;
    for fault in ["graph_unavailable", "login_unavailable"] {
        world.fault(fault, true).await;
    }
    // Nobody has sent it, and nobody can know of it.
    world.call_off(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    world.shows(&anna, json!({"dnd": false})).await;
    on_time(&world, &[start, end]).await;
    assert!(world.struck("graph_unavailable").await + world.struck("login_unavailable").await > 0);
    world
        .board_says("that the calendar can't be read", |board| board.connections.iter().any(|c| c.trouble.is_some()))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_either_side_may_end_at_any_time() {
    let world = World::start(Setup { policy: DND_PRESENCE_TEXT, ..Setup::default() }).await;
    let anna = world.person(0);
    for round in 0..3 {
        world.is_in_a_meeting(&anna, "a").await;
        world.shows(&anna, json!({"dnd": true, "presence": "do_not_disturb"})).await;
        world.control(Method::POST, "/tokens/expire", Value::Null).await;
        world.call_off(&anna, "a").await;
        world.shows(&anna, json!({"dnd": false, "presence": "available"})).await;
        if round == 1 {
            world.control(Method::POST, "/bridge/restart", Value::Null).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_refusals_for_lack_of_time_passes_over() {
    tokio::join!(storm("graph_throttled"), storm("graph_throttled_bare"));
}

async fn storm(fault: &str) {
    let world = World::start(Setup::default()).await;
    let (anna, ben) = (world.person(0), world.person(1));
    let end = world.at(30);
    world.meet(&anna, "a", world.at(-60), end, "Jour fixe").await;
    world.shows(&anna, json!({"dnd": true})).await;
    world.fault(fault, true).await;
    world.is_in_a_meeting(&ben, "b").await;
    world.shows(&anna, json!({"dnd": false})).await;
    assert!(world.clock.now() >= end, "{fault}: the meeting was given up early");
    assert!(world.struck(fault).await > 0);
    assert_eq!(world.account(&ben).await["dnd"], false);
    world.fault(fault, false).await;
    world.shows(&ben, json!({"dnd": true})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_missing_in_the_middle_never_means_that_there_is_nothing() {
    tokio::join!(page_missing("graph_page_error"), page_missing("graph_page_missing"));
}

async fn page_missing(fault: &str) {
    let world = World::start(Setup::default()).await;
    let (anna, ben) = (world.person(0), world.person(1));
    // So many that they need several pages.
    world.is_in_a_meeting(&anna, "running").await;
    for number in 0..130 {
        let start = world.at(90_000 + 600 * number);
        world.meet(&anna, &format!("later{number:03}"), start, start, "Später").await;
    }
    world.shows(&anna, json!({"dnd": true})).await;
    world.fault(fault, true).await;
    // Something has changed, so everything has to be read again, and can't be.
    world.meet(&anna, "later000", world.at(95_000), world.at(95_060), "Verschoben").await;
    let struck = async || if world.struck(fault).await > 0 { Ok(()) } else { Err("not yet") };
    eventually(&format!("{fault} strikes"), struck).await;
    world.a_round_has_passed(&ben).await;
    assert_eq!(world.account(&anna).await["dnd"], true, "{fault}");
    world.fault(fault, false).await;
    assert_eq!(world.written(&anna).await.len(), 1);
    world.call_off(&anna, "running").await;
    world.shows(&anna, json!({"dnd": false})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ended_while_the_telephone_system_was_away_is_given_back_soon_after() {
    tokio::join!(
        ended_while_away("starface_unavailable"),
        ended_while_away("starface_reset"),
        ended_while_away("bridge_reset"),
        ended_while_away("bridge_missing"),
    );
}

async fn ended_while_away(fault: &str) {
    let policy = "actions = { busy = \"dnd\", out_of_office = \"forward\" }\nset_presence = true";
    let world = World::start(Setup { speed: 20, policy, ..Setup::default() }).await;
    let (anna, ben) = (world.person(0), world.person(1));
    let end = world.at(30);
    world.meet(&anna, "a", world.at(-60), end, "Jour fixe").await;
    let away = json!({"start": world.at(-60).to_string(), "end": end.to_string(), "kind": "out_of_office"});
    world.put_event(&ben, "b", away).await;
    world.shows(&anna, json!({"dnd": true, "presence": "do_not_disturb"})).await;
    world.diverts(&ben, &["external"]).await;
    world.fault(fault, true).await;
    // The outage goes on for a good while after the end.
    let over = end + jiff::SignedDuration::from_secs(60);
    let long_after = async || if world.clock.now() > over { Ok(()) } else { Err(world.clock.now()) };
    eventually("it is long after the end", long_after).await;
    assert_eq!(world.account(&anna).await["dnd"], true, "{fault}");
    world.fault(fault, false).await;
    let back = world.clock.now();
    world.shows(&anna, json!({"dnd": false, "presence": "available"})).await;
    world.shows(&ben, json!({"presence": "available"})).await;
    world.diverts(&ben, &[]).await;
    let took = world.clock.now().duration_since(back);
    assert!(took.as_secs() < 60, "{fault}: it took {took:#}");
    world.board_says("that all is well again", |board| board.connections.iter().all(|c| c.trouble.is_none())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_get_lost_leave_nothing_behind() {
    let policy = "actions = { busy = \"dnd\" }\nset_presence = true\ntitle_as_text = true";
    let world = World::start(Setup { policy, ..Setup::default() }).await;
    let anna = world.person(0);
    for fault in ["bridge_answer_lost", "starface_answer_lost", "starface_cut", "starface_unauthorized"] {
        let busy = json!({"dnd": true, "presence": "do_not_disturb", "text": "Jour fixe"});
        let free = json!({"dnd": false, "presence": "available", "text": ""});
        // Every answer is lost until one was; then the telephone system is itself again.
        let strikes = async || {
            let before = world.struck(fault).await;
            world.fault(fault, true).await;
            before
        };
        let is_over = async |before: u64| {
            let struck = async || if world.struck(fault).await > before { Ok(()) } else { Err(before) };
            eventually("the fault strikes", struck).await;
            world.fault(fault, false).await;
        };
        world.is_in_a_meeting(&anna, "a").await;
        world.shows_within(LONG_PATIENCE, &anna, busy.clone()).await;
        let before = strikes().await;
        world.call_off(&anna, "a").await;
        is_over(before).await;
        world.shows_within(LONG_PATIENCE, &anna, free.clone()).await;
        let before = strikes().await;
        world.is_in_a_meeting(&anna, "b").await;
        is_over(before).await;
        world.shows_within(LONG_PATIENCE, &anna, busy).await;
        world.call_off(&anna, "b").await;
        world.shows_within(LONG_PATIENCE, &anna, free).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_client_secret_is_told_and_a_right_one_is_taken_up_at_once() {
    let mut world = World::start(Setup { graph_secret: Some("falsch"), ..Setup::default() }).await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world
        .board_says("that the client secret is wrong", |board| {
            let trouble = board
                .connections
                .iter()
                .filter(|c| c.name.to_string().contains("Graph"))
                .find_map(|c| c.trouble.as_ref());
            trouble.is_some_and(|trouble| trouble.to_string().contains("client secret"))
        })
        .await;
    world
        .board_says("that nobody's calendar is known", |board| {
            !board.lamps.is_empty() && board.lamps.iter().all(|lamp| lamp.flags.contains(&Flag::CalendarUnknown))
        })
        .await;
    world.setup.graph_secret = None;
    world.apply().await;
    world.shows(&anna, json!({"dnd": true})).await;
    world.board_says("that all is well", |board| board.connections.iter().all(|c| c.trouble.is_none())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_tried_once_and_told() {
    // Ten minutes pass here in ten seconds: whatever is tried again has its occasion.
    let mut world =
        World::start(Setup { speed: 60, poll: "30s", pbx_password: Some("falsch"), ..Setup::default() }).await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    let says_so = |board: &busylamp_service::board::Board| {
        let pbx = board.connections.iter().find(|c| c.name.to_string().contains("STARFACE"));
        pbx.and_then(|c| c.trouble.as_ref())
            .is_some_and(|trouble| trouble.to_string().contains("login or password is wrong"))
    };
    world.board_says("that login or password is wrong", says_so).await;
    let later = world.at(300);
    let passed = async || if world.clock.now() > later { Ok(()) } else { Err(world.clock.now()) };
    eventually("five minutes pass", passed).await;
    world.board_says("it still", says_so).await;
    assert_eq!(world.logins().await, 1);
    world.setup.pbx_password = None;
    world.apply().await;
    world.shows(&anna, json!({"dnd": true})).await;
    world.board_says("that all is well", |board| board.connections.iter().all(|c| c.trouble.is_none())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_bridge_calls_are_diverted_and_what_is_missing_is_said() {
    let policy =
        "actions = { busy = \"forward\" }\nforward_internal_calls = true\nset_presence = true\ntitle_as_text = true";
    let world = World::start(Setup { bridge: false, policy, ..Setup::default() }).await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.diverts(&anna, &["external", "internal"]).await;
    world
        .board_says("that the bridge is missing", |board| {
            let notes = board.connections.iter().flat_map(|c| &c.notes);
            notes.filter(|note| note.to_string().contains("Without the bridge")).count() == 1
        })
        .await;
    world.call_off(&anna, "a").await;
    world.diverts(&anna, &[]).await;
    let account = world.account(&anna).await;
    assert_eq!(
        (&account["presence"], &account["text"], &account["dnd"]),
        (&json!("available"), &json!(""), &json!(false))
    );
    assert_eq!(world.written(&anna).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bridge_that_has_forgotten_every_event_is_not_asked_all_the_time() {
    let world = World::start(Setup::default()).await;
    let (anna, ben) = (world.person(0), world.person(1));
    world.a_round_has_passed(&ben).await;
    world.fault("bridge_events_lost", true).await;
    world.control(Method::DELETE, "/requests", Value::Null).await;
    world.is_in_a_meeting(&anna, "a").await;
    let later = world.at(30);
    let passed = async || if world.clock.now() > later { Ok(()) } else { Err(world.clock.now()) };
    eventually("half a minute passes", passed).await;
    let asked = world.requests().await.into_iter().find(|(kind, _)| kind == "bridge.events").map_or(0, |(_, n)| n);
    assert!((1..=10).contains(&asked), "{asked} times in half a minute");
    assert_eq!(world.account(&anna).await["dnd"], true);
    world.fault("bridge_events_lost", false).await;
    world.by_hand(&anna, json!({"dnd": false})).await;
    world.board_says("that she has taken her phone back", |b| b.lamps.iter().all(|lamp| lamp.dnd == Some(false))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_entered_while_reading_fails_and_removed_afterwards_is_gone() {
    let world = World::start(Setup { policy: DND_PRESENCE_TEXT, ..Setup::default() }).await;
    let anna = world.person(0);
    for number in 0..130 {
        let start = world.at(90_000 + 600 * number);
        world.meet(&anna, &format!("later{number:03}"), start, start, "Später").await;
    }
    world.is_in_a_meeting(&anna, "first").await;
    world.shows(&anna, json!({"dnd": true})).await;
    // The change is told, but what has changed can't be read: many pages, and one of them is missing.
    world.fault("graph_page_missing", true).await;
    world.remove_event(&anna, "first").await;
    let struck = async |times| {
        let before = world.struck("graph_page_missing").await;
        let more =
            async || if world.struck("graph_page_missing").await >= before + times { Ok(()) } else { Err(before) };
        eventually("a page is missing", more).await;
    };
    struck(1).await;
    world.meet(&anna, "second", world.at(-60), world.at(36_000), "Zweiter Termin").await;
    struck(2).await;
    world.fault("graph_page_missing", false).await;
    world.shows(&anna, json!({"text": "Zweiter Termin"})).await;
    world.remove_event(&anna, "second").await;
    world.shows(&anna, json!({"dnd": false, "text": ""})).await;
}
