//! The reference model: what the rules say of a user, computed anew each time from the text of the rules, without holds
//! and without a journal. It follows what is the user's own, and which events a person has ended; everything else it
//! derives. Where the rules leave more than one outcome open (a person and the program wrote at the same time, somebody
//! put our own value back), it accepts each of them and says so.

use std::collections::BTreeSet;

use busylamp_core::{
    account::{Presence, Value},
    event::{Kind, Response, Sensitivity},
    policy::{Action, ChangeDuringEvent, ManualChange, Policy},
};
use jiff::tz::TimeZone;

use crate::{
    calendar::{Appointment, Keyword, Read, running},
    place::{SLOTS, Slot, text},
    time::{MINUTE, Millis},
};

/// What the model knows of the user's own value in one place.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    /// The own value; more than one if the rules leave it open.
    pub(crate) values: Vec<Value>,
    /// Own values from before a change that may not count.
    pub(crate) earlier: Vec<Value>,
    /// What the program has set here since it last held nothing.
    pub(crate) written: Vec<Value>,
    /// Several hands at a time, or a refusal: each of the values is accepted.
    pub(crate) contested: bool,
    /// When people changed it.
    changes: Vec<Millis>,
}

impl Own {
    pub(crate) fn new(value: Value) -> Self {
        Self { values: vec![value], earlier: Vec::new(), written: Vec::new(), contested: false, changes: Vec::new() }
    }

    /// Somebody sets a value, while something runs or not.
    pub(crate) fn by_hand(&mut self, value: &Value, shown: &Value, runs: bool, at: Millis) {
        self.changes.retain(|change| at - change < 10 * MINUTE);
        if value == shown {
            // Nobody can see that.
            add(&mut self.values, value);
            return;
        }
        self.changes.push(at);
        for own in std::mem::take(&mut self.values) {
            add(&mut self.earlier, &own);
        }
        self.values.push(value.clone());
        if runs && self.written.contains(value) {
            // Our own value put back (§6.6), or set while a write was on its way: either may be meant.
            self.contested = true;
        }
        if self.changes.len() > 1 {
            // §6.7 decides by seconds.
            self.contested = true;
        }
        if self.contested {
            self.values.append(&mut self.earlier.clone());
            self.values.dedup();
        }
    }

    /// Which value is the own one is not known any more.
    pub(crate) fn contest(&mut self) {
        self.contested = true;
        for own in self.earlier.clone() {
            add(&mut self.values, &own);
        }
    }

    /// A label that somebody else than a person has made of our words, or may have: the name without our part may be the
    /// own one as well (§6.10).
    pub(crate) fn named(&mut self, shows: &Value) {
        let befores = self.values.iter().chain(&self.earlier);
        let names = befores.flat_map(|before| self.written.iter().filter_map(|ours| without(shows, before, ours)));
        for name in names.collect::<Vec<_>>() {
            add(&mut self.values, &name);
        }
    }

    /// Nothing runs and nothing is held: what is shown is the user's own.
    pub(crate) fn settle(&mut self, shown: &Value) {
        *self = Self { changes: std::mem::take(&mut self.changes), ..Self::new(shown.clone()) };
    }

    /// Whether this may be the own value.
    pub(crate) fn may_be(&self, value: &Value) -> bool {
        self.values.contains(value) || self.contested && self.earlier.contains(value)
    }
}

pub(crate) fn add(values: &mut Vec<Value>, value: &Value) {
    if !values.contains(value) {
        values.push(value.clone());
    }
}

/// What one instance has to remember of a user, by the rules: kept with the journal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shadow {
    /// Event, DND, forwarding, and the policy's stamp (§4.4).
    latch: Option<(u32, Option<bool>, Option<bool>, u64)>,
    /// Events that a person has ended, by place (§6.6).
    pub(crate) ended: [BTreeSet<u32>; SLOTS],
    /// How many changes by hand have been seen, by place.
    pub(crate) seen: [u64; SLOTS],
    /// The chat presence that was shown at the last look.
    pub(crate) presence: Option<Value>,
}

impl Shadow {
    /// Nothing is known of the calendar: nothing of it runs.
    pub(crate) fn forget_latch(&mut self) {
        self.latch = None;
    }

