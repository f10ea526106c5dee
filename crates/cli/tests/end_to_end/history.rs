//! What is written down of the past, and what a user's page makes of it.

use busylamp_core::{account::Dimension, language::Language};
use busylamp_service::user::{By, KnownFrom, UserView};
use busylamp_store::{Record, Recorded, What};
use jiff::Timestamp;
use serde_json::json;

use crate::world::{DND_PRESENCE_TEXT, Person, Setup, World, eventually};

impl World {
    /// What the store has of a person, the earliest first.
    async fn records(&self, person: &Person) -> Vec<Record> {
        let (instance, account) = self.user(person);
        let ever = Timestamp::MIN..Timestamp::MAX;
        let mut records = self.store().history(&instance, &account, ever, 1_000).await.unwrap();
        records.reverse();
        records
    }

    /// Waits until the store has a record like this.
    async fn recorded(&self, what: &str, person: &Person, is_so: impl Fn(&Record) -> bool) -> Record {
        let found = async || {
            let records = self.records(person).await;
            if records.iter().any(&is_so) { Ok(()) } else { Err(records) }
        };
        eventually(what, found).await;
        self.records(person).await.into_iter().rfind(is_so).unwrap()
    }

    pub(crate) async fn view(&self, person: &Person) -> UserView {
        let (instance, account) = self.user(person);
        let span = self.at(-86_400)..self.at(86_400);
        self.service().user(&instance, &account, span, Language::English).await.unwrap().unwrap()
    }
}

const ON: Option<Recorded> = Some(Recorded::Switch(true));
const OFF: Option<Recorded> = Some(Recorded::Switch(false));

fn is(what: What, before: Option<Recorded>, after: Option<Recorded>) -> impl Fn(&Record) -> bool {
    move |record| {
        (record.what, &record.dimension, record.before, record.after) == (what, &Dimension::Dnd, before, after)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_writes_and_changes_by_hand_are_written_down_without_a_title() {
    let world = World::start(Setup { policy: DND_PRESENCE_TEXT, ..Setup::default() }).await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    let decided = world.recorded("that DND was wanted", &anna, is(What::Decided, None, ON)).await;
    assert_eq!((decided.reason.as_str(), decided.event.is_some()), ("default_action", true));
    let written = world.recorded("that DND was set", &anna, is(What::Written, OFF, ON)).await;
    assert_eq!(written.reason.as_str(), "take");
    assert!(decided.at <= written.at);
    world.by_hand(&anna, json!({"dnd": false})).await;
    let shown = world.recorded("that she took her telephone back", &anna, is(What::Shown, ON, OFF)).await;
    assert_eq!(shown.reason.as_str(), "foreign");
    world.call_off(&anna, "a").await;
    let over = world.recorded("that nothing was wanted", &anna, is(What::Decided, ON, None)).await;
    assert_eq!((over.reason.as_str(), over.event), ("nothing_wanted", None));
    world.shows(&anna, json!({"presence": "available", "text": ""})).await;
    world.meet(&anna, "b", world.at(-10), world.at(18_000), "Klausur (DND)").await;
    let decided = world.recorded("that a keyword wanted it", &anna, |record| record.reason.as_str() == "keyword").await;
    assert_eq!(decided.after, ON);
    let records = world.records(&anna).await;
    let text = records.iter().filter(|record| record.dimension == Dimension::Text);
    assert!(text.clone().any(|record| record.what == What::Written));
    assert!(text.clone().all(|record| [record.before, record.after].iter().flatten().all(|v| *v == Recorded::Text)));
    let all = format!("{records:?}");
    assert!(!all.contains("Jour") && !all.contains("Klausur"), "{all}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiet_day_is_written_down_once_also_over_a_restart() {
    let mut world = World::start(Setup::default()).await;
    let (anna, ben) = (world.person(0), world.person(1));
    world.is_in_a_meeting(&anna, "a").await;
    world.recorded("that DND was set", &anna, is(What::Written, OFF, ON)).await;
    let before = world.records(&anna).await;
    world.stop().await;
    world.run().await;
    world.a_round_has_passed(&ben).await;
    world.recorded("the round", &ben, is(What::Written, ON, OFF)).await;
    assert_eq!(world.records(&anna).await, before, "nothing has changed for her");
    // What a person did while the program was away is noticed too.
    world.stop().await;
    world.by_hand(&anna, json!({"dnd": false})).await;
    world.run().await;
    world.recorded("what she did meanwhile", &anna, is(What::Shown, ON, OFF)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_view_of_a_user_draws_what_was_wanted_and_shown() {
    let world = World::start(Setup { policy: DND_PRESENCE_TEXT, ..Setup::default() }).await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true, "presence": "do_not_disturb", "text": "Jour fixe"})).await;
    world.recorded("that DND was set", &anna, is(What::Written, OFF, ON)).await;
    let held = async || match world.view(&anna).await {
        view if view.holds.len() == 3 && view.writes.len() == 3 => Ok(()),
        view => Err(view),
    };
    eventually("all three are held", held).await;
    let view = world.view(&anna).await;
    assert!(view.wanted.windows(2).all(|pair| pair[0].to == pair[1].from), "without gaps: {:#?}", view.wanted);
    let at = |at| view.wanted.iter().find(|stretch| stretch.from <= at && at < stretch.to).unwrap();
    assert_eq!(at(view.now - jiff::SignedDuration::from_secs(43_200)).decision.dnd, None, "half a day ago");
    assert_eq!(at(view.now).decision.dnd, Some(true));
    assert_eq!(at(view.now + jiff::SignedDuration::from_secs(43_200)).decision.dnd, None, "it is over then");
    let dnd: Vec<_> = view.shown.iter().filter(|change| change.dimension == Dimension::Dnd).collect();
    let values: Vec<_> = dnd.iter().map(|change| (change.value, change.by)).collect();
    assert_eq!(values, [(OFF, By::Foreign), (ON, By::Ours)]);
    let text = view.holds.iter().find(|hold| hold.dimension == Dimension::Text).unwrap();
    assert_eq!((text.before.as_str(), text.ours.as_str(), text.asleep), ("", "Jour fixe", false));
    assert_eq!(view.explanation.from, KnownFrom::Now);
    assert_eq!(view.events.len(), 1);
    assert!(view.lamp.next.is_some_and(|next| next.dnd.is_none() && !next.in_event), "{:?}", view.lamp);
    world.by_hand(&anna, json!({"dnd": false})).await;
    let ended = async || match world.view(&anna).await {
        view if view.holds.iter().any(|hold| hold.asleep && hold.dimension == Dimension::Dnd) => Ok(()),
        view => Err(view.holds),
    };
    eventually("her DND sleeps", ended).await;
    let last = world.view(&anna).await.shown.into_iter().rfind(|change| change.dimension == Dimension::Dnd).unwrap();
    assert_eq!((last.value, last.by), (OFF, By::Foreign));
}
