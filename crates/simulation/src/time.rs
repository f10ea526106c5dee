//! True time, which only the pretended world knows.

use jiff::Timestamp;

/// Milliseconds of true time since the epoch. What the program takes for *now* may differ.
pub(crate) type Millis = i64;

pub(crate) const SECOND: Millis = 1000;
pub(crate) const MINUTE: Millis = 60 * SECOND;
pub(crate) const HOUR: Millis = 60 * MINUTE;
pub(crate) const DAY: Millis = 24 * HOUR;

/// The instant, for the core.
pub(crate) fn instant(at: Millis) -> Timestamp {
    Timestamp::from_millisecond(at).unwrap_or(Timestamp::MAX)
}

/// An instant as milliseconds.
pub(crate) fn millis(at: Timestamp) -> Millis {
    at.as_millisecond()
}
