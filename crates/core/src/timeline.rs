//! Decisions over a span: what preview, pages and engine all show and use.

use jiff::Timestamp;
use serde::Serialize;

use crate::{decide::Decision, latch::Latch, view::View};

/// One stretch over which the decision is the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stretch {
    /// First instant.
    pub from: Timestamp,
    /// First instant after it.
    pub to: Timestamp,
    /// What is wanted.
    #[serde(flatten)]
    pub decision: Decision,
}

impl View<'_> {
    /// The stretches over `[from, to)`, without gaps; neighbours differ. Empty if the span is. The latch given is
    /// the one just before `from`.
    pub fn timeline(&self, latch: Option<Latch>, from: Timestamp, to: Timestamp) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        if from >= to {
            return stretches;
        }
        for (at, decision) in self.decisions(latch, from, Some(to)) {
            match stretches.last_mut() {
                Some(last) if last.decision == decision => {}
                last => {
                    if let Some(last) = last {
                        last.to = at;
                    }
                    stretches.push(Stretch { from: at, to, decision });
                }
            }
        }
        stretches
    }
}
