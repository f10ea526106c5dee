//! What a walk through a connection found, step by step.

use serde::{Deserialize, Serialize};

use crate::said::{Phrase, Said};

/// One step of a walk and how it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What was tried.
    pub name: Name,
    /// How it went.
    pub verdict: Verdict,
}

/// What was tried, in a few words of either language ("sign-in").
pub type Name = Phrase;

/// How a step went, and what there is to say about it: in both languages, or already as text in one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict<Text = Said> {
    /// As it should be; what was found.
    Ok(Text),
    /// It works, but somebody should know this.
    Note(Text),
    /// It doesn't work; what happened and what to do.
    Fault(Text),
}

impl Step {
    /// A step.
    pub fn new(name: Name, verdict: Verdict) -> Self {
        Self { name, verdict }
    }

    /// Whether nothing stands in the way.
    pub fn is_ok(&self) -> bool {
        self.verdict.is_ok()
    }
}

impl<Text> Verdict<Text> {
    /// Whether nothing stands in the way.
    pub fn is_ok(&self) -> bool {
        match self {
            Self::Ok(_) | Self::Note(_) => true,
            Self::Fault(_) => false,
        }
    }

    /// What there is to say.
    pub fn text(&self) -> &Text {
        match self {
            Self::Ok(text) | Self::Note(text) | Self::Fault(text) => text,
        }
    }

    /// The same with other words.
    pub fn map<Other>(self, say: impl FnOnce(Text) -> Other) -> Verdict<Other> {
        match self {
            Self::Ok(text) => Verdict::Ok(say(text)),
            Self::Note(text) => Verdict::Note(say(text)),
            Self::Fault(text) => Verdict::Fault(say(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGN_IN: Name = Name::new("Anmeldung", "sign-in");

    #[test]
    fn only_a_fault_stands_in_the_way() {
        let is_ok = |verdict| Step::new(SIGN_IN, verdict).is_ok();
        assert!(is_ok(Verdict::Ok(Said::new("als 0001", "as 0001"))));
        assert!(is_ok(Verdict::Note(Said::new("ohne die Brücke", "without the bridge"))));
        assert!(!is_ok(Verdict::Fault(Said::new("abgelehnt", "refused"))));
    }

    #[test]
    fn steps_are_serialised_in_english_and_read_back_as_text() {
        let step = Step::new(SIGN_IN, Verdict::Note(Said::new("ohne die Brücke", "without the bridge")));
        let json = serde_json::to_value(&step).expect("JSON");
        assert_eq!(json, serde_json::json!({ "name": "sign-in", "verdict": { "note": "without the bridge" } }));
        let read: Verdict<String> = serde_json::from_value(json["verdict"].clone()).expect("a verdict");
        assert_eq!(read, step.verdict.map(|said| said.to_string()));
    }
}
