//! What is asked, in the written form of the interface.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Value, json};

/// An event as somebody wrote it. Empty words are left out of the JSON, so that its defaults are tested too.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) when: When,
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) sensitivity: String,
    pub(crate) response: String,
    pub(crate) cancelled: bool,
    pub(crate) draft: bool,
    pub(crate) series_master: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum When {
    /// Seconds since 1970, UTC.
    Timed {
        start: i64,
        end: i64,
    },
    AllDay {
        first: Date,
        last: Date,
    },
}

/// The policy keys that the decision reads. `None` and empty: the key is absent.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) actions: BTreeMap<&'static str, &'static str>,
    pub(crate) presences: BTreeMap<&'static str, &'static str>,
    pub(crate) forward_internal_calls: bool,
    pub(crate) change_during_event: bool,
    pub(crate) keep_declined: bool,
    pub(crate) masked: Option<Vec<&'static str>>,
    /// Effect and word.
    pub(crate) extra_keywords: Vec<(&'static str, &'static str)>,
    pub(crate) set_presence: bool,
    pub(crate) title_as_text: bool,
    pub(crate) show_begin: bool,
    pub(crate) show_end: bool,
    pub(crate) show_duration: bool,
    pub(crate) no_text_when_free: bool,
    pub(crate) join_parallel_titles: bool,
    pub(crate) mask_word: Option<String>,
    pub(crate) max_text_length: Option<usize>,
}

/// One latched action (§4.4).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Latch {
    pub(crate) event: String,
    pub(crate) dnd: Option<bool>,
    pub(crate) forward: Option<bool>,
}

/// Everything that is asked.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) policy: Policy,
    pub(crate) zone: &'static str,
    pub(crate) german: bool,
    pub(crate) events: Vec<Event>,
    pub(crate) latch: Option<Latch>,
}

/// What is wanted at an instant: the six fields of the interface.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Decision {
    pub(crate) winner: Option<String>,
    pub(crate) action_from: Option<String>,
    pub(crate) dnd: Option<bool>,
    pub(crate) external: Option<bool>,
    pub(crate) internal: Option<bool>,
    pub(crate) presence: Option<String>,
    pub(crate) text: Option<String>,
}

impl Decision {
    /// Reads the six fields; every one must be there.
    pub(crate) fn from_json(value: &Value) -> Self {
        let field = |name: &str| value.get(name).unwrap_or_else(|| panic!("no field {name} in {value}")).clone();
        let forward = field("forward");
        let word = |value: Value| value.as_str().map(str::to_owned);
        Self {
            winner: word(field("winner")),
            action_from: word(field("action_from")),
            dnd: field("dnd").as_bool(),
            external: forward.get("external").expect("forward.external").as_bool(),
            internal: forward.get("internal").expect("forward.internal").as_bool(),
            presence: word(field("presence")),
            text: word(field("text")),
        }
    }
}

impl Event {
    pub(crate) fn to_json(&self, zone: &TimeZone) -> Value {
        let mut json = json!({"id": self.id});
        match &self.when {
            When::Timed { start, end } => {
                // The offset of the zone, as a calendar writes it; the instant is what counts.
                json["start"] = json!(written_at(*start, zone));
                json["end"] = json!(instant(*end).to_string());
            }
            When::AllDay { first, last } => {
                json["all_day"] = json!(true);
                json["first_day"] = json!(first.to_string());
                json["last_day"] = json!(last.to_string());
            }
        }
        for (key, word) in [
            ("kind", &self.kind),
            ("subject", &self.subject),
            ("sensitivity", &self.sensitivity),
            ("response", &self.response),
        ] {
            if !word.is_empty() {
                json[key] = json!(word);
            }
        }
        for (key, on) in [("cancelled", self.cancelled), ("draft", self.draft), ("series_master", self.series_master)] {
            if on {
                json[key] = json!(true);
            }
        }
        json
    }
}

impl Policy {
    pub(crate) fn to_json(&self) -> Value {
        let mut json = json!({
            "forward_internal_calls": self.forward_internal_calls,
            "change_during_event": self.change_during_event,
            "declined": if self.keep_declined { "keep" } else { "ignore" },
            "set_presence": self.set_presence,
            "title_as_text": self.title_as_text,
            "show_begin": self.show_begin,
            "show_end": self.show_end,
            "show_duration": self.show_duration,
            "no_text_when_free": self.no_text_when_free,
            "join_parallel_titles": self.join_parallel_titles,
        });
        if !self.actions.is_empty() {
            json["actions"] = json!(self.actions);
        }
        if !self.presences.is_empty() {
            json["presences"] = json!(self.presences);
        }
        if let Some(masked) = &self.masked {
            json["masked"] = json!(masked);
        }
        if let Some(word) = &self.mask_word {
            json["mask_word"] = json!(word);
        }
        if let Some(length) = self.max_text_length {
            json["max_text_length"] = json!(length);
        }
        let mut words: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (effect, word) in &self.extra_keywords {
            words.entry(effect).or_default().push(word);
        }
        if !words.is_empty() {
            json["extra_keywords"] = json!(words);
        }
        json
    }
}

impl Question {
    pub(crate) fn time_zone(&self) -> TimeZone {
        TimeZone::get(self.zone).expect("a zone of the bundled database")
    }

    fn to_json(&self) -> Value {
        let zone = self.time_zone();
        let events: Vec<Value> = self.events.iter().map(|event| event.to_json(&zone)).collect();
        let mut json = json!({
            "policy": self.policy.to_json(),
            "zone": self.zone,
            "language": if self.german { "de" } else { "en" },
            "events": events,
        });
        if let Some(latch) = &self.latch {
            json["latch"] = json!({"event": latch.event, "dnd": latch.dnd, "forward": latch.forward});
        }
        json
    }

    pub(crate) fn at(&self, now: i64) -> String {
        let mut json = self.to_json();
        json["now"] = json!(instant(now).to_string());
        json.to_string()
    }

    pub(crate) fn span(&self, from: i64, to: i64) -> String {
        let mut json = self.to_json();
        json["from"] = json!(instant(from).to_string());
        json["to"] = json!(instant(to).to_string());
        json.to_string()
    }
}

pub(crate) fn instant(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a test stays within the calendar")
}

fn written_at(second: i64, zone: &TimeZone) -> String {
    let local = zone.to_datetime(instant(second));
    let minutes = zone.to_offset(instant(second)).seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{local}{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}
