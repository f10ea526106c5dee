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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_speak_both_languages_and_everything_else_english() {
        let said =
            Said::each(|language| language.pick("Das Kennwort ist falsch.", "The password is wrong.").to_owned());
        assert_eq!(said, Said::new("Das Kennwort ist falsch.", "The password is wrong."));
        assert_eq!(said.speak(Language::German), "Das Kennwort ist falsch.");
        assert_eq!(said.speak(Language::English), "The password is wrong.");
        assert_eq!(said.to_string(), "The password is wrong.");
        assert_eq!(serde_json::to_string(&said).expect("JSON"), r#""The password is wrong.""#);
    }
}
