//! Taking a value and giving it back (§6): one function for every kind of dimension.
//!
//! At any instant the calendar *wants* a value or nothing, the telephone system *shows* a value, and we may
//! have a *hold*: what was there before, what is ours, and, while a write is not acknowledged, what was shown
//! before that write. [`Keeping::settle`] is the table of §6.2 with §6.4 to §6.7.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{fight::Fight, ids::EventId, journal::Journal};

/// A value that we have taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold<V> {
    /// The user's own value, to be given back.
    pub before: V,
    /// The value that we last wrote or took.
    pub ours: V,
    /// The write that is not acknowledged yet.
    pub pending: Option<Pending<V>>,
    /// When the hold began.
    pub since: Timestamp,
    /// The end of the event that the value comes from, for when the calendar can't be asked (§8.2, §8.4).
    pub end: Timestamp,
    /// That event, and what else a refusal depends on.
    pub circumstances: Circumstances,
    /// Give-backs of it that were refused since a write was last acknowledged.
    #[serde(default)]
    pub retry: Option<Retry>,
}

impl<V: PartialEq> Hold<V> {
    /// Whether a shown value is ours (§6.1).
    pub fn is_ours(&self, shows: &V) -> bool {
        *shows == self.ours || self.pending.as_ref().is_some_and(|pending| pending.was == *shows)
    }
}

/// A write on its way, or of unknown outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending<V> {
    /// Which write of the user's: answers name it.
    pub number: u64,
    /// What was shown before it.
    pub was: V,
    /// What it is for.
    pub purpose: Purpose,
}

/// What a write is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The first value of a hold, over the user's own.
    Take,
    /// Another value over ours.
    Change,
    /// Over what somebody else has written (§6.5).
    Again,
    /// The user's own value.
    GiveBack,
}

/// A hold that a person has put to sleep, with the events that they have ended (§6.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sleeping<V> {
    /// The hold as it was; `None` if the person has set its value while nothing ran: that is their own now.
    pub hold: Option<Hold<V>>,
    /// The events ended with it that still run.
    pub ended: BTreeSet<EventId>,
}

/// A take that the telephone system has refused: it rests until something about it changes (§8.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedTake<V> {
    value: V,
    circumstances: Circumstances,
}

/// What a refused take depends on: configuration, directory and event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circumstances {
    /// The event that the value comes from.
    pub event: EventId,
    /// A number that differs when the event, the configuration or the directory does.
    pub stamp: u64,
}

/// The longest pause between two tries to give something back (§8.5).
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(5);

/// A give-back that was refused: it is repeated for ever, with growing pauses (§8.5). Events that come and go meanwhile
/// don't begin the short pauses anew: while the telephone system refuses, each of them would make seven writes more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    attempts: u32,
    not_before: Timestamp,
}

impl Retry {
    /// Whether the next try is yet to come. One that lies too far ahead was put there before the clock was set back.
    fn waits(&self, now: Timestamp) -> bool {
        now < self.not_before && self.not_before.duration_since(now) <= LONGEST_PAUSE
    }
}

/// All that is remembered about one dimension of one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keeping<V> {
    /// The hold in force.
    pub hold: Option<Hold<V>>,
    /// Holds that sleep, the newest last.
    pub sleeping: Vec<Sleeping<V>>,
    /// Who else writes here (§6.7).
    pub fight: Fight<V>,
    /// A refused take that rests.
    pub refused: Option<RefusedTake<V>>,
}

impl<V> Default for Keeping<V> {
    fn default() -> Self {
        Self { hold: None, sleeping: Vec::new(), fight: Fight::default(), refused: None }
    }
}

/// A value that the calendar wants, and from which event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want<V> {
    /// The value.
    pub value: V,
    /// The end of the event that it comes from.
    pub end: Timestamp,
    /// The event, and what else a refusal depends on.
    pub circumstances: Circumstances,
}