    /// The instance does not follow the user any more.
    pub(crate) fn forget(&mut self) {
        self.latch = None;
        self.ended = Default::default();
    }
}

/// What the calendar wants at an instant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sight {
    pub(crate) running: BTreeSet<u32>,
    pub(crate) winner: Option<u32>,
    pub(crate) action_from: Option<u32>,
    pub(crate) dnd: Option<bool>,
    pub(crate) external: Option<bool>,
    pub(crate) internal: Option<bool>,
    pub(crate) presence: Option<Presence>,
    pub(crate) text: Option<String>,
}

/// What a place should show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Nothing,
    This {
        value: Value,
        from: u32,
    },
    /// The rules leave it open here.
    Open,
}

impl Sight {
    /// Looks at a reading; carries the latch on.
    pub(crate) fn new(
        read: &Read,
        policy: &Policy,
        stamp: u64,
        zone: &TimeZone,
        shadow: &mut Shadow,
        now: Millis,
    ) -> Self {
        let running = running(&read.appointments, zone, now);
        let mut sight = Self { running: running.iter().map(|event| event.id).collect(), ..Self::default() };
        let Some(winner) = running.first() else {
            shadow.latch = None;
            return sight;
        };
        sight.winner = Some(winner.id);
        let mut from = winner.id;
        let (mut dnd, mut forward) = action(winner, policy);
        if policy.change_during_event == ChangeDuringEvent::Latch {
            let held = shadow.latch.filter(|(id, _, _, under)| *under == stamp && sight.running.contains(id));
            shadow.latch =
                held.or_else(|| (dnd.is_some() || forward.is_some()).then_some((winner.id, dnd, forward, stamp)));
            (from, dnd, forward) = shadow.latch.map_or((from, None, None), |(id, dnd, forward, _)| (id, dnd, forward));
        } else {
            shadow.latch = None;
        }
        sight.action_from = (dnd.is_some() || forward.is_some()).then_some(from);
        sight.dnd = dnd;
        sight.external = forward;
        sight.internal = forward.filter(|on| !on || policy.forward_internal_calls);
        sight.presence = policy.presences.of(winner.kind).filter(|_| policy.set_presence);
        sight.text = status(&running, policy, read.titles);
        sight
    }

    /// What is wanted of a place, given what is shown and what is known of the user's own values.
    pub(crate) fn wanted(&self, slot: Slot, policy: &Policy, own: &[Own], ended: &[BTreeSet<u32>; SLOTS]) -> Wanted {
        let switch = |on: Option<bool>| match (on, self.action_from) {
            (Some(on), Some(from)) => Wanted::This { value: Value::Switch(on), from },
            _ => Wanted::Nothing,
        };
        let wanted = match slot {
            Slot::Dnd => switch(self.dnd),
            Slot::External => switch(self.external),
            Slot::Internal => switch(self.internal),
            Slot::Nowhere => switch(self.external.filter(|on| !on)),
            Slot::Presence => match (self.presence, self.winner) {
                (Some(presence), Some(from)) => self.presence_wanted(presence, from, policy, own),
                _ => Wanted::Nothing,
            },
            Slot::Text => self.text_wanted(policy, own),
            Slot::Label => match self.text_wanted(policy, own) {
                _ if !policy.blf_labels => Wanted::Nothing,
                Wanted::This { from, .. } if ended[Slot::Text.index()].contains(&from) => Wanted::Nothing,
                wanted @ (Wanted::Nothing | Wanted::This { .. } | Wanted::Open) => wanted,
            },
        };
        match wanted {
            Wanted::This { from, .. } if ended[slot.index()].contains(&from) => Wanted::Nothing,
            wanted @ (Wanted::Nothing | Wanted::This { .. } | Wanted::Open) => wanted,
        }
    }

    fn presence_wanted(&self, presence: Presence, from: u32, policy: &Policy, own: &[Own]) -> Wanted {
        let this = Wanted::This { value: Value::Presence(presence), from };
        same(&own[Slot::Presence.index()], |own| {
            let rests = !policy.lead && !neutral(own, policy);
            let logged_off = own == Presence::Unavailable && presence == Presence::Available;
            if rests || logged_off { Wanted::Nothing } else { this.clone() }
        })
    }

