//! Events as people and programs write them (interfaces, section 2).

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use crate::{
    event::{Event, RawEvent, ReadKind, Response, Sensitivity, When},
    ids::EventId,
    title::Reading,
};

/// An event as written. Times are text until somebody says how they are read: an instant in a question, an hour
/// of the day in a scenario. `Debug` is left out on purpose: the subject is in the clear.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields of interfaces, section 2")]
pub struct WrittenEvent {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_day: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_day: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_day: Option<String>,
    #[serde(default = "busy")]
    pub kind: String,
    #[serde(default)]
    pub subject: String,
    #[serde(default)]
    pub sensitivity: Sensitivity,
    #[serde(default)]
    pub cancelled: bool,
    #[serde(default)]
    pub draft: bool,
    #[serde(default)]
    pub series_master: bool,
    #[serde(default)]
    pub response: Response,
}

fn busy() -> String {
    "busy".to_owned()
}

impl WrittenEvent {
    /// Reads the event under a policy's reading; `instant` reads a time.
    ///
    /// # Errors
    /// If the times are missing, can't be read, or are of two forms at once.
    pub fn read(
        &self,
        reading: &Reading,
        instant: &dyn Fn(&str) -> Result<Timestamp, String>,
    ) -> Result<Event, Refusal> {
        if self.id.is_empty() {
            return Err(Refusal::new("id", "an event needs an id that is not empty"));
        }
        let when = self.when(instant)?;
        let raw = RawEvent {
            id: EventId::new(self.id.clone()),
            when,
            kind: ReadKind::from_name(&self.kind),
            subject: &self.subject,
            sensitivity: self.sensitivity,
            response: self.response,
            cancelled: self.cancelled,
            draft: self.draft,
            series_master: self.series_master,
        };
        Ok(raw.read(reading))
    }

    fn when(&self, instant: &dyn Fn(&str) -> Result<Timestamp, String>) -> Result<When, Refusal> {
        let dates = self.first_day.is_some() || self.last_day.is_some();
        let times = self.start.is_some() || self.end.is_some();
        let all_day = self.all_day.unwrap_or(dates);
        let stray = if all_day { times } else { dates };
        if stray {
            let remedy = "an all-day event has first_day and last_day, any other start and end";
            return Err(Refusal::new("all_day", remedy));
        }
        if all_day {
            let day = |key: &str, value: &Option<String>| {
                let text = value.as_ref().ok_or_else(|| Refusal::new(key, "an all-day event needs this date"))?;
                text.parse::<Date>().map_err(|_| Refusal::new(key, format!("`{text}` is no date like 2026-11-24")))
            };
            return Ok(When::AllDay {
                first: day("first_day", &self.first_day)?,
                last: day("last_day", &self.last_day)?,
            });
        }
        let time = |key: &str, value: &Option<String>| {
            let remedy = "an event needs this time (or all_day with first_day and last_day)";
            let text = value.as_ref().ok_or_else(|| Refusal::new(key, remedy))?;
            instant(text).map_err(|problem| Refusal::new(key, problem))
        };
        Ok(When::Timed { start: time("start", &self.start)?, end: time("end", &self.end)? })
    }
}

/// Reads an instant as RFC 3339 writes it.
///
/// # Errors
/// With what would be right.
pub fn rfc3339(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| format!("`{text}` is no instant like 2026-11-24T09:00:00+01:00"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Reads an event; says where it was refused, if it was.
    fn refused(mut event: serde_json::Value) -> Option<String> {
        event["id"] = "a".into();
        let event: WrittenEvent = serde_json::from_value(event).expect("the form of an event");
        event.read(&Reading::default(), &rfc3339).err().map(|refusal| refusal.place)
    }

    #[test]
    fn an_event_has_two_times_or_two_dates_and_never_both() {
        let (time, day) = ("2026-11-24T09:00:00Z", "2026-11-24");
        for (event, place) in [
            (json!({"start": time, "end": time}), None),
            (json!({"first_day": day, "last_day": day}), None),
            (json!({}), Some("start")),
            (json!({"start": time}), Some("end")),
            (json!({"end": time}), Some("start")),
            (json!({"first_day": day}), Some("last_day")),
            (json!({"last_day": day}), Some("first_day")),
            (json!({"all_day": true}), Some("first_day")),
            (json!({"start": time, "first_day": day, "last_day": day}), Some("all_day")),
            (json!({"end": time, "first_day": day, "last_day": day}), Some("all_day")),
            (json!({"all_day": false, "start": time, "end": time, "first_day": day}), Some("all_day")),
            (json!({"all_day": false, "start": time, "end": time, "last_day": day}), Some("all_day")),
            (json!({"start": "nine", "end": time}), Some("start")),
            (json!({"first_day": day, "last_day": "tomorrow"}), Some("last_day")),
        ] {
            assert_eq!(refused(event.clone()).as_deref(), place, "{event}");
        }
    }
}
