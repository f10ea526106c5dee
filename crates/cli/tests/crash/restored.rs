//! Backups, and the telephones after a restore.

use std::process::Output;

use busylamp_store::Key;
use serde_json::json;

use crate::{
    process::output,
    world::{DND_PRESENCE_TEXT, Setup, World, eventually},
};

async fn called(world: &World, arguments: &[&str]) -> Output {
    output(world.with_store(arguments)).await
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_store_writes_nothing_but_what_is_right() {
    let setup = Setup { users: 4, speed: 1, poll: "1s", policy: DND_PRESENCE_TEXT, ..Setup::default() };
    let world = World::prepare(setup).await;
    let (anna, ben, clara, witness) = (world.person(0), world.person(1), world.person(2), world.person(3));
    let copy = world.folder.path().join("copy.db");
    let copy = copy.to_str().unwrap();
    world.apply_file().await;
    let run = world.run_process("info").await;
    for person in [&anna, &clara] {
        world.is_in_a_meeting(person, "a").await;
        world.shows(person, json!({"dnd": true, "presence": "do_not_disturb", "text": "Jour fixe"})).await;
    }
    let start = world.at(5);
    world.meet(&ben, "b", start, world.at(36_000), "Messe").await;
    world.a_round_has_passed(&witness).await;

    let backup = called(&world, &["backup", copy]).await;
    assert!(backup.status.success(), "{}", err(&backup));
    let again = called(&world, &["backup", copy]).await;
    assert_eq!(again.status.code(), Some(2), "{}", err(&again));
    let refused = called(&world, &["restore", copy]).await;
    assert_eq!(refused.status.code(), Some(3), "{}", err(&refused));
    assert!(err(&refused).contains("stop Busylamp"), "{}", err(&refused));

    // Since then: Anna's meeting was called off and given back, Ben's before it began. Clara's goes on.
    world.call_off(&anna, "a").await;
    world.remove_event(&ben, "b").await;
    world.shows(&anna, json!({"dnd": false, "presence": "available", "text": ""})).await;
    world.by_hand(&anna, json!({"text": "Homeoffice"})).await;
    world.a_round_has_passed(&witness).await;
    assert_eq!(run.terminate().await, Some(0));
    let passed = async || if world.clock.now() > start { Ok(()) } else { Err(start) };
    eventually("Ben's meeting would have begun", passed).await;
    let counts =
        async || [world.written(&anna).await.len(), world.written(&ben).await.len(), world.written(&clara).await.len()];
    let before = counts().await;

    let other = world.folder.path().join("other.key");
    Key::create(&other).unwrap();
    let refused = called(&world, &["restore", copy, "--key", other.to_str().unwrap()]).await;
    assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
    let restored = called(&world, &["restore", copy]).await;
    assert!(restored.status.success(), "{}", err(&restored));
    let run = world.run_process("info").await;
    world.a_round_has_passed(&witness).await;

    assert_eq!(counts().await, before);
    world.shows(&anna, json!({"dnd": false, "presence": "available", "text": "Homeoffice"})).await;
    world.call_off(&clara, "a").await;
    world.shows(&clara, json!({"dnd": false, "presence": "available", "text": ""})).await;
    assert_eq!(run.terminate().await, Some(0));
}
