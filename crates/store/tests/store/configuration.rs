//! Instances, secrets and facts.

use crate::common::{Place, State, account, activate, at, document, id, raw};
use busylamp_core::secret::Secret;
use busylamp_store::{Change, Phase, Scope, StoreError, StoredInstance, Unreadable};

fn find<'a>(instances: &'a [StoredInstance], name: &str) -> &'a StoredInstance {
    instances.iter().find(|instance| instance.document.id == id(name)).expect("the instance is there")
}

#[tokio::test]
async fn a_document_is_kept_as_it_was_given() {
    let place = Place::new();
    let store = place.open().await;
    let mut wanted = document("zentrale");
    wanted.description = "Empfang und „Büro“".into();
    wanted.configuration = serde_json::json!({"policy": {"actions": {"busy": "dnd"}}, "poll": 30, "list": [1, null]});
    store.put_instance(wanted.clone()).await.unwrap();
    store.close().await;
    drop(store);

    let instances = place.open().await.instances().await.unwrap();
    assert_eq!(instances, [StoredInstance { document: wanted, phase: Phase::Inactive, activation: None }]);
}

#[tokio::test]
async fn a_change_is_carried_out_whole_or_not_at_all() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let mut changed = document("zentrale");
    changed.description = "neu".into();
    let changes = [
        Change::Put(changed),
        Change::Put(document("lager")),
        Change::PutSecret("lager/graph".into(), Secret::new("geheim")),
        activate("nirgends"),
    ];

    let refused = store.apply(&changes).await.unwrap_err();

    assert!(matches!(refused, StoreError::UnknownInstance(instance) if instance == id("nirgends")));
    let instances = store.instances().await.unwrap();
    assert_eq!(instances.len(), 1);
    assert_eq!(instances[0].document, document("zentrale"));
    assert!(store.secret("lager/graph").await.unwrap().is_none());
    assert_eq!(store.apply(&changes[..3]).await.unwrap().len(), 2);
}

#[tokio::test]
async fn instances_may_swap_names_but_not_share_one() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    store.put_instance(document("lager")).await.unwrap();
    let named = |of: &str, name: &str| {
        let mut document = document(of);
        document.name = name.into();
        Change::Put(document)
    };
    let refused = store.apply(&[named("lager", "zentrale")]).await.unwrap_err();
    assert!(matches!(refused, StoreError::NameTaken { name } if name == "zentrale"));

    let instances = store.apply(&[named("lager", "zentrale"), named("zentrale", "lager")]).await.unwrap();
    assert_eq!(find(&instances, "lager").document.name, "zentrale");
}

#[tokio::test]
async fn who_is_activated_later_gets_a_larger_number() {
    let place = Place::new();
    let store = place.open().await;
    store.apply(&["a", "b"].map(|name| Change::Put(document(name)))).await.unwrap();

    let instances = store.apply(&[activate("b"), activate("a"), activate("b")]).await.unwrap();
    assert_eq!(find(&instances, "b").activation, Some(1), "active already: nothing changes");
    assert_eq!(find(&instances, "a").activation, Some(2));

    let instances = store.apply(&[Change::SetPhase(id("b"), Phase::Closing)]).await.unwrap();
    assert_eq!(find(&instances, "b").activation, Some(1), "it owns its accounts until the last give-back");

    let instances = store.apply(&[activate("b")]).await.unwrap();
    assert_eq!(find(&instances, "b").activation, Some(3));

    store.set_phase(&id("b"), Phase::Inactive).await.unwrap();
    store.delete_instance(&id("a")).await.unwrap();
    store.close().await;
    drop(store);
    let store = place.open().await;
    assert_eq!(find(&store.instances().await.unwrap(), "b").activation, None);
    let instances = store.apply(&[activate("b")]).await.unwrap();
    assert_eq!(find(&instances, "b").activation, Some(4), "no number is given twice, also after a restart");
}

#[tokio::test]
async fn an_instance_that_still_holds_something_is_not_deleted() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let zentrale = id("zentrale");
    store.save_states(&[(&zentrale, &account(1), Some(&1))]).await.unwrap();

    let refused = store.delete_instance(&zentrale).await.unwrap_err();

    assert!(matches!(&refused, StoreError::StillHeld(instance) if *instance == zentrale), "{refused:?}");
    store.save_states::<u32>(&[(&zentrale, &account(1), None)]).await.unwrap();
    store.delete_instance(&zentrale).await.unwrap();
    assert!(store.instances().await.unwrap().is_empty());
    assert!(matches!(store.delete_instance(&zentrale).await, Err(StoreError::UnknownInstance(_))));
}

