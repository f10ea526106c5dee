//! What is said to people in both languages at once, by rooms that don't know who will read it.

use core::fmt;

use serde::{Serialize, Serializer};

use crate::language::Language;

/// What happened and what to do, in German and in English.
///
/// A driver that meets a failure does not know who will look at it: the log and the command line speak English, pages
/// speak the reader's language. So it says it in both. [`Display`](fmt::Display) and serialisation give the English one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Said {
    german: String,
    english: String,
}

impl Said {
    /// The same, in both languages.
    pub fn new(german: impl Into<String>, english: impl Into<String>) -> Self {
        Self { german: german.into(), english: english.into() }
    }

    /// What is the same in every language: a name, a number, what a foreign server said.
    pub fn verbatim(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { german: text.clone(), english: text }
    }

    /// What `say` says in each.
    pub fn each(say: impl Fn(Language) -> String) -> Self {
        Self { german: say(Language::German), english: say(Language::English) }
    }

    /// What happened, and what to do about it: two sentences in German, where the second ends with its full stop, and one
    /// in English.
    #[must_use]
    pub fn advising(&self, advice: &Self) -> Self {
        Self::new(format!("{}. {}", self.german, advice.german), format!("{}; {}", self.english, advice.english))
    }

    /// Whether it is the same in both languages.
    pub fn is_verbatim(&self) -> bool {
        self.german == self.english
    }

    /// It in this language.
    pub fn speak(&self, language: Language) -> &str {
        language.pick(&self.german, &self.english)
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english)
    }
}

impl Serialize for Said {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.english)
    }
}

/// A few words that are always the same, in German and in English. Errors hold such words, so that none can be made
/// without its German. [`Display`](fmt::Display) and serialisation give the English ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phrase {
    german: &'static str,
    english: &'static str,
}

impl Phrase {
    /// The same, in both languages.
    pub const fn new(german: &'static str, english: &'static str) -> Self {
        Self { german, english }
    }

    /// It in this language.
    pub fn speak(self, language: Language) -> &'static str {
        language.pick(self.german, self.english)
    }
}

impl From<Phrase> for Said {
    fn from(phrase: Phrase) -> Self {
        Self::new(phrase.german, phrase.english)
    }
}

impl fmt::Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.english)
    }
}

impl Serialize for Phrase {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.english)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_speak_both_languages_and_everything_else_english() {
        let said =
            Said::each(|language| language.pick("Das Kennwort ist falsch.", "The password is wrong.").to_owned());
        assert_eq!(said, Said::new("Das Kennwort ist falsch.", "The password is wrong."));
        assert!(!said.is_verbatim() && Said::verbatim("Köln").is_verbatim());
        assert_eq!(said.speak(Language::German), "Das Kennwort ist falsch.");
        assert_eq!(said.speak(Language::English), "The password is wrong.");
        assert_eq!(said.to_string(), "The password is wrong.");
        assert_eq!(serde_json::to_string(&said).expect("JSON"), r#""The password is wrong.""#);
    }

    #[test]
    fn a_phrase_speaks_both_languages_and_english_by_itself() {
        const PHRASE: Phrase = Phrase::new("das Kennwort", "the password");
        assert_eq!(PHRASE.speak(Language::German), "das Kennwort");
        assert_eq!(PHRASE.to_string(), "the password");
        assert_eq!(Said::from(PHRASE), Said::new("das Kennwort", "the password"));
        assert_eq!(serde_json::to_string(&PHRASE).expect("JSON"), r#""the password""#);
    }

    #[test]
    fn advice_is_a_sentence_of_its_own_in_german() {
        let said = Said::new("Das Kennwort ist falsch", "the password is wrong");
        assert_eq!(
            said.advising(&Said::new("Prüfen Sie es.", "check it")),
            Said::new("Das Kennwort ist falsch. Prüfen Sie es.", "the password is wrong; check it")
        );
    }
}