    fn text_wanted(&self, policy: &Policy, own: &[Own]) -> Wanted {
        let (Some(words), Some(from)) = (&self.text, self.winner) else { return Wanted::Nothing };
        let this = Wanted::This { value: text(words), from };
        same(&own[Slot::Presence.index()], |own| {
            if !policy.lead && !neutral(own, policy) { Wanted::Nothing } else { this.clone() }
        })
    }
}

/// The answer, if it is the same for each presence that may be the own one.
fn same(own: &Own, answer: impl Fn(Presence) -> Wanted) -> Wanted {
    let earlier = own.earlier.iter().filter(|_| own.contested);
    let mut answers = own.values.iter().chain(earlier).map(|value| match value {
        Value::Presence(presence) => answer(*presence),
        Value::Switch(_) | Value::Text(_) => Wanted::Open,
    });
    let first = answers.next().unwrap_or(Wanted::Open);
    if answers.all(|answer| answer == first) { first } else { Wanted::Open }
}

fn neutral(own: Presence, policy: &Policy) -> bool {
    match own {
        Presence::Available | Presence::Unavailable => true,
        Presence::Away => policy.ignore_away,
        Presence::ExtendedAway | Presence::DoNotDisturb | Presence::FreeForChat => false,
    }
}

fn action(event: &Appointment, policy: &Policy) -> (Option<bool>, Option<bool>) {
    match event.counted_keyword() {
        Keyword::Dnd(on) => (Some(on), None),
        Keyword::Forward(on) => (None, Some(on)),
        Keyword::Both(on) => (Some(on), Some(on)),
        Keyword::NoAction => (None, None),
        Keyword::None => match policy.actions.of(event.kind) {
            Action::None => (None, None),
            Action::Dnd => (Some(true), None),
            Action::Forward => (None, Some(true)),
        },
    }
}

fn status(running: &[&Appointment], policy: &Policy, titles: bool) -> Option<String> {
    let winner = running.first()?;
    let hidden = |event: &Appointment| policy.no_text_when_free && event.kind == Kind::Free;
    if !policy.title_as_text || hidden(winner) {
        return None;
    }
    let title = |event: &Appointment| match (event.sensitivity, event.response) {
        (Sensitivity::Private | Sensitivity::Confidential | Sensitivity::Personal, _) => "Privat",
        (Sensitivity::Normal, Response::NotResponded) => "Termin",
        (Sensitivity::Normal, _) if titles => event.title,
        (Sensitivity::Normal, _) => "Termin",
    };
    if !policy.join_parallel_titles {
        return Some(title(winner).to_owned());
    }
    let mut parts: Vec<&str> = Vec::new();
    for event in running.iter().filter(|event| !hidden(event)) {
        if !parts.contains(&title(event)) {
            parts.push(title(event));
        }
    }
    let whole = parts.join(", ");
    Some(if whole.chars().count() <= 128 {
        whole
    } else {
        whole.chars().take(127).collect::<String>().trim_end().to_owned() + "…"
    })
}

/// Whether a text is what a telephone system, or a limit that was learned of it (§6.9), leaves of another.
pub(crate) fn is_beginning(text: &str, whole: &str) -> bool {
    !text.is_empty() && whole.starts_with(text.trim_end_matches('…').trim_end())
}

/// A label with the text in it: forty characters at most.
pub(crate) fn label(own: &str, text: &str) -> String {
    format!("{own} · {text}").chars().take(40).collect::<String>().trim_end().to_owned()
}

/// A label without the part that was put behind `before` to make `ours` (§6.10).
pub(crate) fn without(shows: &Value, before: &Value, ours: &Value) -> Option<Value> {
    let (Value::Text(shows), Value::Text(before), Value::Text(ours)) = (shows, before, ours) else { return None };
    let part = ours.as_str().strip_prefix(before.as_str()).filter(|part| !part.is_empty())?;
    let (head, tail) = shows.as_str().rsplit_once(part)?;
    Some(text(&format!("{head}{tail}")))
}

/// Whether the policy comes before people in a place.
pub(crate) fn leads(policy: &Policy, slot: Slot) -> bool {
    match slot {
        Slot::Label => false,
        Slot::Presence | Slot::Text => policy.lead,
        Slot::Dnd | Slot::External | Slot::Internal | Slot::Nowhere => policy.manual_change == ManualChange::Lead,
    }
}
