//! What history tells of one user.

use std::{collections::BTreeMap, ops::Range};

use busylamp_core::{
    account::{Dimension, Presence, StatusText},
    decide::{Decision, Forward},
    ids::EventId,
    timeline::Stretch,
};
use busylamp_store::{Record, Recorded, What};
use jiff::Timestamp;

use super::{By, ShownChange};
use crate::engine::Snapshot;

/// What stands for a text that was wanted: none is kept.
const SOME_TEXT: &str = "…";
/// The reason of a change that nobody but us can have made.
pub(crate) const OURS: &str = "ours";

/// What was wanted at an instant, by dimension.
#[derive(Default)]
pub(super) struct Wanted<'a>(BTreeMap<&'a Dimension, &'a Record>);

impl<'a> Wanted<'a> {
    /// As the records tell it, up to and including those of the instant itself.
    pub(super) fn at(past: &'a [Record], at: Timestamp) -> Self {
        let mut wanted = Self::default();
        past.iter().take_while(|record| record.at <= at).for_each(|record| wanted.take(record));
        wanted
    }

    fn take(&mut self, record: &'a Record) {
        if record.what == What::Decided {
            self.0.insert(&record.dimension, record);
        }
    }

    /// The last decision of each dimension.
    pub(super) fn decisions(&self) -> impl Iterator<Item = &'a Record> {
        self.0.values().copied()
    }

    fn switch(&self, dimension: &Dimension) -> Option<bool> {
        match self.0.get(dimension)?.after {
            Some(Recorded::Switch(on)) => Some(on),
            Some(Recorded::Presence(_) | Recorded::Text) | None => None,
        }
    }

    fn presence(&self) -> Option<Presence> {
        match self.0.get(&Dimension::Presence)?.after {
            Some(Recorded::Presence(presence)) => Some(presence),
            Some(Recorded::Switch(_) | Recorded::Text) | None => None,
        }
    }

    fn event(&self, is_such: impl Fn(&Dimension) -> bool) -> Option<EventId> {
        let wanted = self.0.iter().filter(|(dimension, record)| is_such(dimension) && record.after.is_some());
        wanted.filter_map(|(_, record)| record.event.clone()).next()
    }

    /// The same as a decision. Which numbers a diversion is for is not kept: it counts as one of the external ones.
    fn decision(&self) -> Decision {
        let is_phone = |dimension: &Dimension| matches!(dimension, Dimension::Dnd | Dimension::Diversion(_));
        let action_from = self.event(is_phone);
        let diversions = self.0.keys().filter(|dimension| matches!(dimension, Dimension::Diversion(_)));
        let forwards: Vec<bool> = diversions.filter_map(|dimension| self.switch(dimension)).collect();
        let text = self.0.get(&Dimension::Text).is_some_and(|record| record.after.is_some());
        Decision {
            winner: self.event(|dimension| !is_phone(dimension)).or_else(|| action_from.clone()),
            action_from,
            dnd: self.switch(&Dimension::Dnd),
            forward: Forward { external: (!forwards.is_empty()).then(|| forwards.contains(&true)), internal: None },
            presence: self.presence(),
            text: text.then(|| StatusText::new(SOME_TEXT)),
        }
    }
}

/// The stretches of a span that is over, without gaps.
pub(super) fn wanted(past: &[Record], span: &Range<Timestamp>) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    if span.is_empty() {
        return stretches;
    }
    let before = past.partition_point(|record| record.at <= span.start);
    let mut wanted = Wanted::default();
    past[..before].iter().for_each(|record| wanted.take(record));
    let mut from = span.start;
    let mut push = |from: Timestamp, to: Timestamp, decision: Decision| match stretches.last_mut() {
        Some(last) if last.decision == decision => last.to = to,
        _ if from < to => stretches.push(Stretch { from, to, decision }),
        _ => {}
    };
    for record in past[before..].iter().take_while(|record| record.at < span.end) {
        if record.what == What::Decided && record.at > from {
            push(from, record.at, wanted.decision());
            from = record.at;
        }
        wanted.take(record);
    }
    push(from, span.end, wanted.decision());
    stretches
}

