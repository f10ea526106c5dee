//! Instants as `xs:dateTime`.

use jiff::{Timestamp, civil, tz::TimeZone};

/// The instant that is written: with an offset or `Z`, or without both in UTC, which is what was asked in. Beyond what
/// can be counted it is the end of time.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    // A zone in brackets is no `xs:dateTime`, but the library would read it.
    if text.contains(['[', ']']) {
        return None;
    }
    if let Ok(instant) = text.parse() {
        return Some(instant);
    }
    let local: civil::DateTime = text.strip_suffix('Z').unwrap_or(text).parse().ok()?;
    let end = if local.year() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Some(TimeZone::UTC.to_timestamp(local).unwrap_or(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_counts_and_none_is_utc() {
        let nine: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
        for text in [
            "2026-11-23T09:00:00Z",
            "2026-11-23T10:00:00+01:00",
            "2026-11-23T01:00:00.0000000-08:00",
            "2026-11-23T09:00:00",
            "2026-11-23T09:00:00.000",
        ] {
            assert_eq!(instant(text), Some(nine), "{text}");
        }
    }

    #[test]
    fn the_end_of_time_is_as_far_as_can_be_counted() {
        assert_eq!(instant("9999-12-31T23:59:59.9999999Z"), Some(Timestamp::MAX));
        assert_eq!(instant("9999-12-31T23:59:59"), Some(Timestamp::MAX));
    }

    #[test]
    fn anything_else_is_no_instant() {
        for text in [
            "",
            "yesterday",
            "2026-11-23T25:00:00Z",
            "2026-11-23T09:00:00[Europe/Berlin]",
            "2026-02-30T00:00:00Z",
            "99999999999999999999-01-01T00:00:00Z",
            "Z",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }
}
