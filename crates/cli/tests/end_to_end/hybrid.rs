//! Mailboxes in the cloud and on a server in one instance, and one that moves.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    process::{busylamp, output},
    world::{DND_PRESENCE_TEXT, Exchange, LONG_PATIENCE, Person, Reads, Setup, World},
};

fn both() -> Setup {
    Setup { reads: Reads::Both(Exchange::default()), policy: DND_PRESENCE_TEXT, ..Setup::default() }
}

async fn lives(world: &World, person: &Person, home: &str) {
    world.change_mailbox(&person.mail, json!({"home": home})).await;
}

/// Anna in the cloud, everybody else on the server.
async fn company() -> World {
    let mut world = World::prepare(both()).await;
    for (place, person) in world.people().iter().enumerate() {
        lives(&world, person, if place == 0 { "cloud" } else { "server" }).await;
    }
    world.run().await;
    world.apply().await;
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mailbox_is_read_where_it_lives() {
    let world = company().await;
    let (anna, ben) = (world.person(0), world.person(1));
    world.is_in_a_meeting(&anna, "a").await;
    world.is_in_a_meeting(&ben, "b").await;
    world.shows(&anna, json!({"dnd": true, "text": "Jour fixe"})).await;
    world.shows(&ben, json!({"dnd": true, "text": "Jour fixe"})).await;
    // The server is away: who lives in the cloud does not notice.
    world.fault("ews_reset", true).await;
    world.call_off(&anna, "a").await;
    world.shows(&anna, json!({"dnd": false})).await;
    world.is_in_a_meeting(&anna, "again").await;
    world.shows(&anna, json!({"dnd": true})).await;
    assert_eq!(world.account(&ben).await["dnd"], true);
    world
        .board_says("which side is away", |board| {
            board.connections.iter().all(|c| c.trouble.is_some() == c.name.to_string().ends_with("Exchange Server"))
        })
        .await;
    world.fault("ews_reset", false).await;
    world.call_off(&ben, "b").await;
    world.shows_within(LONG_PATIENCE, &ben, json!({"dnd": false})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_that_moves_to_the_cloud_keeps_its_state_and_is_followed_there() {
    let mut world = company().await;
    let ben = world.person(1);
    world.is_in_a_meeting(&ben, "b").await;
    world.shows(&ben, json!({"dnd": true, "text": "Jour fixe"})).await;
    lives(&world, &ben, "moving").await;
    world.quiet_polls(3).await;
    lives(&world, &ben, "cloud").await;
    world.quiet_polls(3).await;
    assert_eq!(world.written(&ben).await.len(), 3, "the move is not to be seen at the telephone");
    world.call_off(&ben, "b").await;
    world.shows_within(LONG_PATIENCE, &ben, json!({"dnd": false, "text": ""})).await;
    // It is remembered over a restart: nobody asks the server for him again.
    world.stop().await;
    world.control(Method::DELETE, "/requests", Value::Null).await;
    world.run().await;
    world.is_in_a_meeting(&ben, "c").await;
    world.shows(&ben, json!({"dnd": true})).await;
    // And back again.
    lives(&world, &ben, "server").await;
    world.call_off(&ben, "c").await;
    world.shows_within(LONG_PATIENCE, &ben, json!({"dnd": false})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_says_on_which_side_everybody_lives() {
    let world = company().await;
    let file = world.write_files();
    let check = output(busylamp(&["check", file.to_str().unwrap()])).await;
    let said = String::from_utf8(check.stdout).unwrap();
    assert!(check.status.success(), "{said}");
    for (place, person) in world.people().iter().enumerate() {
        let side = if place == 0 { "Microsoft Graph" } else { "Exchange Server" };
        assert!(said.contains(&format!("user {}: {side}", person.account)), "{said}");
    }
}
