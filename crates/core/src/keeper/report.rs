//! What a step saw and did, for explanations (§9).

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    account::{Dimension, Value},
    decide::Decision,
    hold::{Act, Keeping, Why},
};

/// What a step saw and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What the calendar wants.
    pub decision: Decision,
    /// Until when, the calendar unchanged.
    pub until: Option<Timestamp>,
    /// The calendar is too old or was never read.
    pub calendar_unknown: bool,
    /// The account has no valid reading, or a write is on its way: nothing was decided about its dimensions.
    pub waits: bool,
    /// By dimension.
    pub lines: BTreeMap<Dimension, Line>,
}

/// One dimension in a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What the calendar wants here.
    pub wants: Option<Value>,
    /// What was shown.
    pub shows: Option<Value>,
    /// The user's own value, while we hold.
    pub before: Option<Value>,
    /// What was done, or why nothing.
    pub act: Act<Value>,
}

impl Line {
    pub(super) fn new(wants: Option<Value>, shows: Value, keeping: &Keeping<Value>, act: Act<Value>) -> Self {
        let before = keeping.hold.as_ref().map(|hold| hold.before.clone());
        Self { wants, shows: Some(shows), before, act }
    }

    pub(super) fn unseen(keeping: &Keeping<Value>) -> Self {
        let before = keeping.hold.as_ref().map(|hold| hold.before.clone());
        Self { wants: None, shows: None, before, act: Act::Nothing(Why::NotReadable) }
    }
}
