//! What a walk through a connection found, step by step.

use serde::{Deserialize, Serialize};

/// One step of a walk and how it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What was tried, in a few words ("sign-in").
    pub name: &'static str,
    /// How it went.
    pub verdict: Verdict,
}

/// How a step went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be; what was found.
    Ok(String),
    /// It works, but somebody should know this.
    Note(String),
    /// It doesn't work; what happened and what to do.
    Fault(String),
}

impl Step {
    /// A step.
    pub fn new(name: &'static str, verdict: Verdict) -> Self {
        Self { name, verdict }
    }

    /// Whether nothing stands in the way.
    pub fn is_ok(&self) -> bool {
        match self.verdict {
            Verdict::Ok(_) | Verdict::Note(_) => true,
            Verdict::Fault(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_fault_stands_in_the_way() {
        let is_ok = |verdict| Step::new("sign-in", verdict).is_ok();
        assert!(is_ok(Verdict::Ok("as 0001".to_owned())));
        assert!(is_ok(Verdict::Note("without the bridge".to_owned())));
        assert!(!is_ok(Verdict::Fault("refused".to_owned())));
    }
}
