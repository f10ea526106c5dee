//! One user's state machine (§6 to §8), level-triggered: a step looks at all facts as they are and says what is
//! to be written, what is to be remembered, and when to ask again. A restart is just another step.

mod calendar;
mod chat;
mod facts;
mod labels;
mod report;
mod state;
#[cfg(test)]
mod tests;
mod wants;

use std::collections::{BTreeMap, BTreeSet};

pub use self::{
    facts::{Account, Answer, Calendar, Course, Facts, Flag, Flags, Mailbox, Outcome, Standing},
    report::{Line, Report},
    state::UserState,
};
use crate::{
    account::{AccountState, Dimension, Value},
    hold::{Act, Hold, OnForeign, Purpose, Rules, Why},
    ids::EventId,
    policy::ManualChange,
    view::View,
};
use jiff::Timestamp;

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
    let mut step = stepper.settle(&sight, belief.never_read && member, unknown);
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
    /// It is too old, or was not read since the start: nothing of it runs (§8.2).
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
            let pending = keeping.hold.as_ref().and_then(|hold| hold.pending.as_ref());
            let replaced = pending.map(|pending| pending.was.clone());
            match answer.outcome {
                Outcome::Acknowledged => match (&answer.dimension, keeping.acknowledged(answer.number)) {
                    (Dimension::Text, Some(_)) => self.state.text_replaced = replaced,
                    (Dimension::Presence, Some(Value::Presence(ours))) => self.state.presence_seen = Some(ours),
                    (_, _) => {}
                },
                Outcome::Refused { at } => keeping.refused(answer.number, at),
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
            let earlier = keeping.hold.as_ref().filter(|hold| self.is_earlier(hold) && self.now < hold.end);
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

    /// Whether a hold was taken up from an earlier run. One that is yet to come is from before the clock was set back.
    fn is_earlier(&self, hold: &Hold<Value>) -> bool {
        hold.since < self.facts.started || self.now < hold.since
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
            if keeping.is_refused() {
                self.flags.insert(Flag::RefusedByPbx);
            }
            self.wakes.extend(keeping.wakes().into_iter().flatten());
        }
        self.state.dimensions.retain(|_, keeping| !keeping.is_empty());
        let now = self.now;
        let wake = self.wakes.into_iter().filter(|at| *at > now).min();
        Step { state: self.state, writes, text_cut_at, flags: self.flags, wake, report }
    }
}
