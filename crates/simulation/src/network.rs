//! What lies between the program and the telephone system: messages that come late, twice, in part or not at all.

use busylamp_core::{
    account::{AccountState, StatusText, Value},
    mirror::{Came, Ticket},
};

use crate::{
    due::Due,
    model::add,
    place::{SLOTS, Slot, shown},
    sabotage::Sabotage,
    shell::{Cause, Outgoing},
    time::{MINUTE, Millis, SECOND, instant},
    world::{CALM, World},
};

/// After this long without an answer a write's outcome is unknown.
const TIMEOUT: Millis = 10 * SECOND;
/// The longest that a write takes to arrive after nobody waits for it any more.
const LATEST: Millis = 3 * MINUTE;
/// The longest pause between two tries.
const LONGEST_PAUSE: Millis = 30 * SECOND;

/// Writes on their way.
pub(crate) struct Flight {
    pub(crate) run: u32,
    pub(crate) outgoing: Outgoing,
    came: Vec<Came>,
    /// The answer does not arrive.
    answer_lost: bool,
    /// The answer arrives twice.
    doubled: bool,
    /// Only the first so many arrive.
    reach: usize,
    sent: Millis,
    /// Nobody waits for it any longer.
    given_up: bool,
}

/// What a reading saw of an account.
pub(crate) struct Seen {
    state: Option<AccountState>,
    changes: [u64; SLOTS],
    by_hand: [bool; SLOTS],
}

