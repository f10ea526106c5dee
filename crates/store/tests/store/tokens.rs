//! Tokens of the HTTP API: kept as hashes, good until they expire or are revoked.

use crate::common::Place;
use busylamp_store::{ApiToken, MOST_TOKENS, NewApiToken, NotMade, Role, Store};
use jiff::{SignedDuration, Timestamp};

fn noon() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn named(name: &str) -> NewApiToken<'_> {
    NewApiToken { name, role: Role::Viewer, expires: None }
}

async fn only(store: &Store) -> ApiToken {
    let mut tokens = store.tokens().await.unwrap();
    assert_eq!(tokens.len(), 1);
    tokens.remove(0)
}

#[tokio::test]
async fn a_token_opens_until_it_is_revoked_and_no_other_one_opens() {
    let place = Place::new();
    let store = place.open().await;
    store.add_token(&named("Überwachung"), &[7; 32], noon()).await.unwrap().unwrap();
    let found = store.token(&[7; 32], noon()).await.unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.role, found.expires), ("Überwachung", Role::Viewer, None));
    assert_eq!(store.token(&[8; 32], noon()).await.unwrap(), None);

    let revoked = store.revoke_token(found.id.number()).await.unwrap().unwrap();
    assert_eq!(revoked.name, "Überwachung");
    assert_eq!(store.token(&[7; 32], noon()).await.unwrap(), None);
    assert_eq!(store.revoke_token(found.id.number()).await.unwrap(), None);
}

#[tokio::test]
async fn a_token_is_good_before_its_last_instant_and_not_at_it() {
    let place = Place::new();
    let store = place.open().await;
    let expires = noon() + SignedDuration::from_hours(1);
    let new = NewApiToken { name: "kurz", role: Role::Administrator, expires: Some(expires) };
    store.add_token(&new, &[7; 32], noon()).await.unwrap().unwrap();
    assert!(store.token(&[7; 32], expires - SignedDuration::from_micros(1)).await.unwrap().is_some());
    assert_eq!(store.token(&[7; 32], expires).await.unwrap(), None);
    assert_eq!(only(&store).await.expires, Some(expires));
}

#[tokio::test]
async fn its_use_is_noted_to_the_minute() {
    let place = Place::new();
    let store = place.open().await;
    store.add_token(&named("a"), &[7; 32], noon()).await.unwrap().unwrap();
    assert_eq!(only(&store).await.used, None);
    for (seconds, noted) in [(0, 0), (59, 0), (60, 60), (100, 60), (120, 120)] {
        let at = |seconds| noon() + SignedDuration::from_secs(seconds);
        store.token(&[7; 32], at(seconds)).await.unwrap().unwrap();
        assert_eq!(only(&store).await.used, Some(at(noted)));
    }
}

#[tokio::test]
async fn a_name_is_taken_in_whatever_case_and_there_is_an_end_to_tokens() {
    let place = Place::new();
    let store = place.open().await;
    store.add_token(&named("Backup"), &[0; 32], noon()).await.unwrap().unwrap();
    assert_eq!(store.add_token(&named("bACKUP"), &[1; 32], noon()).await.unwrap(), Err(NotMade::NameTaken));
    for number in 1..MOST_TOKENS {
        let hash = [u8::try_from(number).unwrap(); 32];
        store.add_token(&named(&number.to_string()), &hash, noon()).await.unwrap().unwrap();
    }
    assert_eq!(store.add_token(&named("one more"), &[255; 32], noon()).await.unwrap(), Err(NotMade::TooMany));
}
