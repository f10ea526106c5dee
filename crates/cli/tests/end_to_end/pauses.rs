//! Users who are left alone for a while, what is given back by hand, and what can't be given back.

use busylamp_core::keeper::Flag;
use busylamp_service::{Outcome, board::Lamp};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::json;

use crate::world::{DND_PRESENCE_TEXT, Person, Setup, World, eventually};

impl World {
    async fn pause(&self, person: &Person, until: Option<Timestamp>) -> Outcome {
        let (instance, account) = self.user(person);
        self.service().pause(&instance, &account, until).await.unwrap()
    }

    async fn gives_back(&self, person: &Person) -> Outcome {
        let (instance, account) = self.user(person);
        self.service().give_back(&instance, &account).await.unwrap()
    }

    async fn discards(&self, person: &Person) -> Outcome {
        let (instance, account) = self.user(person);
        self.service().discard(&instance, &account).await.unwrap()
    }

    /// Waits until the person's lamp in an instance is like this.
    async fn lamp_is(&self, what: &str, instance: &str, person: &Person, is_so: impl Fn(&Lamp) -> bool) {
        let account = person.account.to_string();
        let own = |lamp: &Lamp| lamp.instance.as_str() == instance && lamp.account.as_str() == account;
        self.board_says(what, |board| board.lamps.iter().any(|lamp| own(lamp) && is_so(lamp))).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_user_gets_everything_back_and_is_served_again_at_the_end_of_the_pause() {
    let world = World::start(Setup { policy: DND_PRESENCE_TEXT, ..Setup::default() }).await;
    let (anna, ben) = (world.person(0), world.person(1));
    world.by_hand(&anna, json!({"text": "Homeoffice"})).await;
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true, "presence": "do_not_disturb", "text": "Jour fixe"})).await;
    let until = world.at(100);
    assert_eq!(world.pause(&anna, Some(until)).await, Outcome::Done);
    assert_eq!(world.pause(&anna, Some(until)).await, Outcome::NothingToDo, "it is so already");
    world.shows(&anna, json!({"dnd": false, "presence": "available", "text": "Homeoffice"})).await;
    world.lamp_is("until when she is paused", "Test", &anna, |lamp| lamp.paused_until == Some(until)).await;
    let written = world.written(&anna).await.len();
    world.meet(&anna, "b", world.at(-10), world.at(18_000), "Klausur").await;
    world.a_round_has_passed(&ben).await;
    assert!(world.clock.now() < until, "the machine is too slow for this test");
    assert_eq!(world.written(&anna).await.len(), written, "nobody touches her telephone");
    world.shows(&anna, json!({"dnd": true, "presence": "do_not_disturb", "text": "Klausur"})).await;
    assert!(world.clock.now() >= until);
    world.lamp_is("that she is not paused", "Test", &anna, |lamp| lamp.paused_until.is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_can_be_ended_early_and_needs_somebody_to_be_paused() {
    let world = World::start(Setup::default()).await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    assert_eq!(world.pause(&anna, None).await, Outcome::NothingToDo);
    assert_eq!(world.pause(&anna, Some(world.at(-1))).await, Outcome::NothingToDo, "that has passed");
    assert_eq!(world.pause(&anna, Some(world.at(36_000))).await, Outcome::Done);
    world.shows(&anna, json!({"dnd": false})).await;
    assert_eq!(world.pause(&anna, None).await, Outcome::Done);
    world.shows(&anna, json!({"dnd": true})).await;
    let nobody = Person { mail: String::new(), account: 999_999 };
    assert_eq!(world.pause(&nobody, Some(world.at(60))).await, Outcome::UnknownUser);
    let (_, account) = world.user(&anna);
    let outcome = world.service().pause(&"Lager".into(), &account, None).await.unwrap();
    assert_eq!(outcome, Outcome::UnknownInstance);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pause_survives_a_crash() {
    let mut world = World::prepare(Setup { speed: 1, poll: "1s", ..Setup::default() }).await;
    let (anna, ben) = (world.person(0), world.person(1));
    world.run().await;
    world.apply().await;
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    // Give-backs fail: whatever was to be given back is still there after the crash.
    world.fault("starface_unavailable", true).await;
    world.pause(&anna, Some(world.at(3_600))).await;
    world.stop().await;
    let run = world.run_process("info").await;
    run.kill();
    world.fault("starface_unavailable", false).await;
    let _run = world.run_process("info").await;
    world.shows(&anna, json!({"dnd": false})).await;
    let written = world.written(&anna).await.len();
    world.a_round_has_passed(&ben).await;
    assert_eq!(world.written(&anna).await.len(), written, "she is paused still");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_instances_the_other_takes_over_while_one_is_paused() {
    let world = World::start(Setup::default()).await;
    let anna = world.person(0);
    let (mut second, secrets) = world.instance();
    second.name = "Zweite".to_owned();
    second.policy.set_presence = true;
    second.policy.actions.busy = busylamp_core::policy::Action::None;
    world.apply_also(&second, &secrets).await;
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true, "presence": "available"})).await;
    world.pause(&anna, Some(world.at(36_000))).await;
    world.shows(&anna, json!({"dnd": false, "presence": "do_not_disturb"})).await;
    let stands_back = |lamp: &Lamp| lamp.flags.contains(&Flag::HeldByAnotherInstance);
    world.lamp_is("that the first stands back", "Test", &anna, stands_back).await;
    // The second keeps what it holds to the last give-back, then the first has her again.
    assert_eq!(world.pause(&anna, None).await, Outcome::Done);
    world.call_off(&anna, "a").await;
    world.shows(&anna, json!({"dnd": false, "presence": "available"})).await;
    world.lamp_is("that the second stands back", "Zweite", &anna, stands_back).await;
    world.is_in_a_meeting(&anna, "b").await;
    world.shows(&anna, json!({"dnd": true, "presence": "available"})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_back_by_hand_stays_so_until_the_meetings_of_that_moment_are_over() {
    let world = World::start(Setup { policy: DND_PRESENCE_TEXT, ..Setup::default() }).await;
    let anna = world.person(0);
    world.lamp_is("that she is known", "Test", &anna, |lamp| lamp.dnd == Some(false)).await;
    assert_eq!(world.gives_back(&anna).await, Outcome::NothingToDo, "nothing is held");
    let (first, last) = (world.at(80), world.at(110));
    // The one that decides comes into the calendar last: once it shows, both were read.
    world.meet(&anna, "b", world.at(-90), last, "Klausur").await;
    world.meet(&anna, "a", world.at(-60), first, "Jour fixe").await;
    world.shows(&anna, json!({"dnd": true, "presence": "do_not_disturb", "text": "Jour fixe"})).await;
    assert_eq!(world.gives_back(&anna).await, Outcome::Done);
    world.shows(&anna, json!({"dnd": false, "presence": "available", "text": ""})).await;
    // Calendars don't keep nanoseconds.
    let until_last = |until: Timestamp| until.duration_since(last).as_secs() == 0;
    world.lamp_is("how long", "Test", &anna, |lamp| lamp.paused_until.is_some_and(until_last)).await;
    world.meet(&anna, "c", world.at(-5), world.at(18_000), "Nachher").await;
    world.shows(&anna, json!({"dnd": true, "text": "Nachher"})).await;
    assert!(
        until_last(world.clock.now()) || world.clock.now() > last,
        "another meeting counts only when both are over"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_give_back_that_is_refused_for_good_can_be_discarded_without_a_write() {
    let world = World::start(Setup::default()).await;
    let (anna, ben) = (world.person(0), world.person(1));
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    assert_eq!(world.discards(&anna).await, Outcome::NothingToDo, "what is held during a meeting can be given back");
    world.control(Method::PUT, &format!("/accounts/{}/refuses", anna.account), json!(["dnd"])).await;
    world.call_off(&anna, "a").await;
    world.lamp_is("that it is refused", "Test", &anna, |lamp| lamp.flags.contains(&Flag::RefusedByPbx)).await;
    assert_eq!(world.discards(&anna).await, Outcome::Done);
    world.lamp_is("that nothing is wrong", "Test", &anna, |lamp| lamp.flags.is_empty()).await;
    world.control(Method::PUT, &format!("/accounts/{}/refuses", anna.account), json!([])).await;
    world.a_round_has_passed(&ben).await;
    world.shows(&anna, json!({"dnd": true})).await;
    assert_eq!(world.discards(&anna).await, Outcome::NothingToDo);
    // What stands there is her own from now on.
    world.is_in_a_meeting(&anna, "b").await;
    world.a_round_has_passed(&ben).await;
    world.call_off(&anna, "b").await;
    world.a_round_has_passed(&ben).await;
    world.shows(&anna, json!({"dnd": true})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checking_again_reads_a_calendar_at_once() {
    let world = World::start(Setup { speed: 1, poll: "10m", ..Setup::default() }).await;
    let (anna, ben) = (world.person(0), world.person(1));
    let read = async || world.calendar_answered().map(|_| ()).ok_or(world.board());
    eventually("the calendars were read", read).await;
    world.is_in_a_meeting(&anna, "a").await;
    world.is_in_a_meeting(&ben, "b").await;
    let (instance, account) = world.user(&anna);
    assert_eq!(world.service().check_again(&instance, Some(&account)).await.unwrap(), Outcome::Done);
    world.shows(&anna, json!({"dnd": true})).await;
    assert!(world.written(&ben).await.is_empty(), "nobody asked for him");
    assert_eq!(world.service().check_again(&instance, None).await.unwrap(), Outcome::Done);
    world.shows(&ben, json!({"dnd": true})).await;
    let unknown = world.service().check_again(&"Lager".into(), None).await.unwrap();
    assert_eq!(unknown, Outcome::UnknownInstance);
}
