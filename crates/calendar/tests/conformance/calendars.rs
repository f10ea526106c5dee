//! What people have in their calendars.

use serde_json::{Value, json};

use super::house::{House, Way};

fn timed(id: &str, start: &str, end: &str, changes: Value) -> Value {
    let mut event = json!({"id": id, "start": start, "end": end, "kind": "busy", "subject": format!("Termin {id}")});
    for (key, value) in changes.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}

fn days(id: &str, first: &str, last: &str, changes: Value) -> Value {
    let mut event = json!({"id": id, "all_day": true, "first_day": first, "last_day": last, "kind": "out_of_office", "subject": "Messe"});
    for (key, value) in changes.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}

const AT_NINE: (&str, &str) = ("2026-11-25T09:00:00+01:00", "2026-11-25T10:30:00+01:00");

#[tokio::test]
async fn kinds_sensitivities_and_answers() {
    let house = House::open().await;
    let mut number = 0;
    for kind in ["free", "tentative", "busy", "out_of_office", "working_elsewhere"] {
        house.put(0, timed(&format!("k{kind}"), AT_NINE.0, AT_NINE.1, json!({ "kind": kind }))).await;
        number += 1;
    }
    for sensitivity in ["personal", "private", "confidential"] {
        let changes = json!({"sensitivity": sensitivity, "subject": "Therapie (DND)"});
        house.put(0, timed(&format!("s{sensitivity}"), AT_NINE.0, AT_NINE.1, changes)).await;
        number += 1;
    }
    for response in ["accepted", "tentative", "declined", "not_responded", "organizer"] {
        let changes = json!({"response": response, "subject": format!("Einladung {response}")});
        house.put(0, timed(&format!("r{response}"), AT_NINE.0, AT_NINE.1, changes)).await;
        number += 1;
    }
    let cancelled = json!({"cancelled": true, "response": "accepted"});
    house.put(0, timed("cancelled", AT_NINE.0, AT_NINE.1, cancelled)).await;
    let told = house.the_same_everywhere(0).await;
    assert_eq!(told.len(), number + 1);
    assert_eq!(told.iter().filter(|told| told.what.contains("cancelled true")).count(), 1);
    assert_eq!(told.iter().filter(|told| told.what.contains("Declined")).count(), 1);
    assert_eq!(told.iter().filter(|told| told.keywords.dnd == Some(true)).count(), 3);
    assert!(told.iter().all(|told| told.title.as_deref().is_none_or(|title| !title.contains("Therapie"))));
}

#[tokio::test]
async fn the_known_difference_is_keywords_of_what_is_private() {
    let house = House::open().await;
    let changes = json!({"sensitivity": "private", "subject": "Arzt (DND)"});
    house.put(0, timed("a", AT_NINE.0, AT_NINE.1, changes)).await;
    for way in Way::WHOLE {
        let told = house.read(way, 0).await;
        assert_eq!(told[0].title, None);
        assert_eq!(told[0].keywords.dnd, way.sees_what_is_private().then_some(true), "{way:?}");
    }
}

#[tokio::test]
async fn all_day_events_are_dates() {
    let house = House::open().await;
    house.put(0, days("one", "2026-11-25", "2026-11-25", json!({}))).await;
    house.put(0, days("three", "2026-11-27", "2026-11-29", json!({"kind": "free"}))).await;
    house.put(0, days("over", "2026-11-20", "2026-12-20", json!({}))).await;
    let told = house.the_same_everywhere(0).await;
    assert_eq!(told.len(), 3);
    assert!(told.iter().any(|told| told.what.contains("AllDay { first: 2026-11-25, last: 2026-11-25 }")), "{told:#?}");
}

#[tokio::test]
async fn all_day_events_that_were_entered_in_another_zone_are_the_same_dates() {
    let house = House::open().await;
    for (number, zone) in ["America/New_York", "Asia/Tokyo", "Pacific/Auckland", "Asia/Kolkata"].iter().enumerate() {
        // The owner was there when it was entered, and is back.
        house.patch(number, json!({ "zone": zone })).await;
        house.put(number, days("a", "2026-11-25", "2026-11-26", json!({}))).await;
        house.patch(number, json!({"zone": "Europe/Berlin"})).await;
        for way in Way::WHOLE {
            let told = house.read(way, number).await;
            assert!(told[0].what.contains("first: 2026-11-25, last: 2026-11-26"), "{zone} {way:?} {told:#?}");
        }
    }
}

#[tokio::test]
async fn a_mailbox_abroad_has_its_own_days() {
    for zone in ["Asia/Tokyo", "America/New_York", "Pacific/Auckland"] {
        let house = House::open().await;
        house.patch(0, json!({ "zone": zone })).await;
        house.put(0, days("a", "2026-11-25", "2026-11-25", json!({}))).await;
        house.put(0, timed("b", AT_NINE.0, AT_NINE.1, json!({}))).await;
        let told = house.the_same_everywhere(0).await;
        assert!(told.iter().any(|told| told.what.contains("first: 2026-11-25, last: 2026-11-25")), "{zone} {told:#?}");
    }
}

