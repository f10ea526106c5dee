//! Instants in columns: whole microseconds since 1970, UTC.

use jiff::Timestamp;

/// Finer parts are cut off towards 1970.
pub(crate) fn to_column(instant: Timestamp) -> i64 {
    instant.as_microsecond()
}

/// A number beyond the calendar, which no program of ours wrote, is clamped to its ends.
pub(crate) fn from_column(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).unwrap_or(if microseconds < 0 { Timestamp::MIN } else { Timestamp::MAX })
}
