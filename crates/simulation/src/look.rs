//! A look at every step that the keeper makes: what the model remembers after it, and which promises it breaks.

use busylamp_core::{
    account::Value,
    explain::Speaker,
    hold::{Act, Hold, Keeping, Purpose},
    ids::EventId,
    journal::Commits,
    keeper::{Account, Standing, Step, UserState},
    language::Language,
};

use crate::{
    model::{Shadow, Sight, Wanted, add, is_beginning, leads},
    outcome::Invariant,
    place::{SLOTS, Slot},
    sabotage::Sabotage,
    shell::{Cause, Key, Live, Memory, User},
    time::{instant, millis},
    world::World,
};

/// Every so many steps the explanation is put into words.
const SPOKEN: u64 = 64;

/// A step and what it was made of.
struct Look<'a> {
    key: Key,
    cause: Cause,
    memory: &'a Memory,
    known: &'a User,
    live: &'a Live,
    /// The calendar is followed for this user.
    followed: bool,
    step: &'a Step,
}

type Complaints = Vec<(Invariant, String)>;

impl World<'_> {
    /// Holds a step against the rules; returns what the model remembers after it.
    pub(crate) fn look(&mut self, key: Key, cause: Cause, standing: Standing, step: &mut Step) -> Shadow {
        let (instance, user) = key;
        self.watch.steps += 1;
        if !matches!(standing, Standing::HeldByAnother | Standing::Closing { keep: true }) {
            self.unpark(instance, user);
        }
        let Some(memory) = &self.memory else { return Shadow::default() };
        let (known, live) = (&memory.users[instance][user], &memory.accounts[user]);
        let followed = standing == Standing::Member && known.address.is_some();
        let look = Look { key, cause, memory, known, live, followed, step };
        let mut shadow = known.shadow.clone();
        let sight = self.sight(&look, &mut shadow);
        let open = self.notice_hands(&look, &sight, &mut shadow);
        let mut complaints = self.unexplained(&look, &sight);
        complaints.extend(self.disrespect(&look, &sight, &shadow));
        complaints.extend(self.ends_by_failure(&look));
        if step.wake.is_some_and(|wake| wake <= instant(self.now())) {
            complaints.push((Invariant::ComesToRest, "the next step is not later".to_owned()));
        }
        for (invariant, what) in complaints {
            self.broken(invariant, user, what);
        }
        self.remember(user, step, &open);
        self.sabotage_step(step);
        shadow
    }

    /// What the calendar shows, by the model; latch and ended events are carried on.
    fn sight(&self, look: &Look<'_>, shadow: &mut Shadow) -> Sight {
        let config = &self.configs[look.key.0];
        let known_calendar = !look.step.report.calendar_unknown;
        let sight = match (&look.known.read, look.followed && known_calendar) {
            (Some(read), true) => Sight::new(read, &config.policy, config.stamp, &self.plan.zone, shadow, self.now()),
            _ => {
                if look.followed {
                    shadow.forget_latch();
                } else {
                    shadow.forget();
                }
                Sight::default()
            }
        };
        if look.followed && known_calendar {
            for ended in &mut shadow.ended {
                ended.retain(|event| sight.running.contains(event));
            }
        }
        if matches!(look.live.mirror.account(), Account::Gone) {
            shadow.forget();
        }
        sight
    }

    /// What people have changed since the last look ends what runs, where the rules say so (§6.6). Returns the places
    /// where that is open.
    fn notice_hands(&self, look: &Look<'_>, sight: &Sight, shadow: &mut Shadow) -> Vec<Slot> {
        if !look.sees() {
            return Vec::new();
        }
        let policy = &*self.configs[look.key.0].policy;
        for slot in Slot::ALL.into_iter().filter(|slot| look.followed && leads(policy, *slot)) {
            shadow.ended[slot.index()].clear();
        }
        let stale = self.disk.stale.get(&look.key).copied().unwrap_or_default();
        let fresh = |slot: Slot| {
            let seen = look.live.seen[slot.index()] > shadow.seen[slot.index()];
            look.live.by_hand[slot.index()] && seen || stale[slot.index()] && look.is_foreign(slot)
        };
        let presence_changed = fresh(Slot::Presence);
        let newly: Vec<Slot> = Slot::ALL.into_iter().filter(|slot| fresh(*slot)).collect();
        // Set by hand to what the last reading showed, or to what the program had written without an answer: it can't see
        // that (§6.5: since the last reading).
        let shown = look.shows(Slot::Presence);
        let unseen = presence_changed && (shadow.presence == shown || look.is_ours(Slot::Presence) == Some(true));
        shadow.presence = shown;
        let mut open = Vec::new();
        for slot in newly {
            let insists = match slot {
                Slot::Presence => false,
                Slot::Text => !presence_changed || unseen,
                Slot::Dnd | Slot::External | Slot::Internal | Slot::Nowhere | Slot::Label => true,
            };
            if !insists || leads(policy, slot) || !look.is_foreign(slot) {
                continue;
            }
            match sight.wanted(slot, policy, &self.people[look.key.1].own, &shadow.ended) {
                Wanted::This { .. } if slot == Slot::Text && unseen => open.push(slot),
                Wanted::This { .. } => shadow.ended[slot.index()].clone_from(&sight.running),
                // Ended or not: that depends on what is open already.
                Wanted::Open => open.push(slot),
                Wanted::Nothing => {}
            }
        }
        // What is kept from an earlier run until the calendar is read (§8.2) is judged then.
        let kept = |slot: Slot| look.followed && look.known.read.is_none() && look.is_foreign(slot);
        for slot in Slot::ALL.into_iter().filter(|slot| !kept(*slot)) {
            shadow.seen[slot.index()] = look.live.seen[slot.index()];
        }
        open
    }

    /// The decision is the model's, and the report names the writes.
    fn unexplained(&self, look: &Look<'_>, sight: &Sight) -> Complaints {
        let mut complaints = Vec::new();
        let mut complain = |what: String| complaints.push((Invariant::Explained, what));
        let stale = self.sabotage == Sabotage::StaleReports;
        let report = if stale { &look.known.report } else { &look.step.report };
        let decision = &report.decision;
        let number =
            |id: &Option<EventId>| id.as_ref().and_then(|id| id.as_str().trim_start_matches('e').parse::<u32>().ok());
        let text = decision.text.as_ref().map(|text| text.as_str().to_owned());
        let texts_agree = match (&text, &sight.text) {
            (Some(text), Some(whole)) if self.cuts_texts() => is_beginning(text, whole),
            (text, whole) => text == whole,
        };
        let agrees = number(&decision.winner) == sight.winner
            && number(&decision.action_from) == sight.action_from
            && decision.dnd == sight.dnd
            && decision.forward.external == sight.external
            && decision.forward.internal == sight.internal
            && decision.presence == sight.presence
            && texts_agree;
        if !agrees {
            complain(format!("the report's decision is {decision:?}, the model's {sight:?}"));
        }
        for write in &look.step.writes {
            let told = report.lines.get(&write.dimension).map(|line| &line.act);
            if told != Some(&Act::Write { value: write.to.clone(), purpose: write.purpose }) {
                complain(format!("{} is written and the report says {told:?}", write.dimension));
            }
        }
        let told = report.lines.values().filter(|line| matches!(line.act, Act::Write { .. })).count();
        if told != look.step.writes.len() {
            complain(format!("{told} writes are told, {} leave", look.step.writes.len()));
        }
        if self.watch.steps.is_multiple_of(SPOKEN) {
            let speaker = Speaker { language: Language::German, zone: &self.plan.zone };
            let said = speaker.explain(None, report, instant(self.now()));
            let silent = said.dimensions.iter().any(|(_, sentence)| sentence.is_empty());
            if silent || said.dimensions.len() < report.lines.len() {
                complain("a place has no sentence".to_owned());
            }
        }
        complaints
    }

    /// A person's change stands against the events that ran then.
    fn disrespect(&self, look: &Look<'_>, sight: &Sight, shadow: &Shadow) -> Complaints {
        let mut complaints = Vec::new();
        for write in look.step.writes.iter().filter(|write| write.purpose != Purpose::GiveBack && look.sees()) {
            let Some(slot) = Slot::of(&write.dimension) else { continue };
            let from = if slot.is_switch() { sight.action_from } else { sight.winner };
            let ended = from.is_some_and(|from| shadow.ended[slot.index()].contains(&from));
            let own = &self.people[look.key.1].own[slot.index()];
            let theirs = look.live.by_hand[slot.index()] && own.values.contains(&write.from) && !own.contested;
            if ended && theirs {
                let what = format!(
                    "{} is written over by event {from:?}, which a person had ended: {} {} {:?}",
                    write.dimension,
                    write.from.reveal(),
                    write.to.reveal(),
                    write.purpose
                );
                complaints.push((Invariant::PersonRespected, what));
            }
        }
        complaints
    }

    /// A reading that failed ends nothing, and begins nothing.
    fn ends_by_failure(&self, look: &Look<'_>) -> Option<(Invariant, String)> {
        // Due by time, or by a clock that was set back.
        let due = look.known.wake.is_some_and(|wake| millis(wake) <= self.now()) || self.now() < look.memory.looked;
        let same_belief = look.known.report.calendar_unknown == look.step.report.calendar_unknown;
        // What could not be committed is decided again and again.
        let stored = look.memory.commits == Commits::default() && self.t >= self.store_fails_until;
        let idle = look.known.answers.is_empty() && !look.known.report.waits && same_belief && stored;
        let writes = look.cause == Cause::FailedReading && !due && idle && !look.step.writes.is_empty();
        writes.then(|| {
            let names: Vec<String> = look.step.writes.iter().map(|write| write.dimension.to_string()).collect();
            (Invariant::FailedReadingEndsNothing, format!("after a failed reading {} is written", names.join(", ")))
        })
    }

    /// What the model knows of the user's own values after the step.
    fn remember(&mut self, user: usize, step: &Step, open: &[Slot]) {
        let seen = self.memory.as_ref().map_or([0; SLOTS], |memory| memory.accounts[user].seen);
        let person = &mut self.people[user];
        for slot in open {
            person.own[slot.index()].contest();
        }
        for slot in step.writes.iter().filter_map(|write| Slot::of(&write.dimension)) {
            if person.phone.changes[slot.index()] > seen[slot.index()] {
                // Somebody has changed it, and the decision could not know yet.
                self.tally.races += 1;
                person.own[slot.index()].contest();
            }
        }
        for (dimension, hold) in step.state.holds() {
            // Taken with a write or without.
            if let Some(slot) = Slot::of(dimension) {
                add(&mut person.own[slot.index()].written, &hold.ours);
            }
        }
    }

    /// The planted faults that reach into what is remembered.
    fn sabotage_step(&self, step: &mut Step) {
        let parts = [(Sabotage::IgnoresPeople, "sleeping"), (Sabotage::FightsOn, "fight")];
        let Some((_, part)) = parts.into_iter().find(|(sabotage, _)| *sabotage == self.sabotage) else { return };
        let Ok(mut written) = serde_json::to_value(&step.state) else { return };
        let Ok(empty) = serde_json::to_value(Keeping::<Value>::default()) else { return };
        if let Some(dimensions) = written["dimensions"].as_object_mut() {
            for keeping in dimensions.values_mut() {
                keeping[part] = empty[part].clone();
            }
        }
        if let Ok(state) = serde_json::from_value::<UserState>(written) {
            step.state = state;
        }
    }
}