/// How this dimension is handled at this instant.
#[derive(Clone, Debug)]
pub struct Rules<'a> {
    /// The policy leads here: `lead` for presence and text, `manual_change = "lead"` for DND and diversions.
    pub leads: bool,
    /// The user's own presence is not neutral: nothing is held, nothing wakes (§6.4).
    pub resting: bool,
    /// What a foreign value means that was not seen before (§6.5).
    pub on_foreign: OnForeign,
    /// The most important running event.
    pub winner: Option<&'a EventId>,
    /// All running events.
    pub running: &'a BTreeSet<EventId>,
    /// The calendar is too old to be believed, or was never read: nothing of it runs, and no ended event is forgotten (§8.2).
    pub unknown: bool,
    /// Whether a hold can be committed: without one, nothing is taken or changed (§7.3).
    pub journal: Journal,
    /// The number of the next write.
    pub number: u64,
    /// The instant.
    pub now: Timestamp,
}

/// What is done about a foreign value while we hold and want one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnForeign {
    /// It is written over and becomes `before`.
    WriteAgain,
    /// The person has ended the running events (§6.6).
    Insisted,
}

/// What was done in a dimension, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act<V> {
    /// A write is to leave.
    Write {
        /// The value.
        value: V,
        /// What it is for.
        purpose: Purpose,
    },
    /// No write.
    Nothing(Why),
}

/// Why nothing is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The calendar wants nothing and we hold nothing.
    NothingWanted,
    /// What is wanted is shown already.
    AlreadyShown,
    /// The user's own value is back: the hold has ended.
    GivenBack,
    /// Somebody has changed the value, so it stays: the hold has ended.
    LeftAlone,
    /// A person has changed the value during the event: it counts as ended here.
    Ended,
    /// The user's own presence is not neutral.
    Resting,
    /// The next write over a foreign value is put off.
    PutOff(Timestamp),
    /// The telephone system refused to take this value.
    RefusedTake,
    /// The telephone system refused to take the user's own value back; it is tried again then.
    RefusedGiveBack(Timestamp),
    /// The calendar was never read, and the hold is from an earlier run: it is kept until its event ends (§8.2).
    KeptUntil(Timestamp),
    /// The telephone system does not say what it shows here.
    NotReadable,
    /// The store can't commit a hold: nothing is taken or changed until it can (§7.3).
    NoJournal,
}

