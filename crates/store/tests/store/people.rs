//! People, their sessions and the trail of what they did.

use crate::common::Place;
use busylamp_core::language::Language;
use busylamp_store::{Action, Audited, Changed, PasswordHash, Person, Role, SESSION_IDLE, SESSION_LIFE, Store};
use jiff::{SignedDuration, Timestamp};

fn hash(text: &str) -> PasswordHash {
    PasswordHash::new(text)
}

fn noon() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

async fn add(store: &Store, name: &str, role: Role) -> Person {
    store.add_person(name, role, &hash("a")).await.unwrap().unwrap();
    store.person(name).await.unwrap().unwrap().0
}

#[tokio::test]
async fn the_first_administrator_is_added_once() {
    let place = Place::new();
    let store = place.open().await;
    assert!(!store.has_administrator().await.unwrap());
    assert!(store.add_first_administrator("anna", &hash("a")).await.unwrap().is_some());
    assert!(store.add_first_administrator("mallory", &hash("m")).await.unwrap().is_none());
    assert!(store.has_administrator().await.unwrap());
    assert_eq!(store.people().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_name_is_taken_in_whatever_case() {
    let place = Place::new();
    let store = place.open().await;
    add(&store, "Anna", Role::Viewer).await;
    assert!(store.add_person("aNNA", Role::Administrator, &hash("b")).await.unwrap().is_none());
    let (found, password) = store.person("ANNA").await.unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.role, password.expose()), ("Anna", Role::Viewer, "a"));
}

#[tokio::test]
async fn somebody_must_be_left_who_may_change_things() {
    let place = Place::new();
    let store = place.open().await;
    let anna = add(&store, "anna", Role::Administrator).await;
    let bert = add(&store, "bert", Role::Viewer).await;
    assert_eq!(store.set_role(anna.id, Role::Viewer).await.unwrap(), Changed::LastAdministrator);
    assert_eq!(store.remove_person(anna.id).await.unwrap(), Changed::LastAdministrator);
    assert_eq!(store.person("anna").await.unwrap().unwrap().0, anna);

    assert_eq!(store.set_role(bert.id, Role::Administrator).await.unwrap(), Changed::Done);
    assert_eq!(store.remove_person(anna.id).await.unwrap(), Changed::Done);
    assert_eq!(store.remove_person(anna.id).await.unwrap(), Changed::Unknown);
    assert_eq!(store.set_role(anna.id, Role::Viewer).await.unwrap(), Changed::Unknown);
}

#[tokio::test]
async fn a_language_is_chosen_and_left_to_the_browser_again() {
    let place = Place::new();
    let store = place.open().await;
    let anna = add(&store, "anna", Role::Viewer).await;
    assert_eq!(anna.language, None);
    for language in [Some(Language::German), Some(Language::English), None] {
        assert_eq!(store.set_language(anna.id, language).await.unwrap(), Changed::Done);
        assert_eq!(store.person("anna").await.unwrap().unwrap().0.language, language);
    }
}

#[tokio::test]
async fn a_session_ends_when_nobody_uses_it_and_at_the_latest_after_a_week() {
    let place = Place::new();
    let store = place.open().await;
    let anna = add(&store, "anna", Role::Viewer).await;
    let (quiet, busy) = ([1; 32], [2; 32]);
    for token in [&quiet, &busy] {
        store.begin_session(anna.id, token, noon()).await.unwrap();
    }
    assert_eq!(store.session(&[3; 32], noon()).await.unwrap(), None);

    let mut now = noon();
    while now < noon() + SESSION_LIFE {
        assert_eq!(store.session(&busy, now).await.unwrap().as_ref(), Some(&anna), "{now}");
        now += SESSION_IDLE - SignedDuration::from_secs(1);
    }
    assert_eq!(store.session(&busy, noon() + SESSION_LIFE).await.unwrap(), None);
    assert_eq!(store.session(&quiet, noon() + SESSION_IDLE).await.unwrap(), None);
}

#[tokio::test]
async fn signing_out_another_password_and_leaving_end_sessions() {
    let place = Place::new();
    let store = place.open().await;
    add(&store, "root", Role::Administrator).await;
    let anna = add(&store, "anna", Role::Viewer).await;
    let begin = async |token: u8| store.begin_session(anna.id, &[token; 32], noon()).await.unwrap();
    let open = async |token: u8| store.session(&[token; 32], noon()).await.unwrap().is_some();

    begin(1).await;
    begin(2).await;
    store.end_session(&[1; 32]).await.unwrap();
    assert!(!open(1).await && open(2).await);
    assert_eq!(store.set_password(anna.id, &hash("new")).await.unwrap(), Changed::Done);
    assert!(!open(2).await);
    begin(3).await;
    store.remove_person(anna.id).await.unwrap();
    assert!(!open(3).await);
}

#[tokio::test]
async fn nobody_fills_the_store_with_sessions() {
    let place = Place::new();
    let store = place.open().await;
    let anna = add(&store, "anna", Role::Viewer).await;
    for number in 0..40 {
        let now = noon() + SignedDuration::from_secs(number.into());
        store.begin_session(anna.id, &[number; 32], now).await.unwrap();
    }
    let later = noon() + SignedDuration::from_mins(1);
    let mut open = Vec::new();
    for number in 0..40_u8 {
        if store.session(&[number; 32], later).await.unwrap().is_some() {
            open.push(number);
        }
    }
    assert_eq!(open, (20..40).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_trail_names_who_did_what_the_newest_first() {
    let place = Place::new();
    let store = place.open().await;
    for (person, object) in [("anna", "Zentrale"), ("bert", "Werk 2")] {
        let entry = Audited {
            at: noon(),
            person: person.into(),
            action: Action::new("instance_changed"),
            object: object.into(),
        };
        store.audit(&entry).await.unwrap();
    }
    let trail = store.audit_trail(10).await.unwrap();
    let seen: Vec<_> = trail.iter().map(|entry| (entry.person.as_str(), entry.object.as_str())).collect();
    assert_eq!(seen, [("bert", "Werk 2"), ("anna", "Zentrale")]);
    assert_eq!(trail[0].action.as_str(), "instance_changed");
    assert_eq!(store.audit_trail(1).await.unwrap().len(), 1);
    let newest = store.audit_trail_before(None, 1).await.unwrap().remove(0);
    let older = store.audit_trail_before(Some(newest.0), 10).await.unwrap();
    assert_eq!(older.iter().map(|(_, entry)| entry.person.as_str()).collect::<Vec<_>>(), ["anna"]);
}

#[tokio::test]
async fn neither_password_hashes_nor_tokens_are_shown() {
    assert_eq!(format!("{:?}", hash("$argon2id$geheim")), "PasswordHash(…)");
}
