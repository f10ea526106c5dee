//! The status text (§5.2 to §5.6).

use jiff::civil::Date;

use super::{
    Model,
    question::instant,
    reading::{Read, clusters, first_instant_of, is_white},
};

impl Model {
    pub(super) fn text(&self, running: &[&Read]) -> Option<String> {
        let winner = running.first()?;
        let policy = &self.policy;
        if policy.no_text_when_free && winner.kind == "free" {
            return None;
        }
        let mut parts = Vec::new();
        if let Some(part) = self.times(winner) {
            parts.push(part);
        }
        if policy.show_duration {
            parts.push(self.duration(winner));
        }
        let bracket = parts.join(", ");
        if !policy.title_as_text {
            return if bracket.is_empty() { None } else { Some(bracket) };
        }
        let title = if policy.join_parallel_titles {
            let mut titles: Vec<&str> = Vec::new();
            for event in running {
                let out = policy.no_text_when_free && event.kind == "free";
                if !out && !titles.contains(&event.title.as_str()) {
                    titles.push(&event.title);
                }
            }
            titles.join(", ")
        } else {
            winner.title.clone()
        };
        let tail = if bracket.is_empty() { String::new() } else { format!(" ({bracket})") };
        let room = policy.max_text_length.unwrap_or(128) - clusters(&tail).len();
        let letters = clusters(&title);
        let title = if letters.len() > room {
            let mut short: String = letters[..room - 1].concat();
            while short.chars().last().is_some_and(is_white) {
                short.pop();
            }
            format!("{short}…")
        } else {
            title
        };
        Some(format!("{title}{tail}"))
    }

    /// Begin and end as far as they are switched on.
    fn times(&self, event: &Read) -> Option<String> {
        let (begin, end) = (self.policy.show_begin, self.policy.show_end);
        if !begin && !end {
            return None;
        }
        let (first, last) = match event.dates {
            Some((first, last)) => {
                if first == last {
                    return Some(self.say("ganztägig", "all day").to_owned());
                }
                let years = first.year() != last.year();
                (self.date(first, years), self.date(last, years))
            }
            None => {
                let start = self.zone.to_datetime(instant(event.start));
                let stop = self.zone.to_datetime(instant(event.end));
                let mut last_day = stop.date();
                let mut last_time = format!("{:02}:{:02}", stop.hour(), stop.minute());
                // §1.2 says what midnight is where the clocks are changed at it.
                let next_day = start.date().tomorrow().expect("a test stays within the calendar");
                if event.end == first_instant_of(next_day, &self.zone) {
                    last_day = start.date();
                    "24:00".clone_into(&mut last_time);
                }
                let first_time = format!("{:02}:{:02}", start.hour(), start.minute());
                if start.date() == last_day {
                    (first_time, last_time)
                } else {
                    let years = start.date().year() != last_day.year();
                    (
                        format!("{} {first_time}", self.date(start.date(), years)),
                        format!("{} {last_time}", self.date(last_day, years)),
                    )
                }
            }
        };
        Some(match (begin, end) {
            (true, true) => format!("{first}–{last}"),
            (true, false) => format!("{} {first}", self.say("ab", "from")),
            _ => format!("{} {last}", self.say("bis", "until")),
        })
    }

    fn date(&self, date: Date, year: bool) -> String {
        const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (day, month) = (date.day(), usize::try_from(date.month()).expect("1 to 12"));
        match (self.german, year) {
            (true, false) => format!("{day:02}.{month:02}."),
            (true, true) => format!("{day:02}.{month:02}.{}", date.year()),
            (false, false) => format!("{day} {}", MONTHS[month - 1]),
            (false, true) => format!("{day} {} {}", MONTHS[month - 1], date.year()),
        }
    }

    fn duration(&self, event: &Read) -> String {
        if let Some((first, last)) = event.dates {
            let mut dates = 1;
            let mut day = first;
            while day < last {
                day = day.tomorrow().expect("a test stays within the calendar");
                dates += 1;
            }
            return self.days(dates);
        }
        let minutes = (event.end - event.start) / 60;
        let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
        let mut parts = Vec::new();
        if days > 0 {
            parts.push(self.days(days));
        }
        if hours > 0 {
            parts.push(format!("{hours} {}", self.say("Std.", "h")));
        }
        if minutes > 0 || parts.is_empty() {
            parts.push(format!("{minutes} {}", self.say("Min.", "min")));
        }
        parts.join(" ")
    }

    fn days(&self, days: i64) -> String {
        match days {
            1 => self.say("1 Tag", "1 day").to_owned(),
            many => format!("{many} {}", self.say("Tage", "days")),
        }
    }

    fn say(&self, german: &'static str, english: &'static str) -> &'static str {
        if self.german { german } else { english }
    }
}
