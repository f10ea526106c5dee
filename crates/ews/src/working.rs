//! A mailbox's zone, as free/busy tells it: by its rules, without a name (`SerializableTimeZone`).

use jiff::tz::TimeZone;
use roxmltree::Node;

use crate::xml;

/// The rules of an element `TimeZone` as a zone; `None` when they make no sense or are for a single year only.
pub(crate) fn zone(element: Node<'_, '_>) -> Option<TimeZone> {
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
    fn read(element: Node<'_, '_>, bias: i32) -> Option<Self> {
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
        let day = match xml::word(element, "DayOfWeek")?.as_ref() {
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

fn number(element: Node<'_, '_>, name: &'static str) -> Option<i32> {
    xml::word(element, name)?.parse().ok()
}
