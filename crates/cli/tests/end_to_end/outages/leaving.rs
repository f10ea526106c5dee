//! An instance is switched off, and not everything can be given back at once: what could not is named until it is.

use busylamp_core::keeper::Flag;
use reqwest::Method;
use serde_json::json;

use crate::world::{DND_PRESENCE_TEXT, Person, Setup, World, eventually};

async fn refuses(world: &World, person: &Person, dimensions: &[&str]) {
    world.control(Method::PUT, &format!("/accounts/{}/refuses", person.account), json!(dimensions)).await;
}

/// Waits until exactly these are said to have been refused something.
async fn refused(world: &World, people: &[&Person]) {
    let expected: Vec<String> = people.iter().map(|person| person.account.to_string()).collect();
    let told = async || {
        let health = world.service().health().await.unwrap();
        let flagged = health.flagged.into_iter().filter(|flagged| flagged.flag == Flag::RefusedByPbx);
        let named: Vec<String> = flagged.map(|flagged| flagged.account.as_str().to_owned()).collect();
        if named == expected { Ok(()) } else { Err(named) }
    };
    eventually(&format!("{expected:?} were refused something"), told).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gets_something_back_later_than_the_others_is_named_until_then() {
    let mut world = World::start(Setup { policy: DND_PRESENCE_TEXT, ..Setup::default() }).await;
    let (anna, ben) = (world.person(0), world.person(1));
    for person in [&anna, &ben] {
        world.is_in_a_meeting(person, "a").await;
        world.shows(person, json!({"dnd": true, "presence": "do_not_disturb", "text": "Jour fixe"})).await;
    }
    refuses(&world, &anna, &["dnd"]).await;
    world.setup.active = false;
    world.apply().await;
    world.shows(&ben, json!({"dnd": false, "presence": "available", "text": ""})).await;
    world.shows(&anna, json!({"dnd": true, "presence": "available", "text": ""})).await;
    refused(&world, &[&anna]).await;
    // A restart forgets neither her nor that she is waited for.
    world.stop().await;
    world.run().await;
    refused(&world, &[&anna]).await;
    refuses(&world, &anna, &[]).await;
    world.shows(&anna, json!({"dnd": false})).await;
    refused(&world, &[]).await;
    world.stop().await;
}
