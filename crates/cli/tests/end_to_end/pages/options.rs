//! Each option, changed on its page and seen in effect at a telephone.

use jiff::{Timestamp, tz::TimeZone};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    house, open,
    surfer::{Set, Surfer},
};
use crate::world::{Person, Setup, World, eventually};

use Set::{Off, On, To};

/// An event of this kind that has begun and goes on for long.
fn running(world: &World, kind: &str, subject: &str) -> Value {
    json!({"start": world.at(-60).to_string(), "end": world.at(36_000).to_string(), "kind": kind, "subject": subject})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_action_of_each_kind() {
    let (world, _process, surfer) = house("").await;
    let anna = world.person(0);
    for kind in ["free", "tentative", "busy", "out_of_office", "working_elsewhere"] {
        world.put_event(&anna, "a", running(&world, kind, "Jour fixe")).await;
        let key = format!("policy.actions.{kind}");
        surfer.change("actions", &[(&key, To("dnd"))]).await;
        world.shows(&anna, json!({"dnd": true})).await;
        surfer.change("actions", &[(&key, To("none"))]).await;
        world.shows(&anna, json!({"dnd": false})).await;
        surfer.change("actions", &[(&key, To("forward"))]).await;
        world.diverts(&anna, &["external"]).await;
        surfer.change("actions", &[(&key, To("none"))]).await;
        world.diverts(&anna, &[]).await;
    }
    surfer.change("actions", &[("policy.actions.working_elsewhere", To("forward"))]).await;
    world.diverts(&anna, &["external"]).await;
    surfer.change("actions", &[("policy.forward_internal_calls", On)]).await;
    world.diverts(&anna, &["external", "internal"]).await;
    surfer.change("actions", &[("policy.forward_internal_calls", Off)]).await;
    world.diverts(&anna, &["external"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_during_an_event() {
    let (world, _process, surfer) = house("actions = { busy = \"dnd\" }").await;
    let (anna, ben, cem) = (world.person(0), world.person(1), world.person(2));
    // Status während eines Termins verändern.
    surfer.change("actions", &[("policy.change_during_event", Off)]).await;
    world.put_event(&anna, "a", running(&world, "busy", "Jour fixe")).await;
    world.shows(&anna, json!({"dnd": true})).await;
    world.put_event(&anna, "a", running(&world, "free", "Jour fixe")).await;
    world.calendars_asked(3).await;
    world.shows(&anna, json!({"dnd": true})).await;
    surfer.change("actions", &[("policy.change_during_event", On)]).await;
    world.shows(&anna, json!({"dnd": false})).await;
    // Who is right.
    world.is_in_a_meeting(&ben, "a").await;
    world.shows(&ben, json!({"dnd": true})).await;
    world.by_hand(&ben, json!({"dnd": false})).await;
    world.calendars_asked(3).await;
    world.shows(&ben, json!({"dnd": false})).await;
    surfer.change("actions", &[("policy.manual_change", To("lead"))]).await;
    world.shows(&ben, json!({"dnd": true})).await;
    // Declined invitations.
    let mut declined = running(&world, "busy", "Jour fixe");
    declined["response"] = json!("declined");
    world.put_event(&cem, "a", declined).await;
    world.calendars_asked(3).await;
    world.shows(&cem, json!({"dnd": false})).await;
    surfer.change("actions", &[("policy.declined", To("keep"))]).await;
    world.shows(&cem, json!({"dnd": true})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keywords_of_the_house() {
    let (world, _process, surfer) = house("actions = { busy = \"dnd\" }").await;
    let (anna, ben, cem) = (world.person(0), world.person(1), world.person(2));
    world.put_event(&anna, "a", running(&world, "free", "Yoga (Zen)")).await;
    world.put_event(&ben, "a", running(&world, "busy", "Bereitschaft (Läuten)")).await;
    world.put_event(&cem, "a", running(&world, "busy", "Reise (Sekretariat)")).await;
    world.shows(&ben, json!({"dnd": true})).await;
    let dnd_on = ("policy.extra_keywords.dnd_on", To("(Zen)\n(Still)"));
    let dnd_off = ("policy.extra_keywords.dnd_off", To("(Läuten)"));
    let forward_on = ("policy.extra_keywords.forward_on", To("(Sekretariat)"));
    surfer.change("actions", &[dnd_on, dnd_off, forward_on]).await;
    world.shows(&anna, json!({"dnd": true})).await;
    world.shows(&ben, json!({"dnd": false})).await;
    world.diverts(&cem, &["external"]).await;
    world.shows(&cem, json!({"dnd": false})).await;
    surfer
        .change(
            "actions",
            &[("policy.extra_keywords.forward_on", To("")), ("policy.extra_keywords.no_action", To("(Sekretariat)"))],
        )
        .await;
    world.diverts(&cem, &[]).await;
    world.shows(&cem, json!({"dnd": false})).await;
    world.put_event(&cem, "a", running(&world, "busy", "Reise (Hier)")).await;
    surfer
        .change(
            "actions",
            &[("policy.extra_keywords.forward_off", To("(Hier)")), ("policy.actions.busy", To("forward"))],
        )
        .await;
    world.calendars_asked(2).await;
    world.diverts(&cem, &[]).await;
    surfer.change("actions", &[("policy.extra_keywords.forward_off", To(""))]).await;
    world.diverts(&cem, &["external"]).await;
    let table = surfer.get("/instances/Test/keywords").await.html;
    for word in ["(Zen)", "(Still)", "(Läuten)", "(Ruhe)", "(No call forwarding)"] {
        assert!(table.contains(word), "{word}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_presence_of_each_kind_and_who_leads() {
    let (world, _process, surfer) = house("").await;
    let (anna, ben, cem) = (world.person(0), world.person(1), world.person(2));
    let kinds = [
        ("busy", "do_not_disturb", "away"),
        ("out_of_office", "extended_away", "free_for_chat"),
        ("tentative", "available", "away"),
        ("working_elsewhere", "available", "extended_away"),
        ("free", "available", "do_not_disturb"),
    ];
    for (kind, factory, chosen) in kinds {
        world.put_event(&anna, "a", running(&world, kind, "Jour fixe")).await;
        surfer.change("chat", &[("policy.set_presence", On)]).await;
        world.shows(&anna, json!({"presence": factory})).await;
        let key = format!("policy.presences.{kind}");
        surfer.change("chat", &[(&key, To(chosen))]).await;
        world.shows(&anna, json!({"presence": chosen})).await;
        surfer.change("chat", &[(&key, To("leave"))]).await;
        world.shows(&anna, json!({"presence": "available"})).await;
        surfer.change("chat", &[("policy.set_presence", Off)]).await;
    }
    // Away is the user's own unless it counts as neutral; so is what somebody chooses unless the calendar leads.
    surfer.change("chat", &[("policy.set_presence", On), ("policy.presences.busy", To("do_not_disturb"))]).await;
    world.by_hand(&ben, json!({"presence": "away"})).await;
    world.by_hand(&cem, json!({"presence": "free_for_chat"})).await;
    for person in [&ben, &cem] {
        world.is_in_a_meeting(person, "a").await;
    }
    world.calendars_asked(3).await;
    world.shows(&ben, json!({"presence": "away"})).await;
    surfer.change("chat", &[("policy.ignore_away", On)]).await;
    world.shows(&ben, json!({"presence": "do_not_disturb"})).await;
    world.shows(&cem, json!({"presence": "free_for_chat"})).await;
    surfer.change("chat", &[("policy.lead", On)]).await;
    world.shows(&cem, json!({"presence": "do_not_disturb"})).await;
    // Benutzerstatus nicht zurücksetzen.
    surfer.change("chat", &[("policy.keep_on_deactivate", On)]).await;
    surfer.change("general", &[("active", Off)]).await;
    let inactive = async || {
        let list = surfer.get("/instances").await.html;
        if list.contains(">inactive<") { Ok(()) } else { Err(list) }
    };
    eventually("the instance is inactive", inactive).await;
    world.shows(&cem, json!({"presence": "do_not_disturb"})).await;
    surfer.change("general", &[("active", On)]).await;
    surfer.change("chat", &[("policy.keep_on_deactivate", Off)]).await;
    surfer.change("general", &[("active", Off)]).await;
    world.shows(&cem, json!({"presence": "free_for_chat"})).await;
}

/// Times as texts have them.
fn clock(at: Timestamp, zone: &str) -> String {
    TimeZone::get(zone).unwrap().to_datetime(at).strftime("%H:%M").to_string()
}

/// Waits until the text is as it should be.
async fn reads(world: &World, person: &Person, what: &str, is_so: impl Fn(&str) -> bool) {
    let shown = async || {
        let text = world.account(person).await["text"].as_str().unwrap().to_owned();
        if is_so(&text) { Ok(()) } else { Err(text) }
    };
    eventually(&format!("the text {what}"), shown).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_text() {
    let (world, _process, surfer) = house("").await;
    let anna = world.person(0);
    // Within one day of the zones below, whatever time it is; else dates would be shown.
    let (start, end) = (world.at(-60), world.at(120));
    let event = |id: &'static str, kind: &str, subject: &str, sensitivity: &str| {
        (
            id,
            json!({"start": start.to_string(), "end": end.to_string(), "kind": kind, "subject": subject, "sensitivity": sensitivity}),
        )
    };
    let put = async |(id, event): (&'static str, Value)| world.put_event(&anna, id, event).await;
    put(event("a", "busy", "Jour fixe", "normal")).await;
    surfer.change("chat", &[("policy.title_as_text", On)]).await;
    world.shows(&anna, json!({"text": "Jour fixe"})).await;
    surfer.change("chat", &[("policy.show_begin", On)]).await;
    reads(&world, &anna, "has the begin", |text| {
        text.contains("(ab ") && text.contains(&clock(start, "Europe/Berlin"))
    })
    .await;
    surfer.change("chat", &[("policy.show_begin", Off), ("policy.show_end", On)]).await;
    reads(&world, &anna, "has the end", |text| text.contains("(bis ") && text.contains(&clock(end, "Europe/Berlin")))
        .await;
    surfer.change("general", &[("language", To("en"))]).await;
    reads(&world, &anna, "is English", |text| text.contains("(until ")).await;
    surfer.change("chat", &[("policy.show_end", Off), ("policy.show_duration", On)]).await;
    world.shows(&anna, json!({"text": "Jour fixe (3 min)"})).await;
    surfer.change("chat", &[("policy.show_duration", Off)]).await;

    put(event("b", "tentative", "Messe", "normal")).await;
    surfer.change("chat", &[("policy.join_parallel_titles", On)]).await;
    world.shows(&anna, json!({"text": "Jour fixe, Messe"})).await;
    surfer.change("chat", &[("policy.join_parallel_titles", Off)]).await;
    world.shows(&anna, json!({"text": "Jour fixe"})).await;
    world.remove_event(&anna, "b").await;

    put(event("a", "free", "Notiz", "normal")).await;
    world.shows(&anna, json!({"text": "Notiz"})).await;
    surfer.change("chat", &[("policy.no_text_when_free", On)]).await;
    world.shows(&anna, json!({"text": ""})).await;

    put(event("a", "busy", "Arzt", "personal")).await;
    world.shows(&anna, json!({"text": "Private"})).await;
    surfer.change("chat", &[("policy.mask_word", To("Termin außer der Reihe"))]).await;
    world.shows(&anna, json!({"text": "Termin außer der Reihe"})).await;
    surfer.change("actions", &[("policy.masked", Off)]).await;
    world.shows(&anna, json!({"text": "Arzt"})).await;

    put(event("a", "busy", &"lang ".repeat(60), "normal")).await;
    reads(&world, &anna, "has 128 characters", |text| {
        text.ends_with('…') && (120..=128).contains(&text.chars().count())
    })
    .await;
    surfer.change("chat", &[("policy.max_text_length", To("80"))]).await;
    reads(&world, &anna, "has 80 characters", |text| text.ends_with('…') && (70..=80).contains(&text.chars().count()))
        .await;
    surfer.change("chat", &[("policy.title_as_text", Off)]).await;
    world.shows(&anna, json!({"text": ""})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn labels_of_busy_lamp_keys() {
    let (world, _process, surfer) = house("title_as_text = true").await;
    let anna = labelled(&world).await;
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"text": "Jour fixe"})).await;
    surfer.change("chat", &[("policy.blf_labels", On)]).await;
    let labels = async |what: &str, with: bool| {
        let shown = async || {
            let labels = world.account(&anna).await["labels"].as_object().unwrap().clone();
            let all = labels.values().all(|label| label.as_str().unwrap().ends_with("· Jour fixe") == with);
            if all { Ok(()) } else { Err(labels) }
        };
        eventually(what, shown).await;
    };
    labels("the keys tell the title", true).await;
    surfer.change("chat", &[("policy.blf_labels", Off)]).await;
    labels("the keys are as before", false).await;
}

/// Somebody who is shown on a key of somebody else's telephone.
async fn labelled(world: &World) -> Person {
    for person in world.people() {
        if !world.account(&person).await["labels"].as_object().unwrap().is_empty() {
            return person;
        }
    }
    panic!("nobody is on anybody's key");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn name_description_zone_and_how_long_a_reading_is_believed() {
    let policy = "actions = { out_of_office = \"dnd\" }";
    let world = World::prepare(Setup { speed: 1, poll: "1s", policy, ..Setup::default() }).await;
    let (anna, ben) = (world.person(0), world.person(1));
    // The zone of a mailbox is read once in a long while.
    world.control(Method::PATCH, &format!("/mailboxes/{}", anna.mail), json!({"zone_name": "Nirgendwo"})).await;
    world.apply_file().await;
    let (_process, surfer) = open(&world).await;
    surfer.change("general", &[("name", To("Nord & Süd")), ("description", To("Haus <1>"))]).await;
    let list = surfer.get("/instances").await.html;
    assert!(list.contains("Nord &#38; Süd") && list.contains("Haus &#60;1&#62;"), "{list}");
    // The instance goes by its id, which stays.
    assert_eq!(surfer.get("/instances/Test/general").await.status, 200);

    // A day that has begun in one place of the world and not in another: an all-day event runs where it is that day.
    let zones = ["Pacific/Kiritimati", "Pacific/Pago_Pago"];
    let [ahead, behind] = zones.map(|zone| TimeZone::get(zone).unwrap().to_datetime(Timestamp::now()).date());
    assert_ne!(ahead, behind);
    let day = json!({"all_day": true, "first_day": ahead.to_string(), "last_day": ahead.to_string(), "kind": "out_of_office", "subject": "Messe"});
    world.put_event(&anna, "a", day).await;
    surfer.change("general", &[("zone", To(zones[1]))]).await;
    world.calendars_asked(2).await;
    world.shows(&anna, json!({"dnd": false})).await;
    surfer.change("general", &[("zone", To(zones[0]))]).await;
    world.shows(&anna, json!({"dnd": true})).await;

    world.put_event(&ben, "a", running(&world, "out_of_office", "Messe")).await;
    world.shows(&ben, json!({"dnd": true})).await;
    surfer.change("general", &[("stale_after", To("5s"))]).await;
    world.fault("graph_unavailable", true).await;
    world.shows(&ben, json!({"dnd": false})).await;
    world.fault("graph_unavailable", false).await;
    world.shows(&ben, json!({"dnd": true})).await;
}

/// An option of a connection that is wrong is found by the trial, and by what the telephones do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_cloud_to_a_server_and_another_group_and_without_the_bridge() {
    let (world, _process, surfer) = house("actions = { busy = \"dnd\", out_of_office = \"forward\" }").await;
    let (anna, ben) = (world.person(0), world.person(1));
    let ready = world.sim.ready().clone();
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;

    // An Exchange Server in place of Graph: two pages, saved at once.
    let exchange = [
        ("ews", On),
        ("ews.url", To(ready.ews.as_str())),
        ("ews.auth", To("ntlm")),
        ("ews.user", To(ready.ews_user.as_str())),
        ("ews.password", To("falsch falsch")),
        ("ews.access", To("impersonation")),
        ("ews.poll", To("1s")),
    ];
    let mut form = surfer.get("/instances/Test/graph").await.form("/graph");
    form.set("graph", Off);
    surfer.press(&form, "keep").await;
    let found = tried(&surfer, "exchange", &exchange).await;
    assert!(found.contains("It does not work yet") && found.contains("fault"), "{found}");
    assert_eq!(world.exchange().await["wrong_passwords"], 1, "a wrong password is tried once");
    let found = tried(&surfer, "exchange", &[("ews.password", To(ready.ews_password.as_str()))]).await;
    assert!(found.contains("3 of 3 users found.") && !found.contains("It does not work yet"), "{found}");
    surfer.change("exchange", &[]).await;
    world.call_off(&anna, "a").await;
    world.shows(&anna, json!({"dnd": false})).await;
    world.is_in_a_meeting(&anna, "b").await;
    world.shows(&anna, json!({"dnd": true})).await;
    let list = surfer.get("/instances").await.html;
    assert!(list.contains("Exchange Server") && !list.contains("Microsoft Graph"), "{list}");

    // Free/busy has no titles, and so no keywords.
    world.meet(&ben, "a", world.at(-60), world.at(36_000), "Jour fixe (No DND)").await;
    world.calendars_asked(3).await;
    world.shows(&ben, json!({"dnd": false})).await;
    surfer.change("exchange", &[("ews.access", To("free_busy"))]).await;
    world.shows(&ben, json!({"dnd": true})).await;

    // Without the bridge there are diversions and no do not disturb; nobody is left behind with it.
    surfer.change("starface", &[("starface.bridge", Off)]).await;
    world.put_event(&anna, "c", running(&world, "out_of_office", "Messe")).await;
    world.diverts(&anna, &["external"]).await;
    let key = ready.starface_bridge_key.as_str();
    surfer.change("starface", &[("starface.bridge", On), ("starface.bridge.key", To(key))]).await;

    let found = tried(&surfer, "starface", &[("starface.password", To("falsch falsch"))]).await;
    assert!(found.contains("It does not work yet"), "{found}");
    surfer.post("/instances/Test/discard", &[]).await;
}

/// What the trial says after these changes.
async fn tried(surfer: &Surfer, tab: &str, changes: &[(&str, Set<'_>)]) -> String {
    let mut form = surfer.get(&format!("/instances/Test/{tab}")).await.form(&format!("/{tab}"));
    for (name, set) in changes {
        form.set(name, *set);
    }
    surfer.press(&form, "test").await.html
}
