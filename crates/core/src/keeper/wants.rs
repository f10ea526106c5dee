//! What the calendar wants of each dimension at an instant, given what is there (§4.3, §5, §6.4).

use super::{Sight, facts::Flag};
use crate::{
    account::{AccountState, Dimension, Diversion, NumberClass, Presence, Value},
    fingerprint,
    hold::{Circumstances, Want},
    ids::EventId,
    text::Placed,
};

/// What is wanted of one user's dimensions.
pub(super) struct Wants<'a> {
    pub(super) sight: &'a Sight,
    pub(super) shown: &'a AccountState,
    pub(super) own_presence: Option<Presence>,
}

impl Wants<'_> {
    /// What is wanted of a dimension; labels are wanted by [`Wants::text`].
    pub(super) fn of(&self, dimension: &Dimension) -> Option<Want<Value>> {
        let decision = &self.sight.decision;
        match dimension {
            Dimension::Dnd => self.want(decision.dnd.map(Value::Switch), &decision.action_from),
            Dimension::Diversion(id) => {
                let entry = self.shown.diversions.as_ref()?.get(id)?;
                let on = self.reach(entry).filter(|on| !on || entry.has_destination);
                self.want(on.map(Value::Switch), &decision.action_from)
            }
            Dimension::Presence => {
                // Nobody who is logged off is shown as available.
                let logged_off = self.own_presence == Some(Presence::Unavailable);
                let presence = decision.presence.filter(|wanted| !(logged_off && *wanted == Presence::Available));
                self.want(presence.map(Value::Presence), &decision.winner)
            }
            Dimension::Text => self.text(),
            Dimension::Label(_) => None,
        }
    }

    /// The status text that is wanted.
    pub(super) fn text(&self) -> Option<Want<Value>> {
        let decision = &self.sight.decision;
        self.want(decision.text.clone().map(Value::Text), &decision.winner)
    }

    /// The winner's id; an empty one if nothing runs.
    pub(super) fn winner_id(&self) -> EventId {
        self.sight.decision.winner.clone().unwrap_or_else(|| EventId::new(""))
    }

    fn want(&self, value: Option<Value>, source: &Option<EventId>) -> Option<Want<Value>> {
        let source = source.as_ref()?;
        let (end, stamp) = *self.sight.sources.get(source)?;
        Some(Want { value: value?, end, circumstances: Circumstances { event: source.clone(), stamp } })
    }

    /// What is wanted of a diversion by the calls that it reaches.
    fn reach(&self, entry: &Diversion) -> Option<bool> {
        match entry.number {
            NumberClass::External => self.sight.decision.forward.external,
            NumberClass::Internal => self.sight.decision.forward.internal,
            NumberClass::Unknown => None,
        }
    }

    /// What the administrator should know about the diversions, while they are wanted.
    pub(super) fn flags(&self) -> impl Iterator<Item = Flag> {
        let entries = self.shown.diversions.iter().flat_map(|entries| entries.values());
        let wanted = self.sight.decision.forward.external.is_some();
        let unclassified = wanted && entries.clone().any(|entry| entry.number == NumberClass::Unknown);
        let usable = |entry: &Diversion| self.reach(entry) == Some(true) && entry.has_destination;
        let wanted_on = self.sight.decision.forward.external == Some(true) && self.shown.diversions.is_some();
        let none_usable = wanted_on && !entries.clone().any(usable);
        let flags = [(unclassified, Flag::NumberNotClassified), (none_usable, Flag::NoDiversionConfigured)];
        flags.into_iter().filter_map(|(applies, flag)| applies.then_some(flag))
    }
}

