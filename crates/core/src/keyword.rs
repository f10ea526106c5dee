//! Keywords in the subject (§2): the words in round brackets with which a user steers the telephone.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{said::Phrase, title::is_bidi_format};

/// What a keyword does to the dimension that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Do not disturb on.
    DndOn,
    /// Do not disturb off.
    DndOff,
    /// Call diversion on.
    ForwardOn,
    /// Call diversion off.
    ForwardOff,
    /// Names no dimension: replaces the kind's default action by none.
    NoAction,
}

/// The keywords that always work, in both languages (§2.1).
pub const BUILT_IN: [(&str, Effect); 10] = [
    ("(Ruhe)", Effect::DndOn),
    ("(DND)", Effect::DndOn),
    ("(Keine Ruhe)", Effect::DndOff),
    ("(No DND)", Effect::DndOff),
    ("(Anrufe weiterleiten)", Effect::ForwardOn),
    ("(Call forwarding)", Effect::ForwardOn),
    ("(Keine Anrufe weiterleiten)", Effect::ForwardOff),
    ("(No call forwarding)", Effect::ForwardOff),
    ("(Keine Aktion)", Effect::NoAction),
    ("(No action)", Effect::NoAction),
];

/// An event's keywords, read (§2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keywords {
    /// There is at least one: the kind's default action is replaced as a whole.
    pub explicit: bool,
    /// Do not disturb, by the rightmost keyword that names it.
    pub dnd: Option<bool>,
    /// Call diversion, by the rightmost keyword that names it.
    pub forward: Option<bool>,
    /// The last group that is no keyword differs from one only in case or spacing (§2.6).
    pub almost: bool,
}

impl Keywords {
    /// Whether any dimension is named: such an event goes before all others (§3.1.1).
    pub fn name_a_dimension(&self) -> bool {
        self.dnd.is_some() || self.forward.is_some()
    }

    fn add(&mut self, effect: Effect) {
        self.explicit = true;
        let (dimension, on) = match effect {
            Effect::DndOn => (&mut self.dnd, true),
            Effect::DndOff => (&mut self.dnd, false),
            Effect::ForwardOn => (&mut self.forward, true),
            Effect::ForwardOff => (&mut self.forward, false),
            Effect::NoAction => return,
        };
        // Groups come from the right: the first that names a dimension is its rightmost.
        dimension.get_or_insert(on);
    }
}

/// All words that count: the built-in ones and an instance's own (§2.7).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    own: Vec<(String, Effect)>,
}

/// Why an instance's own keyword is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WordError {
    /// Not of the form of a group (§2.2).
    Form,
    /// Given twice, or built in.
    Taken,
}

impl WordError {
    /// What is wrong, in either language.
    pub const fn phrase(&self) -> Phrase {
        match self {
            Self::Form => Phrase::new(
                "ein Schlüsselwort ist ein Paar runder Klammern mit einem Wort und ohne Klammern darin, wie (Zen)",
                "a keyword is one pair of round brackets with a word and no brackets inside, like (Zen)",
            ),
            Self::Taken => {
                Phrase::new("dieses Schlüsselwort hat schon eine Bedeutung", "this keyword has a meaning already")
            }
        }
    }
}

impl fmt::Display for WordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.phrase().fmt(f)
    }
}

impl std::error::Error for WordError {}

impl Words {
    /// Adds an instance's own word.
    ///
    /// # Errors
    /// If it is not of the form of a group, or has a meaning already.
    pub fn add(&mut self, word: &str, effect: Effect) -> Result<(), WordError> {
        let inner = word.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).ok_or(WordError::Form)?;
        let unfit = |c: char| c == '(' || c == ')' || c.is_control();
        if inner.contains(unfit) || inner.trim_matches(skipped).is_empty() {
            return Err(WordError::Form);
        }
        if self.effect(word).is_some() {
            return Err(WordError::Taken);
        }
        self.own.push((word.to_owned(), effect));
        Ok(())
    }

    fn effect(&self, group: &str) -> Option<Effect> {
        self.all().find(|(word, _)| *word == group).map(|(_, effect)| effect)
    }

    /// Every word with its effect, the built-in ones first.
    pub fn all(&self) -> impl Iterator<Item = (&str, Effect)> {
        BUILT_IN.into_iter().chain(self.own.iter().map(|(word, effect)| (word.as_str(), *effect)))
    }

    fn almost(&self, group: &str) -> bool {
        let squeezed = squeeze(group);
        self.all().any(|(word, _)| squeeze(word) == squeezed)
    }

    /// Reads the keywords off the end of a subject; returns them and what stands before them (§2.2, §2.5).
    pub fn read<'s>(&self, subject: &'s str) -> (Keywords, &'s str) {
        let mut keywords = Keywords::default();
        let mut rest = subject.trim_end_matches(skipped);
        while let Some((before, group)) = last_group(rest) {
            let Some(effect) = self.effect(group) else {
                keywords.almost = self.almost(group);
                break;
            };
            keywords.add(effect);
            rest = before.trim_end_matches(skipped);
        }
        (keywords, rest)
    }
}

