//! A second reading of the semantics, §1 to §5, written from the text alone: slow, literal, without a shared line
//! of code with the core. Where both agree on random calendars, both read the same rules.

pub(crate) mod calendars;
mod question;
mod reading;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use self::reading::{Read, read};
pub(crate) use self::{
    question::{Decision, Event, Latch, Policy, Question, When, instant},
    reading::clusters,
};

/// The model with a question read in.
pub(crate) struct Model {
    pub(super) policy: Policy,
    pub(super) zone: TimeZone,
    pub(super) german: bool,
    events: Vec<Read>,
    pub(super) given: Option<Latch>,
}

impl Model {
    pub(crate) fn new(question: &Question) -> Self {
        let zone = question.time_zone();
        let mut midnights = BTreeMap::new();
        let mut events: Vec<Read> = Vec::new();
        for event in &question.events {
            // §1.6: the later one of the same id wins.
            events.retain(|earlier| earlier.id != event.id);
            events.push(read(event, question, &zone, &mut midnights));
        }
        let policy = question.policy.clone();
        Self { policy, zone, german: question.german, events, given: question.latch.clone() }
    }

    /// Every instant at which an event begins or ends.
    pub(crate) fn edges(&self) -> Vec<i64> {
        let mut edges = BTreeSet::new();
        for event in &self.events {
            edges.insert(event.start);
            edges.insert(event.end);
        }
        edges.into_iter().collect()
    }

    /// The six fields at an instant. A latch that was given is the one of `asked_at`.
    pub(crate) fn decide(&self, asked_at: i64, now: i64) -> Decision {
        let latch = self.latch(asked_at, now);
        self.with_latch(latch.as_ref(), now)
    }

    /// The decisions from an instant on, each with the instant from which it holds, for as long as there are edges.
    pub(crate) fn future(&self, now: i64) -> Vec<(i64, Decision)> {
        let mut latch = self.latch(now, now);
        let mut future = vec![(now, self.with_latch(latch.as_ref(), now))];
        for edge in self.edges().into_iter().filter(|edge| *edge > now) {
            latch = self.next_latch(latch, edge);
            let decision = self.with_latch(latch.as_ref(), edge);
            if future.last().is_none_or(|(_, last)| *last != decision) {
                future.push((edge, decision));
            }
        }
        future
    }

    /// The rows of `considered`: id, verdict, by, rule, reason.
    pub(crate) fn considered(&self, now: i64) -> Vec<[Option<String>; 5]> {
        let row = |event: &Read, verdict: &str| [Some(event.id.clone()), Some(verdict.to_owned()), None, None, None];
        let running = self.running(now);
        let mut rows = Vec::new();
        for (place, event) in running.iter().enumerate() {
            if place == 0 {
                rows.push(row(event, "winner"));
            } else {
                let mut lost = row(event, "outranked");
                lost[2] = Some(running[0].id.clone());
                lost[3] = Some(format!("3.1.{}", compare(running[0], event).1));
                rows.push(lost);
            }
        }
        let mut others: Vec<&Read> =
            self.events.iter().filter(|event| !running.iter().any(|other| other.id == event.id)).collect();
        others.sort_by(|a, b| a.id.as_bytes().cmp(b.id.as_bytes()));
        for event in others {
            rows.push(match event.left_out {
                Some(reason) => {
                    let mut out = row(event, "left_out");
                    out[4] = Some(reason.to_owned());
                    out
                }
                None => row(event, "not_running"),
            });
        }
        rows
    }

    /// The running events, the most important first.
    fn running(&self, now: i64) -> Vec<&Read> {
        let mut running = Vec::new();
        for event in &self.events {
            if event.left_out.is_none() && event.start <= now && now < event.end {
                running.push(event);
            }
        }
        running.sort_by(|a, b| compare(a, b).0);
        running
    }

    /// Only the winner, for the sweep over large calendars.
    fn winner(&self, now: i64) -> Option<&Read> {
        let mut best: Option<&Read> = None;
        for event in &self.events {
            if event.left_out.is_none() && event.start <= now && now < event.end {
                let better = best.is_none_or(|best| compare(event, best).0.is_lt());
                if better {
                    best = Some(event);
                }
            }
        }
        best
    }

