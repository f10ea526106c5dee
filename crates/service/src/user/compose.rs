//! A user's view, made of what the engine knows and what history tells.

use std::{collections::BTreeSet, ops::Range};

use busylamp_core::{
    account::{Dimension, Value},
    decide::{Decision, Verdict},
    event::{Agenda, When},
    explain::Speaker,
    hold::Hold,
    ids::EventId,
    keeper::Standing,
    language::Language,
    timeline::Stretch,
    view::View,
};
use busylamp_store::{Record, What};
use jiff::Timestamp;

use super::{EventView, Explanation, HoldView, UserView, past};
use crate::engine::{AHEAD, Snapshot, latch};

impl UserView {
    /// The view over a span. `past` is what history tells, from before the span on, the earliest first.
    pub(crate) fn new(snapshot: &Snapshot, past: &[Record], span: Range<Timestamp>, language: Language) -> Self {
        let speaker = Speaker { language, zone: &snapshot.zone };
        let now = snapshot.now;
        let over = span.start..span.end.min(now).max(span.start);
        let mut wanted = past::wanted(past, &over);
        wanted.extend(snapshot.ahead(span.start.max(now), span.end));
        let diversions = snapshot.shown.iter().filter_map(|shown| shown.diversions.as_ref()).flatten();
        let writes = past.iter().filter(|record| record.what == What::Written && span.contains(&record.at));
        Self {
            instance: snapshot.lamp.instance.clone(),
            account: snapshot.lamp.account.clone(),
            instance_name: snapshot.config.name.clone(),
            name: snapshot.lamp.name.clone(),
            mail: snapshot.mail.clone(),
            zone: snapshot.zone.iana_name().unwrap_or("UTC").to_owned(),
            now,
            read_at: snapshot.agenda.as_ref().map(|(_, at)| *at),
            lamp: snapshot.lamp.clone(),
            flags: snapshot.flags.iter().map(|flag| (*flag, speaker.flag(*flag))).collect(),
            paused_until: snapshot.lamp.paused_until,
            holds: snapshot.holds(),
            events: snapshot.events(&span),
            wanted,
            shown: past::shown(past, &over, now, snapshot),
            writes: writes.cloned().collect(),
            diversions: diversions.map(|(id, entry)| (id.clone(), entry.number)).collect(),
            explanation: Explanation::new(snapshot, past, now, language),
        }
    }
}

impl Snapshot {
    /// The calendar as it is followed; `None` if it is unknown.
    pub(super) fn view(&self, language: Language) -> Option<View<'_>> {
        let (agenda, _) = self.agenda.as_ref().filter(|_| !self.report.calendar_unknown)?;
        Some(self.view_of(agenda, language))
    }

    fn view_of<'a>(&'a self, agenda: &'a Agenda, language: Language) -> View<'a> {
        View::new(&self.config.policy, language, &self.zone, agenda, self.text_limit)
    }

    /// The first instant from which the calendar is followed; `None`: never, as things are.
    pub(super) fn followed_from(&self) -> Option<Timestamp> {
        match (self.standing, self.lamp.paused_until) {
            (Standing::Member, _) => Some(self.now),
            (Standing::Left, Some(until)) => Some(until),
            (Standing::Left | Standing::HeldByAnother | Standing::Closing { .. }, _) => None,
        }
    }

    /// Until when the calendar was read ahead.
    pub(super) fn read_until(&self) -> Option<Timestamp> {
        let (_, read_at) = self.agenda.as_ref()?;
        Some(read_at.saturating_add(AHEAD).unwrap_or(Timestamp::MAX))
    }

    /// What will be wanted over a span that doesn't begin before now, as far as the calendar was read ahead.
    pub(super) fn ahead(&self, from: Timestamp, to: Timestamp) -> Vec<Stretch> {
        let Some(until) = self.read_until() else { return Vec::new() };
        let to = to.min(until);
        let mut stretches = Vec::new();
        let followed = match (self.view(self.config.language), self.followed_from()) {
            (Some(view), Some(followed)) => {
                // The latch is known for now alone: it is followed from there.
                let latch = if followed == self.now { latch(&self.config.policy, &self.report.decision) } else { None };
                stretches = view.timeline(latch, followed, to);
                followed
            }
            _ => to,
        };
        if self.now < followed {
            let idle = Stretch { from: self.now, to: followed.min(to), decision: Decision::default() };
            stretches.insert(0, idle);
        }
        stretches.retain(|stretch| from < stretch.to && stretch.from < stretch.to);
        if let Some(first) = stretches.first_mut() {
            first.from = first.from.max(from);
        }
        stretches
    }

    fn holds(&self) -> Vec<HoldView> {
        let view = |(dimension, hold): &(Dimension, Hold<Value>), asleep| HoldView {
            dimension: dimension.clone(),
            before: match &hold.before {
                Value::Text(text) if !text.as_str().is_empty() => "text".to_owned(),
                before @ (Value::Switch(_) | Value::Presence(_) | Value::Text(_)) => before.reveal().to_owned(),
            },
            ours: hold.ours.reveal().to_owned(),
            asleep,
            since: hold.since,
            until: hold.end,
        };
        let awake = self.holds.iter().map(|held| view(held, false));
        awake.chain(self.sleeping.iter().map(|held| view(held, true))).collect()
    }

    fn events(&self, span: &Range<Timestamp>) -> Vec<EventView> {
        let Some((agenda, _)) = &self.agenda else { return Vec::new() };
        let view = self.view_of(agenda, self.config.language);
        let published = self.published(&view);
        let considered = view.considered(self.now);
        let left_out = |id: &EventId| {
            considered.iter().find(|considered| considered.id == *id).and_then(|considered| match considered.verdict {
                Verdict::LeftOut { reason } => Some(reason),
                Verdict::Winner | Verdict::Outranked { .. } | Verdict::NotRunning => None,
            })
        };
        let mut events: Vec<EventView> = agenda
            .events()
            .iter()
            .filter_map(|event| {
                let (from, to) = event.when.interval(&self.zone);
                (from < span.end && span.start < to).then(|| EventView {
                    id: event.id.clone(),
                    from,
                    to,
                    all_day: matches!(event.when, When::AllDay { .. }),
                    kind: event.kind.kind(),
                    title: event.title.clear().filter(|_| published.contains(&event.id)).map(str::to_owned),
                    left_out: left_out(&event.id),
                })
            })
            .collect();
        events.sort_by(|a, b| (a.from, a.to, &a.id).cmp(&(b.from, b.to, &b.id)));
        events
    }

    /// The events whose titles are part of a status text at some time: those alone are shown, to administrators too.
    fn published(&self, view: &View<'_>) -> BTreeSet<EventId> {
        let policy = &self.config.policy;
        if !policy.title_as_text {
            return BTreeSet::new();
        }
        let mut published = BTreeSet::new();
        for at in view.edges() {
            if view.decide(None, at).text.is_none() {
                continue;
            }
            let running = view.running(at).filter(|placed| {
                !(policy.no_text_when_free && placed.event.kind.kind() == busylamp_core::event::Kind::Free)
            });
            let titles = if policy.join_parallel_titles { usize::MAX } else { 1 };
            published.extend(running.take(titles).map(|placed| placed.event.id.clone()));
        }
        published
    }
}
