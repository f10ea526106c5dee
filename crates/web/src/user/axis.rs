//! One local day as a line from its first instant to its last: 23, 24 or 25 hours long.

use busylamp_core::event::midnight;
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

/// A day in the user's zone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Day {
    pub(super) date: Date,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

/// A place or a length on the line, in percent of the day.
pub(super) type Percent = String;

impl Day {
    pub(super) fn new(date: Date, zone: &TimeZone) -> Self {
        let from = midnight(date, zone);
        let to = date.tomorrow().map_or(from, |next| midnight(next, zone));
        Self { date, from, to }
    }

    pub(super) fn contains(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }

    /// Where an instant of this day lies.
    pub(super) fn place(&self, at: Timestamp) -> Percent {
        percent(self.share(at))
    }

    /// Where a span lies and how long it is, as far as it touches this day.
    pub(super) fn stretch(&self, from: Timestamp, to: Timestamp) -> Option<(Percent, Percent)> {
        let (from, to) = (from.max(self.from), to.min(self.to));
        (from < to).then(|| (percent(self.share(from)), percent(self.share(to) - self.share(from))))
    }

    fn share(&self, at: Timestamp) -> f64 {
        let whole = self.to.duration_since(self.from).as_secs_f64();
        if whole > 0.0 { (at.duration_since(self.from).as_secs_f64() / whole).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// The full hours on the clock. One that comes twice is there twice, one that is left out is not there.
    pub(super) fn hours(&self, zone: &TimeZone) -> Vec<(Timestamp, i8)> {
        let mut hours = Vec::with_capacity(25);
        let mut at = self.from;
        while at < self.to && hours.len() < 30 {
            let local = zone.to_datetime(at);
            if local.minute() == 0 {
                hours.push((at, local.hour()));
            }
            let step = SignedDuration::from_mins(60 - i64::from(local.minute()));
            at = at.saturating_add(step).unwrap_or(self.to);
        }
        hours
    }

    /// The nights: before 7 and after 19 o'clock.
    pub(super) fn nights(&self, zone: &TimeZone) -> Vec<(Percent, Percent)> {
        let hours = self.hours(zone);
        let at = |hour| hours.iter().find(|(_, other)| *other == hour).map(|(at, _)| *at);
        let [morning, evening] = [7, 19].map(at);
        let before = morning.and_then(|morning| self.stretch(self.from, morning));
        let after = evening.and_then(|evening| self.stretch(evening, self.to));
        before.into_iter().chain(after).collect()
    }
}

fn percent(share: f64) -> Percent {
    format!("{:.3}%", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    fn hours(date: &str) -> Vec<i8> {
        let zone = berlin();
        Day::new(date.parse().unwrap(), &zone).hours(&zone).into_iter().map(|(_, hour)| hour).collect()
    }

    #[test]
    fn a_day_of_summer_time_has_23_hours_and_lacks_one() {
        let hours = hours("2026-03-29");
        assert_eq!(hours.len(), 23);
        assert_eq!(hours[..4], [0, 1, 3, 4]);
    }

    #[test]
    fn a_day_of_winter_time_has_25_hours_and_one_twice() {
        let hours = hours("2026-10-25");
        assert_eq!(hours.len(), 25);
        assert_eq!(hours[..5], [0, 1, 2, 2, 3]);
    }

    #[test]
    fn noon_is_in_the_middle_only_of_a_day_of_24_hours() {
        let noon = |date: &str, at: &str| Day::new(date.parse().unwrap(), &berlin()).place(at.parse().unwrap());
        assert_eq!(noon("2026-11-24", "2026-11-24T11:00:00Z"), "50.000%");
        assert_eq!(noon("2026-10-25", "2026-10-25T11:00:00Z"), "52.000%");
    }

    #[test]
    fn a_span_is_cut_at_the_days_ends_and_left_out_where_it_does_not_touch_it() {
        let day = Day::new("2026-11-24".parse().unwrap(), &TimeZone::UTC);
        let stretch = |from: &str, to: &str| day.stretch(from.parse().unwrap(), to.parse().unwrap());
        assert_eq!(
            stretch("2026-11-23T12:00:00Z", "2026-11-24T06:00:00Z").unwrap(),
            ("0.000%".into(), "25.000%".into())
        );
        assert_eq!(stretch("2026-11-23T12:00:00Z", "2026-11-24T00:00:00Z"), None);
        assert_eq!(stretch("2026-11-25T00:00:00Z", "2026-11-25T01:00:00Z"), None);
    }

    #[test]
    fn a_day_without_midnight_begins_with_its_first_instant() {
        let zone = TimeZone::get("Africa/Cairo").unwrap();
        let day = Day::new("2026-04-24".parse().unwrap(), &zone);
        assert_eq!(zone.to_datetime(day.from).hour(), 1);
        assert_eq!(day.hours(&zone).len(), 23);
        assert_eq!(day.nights(&zone).len(), 2);
    }
}
