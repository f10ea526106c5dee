//! Both sources over one company in which mailboxes move.

use std::collections::BTreeMap;

use busylamp_calendar::{
    Calendar, MailboxError, Outcome,
    hybrid::{HybridCalendar, Side, Sources},
};
use jiff::SignedDuration;
use serde_json::json;

use super::house::{House, Way};

fn hybrid(house: &House, sides: BTreeMap<busylamp_core::ids::MailAddress, Side>) -> HybridCalendar {
    HybridCalendar::new(house.reader(Way::Graph), house.reader(Way::FolderByBasic), Sources::default(), sides)
}

#[tokio::test]
async fn a_mailbox_is_read_where_it_lives_and_followed_when_it_moves() {
    let house = House::open().await;
    for (number, home) in ["cloud", "server"].iter().enumerate() {
        house.patch(number, json!({ "home": home })).await;
        house
            .put(
                number,
                json!({"id": "a", "start": "2026-11-25T09:00:00Z", "end": "2026-11-25T10:00:00Z", "kind": "busy"}),
            )
            .await;
    }
    let (cloud, server) = (house.mail(0), house.mail(1));
    let mails = [cloud.clone(), server.clone()];
    let calendar = hybrid(&house, BTreeMap::new());
    let outcomes = house.poll(&calendar, &mails, false).await;
    assert!(outcomes.values().all(|outcome| matches!(outcome, Outcome::Read { .. })), "{outcomes:?}");
    assert_eq!(calendar.sides(), BTreeMap::from([(cloud.clone(), Side::Graph), (server.clone(), Side::Ews)]));

    // On its way it can't be read, and stays where it was.
    house.patch(1, json!({"home": "moving"})).await;
    house.later(SignedDuration::from_secs(60));
    let outcomes = house.poll(&calendar, &mails, false).await;
    assert!(matches!(outcomes[&server], Outcome::Failed(MailboxError::Unavailable { .. })), "{outcomes:?}");
    assert_eq!(calendar.side(&server), Some(Side::Ews));
    assert!(matches!(outcomes[&cloud], Outcome::Unchanged));

    house.patch(1, json!({"home": "cloud"})).await;
    let mut polls = 0;
    while calendar.side(&server) != Some(Side::Graph) {
        house.later(SignedDuration::from_secs(60));
        house.poll(&calendar, &mails, false).await;
        polls += 1;
        assert!(polls <= 3, "a migration is noticed within a few polls");
    }
    house.later(SignedDuration::from_secs(60));
    let outcomes = house.poll(&calendar, &mails, false).await;
    assert!(matches!(outcomes[&cloud], Outcome::Unchanged));
    // Graph asked for it in vain at the start, and tries again after a quarter of an hour whether it tells of changes.
    assert!(!matches!(outcomes[&server], Outcome::Failed(_)), "{outcomes:?}");
    house.later(SignedDuration::from_mins(20));
    house.poll(&calendar, &mails, false).await;
    house.later(SignedDuration::from_secs(60));
    let outcomes = house.poll(&calendar, &mails, false).await;
    assert!(outcomes.values().all(|outcome| matches!(outcome, Outcome::Unchanged)), "{outcomes:?}");

    // A new program knows where everybody is.
    let calendar = hybrid(&house, calendar.sides());
    house.control("DELETE", "/requests", serde_json::Value::Null).await;
    house.poll(&calendar, &mails, false).await;
    let requests = house.control("GET", "/requests", serde_json::Value::Null).await;
    assert!(requests["ews.find_item"].is_null() || requests["ews.find_item"]["requests"] == 0, "{requests}");
}

#[tokio::test]
async fn a_side_that_is_down_moves_nobody() {
    let house = House::open().await;
    house.put(0, json!({"id": "a", "start": "2026-11-25T09:00:00Z", "end": "2026-11-25T10:00:00Z"})).await;
    house.patch(0, json!({"home": "both"})).await;
    let mails = [house.mail(0)];
    let calendar = hybrid(&house, BTreeMap::from([(house.mail(0), Side::Ews)]));
    house.poll(&calendar, &mails, false).await;
    house.fault("ews_form_login", true).await;
    let outcomes = house.poll(&calendar, &mails, false).await;
    assert!(matches!(outcomes[&mails[0]], Outcome::Failed(MailboxError::Unavailable { .. })));
    assert_eq!(calendar.side(&mails[0]), Some(Side::Ews));
    let trouble = calendar.health().trouble.unwrap().to_string();
    assert!(trouble.starts_with("Exchange Server: "), "{trouble}");
}
