//! One user's state machine (§6 to §8), level-triggered: a step looks at all facts as they are and says what is
//! to be written, what is to be remembered, and when to ask again. A restart is just another step.

mod calendar;
mod facts;
mod report;
#[cfg(test)]
mod tests;
mod wants;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::{
    facts::{Account, Answer, Calendar, Course, Facts, Flag, Flags, Mailbox, Outcome, Standing},
    report::{Line, Report},
};
use crate::{
    account::{AccountState, Dimension, Presence, StatusText, Value},
    hold::{Act, Hold, Keeping, OnForeign, Pending, Purpose, Rules, Why},
    ids::EventId,
    label,
    latch::Latch,
    policy::ManualChange,
    text::clusters,
    view::View,
};

/// What must survive a restart. It may hold titles (in texts), so it is kept encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserState {
    /// By dimension: holds, sleeping holds with ended events, the counters of §6.7, refusals.
    dimensions: BTreeMap<Dimension, Keeping<Value>>,
    /// Holds of an instance that was deactivated with `keep_on_deactivate` (§7.1).
    parked: BTreeMap<Dimension, Hold<Value>>,
    /// The latched action, and the policy under which it was latched (§4.4).
    latch: Option<(Latch, u64)>,
    /// The presence of the last reading (§6.5).
    presence_seen: Option<Presence>,
    /// A text was written and not read since (§6.9).
    text_unread: bool,
    /// The text that we hold is the beginning of what we wrote (§6.9).
    text_cut: bool,
    /// Writes so far.
    writes: u64,
}

impl UserState {
    /// Whether nothing of ours is left on the account. Parked holds don't count: they stay on purpose.
    pub fn is_settled(&self) -> bool {
        self.dimensions.values().all(|keeping| keeping.hold.is_none())
    }

    /// Whether there is nothing to remember.
    pub fn is_empty(&self) -> bool {
        *self == Self { writes: self.writes, presence_seen: self.presence_seen, ..Self::default() }
    }

    /// The holds in force.
    pub fn holds(&self) -> impl Iterator<Item = (&Dimension, &Hold<Value>)> {
        self.dimensions.iter().filter_map(|(dimension, keeping)| Some((dimension, keeping.hold.as_ref()?)))
    }

    /// Whether a write has been sent of which no answer is known.
    pub fn has_pending(&self) -> bool {
        self.holds().any(|(_, hold)| hold.pending.is_some())
    }

    /// The earliest end of an event whose hold should have been given back by now: how long a give-back is overdue.
    pub fn overdue_since(&self, now: Timestamp) -> Option<Timestamp> {
        let back = |hold: &Hold<Value>| hold.pending.as_ref().is_some_and(|p| p.purpose == Purpose::GiveBack);
        self.holds().filter(|(_, hold)| hold.end <= now || back(hold)).map(|(_, hold)| hold.end.min(now)).min()
    }

    /// Drops a parked or refused hold for good: the administrator discards it (§8.5).
    pub fn discard(&mut self, dimension: &Dimension) {
        self.dimensions.remove(dimension);
        self.parked.remove(dimension);
    }
}

/// One write that is to leave, once the state beside it is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Answers name it.
    pub number: u64,
    /// What is written.
    pub dimension: Dimension,
    /// What was shown.
    pub from: Value,
    /// The value.
    pub to: Value,
    /// What it is for.
    pub purpose: Purpose,
}

/// What a step says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is to be remembered. To be committed before any write leaves (§7.3).
    pub state: UserState,
    /// What is to be written.
    pub writes: Vec<Write>,
    /// The telephone system was seen to cut texts at this length, in grapheme clusters (§6.9).
    pub text_cut_at: Option<usize>,
    /// What the administrator should know.
    pub flags: Flags,
    /// When to ask again at the latest, if no fact changes before. Always later than now.
    pub wake: Option<Timestamp>,
    /// Why (§9).
    pub report: Report,
}

