//! Graph's answers over any bytes.

use busylamp_core::{event::Sensitivity, title::Reading};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::value::RawValue;
use url::Url;

use super::{batch, doorbell::Changes, error::GraphError, event, link::Endpoint, pages::Gather, users};

/// A page of a calendar, of changes, a list of users, a setting, an error.
pub fn graph(body: &[u8]) {
    let Ok(json) = std::str::from_utf8(body) else { return };
    let reading = Reading { keep_titles: true, mask_personal: true, ..Reading::default() };
    if let Ok(page) = event::page(json, &reading) {
        for event in &page.events {
            let (start, end) = event.when.interval(&TimeZone::UTC);
            let _ = start.duration_until(end);
            assert!(
                event.sensitivity == Sensitivity::Normal || event.title.clear().is_none(),
                "a masked title is dropped (§1.5)"
            );
        }
        // Without titles the same events are read, and none has one.
        let Ok(bare) = event::page(json, &Reading::default()) else { panic!("what is read does not depend on titles") };
        assert_eq!(bare.events.len(), page.events.len());
        assert!(bare.events.iter().all(|event| event.title.clear().is_none()));
    }
    let endpoint = Endpoint::new(&Url::parse("https://graph.example/v1.0").expect("an address"));
    let _ = Changes::default().page(json, &endpoint);
    if let Ok(whole) = serde_json::from_str::<Box<RawValue>>(json) {
        let _ = users::read(Ok(whole));
    }
    for status in [400, 401, 403, 404, 410, 429, 503] {
        let said = GraphError::of(status, body, None).to_string();
        assert!(said.len() < 2_000 && !said.contains(['\n', '\r', '\0']), "{said:?}");
    }
}

/// An answer to a batch.
pub fn graph_batch(body: &[u8]) {
    for asked in [1, 20] {
        if let Ok(answers) = batch::read(body, asked, Timestamp::UNIX_EPOCH) {
            assert_eq!(answers.len(), asked, "each question has its answer");
        }
    }
}
