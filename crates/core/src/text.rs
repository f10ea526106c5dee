//! The status text (§5.2 to §5.7): what is shown of the running events, and when.

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use unicode_segmentation::UnicodeSegmentation;

use crate::{
    event::{Event, When, midnight},
    language::Language,
    policy::Policy,
    title::Title,
};

/// The number of extended grapheme clusters: what a reader would call characters.
pub fn clusters(text: &str) -> usize {
    text.graphemes(true).count()
}

/// The first `length` clusters, without white space before the cut.
pub fn cut(text: &str, length: usize) -> &str {
    let end = text.grapheme_indices(true).nth(length).map_or(text.len(), |(at, _)| at);
    text[..end].trim_end()
}

/// An event together with its interval in the user's zone.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// The event.
    pub event: &'a Event,
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
}

/// The text for the winner, with the titles of all that run if the policy joins them. `running` is in order of
/// precedence, the winner first; `None` if no text is wanted. `limit` is the longest text that the telephone
/// system is known to keep, if that is shorter than the policy's (§6.9).
pub fn status_text(
    policy: &Policy,
    language: Language,
    zone: &TimeZone,
    running: &[Placed<'_>],
    limit: Option<usize>,
) -> Option<String> {
    let winner = running.first()?;
    let free = |placed: &Placed<'_>| placed.event.kind.kind() == crate::event::Kind::Free;
    if policy.no_text_when_free && free(winner) {
        return None;
    }
    let times = times(policy, language, zone, winner);
    if !policy.title_as_text {
        return (!times.is_empty()).then_some(times);
    }
    let title = if policy.join_parallel_titles {
        let shown = running.iter().filter(|placed| !(policy.no_text_when_free && free(placed)));
        let mut titles: Vec<&str> = Vec::new();
        for title in shown.map(|placed| title(placed.event, policy, language)) {
            if !titles.contains(&title) {
                titles.push(title);
            }
        }
        titles.join(", ")
    } else {
        title(winner.event, policy, language).to_owned()
    };
    let suffix = if times.is_empty() { String::new() } else { format!(" ({times})") };
    let longest = policy.max_text_length.get();
    Some(fit(title, &suffix, limit.map_or(longest, |limit| limit.min(longest))))
}

/// Cuts the title so that title and suffix together keep within `longest` clusters. The suffix is never cut,
/// except where not even one character of a title would fit beside it.
fn fit(mut title: String, suffix: &str, longest: usize) -> String {
    let whole = format!("{title}{suffix}");
    // A cluster has at least one byte: the usual text needs no counting.
    if whole.len() <= longest || clusters(&whole) <= longest {
        return whole;
    }
    let Some(room) = longest.checked_sub(clusters(suffix) + 1).filter(|room| *room > 0) else {
        return cut(&whole, longest).to_owned();
    };
    title.truncate(cut(&title, room).len());
    title + "…" + suffix
}

fn title<'a>(event: &'a Event, policy: &'a Policy, language: Language) -> &'a str {
    match (&event.title, event.title.clear()) {
        (Title::Masked, _) => policy.mask_word(language),
        (_, Some(title)) => title,
        (_, None) => language.pick("Termin", "Appointment"),
    }
}

/// Begin, end and duration as far as they are switched on, without brackets; empty if none is.
fn times(policy: &Policy, language: Language, zone: &TimeZone, winner: &Placed<'_>) -> String {
    let span = match winner.event.when {
        // A single day has one word in place of begin and end.
        When::AllDay { first, last } if first == last => {
            (policy.show_begin || policy.show_end).then(|| language.pick("ganztägig", "all day").to_owned())
        }
        When::AllDay { first, last } => {
            let year = first.year() != last.year();
            between(policy, language, &date(first, year, language), &date(last, year, language))
        }
        When::Timed { .. } => {
            let (begin, end) = timed_edges(winner, language, zone);
            between(policy, language, &begin, &end)
        }
    };
    let duration = policy.show_duration.then(|| match winner.event.when {
        When::Timed { start, end } => elapsed(end.duration_since(start), language),
        When::AllDay { first, last } => days(last.duration_since(first).as_hours() / 24 + 1, language),
    });
    span.into_iter().chain(duration).collect::<Vec<_>>().join(", ")
}

fn between(policy: &Policy, language: Language, begin: &str, end: &str) -> Option<String> {
    match (policy.show_begin, policy.show_end) {
        (true, true) => Some(format!("{begin}–{end}")),
        (true, false) => Some(format!("{} {begin}", language.pick("ab", "from"))),
        (false, true) => Some(format!("{} {end}", language.pick("bis", "until"))),
        (false, false) => None,
    }
}

/// Begin and end of a timed event; with dates if they lie on different ones.
fn timed_edges(winner: &Placed<'_>, language: Language, zone: &TimeZone) -> (String, String) {
    let local = |instant| zone.to_datetime(instant);
    let (begin, end) = (local(winner.start), local(winner.end));
    let next_midnight = begin.date().tomorrow().map(|next| midnight(next, zone));
    if next_midnight.is_ok_and(|midnight| midnight == winner.end) {
        return (time(begin), "24:00".to_owned());
    }
    if begin.date() == end.date() {
        return (time(begin), time(end));
    }
    let year = begin.year() != end.year();
    let with_date = |at: DateTime| format!("{} {}", date(at.date(), year, language), time(at));
    (with_date(begin), with_date(end))
}

fn time(at: DateTime) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

fn date(date: Date, year: bool, language: Language) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (y, m, d) = (date.year(), date.month(), date.day());
    match (language, year) {
        (Language::German, false) => format!("{d:02}.{m:02}."),
        (Language::German, true) => format!("{d:02}.{m:02}.{y:04}"),
        // A jiff month is 1 to 12 by type.
        (Language::English, false) => format!("{d} {}", MONTHS[m as usize - 1]),
        (Language::English, true) => format!("{d} {} {y:04}", MONTHS[m as usize - 1]),
    }
}

fn days(days: i64, language: Language) -> String {
    match (language, days) {
        (Language::German, 1) => "1 Tag".to_owned(),
        (Language::German, n) => format!("{n} Tage"),
        (Language::English, 1) => "1 day".to_owned(),
        (Language::English, n) => format!("{n} days"),
    }
}

fn elapsed(duration: SignedDuration, language: Language) -> String {
    let minutes = duration.as_mins();
    let (d, h, m) = (minutes / (24 * 60), minutes / 60 % 24, minutes % 60);
    let mut parts = Vec::new();
    if d > 0 {
        parts.push(days(d, language));
    }
    if h > 0 {
        parts.push(format!("{h} {}", language.pick("Std.", "h")));
    }
    if m > 0 || parts.is_empty() {
        parts.push(format!("{m} {}", language.pick("Min.", "min")));
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// §5.6, where the telephone system keeps less than the policy allows (§6.9).
    #[test]
    fn the_title_is_cut_as_long_as_one_character_of_it_fits() {
        for (longest, expected) in [
            (20, "Jour fixe (ab 09:00)"),
            (19, "Jour fi… (ab 09:00)"),
            (18, "Jour f… (ab 09:00)"),
            (17, "Jour… (ab 09:00)"),
            (13, "J… (ab 09:00)"),
            (12, "Jour fixe (a"),
            (11, "Jour fixe ("),
        ] {
            assert_eq!(fit("Jour fixe".to_owned(), " (ab 09:00)", longest), expected, "{longest}");
        }
    }
}
