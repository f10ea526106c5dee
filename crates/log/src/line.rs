//! One line, as it is kept and as it is written.

use std::fmt;

use busylamp_core::ids::AccountId;
use jiff::Timestamp;
use serde::Serialize;

use crate::Level;

/// No message and no value of a field is longer, in bytes; what is beyond is cut off.
pub(crate) const LONGEST: usize = 1 << 10;
/// No line has more fields; further ones are left out.
pub(crate) const FIELDS: usize = 24;

/// One line of a log. It is in English and contains no title, status text or secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Grows by one with every line of its log, from 1 on.
    pub number: u64,
    /// When, in UTC.
    pub at: Timestamp,
    /// How grave.
    pub level: Level,
    /// The module that tells it.
    pub source: String,
    /// The user whom it is about.
    pub account: Option<AccountId>,
    /// What it says.
    pub message: String,
    /// Names and values, in their order.
    pub fields: Vec<(&'static str, String)>,
}

impl Line {
    /// The room that it takes in memory, in bytes, roughly.
    pub(crate) fn size(&self) -> usize {
        let fields: usize = self.fields.iter().map(|(_, value)| value.len() + 48).sum();
        let account = self.account.as_ref().map_or(0, |account| account.as_str().len());
        size_of::<Self>() + self.source.len() + account + self.message.len() + fields
    }

    /// Whether this text is in it, in small letters already.
    pub(crate) fn contains(&self, small: &str) -> bool {
        let has = |text: &str| text.to_lowercase().contains(small);
        has(&self.message)
            || self.account.as_ref().is_some_and(|account| has(account.as_str()))
            || has(&self.source)
            || self.fields.iter().any(|(name, value)| has(&format!("{name}={value}")))
    }

    /// The fields as they are written: `name=value`, with quotation marks where a value has spaces.
    pub fn written_fields(&self) -> String {
        let mut written = String::new();
        for (name, value) in &self.fields {
            if !written.is_empty() {
                written.push(' ');
            }
            written.push_str(name);
            written.push('=');
            if value.is_empty() || value.contains([' ', '"', '=']) {
                written.push('"');
                written.push_str(&value.replace('"', "\\\""));
                written.push('"');
            } else {
                written.push_str(value);
            }
        }
        written
    }
}

/// As it is written to a file: instant in UTC, level, module, account, message, fields.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:<5} {}", self.at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"), self.level, self.source)?;
        if let Some(account) = &self.account {
            write!(f, " account={account}")?;
        }
        write!(f, " {}", self.message)?;
        if !self.fields.is_empty() {
            write!(f, " {}", self.written_fields())?;
        }
        Ok(())
    }
}

/// The text without control characters, so that nobody can make up a line by a value with a line break in it, and not
/// longer than [`LONGEST`].
pub(crate) fn tame(text: &str) -> String {
    let mut tamed = String::with_capacity(text.len().min(LONGEST));
    for letter in text.chars() {
        if tamed.len() >= LONGEST {
            tamed.push('…');
            break;
        }
        // Line and paragraph separators, and what turns the direction of writing around, deceive readers too.
        if letter.is_control()
            || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            tamed.extend(letter.escape_default());
        } else {
            tamed.push(letter);
        }
    }
    tamed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line {
        Line {
            number: 1,
            at: "2026-11-24T03:04:05.5Z".parse().unwrap(),
            level: Level::Warn,
            source: "busylamp_pbx::starface".to_owned(),
            account: Some("1001".into()),
            message: "refused".to_owned(),
            fields: vec![("dimension", "dnd".to_owned()), ("advice", "ask \"them\" first".to_owned())],
        }
    }

    #[test]
    fn a_line_is_written_with_all_that_it_knows() {
        let written = "2026-11-24T03:04:05.500000Z WARN  busylamp_pbx::starface account=1001 refused dimension=dnd \
                       advice=\"ask \\\"them\\\" first\"";
        assert_eq!(line().to_string(), written);
    }

    #[test]
    fn nobody_can_make_up_a_line() {
        assert_eq!(tame("a\nb\t\u{1b}[31m\u{202e}ü"), "a\\nb\\t\\u{1b}[31m\\u{202e}ü");
    }

    #[test]
    fn long_texts_are_cut_and_whole_letters_stay() {
        let cut = tame(&"ä".repeat(LONGEST));
        assert!(cut.len() < LONGEST + 8 && cut.ends_with("ä…"), "{}", cut.len());
    }

    #[test]
    fn a_text_is_found_in_message_account_module_and_fields() {
        for text in ["refused", "1001", "starface", "dimension=dnd", "them"] {
            assert!(line().contains(text), "{text}");
        }
        assert!(!line().contains("anna"));
    }
}
