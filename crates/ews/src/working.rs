//! A mailbox's zone, as free/busy tells it: by its rules, without a name (`SerializableTimeZone`).

use jiff::tz::TimeZone;

use crate::xml::{self, Element};

/// The rules of an element `TimeZone` as a zone; `None` when they make no sense or are for a single year only.
pub(crate) fn zone(element: Element<'_>) -> Option<TimeZone> {
    let bias = number(element, "Bias")?;
    let standard = Half::read(xml::child(element, "StandardTime")?, bias)?;
    let daylight = Half::read(xml::child(element, "DaylightTime")?, bias)?;
    let (Some(to_standard), Some(to_daylight)) = (&standard.begins, &daylight.begins) else {
        return TimeZone::posix(&format!("STD{}", standard.offset)).ok();
    };
    let rule = format!("STD{}DST{},{to_daylight},{to_standard}", standard.offset, daylight.offset);
    TimeZone::posix(&rule).ok()
}

/// One half of the year.
struct Half {
    /// Hours west of Greenwich, as POSIX writes them. Exchange counts the same way, in minutes.
    offset: String,
    /// When it begins, as POSIX writes it. `None` when it never does.
    begins: Option<String>,
}

impl Half {
    fn read(element: Element<'_>, bias: i32) -> Option<Self> {
        let minutes = bias.checked_add(number(element, "Bias")?)?;
        let sign = if minutes < 0 { "-" } else { "" };
        let offset = format!("{sign}{}:{:02}", minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60);
        let month = number(element, "Month")?;
        if month == 0 {
            return Some(Self { offset, begins: None });
        }
        // A year makes a date of the rule, so that the other years have none.
        if xml::word(element, "Year").is_some_and(|year| year.parse() != Ok(0)) {
            return None;
        }
        let day = match xml::word(element, "DayOfWeek")? {
            "Sunday" => 0,
            "Monday" => 1,
            "Tuesday" => 2,
            "Wednesday" => 3,
            "Thursday" => 4,
            "Friday" => 5,
            "Saturday" => 6,
            _ => return None,
        };
        let order = number(element, "DayOrder")?;
        let time = xml::word(element, "Time")?;
        let time = time.split('.').next().unwrap_or_default();
        // The library reads the numbers anew and refuses those out of range.
        let harmless = time.chars().all(|c| c.is_ascii_digit() || c == ':');
        harmless.then(|| Self { offset, begins: Some(format!("M{month}.{order}.{day}/{time}")) })
    }
}

fn number(element: Element<'_>, name: &'static str) -> Option<i32> {
    xml::word(element, name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    /// Bias, time, order, month, day of the week, year.
    type Rule<'a> = (i32, &'a str, i32, i32, &'a str, &'a str);

    const NEVER: Rule<'static> = (0, "00:00:00", 0, 0, "Sunday", "");

    fn read(bias: i32, standard: Rule<'_>, daylight: Rule<'_>) -> Option<TimeZone> {
        let half = |name: &str, (bias, time, order, month, day, year): Rule<'_>| {
            format!(
                "<{name}><Bias>{bias}</Bias><Time>{time}</Time><DayOrder>{order}</DayOrder><Month>{month}</Month>\
                 <DayOfWeek>{day}</DayOfWeek><Year>{year}</Year></{name}>"
            )
        };
        let text = format!(
            "<TimeZone>{}{}<Bias>{bias}</Bias></TimeZone>",
            half("DaylightTime", daylight),
            half("StandardTime", standard)
        )
        .replace("<Year></Year>", "");
        zone(xml::parse(&text).unwrap().root())
    }

    /// That both zones agree at every noon and midnight of 2026 and 2027.
    fn is_like(zone: &TimeZone, name: &str) {
        let named = TimeZone::get(name).unwrap();
        let mut instant: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for _ in 0..2 * 365 * 24 {
            instant += jiff::SignedDuration::from_hours(1);
            assert_eq!(zone.to_offset(instant), named.to_offset(instant), "{name} {instant}");
        }
    }

    #[test]
    fn the_rules_of_the_world_are_read() {
        let berlin = read(-60, (0, "03:00:00", 5, 10, "Sunday", ""), (-60, "02:00:00", 5, 3, "Sunday", "0"));
        is_like(&berlin.unwrap(), "Europe/Berlin");
        let new_york = read(300, (0, "02:00:00", 1, 11, "Sunday", ""), (-60, "02:00:00", 2, 3, "Sunday", ""));
        is_like(&new_york.unwrap(), "America/New_York");
        let auckland = read(-720, (0, "03:00:00", 1, 4, "Sunday", ""), (-60, "02:00:00", 5, 9, "Sunday", ""));
        is_like(&auckland.unwrap(), "Pacific/Auckland");
        let kolkata = read(-330, NEVER, NEVER);
        is_like(&kolkata.unwrap(), "Asia/Kolkata");
        let utc = read(0, NEVER, NEVER);
        is_like(&utc.unwrap(), "UTC");
        let st_johns = read(210, (0, "02:00:00.000", 1, 11, "Sunday", ""), (-60, "02:00:00.000", 2, 3, "Sunday", ""));
        is_like(&st_johns.unwrap(), "America/St_Johns");
    }

    #[test]
    fn a_rule_for_one_year_is_none() {
        assert_eq!(read(-60, (0, "03:00:00", 5, 10, "Sunday", "2026"), (-60, "02:00:00", 5, 3, "Sunday", "")), None);
    }

    #[test]
    fn rules_without_sense_are_none() {
        let good: Rule<'_> = (-60, "02:00:00", 5, 3, "Sunday", "");
        for bad in [
            (0, "03:00:00", 9, 10, "Sunday", ""),
            (0, "03:00:00", 5, 13, "Sunday", ""),
            (0, "03:00:00", 5, -1, "Sunday", ""),
            (0, "03:00:00", 5, 10, "Day", ""),
            (0, "99:99:99", 5, 10, "Sunday", ""),
            (0, "soon", 5, 10, "Sunday", ""),
            (i32::MAX, "03:00:00", 5, 10, "Sunday", ""),
        ] {
            assert_eq!(read(-60, bad, good), None, "{bad:?}");
        }
        assert_eq!(read(i32::MIN, NEVER, NEVER), None);
        assert_eq!(read(100_000, NEVER, NEVER), None);
    }

    proptest! {
        #[test]
        fn no_rule_makes_it_panic(bias: i32, half: i32, time in "[0-9:.]{0,10}", order in -1..7, month in -1..15) {
            if let Some(zone) = read(bias, (half, &time, order, month, "Monday", ""), (-60, "02:00:00", 5, 3, "Sunday", "")) {
                let _ = zone.to_offset(Timestamp::UNIX_EPOCH);
            }
        }
    }
}
