//! Refusing bad input in one line that names the place and the remedy.

use std::fmt;

use serde::de::DeserializeOwned;

use crate::{language::Language, policy::REFUSALS, said::Said};

/// Input that is refused whole: where and why. Prints as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The place: a key's path, or a line and column.
    pub place: String,
    /// What is wrong there and what would be right.
    pub problem: Said,
}

impl Refusal {
    /// A refusal at a place, of something that only those see who write files and programs: in English.
    pub fn new(place: impl Into<String>, problem: impl AsRef<str>) -> Self {
        Self::said(place, &Said::verbatim(problem.as_ref()))
    }

    /// A refusal at a place. Control characters are escaped and the text is bounded, so that it stays one line.
    pub fn said(place: impl Into<String>, problem: &Said) -> Self {
        const LONGEST: usize = 400;
        let problem = Said::each(|language| {
            let mut line = String::new();
            for c in problem.speak(language).chars().take(LONGEST) {
                if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
            }
            line
        });
        Self { place: place.into(), problem }
    }

    /// The place and what is wrong there, in either language.
    pub fn whole(&self) -> Said {
        Said::each(|language| match self.place.as_str() {
            "" => self.problem.speak(language).to_owned(),
            place => format!("{place}: {}", self.problem.speak(language)),
        })
    }

    /// The same refusal seen from one level further out.
    #[must_use]
    pub fn within(mut self, outer: &str) -> Self {
        self.place = match self.place.as_str() {
            "" => outer.to_owned(),
            place if place.starts_with('[') => format!("{outer}{place}"),
            place => format!("{outer}.{place}"),
        };
        self
    }

    /// What serde said at a path, with the nearest known name where one was misspelt.
    pub fn from_serde(path: &str, message: &str) -> Self {
        let path = if path == "." { "" } else { path };
        let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        let (unknown_key, unknown_word) =
            (message.starts_with("unknown field"), message.starts_with("unknown variant"));
        let Some((name, known)) = names.split_first().filter(|_| unknown_key || unknown_word) else {
            return Self::said(path, &in_both(message));
        };
        let nearest = known.iter().max_by(|a, b| {
            let likeness = |known: &str| strsim::jaro_winkler(known, name);
            likeness(a).total_cmp(&likeness(b))
        });
        let all = known.join(", ");
        let (german, english) = match (nearest, unknown_key) {
            (Some(nearest), true) => (
                format!("unbekannter Schlüssel `{name}`; der nächste bekannte ist `{nearest}`"),
                format!("unknown key `{name}`; the nearest known key is `{nearest}`"),
            ),
            (Some(nearest), false) => (
                format!("unbekanntes Wort `{name}`; das nächste ist `{nearest}`, bekannt sind {all}"),
                format!("unknown word `{name}`; the nearest is `{nearest}`, known are {all}"),
            ),
            (None, true) => (
                format!("unbekannter Schlüssel `{name}`; hier ist keiner bekannt"),
                format!("unknown key `{name}`; none is known here"),
            ),
            (None, false) => (
                format!("unbekanntes Wort `{name}`; hier ist keins bekannt"),
                format!("unknown word `{name}`; none is known here"),
            ),
        };
        let refusal = Self::said("", &Said::new(german, english));
        let place = match (unknown_key, path) {
            (true, "") => (*name).to_owned(),
            (true, path) if !path.ends_with(name) => format!("{path}.{name}"),
            (_, path) => path.to_owned(),
        };
        Self { place, ..refusal }
    }
}

/// What serde said, with the German of what a policy is refused with.
fn in_both(message: &str) -> Said {
    let german = REFUSALS.iter().find_map(|phrase| {
        let front = message.strip_suffix(phrase.speak(Language::English))?;
        Some(format!("{front}{}", phrase.speak(Language::German)))
    });
    Said::new(german.unwrap_or_else(|| message.to_owned()), message)
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.whole().fmt(f)
    }
}

impl std::error::Error for Refusal {}

/// Reads a JSON document.
///
/// # Errors
/// With the key's path, and the line and column of what is no JSON.
pub fn read_json<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        let message = inner.to_string();
        let bare = message.rsplit_once(" at line ").map_or(message.as_str(), |(bare, _)| bare);
        let refusal = Refusal::from_serde(&path, bare);
        let position = format!("line {} column {}", inner.line(), inner.column());
        let place = match (inner.is_data(), refusal.place.as_str()) {
            (true, "") | (false, _) => position,
            (true, place) => format!("{place} ({position})"),
        };
        Refusal { place, ..refusal }
    })?;
    reader.end().map_err(|error| {
        Refusal::new(format!("line {} column {}", error.line(), error.column()), "something follows the document")
    })?;
    Ok(value)
}

