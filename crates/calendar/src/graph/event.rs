//! Graph's events in normal form. What is parsed here holds subjects and is dropped here; none of it can be
//! printed.

use busylamp_core::{
    event::{Event, Kind, RawEvent, ReadKind, Response, Sensitivity, When},
    ids::EventId,
    said::Phrase,
    title::Reading,
};
use jiff::{Timestamp, civil, tz::TimeZone};
use serde::Deserialize;

use crate::zone;

/// The properties that are asked for.
pub(super) const SELECT: &str =
    "id,type,subject,showAs,sensitivity,isAllDay,isCancelled,isDraft,responseStatus,start,end";

/// A page of a calendar.
pub(super) struct Page {
    /// Its events, read and masked.
    pub(super) events: Vec<Event>,
    /// The link to the next page, verbatim.
    pub(super) next: Option<String>,
}

#[derive(Deserialize)]
struct WirePage {
    value: Vec<WireEvent>,
    #[serde(default, rename = "@odata.nextLink")]
    next: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEvent {
    id: String,
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    show_as: Option<String>,
    #[serde(default)]
    sensitivity: Option<String>,
    #[serde(default)]
    is_all_day: Option<bool>,
    #[serde(default)]
    is_cancelled: Option<bool>,
    #[serde(default)]
    is_draft: Option<bool>,
    #[serde(default)]
    response_status: Option<ResponseStatus>,
    start: WireTime,
    end: WireTime,
}

#[derive(Deserialize)]
struct ResponseStatus {
    #[serde(default)]
    response: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireTime {
    date_time: String,
    #[serde(default)]
    time_zone: Option<String>,
}

/// Reads a page of `calendarView`. An event that can't be understood fails the page: an agenda without it would be
/// a partial one.
///
/// # Errors
/// What is wrong, without a word of the page itself.
pub(super) fn page(json: &str, reading: &Reading) -> Result<Page, Phrase> {
    let page: WirePage = serde_json::from_str(json).map_err(|_| {
        Phrase::new(
            "eine Seite eines Kalenders hat eine andere Form als die von Graph",
            "a page of a calendar has another form than Graph's",
        )
    })?;
    let events = page.value.into_iter().map(|event| event.read(reading)).collect::<Result<_, _>>()?;
    Ok(Page { events, next: page.next })
}

impl WireEvent {
    fn read(self, reading: &Reading) -> Result<Event, Phrase> {
        let event = RawEvent {
            when: self.when()?,
            kind: kind(self.show_as.as_deref()),
            subject: self.subject.as_deref().unwrap_or_default(),
            sensitivity: sensitivity(self.sensitivity.as_deref()),
            response: response(self.response_status.as_ref().and_then(|status| status.response.as_deref())),
            cancelled: self.is_cancelled.unwrap_or(false),
            draft: self.is_draft.unwrap_or(false),
            series_master: self.r#type.as_deref() == Some("seriesMaster"),
            id: EventId::new(self.id.as_str()),
        };
        Ok(event.read(reading))
    }

    fn when(&self) -> Result<When, Phrase> {
        if self.is_all_day == Some(true) {
            // Midnights in whatever zone was asked for: only the dates mean something (microsoft-graph-docs#1802).
            let (start, end) = (self.start.local()?, self.end.local()?);
            if start.time() == civil::Time::midnight() && end.time() == civil::Time::midnight() {
                let last = end.date().yesterday().map_err(|_| {
                    Phrase::new("ein Termin hat ein unmögliches Datum", "an event has an impossible date")
                })?;
                return Ok(When::AllDay { first: start.date(), last });
            }
        }
        Ok(When::Timed { start: self.start.instant()?, end: self.end.instant()? })
    }
}

impl WireTime {
    fn local(&self) -> Result<civil::DateTime, Phrase> {
        self.date_time.parse().map_err(|_| {
            Phrase::new("ein Termin hat eine Zeit, die nicht zu lesen ist", "an event has a time that can't be read")
        })
    }

