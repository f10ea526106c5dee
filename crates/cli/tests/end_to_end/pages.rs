//! Instances by their pages, over HTTP, without script: every option is changed on its page and seen in effect on the
//! pretended telephone system.

mod logs;
mod options;
mod surfer;
mod wizard;

use busylamp_core::language::Language;
use serde_json::json;

use self::surfer::{Set, Surfer};
use crate::{
    process::Process,
    world::{Setup, World, eventually},
};

impl World {
    /// `busylamp run` with its pages on a free port.
    fn run_with_pages(&self) -> Process {
        let log = self.folder.path().join("run.log");
        let mut command = self.with_store(&["run", "--listen", "127.0.0.1:0"]);
        command.env("BUSYLAMP_LOG", "info");
        Process::start(command, &log)
    }

    /// Waits until the calendars have been asked so many times more.
    async fn calendars_asked(&self, times: usize) {
        let asked = async || {
            let counts = self.requests().await;
            let calendars = counts.iter().filter(|(kind, _)| kind.starts_with("graph") || kind.starts_with("ews"));
            calendars.map(|(_, count)| count).sum::<u64>()
        };
        for _ in 0..times {
            let before = asked().await;
            let again = async || if asked().await > before { Ok(()) } else { Err(before) };
            eventually("another poll", again).await;
        }
    }
}

/// A world whose service runs as a program of its own, with this policy, and its administrator.
async fn house(policy: &'static str) -> (World, Process, Surfer) {
    let world = World::prepare(Setup { speed: 1, poll: "1s", policy, ..Setup::default() }).await;
    world.apply_file().await;
    let (process, surfer) = open(&world).await;
    (world, process, surfer)
}

