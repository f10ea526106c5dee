//! Events read once: intervals, what is left out, keywords and titles (§1, §2, §5.6).

use std::collections::BTreeMap;

use jiff::{civil::Date, tz::TimeZone};
use unicode_segmentation::UnicodeSegmentation;

use super::question::{Event, Question, When, instant};

/// What the model knows of an event after reading it once.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) id: String,
    pub(super) start: i64,
    pub(super) end: i64,
    /// Local dates of an all-day event.
    pub(super) dates: Option<(Date, Date)>,
    pub(super) kind: &'static str,
    pub(super) left_out: Option<&'static str>,
    /// A keyword was found, so the action is explicit (§2.3).
    pub(super) explicit: bool,
    pub(super) dnd: Option<bool>,
    pub(super) forward: Option<bool>,
    pub(super) title: String,
}

pub(super) fn read(event: &Event, question: &Question, zone: &TimeZone, midnights: &mut BTreeMap<Date, i64>) -> Read {
    let policy = &question.policy;
    let mut midnight = |date: Date| *midnights.entry(date).or_insert_with(|| first_instant_of(date, zone));
    let (start, end, dates) = match event.when {
        When::Timed { start, end } => (start, end, None),
        When::AllDay { first, last } => {
            let after = last.tomorrow().expect("a test stays within the calendar");
            (midnight(first), midnight(after), Some((first, last)))
        }
    };
    let left_out = if event.cancelled {
        Some("cancelled")
    } else if event.response == "declined" && !policy.keep_declined {
        Some("declined")
    } else if event.draft {
        Some("draft")
    } else if event.series_master {
        Some("series_master")
    } else if start >= end {
        Some("empty")
    } else {
        None
    };
    let (mut effects, subject) = split_keywords(&event.subject, &policy.extra_keywords);
    let mut title = clean(&subject);
    if event.response == "not_responded" {
        effects.clear();
        title.clear();
    }
    if title.is_empty() {
        title = if question.german { "Termin".to_owned() } else { "Appointment".to_owned() };
    }
    let masked = match event.sensitivity.as_str() {
        "private" | "confidential" => true,
        "personal" => policy.masked.as_ref().is_none_or(|set| set.contains(&"personal")),
        _ => false,
    };
    if masked {
        title = match &policy.mask_word {
            Some(word) => clean(word),
            None if question.german => "Privat".to_owned(),
            None => "Private".to_owned(),
        };
    }
    // The effects stand rightmost first, so the first that names a dimension counts.
    let named = |on: &str, off: &str| {
        let effect = effects.iter().find(|effect| **effect == on || **effect == off)?;
        Some(*effect == on)
    };
    Read {
        id: event.id.clone(),
        start,
        end,
        dates,
        kind: match event.kind.as_str() {
            "" | "busy" => "busy",
            "out_of_office" => "out_of_office",
            "tentative" => "tentative",
            "working_elsewhere" => "working_elsewhere",
            _ => "free",
        },
        left_out,
        explicit: !effects.is_empty(),
        dnd: named("dnd_on", "dnd_off"),
        forward: named("forward_on", "forward_off"),
        title,
    }
}

/// §1.2, by looking: the first minute whose local time has reached the date.
pub(super) fn first_instant_of(date: Date, zone: &TimeZone) -> i64 {
    let around = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).expect("a test stays within the calendar").as_second();
    let mut minute = around - 30 * 3600;
    while zone.to_datetime(instant(minute)).date() < date {
        minute += 60;
    }
    minute
}

/// §2.2: effects of the keyword groups, rightmost first, and the subject before the leftmost of them.
fn split_keywords(subject: &str, own: &[(&'static str, &'static str)]) -> (Vec<&'static str>, String) {
    let letters: Vec<char> = subject.chars().collect();
    let mut effects = Vec::new();
    let mut cut = letters.len();
    let mut end = letters.len();
    loop {
        while end > 0 && (is_white(letters[end - 1]) || is_bidirectional(letters[end - 1])) {
            end -= 1;
        }
        if end == 0 || letters[end - 1] != ')' {
            break;
        }
        let mut open = end - 1;
        let mut found = false;
        while open > 0 && !found {
            open -= 1;
            if letters[open] == ')' {
                break;
            }
            found = letters[open] == '(';
        }
        if !found {
            break;
        }
        let group: String = letters[open..end].iter().collect();
        let effect = match group.as_str() {
            "(Ruhe)" | "(DND)" => "dnd_on",
            "(Keine Ruhe)" | "(No DND)" => "dnd_off",
            "(Anrufe weiterleiten)" | "(Call forwarding)" => "forward_on",
            "(Keine Anrufe weiterleiten)" | "(No call forwarding)" => "forward_off",
            "(Keine Aktion)" | "(No action)" => "no_action",
            other => match own.iter().find(|(_, word)| *word == other) {
                Some((effect, _)) => effect,
                None => break,
            },
        };
        effects.push(effect);
        cut = open;
        end = open;
    }
    (effects, letters[..cut].iter().collect())
}

/// §5.6.
fn clean(title: &str) -> String {
    let mut clean = String::new();
    let mut gap = false;
    for letter in title.chars() {
        if is_bidirectional(letter) {
            continue;
        }
        let control = matches!(u32::from(letter), 0x00..=0x1f | 0x7f..=0x9f);
        if control || is_white(letter) {
            gap = true;
            continue;
        }
        if gap && !clean.is_empty() {
            clean.push(' ');
        }
        gap = false;
        clean.push(letter);
    }
    clean
}

/// Unicode's `White_Space`, listed.
pub(super) fn is_white(letter: char) -> bool {
    matches!(
        u32::from(letter),
        0x09..=0x0d | 0x20 | 0x85 | 0xa0 | 0x1680 | 0x2000..=0x200a | 0x2028 | 0x2029 | 0x202f | 0x205f | 0x3000
    )
}

fn is_bidirectional(letter: char) -> bool {
    matches!(u32::from(letter), 0x061c | 0x200e | 0x200f | 0x202a..=0x202e | 0x2066..=0x2069)
}

pub(crate) fn clusters(text: &str) -> Vec<&str> {
    text.graphemes(true).collect()
}
