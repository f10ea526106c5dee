//! Instances by the API: added, looked at, changed, tried, deleted; their secrets go in and never come out.

use busylamp_service::config::read_file;
use busylamp_sim::{Calendars, SimConfig, Simulator};
use busylamp_store::Role;
use serde_json::{Value, json};

use crate::house::{ADMINISTRATOR, House, VIEWER, Who, instance};

/// The instance as a program would send it.
fn new(simulator: &Simulator) -> Value {
    let (text, secrets) = instance(simulator);
    let configuration = serde_json::to_value(read_file(&text).unwrap().remove(0)).unwrap();
    let secrets: serde_json::Map<_, _> =
        secrets.iter().map(|(place, secret)| (place.clone(), json!(secret.expose()))).collect();
    json!({"configuration": configuration, "secrets": secrets})
}

async fn simulator() -> Simulator {
    Simulator::start(SimConfig { users: 3, calendars: Calendars::Empty, ..SimConfig::default() }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_is_added_read_back_changed_and_deleted() {
    let (house, simulator) = (House::new().await, simulator().await);
    let new = new(&simulator);
    let made = house.done(ADMINISTRATOR, "POST", "/instances", new.clone()).await;
    assert_eq!((&made["phase"], &made["unusable"]), (&json!("active"), &Value::Null));
    assert_eq!(made["secrets"], json!(["graph.client_secret", "starface.bridge.key", "starface.password"]));
    house.eventually("its users are seen", |house| house.service.board().borrow().lamps.len() == 3).await;

    let id = made["id"].as_str().unwrap();
    let path = format!("/instances/{id}");
    let mut configuration = house.done(ADMINISTRATOR, "GET", &path, Value::Null).await["configuration"].clone();
    configuration["name"] = json!("Zentrale & Söhne/2");
    configuration["policy"]["set_presence"] = json!(false);
    let changed = house.done(ADMINISTRATOR, "PUT", &path, json!({"configuration": configuration})).await;
    assert_eq!((&changed["id"], &changed["configuration"]), (&json!(id), &configuration));
    assert_eq!(changed["secrets"], made["secrets"]);

    house.done(ADMINISTRATOR, "PUT", &format!("{path}/active"), json!({"active": false})).await;
    house.done(ADMINISTRATOR, "DELETE", &path, Value::Null).await;
    assert_eq!(house.refused(ADMINISTRATOR, "GET", &path, Value::Null).await.0, 404);
    let trail = house.done(ADMINISTRATOR, "GET", "/audit", Value::Null).await;
    let done: Vec<&str> = trail["entries"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
    assert_eq!(done, ["instance_removed", "instance_deactivated", "instance_changed", "instance_added"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_goes_in_and_never_comes_out() {
    let (house, simulator) = (House::new().await, simulator().await);
    house.done(ADMINISTRATOR, "POST", "/instances", new(&simulator)).await;
    let list = house.done(ADMINISTRATOR, "GET", "/instances", Value::Null).await.to_string();
    let ready = simulator.ready();
    let secrets = [&ready.client_secret, &ready.starface_password, &ready.starface_bridge_key];
    let bytes = house.bytes();
    for secret in secrets {
        assert!(!list.contains(secret.as_str()), "{list}");
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
    assert_eq!(house.refused(VIEWER, "GET", "/instances", Value::Null).await.0, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_read_no_files_and_no_environment_of_this_machine() {
    let (house, simulator) = (House::new().await, simulator().await);
    for (pointer, source, place) in [
        ("/configuration/starface/password", json!({"file": "/etc/passwd"}), "starface.password"),
        ("/configuration/starface/password", json!({"env": "HOME"}), "starface.password"),
        ("/configuration/graph/client_secret", json!({"env": "PATH"}), "graph.client_secret"),
    ] {
        let mut new = new(&simulator);
        *new.pointer_mut(pointer).unwrap() = source;
        new["secrets"].as_object_mut().unwrap().remove(place);
        for (path, body) in [("/instances", new.clone()), ("/trials", json!({"instance": new}))] {
            let (status, _, found) = house.refused(ADMINISTRATOR, "POST", path, body).await;
            assert_eq!((status, found.as_str()), (422, place), "{path}");
        }
    }
    let mut trusting = new(&simulator);
    trusting["configuration"]["starface"]["trust"] = json!({"authority": "/etc/ssl/certs/ca-certificates.crt"});
    assert_eq!(house.refused(ADMINISTRATOR, "POST", "/instances", trusting).await.0, 422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_is_named_by_its_key() {
    let (house, simulator) = (House::new().await, simulator().await);
    let good = new(&simulator);
    let set = |pointer: &str, value: Value| {
        let mut bad = good.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        bad.pointer_mut(parent).unwrap()[key] = value;
        bad
    };
    for (bad, place) in [
        (set("/configuration/starface/url", json!("ftp://x")), "starface.url"),
        (set("/configuration/zone", json!("Europe/Nowhere")), "zone"),
        (set("/configuration/policy/acton", json!({})), "configuration.policy.acton"),
        (set("/configuration/graph/poll", json!("never")), "configuration.graph.poll"),
        (set("/configuration/name", json!("")), "name"),
    ] {
        let (status, _, found) = house.refused(ADMINISTRATOR, "POST", "/instances", bad).await;
        assert!(status == 422 && found.starts_with(place), "{found}, not {place}");
    }
    house.done(ADMINISTRATOR, "POST", "/instances", good.clone()).await;
    let (status, _, place) = house.refused(ADMINISTRATOR, "POST", "/instances", good).await;
    assert_eq!((status, place.as_str()), (422, "name"));
    for (method, path) in [
        ("GET", "/instances/x"),
        ("DELETE", "/instances/x"),
        ("GET", "/instances/%2e%2e%2f"),
        ("POST", "/instances/x/check"),
    ] {
        assert_eq!(house.refused(ADMINISTRATOR, method, path, Value::Null).await.0, 404, "{method} {path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_is_tried_and_looked_ahead_with_before_it_is_saved() {
    let (house, simulator) = (House::new().await, simulator().await);
    let trial = json!({"instance": new(&simulator)});
    let found = house.done(ADMINISTRATOR, "POST", "/trials", trial.clone()).await;
    assert_eq!((&found["ok"], found["users"].as_array().unwrap().len()), (&json!(true), 3), "{found}");
    let found = house.done(ADMINISTRATOR, "POST", "/trials/calendar", trial.clone()).await;
    assert_eq!(found["ok"], true, "{found}");
    let found = house.done(ADMINISTRATOR, "POST", "/trials/telephones", trial.clone()).await;
    assert_eq!((&found["ok"], &found["bridge"]), (&json!(true), &json!(true)), "{found}");
    house.done(ADMINISTRATOR, "POST", "/previews", trial.clone()).await;
    assert!(house.store.instances().await.unwrap().is_empty());

    let mut wrong = trial;
    wrong["instance"]["secrets"]["starface.password"] = json!("falsch");
    let found = house.done(ADMINISTRATOR, "POST", "/trials/telephones", wrong).await;
    assert_eq!(found["ok"], false, "{found}");
    let server = json!({"url": "http://localhost"});
    assert_eq!(house.refused(ADMINISTRATOR, "POST", "/trials/certificate", server).await.0, 422);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_board_without_instances_says_so_and_leads_to_them() {
    let house = House::new().await;
    house.eventually("the board is drawn", |house| house.service.board().borrow().now.is_some()).await;
    let page = house.get(Who::Person(Role::Viewer), "/").await.text().await.unwrap();
    assert!(page.contains("No instance is active") && page.contains("<a href=\"/instances\">To the instances</a>"));
    house.done(ADMINISTRATOR, "POST", "/instances", new(&simulator().await)).await;
    house.eventually("its users are seen", |house| house.service.board().borrow().lamps.len() == 3).await;
    let page = house.get(Who::Person(Role::Viewer), "/").await.text().await.unwrap();
    assert!(!page.contains("No instance is active"));
}