impl World<'_> {
    // ---- writing ------------------------------------------------------------------------------------------------

    /// Writes leave.
    pub(crate) fn send(&mut self, outgoing: Outgoing) {
        let user = outgoing.key.1;
        let count = outgoing.writes.len();
        self.tally.writes += count as u64;
        let rough = self.plan.rough_network;
        let away = self.pbx_is_away();
        let dice = &mut self.people[user].dice;
        let (there, back) = (dice.range(5, 400), dice.range(5, 400));
        let fate = if rough { dice.range(0, 1000) } else { 999 };
        let part = usize::try_from(dice.range(0, count as i64)).unwrap_or(0);
        let latest = if dice.in_thousand(300) { LATEST } else { TIMEOUT / 2 };
        let late = TIMEOUT + dice.range(200, latest);
        let mut flight = Flight {
            run: self.run,
            came: vec![Came::Unknown; count],
            outgoing,
            answer_lost: false,
            doubled: false,
            reach: count,
            sent: self.t,
            given_up: false,
        };
        let mut lands = Some(there);
        let mut answers = there + back;
        match fate {
            _ if away => {
                lands = None;
                answers = if fate < 500 { 200 } else { TIMEOUT };
            }
            0..30 => {
                self.tally.lost_writes += 1;
                lands = None;
                answers = TIMEOUT;
            }
            30..55 => {
                self.tally.lost_answers += 1;
                flight.answer_lost = true;
                answers = TIMEOUT;
            }
            55..80 => {
                self.tally.lost_writes += 1;
                flight.reach = part;
                answers = TIMEOUT;
            }
            80..95 => {
                self.tally.late_writes += 1;
                flight.answer_lost = true;
                lands = Some(late);
                answers = TIMEOUT;
            }
            95..125 => {
                self.tally.doubled_answers += 1;
                flight.doubled = true;
            }
            _ => {}
        }
        if answers == TIMEOUT || lands.is_none() {
            self.disturb(user, TIMEOUT + CALM);
        }
        self.watch.flights += 1;
        let number = self.watch.flights;
        self.flights.insert(number, flight);
        if let Some(lands) = lands {
            self.after(lands, Due::Land { flight: number });
        }
        self.after(answers, Due::Answered { flight: number });
    }

    /// Writes reach the telephone system.
    pub(crate) fn land(&mut self, number: u64) {
        let Some(mut flight) = self.flights.remove(&number) else { return };
        let (instance, user) = flight.outgoing.key;
        let now = self.t;
        let away = self.pbx_is_away();
        for (index, write) in flight.outgoing.writes.iter().enumerate().take(flight.reach) {
            let Some(slot) = Slot::of(&write.dimension) else { continue };
            let phone = &self.people[user].phone;
            if away || !phone.exists {
                continue;
            }
            if phone.refused.iter().any(|(refused, until)| *refused == slot && now < *until) {
                flight.came[index] = Came::Refused;
                continue;
            }
            flight.came[index] = Came::Acknowledged;
            let value = self.kept(slot, &write.to);
            let stray =
                !self.is_awaited(instance, user, write) && self.people[user].phone.values[slot.index()] != value;
            if stray {
                // It came after a later one was answered: as if somebody else had set it.
                self.tally.strays += 1;
                self.tell(|| format!("user {user}: a stray write to {slot:?} lands"));
                self.by_hand(user, slot, value.clone());
                let own = &mut self.people[user].own[slot.index()];
                own.contest();
                if slot == Slot::Label {
                    own.named(&value);
                }
                self.phone_changed(user);
                continue;
            }
            let person = &mut self.people[user];
            let phone = &mut person.phone;
            if flight.given_up && phone.values[slot.index()] != value {
                // Whoever has read the account just before takes what comes now for somebody else's.
                self.tally.strays += 1;
                let own = &mut person.own[slot.index()];
                add(&mut own.values, &value);
                own.contest();
                if slot == Slot::Label {
                    own.named(&value);
                }
            }
            if phone.by_hand[slot.index()] && phone.changes[slot.index()] > flight.outgoing.seen[slot.index()] {
                // Somebody changed it while the write was on its way: which of the two is the own value is open.
                self.tally.races += 1;
                person.own[slot.index()].contest();
            }
            phone.values[slot.index()] = value;
            phone.by_hand[slot.index()] = false;
            self.watch.landed(user, slot, now);
        }
        if flight.outgoing.writes.iter().any(|write| Slot::of(&write.dimension).is_some())
            && self.people[user].dice.in_thousand(200)
        {
            // The system tells of our own changes too.
            self.read_soon(user, 300);
        }
        if flight.given_up {
            self.disturb(user, CALM);
        } else {
            self.flights.insert(number, flight);
        }
    }

    /// What the telephone system keeps of a value.
    pub(crate) fn kept(&self, slot: Slot, value: &Value) -> Value {
        match (value, self.plan.cuts_texts_at) {
            (Value::Text(text), Some(length)) if slot == Slot::Text => {
                Value::Text(StatusText::new(text.as_str().chars().take(length).collect::<String>()))
            }
            _ => value.clone(),
        }
    }

    /// Whether texts are cut: by the telephone system, or because a late write was taken for that once (§6.9).
    pub(crate) fn cuts_texts(&self) -> bool {
        let learned = self.memory.as_ref().is_some_and(|memory| memory.text_limits.iter().any(Option::is_some));
        self.plan.cuts_texts_at.is_some() || learned
    }

    /// Whether somebody still waits for this write, or has its value for ours.
    fn is_awaited(&self, instance: usize, user: usize, write: &busylamp_core::keeper::Write) -> bool {
        let on_disk = self.disk.states.get(&(instance, user)).map(|(state, _)| state);
        let state = match &self.memory {
            Some(memory) => Some(&memory.users[instance][user].state),
            None => on_disk,
        };
        state.is_some_and(|state| {
            state.holds().any(|(dimension, hold)| {
                *dimension == write.dimension
                    && hold.pending.as_ref().map_or(hold.ours == write.to, |pending| pending.number == write.number)
            })
        })
    }

    /// The answer comes, or nobody waits for it any longer.
    pub(crate) fn answered(&mut self, number: u64) {
        let Some(flight) = self.flights.get(&number) else { return };
        let user = flight.outgoing.key.1;
        if self.pbx_is_away() && self.t - flight.sent < TIMEOUT {
            // The way back is cut.
            let at = flight.sent + TIMEOUT;
            if let Some(flight) = self.flights.get_mut(&number) {
                flight.answer_lost = true;
            }
            self.at(at, Due::Answered { flight: number });
            self.disturb(user, TIMEOUT + CALM);
            return;
        }
        let lands_later =
            flight.answer_lost && flight.came.iter().all(|came| *came == Came::Unknown) && flight.reach > 0;
        let came: Vec<Came> =
            if flight.answer_lost { vec![Came::Unknown; flight.came.len()] } else { flight.came.clone() };
        let (run, outgoing, doubled) = (flight.run, flight.outgoing.clone(), flight.doubled);
        if !lands_later {
            self.flights.remove(&number);
        } else if let Some(flight) = self.flights.get_mut(&number) {
            flight.given_up = true;
        }
        if run != self.run || self.memory.is_none() {
            return;
        }
        self.take_answer(&outgoing, &came, doubled);
    }

    /// What is answered is a fact, what is not makes the reading worthless.
    fn take_answer(&mut self, outgoing: &Outgoing, came: &[Came], doubled: bool) {
        let (instance, user) = outgoing.key;
        let run = self.run;
        let sabotage = self.sabotage;
        let Some(memory) = &mut self.memory else { return };
        let live = &mut memory.accounts[user];
        live.in_flight = false;
        self.watch.answered(user);
        if self.configs[instance].activation != outgoing.activation {
            // Switched off and on meanwhile: the answer is not looked at, so nothing is known of these writes.
            live.mirror.invalidate();
            for slot in outgoing.writes.iter().filter_map(|write| Slot::of(&write.dimension)) {
                self.watch.unknown(user, slot);
            }
            self.read_soon(user, 10);
            return;
        }
        for (write, came) in outgoing.writes.iter().zip(came) {
            let Some(slot) = Slot::of(&write.dimension) else { continue };
            match came {
                Came::Acknowledged => self.watch.acknowledged(user, slot),
                Came::Refused => {
                    self.watch.unknown(user, slot);
                    self.people[user].own[slot.index()].contest();
                }
                Came::Unknown => self.watch.unknown(user, slot),
            }
        }
        let lost = came.contains(&Came::Unknown);
        self.tell(|| format!("user {user}, instance {instance}: answered {came:?}"));
        let now = instant(self.now());
        let Some(memory) = &mut self.memory else { return };
        let live = &mut memory.accounts[user];
        let mut answers = live.mirror.answered(&outgoing.writes, came, now);
        // In whatever order.
        if self.people[user].dice.in_thousand(300) {
            answers.reverse();
        }
        memory.users[instance][user].answers.extend(answers.iter().cloned());
        memory.touch(outgoing.key, Cause::Any);
        let wants = std::mem::take(&mut memory.accounts[user].wants_reading) || lost;
        if doubled && sabotage == Sabotage::None {
            let span = self.people[user].dice.range(10, 40_000);
            self.after(span, Due::AnswerAgain { run, key: outgoing.key, activation: outgoing.activation, answers });
        }
        if wants {
            let span = if lost { self.people[user].dice.range(10, SECOND) } else { 5 };
            self.read_soon(user, span);
        }
    }

    // ---- reading ------------------------------------------------------------------------------------------------

    /// An account is asked for, unless a write is on its way to it.
    pub(crate) fn read_account(&mut self, user: usize) {
        let rough = self.plan.rough_network;
        let away = self.pbx_is_away();
        let run = self.run;
        let Some(memory) = &mut self.memory else { return };
        let live = &mut memory.accounts[user];
        if live.in_flight {
            live.wants_reading = true;
            return;
        }
        if live.reading {
            live.wants_reading = true;
            return;
        }
        live.reading = true;
        live.wants_reading = false;
        let ticket = live.mirror.begin();
        let dice = &mut self.people[user].dice;
        let span = dice.range(5, 300);
        if away || rough && dice.in_thousand(20) {
            self.after(span, Due::Observed { run, user, ticket, seen: None });
        } else {
            self.after(span, Due::Snapshot { run, user, ticket });
        }
    }

    /// The telephone system looks.
    pub(crate) fn snapshot(&mut self, run: u32, user: usize, ticket: Ticket) {
        let person = &mut self.people[user];
        let phone = &person.phone;
        let seen =
            Seen { state: phone.exists.then(|| shown(&phone.values)), changes: phone.changes, by_hand: phone.by_hand };
        let span = person.dice.range(5, 300);
        self.after(span, Due::Observed { run, user, ticket, seen: Some(seen) });
    }

    /// A reading comes back.
    pub(crate) fn observed(&mut self, user: usize, ticket: Ticket, seen: Option<Seen>) {
        let away = self.pbx_is_away();
        let Some(memory) = &mut self.memory else { return };
        let live = &mut memory.accounts[user];
        live.reading = false;
        let Some(seen) = seen.filter(|_| !away) else {
            let pause = (SECOND << live.failures.min(5)).min(LONGEST_PAUSE);
            live.failures += 1;
            // What can't be read is not judged by what was read earlier (§6.8, §7.2).
            live.mirror.invalidate();
            live.wants_reading = true;
            memory.touch((0, user), Cause::Any);
            memory.touch((1, user), Cause::Any);
            self.read_soon(user, pause);
            self.disturb(user, pause + CALM);
            return;
        };
        live.failures = 0;
        let counts = live.mirror.observe(ticket, seen.state);
        if counts {
            let news = live.seen != seen.changes;
            live.seen = seen.changes;
            live.by_hand = seen.by_hand;
            memory.touch((0, user), Cause::Any);
            memory.touch((1, user), Cause::Any);
            if news {
                self.disturb(user, CALM);
            }
        } else {
            memory.accounts[user].wants_reading = true;
        }
        if std::mem::take(&mut self.memory_mut(user).wants_reading) {
            self.read_soon(user, 10);
        }
        self.tell(|| format!("user {user} was read{}", if counts { "" } else { ", too late to count" }));
    }
}