    fn instant(&self) -> Result<Timestamp, Phrase> {
        // With an offset the label doesn't count.
        if let Ok(instant) = self.date_time.parse::<Timestamp>() {
            return Ok(instant);
        }
        // No label is UTC, which was asked for.
        let zone = self.time_zone.as_deref().map_or(Some(TimeZone::UTC), zone::named);
        let zone = zone.ok_or(Phrase::new(
            "ein Termin hat eine Zeit in einer unbekannten Zeitzone",
            "an event has a time in an unknown zone",
        ))?;
        zone.to_timestamp(self.local()?).map_err(|_| {
            Phrase::new("ein Termin hat eine Zeit, die nicht zu lesen ist", "an event has a time that can't be read")
        })
    }
}

fn kind(word: Option<&str>) -> ReadKind {
    let kind = match word {
        Some("free") => Kind::Free,
        Some("tentative") => Kind::Tentative,
        Some("busy") => Kind::Busy,
        Some("oof") => Kind::OutOfOffice,
        Some("workingElsewhere") => Kind::WorkingElsewhere,
        Some(other) => return ReadKind::Unrecognised(other.chars().take(64).collect()),
        None => return ReadKind::Unrecognised("null".to_owned()),
    };
    ReadKind::Known(kind)
}

fn sensitivity(word: Option<&str>) -> Sensitivity {
    match word {
        None | Some("normal") => Sensitivity::Normal,
        Some("personal") => Sensitivity::Personal,
        Some("confidential") => Sensitivity::Confidential,
        // A word that we don't know may be stricter than those that we do.
        Some(_) => Sensitivity::Private,
    }
}

fn response(word: Option<&str>) -> Response {
    match word {
        Some("organizer") => Response::Organizer,
        Some("tentativelyAccepted") => Response::Tentative,
        Some("accepted") => Response::Accepted,
        Some("declined") => Response::Declined,
        Some("notResponded") => Response::NotResponded,
        _ => Response::None,
    }
}

#[cfg(test)]
mod tests {
    use busylamp_core::title::Title;
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn reading() -> Reading {
        Reading { mask_personal: true, keep_titles: true, ..Reading::default() }
    }

    /// One event: what an own appointment looks like, with some properties replaced.
    fn one(changes: serde_json::Value) -> Result<Event, Phrase> {
        let mut event = serde_json::json!({
            "id": "A", "type": "singleInstance", "subject": "Jour fixe", "showAs": "busy", "sensitivity": "normal",
            "isAllDay": false, "isCancelled": false, "isDraft": false, "responseStatus": {"response": "none"},
            "start": {"dateTime": "2026-11-23T09:00:00.0000000", "timeZone": "UTC"},
            "end": {"dateTime": "2026-11-23T10:00:00.0000000", "timeZone": "UTC"}
        });
        for (key, value) in changes.as_object().unwrap() {
            event[key] = value.clone();
        }
        let json = serde_json::json!({"value": [event]}).to_string();
        page(&json, &reading()).map(|page| page.events.into_iter().next().unwrap())
    }

    fn time(text: &str, zone: &str) -> serde_json::Value {
        serde_json::json!({"dateTime": text, "timeZone": zone})
    }

    #[test]
    fn a_timed_event_is_read() {
        let event = one(serde_json::json!({})).unwrap();
        let when = When::Timed {
            start: "2026-11-23T09:00:00Z".parse().unwrap(),
            end: "2026-11-23T10:00:00Z".parse().unwrap(),
        };
        assert_eq!(event.when, when);
        assert_eq!(event.kind, ReadKind::Known(Kind::Busy));
        assert_eq!(event.title.clear(), Some("Jour fixe"));
    }

    #[test]
    fn an_all_day_event_is_dates_whatever_zone_its_midnights_are_labelled_with() {
        for zone in ["UTC", "W. Europe Standard Time", "tzone://Microsoft/Custom"] {
            let event = one(serde_json::json!({
                "isAllDay": true, "start": time("2026-11-24T00:00:00.0000000", zone), "end": time("2026-11-26T00:00:00.0000000", zone)
            }));
            assert_eq!(event.unwrap().when, When::AllDay { first: date(2026, 11, 24), last: date(2026, 11, 25) });
        }
    }

    #[test]
    fn a_zone_other_than_the_one_asked_for_is_honoured() {
        let event = one(serde_json::json!({"start": time("2026-11-23T10:00:00.0000000", "W. Europe Standard Time")}));
        let When::Timed { start, .. } = event.unwrap().when else { panic!() };
        assert_eq!(start.to_string(), "2026-11-23T09:00:00Z");
        let event = one(serde_json::json!({"start": time("2026-11-23T09:00:00.0000000", "tzone://Microsoft/Utc")}));
        assert!(event.is_ok());
    }

