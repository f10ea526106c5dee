//! `decide` and `timeline` as JSON in, JSON out (interfaces, section 3).

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::{
    event::{WrittenEvent, rfc3339},
    refusal::{Refusal, read_json},
};
use crate::{
    decide::{Considered, Decision},
    event::Agenda,
    language::Language,
    latch::Latch,
    policy::Policy,
    view::View,
};

/// How a zone is found by name. The core has no database of zones.
pub type Zones<'a> = &'a dyn Fn(&str) -> Option<TimeZone>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecideQuestion {
    policy: Policy,
    zone: String,
    language: Language,
    now: String,
    events: Vec<WrittenEvent>,
    latch: Option<Latch>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimelineQuestion {
    policy: Policy,
    zone: String,
    language: Language,
    from: String,
    to: String,
    events: Vec<WrittenEvent>,
    latch: Option<Latch>,
}

#[derive(Serialize)]
struct DecideAnswer {
    #[serde(flatten)]
    decision: Decision,
    until: Option<Timestamp>,
    considered: Vec<Considered>,
}

/// Answers what is wanted at an instant.
///
/// # Errors
/// Bad input, with its place.
pub fn decide(input: &str, zones: Zones<'_>) -> Result<String, Refusal> {
    let question: DecideQuestion = read_json(input)?;
    let now = instant("now", &question.now)?;
    let zone = zone(&question.zone, zones)?;
    let agenda = agenda(&question.events, &question.policy)?;
    let view = View::new(&question.policy, question.language, &zone, &agenda, None);
    let before = latch(question.latch, &view, now)?;
    let latch = view.latch(before, now);
    answer(&DecideAnswer {
        decision: view.decide(latch.as_ref(), now),
        until: view.until(latch, now),
        considered: view.considered(now),
    })
}

/// Answers what is wanted over a span.
///
/// # Errors
/// Bad input, with its place.
pub fn timeline(input: &str, zones: Zones<'_>) -> Result<String, Refusal> {
    let question: TimelineQuestion = read_json(input)?;
    let (from, to) = (instant("from", &question.from)?, instant("to", &question.to)?);
    if from >= to {
        return Err(Refusal::new("to", "the span is empty: `to` must be later than `from`"));
    }
    let zone = zone(&question.zone, zones)?;
    let agenda = agenda(&question.events, &question.policy)?;
    let view = View::new(&question.policy, question.language, &zone, &agenda, None);
    let latch = latch(question.latch, &view, from)?;
    answer(&view.timeline(latch, from, to))
}

fn instant(place: &str, text: &str) -> Result<Timestamp, Refusal> {
    rfc3339(text).map_err(|problem| Refusal::new(place, problem))
}

/// Finds a zone.
///
/// # Errors
/// If there is none of this name.
pub fn zone(name: &str, zones: Zones<'_>) -> Result<TimeZone, Refusal> {
    zones(name).ok_or_else(|| Refusal::new("zone", format!("`{name}` is no known time zone like Europe/Berlin")))
}

fn agenda(events: &[WrittenEvent], policy: &Policy) -> Result<Agenda, Refusal> {
    let reading = policy.reading();
    let events: Result<Vec<_>, _> = events
        .iter()
        .enumerate()
        .map(|(index, event)| {
            event.read(&reading, &rfc3339).map_err(|refusal| refusal.within(&format!("events[{index}]")))
        })
        .collect();
    Ok(Agenda::new(events?))
}

/// The latch just before the instant asked for: the one given, else the one swept over the calendar.
fn latch(given: Option<Latch>, view: &View<'_>, now: Timestamp) -> Result<Option<Latch>, Refusal> {
    match given {
        Some(latch) if !latch.action().touches() => {
            Err(Refusal::new("latch", "a latch holds dnd or forward; leave it out if there is none"))
        }
        Some(latch) => Ok(Some(latch)),
        None => Ok(view.swept_latch(now)),
    }
}

fn answer(answer: &impl Serialize) -> Result<String, Refusal> {
    serde_json::to_string(answer).map_err(|error| Refusal::new("", error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Asks with some keys replaced; says where the question was refused, if it was.
    fn refused(changes: serde_json::Value) -> Option<String> {
        let mut question = json!({"policy": {}, "zone": "UTC", "language": "de", "events": []});
        let keys = question.as_object_mut().expect("an object");
        keys.extend(changes.as_object().expect("an object").clone());
        let zones = |name: &str| (name == "UTC").then_some(TimeZone::UTC);
        let ask = if question.get("now").is_some() { decide } else { timeline };
        ask(&question.to_string(), &zones).err().map(|refusal| refusal.place)
    }

    #[test]
    fn bad_questions_are_refused_with_their_place() {
        let (nine, ten) = ("2026-11-24T09:00:00Z", "2026-11-24T10:00:00Z");
        let latch = |dnd: Option<bool>| json!({"event": "a", "dnd": dnd, "forward": null});
        for (question, place) in [
            (json!({"now": nine}), None),
            (json!({"now": nine, "latch": latch(Some(true))}), None),
            (json!({"now": nine, "latch": latch(None)}), Some("latch")),
            (json!({"now": "nine"}), Some("now")),
            (json!({"now": nine, "zone": "Europe/Atlantis"}), Some("zone")),
            (json!({"now": nine, "events": [{"id": "a", "start": nine}]}), Some("events[0].end")),
            (json!({"from": nine, "to": ten}), None),
            (json!({"from": nine, "to": nine}), Some("to")),
            (json!({"from": ten, "to": nine}), Some("to")),
            (json!({"from": nine, "to": ten, "latch": latch(None)}), Some("latch")),
        ] {
            assert_eq!(refused(question.clone()).as_deref(), place, "{question}");
        }
    }
}
