//! Many questions in one request: JSON batching (`concepts/json-batching.md` of Graph's documentation). At most 20
//! questions; the answers come in any order and each has a status of its own.

use std::{collections::BTreeMap, time::Duration};

use busylamp_core::said::Phrase;
use busylamp_net::retry;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::GraphError;

/// The most questions that a batch may hold.
pub(super) const MOST: usize = 20;

/// One question to Graph: a GET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// Whom it concerns, as `/users/…`: no two questions of a batch concern the same mailbox, since Graph works
    /// on several of a batch at a time and on few of one mailbox.
    pub(super) target: String,
    /// Path and query, relative to Graph's address with its version.
    pub(super) url: String,
    /// The header `Prefer`; empty: none.
    pub(super) prefer: String,
}

/// An answer's body, or why there is none.
pub(super) type Answer = Result<Box<RawValue>, GraphError>;

/// The parts of `calls`, as index into them: each at most `most` large, no target twice in one.
pub(super) fn chunks(calls: &[Call], most: usize) -> Vec<Vec<usize>> {
    let mut chunks: Vec<Vec<usize>> = Vec::new();
    let mut open = 0;
    // The first chunk that may take the next question about this target.
    let mut next: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, call) in calls.iter().enumerate() {
        let from = next.get(call.target.as_str()).copied().unwrap_or(0).max(open);
        let free = (from..chunks.len()).find(|chunk| chunks[*chunk].len() < most);
        let chunk = free.unwrap_or(chunks.len());
        match chunks.get_mut(chunk) {
            Some(chunk) => chunk.push(index),
            None => chunks.push(vec![index]),
        }
        next.insert(&call.target, chunk + 1);
        while chunks.get(open).is_some_and(|chunk| chunk.len() >= most) {
            open += 1;
        }
    }
    chunks
}

/// The body of a batch. A question's id is its place.
pub(super) fn body(calls: &[&Call]) -> Vec<u8> {
    #[derive(Serialize)]
    struct Batch<'a> {
        requests: Vec<Question<'a>>,
    }
    #[derive(Serialize)]
    struct Question<'a> {
        id: String,
        method: &'static str,
        url: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        headers: Option<Headers<'a>>,
    }
    #[derive(Serialize)]
    struct Headers<'a> {
        #[serde(rename = "Prefer")]
        prefer: &'a str,
    }
    let requests = calls.iter().enumerate().map(|(place, call)| Question {
        id: place.to_string(),
        method: "GET",
        url: &call.url,
        headers: (!call.prefer.is_empty()).then_some(Headers { prefer: &call.prefer }),
    });
    serde_json::to_vec(&Batch { requests: requests.collect() }).expect("texts are always JSON")
}

/// The answers to a batch of `asked` questions, by place. What is missing in it has failed.
pub(super) fn read(body: &[u8], asked: usize, now: Timestamp) -> Result<Vec<Answer>, GraphError> {
    #[derive(Deserialize)]
    struct Batch {
        responses: Vec<Item>,
    }
    #[derive(Deserialize)]
    struct Item {
        id: String,
        status: u16,
        #[serde(default)]
        headers: Option<BTreeMap<String, Box<RawValue>>>,
        #[serde(default)]
        body: Option<Box<RawValue>>,
    }
    // The parser's own words could quote a subject.
    let batch: Batch = serde_json::from_slice(body).map_err(|_| {
        GraphError::BadAnswer(Phrase::new("sie ist keine Antwort auf eine Sammelanfrage", "it is no answer to a batch"))
    })?;
    let missing = || {
        Err(GraphError::BadAnswer(Phrase::new("ein Teil einer Sammelanfrage fehlt", "a part of a batch is missing")))
    };
    let mut answers: Vec<Answer> = (0..asked).map(|_| missing()).collect();
    for Item { id, status, headers, body } in batch.responses {
        let Some(answer) = id.parse().ok().and_then(|place: usize| answers.get_mut(place)) else { continue };
        *answer = match (status, body) {
            (200..=299, Some(body)) => Ok(body),
            (200..=399, _) => Err(GraphError::BadAnswer(Phrase::new(
                "ein Teil einer Sammelanfrage hat keinen Inhalt",
                "a part of a batch has no content",
            ))),
            (_, body) => {
                let after = headers.as_ref().and_then(|headers| retry_after(headers, now));
                let body = body.as_ref().map_or("", |body| body.get());
                Err(GraphError::of(status, body.as_bytes(), after))
            }
        };
    }
    Ok(answers)
}