    fn action(&self, event: &Read) -> (Option<bool>, Option<bool>) {
        if event.explicit {
            return (event.dnd, event.forward);
        }
        let row = match self.policy.actions.get(event.kind) {
            Some(row) => row,
            None => "none",
        };
        match row {
            "none" => (None, None),
            "dnd" => (Some(true), None),
            "forward" => (None, Some(true)),
            other => panic!("no action {other}"),
        }
    }

    /// The latch in force at `now`: given at `asked_at` and gone on from there, or swept from the first event on.
    fn latch(&self, asked_at: i64, now: i64) -> Option<Latch> {
        if self.policy.change_during_event {
            return None;
        }
        let (mut latch, since) = match &self.given {
            Some(given) => (self.next_latch(Some(given.clone()), asked_at), asked_at),
            None => (None, i64::MIN),
        };
        for edge in self.edges() {
            if edge > since && edge <= now {
                latch = self.next_latch(latch, edge);
            }
        }
        latch
    }

    fn next_latch(&self, latch: Option<Latch>, now: i64) -> Option<Latch> {
        if self.policy.change_during_event {
            return None;
        }
        if let Some(latch) = latch {
            for event in &self.events {
                let runs = event.left_out.is_none() && event.start <= now && now < event.end;
                if event.id == latch.event && runs {
                    return Some(latch);
                }
            }
        }
        let winner = self.winner(now)?;
        match self.action(winner) {
            (None, None) => None,
            (dnd, forward) => Some(Latch { event: winner.id.clone(), dnd, forward }),
        }
    }

    fn with_latch(&self, latch: Option<&Latch>, now: i64) -> Decision {
        let running = self.running(now);
        let winner = running.first().copied();
        let (mut from, mut dnd, mut forward) = (None, None, None);
        if let Some(winner) = winner {
            (dnd, forward) = self.action(winner);
            from = Some(winner.id.clone());
        }
        if let Some(latch) = latch {
            (dnd, forward) = (latch.dnd, latch.forward);
            from = Some(latch.event.clone());
        }
        if dnd.is_none() && forward.is_none() {
            from = None;
        }
        let internal = match forward {
            Some(true) if self.policy.forward_internal_calls => Some(true),
            Some(true) | None => None,
            Some(false) => Some(false),
        };
        let presence = winner.filter(|_| self.policy.set_presence).and_then(|winner| self.presence(winner.kind));
        Decision {
            winner: winner.map(|winner| winner.id.clone()),
            action_from: from,
            dnd,
            external: forward,
            internal,
            presence,
            text: self.text(&running),
        }
    }

    fn presence(&self, kind: &str) -> Option<String> {
        let factory = match kind {
            "free" | "tentative" | "working_elsewhere" => "available",
            "busy" => "do_not_disturb",
            "out_of_office" => "extended_away",
            other => panic!("no kind {other}"),
        };
        let row = self.policy.presences.get(kind).copied().unwrap_or(factory);
        (row != "leave").then(|| row.to_owned())
    }
}

/// §3.1: the order, and the number of the first rule that tells the two apart.
fn compare(a: &Read, b: &Read) -> (std::cmp::Ordering, u8) {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let names_dimension = |event: &Read| event.explicit && (event.dnd.is_some() || event.forward.is_some());
    match (names_dimension(a), names_dimension(b)) {
        (true, false) => return (Less, 1),
        (false, true) => return (Greater, 1),
        _ => {}
    }
    let rank = |event: &Read| match event.kind {
        "out_of_office" => 1,
        "busy" => 2,
        "tentative" => 3,
        "working_elsewhere" => 4,
        "free" => 5,
        other => panic!("no kind {other}"),
    };
    if rank(a) != rank(b) {
        return (rank(a).cmp(&rank(b)), 2);
    }
    match (a.dates.is_some(), b.dates.is_some()) {
        (false, true) => return (Less, 3),
        (true, false) => return (Greater, 3),
        _ => {}
    }
    if a.start > b.start {
        return (Less, 4);
    }
    if a.start < b.start {
        return (Greater, 4);
    }
    if a.end < b.end {
        return (Less, 5);
    }
    if a.end > b.end {
        return (Greater, 5);
    }
    match a.id.as_bytes().cmp(b.id.as_bytes()) {
        Less => (Less, 6),
        Equal => (Equal, 0),
        Greater => (Greater, 6),
    }
}
