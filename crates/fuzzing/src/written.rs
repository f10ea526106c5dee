//! What people write: subjects, policies, questions, scenarios.

use busylamp_core::{
    format::{
        question,
        refusal::{Refusal, read_json, read_toml},
    },
    keyword::{Effect, Words},
    policy::Policy,
    title,
};
use busylamp_scenario::Script;
use jiff::tz::TimeZone;

/// No zone database: a name is a rule of POSIX, or UTC.
fn zone(name: &str) -> Option<TimeZone> {
    if name == "UTC" { Some(TimeZone::UTC) } else { TimeZone::posix(name).ok() }
}

/// Input that is no text is no input for these; they are given texts by their callers.
fn text(input: &[u8]) -> Option<&str> {
    std::str::from_utf8(input).ok()
}

/// A refusal is one line and of bounded length, whatever was refused.
fn is_a_line(refusal: &Refusal, input: &str) {
    let line = refusal.to_string();
    assert!(!line.is_empty() && !line.contains(['\n', '\r', '\0']), "{line:?}");
    assert!(line.len() < 1_000 + input.len().min(10_000), "{} bytes", line.len());
}

/// A subject, after its first line an instance's own keyword.
pub(crate) fn keyword(input: &[u8]) {
    let Some(input) = text(input) else { return };
    let (word, subject) = input.split_once('\n').unwrap_or(("(Zen)", input));
    let mut words = Words::default();
    if words.add(word, Effect::DndOff).is_ok() {
        let (keywords, before) = words.read(word);
        assert!(keywords.dnd == Some(false) && before.is_empty(), "an own keyword is one (§2.7)");
        assert!(words.add(word, Effect::DndOn).is_err(), "the same word twice is refused (§2.7)");
    }
    let (keywords, before) = words.read(subject);
    assert!(subject.starts_with(before), "keywords are cut from the end (§2.5)");
    assert_eq!(keywords.explicit, before.len() < subject.trim_end_matches(invisible).len(), "only keywords are cut");
    let (none, same) = words.read(before);
    assert!(!none.explicit && same == before, "all keywords are cut (§2.2)");
    assert!(!keywords.name_a_dimension() || keywords.explicit);
    let clean = title::clean(subject);
    assert_eq!(title::clean(&clean), clean, "a clean title stays as it is (§5.6)");
    assert!(!clean.contains(|c: char| c.is_control() || title::is_bidi_format(c)));
}

fn invisible(c: char) -> bool {
    c.is_whitespace() || title::is_bidi_format(c)
}

/// A policy, TOML or JSON: what is read is what is written, and read again it is the same.
pub(crate) fn policy(input: &[u8]) {
    let Some(input) = text(input) else { return };
    for read in [read_toml::<Policy>(input), read_json::<Policy>(input)] {
        match read {
            Ok(policy) => {
                let written = serde_json::to_string(&policy).expect("a policy can be written");
                let again = read_json::<Policy>(&written).expect("what was written can be read");
                assert!(again == policy && again.fingerprint() == policy.fingerprint());
                let _ = policy.reading();
            }
            Err(refusal) => is_a_line(&refusal, input),
        }
    }
}

/// A question to `decide` or `timeline`.
pub(crate) fn question(input: &[u8]) {
    let Some(input) = text(input) else { return };
    for answer in [question::decide(input, &zone), question::timeline(input, &zone)] {
        match answer {
            Ok(answer) => {
                serde_json::from_str::<serde_json::Value>(&answer).expect("an answer is JSON");
            }
            Err(refusal) => is_a_line(&refusal, input),
        }
    }
}

/// A scenario. It is read, not run: a day may be as long as its author likes.
pub(crate) fn scenario(input: &[u8]) {
    let Some(input) = text(input) else { return };
    if let Err(refusal) = Script::read(input, &zone) {
        is_a_line(&refusal, input);
    }
}