/// One step of one user.
pub fn step(state: &UserState, facts: &Facts<'_>, now: Timestamp) -> Step {
    let mut stepper = Stepper { state: state.clone(), facts, now, wakes: Vec::new(), flags: Flags::new() };
    stepper.take_answers();
    stepper.take_standing();
    let belief = calendar::judge(facts, now);
    let member = stepper.is_member();
    if member {
        stepper.flags.extend(belief.flag);
        stepper.wakes.extend(belief.wake);
    }
    let view = belief
        .agenda
        .filter(|_| member)
        .map(|agenda| View::new(facts.policy, facts.language, facts.zone, agenda, facts.text_limit));
    let sight = stepper.look(view.as_ref());
    if view.is_some() {
        for keeping in stepper.state.dimensions.values_mut() {
            keeping.forget(&sight.running);
        }
    }
    let unknown = member && belief.agenda.is_none();
    let mut step = stepper.settle(&sight, belief.never_read && member, unknown && !belief.never_read);
    step.report.calendar_unknown = unknown;
    step
}

/// What the calendar shows at the instant.
#[derive(Debug, Default)]
struct Sight {
    decision: crate::decide::Decision,
    running: BTreeSet<EventId>,
    /// The ends and stamps of winner and action event, by id.
    sources: BTreeMap<EventId, (Timestamp, u64)>,
    until: Option<Timestamp>,
}

/// What keeps some dimensions from being settled in this step.
#[derive(Clone, Copy)]
struct Settles {
    /// The calendar was not read since the start: what was held before stays (§8.2).
    never_read: bool,
    /// It is too old: nothing of it runs (§8.2).
    unknown: bool,
    /// Texts may be written.
    texts: bool,
}

struct Stepper<'a> {
    state: UserState,
    facts: &'a Facts<'a>,
    now: Timestamp,
    wakes: Vec<Timestamp>,
    flags: Flags,
}