/// A number that differs when an event, the policy or the directory does: what a refused take depends on (§8.5).
pub(super) fn stamp(placed: &Placed<'_>, policy: u64, directory: u64) -> u64 {
    let keywords = placed.event.keywords;
    let switch = |on: Option<bool>| on.map_or(0, |on| 1 + u64::from(on));
    let parts = [
        policy,
        directory,
        placed.start.as_second().cast_unsigned(),
        placed.end.as_second().cast_unsigned(),
        placed.event.kind.kind() as u64,
        u64::from(keywords.explicit),
        switch(keywords.dnd),
        switch(keywords.forward),
    ];
    let title = placed.event.title.clear().unwrap_or_default();
    let bytes: Vec<u8> = parts.into_iter().flat_map(u64::to_be_bytes).chain(title.bytes()).collect();
    fingerprint::of(&bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::Timestamp;

    use super::*;
    use crate::{
        event::{Event, Kind, RawEvent, ReadKind, Response, Sensitivity, When},
        title::Reading,
    };

    fn event(subject: &str, kind: Kind) -> Event {
        let raw = RawEvent {
            id: "a".into(),
            when: When::Timed { start: Timestamp::UNIX_EPOCH, end: Timestamp::MAX },
            kind: ReadKind::Known(kind),
            subject,
            sensitivity: Sensitivity::Normal,
            response: Response::None,
            cancelled: false,
            draft: false,
            series_master: false,
        };
        raw.read(&Reading { keep_titles: true, ..Reading::default() })
    }

    /// §8.5: a refused take is tried again when configuration, directory or event has changed.
    #[test]
    fn whatever_changes_about_an_event_makes_another_stamp() {
        let second = |second| Timestamp::from_second(second).expect("in range");
        let stamped = |subject: &str, kind, (start, end), policy, directory| {
            let event = event(subject, kind);
            stamp(&Placed { event: &event, start: second(start), end: second(end) }, policy, directory)
        };
        let hour = (0, 3600);
        let stamps = [
            stamped("x", Kind::Busy, hour, 1, 1),
            stamped("y", Kind::Busy, hour, 1, 1),
            stamped("x", Kind::Tentative, hour, 1, 1),
            stamped("x", Kind::Busy, (60, 3600), 1, 1),
            stamped("x", Kind::Busy, (0, 3660), 1, 1),
            stamped("x", Kind::Busy, hour, 2, 1),
            stamped("x", Kind::Busy, hour, 1, 2),
            stamped("x (No action)", Kind::Busy, hour, 1, 1),
            stamped("x (DND)", Kind::Busy, hour, 1, 1),
            stamped("x (No DND)", Kind::Busy, hour, 1, 1),
            stamped("x (Call forwarding)", Kind::Busy, hour, 1, 1),
            stamped("x (No call forwarding)", Kind::Busy, hour, 1, 1),
        ];
        assert_eq!(BTreeSet::from(stamps).len(), stamps.len(), "{stamps:?}");
    }

    /// §4.3: *on* needs an entry in reach with a destination; a number of neither class is told of while anything is wanted.
    #[test]
    fn diversions_that_cannot_be_used_are_flagged_while_they_are_wanted() {
        use NumberClass::{External, Internal, Unknown};
        let (no_diversion, not_classified) = (Flag::NoDiversionConfigured, Flag::NumberNotClassified);
        for (external, internal, entries, flags) in [
            (Some(true), None, &[(External, true)][..], &[][..]),
            (Some(true), None, &[(External, true), (External, false)], &[]),
            (Some(true), None, &[(External, false)], &[no_diversion]),
            (Some(true), None, &[(Internal, true)], &[no_diversion]),
            (Some(true), Some(true), &[(Internal, true)], &[]),
            (Some(true), None, &[], &[no_diversion]),
            (Some(true), None, &[(External, true), (Unknown, true)], &[not_classified]),
            (Some(true), None, &[(Unknown, true)], &[not_classified, no_diversion]),
            (Some(false), Some(false), &[(Unknown, true)], &[not_classified]),
            (Some(false), Some(false), &[(External, false)], &[]),
            (None, None, &[(Unknown, true)], &[]),
        ] {
            let mut sight = Sight::default();
            sight.decision.forward = crate::decide::Forward { external, internal };
            let entry = |(number, has_destination)| Diversion { number, enabled: false, has_destination };
            let named = |(place, of): (usize, &_)| (format!("{place}").as_str().into(), entry(*of));
            let diversions = Some(entries.iter().enumerate().map(named).collect());
            let shown = AccountState { diversions, ..AccountState::default() };
            let wants = Wants { sight: &sight, shown: &shown, own_presence: None };
            assert_eq!(wants.flags().collect::<Vec<_>>(), flags, "{external:?} {entries:?}");
        }
    }

    #[test]
    fn where_diversions_cannot_be_read_none_is_missed() {
        let mut sight = Sight::default();
        sight.decision.forward.external = Some(true);
        let shown = AccountState::default();
        let wants = Wants { sight: &sight, shown: &shown, own_presence: None };
        assert_eq!(wants.flags().count(), 0);
    }
}
