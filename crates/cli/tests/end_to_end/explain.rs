//! Why it was, is and will be so; and how it goes.

use busylamp_core::{account::Dimension, keeper::Flag, language::Language};
use busylamp_service::{
    health::Side,
    user::{Explanation, KnownFrom, Outcome},
};
use jiff::Timestamp;
use serde_json::json;

use crate::world::{DND, DND_PRESENCE_TEXT, Person, Setup, World, eventually};

impl World {
    async fn explain(&self, person: &Person, at: Timestamp, language: Language) -> Explanation {
        let (instance, account) = self.user(person);
        self.service().explain(&instance, &account, at, language).await.unwrap().unwrap()
    }
}

fn about<'a>(explanation: &'a Explanation, dimension: &Dimension) -> &'a str {
    let found = explanation.dimensions.iter().find(|(about, _)| about == dimension);
    found.map_or_else(|| panic!("{dimension} in {explanation:#?}"), |(_, sentence)| sentence)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_instant_is_explained_in_both_languages() {
    let world = World::start(Setup { policy: DND_PRESENCE_TEXT, ..Setup::default() }).await;
    let anna = world.person(0);
    let before = world.clock.now();
    let (end, later) = (world.at(70), world.at(7_200));
    world.meet(&anna, "a", world.at(-60), end, "Jour fixe").await;
    world.meet(&anna, "b", later, later + jiff::SignedDuration::from_secs(3_600), "Klausur").await;
    world.shows(&anna, json!({"dnd": true, "presence": "do_not_disturb", "text": "Jour fixe"})).await;
    let during = world.clock.now();
    let now = world.explain(&anna, Timestamp::MIN, Language::English).await;
    assert_eq!(now.from, KnownFrom::History, "long ago");
    assert!(now.winner.contains("Nothing was written down"), "{now:#?}");
    let told = async || {
        let view = world.view(&anna).await.explanation;
        let so = view.winner.contains("busy") && view.until.contains("nothing is wanted") && view.dimensions.len() >= 3;
        if so { Ok(()) } else { Err(view) }
    };
    eventually("what decides now is told", told).await;
    world.shows(&anna, json!({"dnd": false})).await;
    let now = world.view(&anna).await.explanation;
    assert_eq!(now.from, KnownFrom::Now);
    assert!(now.winner.contains("No event is running"), "{now:#?}");

    let past = world.explain(&anna, during, Language::German).await;
    assert_eq!(past.from, KnownFrom::History);
    assert!(past.winner.starts_with("Entschieden hat der Termin"), "{past:#?}");
    let dnd = about(&past, &Dimension::Dnd);
    assert!(
        dnd.contains("Gewollt war an") && dnd.contains("Voreinstellung") && dnd.contains("Geschrieben um"),
        "{dnd}"
    );
    assert!(past.until.contains("Das galt bis"), "{past:#?}");
    let earlier = world.explain(&anna, before, Language::English).await;
    assert!(earlier.winner.starts_with("Nothing was"), "{earlier:#?}");

    let future = world.explain(&anna, later, Language::English).await;
    assert_eq!(future.from, KnownFrom::Calendar);
    assert!(future.winner.starts_with("What decides is the event"), "{future:#?}");
    assert!(about(&future, &Dimension::Dnd).contains("Wanted is on"), "{future:#?}");
    assert!(future.until.contains("nothing is wanted"), "{future:#?}");
    let far = world.explain(&anna, world.at(30 * 86_400), Language::English).await;
    assert!(far.winner.contains("read only until"), "{far:#?}");
    for told in [past, earlier, future, far] {
        assert!(!format!("{told:?}").contains("Jour") && !format!("{told:?}").contains("Klausur"), "{told:#?}");
    }
    let nobody = world.service().explain(&"Test".into(), &"999999".into(), before, Language::English).await.unwrap();
    assert_eq!(nobody, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_paused_user_the_explanation_says_until_when_and_what_comes_then() {
    let world = World::start(Setup { policy: DND, ..Setup::default() }).await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    let during = world.clock.now();
    let (instance, account) = world.user(&anna);
    let until = world.at(3_600);
    assert_eq!(world.service().pause(&instance, &account, Some(until)).await.unwrap(), Outcome::Done);
    world.shows(&anna, json!({"dnd": false})).await;
    let told = async || match world.view(&anna).await.explanation {
        told if told.winner.contains("paused until") && told.until.contains("do not disturb on") => Ok(()),
        told => Err(told),
    };
    eventually("the pause is told", told).await;
    let soon = world.explain(&anna, world.at(60), Language::German).await;
    assert!(soon.winner.contains("angehalten bis"), "{soon:#?}");
    let then = world.explain(&anna, until, Language::German).await;
    assert!(then.winner.starts_with("Es entscheidet"), "{then:#?}");
    let paused_at = world.clock.now();
    let ended = async || {
        let told = world.explain(&anna, paused_at, Language::English).await;
        if about(&told, &Dimension::Dnd).contains("synchronisation was paused") { Ok(()) } else { Err(told) }
    };
    eventually("the past knows of the pause", ended).await;
    assert!(about(&world.explain(&anna, during, Language::English).await, &Dimension::Dnd).contains("default action"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn titles_are_shown_only_where_the_policy_publishes_them() {
    let titles = async |policy| {
        let world = World::start(Setup { policy, ..Setup::default() }).await;
        let anna = world.person(0);
        let event = |subject: &str, more: serde_json::Value| {
            let (start, end) = (world.at(600).to_string(), world.at(1_200).to_string());
            let mut event = json!({"start": start, "end": end, "kind": "busy", "subject": subject});
            event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            event
        };
        world.put_event(&anna, "a", event("Jour fixe", json!({}))).await;
        world.put_event(&anna, "b", event("Arzt", json!({"sensitivity": "private"}))).await;
        world.put_event(&anna, "c", event("Abgesagt", json!({"cancelled": true}))).await;
        world.put_event(&anna, "d", event("Nebenbei", json!({"kind": "free"}))).await;
        world.is_in_a_meeting(&anna, "now").await;
        world.shows(&anna, json!({"dnd": true})).await;
        let mut titles: Vec<_> = world.view(&anna).await.events.into_iter().filter_map(|event| event.title).collect();
        titles.sort();
        titles
    };
    assert!(titles(DND).await.is_empty());
    // The cancelled one never counts, the private one is masked, and the free one always stands behind others.
    assert_eq!(titles(DND_PRESENCE_TEXT).await, ["Jour fixe", "Jour fixe"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_tells_of_every_connection_and_of_whom_to_look_at() {
    let world = World::start(Setup::default()).await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    let well = async || {
        let health = world.service().health().await.unwrap();
        let sides: Vec<_> = health.connections.iter().map(|connection| connection.side).collect();
        let well = |c: &busylamp_service::health::ConnectionHealth| {
            c.trouble.is_none() && c.last_success.is_some() && c.latency_ms.is_some()
        };
        let all_well = health.connections.iter().all(well);
        if all_well && sides == [Side::Graph, Side::Group, Side::Starface, Side::Store] { Ok(()) } else { Err(health) }
    };
    eventually("all is well", well).await;
    let health = world.service().health().await.unwrap();
    assert!(health.flagged.is_empty() && health.oldest_overdue_give_back.is_none(), "{health:#?}");
    assert!(health.oldest_reading.is_some() && health.lost_records == 0);
    // The telephone system is away when the meeting ends.
    world.fault("starface_unavailable", true).await;
    world.call_off(&anna, "a").await;
    let ill = async || {
        let health = world.service().health().await.unwrap();
        let starface = health.connections.iter().any(|c| c.side == Side::Starface && c.trouble.is_some());
        if starface { Ok(()) } else { Err(health) }
    };
    eventually("that the telephone system is away", ill).await;
    world.fault("starface_unavailable", false).await;
    world.shows(&anna, json!({"dnd": false})).await;
    assert!(!world.board().lamps.iter().any(|lamp| lamp.flags.contains(&Flag::RefusedByPbx)));
}
