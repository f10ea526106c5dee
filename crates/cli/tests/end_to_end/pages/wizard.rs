//! From an empty store to the first lamp, and what happens on the way.

use serde_json::json;

use super::{
    open,
    surfer::{Page, Set, Surfer},
};
use crate::world::{Setup, World};

use Set::{Off, On, To};

/// Fills in a step and presses a button.
async fn step(surfer: &Surfer, path: &str, fill: &[(&str, Set<'_>)], button: &str) -> Page {
    let mut form = surfer.get(path).await.form(path);
    for (name, set) in fill {
        form.set(name, *set);
    }
    surfer.press(&form, button).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_an_empty_store_to_the_first_lamp() {
    let world = World::prepare(Setup { speed: 1, users: 4, ..Setup::default() }).await;
    let ready = world.sim.ready().clone();
    let (anna, ben) = (world.person(0), world.person(1));
    world.is_in_a_meeting(&anna, "a").await;
    world.control(reqwest::Method::DELETE, &format!("/mailboxes/{}", ben.mail), serde_json::Value::Null).await;
    let (_process, surfer) = open(&world).await;

    // Nobody skips a step; who comes to a later one with nothing typed is told that it is gone.
    assert_eq!(surfer.get("/wizard/done").await.path, "/wizard/calendar?lost=1");
    assert_eq!(surfer.get("/wizard").await.path, "/wizard/calendar");
    let calendar = [
        ("graph.tenant", To(ready.tenant.as_str())),
        ("graph.client_id", To(ready.client_id.as_str())),
        ("graph.endpoint", To(ready.graph.as_str())),
        ("graph.login", To(ready.login.as_str())),
        ("graph.poll", To("1s")),
    ];
    let neither = step(&surfer, "/wizard/calendar", &[("graph", Off)], "next").await;
    assert!(neither.errors().contains("needs a calendar"), "{}", neither.errors());
    let missing = step(&surfer, "/wizard/calendar", &[("graph", On)], "next").await;
    assert_eq!(
        (missing.status.as_u16(), missing.error_of("graph.client_id").is_some()),
        (422, true),
        "{}",
        missing.html
    );
    let wrong = step(&surfer, "/wizard/calendar", &calendar, "next").await;
    assert!(wrong.errors().contains("client_secret"), "{}", wrong.errors());
    let wrong = step(&surfer, "/wizard/calendar", &[("graph.client_secret", To("falsch"))], "next").await;
    assert!(
        wrong.path.starts_with("/wizard/calendar") && wrong.html.contains("It does not work yet"),
        "{}",
        wrong.html
    );
    assert!(wrong.html.contains("Continue all the same"), "{}", wrong.html);
    let secret = [("graph.client_secret", To(ready.client_secret.as_str()))];
    let right = step(&surfer, "/wizard/calendar", &secret, "next").await;
    assert_eq!(right.path, "/wizard/pbx", "{}", right.html);
    assert!(right.html.contains("The connection works"), "{}", right.html);

    // One can leave, go back and come again; what was typed is there, but for secrets.
    assert_eq!(surfer.get("/wizard").await.path, "/wizard/pbx");
    let back = surfer.get("/wizard/calendar").await;
    assert_eq!(back.form("/wizard/calendar").value("graph.tenant"), Some(ready.tenant.as_str()));
    assert!(!back.html.contains(&ready.client_secret) && back.html.contains("is set"));

    let pbx = [
        ("starface.url", To(ready.starface.as_str())),
        ("starface.login", To(ready.starface_login.as_str())),
        ("starface.password", To(ready.starface_password.as_str())),
        ("starface.bridge.key", To(ready.starface_bridge_key.as_str())),
        ("starface.bridge.instance", To(ready.starface_bridge_instance.as_str())),
    ];
    let group = step(&surfer, "/wizard/pbx", &pbx, "next").await;
    assert_eq!(group.path, "/wizard/group", "{}", group.html);
    let chosen = [("starface.group", To(ready.starface_group.as_str()))];
    assert!(group.html.contains(&ready.starface_group) && group.html.contains("4 users"), "{}", group.html);
    let policy = step(&surfer, "/wizard/group", &chosen, "next").await;
    assert_eq!(policy.path, "/wizard/policy", "{}", policy.html);
    let name = &ready.users[1].name;
    let summary = format!("3 of 4 users found; 1 without a mailbox: {name}.");
    assert!(policy.html.contains(&summary), "{summary}\n{}", policy.html);

    let rules = [("policy.actions.busy", To("dnd")), ("policy.title_as_text", On)];
    let done = step(&surfer, "/wizard/policy", &rules, "next").await;
    assert_eq!(done.path, "/wizard/done", "{}", done.html);
    assert!(done.html.contains("something changes for 1 user"), "{}", done.html);
    assert!(!done.html.contains("Jour fixe"), "no title is shown before it is published");
    assert!(world.writes().await.is_empty(), "nothing is written before the end");

    let board = step(&surfer, "/wizard/done", &[("name", To("Zentrale"))], "next").await;
    assert_eq!(board.path, "/", "{}", board.errors());
    world.shows(&anna, json!({"dnd": true, "text": "Jour fixe"})).await;
    let list = surfer.get("/instances").await.html;
    assert!(list.contains("Zentrale") && list.contains(">active<"), "{list}");
    assert!(surfer.get("/audit").await.html.contains("Added an instance"));
    // The next one begins anew.
    let fresh = surfer.get("/wizard").await;
    assert_eq!(fresh.form("/wizard/calendar").value("graph.tenant"), Some(""));
}
