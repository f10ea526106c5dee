//! What time it is for the pretended servers: a seam, so that a demo can run its day faster than the world does.

use std::{fmt, sync::Arc};

use jiff::{
    Timestamp,
    civil::Date,
    tz::{AmbiguousOffset, TimeZone},
};

/// Tells the instant that the pretended servers take for now.
///
/// It governs stamps, the life of tokens and nonces, and where "today" is in the company's calendars. Waits
/// (latency, long polls, the end of a fault) are in the world's own time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock that asks `now`.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The instant that it is.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(Timestamp::now)
    }
}

impl From<Arc<dyn Fn() -> Timestamp + Send + Sync>> for Clock {
    fn from(now: Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Self {
        Self(now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

/// The first instant of a day. Where midnight does not exist it is the day's first instant, where it comes twice
/// the first of the two.
pub(crate) fn midnight(date: Date, zone: &TimeZone) -> Timestamp {
    let local = date.at(0, 0, 0, 0);
    let ambiguous = zone.to_ambiguous_timestamp(local);
    if let AmbiguousOffset::Gap { after, .. } = ambiguous.offset() {
        // Read with the later offset, a missing midnight lies before the change; the change is the first instant.
        let start = after.to_timestamp(local).ok().and_then(|instant| zone.following(instant).next());
        if let Some(change) = start {
            return change.timestamp();
        }
    }
    ambiguous.compatible().unwrap_or(Timestamp::MIN)
}

/// Whole days from one date to another.
pub(crate) fn days_between(from: Date, to: Date) -> i64 {
    from.duration_until(to).as_hours() / 24
}

/// A date some days on. Dates beyond the calendar's ends are clamped to them.
pub(crate) fn add_days(date: Date, days: i64) -> Date {
    date.saturating_add(jiff::SignedDuration::from_hours(days.saturating_mul(24)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_midnight_that_does_not_exist_is_the_first_instant_of_the_day() {
        // Chile moved its clocks from 24:00 to 01:00 on 2022-09-11.
        let zone = TimeZone::get("America/Santiago").unwrap();
        let first = midnight(jiff::civil::date(2022, 9, 11), &zone);
        assert_eq!(zone.to_datetime(first), jiff::civil::date(2022, 9, 11).at(1, 0, 0, 0));
    }

    #[test]
    fn days_are_counted_across_a_change_of_clocks() {
        let (a, b) = (jiff::civil::date(2026, 10, 20), jiff::civil::date(2026, 11, 3));
        assert_eq!((days_between(a, b), days_between(b, a)), (14, -14));
        assert_eq!(add_days(a, 14), b);
    }
}
