//! People by the API: as on their page.

use busylamp_store::Role;
use serde_json::{Value, json};

use crate::house::{ADMINISTRATOR, House, Who};

#[tokio::test]
async fn somebody_is_added_gets_another_role_and_password_and_leaves() {
    let house = House::new().await;
    let new = json!({"name": "carla", "role": "viewer", "password": "ein langes Kennwort"});
    let carla = house.done(ADMINISTRATOR, "POST", "/people", new.clone()).await;
    assert_eq!((&carla["name"], &carla["role"]), (&json!("carla"), &json!("viewer")));
    assert_eq!(house.refused(ADMINISTRATOR, "POST", "/people", new).await, (422, "refused".into(), "name".into()));
    let path = format!("/people/{}", carla["id"].as_str().unwrap());

    let signed_in = house.post(Who::Nobody, "/login", &[("name", "carla"), ("password", "ein langes Kennwort")]).await;
    assert_eq!(signed_in.status().as_u16(), 303);
    house.done(ADMINISTRATOR, "PUT", &format!("{path}/password"), json!({"password": "noch ein Kennwort"})).await;
    house.done(ADMINISTRATOR, "PUT", &format!("{path}/role"), json!({"role": "administrator"})).await;
    let people = house.done(ADMINISTRATOR, "GET", "/people", Value::Null).await;
    let found = people["people"].as_array().unwrap().iter().find(|person| person["name"] == "carla").unwrap().clone();
    assert_eq!(found["role"], "administrator");
    house.done(ADMINISTRATOR, "DELETE", &path, Value::Null).await;
    assert_eq!(house.refused(ADMINISTRATOR, "DELETE", &path, Value::Null).await.0, 404);

    let trail = house.done(ADMINISTRATOR, "GET", "/audit", Value::Null).await;
    let entry = |number: usize| trail["entries"][number].clone();
    assert_eq!((&entry(0)["who"], &entry(0)["action"]), (&json!("token administrator"), &json!("person_removed")));
    assert_eq!((&entry(3)["action"], &entry(3)["object"]), (&json!("person_added"), &json!("carla")));
}

#[tokio::test]
async fn somebody_must_be_left_who_may_change_things() {
    let house = House::new().await;
    let people = house.store.people().await.unwrap();
    let anna = people.iter().find(|person| person.role == Role::Administrator).unwrap().id;
    let role = json!({"role": "viewer"});
    let (status, code, _) = house.refused(ADMINISTRATOR, "PUT", &format!("/people/{anna}/role"), role).await;
    assert_eq!((status, code.as_str()), (409, "last_administrator"));
    assert_eq!(house.refused(ADMINISTRATOR, "DELETE", &format!("/people/{anna}"), Value::Null).await.0, 409);
}

#[tokio::test]
async fn what_is_sent_has_to_make_sense() {
    let house = House::new().await;
    for (body, place) in [
        (json!({"name": "c", "role": "viewer"}), "(line 1"),
        (json!({"name": "c", "role": "god", "password": "ein langes Kennwort"}), "role"),
        (json!({"name": "c", "role": "viewer", "password": "kurz"}), ""),
        (json!({"name": "c", "role": "viewer", "password": "ein langes Kennwort", "admin": true}), "admin"),
        (json!({"name": 7, "role": "viewer", "password": "ein langes Kennwort"}), "name"),
        (json!([]), ""),
    ] {
        let (status, _, found) = house.refused(ADMINISTRATOR, "POST", "/people", body.clone()).await;
        assert!(status == 422 && (found.starts_with(place) || place.starts_with('(')), "{body}: {status} {found}");
    }
    assert_eq!(house.store.people().await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_trail_is_read_page_by_page() {
    let house = House::new().await;
    for number in 0..7 {
        let name = format!("p{number}");
        let new = json!({"name": name, "role": "viewer", "password": "ein langes Kennwort"});
        house.done(ADMINISTRATOR, "POST", "/people", new).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = house.done(ADMINISTRATOR, "GET", &format!("/audit?limit=3{cursor}"), Value::Null).await;
        seen.extend(
            page["entries"].as_array().unwrap().iter().map(|entry| entry["object"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["p6", "p5", "p4", "p3", "p2", "p1", "p0"]);
}
