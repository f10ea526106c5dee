//! Answers of the REST interface that are none: a typed error, and never a state, a directory or a label that is wrong.

use std::collections::BTreeSet;

use busylamp_core::account::NumberClass;

use super::{
    house::{House, word},
    script::Reply,
};
use crate::{Pbx, PbxError, Reading};

/// What is no list of anything.
fn no_lists() -> Vec<(&'static str, Reply)> {
    vec![
        ("nothing", Reply::status(200)),
        ("no content", Reply::status(204)),
        ("HTML", Reply::json(200, "<html><body>Login</body></html>")),
        ("half a list", Reply::json(200, "[{\"id\": 7,")),
        ("an object", Reply::json(200, "{}")),
        ("a list of nothings", Reply::json(200, "[null]")),
        ("a list of lists", Reply::json(200, "[[]]")),
        ("entries without what they need", Reply::json(200, "[{\"name\": 5}]")),
        ("an empty id", Reply::json(200, "[{\"id\": \"\", \"enabled\": true}]")),
        ("nested without end", Reply::json(200, "[".repeat(100_000))),
        ("another encoding", Reply::Answer(200, bytes::Bytes::from_static(b"[{\"id\": \"\xff\"}]"))),
        ("ten megabytes", Reply::json(200, format!("[\"{}\"]", "x".repeat(10 << 20)))),
        ("a redirect", Reply::status(302)),
        ("an error", Reply::status(500)),
        ("busy", Reply::status(429)),
    ]
}

#[tokio::test]
async fn a_directory_is_whole_or_an_error() {
    for request in ["GET /rest/users", "GET /rest/groups", "GET /rest/groups/50"] {
        for (what, reply) in no_lists() {
            let house = House::open().await;
            house.script.always(request, reply);
            let directory = house.pbx.directory("Kalender").await;
            assert!(
                matches!(
                    directory,
                    Err(PbxError::Protocol { .. } | PbxError::Unreachable { .. } | PbxError::Refused { .. })
                ),
                "{request}, {what}: {directory:?}"
            );
        }
    }
}

#[tokio::test]
async fn diversions_are_whole_or_an_error_and_a_number_that_is_not_told_has_no_class() {
    for request in ["GET /rest/redirects", "GET /rest/phonenumbers"] {
        for (what, reply) in no_lists() {
            let house = House::open().await;
            house.script.always(request, reply);
            let reading = house.read("7").await;
            assert!(
                matches!(reading, Err(PbxError::Protocol { .. } | PbxError::Unreachable { .. })),
                "{request}, {what}: {reading:?}"
            );
        }
    }
    let house = House::open().await;
    house.script.always("GET /rest/phonenumbers", Reply::json(200, "[]"));
    let diversions = house.state("7").await.diversions.unwrap();
    assert!(diversions.values().all(|entry| entry.number == NumberClass::Unknown), "{diversions:?}");
}

#[tokio::test]
async fn an_entry_that_can_not_be_read_is_not_written() {
    for (what, reply) in no_lists() {
        let house = House::open().await;
        house.script.always("GET /rest/redirects/ext-7", reply);
        assert_eq!(word(&house.switch("ext-7", true).await), "not done", "{what}");
        assert_eq!(house.script.count("PUT /rest/redirects/ext-7"), 0, "{what}");
    }
}

#[tokio::test]
async fn labels_are_whole_or_not_known() {
    let everybody: BTreeSet<_> = ["7".into(), "8".into()].into();
    for request in ["GET /rest/users", "GET /rest/functionkeysets", "GET /rest/functionkeysets/s8/"] {
        for (what, reply) in no_lists() {
            let house = House::open().await;
            house.script.always(request, reply);
            let survey = house.pbx.survey_labels(&everybody).await;
            assert!(
                matches!(survey, Err(PbxError::Protocol { .. } | PbxError::Unreachable { .. })),
                "{request}, {what}: {survey:?}"
            );
            assert!(matches!(house.read("7").await, Ok(Reading::State(state)) if state.labels.is_none()), "{what}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_of_diversions_that_is_empty_is_believed_when_it_is_still_so_a_minute_later() {
    let house = House::in_memory(|_| {});
    assert_eq!(house.state("7").await.diversions.unwrap().len(), 2);
    house.script.always("GET /rest/redirects", Reply::json(200, "[]"));
    let state = house.state("7").await;
    assert_eq!((state.dnd, state.diversions), (Some(false), None), "what the bridge tells is told");
    tokio::time::advance(std::time::Duration::from_secs(59)).await;
    assert_eq!(house.state("7").await.diversions, None);
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    assert_eq!(house.state("7").await.diversions.unwrap().len(), 0);
    // One that is not empty in between begins the doubt anew.
    let house = House::in_memory(|_| {});
    house.script.once("GET /rest/redirects", Reply::json(200, "[]"));
    assert_eq!(house.state("7").await.diversions, None);
    assert_eq!(house.state("7").await.diversions.unwrap().len(), 2);
    tokio::time::advance(std::time::Duration::from_secs(61)).await;
    house.script.once("GET /rest/redirects", Reply::json(200, "[]"));
    assert_eq!(house.state("7").await.diversions, None);
}