#[tokio::test]
async fn an_instance_that_moves_leaves_its_holds_with_its_old_self() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let (zentrale, old) = (id("zentrale"), id("zentrale-1"));
    store.apply(&[activate("zentrale")]).await.unwrap();
    let state = State::new("Mittagspause", 1);
    store.save_states(&[(&zentrale, &account(1), Some(&state))]).await.unwrap();
    let mut moved = document("zentrale");
    moved.configuration = serde_json::json!({"starface": "elsewhere"});

    let changes = [Change::Retire { instance: zentrale.clone(), closing_as: old.clone() }, Change::Put(moved.clone())];
    let instances = store.apply(&changes).await.unwrap();

    let retired = find(&instances, "zentrale-1");
    assert_eq!(retired.phase, Phase::Removing);
    assert_eq!(retired.document.configuration, document("zentrale").configuration);
    let current = find(&instances, "zentrale");
    assert_eq!((current.phase, &current.document), (Phase::Active, &moved));
    assert!(retired.activation < current.activation, "the old self owns the accounts until it has given them back");
    assert!(store.load_states::<State>(&zentrale).await.unwrap().found.is_empty());
    assert_eq!(store.load_states::<State>(&old).await.unwrap().found[&account(1)], state);
    assert!(matches!(store.apply(&changes[..1]).await, Err(StoreError::InstanceExists(id)) if id == old));
}

#[tokio::test]
async fn a_secret_is_given_back_replaced_and_removed() {
    let place = Place::new();
    let store = place.open().await;
    assert!(store.secret("graph").await.unwrap().is_none());
    store.put_secret("graph", &Secret::new("erstes")).await.unwrap();
    store.put_secret("graph", &Secret::new("zweites ä€")).await.unwrap();
    store.put_secret("ews", &Secret::new("")).await.unwrap();
    store.close().await;
    drop(store);
    let store = place.open().await;
    assert_eq!(store.secret("graph").await.unwrap().unwrap().expose(), "zweites ä€");
    assert_eq!(store.secret("ews").await.unwrap().unwrap().expose(), "");
    assert_eq!(store.secret_names().await.unwrap(), ["ews", "graph"]);
    assert!(store.delete_secret("graph").await.unwrap());
    assert!(!store.delete_secret("graph").await.unwrap());
    assert!(store.secret("graph").await.unwrap().is_none());
}

#[tokio::test]
async fn a_secret_that_was_moved_to_another_name_is_not_given_out() {
    let place = Place::new();
    let store = place.open().await;
    store.put_secret("ews", &Secret::new("geheim")).await.unwrap();
    let mut connection = raw(&place.path()).await;
    sqlx::query("UPDATE secrets SET name = 'graph'").execute(&mut connection).await.unwrap();
    let error = store.secret("graph").await.unwrap_err();
    assert!(matches!(error, StoreError::Unreadable { why: Unreadable::Damaged, .. }));
}

#[tokio::test]
async fn facts_belong_to_their_scope_and_go_with_their_instance() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let zentrale = id("zentrale");
    store.put_fact(Scope::Instance(&zentrale), "text_length", &90_u16).await.unwrap();
    store.put_fact(Scope::Instance(&zentrale), "text_length", &80_u16).await.unwrap();
    store.put_fact(Scope::Program, "text_length", "?").await.unwrap();
    assert_eq!(store.fact::<u16>(Scope::Instance(&zentrale), "text_length").await.unwrap(), Some(80));
    let error = store.fact::<u16>(Scope::Program, "text_length").await.unwrap_err();
    assert!(matches!(error, StoreError::Unreadable { why: Unreadable::OtherForm { .. }, .. }));
    store.delete_instance(&zentrale).await.unwrap();
    assert_eq!(store.fact::<u16>(Scope::Instance(&zentrale), "text_length").await.unwrap(), None);
    assert!(store.delete_fact(Scope::Program, "text_length").await.unwrap());
}

#[tokio::test]
async fn no_record_is_kept_for_an_instance_that_is_gone() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let zentrale = id("zentrale");
    let mailbox = "anna@example.com".to_owned().into();
    let agenda = crate::common::agenda("Jour fixe", 1);
    let new = busylamp_store::NewAgenda {
        instance: &zentrale,
        mailbox: &mailbox,
        read_at: at("2026-11-24T08:00:00Z"),
        reading: 1,
        agenda: &agenda,
    };
    store.save_agendas(&[new]).await.unwrap();
    store.delete_instance(&zentrale).await.unwrap();
    assert!(store.load_agendas(&zentrale).await.unwrap().found.is_empty());
    assert!(matches!(store.save_agendas(&[new]).await, Err(StoreError::UnknownInstance(_))));
}
