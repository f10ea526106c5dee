//! What is read from subjects and shown of them: masks, the instance's own keywords, lengths (§1.5, §2.7, §5.4, §5.6).

use serde::{Deserialize, Serialize};

use crate::{
    event::Sensitivity,
    keyword::{BUILT_IN, Effect, WordError, Words},
    said::Phrase,
    text::clusters,
    title,
};

const NORMAL_MASKED: Phrase = Phrase::new(
    "`normal` lässt sich nicht verdecken; sollen gar keine Titel erscheinen, schalten Sie title_as_text ab",
    "`normal` can't be masked; to show no title at all, switch title_as_text off",
);
const BUILT_IN_ALREADY: Phrase = Phrase::new(
    "dieses Schlüsselwort hat schon eine Bedeutung (eingebaut)",
    "this keyword has a meaning already (built in)",
);
const MASK_LENGTH: Phrase =
    Phrase::new("das Wort für verdeckte Titel hat 1 bis 40 Zeichen", "a mask word has 1 to 40 characters");
const TEXT_LENGTH: Phrase =
    Phrase::new("ein Statustext darf 80 bis 512 Zeichen haben", "a status text may have 80 to 512 characters");

/// What a written policy is refused with, at the end of what serde says: serde hands on text alone, in English.
pub(crate) const REFUSALS: [Phrase; 6] =
    [NORMAL_MASKED, BUILT_IN_ALREADY, MASK_LENGTH, TEXT_LENGTH, WordError::Form.phrase(), WordError::Taken.phrase()];

/// Which sensitivities are masked. `private` and `confidential` always are (§1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Sensitivity>", into = "Vec<Sensitivity>")]
pub struct MaskedSet {
    /// `personal` is masked too.
    pub personal: bool,
}

impl Default for MaskedSet {
    fn default() -> Self {
        Self { personal: true }
    }
}

impl TryFrom<Vec<Sensitivity>> for MaskedSet {
    type Error = Phrase;

    fn try_from(set: Vec<Sensitivity>) -> Result<Self, Self::Error> {
        if set.contains(&Sensitivity::Normal) {
            return Err(NORMAL_MASKED);
        }
        Ok(Self { personal: set.contains(&Sensitivity::Personal) })
    }
}

impl From<MaskedSet> for Vec<Sensitivity> {
    fn from(set: MaskedSet) -> Self {
        let personal = set.personal.then_some(Sensitivity::Personal);
        personal.into_iter().chain([Sensitivity::Private, Sensitivity::Confidential]).collect()
    }
}

/// The instance's own keywords, with their brackets, by effect (§2.7).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WrittenKeywords")]
#[allow(missing_docs, reason = "each field is the effect of its name")]
pub struct ExtraKeywords {
    pub dnd_on: Vec<String>,
    pub dnd_off: Vec<String>,
    pub forward_on: Vec<String>,
    pub forward_off: Vec<String>,
    pub no_action: Vec<String>,
}

impl ExtraKeywords {
    fn lists(&self) -> [(&'static str, &[String], Effect); 5] {
        [
            ("dnd_on", &self.dnd_on, Effect::DndOn),
            ("dnd_off", &self.dnd_off, Effect::DndOff),
            ("forward_on", &self.forward_on, Effect::ForwardOn),
            ("forward_off", &self.forward_off, Effect::ForwardOff),
            ("no_action", &self.no_action, Effect::NoAction),
        ]
    }

    pub(super) fn words(&self) -> Words {
        let mut words = Words::default();
        for (_, list, effect) in self.lists() {
            for word in list {
                // Refused words never get past reading, see `TryFrom`.
                let _checked = words.add(word, effect);
            }
        }
        words
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenKeywords {
    dnd_on: Vec<String>,
    dnd_off: Vec<String>,
    forward_on: Vec<String>,
    forward_off: Vec<String>,
    no_action: Vec<String>,
}

impl TryFrom<WrittenKeywords> for ExtraKeywords {
    type Error = String;

    fn try_from(written: WrittenKeywords) -> Result<Self, String> {
        let WrittenKeywords { dnd_on, dnd_off, forward_on, forward_off, no_action } = written;
        let keywords = Self { dnd_on, dnd_off, forward_on, forward_off, no_action };
        let mut words = Words::default();
        for (name, list, effect) in keywords.lists() {
            for word in list {
                words.add(word, effect).map_err(|error| {
                    let known = BUILT_IN.iter().any(|(built_in, _)| built_in == word);
                    let why = if known { BUILT_IN_ALREADY } else { error.phrase() };
                    format!("{name}: `{}`: {why}", word.escape_debug())
                })?;
            }
        }
        Ok(keywords)
    }
}

/// The word in place of a masked title: cleaned, 1 to 40 grapheme clusters (§5.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MaskWord(String);

impl MaskWord {
    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for MaskWord {
    type Error = Phrase;

    fn try_from(word: String) -> Result<Self, Self::Error> {
        let word = title::clean(&word);
        match clusters(&word) {
            1..=40 => Ok(Self(word)),
            _ => Err(MASK_LENGTH),
        }
    }
}

impl From<MaskWord> for String {
    fn from(word: MaskWord) -> Self {
        word.0
    }
}

/// The longest status text: 80 to 512 grapheme clusters (§5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct TextLength(u16);

impl TextLength {
    /// In extended grapheme clusters.
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

impl Default for TextLength {
    fn default() -> Self {
        Self(128)
    }
}

impl TryFrom<u64> for TextLength {
    type Error = Phrase;

    fn try_from(length: u64) -> Result<Self, Self::Error> {
        match u16::try_from(length) {
            Ok(length @ 80..=512) => Ok(Self(length)),
            _ => Err(TEXT_LENGTH),
        }
    }
}

impl From<TextLength> for u64 {
    fn from(length: TextLength) -> Self {
        Self::from(length.0)
    }
}