/// `Retry-After` of a part, whose headers are texts, in some answers numbers.
fn retry_after(headers: &BTreeMap<String, Box<RawValue>>, now: Timestamp) -> Option<Duration> {
    let (_, value) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    retry::retry_after_value(value.get().trim_matches('"'), now)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-24T09:00:00Z".parse().unwrap()
    }

    fn call(target: usize) -> Call {
        Call { target: format!("/users/{target}"), url: format!("/users/{target}/x"), prefer: String::new() }
    }

    proptest! {
        #[test]
        fn every_question_is_asked_once_and_no_batch_holds_a_mailbox_twice(
            targets in prop::collection::vec(0_usize..40, 0..150),
            most in 1_usize..=MOST,
        ) {
            let calls: Vec<Call> = targets.iter().map(|target| call(*target)).collect();
            let chunks = chunks(&calls, most);
            let mut seen: Vec<usize> = chunks.iter().flatten().copied().collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..calls.len()).collect::<Vec<_>>());
            for chunk in &chunks {
                let mut targets: Vec<&str> = chunk.iter().map(|index| calls[*index].target.as_str()).collect();
                prop_assert!(!chunk.is_empty() && chunk.len() <= most);
                targets.sort_unstable();
                prop_assert!(targets.windows(2).all(|pair| pair[0] != pair[1]));
            }
        }

        #[test]
        fn different_mailboxes_fill_the_batches(number in 0_usize..200) {
            let calls: Vec<Call> = (0..number).map(call).collect();
            prop_assert_eq!(chunks(&calls, MOST).len(), number.div_ceil(MOST));
        }

        #[test]
        fn answers_are_matched_in_any_order(order in Just((0_usize..20).collect::<Vec<_>>()).prop_shuffle()) {
            let responses: Vec<_> = order
                .iter()
                .map(|place| serde_json::json!({"id": place.to_string(), "status": 200, "body": {"place": place}}))
                .collect();
            let body = serde_json::json!({"responses": responses}).to_string();
            let answers = read(body.as_bytes(), 20, now()).unwrap();
            for (place, answer) in answers.iter().enumerate() {
                prop_assert_eq!(answer.as_ref().unwrap().get(), format!("{{\"place\":{place}}}"));
            }
        }

        #[test]
        fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&body, 3, now());
        }
    }

    #[test]
    fn a_batch_is_written_as_graph_wants_it() {
        let call =
            Call { target: "/users/a".into(), url: "/users/a/x?y".into(), prefer: "outlook.timezone=\"UTC\"".into() };
        let json: serde_json::Value = serde_json::from_slice(&body(&[&call])).unwrap();
        let expected = serde_json::json!({"requests": [
            {"id": "0", "method": "GET", "url": "/users/a/x?y", "headers": {"Prefer": "outlook.timezone=\"UTC\""}}
        ]});
        assert_eq!(json, expected);
    }

    #[test]
    fn each_part_has_its_own_status_and_a_missing_one_has_failed() {
        let body = br#"{"responses": [
            {"id": "2", "status": 429, "headers": {"retry-after": "7"}, "body": {"error": {"code": "x"}}},
            {"id": "0", "status": 200, "body": {"value": []}},
            {"id": "3", "status": 204, "body": null},
            {"id": "4", "status": 503, "headers": {"Retry-After": 3}},
            {"id": "17", "status": 200, "body": {}},
            {"id": "other", "status": 200, "body": {}}
        ]}"#;
        let answers = read(body, 5, now()).unwrap();
        assert!(answers[0].is_ok());
        assert_eq!(
            answers[1].as_ref().unwrap_err(),
            &GraphError::BadAnswer(Phrase::new("ein Teil einer Sammelanfrage fehlt", "a part of a batch is missing"))
        );
        assert_eq!(answers[2].as_ref().unwrap_err().after(), Some(Duration::from_secs(7)));
        assert!(matches!(answers[3], Err(GraphError::BadAnswer(_))));
        assert_eq!(answers[4].as_ref().unwrap_err().after(), Some(Duration::from_secs(3)));
    }

    #[test]
    fn the_recorded_mixed_batch_is_understood() {
        let Some(body) = crate::conformance::file("graph/fixtures/synthetic-batch-mixed-429.response.json") else {
            return;
        };
        let answers = read(&body, 4, now()).unwrap();
        assert!(answers[1].is_ok());
        assert_eq!(answers[2].as_ref().unwrap_err().after(), Some(Duration::from_secs(7)));
        assert!(matches!(answers[3], Err(GraphError::NotInCloud(_))));
    }
}
