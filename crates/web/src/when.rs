//! Instants as people read them, in their language and on their clock.

use busylamp_core::language::Language;
use jiff::{Timestamp, civil::Weekday, tz::TimeZone};

/// An instant on the page: for people, and for programs that read the page.
pub(crate) struct When {
    /// In words.
    pub(crate) words: String,
    /// In HTML's form, in UTC.
    pub(crate) exact: String,
}

/// The clock: day of the week and time to the second.
pub(crate) fn clock(at: Timestamp, zone: &TimeZone, language: Language) -> When {
    let local = zone.to_datetime(at);
    let words = format!("{}, {}", weekday(local.weekday(), language), local.strftime("%H:%M:%S"));
    When { words, exact: exact(at) }
}

/// An instant of the past, to the second, with its date.
pub(crate) fn moment(at: Timestamp, zone: &TimeZone, language: Language) -> When {
    let local = zone.to_datetime(at);
    let words = local.strftime(language.pick("%d.%m.%Y %H:%M:%S", "%-d %b %Y %H:%M:%S")).to_string();
    When { words, exact: exact(at) }
}

/// A time to come, in as few words as are clear `now`: today without the day, within a week with its name, later with
/// the date.
pub(crate) fn ahead(at: Timestamp, now: Option<Timestamp>, zone: &TimeZone, language: Language) -> When {
    let local = zone.to_datetime(at);
    let days = now.map(|now| (local.date() - zone.to_datetime(now).date()).get_days());
    let time = local.strftime("%H:%M");
    let words = match days {
        Some(0) => time.to_string(),
        Some(1..=6) => {
            let name = weekday(local.weekday(), language);
            let short = name.get(..language.pick(2, 3)).unwrap_or(name);
            format!("{short} {time}")
        }
        _ => format!("{} {time}", local.strftime(language.pick("%d.%m.", "%-d %b"))),
    };
    When { words, exact: exact(at) }
}

fn exact(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn weekday(day: Weekday, language: Language) -> &'static str {
    let (german, english) = match day {
        Weekday::Monday => ("Montag", "Monday"),
        Weekday::Tuesday => ("Dienstag", "Tuesday"),
        Weekday::Wednesday => ("Mittwoch", "Wednesday"),
        Weekday::Thursday => ("Donnerstag", "Thursday"),
        Weekday::Friday => ("Freitag", "Friday"),
        Weekday::Saturday => ("Samstag", "Saturday"),
        Weekday::Sunday => ("Sonntag", "Sunday"),
    };
    language.pick(german, english)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Monday, 23:30 in Berlin.
    const NOW: &str = "2026-11-23T22:30:00Z";

    fn berlin() -> TimeZone {
        TimeZone::fixed(jiff::tz::offset(1))
    }

    fn both(at: &str) -> [String; 2] {
        let (at, now) = (at.parse().expect("an instant"), NOW.parse().ok());
        [Language::German, Language::English].map(|language| ahead(at, now, &berlin(), language).words)
    }

    #[test]
    fn the_day_is_named_only_if_it_is_another() {
        assert_eq!(both("2026-11-23T22:45:00Z"), ["23:45", "23:45"]);
        assert_eq!(both("2026-11-23T23:00:00Z"), ["Di 00:00", "Tue 00:00"]);
    }

    #[test]
    fn in_a_week_the_name_of_the_day_would_be_mistaken_for_today() {
        assert_eq!(both("2026-11-29T09:00:00Z"), ["So 10:00", "Sun 10:00"]);
        assert_eq!(both("2026-11-30T09:00:00Z"), ["30.11. 10:00", "30 Nov 10:00"]);
        assert_eq!(both("2026-12-05T09:00:00Z"), ["05.12. 10:00", "5 Dec 10:00"]);
    }

    #[test]
    fn an_instant_of_the_past_has_its_date() {
        let at = NOW.parse().expect("an instant");
        assert_eq!(moment(at, &berlin(), Language::German).words, "23.11.2026 23:30:00");
        assert_eq!(moment(at, &berlin(), Language::English).words, "23 Nov 2026 23:30:00");
    }

    #[test]
    fn the_clock_names_the_day_in_full_and_is_exact_in_utc() {
        let now = NOW.parse().expect("an instant");
        let shown = clock(now, &berlin(), Language::German);
        assert_eq!((shown.words.as_str(), shown.exact.as_str()), ("Montag, 23:30:00", NOW));
        assert_eq!(clock(now, &berlin(), Language::English).words, "Monday, 23:30:00");
    }
}