impl Look<'_> {
    /// Whether the account could be judged.
    fn sees(&self) -> bool {
        matches!(self.live.mirror.account(), Account::Shown { .. }) && !self.live.in_flight
    }

    fn is_foreign(&self, slot: Slot) -> bool {
        self.is_ours(slot) == Some(false)
    }

    /// Whether what is shown in a place that was held is ours, or what was there before a write (§6.1).
    fn is_ours(&self, slot: Slot) -> Option<bool> {
        let dimension = slot.dimension();
        let held = self.known.state.holds().find(|(of, _)| **of == dimension).map(|(_, hold)| hold);
        // A give-back that is answered in this very step has ended the hold before anything is judged.
        let answered = |hold: &Hold<Value>| {
            let back = hold.pending.as_ref().filter(|pending| pending.purpose == Purpose::GiveBack);
            back.is_some_and(|back| self.known.answers.iter().any(|answer| answer.number == back.number))
        };
        let shows = self.shows(slot);
        held.filter(|hold| !answered(hold)).zip(shows).map(|(hold, shows)| hold.is_ours(&shows))
    }

    /// What the last reading, and what was acknowledged since, show in a place.
    fn shows(&self, slot: Slot) -> Option<Value> {
        match self.live.mirror.account() {
            Account::Shown { state, .. } => state.value(&slot.dimension()),
            Account::Unknown | Account::Gone => None,
        }
    }
}
