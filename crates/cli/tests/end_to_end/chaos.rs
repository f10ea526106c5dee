//! Everything fails now and then, people edit their calendars, the program is stopped and started; when peace returns,
//! every phone shows what its calendar says, and in the end what its user had before.

mod line;
mod wire;

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Person, Setup, World};

const POLICY: &str =
    "actions = { busy = \"dnd\", out_of_office = \"forward\" }\nset_presence = true\ntitle_as_text = true";
const FAULTS: [&str; 16] = [
    "login_unavailable",
    "graph_reset",
    "graph_cut",
    "graph_garbage",
    "graph_unauthorized",
    "graph_throttled_bare",
    "graph_unavailable",
    "graph_page_error",
    "delta_lost",
    "delta_restless",
    "starface_reset",
    "starface_answer_lost",
    "starface_unavailable",
    "bridge_answer_lost",
    "bridge_internal",
    "bridge_events_lost",
];

/// The same numbers in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_any_storm_every_phone_shows_what_its_calendar_says() {
    let mut world = World::start(Setup { users: 8, policy: POLICY, ..Setup::default() }).await;
    let people = world.people();
    for person in &people {
        world.by_hand(person, json!({"text": format!("Eigener Text {}", person.account)})).await;
    }
    let mut dice = Dice(1);
    for storm in 0..3 {
        for fault in FAULTS {
            let rate = if dice.below(2) == 0 { 0.15 } else { 0.0 };
            world.control(Method::PUT, &format!("/faults/{fault}"), json!({"rate": rate})).await;
        }
        for _ in 0..25 {
            let person = &people[usize::try_from(dice.below(8)).unwrap()];
            edit(&world, &mut dice, person).await;
        }
        if storm == 2 {
            world.stop().await;
            edit(&world, &mut dice, &people[0]).await;
            world.run().await;
        } else {
            world.control(Method::POST, "/bridge/restart", Value::Null).await;
            world.control(Method::POST, "/tokens/expire", Value::Null).await;
        }
    }
    for fault in FAULTS {
        world.fault(fault, false).await;
    }
    for person in &people {
        world.meet(person, "last", world.at(-10), world.at(36_000), &format!("Klausur {}", person.account)).await;
        let _there = world.call_off_if_there(person, "away").await;
        let _there = world.call_off_if_there(person, "short").await;
    }
    for person in &people {
        let text = format!("Klausur {}", person.account);
        world.shows(person, json!({"dnd": true, "presence": "do_not_disturb", "text": text})).await;
        world.diverts(person, &[]).await;
    }
    for person in &people {
        let _there = world.call_off_if_there(person, "last").await;
        let _there = world.call_off_if_there(person, "long").await;
    }
    for person in &people {
        let text = format!("Eigener Text {}", person.account);
        world.shows(person, json!({"dnd": false, "presence": "available", "text": text})).await;
        world.diverts(person, &[]).await;
    }
}

/// Somebody enters, moves or deletes something.
async fn edit(world: &World, dice: &mut Dice, person: &Person) {
    match dice.below(5) {
        0 => world.meet(person, "long", world.at(-300), world.at(36_000), "Jour fixe").await,
        1 => world.meet(person, "short", world.at(2), world.at(8), "Kurz").await,
        2 => {
            let (start, end) = (world.at(-60).to_string(), world.at(36_000).to_string());
            world.put_event(person, "away", json!({"start": start, "end": end, "kind": "out_of_office"})).await;
        }
        3 => drop(world.call_off_if_there(person, "away").await),
        _ => drop(world.call_off_if_there(person, "long").await),
    }
    // People are not faster. Nothing depends on what is noticed meanwhile.
    tokio::time::sleep(std::time::Duration::from_millis(40)).await;
}