/// Reads a TOML document.
///
/// # Errors
/// With the key's path and the line.
pub fn read_toml<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    let line =
        |error: &toml::de::Error| error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let document = toml::Deserializer::parse(text).map_err(|error| {
        let place = line(&error).map_or_else(String::new, |line| format!("line {line}"));
        Refusal::new(place, error.message())
    })?;
    serde_path_to_error::deserialize(document).map_err(|error| {
        let path = error.path().to_string();
        let refusal = Refusal::from_serde(&path, error.inner().message());
        match (line(error.inner()), refusal.place.as_str()) {
            (Some(line), "") => Refusal { place: format!("line {line}"), ..refusal },
            (Some(line), place) => Refusal { place: format!("{place} (line {line})"), ..refusal },
            (None, _) => refusal,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    fn refused(text: &str) -> String {
        read_json::<Policy>(text).expect_err("bad input").to_string()
    }

    #[test]
    fn the_place_and_the_nearest_known_key_are_named() {
        assert_eq!(
            refused(r#"{"action": {}}"#),
            "action (line 1 column 9): unknown key `action`; the nearest known key is `actions`"
        );
        assert_eq!(
            refused(r#"{"actions": {"buzy": "dnd"}}"#),
            "actions.buzy (line 1 column 19): unknown key `buzy`; the nearest known key is `busy`"
        );
        assert!(refused(r#"{"actions": {"busy": "dns"}}"#).starts_with("actions.busy (line 1 column "));
    }

    #[test]
    fn a_place_is_named_from_the_outermost_inwards() {
        for (place, within) in [("", "events"), ("[3].end", "events[3].end"), ("end", "events.end")] {
            assert_eq!(Refusal::new(place, "is missing").within("events").place, within);
        }
    }

    /// Whether a path ends in the key that is not known, or before it, depends on how serde came there.
    #[test]
    fn an_unknown_key_stands_once_in_its_place() {
        let message = "unknown field `strat`, expected `start` or `end`";
        for (path, place) in [(".", "strat"), ("event", "event.strat"), ("event.strat", "event.strat")] {
            let refusal = Refusal::from_serde(path, message);
            assert_eq!(refusal.to_string(), format!("{place}: unknown key `strat`; the nearest known key is `start`"));
        }
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_position() {
        assert!(refused("{").starts_with("line 1 column 1: "));
        assert_eq!(refused("{} x"), "line 1 column 4: something follows the document");
    }

    #[test]
    fn what_a_policy_is_refused_with_is_told_in_german_too() {
        for (text, german) in [
            (
                r#"{"extra_keywords": {"dnd_on": ["Zen"]}}"#,
                "dnd_on: `Zen`: ein Schlüsselwort ist ein Paar runder Klammern mit einem Wort und ohne Klammern darin, wie (Zen)",
            ),
            (r#"{"actions": {"busy": "dns"}}"#, "unbekanntes Wort `dns`; das nächste ist `dnd`, bekannt sind "),
        ] {
            let refusal = read_json::<Policy>(text).expect_err("bad input");
            let said = refusal.problem.speak(Language::German);
            assert!(said.starts_with(german), "{said}");
            assert_ne!(said, refusal.problem.to_string());
        }
    }

    #[test]
    fn toml_is_refused_with_path_and_line() {
        let refused = |text: &str| read_toml::<Policy>(text).expect_err("bad input").to_string();
        assert_eq!(
            refused("lead = true\nshow_beginn = true\n"),
            "show_beginn (line 2): unknown key `show_beginn`; the nearest known key is `show_begin`"
        );
        assert!(refused("lead = = true").starts_with("line 1: "));
    }

    #[test]
    fn what_is_missing_at_the_outermost_has_its_line() {
        #[derive(Debug, serde::Deserialize)]
        struct Day {
            #[serde(rename = "name")]
            _name: String,
        }
        let refused = read_toml::<Day>("lead = true\n").expect_err("it has no name").to_string();
        assert!(refused.starts_with("line 1: ") && refused.contains("name"), "{refused}");
    }

    #[test]
    fn a_refusal_is_one_line() {
        let refusal = Refusal::new("a", "x\ny\u{1b}[31m");
        assert_eq!(refusal.to_string().lines().count(), 1);
        assert!(!refusal.to_string().contains('\u{1b}'));
    }
}