/// White space and the invisible characters that steer the direction of writing.
fn skipped(c: char) -> bool {
    c.is_whitespace() || is_bidi_format(c)
}

/// Splits off a bracket group at the very end: `(`, anything without brackets, `)`.
fn last_group(subject: &str) -> Option<(&str, &str)> {
    let inner = subject.strip_suffix(')')?;
    let open = inner.rfind(['(', ')'])?;
    inner[open..].starts_with('(').then(|| subject.split_at(open))
}

/// A group without regard to case and spacing.
fn squeeze(group: &str) -> String {
    group.chars().filter(|c| !skipped(*c)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(subject: &str) -> (Option<bool>, Option<bool>, bool, &str) {
        let (k, rest) = Words::default().read(subject);
        (k.dnd, k.forward, k.explicit, rest)
    }

    #[test]
    fn groups_are_read_from_the_end_as_long_as_they_are_keywords() {
        assert_eq!(read("Jour fixe (DND) (intern)"), (None, None, false, "Jour fixe (DND) (intern)"));
        assert_eq!(read("x (intern (DND)"), (Some(true), None, true, "x (intern"));
        assert_eq!(read("x (DND) (Keine Anrufe weiterleiten)"), (Some(true), Some(false), true, "x"));
        assert_eq!(read("x (DND)) "), (None, None, false, "x (DND))"));
        assert_eq!(read("(Ruhe)"), (Some(true), None, true, ""));
    }

    #[test]
    fn the_rightmost_group_decides_its_dimension() {
        assert_eq!(read("x (Ruhe)(No DND)").0, Some(false));
        assert_eq!(read("x (No DND) (Ruhe)").0, Some(true));
        assert_eq!(read("x (Keine Aktion)"), (None, None, true, "x"));
        assert_eq!(read("x (DND) (No action)").0, Some(true));
    }

    #[test]
    fn white_space_and_direction_marks_around_groups_are_skipped() {
        assert_eq!(read("שיחה \u{200f}(DND)\u{200e}\u{a0}\u{2029}"), (Some(true), None, true, "שיחה"));
    }

    #[test]
    fn spelling_counts_but_near_misses_are_noticed() {
        let words = Words::default();
        for near in ["x (dnd)", "x ( DND )", "x (NoDND)", "x (keine  ruhe)", "x (dnd) (Ruhe)"] {
            assert!(words.read(near).0.almost, "{near}");
        }
        for far in ["x (DNS)", "x DND", "x (DND)", "x (dnd) (intern)"] {
            assert!(!words.read(far).0.almost, "{far}");
        }
    }

    #[test]
    fn own_words_obey_the_same_rules() {
        let mut words = Words::default();
        words.add("(Zen)", Effect::DndOn).expect("a new word");
        assert_eq!(words.add("(Zen)", Effect::DndOff), Err(WordError::Taken));
        assert_eq!(words.add("(DND)", Effect::DndOff), Err(WordError::Taken));
        for unfit in ["Zen", "()", "( )", "((Zen))", "(Zen", "(Z)(n)", "(Z)n)", "(Z(n)", "(Z\u{1}n)", ""] {
            assert_eq!(words.add(unfit, Effect::DndOn), Err(WordError::Form), "{unfit}");
        }
        assert_eq!(words.read("x (Zen)").0.dnd, Some(true));
    }

    #[test]
    fn brackets_without_end_are_read_in_linear_time() {
        let subject = "(DND)".repeat(13_000);
        assert_eq!(read(&subject), (Some(true), None, true, ""));
        let open = "(".repeat(65_536);
        assert_eq!(read(&open).3, open);
        let close = ")".repeat(65_536);
        assert_eq!(read(&close).3, close);
    }
}
