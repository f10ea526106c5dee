//! The languages of texts and explanations.

use serde::{Deserialize, Serialize};

/// German or English. Keywords are understood in both, whatever is chosen here (§2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Language {
    /// Deutsch.
    #[serde(rename = "de")]
    German,
    /// English.
    #[serde(rename = "en")]
    English,
}

impl Language {
    /// The one of two texts that is in this language.
    pub fn pick<T>(self, german: T, english: T) -> T {
        match self {
            Self::German => german,
            Self::English => english,
        }
    }
}