async fn open(world: &World) -> (Process, Surfer) {
    let process = world.run_with_pages();
    let surfer = Surfer::first(world).await;
    (process, surfer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_before_the_preview_was_saved() {
    let (world, _process, surfer) = house("").await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.calendars_asked(2).await;
    let preview = surfer.try_to_change("actions", &[("policy.actions.busy", Set::To("dnd"))]).await;
    assert!(preview.html.contains("something changes for 1 user"), "{}", preview.html);
    assert!(
        preview.html.contains("Do not disturb: <span class=\"soft\">as it is</span> → <b>on</b>"),
        "{}",
        preview.html
    );
    let german = surfer.speaking(Language::German).get("/instances/Test/preview").await;
    assert!(german.html.contains("ändert sich etwas für 1 Benutzer"), "{}", german.html);
    world.calendars_asked(2).await;
    assert!(world.writes().await.is_empty(), "a preview writes nothing");

    // The draft goes on when the page is left, and can be dropped.
    let page = surfer.get("/instances/Test/general").await;
    assert!(page.html.contains("Not saved yet: "), "{}", page.html);
    surfer.post("/instances/Test/discard", &[]).await;
    let page = surfer.get("/instances/Test/actions").await;
    assert_eq!(page.form("/actions").value("policy.actions.busy"), Some("none"));

    surfer.change("actions", &[("policy.actions.busy", Set::To("dnd"))]).await;
    world.shows(&anna, json!({"dnd": true})).await;
    let trail = surfer.get("/audit").await;
    assert!(
        trail.html.contains("Changed an instance") && trail.html.contains("Test: policy.actions.busy"),
        "{}",
        trail.html
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_is_said_beside_its_field_and_nothing_typed_is_lost_but_secrets() {
    let (world, _process, surfer) = house("").await;
    let wrong = [
        ("chat", "policy.max_text_length", "7", "80"),
        ("chat", "policy.max_text_length", "many", "80"),
        ("chat", "policy.mask_word", &"x".repeat(41), "1 to 40"),
        ("general", "zone", "Europe/Bielefeld", "time zone"),
        ("general", "stale_after", "never", "72h"),
        ("general", "name", " ", "missing"),
        ("actions", "policy.extra_keywords.dnd_on", "Zen", "brackets"),
        ("actions", "policy.extra_keywords.no_action", "(DND)", "taken"),
        ("starface", "starface.url", "pbx.example.com", "https"),
        ("starface", "starface.group", "", "missing"),
        ("graph", "graph.poll", "soon", "30s"),
        ("graph", "sources", "nobody = graph", "This will not do"),
        ("graph", "graph.tenant", "", "missing"),
    ];
    for (tab, key, typed, said) in wrong {
        let page = surfer.try_to_change(tab, &[(key, Set::To(typed))]).await;
        assert_eq!(page.status, 422, "{key} = {typed}: {}", page.path);
        let error = page.error_of(key).unwrap_or_else(|| panic!("{key} = {typed}: {}", page.errors()));
        assert!(error.contains(said), "{key} = {typed}: {error}");
        assert_eq!(page.form(&format!("/{tab}")).value(key), Some(typed.trim()), "{key}");
        let german = surfer.speaking(Language::German).get(&format!("/instances/Test/{tab}")).await;
        assert!(german.html.contains("Noch nicht gespeichert"), "{key}");
        surfer.post("/instances/Test/discard", &[]).await;
    }
    let page = surfer.try_to_change("starface", &[("starface.password", Set::To("geheim geheim"))]).await;
    assert!(page.path.ends_with("/preview"), "{}", page.errors());
    for path in ["/instances/Test/preview", "/instances/Test/starface", "/instances/Test/graph", "/instances", "/audit"]
    {
        let page = surfer.get(path).await;
        assert!(!page.html.contains("geheim geheim"), "{path}");
        for secret in [&world.sim.ready().starface_password, &world.sim.ready().client_secret] {
            assert!(!page.html.contains(secret.as_str()), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_look_at_everything_but_secrets_and_change_nothing() {
    let (world, _process, surfer) = house("").await;
    let viewer = surfer.viewer().await;
    for path in ["/instances", "/instances/Test/keywords"] {
        assert_eq!(viewer.get(path).await.status, 200, "{path}");
    }
    for tab in ["general", "exchange", "graph", "starface", "actions", "chat"] {
        let page = viewer.get(&format!("/instances/Test/{tab}")).await;
        assert_eq!(page.status, 200, "{tab}");
        assert!(page.html.contains("only administrators may change it"), "{tab}");
        assert!(!page.html.contains("value=\"preview\""), "{tab}");
        assert!(!page.html.contains(world.sim.ready().starface_password.as_str()), "{tab}");
        let form = [("policy.lead".to_owned(), "on".to_owned())];
        assert_eq!(viewer.post(&format!("/instances/Test/{tab}"), &form).await.status, 403, "{tab}");
    }
    for path in ["save", "discard", "activate", "deactivate", "delete"] {
        assert_eq!(viewer.post(&format!("/instances/Test/{path}"), &[]).await.status, 403, "{path}");
    }
    for path in ["/instances/Test/preview", "/instances/Test/delete", "/wizard", "/wizard/calendar"] {
        assert_eq!(viewer.get(path).await.status, 403, "{path}");
    }
    assert_eq!(viewer.post("/wizard/calendar", &[]).await.status, 403);
    assert!(!viewer.get("/instances").await.html.contains("/wizard"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_is_switched_off_and_on_and_deleted_and_gives_everything_back() {
    let (world, _process, surfer) = house("actions = { busy = \"dnd\" }").await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    surfer.post("/instances/Test/deactivate", &[]).await;
    world.shows(&anna, json!({"dnd": false})).await;
    surfer.post("/instances/Test/activate", &[]).await;
    world.shows(&anna, json!({"dnd": true})).await;
    let asked = surfer.get("/instances/Test/delete").await;
    assert!(
        asked.html.contains("Really delete “Test”?") && asked.html.contains("gives back everything"),
        "{}",
        asked.html
    );
    surfer.post("/instances/Test/delete", &[]).await;
    world.shows(&anna, json!({"dnd": false})).await;
    let list = surfer.get("/instances").await;
    assert!(list.html.contains("No instance yet"), "{}", list.html);
    assert_eq!(surfer.get("/instances/Test/general").await.status, 404);
    let trail = surfer.get("/audit").await.html;
    for done in ["Deactivated an instance", "Activated an instance", "Deleted an instance"] {
        assert!(trail.contains(done), "{trail}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_administrators_type_at_the_same_time_is_put_together() {
    let (_world, _process, anna) = house("").await;
    anna.try_to_change("actions", &[("policy.actions.busy", Set::To("dnd"))]).await;
    let role = [("name", "carla"), ("password", surfer::PASSWORD), ("role", "administrator")];
    let role = role.map(|(name, value)| (name.to_owned(), value.to_owned()));
    anna.post("/people", &role).await;
    let carla = anna.signed_in_as("carla").await;
    carla.change("chat", &[("policy.set_presence", Set::On)]).await;
    // Anna's change is put on top of what Carla has saved, and says only what is hers.
    let page = anna.get("/instances/Test/actions").await;
    let unsaved = page.html.split("Not saved yet: ").nth(1).and_then(|rest| rest.split('<').next()).unwrap();
    assert_eq!(unsaved, "Actions: Busy");
    anna.change("actions", &[]).await;
    let page = anna.get("/instances/Test/chat").await;
    assert_eq!(page.form("/chat").value("policy.set_presence"), Some("on"));
}
