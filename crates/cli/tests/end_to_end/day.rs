//! A usual day: edits, starts and ends, and people who use their phones.

use serde_json::json;

use crate::world::{DND, DND_PRESENCE_TEXT, Setup, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_in_the_calendar_moves_a_lamp() {
    let world = World::start(Setup { policy: DND_PRESENCE_TEXT, ..Setup::default() }).await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true, "presence": "do_not_disturb", "text": "Jour fixe"})).await;
    world
        .board_says("that she is in a meeting", |board| {
            board.lamps.iter().any(|lamp| lamp.dnd == Some(true) && lamp.in_event && lamp.text.as_deref() == Some("Jour fixe"))
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
