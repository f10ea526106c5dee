//! Agendas at rest (8.3).

use crate::common::{Place, agenda, at, id, raw};
use busylamp_core::ids::{InstanceId, MailAddress};
use busylamp_store::{NewAgenda, StoreError, Unreadable};

fn mailbox(name: &str) -> MailAddress {
    format!("{name}@example.com").into()
}

fn new<'a>(
    instance: &'a InstanceId,
    mailbox: &'a MailAddress,
    agenda: &'a busylamp_core::event::Agenda,
) -> NewAgenda<'a> {
    NewAgenda { instance, mailbox, read_at: at("2026-11-24T08:00:00.123456Z"), reading: u64::MAX - 1, agenda }
}

#[tokio::test]
async fn a_reading_is_given_back_after_a_restart() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let (zentrale, anna, berta) = (id("zentrale"), mailbox("anna"), mailbox("berta"));
    let (full, empty) = (agenda("Jour fixe (DND)", 50), agenda("", 0));
    store.save_agendas(&[new(&zentrale, &anna, &full), new(&zentrale, &berta, &empty)]).await.unwrap();
    store.close().await;
    drop(store);

    let loaded = place.open().await.load_agendas(&zentrale).await.unwrap();

    assert!(loaded.unreadable.is_empty());
    let stored = &loaded.found[&anna];
    assert_eq!(stored.agenda, full);
    assert_eq!((stored.read_at, stored.reading), (at("2026-11-24T08:00:00.123456Z"), u64::MAX - 1));
    assert_eq!(loaded.found[&berta].agenda, empty);
}

#[tokio::test]
async fn one_that_fails_takes_back_all_others() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let (zentrale, nowhere, anna) = (id("zentrale"), id("nirgends"), mailbox("anna"));
    let (early, late) = (agenda("früh", 1), agenda("spät", 1));
    store.save_agendas(&[new(&zentrale, &anna, &early)]).await.unwrap();
    let refused = store.save_agendas(&[new(&zentrale, &anna, &late), new(&nowhere, &anna, &late)]).await.unwrap_err();
    assert!(matches!(refused, StoreError::UnknownInstance(instance) if instance == nowhere));
    assert_eq!(store.load_agendas(&zentrale).await.unwrap().found[&anna].agenda, early);
}

#[tokio::test]
async fn one_that_cannot_be_read_is_skipped_and_reported() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let (zentrale, anna, berta) = (id("zentrale"), mailbox("anna"), mailbox("berta"));
    let agenda = agenda("Jour fixe", 3);
    store.save_agendas(&[new(&zentrale, &anna, &agenda), new(&zentrale, &berta, &agenda)]).await.unwrap();
    let mut connection = raw(&place.path()).await;
    sqlx::query("UPDATE agendas SET sealed = zeroblob(100) WHERE mailbox LIKE 'anna%'")
        .execute(&mut connection)
        .await
        .unwrap();
    let loaded = store.load_agendas(&zentrale).await.unwrap();
    assert_eq!(loaded.found.keys().collect::<Vec<_>>(), [&berta]);
    assert_eq!(loaded.unreadable[&anna], Unreadable::Damaged);
}

#[tokio::test]
async fn an_unchanged_calendar_is_only_confirmed() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let (zentrale, anna, nobody) = (id("zentrale"), mailbox("anna"), mailbox("niemand"));
    let agenda = agenda("Jour fixe", 3);
    store.save_agendas(&[new(&zentrale, &anna, &agenda)]).await.unwrap();
    let later = at("2026-11-24T09:00:00Z");
    store.confirm_agendas(&[(&zentrale, &anna), (&zentrale, &nobody)], later).await.unwrap();
    let loaded = store.load_agendas(&zentrale).await.unwrap();
    assert_eq!(loaded.found.len(), 1);
    assert_eq!((loaded.found[&anna].read_at, &loaded.found[&anna].agenda), (later, &agenda));
}

#[tokio::test]
async fn a_mailbox_can_be_forgotten() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let (zentrale, anna, berta) = (id("zentrale"), mailbox("anna"), mailbox("berta"));
    let agenda = agenda("Jour fixe", 3);
    store.save_agendas(&[new(&zentrale, &anna, &agenda), new(&zentrale, &berta, &agenda)]).await.unwrap();
    store.delete_agendas(&[(&zentrale, &anna)]).await.unwrap();
    assert_eq!(store.load_agendas(&zentrale).await.unwrap().found.keys().collect::<Vec<_>>(), [&berta]);
}

#[tokio::test]
async fn an_agenda_takes_little_room() {
    let place = Place::new();
    let store = place.open_with_instance().await;
    let (zentrale, anna) = (id("zentrale"), mailbox("anna"));
    let agenda = agenda("Jour fixe", 200);
    store.save_agendas(&[new(&zentrale, &anna, &agenda)]).await.unwrap();
    let mut connection = raw(&place.path()).await;
    let sealed: i64 =
        sqlx::query_scalar("SELECT length(sealed) FROM agendas").fetch_one(&mut connection).await.unwrap();
    let json = i64::try_from(serde_json::to_vec(&agenda).unwrap().len()).unwrap();
    assert!(sealed * 5 < json, "{sealed} of {json} bytes");
}
