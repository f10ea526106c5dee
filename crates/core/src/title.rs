//! What may be shown of a subject (§1.5, §2.8, §5.4, §5.6).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    event::{Response, Sensitivity},
    keyword::{Keywords, Words},
};

/// How subjects are read under a policy: which words are keywords, what is masked, what is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The words that count as keywords.
    pub words: Words,
    /// `personal` is masked too; `private` and `confidential` always are (§1.5).
    pub mask_personal: bool,
    /// Some policy publishes titles. If none does, no title is kept at all (§7.6).
    pub keep_titles: bool,
}

impl Reading {
    fn masks(&self, sensitivity: Sensitivity) -> bool {
        match sensitivity {
            Sensitivity::Normal => false,
            Sensitivity::Personal => self.mask_personal,
            Sensitivity::Private | Sensitivity::Confidential => true,
        }
    }
}

/// What is left of a subject after reading. It can't be printed by accident: `Debug` shows only which of
/// these it is, and there is no `Display`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Title {
    /// May be shown: cleaned, without keywords, perhaps empty.
    Clear(String),
    /// Masked: shown as the instance's mask word. The subject was dropped in the reader.
    Masked,
    /// Not kept, since nobody shows it or the invitation was not answered: shown as an empty subject.
    NotKept,
}

impl Title {
    /// The title where it may be shown and is not empty.
    pub fn clear(&self) -> Option<&str> {
        match self {
            Self::Clear(title) if !title.is_empty() => Some(title),
            Self::Clear(_) | Self::Masked | Self::NotKept => None,
        }
    }

    /// The title under a stricter reading; under a looser one it stays as it is.
    #[must_use]
    pub fn masked_anew(&self, sensitivity: Sensitivity, reading: &Reading) -> Self {
        match self {
            _ if reading.masks(sensitivity) => Self::Masked,
            Self::Clear(_) if !reading.keep_titles => Self::NotKept,
            Self::Clear(_) | Self::Masked | Self::NotKept => self.clone(),
        }
    }
}

impl fmt::Debug for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clear(_) => "Clear(…)",
            Self::Masked => "Masked",
            Self::NotKept => "NotKept",
        })
    }
}

/// Reads a subject: its keywords, and what may be kept of it.
pub(crate) fn read(
    subject: &str,
    sensitivity: Sensitivity,
    response: Response,
    reading: &Reading,
) -> (Keywords, Title) {
    let unanswered = response == Response::NotResponded;
    let (keywords, rest) = if unanswered { (Keywords::default(), "") } else { reading.words.read(subject) };
    let title = if reading.masks(sensitivity) {
        Title::Masked
    } else if unanswered || !reading.keep_titles {
        Title::NotKept
    } else {
        Title::Clear(clean(rest))
    };
    (keywords, title)
}

/// Whether the character only steers the direction of writing (§5.6).
pub fn is_bidi_format(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A title fit to be shown: control characters become spaces, direction marks go, runs of white space
/// become one space, ends are trimmed (§5.6).
pub fn clean(title: &str) -> String {
    let mut out = String::with_capacity(title.len());
    let mut space = false;
    for c in title.chars().filter(|c| !is_bidi_format(*c)) {
        if c.is_whitespace() || c.is_control() {
            space = !out.is_empty();
            continue;
        }
        if std::mem::take(&mut space) {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep() -> Reading {
        Reading { keep_titles: true, mask_personal: true, ..Reading::default() }
    }

    #[test]
    fn titles_are_cleaned() {
        assert_eq!(clean("\u{202e}a\tb\u{0}\u{a0} c\u{2066}\n"), "a b c");
        assert_eq!(clean("a\u{200f} \u{200f}b"), "a b");
        assert_eq!(clean(" \u{1}\u{85} "), "");
    }

    #[test]
    fn a_masked_title_is_dropped_and_its_keywords_stay() {
        let (keywords, title) = read("Arzt (DND)", Sensitivity::Private, Response::None, &keep());
        assert_eq!((keywords.dnd, title), (Some(true), Title::Masked));
    }

    #[test]
    fn an_unanswered_invitation_steers_nothing_and_shows_nothing() {
        let (keywords, title) = read("Gewinn! (DND)", Sensitivity::Normal, Response::NotResponded, &keep());
        assert_eq!((keywords, title), (Keywords::default(), Title::NotKept));
        let (_, title) = read("Gewinn!", Sensitivity::Private, Response::NotResponded, &keep());
        assert_eq!(title, Title::Masked);
    }

    #[test]
    fn no_title_is_printed_even_by_debug() {
        let (_, title) = read("Geheimnis", Sensitivity::Normal, Response::None, &keep());
        assert_eq!(title.clear(), Some("Geheimnis"));
        assert_eq!(format!("{title:?}"), "Clear(…)");
    }

    #[test]
    fn masking_anew_only_ever_takes_away() {
        let clear = Title::Clear("x".into());
        assert_eq!(clear.masked_anew(Sensitivity::Personal, &keep()), Title::Masked);
        assert_eq!(clear.masked_anew(Sensitivity::Normal, &keep()), clear);
        assert_eq!(clear.masked_anew(Sensitivity::Normal, &Reading::default()), Title::NotKept);
        assert_eq!(Title::Masked.masked_anew(Sensitivity::Normal, &keep()), Title::Masked);
    }
}
