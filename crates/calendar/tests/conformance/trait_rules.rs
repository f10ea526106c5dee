//! What the trait promises, for every source.

use busylamp_calendar::{MailboxError, Outcome};
use busylamp_core::ids::MailAddress;
use jiff::SignedDuration;
use serde_json::json;

use super::house::{House, Way};

const ALL: [Way; 7] = [
    Way::Graph,
    Way::FolderByBasic,
    Way::FolderByNtlm,
    Way::ImpersonationByBasic,
    Way::ImpersonationByNtlm,
    Way::ImpersonationByToken,
    Way::FreeBusy,
];

fn event(id: &str, hour: u8) -> serde_json::Value {
    let (start, end) = (format!("2026-11-25T{hour:02}:00:00Z"), format!("2026-11-25T{:02}:00:00Z", hour + 1));
    json!({"id": id, "start": start, "end": end, "kind": "busy", "subject": "Termin"})
}

fn number(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Read { agenda, .. } => agenda.events().len(),
        Outcome::Unchanged | Outcome::Failed(_) => panic!("{outcome:?}"),
    }
}

#[tokio::test]
async fn first_read_then_unchanged_then_changed_and_whole_when_asked_for() {
    for way in ALL {
        let house = House::open().await;
        house.put(0, event("a", 9)).await;
        let (reader, mail) = (house.reader(way), house.mail(0));
        let mails = [mail.clone()];
        assert_eq!(number(&house.poll(reader.as_ref(), &mails, false).await[&mail]), 1, "{way:?}");
        house.later(SignedDuration::from_secs(60));
        assert!(matches!(house.poll(reader.as_ref(), &mails, false).await[&mail], Outcome::Unchanged), "{way:?}");
        house.put(0, event("b", 12)).await;
        house.later(SignedDuration::from_secs(60));
        assert_eq!(number(&house.poll(reader.as_ref(), &mails, false).await[&mail]), 2, "{way:?}");
        assert_eq!(number(&house.poll(reader.as_ref(), &mails, true).await[&mail]), 2, "{way:?}");
        house.control("DELETE", &format!("/mailboxes/{mail}/events/a"), serde_json::Value::Null).await;
        house.later(SignedDuration::from_secs(60));
        assert_eq!(number(&house.poll(reader.as_ref(), &mails, false).await[&mail]), 1, "{way:?}");
        let health = reader.health();
        assert!(health.last_success.is_some() && health.trouble.is_none(), "{way:?} {health:?}");
    }
}

#[tokio::test]
async fn every_mailbox_has_an_outcome_and_one_that_is_not_there_is_not_found() {
    for way in ALL {
        let house = House::open().await;
        house.put(0, event("a", 9)).await;
        let nobody = MailAddress::parse("niemand@lindenhof.example").unwrap();
        let mut mails: Vec<_> = (0..4).map(|number| house.mail(number)).collect();
        mails.push(nobody.clone());
        let outcomes = house.poll(house.reader(way).as_ref(), &mails, false).await;
        assert_eq!(outcomes.len(), 5);
        for mail in &mails[..4] {
            assert!(matches!(outcomes[mail], Outcome::Read { .. }), "{way:?} {:?}", outcomes[mail]);
        }
        let Outcome::Failed(MailboxError::NotFound { advice }) = &outcomes[&nobody] else {
            panic!("{way:?} {:?}", outcomes[&nobody])
        };
        assert!(advice.to_string().len() > 20);
    }
}

#[tokio::test]
async fn a_closed_mailbox_is_denied_and_the_others_are_read() {
    let closed = [
        (Way::Graph, json!({"access": "denied"})),
        (Way::FolderByBasic, json!({"ews": "availability"})),
        (Way::FolderByNtlm, json!({"ews": "none"})),
        (Way::ImpersonationByBasic, json!({"impersonable": false})),
        (Way::FreeBusy, json!({"ews": "none"})),
    ];
    for (way, change) in closed {
        let house = House::open().await;
        house.patch(1, change).await;
        let mails: Vec<_> = (0..3).map(|number| house.mail(number)).collect();
        let outcomes = house.poll(house.reader(way).as_ref(), &mails, false).await;
        assert!(matches!(outcomes[&mails[1]], Outcome::Failed(MailboxError::Denied { .. })), "{way:?} {outcomes:?}");
        assert!(
            matches!(outcomes[&mails[0]], Outcome::Read { .. }) && matches!(outcomes[&mails[2]], Outcome::Read { .. })
        );
    }
}

#[tokio::test]
async fn all_of_it_over_tls_with_a_bound_sign_in() {
    let house = House::with(true).await;
    house.control("PATCH", "/ews", json!({"channel_binding": "require"})).await;
    house.put(0, event("a", 9)).await;
    let told = house.the_same_everywhere(0).await;
    assert_eq!(told.len(), 1);
    let ews = house.control("GET", "/ews", serde_json::Value::Null).await;
    assert!(ews["bound"].as_u64().unwrap() > 0, "{ews}");
    assert_eq!(ews["wrong_passwords"], 0);
    assert_eq!(ews["unanchored"], 0);
}

#[tokio::test]
async fn trouble_of_every_sort_is_survived_and_what_was_known_stays() {
    let house = House::open().await;
    for number in 0..4 {
        house.put(number, event("a", 9)).await;
    }
    let mails: Vec<_> = (0..4).map(|number| house.mail(number)).collect();
    let faults = house.control("GET", "/faults", serde_json::Value::Null).await;
    let mut names: Vec<String> =
        faults.as_object().unwrap().keys().filter(|name| name.starts_with("ews_")).cloned().collect();
    // These take as long as a time-out, or ask for days of patience, or put the account to rest for good.
    names.retain(|name| !["ews_slow", "ews_blocked", "ews_unauthorized"].contains(&name.as_str()));
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        let reader = house.reader(Way::FolderByBasic);
        house.poll(reader.as_ref(), &mails, false).await;
        house.fault(&name, true).await;
        house.poll(reader.as_ref(), &mails, false).await;
        house.fault(&name, false).await;
        // A pause that was asked for is kept by the account; a fresh one has none.
        let reader = house.reader(Way::FolderByBasic);
        let outcomes = house.poll(reader.as_ref(), &mails, false).await;
        assert!(outcomes.values().all(|outcome| matches!(outcome, Outcome::Read { .. })), "{name} {outcomes:?}");
    }
}