/// What was shown over a span: first what was shown when it began, then each change. Before the program began, or wrote down
/// the first of this user, nobody knows what was shown.
pub(super) fn shown(past: &[Record], span: &Range<Timestamp>, now: Timestamp, snapshot: &Snapshot) -> Vec<ShownChange> {
    let known = past.first().map_or(snapshot.started, |record| record.at.min(snapshot.started));
    let begin = span.start.max(known);
    if begin >= now || begin >= span.end {
        return Vec::new();
    }
    let changes = past.iter().filter(|record| record.what != What::Decided);
    let mut first: BTreeMap<Dimension, ShownChange> = BTreeMap::new();
    let mut later = Vec::new();
    let held = |dimension: &Dimension| snapshot.holds.iter().any(|(held, _)| held == dimension);
    if let Some(state) = &snapshot.shown {
        for dimension in state.dimensions() {
            let value = state.value(&dimension).as_ref().map(Recorded::from);
            let by = if held(&dimension) { By::Ours } else { By::Foreign };
            first.insert(dimension.clone(), ShownChange { at: begin, dimension, value, by });
        }
    }
    // Whatever changed since is undone, from the latest on.
    let since: Vec<&Record> = changes.clone().filter(|record| record.at > begin).collect();
    for record in since.iter().rev() {
        let dimension = record.dimension.clone();
        let change = ShownChange { at: begin, dimension, value: record.before, by: By::Foreign };
        first.insert(record.dimension.clone(), change);
    }
    for record in changes.filter(|record| record.at <= begin) {
        if let Some(first) = first.get_mut(&record.dimension) {
            first.by = by(record);
        }
    }
    for record in since.into_iter().filter(|record| record.at < span.end) {
        let dimension = record.dimension.clone();
        later.push(ShownChange { at: record.at, dimension, value: record.after, by: by(record) });
    }
    first.into_values().chain(later).collect()
}

/// Who made what a record tells of. A value that we give back is the user's own.
fn by(record: &Record) -> By {
    let given_back = record.reason.as_str() == "give_back";
    match record.what {
        What::Written if !given_back => By::Ours,
        What::Shown if record.reason.as_str() == OURS => By::Ours,
        What::Written | What::Shown | What::Decided => By::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use busylamp_store::Reason;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("within range")
    }

    fn decided(second: i64, dimension: Dimension, after: Option<Recorded>) -> Record {
        Record {
            at: at(second),
            instance: "i".into(),
            account: "7".into(),
            what: What::Decided,
            dimension,
            before: None,
            event: after.map(|_| EventId::new("e")),
            after,
            reason: Reason::new("default_action"),
        }
    }

    #[test]
    fn the_past_is_drawn_without_gaps_and_begins_with_what_was_wanted_before() {
        let on = Some(Recorded::Switch(true));
        let records = [
            decided(5, Dimension::Dnd, on),
            decided(20, Dimension::Dnd, None),
            decided(20, Dimension::Text, Some(Recorded::Text)),
            decided(30, Dimension::Diversion("d".into()), on),
            decided(30, Dimension::Text, None),
            decided(90, Dimension::Dnd, on),
        ];
        let stretches = wanted(&records, &(at(10)..at(40)));
        let told: Vec<_> = stretches
            .iter()
            .map(|stretch| {
                let Decision { dnd, forward, text, .. } = &stretch.decision;
                let text = text.as_ref().map(StatusText::as_str);
                (stretch.from.as_second(), stretch.to.as_second(), *dnd, forward.external, text)
            })
            .collect();
        assert_eq!(
            told,
            [(10, 20, Some(true), None, None), (20, 30, None, None, Some(SOME_TEXT)), (30, 40, None, Some(true), None),]
        );
        assert!(wanted(&records, &(at(10)..at(10))).is_empty());
        let quiet = wanted(&[], &(at(10)..at(40)));
        assert_eq!(quiet, [Stretch { from: at(10), to: at(40), decision: Decision::default() }]);
    }
}
