//! Instants as people read them, in their language and on their clock.

use busylamp_core::language::Language;
use jiff::{
    Timestamp,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};

const MONTHS: [(&str, &str); 12] = [
    ("Januar", "January"),
    ("Februar", "February"),
    ("März", "March"),
    ("April", "April"),
    ("Mai", "May"),
    ("Juni", "June"),
    ("Juli", "July"),
    ("August", "August"),
    ("September", "September"),
    ("Oktober", "October"),
    ("November", "November"),
    ("Dezember", "December"),
];

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

/// An hour of a day that is named elsewhere.
pub(crate) fn hour(at: Timestamp, zone: &TimeZone) -> String {
    zone.to_datetime(at).strftime("%H:%M").to_string()
}

/// Day and hour, as an explanation's heading has them.
pub(crate) fn day_and_hour(at: Timestamp, zone: &TimeZone, language: Language) -> When {
    let local = zone.to_datetime(at);
    let words = format!("{}, {}", date(local.date(), language), local.strftime("%H:%M"));
    When { words, exact: exact(at) }
}

/// A date with its weekday, in full.
pub(crate) fn date(date: Date, language: Language) -> String {
    let (german, english) = MONTHS[usize::from(date.month().unsigned_abs().clamp(1, 12)) - 1];
    let (weekday, day, year) = (weekday(date.weekday(), language), date.day(), date.year());
    language.pick(format!("{weekday}, {day}. {german} {year}"), format!("{weekday}, {day} {english} {year}"))
}

/// A span, with its dates where it does not lie within one day. Its end at midnight is the day's `24:00`.
pub(crate) fn span(from: Timestamp, to: Timestamp, zone: &TimeZone, language: Language) -> String {
    let (begin, end) = (zone.to_datetime(from), zone.to_datetime(to));
    let short = language.pick("%d.%m. %H:%M", "%-d %b %H:%M");
    if begin.date() == end.date() {
        format!("{}–{}", begin.strftime("%H:%M"), end.strftime("%H:%M"))
    } else if end.time() == Time::midnight() && begin.date().tomorrow().is_ok_and(|next| next == end.date()) {
        format!("{}–24:00", begin.strftime("%H:%M"))
    } else {
        format!("{}–{}", begin.strftime(short), end.strftime(short))
    }
}

/// Dates, the last one inclusive.
pub(crate) fn dates(first: Date, last: Date, language: Language) -> String {
    let one = |date: Date| date.strftime(language.pick("%d.%m.", "%-d %b")).to_string();
    if first >= last { one(first) } else { format!("{}–{}", one(first), one(last)) }
}

/// How long ago, in the one unit that matters.
pub(crate) fn ago(at: Timestamp, now: Timestamp, language: Language) -> String {
    let seconds = now.duration_since(at).as_secs().max(0);
    let (number, german, english) = match seconds {
        0..3 => return language.pick("gerade eben", "just now").to_owned(),
        3..60 => (seconds, "s", "s"),
        60..3600 => (seconds / 60, "Min.", "min"),
        3600..172_800 => (seconds / 3600, "Std.", "h"),
        _ => (seconds / 86_400, "Tagen", "days"),
    };
    language.pick(format!("vor {number} {german}"), format!("{number} {english} ago"))
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
    fn a_span_has_dates_only_where_it_needs_them() {
        let span = |from: &str, to: &str| {
            let (from, to) = (from.parse().expect("an instant"), to.parse().expect("an instant"));
            span(from, to, &berlin(), Language::German)
        };
        assert_eq!(span("2026-11-24T08:00:00Z", "2026-11-24T09:30:00Z"), "09:00–10:30");
        assert_eq!(span("2026-11-24T21:00:00Z", "2026-11-24T23:00:00Z"), "22:00–24:00");
        assert_eq!(span("2026-11-24T21:00:00Z", "2026-11-25T00:00:00Z"), "24.11. 22:00–25.11. 01:00");
    }

    #[test]
    fn an_age_has_one_unit() {
        let ago = |seconds| {
            let now: Timestamp = NOW.parse().expect("an instant");
            ago(now - jiff::SignedDuration::from_secs(seconds), now, Language::English)
        };
        assert_eq!(
            [ago(-5), ago(59), ago(60), ago(7199), ago(200_000)],
            ["just now", "59 s ago", "1 min ago", "1 h ago", "2 days ago"]
        );
    }

    #[test]
    fn a_date_is_named_in_full() {
        let day = Date::constant(2026, 3, 1);
        assert_eq!(date(day, Language::German), "Sonntag, 1. März 2026");
        assert_eq!(date(day, Language::English), "Sunday, 1 March 2026");
    }

    #[test]
    fn the_clock_names_the_day_in_full_and_is_exact_in_utc() {
        let now = NOW.parse().expect("an instant");
        let shown = clock(now, &berlin(), Language::German);
        assert_eq!((shown.words.as_str(), shown.exact.as_str()), ("Montag, 23:30:00", NOW));
        assert_eq!(clock(now, &berlin(), Language::English).words, "Monday, 23:30:00");
    }
}