    #[test]
    fn a_time_that_can_not_be_read_fails_the_page() {
        for start in
            [time("yesterday", "UTC"), time("2026-11-23T09:00:00", "tzone://Microsoft/Custom"), time("", "UTC")]
        {
            assert!(one(serde_json::json!({"start": start})).is_err(), "{start}");
        }
        assert!(one(serde_json::json!({"end": null})).is_err());
        assert!(one(serde_json::json!({"isAllDay": true, "start": time("2026-11-24", "UTC")})).is_ok());
        assert!(one(serde_json::json!({"isAllDay": true, "start": time("x", "UTC")})).is_err());
    }

    #[test]
    fn words_of_the_future_are_tolerated() {
        let event =
            one(serde_json::json!({"showAs": "onTheMoon", "type": "new", "responseStatus": {"response": "new"}}));
        let event = event.unwrap();
        assert_eq!(event.kind, ReadKind::Unrecognised("onTheMoon".into()));
        assert_eq!(event.response, Response::None);
        let event = one(serde_json::json!({"showAs": null, "responseStatus": null, "subject": null})).unwrap();
        assert_eq!(event.kind.kind(), Kind::Free);
    }

    #[test]
    fn an_unknown_sensitivity_is_masked() {
        assert_eq!(one(serde_json::json!({"sensitivity": "topSecret"})).unwrap().title, Title::Masked);
    }

    #[test]
    fn a_masked_subject_steers_and_is_dropped() {
        let event = one(serde_json::json!({"subject": "Therapie (DND)", "sensitivity": "private"})).unwrap();
        assert_eq!((event.keywords.dnd, &event.title), (Some(true), &Title::Masked));
        assert!(!format!("{event:?}").contains("Therapie"));
    }

    #[test]
    fn masters_drafts_and_cancelled_ones_are_marked() {
        assert!(one(serde_json::json!({"type": "seriesMaster"})).unwrap().series_master);
        assert!(one(serde_json::json!({"isDraft": true})).unwrap().draft);
        assert!(one(serde_json::json!({"isCancelled": true})).unwrap().cancelled);
    }

    #[test]
    fn errors_quote_nothing_of_the_page() {
        let Err(error) = page(r#"{"value": [{"id": {"subject": "Geheim"}}]}"#, &reading()) else { panic!() };
        assert!(!error.to_string().contains("Geheim"));
    }

    #[test]
    fn the_recorded_calendars_are_read() {
        for (name, number) in [
            ("synthetic-calendarview-allday-and-mix.response", 5),
            ("ms365-calendar1_calendar_view", 2),
            ("ms365-calendar1_calendar_view_all_day", 2),
            ("ms365-calendar1_calendar_view_started", 2),
            ("ms365-calendar1_calendar_view_none", 0),
        ] {
            let Some(json) = crate::conformance::file(&format!("graph/fixtures/{name}.json")) else { return };
            let json = String::from_utf8(json).unwrap();
            let page = page(&json, &reading()).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(page.events.len(), number, "{name}");
        }
    }

    #[test]
    fn the_mixed_calendar_is_read_as_it_was_meant() {
        let name = "graph/fixtures/synthetic-calendarview-allday-and-mix.response.json";
        let Some(json) = crate::conformance::file(name) else { return };
        let page = page(&String::from_utf8(json).unwrap(), &reading()).unwrap();
        let event = |id: &str| page.events.iter().find(|event| event.id.as_str() == id).unwrap();
        assert_eq!(event("ALLDAY").when, When::AllDay { first: date(2026, 11, 24), last: date(2026, 11, 24) });
        assert_eq!(event("ALLDAY").kind, ReadKind::Known(Kind::OutOfOffice));
        assert!(event("CANCELLED").cancelled);
        assert_eq!(event("DECLINED").response, Response::Declined);
        assert_eq!(event("DECLINED").title, Title::Masked);
        assert_eq!(event("FUTURE-ENUM").kind, ReadKind::Unrecognised("unknownFutureValue".into()));
        assert!(page.next.unwrap().ends_with("&%24skip=10"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}", start in ".{0,30}", zone in ".{0,30}") {
            let _ = page(&text, &reading());
            let _ = one(serde_json::json!({"start": time(&start, &zone)}));
        }
    }
}