impl Stepper<'_> {
    fn take_answers(&mut self) {
        for answer in self.facts.answers {
            let Some(keeping) = self.state.dimensions.get_mut(&answer.dimension) else { continue };
            match answer.outcome {
                Outcome::Acknowledged => match (&answer.dimension, keeping.acknowledged(answer.number)) {
                    (Dimension::Text, Some(_)) => self.state.text_unread = true,
                    (Dimension::Presence, Some(Value::Presence(ours))) => self.state.presence_seen = Some(ours),
                    (_, _) => {}
                },
                Outcome::Refused => keeping.refused(answer.number, self.now),
            }
        }
    }

    /// Whether the calendar is followed for this user.
    fn is_member(&self) -> bool {
        let matched = !matches!(self.facts.mailbox, Mailbox::NoAddress | Mailbox::Ambiguous);
        self.facts.standing == Standing::Member && matched
    }

    /// Leaving ends what sleeps and unlatches; holds are parked where they are to stay (§7.1, §7.4).
    fn take_standing(&mut self) {
        let facts = self.facts;
        if matches!(facts.standing, Standing::Member) {
            self.flags.extend(match facts.mailbox {
                Mailbox::Matched => None,
                Mailbox::NoAddress => Some(Flag::NoMailAddress),
                Mailbox::Ambiguous => Some(Flag::AmbiguousMailAddress),
                Mailbox::NotFound => Some(Flag::MailboxNotFound),
                Mailbox::Denied => Some(Flag::MailboxAccessDenied),
            });
        }
        if facts.standing == Standing::HeldByAnother {
            self.flags.insert(Flag::HeldByAnotherInstance);
        }
        if let Standing::Closing { keep: true } = facts.standing {
            let stays = |dimension: &Dimension| !matches!(dimension, Dimension::Dnd | Dimension::Diversion(_));
            for (dimension, keeping) in self.state.dimensions.iter_mut().filter(|(dimension, _)| stays(dimension)) {
                self.state.parked.extend(keeping.hold.take().map(|hold| (dimension.clone(), hold)));
            }
        } else if facts.standing != Standing::HeldByAnother {
            // Parked holds wait until the account is ours again (§8.6).
            for (dimension, hold) in std::mem::take(&mut self.state.parked) {
                self.state.dimensions.entry(dimension).or_default().hold.get_or_insert(hold);
            }
        }
        if !self.is_member() {
            self.state.latch = None;
            for keeping in self.state.dimensions.values_mut() {
                keeping.sleeping.clear();
            }
        }
    }

    /// Asks the calendar: latch, decision, what runs.
    fn look(&mut self, view: Option<&View<'_>>) -> Sight {
        let Some(view) = view else {
            self.state.latch = None;
            return Sight::default();
        };
        let stamp = self.facts.policy_stamp;
        let before = self.state.latch.take().filter(|(_, under)| *under == stamp).map(|(latch, _)| latch);
        let latch = view.latch(before, self.now);
        let decision = view.decide(latch.as_ref(), self.now);
        let until = view.until(latch.clone(), self.now);
        self.state.latch = latch.map(|latch| (latch, stamp));
        // An event that ends is forgotten even where the decision stays the same.
        let next_end = view.running(self.now).map(|placed| placed.end).min();
        self.wakes.extend([until, next_end].into_iter().flatten());
        let sources = [&decision.winner, &decision.action_from].into_iter().flatten();
        let sources = sources.filter_map(|id| view.running_event(id, self.now)).map(|placed| {
            let stamp = wants::stamp(placed, stamp, self.facts.directory_stamp);
            (placed.event.id.clone(), (placed.end, stamp))
        });
        Sight {
            sources: sources.collect(),
            running: view.running(self.now).map(|placed| placed.event.id.clone()).collect(),
            decision,
            until,
        }
    }

    /// Brings every dimension in line, as far as it can be seen and nothing is on its way.
    fn settle(mut self, sight: &Sight, never_read: bool, unknown: bool) -> Step {
        let mut report = Report { decision: sight.decision.clone(), until: sight.until, ..Report::default() };
        let mut writes = Vec::new();
        let mut text_cut_at = None;
        match self.facts.account {
            Account::Gone => {
                self.state = UserState { writes: self.state.writes, ..UserState::default() };
                self.flags.clear();
            }
            Account::Shown { state, as_read } if !self.facts.in_flight => {
                text_cut_at = self.notice_cut(state, as_read);
                self.keep_renamed_labels(state);
                // With a limit that is not known yet, the text that it will make is not known either: the caller asks
                // again with it.
                let learns = text_cut_at.is_some_and(|cut| self.facts.text_limit.is_none_or(|limit| cut < limit));
                let settles = Settles { never_read, unknown, texts: !learns };
                writes = self.settle_all(sight, state, settles, &mut report);
                self.state.presence_seen = state.presence;
            }
            Account::Shown { .. } | Account::Unknown => report.waits = true,
        }
        self.finish(report, writes, text_cut_at)
    }

    fn settle_all(&mut self, sight: &Sight, shown: &AccountState, settles: Settles, report: &mut Report) -> Vec<Write> {
        let resting = self.is_resting(shown);
        // Judged before the presence itself is settled.
        let presence_changed = self.presence_changed(shown);
        let wants = wants::Wants { sight, shown, own_presence: self.own_presence(shown) };
        self.flags.extend(wants.flags());
        let mut dimensions: BTreeSet<Dimension> = shown.dimensions().collect();
        dimensions.extend(self.state.dimensions.keys().cloned());
        let mut writes = Vec::new();
        for dimension in dimensions {
            let Some(shows) = shown.value(&dimension) else {
                self.cannot_see(&dimension, shown, report);
                continue;
            };
            let mut keeping = self.state.dimensions.remove(&dimension).unwrap_or_default();
            let want = match &dimension {
                Dimension::Label(_) => self.label_want(&wants, &keeping, &shows, resting),
                Dimension::Dnd | Dimension::Diversion(_) | Dimension::Presence | Dimension::Text => {
                    wants.of(&dimension)
                }
            };
            let wanted = want.as_ref().map(|want| want.value.clone());
            let earlier = keeping.hold.as_ref().filter(|hold| hold.since < self.facts.started && self.now < hold.end);
            let is_text = matches!(dimension, Dimension::Text | Dimension::Label(_));
            let act = if let Some(hold) = earlier.filter(|_| settles.never_read) {
                self.wakes.push(hold.end);
                Act::Nothing(Why::KeptUntil(hold.end))
            } else if is_text && !settles.texts {
                Act::Nothing(Why::AlreadyShown)
            } else {
                let rules = self.rules(&dimension, sight, presence_changed, resting);
                let rules = Rules { unknown: settles.unknown, ..rules };
                keeping.settle(want, &shows, &rules)
            };
            match &act {
                Act::Write { value, purpose } => {
                    self.state.writes += 1;
                    let number = self.state.writes;
                    let (from, to, purpose) = (shows.clone(), value.clone(), *purpose);
                    writes.push(Write { number, dimension: dimension.clone(), from, to, purpose });
                }
                Act::Nothing(Why::PutOff(at) | Why::RefusedGiveBack(at)) => self.wakes.push(*at),
                Act::Nothing(_) => {}
            }
            report.lines.insert(dimension.clone(), Line::new(wanted, shows, &keeping, act));
            if !keeping.is_empty() {
                self.state.dimensions.insert(dimension, keeping);
            }
        }
        writes
    }

    /// A dimension that is not shown: if it is gone, so is the hold; else it waits.
    fn cannot_see(&mut self, dimension: &Dimension, shown: &AccountState, report: &mut Report) {
        if shown.can_tell(dimension) {
            self.state.dimensions.remove(dimension);
        } else if let Some(keeping) = self.state.dimensions.get(dimension) {
            report.lines.insert(dimension.clone(), Line::unseen(keeping));
        }
    }

    fn rules<'s>(&self, dimension: &Dimension, sight: &'s Sight, presence_changed: bool, resting: bool) -> Rules<'s> {
        let policy = self.facts.policy;
        let chat = matches!(dimension, Dimension::Presence | Dimension::Text);
        let leads = match dimension {
            Dimension::Dnd | Dimension::Diversion(_) => policy.manual_change == ManualChange::Lead,
            Dimension::Presence | Dimension::Text => policy.lead,
            Dimension::Label(_) => false,
        };
        let on_foreign = match dimension {
            _ if leads => OnForeign::WriteAgain,
            Dimension::Presence => OnForeign::WriteAgain,
            Dimension::Text if presence_changed => OnForeign::WriteAgain,
            Dimension::Text | Dimension::Dnd | Dimension::Diversion(_) | Dimension::Label(_) => OnForeign::Insisted,
        };
        Rules {
            leads,
            resting: chat && resting,
            on_foreign,
            winner: sight.decision.winner.as_ref(),
            running: &sight.running,
            unknown: false,
            journal: self.facts.journal,
            number: self.state.writes + 1,
            now: self.now,
        }
    }

    /// Whether somebody changed the presence since the last reading. Where a write of ours got no answer, its
    /// value is no such change.
    fn presence_changed(&self, shown: &AccountState) -> bool {
        let (Some(seen), Some(shows)) = (self.state.presence_seen, shown.presence) else { return false };
        let hold = self.state.dimensions.get(&Dimension::Presence).and_then(|keeping| keeping.hold.as_ref());
        let unanswered = hold.is_some_and(|hold| hold.pending.is_some() && hold.is_ours(&Value::Presence(shows)));
        seen != shows && !unanswered
    }

    /// The user's own presence: what was before ours while ours is shown, else what is shown (§6.4).
    fn own_presence(&self, shown: &AccountState) -> Option<Presence> {
        let shows = shown.presence?;
        let hold = self.state.dimensions.get(&Dimension::Presence).and_then(|keeping| keeping.hold.as_ref());
        match hold.filter(|hold| hold.is_ours(&Value::Presence(shows))).map(|hold| &hold.before) {
            Some(Value::Presence(before)) => Some(*before),
            Some(Value::Switch(_) | Value::Text(_)) | None => Some(shows),
        }
    }

    /// Without `lead`, presence and text rest while the user's own presence is not neutral (§6.4).
    fn is_resting(&self, shown: &AccountState) -> bool {
        let policy = self.facts.policy;
        !policy.lead
            && match self.own_presence(shown) {
                Some(Presence::Available | Presence::Unavailable) => false,
                Some(Presence::Away) => !policy.ignore_away,
                Some(Presence::ExtendedAway | Presence::DoNotDisturb | Presence::FreeForChat) => true,
                None => false,
            }
    }

    /// A label wants the text only while the text is wanted, not ended and not resting (§6.10).
    fn label_want(
        &self,
        wants: &wants::Wants<'_>,
        keeping: &Keeping<Value>,
        shows: &Value,
        resting: bool,
    ) -> Option<crate::hold::Want<Value>> {
        let text = wants.text().filter(|_| self.facts.policy.blf_labels && !resting)?;
        let ended = |text: &Keeping<Value>| text.has_ended(&wants.winner_id());
        if self.state.dimensions.get(&Dimension::Text).is_some_and(ended) {
            return None;
        }
        let before = keeping.hold.as_ref().map_or(shows, |hold| &hold.before);
        let (Value::Text(before), Value::Text(words)) = (before, &text.value) else { return None };
        let label = label::compose(before.as_str(), words.as_str())?;
        Some(crate::hold::Want { value: Value::Text(StatusText::new(label)), ..text })
    }

    /// A key that was renamed around our part keeps the new name as its own (§6.10).
    fn keep_renamed_labels(&mut self, shown: &AccountState) {
        for (dimension, keeping) in &mut self.state.dimensions {
            let (Dimension::Label(_), Some(hold)) = (dimension, &mut keeping.hold) else { continue };
            let Some(shows) = shown.value(dimension).filter(|shows| !hold.is_ours(shows)) else { continue };
            let (Value::Text(name), Value::Text(before), Value::Text(ours)) = (&shows, &hold.before, &hold.ours) else {
                continue;
            };
            let own = label::without_our_part(name.as_str(), before.as_str(), ours.as_str());
            if let Some(own) = own {
                hold.before = Value::Text(StatusText::new(own));
                hold.ours = shows;
                hold.pending = None;
            }
        }
    }

    /// A shown text that is the beginning of ours was cut by the telephone system (§6.9).
    fn notice_cut(&mut self, shown: &AccountState, as_read: bool) -> Option<usize> {
        let hold = self.state.dimensions.get_mut(&Dimension::Text).and_then(|keeping| keeping.hold.as_mut());
        let Some(hold) = hold else {
            self.state.text_unread = false;
            self.state.text_cut = false;
            return None;
        };
        let first_look = as_read && (self.state.text_unread || hold.pending.is_some());
        let (Some(text), Value::Text(ours)) = (&shown.text, &hold.ours) else { return None };
        if !first_look {
            return None;
        }
        self.state.text_unread = false;
        let is_beginning =
            |of: &StatusText| text != of && !text.as_str().is_empty() && of.as_str().starts_with(text.as_str());
        // What a give-back without an answer was to replace may have been cut before anybody had read it.
        if let Some(Pending { was: Value::Text(was), purpose: Purpose::GiveBack, .. }) = &mut hold.pending
            && is_beginning(was)
            && hold.before != Value::Text(text.clone())
        {
            *was = text.clone();
            self.state.text_cut = true;
            return Some(clusters(text.as_str()));
        }
        // A text that was there before a write without an answer is no part of what was written.
        let was = hold.pending.as_ref().is_some_and(|pending| pending.was == Value::Text(text.clone()));
        let cut = is_beginning(ours) && !was;
        self.state.text_cut = cut;
        if cut {
            hold.ours = Value::Text(text.clone());
        }
        cut.then(|| clusters(text.as_str()))
    }

    fn finish(mut self, report: Report, writes: Vec<Write>, text_cut_at: Option<usize>) -> Step {
        let text_held = self.state.dimensions.get(&Dimension::Text).is_some_and(|keeping| keeping.hold.is_some());
        self.state.text_cut &= text_held;
        if self.state.text_cut {
            self.flags.insert(Flag::TextCut);
        }
        for keeping in self.state.dimensions.values_mut() {
            keeping.fight.prune(self.now);
            if keeping.fight.is_flagged(self.now) {
                self.flags.insert(Flag::AnotherProgramIsWriting);
            }
            if keeping.refused.is_some() || keeping.retry.is_some() {
                self.flags.insert(Flag::RefusedByPbx);
            }
            self.wakes.extend(keeping.wake_at(self.now));
        }
        self.state.dimensions.retain(|_, keeping| !keeping.is_empty());
        let now = self.now;
        let wake = self.wakes.into_iter().filter(|at| *at > now).min();
        Step { state: self.state, writes, text_cut_at, flags: self.flags, wake, report }
    }
}