impl<V: Clone + Eq> Keeping<V> {
    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.hold.is_none() && self.sleeping.is_empty() && self.fight.is_empty() && self.refused.is_none()
    }

    /// Whether the telephone system refuses a value here.
    pub(crate) fn is_refused(&self) -> bool {
        self.refused.is_some() || self.hold.as_ref().is_some_and(|hold| hold.retry.is_some())
    }

    /// Whether a person has ended this event here.
    pub fn has_ended(&self, event: &EventId) -> bool {
        self.sleeping.iter().any(|sleeping| sleeping.ended.contains(event))
    }

    /// Forgets ended events that no longer run; with its last one a sleeping hold ends without a write (§6.6).
    pub fn forget(&mut self, running: &BTreeSet<EventId>) {
        self.sleeping.retain_mut(|sleeping| {
            sleeping.ended.retain(|event| running.contains(event));
            !sleeping.ended.is_empty()
        });
    }

    /// The table of §6.2. Changes what is remembered and says what is to be written.
    pub fn settle(&mut self, wants: Option<Want<V>>, shows: &V, rules: &Rules<'_>) -> Act<V> {
        self.fight.reign(rules.winner);
        self.wake(shows, rules);
        if self.hold.as_ref().is_none_or(|hold| hold.is_ours(shows)) {
            self.fight.settled();
        }
        let same = |refused: &RefusedTake<V>| {
            wants.as_ref().is_some_and(|w| refused.value == w.value && refused.circumstances == w.circumstances)
        };
        if !self.refused.as_ref().is_some_and(same) {
            self.refused = None;
        }
        let Some(want) = wants else {
            return self.give_back(shows, rules, Why::NothingWanted);
        };
        if rules.resting || self.has_ended(&want.circumstances.event) {
            let why = if rules.resting { Why::Resting } else { Why::Ended };
            return self.give_back(shows, rules, why);
        }
        if self.outlives_its_event(&want, shows, rules) {
            return self.give_back(shows, rules, Why::NoJournal);
        }
        match &self.hold {
            None => self.take(want, shows, rules),
            Some(hold) if hold.is_ours(shows) => self.follow(want, shows, rules),
            Some(_) => self.meet_foreign(want, shows, rules),
        }
    }

    /// Our value is shown, another is wanted and can't be written, and the event that ours came from is over.
    fn outlives_its_event(&self, want: &Want<V>, shows: &V, rules: &Rules<'_>) -> bool {
        rules.journal == Journal::Failing
            && *shows != want.value
            && self
                .hold
                .as_ref()
                .is_some_and(|hold| hold.is_ours(shows) && !rules.running.contains(&hold.circumstances.event))
    }

    /// A sleeping hold wakes when its value is back while its events run, or when the policy comes to lead (§6.6).
    fn wake(&mut self, shows: &V, rules: &Rules<'_>) {
        let ours = self.hold.as_ref().is_some_and(|hold| hold.is_ours(shows));
        let is_back = |sleeping: &Sleeping<V>| sleeping.hold.as_ref().is_some_and(|hold| hold.ours == *shows);
        if rules.unknown && !ours {
            for sleeping in self.sleeping.iter_mut().filter(|sleeping| is_back(sleeping)) {
                sleeping.hold = None;
            }
        }
        if rules.leads {
            let newest = self.sleeping.pop().and_then(|sleeping| sleeping.hold);
            self.sleeping.clear();
            if let (None, Some(mut hold)) = (&self.hold, newest) {
                if !hold.is_ours(shows) {
                    hold.before = shows.clone();
                }
                self.hold = Some(hold);
            }
        } else if !rules.resting && !ours {
            // Put back by a person: what another event has taken meanwhile goes back to the older hold's own value.
            let runs = |sleeping: &Sleeping<V>| !sleeping.ended.is_disjoint(rules.running);
            if let Some(woken) = self.sleeping.pop_if(|sleeping| is_back(sleeping) && runs(sleeping)) {
                self.hold = woken.hold;
            }
        }
    }

    fn take(&mut self, want: Want<V>, shows: &V, rules: &Rules<'_>) -> Act<V> {
        if self.refused.is_some() {
            return Act::Nothing(Why::RefusedTake);
        }
        if rules.journal == Journal::Failing {
            return Act::Nothing(Why::NoJournal);
        }
        self.hold = Some(Hold {
            before: shows.clone(),
            ours: shows.clone(),
            pending: None,
            since: rules.now,
            end: want.end,
            circumstances: want.circumstances.clone(),
            retry: None,
        });
        self.follow(want, shows, rules)
    }

    /// What is shown is ours: only a difference is written.
    fn follow(&mut self, want: Want<V>, shows: &V, rules: &Rules<'_>) -> Act<V> {
        let refused = self.refused.is_some();
        let Some(hold) = &mut self.hold else { return Act::Nothing(Why::NothingWanted) };
        if *shows != want.value && rules.journal == Journal::Failing {
            return Act::Nothing(Why::NoJournal);
        }
        hold.circumstances = want.circumstances;
        hold.end = want.end;
        if *shows == want.value {
            hold.ours = want.value;
            hold.pending = None;
            return Act::Nothing(Why::AlreadyShown);
        }
        if refused {
            return Act::Nothing(Why::RefusedTake);
        }
        let purpose = if hold.before == *shows { Purpose::Take } else { Purpose::Change };
        hold.write(want.value, shows, purpose, rules.number)
    }

    /// Somebody else has written (§6.5, §6.7).
    fn meet_foreign(&mut self, want: Want<V>, shows: &V, rules: &Rules<'_>) -> Act<V> {
        let on_foreign = self.fight.meet(shows, rules);
        if on_foreign == OnForeign::Insisted {
            if let Some(hold) = self.hold.take() {
                self.sleeping.push(Sleeping { hold: Some(hold), ended: rules.running.clone() });
            }
            self.fight.settled();
            return Act::Nothing(Why::Ended);
        }
        if *shows != want.value {
            if self.refused.is_some() {
                return Act::Nothing(Why::RefusedTake);
            }
            if rules.journal == Journal::Failing {
                return Act::Nothing(Why::NoJournal);
            }
            let due = self.fight.next_write(rules);
            if rules.now < due {
                return Act::Nothing(Why::PutOff(due));
            }
            self.fight.written(rules.now);
        }
        let Some(hold) = &mut self.hold else { return Act::Nothing(Why::NothingWanted) };
        hold.before = shows.clone();
        hold.circumstances = want.circumstances;
        hold.end = want.end;
        if *shows == want.value {
            hold.ours = want.value;
            hold.pending = None;
            self.fight.settled();
            return Act::Nothing(Why::AlreadyShown);
        }
        hold.write(want.value, shows, Purpose::Again, rules.number)
    }

    /// Nothing is wanted: the user's own value goes back, unless somebody has changed ours.
    fn give_back(&mut self, shows: &V, rules: &Rules<'_>, idle: Why) -> Act<V> {
        let Some(hold) = &mut self.hold else { return Act::Nothing(idle) };
        if *shows == hold.before || !hold.is_ours(shows) {
            let why = if *shows == hold.before { Why::GivenBack } else { Why::LeftAlone };
            self.hold = None;
            return Act::Nothing(why);
        }
        if let Some(retry) = hold.retry.filter(|retry| retry.waits(rules.now)) {
            return Act::Nothing(Why::RefusedGiveBack(retry.not_before));
        }
        let before = hold.before.clone();
        hold.write(before, shows, Purpose::GiveBack, rules.number)
    }

    /// The write with this number is done; returns what was written, unless the answer was known already.
    pub fn acknowledged(&mut self, number: u64) -> Option<V> {
        let hold = self.hold.as_mut()?;
        let pending = hold.pending.take_if(|pending| pending.number == number)?;
        let written = hold.ours.clone();
        hold.retry = None;
        self.refused = None;
        if pending.purpose == Purpose::GiveBack {
            self.hold = None;
        }
        Some(written)
    }

    /// The write with this number was refused: what was shown before it is still shown. A take rests, a give-back
    /// is repeated (§8.5).
    pub fn refused(&mut self, number: u64, now: Timestamp) {
        let Some(hold) = &mut self.hold else { return };
        let Some(pending) = hold.pending.take_if(|pending| pending.number == number) else { return };
        let value = std::mem::replace(&mut hold.ours, pending.was);
        if pending.purpose == Purpose::GiveBack {
            let attempts = hold.retry.map_or(0, |retry| retry.attempts).saturating_add(1);
            let pause = SignedDuration::from_secs(5 << attempts.saturating_sub(1).min(6)).min(LONGEST_PAUSE);
            hold.retry = Some(Retry { attempts, not_before: now.saturating_add(pause).unwrap_or(Timestamp::MAX) });
            return;
        }
        self.refused = Some(RefusedTake { value, circumstances: hold.circumstances.clone() });
        if hold.ours == hold.before {
            self.hold = None;
        }
    }

    /// The instants at which time alone changes something here; some may have passed.
    pub(crate) fn wakes(&self) -> [Option<Timestamp>; 2] {
        let retry = self.hold.as_ref().and_then(|hold| hold.retry).map(|retry| retry.not_before);
        [retry, self.fight.wake_at()]
    }
}

impl<V: Clone> Hold<V> {
    fn write(&mut self, value: V, shows: &V, purpose: Purpose, number: u64) -> Act<V> {
        self.ours = value.clone();
        self.pending = Some(Pending { number, was: shows.clone(), purpose });
        Act::Write { value, purpose }
    }
}

#[cfg(test)]
mod tests;
