//! Instances as they are entered by hand: saved, tried, renamed, deleted, and looked at before they are saved.

use std::collections::BTreeSet;

use busylamp_core::{check::Verdict, ids::InstanceId, policy::Policy, secret::Secret};
use busylamp_service::{
    Described, ServiceError,
    config::{InStore, SecretSource, Secrets, WrittenInstance, WrittenTrust},
};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};

use crate::world::{DND, DND_PRESENCE_TEXT, Exchange, Reads, Setup, World, eventually};

fn policy(value: Value) -> Policy {
    serde_json::from_value(value).unwrap()
}

fn secrets<const N: usize>(given: [(&str, &str); N]) -> Secrets {
    given.into_iter().map(|(place, secret)| (place.to_owned(), Secret::new(secret))).collect()
}

/// The only instance.
async fn the_instance(world: &World) -> Described {
    let mut all = world.service().instances().await.unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// Where it is refused, and why.
fn refused<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> (String, String) {
    match result.unwrap_err() {
        ServiceError::Refused(refusal) => (refusal.place, refusal.problem.to_string()),
        error @ (ServiceError::Store { .. } | ServiceError::UnknownInstance(_) | ServiceError::Stopped) => {
            panic!("{error}")
        }
    }
}

/// As pages hand it over: every secret stands in the store.
fn by_hand(world: &World) -> (WrittenInstance, Secrets) {
    let (mut written, secrets) = world.instance();
    let stored = || SecretSource::Stored(InStore);
    written.starface.password = stored();
    if let Some(bridge) = &mut written.starface.bridge {
        bridge.key = stored();
    }
    if let Some(graph) = &mut written.graph {
        graph.client_secret = Some(stored());
    }
    if let Some(ews) = &mut written.ews {
        ews.password = Some(stored());
    }
    (written, secrets)
}

/// A world without an instance.
async fn empty(setup: Setup) -> World {
    let mut world = World::prepare(setup).await;
    world.run().await;
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_is_entered_by_hand_works_and_can_be_edited_without_its_secrets() {
    let world = empty(Setup::default()).await;
    let (written, given) = by_hand(&world);
    let id = world.service().save(None, &written, &given).await.unwrap();
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true, "presence": "available"})).await;

    let described = the_instance(&world).await;
    let places: BTreeSet<&str> = described.secrets.iter().map(String::as_str).collect();
    assert_eq!(places, BTreeSet::from(["graph.client_secret", "starface.bridge.key", "starface.password"]));
    let shown = serde_json::to_string(&described).unwrap() + &format!("{described:?}");
    for secret in given.values() {
        assert!(!shown.contains(secret.expose()));
    }
    let edited = WrittenInstance { policy: policy(json!({"set_presence": true})), ..described.written };
    assert_eq!(world.service().save(Some(&id), &edited, &Secrets::new()).await.unwrap(), id);
    world.shows(&anna, json!({"dnd": false, "presence": "do_not_disturb"})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_of_a_file_can_be_edited_by_hand_and_applied_again() {
    let world = World::start(Setup::default()).await;
    let Described { id, written, .. } = the_instance(&world).await;
    assert!(matches!(written.starface.password, SecretSource::File(_)));
    let edited = WrittenInstance { description: "Erdgeschoss".to_owned(), ..written.clone() };
    world.service().save(Some(&id), &edited, &Secrets::new()).await.unwrap();
    assert_eq!(the_instance(&world).await.written, edited, "what stands in files stands there still");

    let new = secrets([("starface.password", world.sim.ready().starface_password.as_str())]);
    world.service().save(Some(&id), &edited, &new).await.unwrap();
    let saved = the_instance(&world).await.written;
    assert_eq!(saved.starface.password, SecretSource::Stored(InStore), "what was entered stands in the store");

    world.service().apply(&[(saved.clone(), Secrets::new())]).await.unwrap();
    assert_eq!(the_instance(&world).await.written, saved);
    let other = WrittenInstance { name: "Zweite".to_owned(), ..saved };
    let (place, problem) = refused(world.service().apply(&[(other, Secrets::new())]).await);
    assert_eq!(place, "instance[0].graph.client_secret");
    assert!(problem.contains("the store has no such secret"), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_is_kept_goes_to_no_other_server() {
    let world = World::start(Setup { reads: Reads::Both(Exchange::default()), ..Setup::default() }).await;
    let Described { id, written, .. } = the_instance(&world).await;
    let moved = |change: &dyn Fn(&mut WrittenInstance)| {
        let mut moved = written.clone();
        change(&mut moved);
        moved
    };
    let elsewhere = "https://collector.example.com/".to_owned();
    let cases = [
        (moved(&|w| w.starface.url.clone_from(&elsewhere)), "starface.bridge.key"),
        (moved(&|w| w.graph.as_mut().unwrap().login = Some(elsewhere.clone())), "graph.client_secret"),
        (moved(&|w| w.graph.as_mut().unwrap().endpoint = Some(elsewhere.clone())), "graph.client_secret"),
        (moved(&|w| w.ews.as_mut().unwrap().url.clone_from(&elsewhere)), "ews.password"),
    ];
    for (moved, place) in cases {
        let service = world.service();
        let none = Secrets::new();
        assert_eq!(refused(service.save(Some(&id), &moved, &none).await).0, place);
        assert_eq!(refused(service.try_all(Some(&id), &moved, &none).await).0, place);
        assert_eq!(refused(service.preview(Some(&id), &moved, &none).await).0, place);
        if place.starts_with("starface") {
            assert_eq!(refused(service.try_pbx(Some(&id), &moved, &none).await).0, place);
        } else {
            assert_eq!(refused(service.try_calendar(Some(&id), &moved, &none).await).0, place);
        }
    }
    // The same server on another path is the same.
    let path = moved(&|w| w.ews.as_mut().unwrap().url += "/there");
    assert!(!world.service().try_calendar(Some(&id), &path, &Secrets::new()).await.unwrap().steps.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_reads_the_servers_variables_or_files_by_a_request() {
    let world = World::start(Setup::default()).await;
    let Described { id, written, .. } = the_instance(&world).await;
    let mut curious = written.clone();
    curious.starface.password = SecretSource::File("/etc/shadow".into());
    assert_eq!(refused(world.service().save(Some(&id), &curious, &Secrets::new()).await).0, "starface.password");
    let mut curious = written.clone();
    curious.graph.as_mut().unwrap().client_secret = Some(SecretSource::Env("PATH".to_owned()));
    assert_eq!(refused(world.service().try_all(Some(&id), &curious, &Secrets::new()).await).0, "graph.client_secret");
    let mut curious = written;
    curious.starface.trust = Some(WrittenTrust::Authority("/etc/shadow".into()));
    assert_eq!(refused(world.service().save(None, &curious, &Secrets::new()).await).0, "starface.password");
    assert_eq!(refused(world.service().save(Some(&id), &curious, &Secrets::new()).await).0, "starface.trust");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_can_be_changed_and_is_nobody_elses() {
    let world = World::start(Setup::default()).await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    let writes = world.writes().await.len();
    let Described { id, written, .. } = the_instance(&world).await;
    let named = |name: &str| WrittenInstance { name: name.to_owned(), ..written.clone() };
    let none = Secrets::new();
    assert_eq!(world.service().save(Some(&id), &named("Zentrale"), &none).await.unwrap(), id);
    let ben = world.person(1);
    world.is_in_a_meeting(&ben, "b").await;
    world.shows(&ben, json!({"dnd": true})).await;
    assert_eq!(world.writes().await.len(), writes + 1, "what is held is held on");

    let (other, given) = by_hand(&world);
    let other = WrittenInstance { name: "Test".to_owned(), active: false, ..other };
    let second = world.service().save(None, &other, &given).await.unwrap();
    assert_ne!(second, id, "the first was once called so");
    let taken = WrittenInstance { name: "Zentrale".to_owned(), ..other };
    assert_eq!(refused(world.service().save(Some(&second), &taken, &none).await).0, "name");
    for bad in ["", "  ", " a", "a\nb", &"x".repeat(101)] {
        assert_eq!(refused(world.service().save(Some(&id), &named(bad), &none).await).0, "name", "{bad:?}");
    }
    let nobody = InstanceId::new("nobody");
    let missing = world.service().save(Some(&nobody), &written, &none).await;
    assert!(matches!(missing, Err(ServiceError::UnknownInstance(id)) if id == nobody));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_switched_off_or_deleted_gives_back() {
    let world = World::start(Setup::default()).await;
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    let id = the_instance(&world).await.id;
    world.service().set_active(&id, false).await.unwrap();
    world.shows(&anna, json!({"dnd": false})).await;
    assert!(!the_instance(&world).await.written.active);
    world.service().set_active(&id, true).await.unwrap();
    world.shows(&anna, json!({"dnd": true})).await;

    world.service().delete(&id).await.unwrap();
    assert!(world.service().instances().await.unwrap().is_empty());
    world.shows(&anna, json!({"dnd": false})).await;
    assert!(matches!(world.service().delete(&id).await, Err(ServiceError::UnknownInstance(_))));
    let gone = async || if world.board().lamps.is_empty() { Ok(()) } else { Err(world.board()) };
    eventually("nobody is on the board", gone).await;
    let secrets = async || world.store().secret_names().await.unwrap();
    let forgotten = async || if secrets().await.is_empty() { Ok(()) } else { Err(secrets().await) };
    eventually("its secrets are gone with it", forgotten).await;
    // The name is free again, whether the old self is gone from the store or not.
    let (written, given) = by_hand(&world);
    world.service().save(None, &written, &given).await.unwrap();
    world.shows(&anna, json!({"dnd": true})).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_never_ran_is_deleted_at_once() {
    let mut world = empty(Setup { active: false, ..Setup::default() }).await;
    let (written, given) = by_hand(&world);
    let id = world.service().save(None, &written, &given).await.unwrap();
    world.service().delete(&id).await.unwrap();
    world.stop().await;
    world.run().await;
    assert!(world.service().instances().await.unwrap().is_empty());
    let again = world.service().save(None, &written, &given).await.unwrap();
    assert_eq!(again, id, "nothing is left of it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_telephone_system_is_tried_before_anything_is_saved() {
    let world = empty(Setup { users: 14, ..Setup::default() }).await;
    let (mut written, given) = by_hand(&world);
    let group = std::mem::take(&mut written.starface.group);
    written.graph = None;
    let trial = world.service().try_pbx(None, &written, &given).await.unwrap();
    assert!(trial.is_ok(), "{:?}", trial.steps);
    assert_eq!(trial.bridge, Some(true));
    let found = trial.groups.iter().find(|found| found.name == group).unwrap();
    assert_eq!(found.members, Some(14));

    written.starface.group = "Niemand".to_owned();
    let trial = world.service().try_pbx(None, &written, &given).await.unwrap();
    let faults: Vec<_> = trial.steps.iter().filter(|step| !step.is_ok()).collect();
    assert!(
        matches!(&faults[..], [step] if matches!(&step.verdict, Verdict::Fault(why) if why.to_string().contains(&group)))
    );

    let mut wrong = given.clone();
    wrong.extend(secrets([("starface.password", "falsch")]));
    let before = world.logins().await;
    for _ in 0..3 {
        let trial = world.service().try_pbx(None, &written, &wrong).await.unwrap();
        assert!(!trial.is_ok());
    }
    assert_eq!(world.logins().await, before + 1, "a wrong password is tried once");
    assert!(world.service().try_pbx(None, &written, &given).await.unwrap().groups.len() > 1);
    assert!(world.service().instances().await.unwrap().is_empty());
    assert!(world.writes().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_sign_in_is_not_made_again_for_a_trial() {
    let world = World::start(Setup::default()).await;
    world.a_round_has_passed(&world.person(0)).await;
    let before = world.logins().await;
    let Described { id, written, .. } = the_instance(&world).await;
    let trial = world.service().try_pbx(Some(&id), &written, &Secrets::new()).await.unwrap();
    assert!(trial.is_ok(), "{:?}", trial.steps);
    let all = world.service().try_all(Some(&id), &written, &Secrets::new()).await.unwrap();
    assert!(all.is_ok(), "{all:?}");
    assert_eq!(world.logins().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_calendars_are_tried_without_a_telephone_system() {
    let world = empty(Setup { reads: Reads::Both(Exchange::default()), ..Setup::default() }).await;
    let (mut written, given) = by_hand(&world);
    written.starface.url = String::new();
    written.starface.login = String::new();
    let found = world.service().try_calendar(None, &written, &given).await.unwrap();
    assert!(found.is_ok() && found.two_sides && found.users.is_empty(), "{found:?}");
    let mut wrong = given.clone();
    wrong.extend(secrets([("graph.client_secret", "falsch")]));
    let found = world.service().try_calendar(None, &written, &wrong).await.unwrap();
    let faults: Vec<_> = found.steps.iter().filter(|walked| !walked.step.is_ok()).collect();
    assert!(
        !faults.is_empty() && faults.iter().all(|walked| walked.through.to_string() == "Microsoft Graph"),
        "{found:?}"
    );
    let without = WrittenInstance { graph: None, ews: None, ..written };
    assert_eq!(refused(world.service().try_calendar(None, &without, &given).await).0, "graph");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_looked_for_and_who_is_missing_is_named() {
    let world = empty(Setup { users: 5, ..Setup::default() }).await;
    let (written, given) = by_hand(&world);
    let denied = world.person(1);
    world.control(reqwest::Method::PATCH, &format!("/mailboxes/{}", denied.mail), json!({"access": "denied"})).await;
    world.by_hand(&world.person(2), json!({"mail": ""})).await;
    let found = world.service().try_all(None, &written, &given).await.unwrap();
    assert!(!found.is_ok());
    let troubles: Vec<_> = found.users.iter().filter(|user| user.trouble.is_some()).collect();
    assert_eq!((found.users.len(), troubles.len()), (5, 2), "{found:?}");
    assert!(troubles.iter().any(|user| user.account == denied.account.to_string()));
    assert!(world.writes().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_looked_at_and_pinned() {
    let world = empty(Setup { tls: true, ..Setup::default() }).await;
    let (mut written, given) = by_hand(&world);
    let url = written.starface.url.clone();
    let shown = world.service().fingerprint(&url).await.unwrap();
    assert!(shown.untrusted.is_some() && shown.not_after.is_some(), "{shown:?}");
    let pin = Some(WrittenTrust::Pin(shown.fingerprint.clone()));
    written.starface.trust.clone_from(&pin);
    written.graph.as_mut().unwrap().trust = pin;
    let found = world.service().try_all(None, &written, &given).await.unwrap();
    assert!(found.is_ok(), "{found:?}");
    for bad in ["http://127.0.0.1", "pbx", "https://127.0.0.1:1/", "ftp://pbx.example.com"] {
        assert_eq!(refused(world.service().fingerprint(bad).await).0, "url", "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_that_is_entered_is_kept_in_the_store() {
    let world = empty(Setup { tls: true, ..Setup::default() }).await;
    let (mut written, given) = by_hand(&world);
    let stored = Some(WrittenTrust::Stored(InStore));
    written.starface.trust.clone_from(&stored);
    written.graph.as_mut().unwrap().trust = stored;
    let id = world.service().save(None, &written, &given).await.unwrap();
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    world.service().save(Some(&id), &written, &Secrets::new()).await.unwrap();
    let mut broken = given.clone();
    broken.extend(secrets([("graph.trust", "no certificate")]));
    assert_eq!(refused(world.service().save(Some(&id), &written, &broken).await).0, "graph.trust");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_tells_what_would_differ_and_changes_nothing() {
    let world = World::start(Setup { policy: DND, ..Setup::default() }).await;
    let (anna, ben) = (world.person(0), world.person(1));
    let (from, to) = (world.at(86_400), world.at(90_000));
    world.meet(&anna, "a", from, to, "Strategie").await;
    world.meet(&ben, "b", world.at(20 * 86_400), world.at(21 * 86_400), "Viel später").await;
    world.a_round_has_passed(&world.person(2)).await;
    let before = world.writes().await.len();
    let Described { id, written, .. } = the_instance(&world).await;
    let none = Secrets::new();
    let same = world.service().preview(Some(&id), &written, &none).await.unwrap();
    assert_eq!((same.users.len(), same.unchanged, same.unread.len()), (0, 3, 0), "{same:?}");

    let presence = policy(json!({"actions": {"busy": "dnd"}, "set_presence": true}));
    let proposed = WrittenInstance { policy: presence, ..written.clone() };
    let preview = world.service().preview(Some(&id), &proposed, &none).await.unwrap();
    let [user] = &preview.users[..] else { panic!("{preview:?}") };
    let [difference] = &user.differences[..] else { panic!("{preview:?}") };
    assert_eq!(user.account.as_str(), anna.account.to_string());
    assert_eq!((difference.from.as_second(), difference.to.as_second()), (from.as_second(), to.as_second()));
    assert_eq!((difference.before.dnd, difference.after.dnd), (Some(true), Some(true)));
    assert!(difference.before.presence.is_none() && difference.after.presence.is_some());
    assert_eq!(preview.unchanged, 2);
    assert!((preview.summary.presence_hours.after - 1.0).abs() < 0.01, "{:?}", preview.summary);

    // Other keywords need other readings, and a new instance a first one.
    let titles =
        policy(json!({"actions": {"busy": "dnd"}, "title_as_text": true, "extra_keywords": {"dnd_off": ["(Frei)"]}}));
    let proposed = WrittenInstance { policy: titles, ..written.clone() };
    let preview = world.service().preview(Some(&id), &proposed, &none).await.unwrap();
    let texts: Vec<&str> =
        preview.users[0].differences.iter().map(|d| d.after.text.as_ref().unwrap().as_str()).collect();
    assert_eq!(texts, ["‹Betreff›"], "nobody's calendar is read by way of a preview");
    let (fresh, given) = by_hand(&world);
    let fresh = WrittenInstance { name: "Neu".to_owned(), ..fresh };
    let preview = world.service().preview(None, &fresh, &given).await.unwrap();
    assert_eq!((preview.users.len(), preview.unchanged), (1, 2), "{preview:?}");
    assert_eq!(preview.users[0].differences[0].before.dnd, None);
    let off = WrittenInstance { active: false, ..written };
    let preview = world.service().preview(Some(&id), &off, &none).await.unwrap();
    assert_eq!(preview.users[0].differences[0].after.dnd, None);
    assert_eq!(world.writes().await.len(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_shows_the_titles_that_are_published_already() {
    let world = World::start(Setup { policy: DND_PRESENCE_TEXT, ..Setup::default() }).await;
    let anna = world.person(0);
    world.meet(&anna, "a", world.at(86_400), world.at(90_000), "Strategie").await;
    let private = json!({"start": world.at(96_400).to_string(), "end": world.at(98_000).to_string(), "kind": "busy",
        "subject": "Arzt", "sensitivity": "personal"});
    world.put_event(&anna, "b", private).await;
    world.a_round_has_passed(&world.person(2)).await;
    let Described { id, written, .. } = the_instance(&world).await;
    let open = policy(json!({"title_as_text": true, "show_end": false, "masked": ["private", "confidential"]}));
    let proposed = WrittenInstance { policy: open, ..written };
    let preview = world.service().preview(Some(&id), &proposed, &Secrets::new()).await.unwrap();
    let texts: Vec<&str> =
        preview.users[0].differences.iter().map(|d| d.after.text.as_ref().unwrap().as_str()).collect();
    assert_eq!(texts, ["Strategie", "‹Betreff›"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_proves_itself_with_a_certificate() {
    let world = empty(Setup::default()).await;
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let certificate = CertificateParams::new(["busylamp".to_owned()]).unwrap().self_signed(&key).unwrap().pem();
    let (mut written, mut given) = by_hand(&world);
    let graph = written.graph.as_mut().unwrap();
    graph.client_secret = None;
    graph.client_certificate = Some(SecretSource::Stored(InStore));
    given.extend(secrets([("graph.client_certificate", certificate.as_str())]));
    let (place, problem) = refused(world.service().try_calendar(None, &written, &given).await);
    assert_eq!(place, "graph.client_certificate");
    assert!(problem.contains("private key"), "{problem}");

    given.extend(secrets([("graph.client_certificate", (key.serialize_pem() + &certificate).as_str())]));
    let found = world.service().try_calendar(None, &written, &given).await.unwrap();
    assert!(!found.is_ok() && format!("{found:?}").contains("register the certificate"), "{found:?}");

    world.control(reqwest::Method::POST, "/certificates", json!({"pem": certificate})).await;
    let found = world.service().try_calendar(None, &written, &given).await.unwrap();
    assert!(found.is_ok(), "{found:?}");
    world.service().save(None, &written, &given).await.unwrap();
    let anna = world.person(0);
    world.is_in_a_meeting(&anna, "a").await;
    world.shows(&anna, json!({"dnd": true})).await;
    written.graph.as_mut().unwrap().client_secret = Some(SecretSource::Stored(InStore));
    assert_eq!(refused(world.service().try_all(None, &written, &given).await).0, "graph.client_certificate");
}
