//! What is not of every day: refusals, several instances, kept status, other ways to sign in.

use busylamp_core::keeper::Flag;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{DND_PRESENCE_TEXT, Person, Setup, World, eventually};

async fn refuses(world: &World, person: &Person, dimensions: &[&str]) {
    world.control(Method::PUT, &format!("/accounts/{}/refuses", person.account), json!(dimensions)).await;
}

async fn flagged(world: &World, person: &Person, flags: &[Flag]) {
    let account = person.account.to_string();
    world
        .board_says(&format!("{flags:?} of {account}"), |board| {
            board.lamps.iter().any(|lamp| lamp.account.as_str() == account && lamp.flags == flags)
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_take_rests_and_a_refused_give_back_is_repeated() {
    let world = World::start(Setup { policy: DND_PRESENCE_TEXT, ..Setup::default() }).await;
    let anna = world.person(0);
    refuses(&world, &anna, &["dnd"]).await;
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": false, "presence": "do_not_disturb", "text": "Jour fixe"})).await;
    flagged(&world, &anna, &[Flag::RefusedByPbx]).await;
    refuses(&world, &anna, &[]).await;
    // Another event is another occasion.
    world.meet(&anna, "b", world.at(-30), world.at(18_000), "Klausur").await;
    world.shows(&anna, json!({"dnd": true, "text": "Klausur"})).await;
    flagged(&world, &anna, &[]).await;
    refuses(&world, &anna, &["dnd", "presence"]).await;
    world.call_off(&anna, "a").await;
    world.call_off(&anna, "b").await;
    world.shows(&anna, json!({"dnd": true, "presence": "do_not_disturb", "text": ""})).await;
    flagged(&world, &anna, &[Flag::RefusedByPbx]).await;
    refuses(&world, &anna, &[]).await;
    world.shows(&anna, json!({"dnd": false, "presence": "available"})).await;
    flagged(&world, &anna, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_status_is_taken_up_at_the_next_activation() {
    let policy = "actions = { busy = \"dnd\" }\nset_presence = true\ntitle_as_text = true\nkeep_on_deactivate = true";
    let mut world = World::start(Setup { policy, ..Setup::default() }).await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true, "presence": "do_not_disturb", "text": "Jour fixe"})).await;
    world.setup.active = false;
    world.apply().await;
    world.shows(&anna, json!({"dnd": false, "presence": "do_not_disturb", "text": "Jour fixe"})).await;
    world.call_off(&anna, "a").await;
    world.stop().await;
    world.run().await;
    assert_eq!(world.account(&anna).await["text"], "Jour fixe");
    world.setup.active = true;
    world.apply().await;
    world.shows(&anna, json!({"dnd": false, "presence": "available", "text": ""})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_never_act_on_one_account() {
    let world = World::start(Setup::default()).await;
    let (anna, ben) = (world.person(0), world.person(1));
    let (mut second, secrets) = world.instance();
    second.name = "Zweite".to_owned();
    second.policy.set_presence = true;
    second.policy.actions.busy = busylamp_core::policy::Action::None;
    world.apply_also(&second, &secrets).await;
    let flagged = |number: usize| {
        move |board: &busylamp_service::board::Board| {
            let flagged = board.lamps.iter().filter(|lamp| lamp.flags.contains(&Flag::HeldByAnotherInstance));
            flagged.count() == number
        }
    };
    world.board_says("that the second instance stands back", flagged(3)).await;
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true, "presence": "available"})).await;
    // The first one goes: the second takes over after the last give-back.
    let (mut first, secrets) = world.instance();
    first.active = false;
    world.apply_also(&first, &secrets).await;
    world.shows(&anna, json!({"dnd": false, "presence": "do_not_disturb"})).await;
    world.is_in_a_meeting(&ben, "b").await;
    world.shows(&ben, json!({"dnd": false, "presence": "do_not_disturb"})).await;
    world.board_says("that nobody stands back", flagged(0)).await;
    // It comes again, and is the second now.
    first.active = true;
    world.apply_also(&first, &secrets).await;
    world.board_says("that the first one stands back", flagged(3)).await;
    world.call_off(&anna, "a").await;
    world.shows(&anna, json!({"dnd": false, "presence": "available"})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_oauth_tokens_may_end_at_any_time_too() {
    let world = World::start(Setup { oauth: true, policy: DND_PRESENCE_TEXT, ..Setup::default() }).await;
    let anna = world.person(0);
    for _ in 0..2 {
        world.is_in_a_meeting(&anna, "a").await;
        world.shows(&anna, json!({"dnd": true, "presence": "do_not_disturb"})).await;
        world.control(Method::POST, "/tokens/expire", Value::Null).await;
        world.call_off(&anna, "a").await;
        world.shows(&anna, json!({"dnd": false, "presence": "available"})).await;
    }
    assert_eq!(world.logins().await, 0, "the older sign-in is not used");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_https_only_the_configured_authority_is_believed() {
    let mut world = World::start(Setup { tls: true, ..Setup::default() }).await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    world.stop().await;
    world.call_off(&anna, "a").await;
    world.run().await;
    world.shows(&anna, json!({"dnd": false})).await;
    world.setup.without_trust = true;
    world.apply().await;
    world
        .board_says("that neither certificate is trusted", |board| {
            board.connections.len() >= 2
                && board
                    .connections
                    .iter()
                    .all(|c| c.trouble.as_ref().is_some_and(|t| t.to_string().contains("certificate")))
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_that_the_telephone_system_cuts_is_ours_all_the_same() {
    let world = World::start(Setup { speed: 100, poll: "50s", policy: DND_PRESENCE_TEXT, ..Setup::default() }).await;
    let anna = world.person(0);
    world.fault("text_cut", true).await;
    let long = "Besprechung ".repeat(10);
    world.meet(&anna, "a", world.at(-60), world.at(36_000), &long).await;
    flagged(&world, &anna, &[Flag::TextCut]).await;
    world.call_off(&anna, "a").await;
    world.shows(&anna, json!({"dnd": false, "text": ""})).await;
    flagged(&world, &anna, &[]).await;
    world.meet(&anna, "b", world.at(-60), world.at(36_000), &long).await;
    world.shows(&anna, json!({"dnd": true})).await;
    let text = world.account(&anna).await["text"].as_str().unwrap().to_owned();
    assert!(text.ends_with('…') && text.chars().count() <= 100, "the length has been learned: {text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_that_goes_and_comes_back_and_an_account_that_is_deleted() {
    let world = World::start(Setup { speed: 60, poll: "30s", ..Setup::default() }).await;
    let (anna, ben, witness) = (world.person(0), world.person(1), world.person(2));
    for person in [&anna, &ben] {
        world.is_in_a_meeting(person, "a").await;
        world.shows(person, json!({"dnd": true})).await;
    }
    let access = async |word: &str| {
        world.control(Method::PATCH, &format!("/mailboxes/{}", anna.mail), json!({"access": word})).await;
    };
    access("denied").await;
    world.control(Method::POST, &format!("/mailboxes/{}/forget", anna.mail), Value::Null).await;
    flagged(&world, &anna, &[Flag::MailboxAccessDenied]).await;
    assert_eq!(world.account(&anna).await["dnd"], true, "what was read last stays in force");
    access("granted").await;
    flagged(&world, &anna, &[]).await;
    world.call_off(&anna, "a").await;
    world.shows(&anna, json!({"dnd": false})).await;

    world.control(Method::DELETE, &format!("/accounts/{}", ben.account), Value::Null).await;
    world.board_says("that there are two", |board| board.lamps.len() == 2).await;
    world.a_round_has_passed(&witness).await;
    world.board_says("that all is well", |board| board.connections.iter().all(|c| c.trouble.is_none())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn times_in_texts_are_those_of_the_mailbox() {
    let policy = "show_begin = true\nshow_end = true";
    let world = World::prepare(Setup { policy, ..Setup::default() }).await;
    let mut world = world;
    let anna = world.person(0);
    let zone = json!({"zone": "America/New_York"});
    world.control(Method::PATCH, &format!("/mailboxes/{}", anna.mail), zone).await;
    let zone = jiff::tz::TimeZone::get("America/New_York").unwrap();
    let (start, end) = (world.at(-60), world.at(600));
    world.meet(&anna, "a", start, end, "Jour fixe").await;
    world.run().await;
    world.apply().await;
    let (start, end) = (zone.to_datetime(start), zone.to_datetime(end));
    if start.date() == end.date() {
        let text = format!("{}–{}", start.strftime("%H:%M"), end.strftime("%H:%M"));
        world.shows(&anna, json!({"text": text})).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_meeting_of_everybody_takes_few_requests_and_comes_on_time() {
    let mut world =
        World::prepare(Setup { users: 100, speed: 1, poll: "60s", policy: DND_PRESENCE_TEXT, ..Setup::default() })
            .await;
    let people = world.people();
    let start = world.at(5);
    for person in &people {
        world.meet(person, "all", start, world.at(36_000), "Betriebsversammlung").await;
    }
    world.run().await;
    world.apply().await;
    let read = async || world.calendar_answered().map(|_| ()).ok_or("the calendar was not read yet");
    eventually("a first reading", read).await;
    world.control(Method::DELETE, "/requests", Value::Null).await;
    for person in &people {
        world.shows(person, json!({"dnd": true, "text": "Betriebsversammlung"})).await;
    }
    let writes = world.writes().await;
    assert_eq!(writes.len(), 300);
    assert!(writes.iter().all(|write| write.instant >= start));
    let last = writes.iter().map(|write| write.instant).max().unwrap();
    assert!(
        last.duration_since(start).as_millis() < 1000,
        "the last came {:#} after the start",
        last.duration_since(start)
    );
    let requests = world.requests().await;
    let applied = requests.iter().find(|(kind, _)| kind == "bridge.apply").unwrap().1;
    assert!(applied <= 5, "{applied} batches");
}