#[tokio::test]
async fn days_of_a_clock_change() {
    let house = House::open().await;
    // The autumn's change of Berlin: 25 hours. Then the spring's: 23.
    house.later(jiff::SignedDuration::from_hours(-30 * 24));
    house.put(0, days("autumn", "2026-10-25", "2026-10-25", json!({}))).await;
    house.put(0, timed("twice", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", json!({}))).await;
    let told = house.the_same_everywhere(0).await;
    assert_eq!(told.len(), 2);
    assert!(told.iter().any(|told| told.what.starts_with("2026-10-24T22:00:00Z 2026-10-25T23:00:00Z")), "{told:#?}");
    house.later(jiff::SignedDuration::from_hours(151 * 24));
    house.put(0, days("spring", "2027-03-28", "2027-03-28", json!({}))).await;
    let told = house.the_same_everywhere(0).await;
    assert!(told.iter().any(|told| told.what.starts_with("2027-03-27T23:00:00Z 2027-03-28T22:00:00Z")), "{told:#?}");
}

#[tokio::test]
async fn series_with_occurrences_that_were_moved_changed_and_removed() {
    let house = House::open().await;
    let series = json!({"recurrence": {"every_days": 1, "count": 8}, "subject": "Morgenrunde (No DND)"});
    house.put(0, timed("s", "2026-11-24T09:00:00+01:00", "2026-11-24T09:15:00+01:00", series)).await;
    house
        .put(
            0,
            timed(
                "s~2026-11-26",
                "2026-11-26T15:00:00+01:00",
                "2026-11-26T15:30:00+01:00",
                json!({"subject": "Morgenrunde am Nachmittag"}),
            ),
        )
        .await;
    house
        .put(
            0,
            timed("s~2026-11-27", "2026-11-27T09:00:00+01:00", "2026-11-27T09:15:00+01:00", json!({"kind": "free"})),
        )
        .await;
    house.control("DELETE", &format!("/mailboxes/{}/events/s~2026-11-28", house.mail(0)), Value::Null).await;
    let weekly = json!({"recurrence": {"every_days": 7, "count": 3}});
    house.put(0, days("w", "2026-11-23", "2026-11-24", weekly)).await;
    let told = house.the_same_everywhere(0).await;
    assert_eq!(told.len(), 7 + 3, "{told:#?}");
}

#[tokio::test]
async fn what_takes_no_time_and_what_lies_over_the_windows_edges() {
    let house = House::open().await;
    // The window is from 23 November 08:00 to 8 December 08:00, in UTC.
    house.put(0, timed("zero", "2026-11-25T09:00:00Z", "2026-11-25T09:00:00Z", json!({}))).await;
    house.put(0, timed("ends", "2026-11-23T07:00:00Z", "2026-11-23T08:00:00Z", json!({}))).await;
    house.put(0, timed("over", "2026-11-23T07:00:00Z", "2026-11-23T08:00:01Z", json!({}))).await;
    house.put(0, timed("long", "2026-11-01T07:00:00Z", "2026-12-31T08:00:00Z", json!({}))).await;
    house.put(0, timed("last", "2026-12-08T07:59:59Z", "2026-12-08T09:00:00Z", json!({}))).await;
    house.put(0, timed("begins", "2026-12-08T08:00:00Z", "2026-12-08T09:00:00Z", json!({}))).await;
    // What never counts (an empty interval) and what only touches the window may be in one reading and not in another.
    let mut read = Vec::new();
    for way in Way::WHOLE {
        let mut told = house.read(way, 0).await;
        told.retain(|told| {
            told.title.as_deref().is_some_and(|title| ["Termin over", "Termin long", "Termin last"].contains(&title))
        });
        read.push(told);
    }
    assert_eq!(read[0].len(), 3);
    assert!(read.iter().all(|told| *told == read[0]), "{read:#?}");
}

#[tokio::test]
async fn six_hundred_events() {
    let house = House::open().await;
    for number in 0..60 {
        let day = 24 + number / 30 * 3;
        let (hour, minute) = (number % 30 / 2, number % 2 * 30);
        let start = format!("2026-11-{day:02}T{hour:02}:{minute:02}:00Z");
        let end = format!("2026-11-{day:02}T{:02}:{minute:02}:00Z", hour + 1);
        let series = json!({"recurrence": {"every_days": 1, "count": 10}});
        house.put(0, timed(&format!("x{number}"), &start, &end, series)).await;
    }
    assert_eq!(house.the_same_everywhere(0).await.len(), 600);
}

#[tokio::test]
async fn subjects_of_every_sort() {
    let house = House::open().await;
    let subjects = [
        "Ärger über Öl & Übermut – ß",
        "🎄 Weihnachtsfeier 👩‍💻",
        "<b>fett</b> & \"Zitat\" 'einfach' ]]>",
        "&amp; &lt;kein Element&gt;",
        "日本語の会議",
        "  Leerraum\u{a0}rundherum  ",
        "",
        "(DND) Ruhe (Forward)",
        "Zug (no DND)",
        "(NO ACTION) Friseur",
        "e\u{301}galité",
    ];
    for (number, subject) in subjects.iter().enumerate() {
        house.put(0, timed(&format!("t{number}"), AT_NINE.0, AT_NINE.1, json!({ "subject": subject }))).await;
    }
    let told = house.the_same_everywhere(0).await;
    assert_eq!(told.len(), subjects.len());
    assert!(told.iter().any(|told| told.title.as_deref() == Some("Ärger über Öl & Übermut – ß")));
}
