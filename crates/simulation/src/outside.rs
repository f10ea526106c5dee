//! What happens from outside, as the plan has it.

use crate::{
    dice::Dice,
    due::Due,
    plan::Outside,
    time::{HOUR, Millis},
    world::{CALM, CALM_AFTER_CLOCK, CALM_AFTER_REFUSAL, CLOCK_LOOK, POLL, World},
};

impl World<'_> {
    pub(crate) fn outside(&mut self, what: &Outside) {
        match what {
            Outside::Put { user, appointment } => {
                let person = &mut self.people[*user];
                if self.t > self.plan.begins {
                    person.old = person.mailboxes[0].values().cloned().collect();
                }
                person.mailboxes[0].insert(appointment.id, (**appointment).clone());
                let past = self.t - 4 * 24 * HOUR;
                let zone = &self.plan.zone;
                person.mailboxes[0].retain(|_, known| known.interval(zone).1 > past);
                self.calendar_changed(*user);
            }
            Outside::Remove { user, id } => {
                let person = &mut self.people[*user];
                person.old = person.mailboxes[0].values().cloned().collect();
                person.mailboxes[0].remove(id);
                self.calendar_changed(*user);
            }
            Outside::ByHand { user, values } => {
                self.tally.by_hand += 1;
                for (slot, value) in values {
                    self.by_hand(*user, *slot, value.clone());
                }
                self.phone_changed(*user);
            }
            Outside::Refuses { user, slots, lasting } => {
                self.tally.refusals += 1;
                let until = self.t + lasting;
                self.people[*user].phone.refused.extend(slots.iter().map(|slot| (*slot, until)));
                for slot in slots {
                    self.people[*user].own[slot.index()].contest();
                }
                self.disturb(*user, lasting + CALM_AFTER_REFUSAL);
            }
            Outside::Deleted { user, lasting } => {
                self.tally.changes_by_administrators += 1;
                let person = &mut self.people[*user];
                person.phone.exists = false;
                person.gone_until = person.gone_until.max(self.t + lasting);
                self.phone_changed(*user);
                self.after(*lasting, Due::Back);
                self.disturb(*user, lasting + CALM);
            }
            Outside::Leaves { user, instance, lasting } => {
                self.tally.changes_by_administrators += 1;
                let person = &mut self.people[*user];
                if person.left_until[*instance] < Millis::MAX {
                    person.left_until[*instance] = person.left_until[*instance].max(self.t + lasting);
                    self.ask_directories();
                    self.after(*lasting, Due::Directories);
                }
            }
            Outside::Address { user, other, lasting } => {
                self.tally.changes_by_administrators += 1;
                self.people[*user].address_away = Some((*other, self.t + lasting));
                self.ask_directories();
                self.after(*lasting, Due::Directories);
            }
            Outside::Paused { user, instance, lasting } => self.pause((*instance, *user), *lasting),
            Outside::Lie { user, old } => {
                self.people[*user].lie = Some(*old);
                self.calendar_changed(*user);
            }
            Outside::PbxAway { lasting } => {
                self.tally.outages += 1;
                self.pbx_away_until = self.pbx_away_until.max(self.t + lasting);
                self.after(*lasting, Due::Back);
                self.disturb_all(lasting + CALM);
            }
            Outside::CalendarAway { lasting } => {
                self.tally.outages += 1;
                self.calendar_goes();
                self.calendar_away_until = self.calendar_away_until.max(self.t + lasting);
                self.after(*lasting, Due::Back);
                self.disturb_all(CALM);
            }
            Outside::Crash { after, lasting } => {
                self.crash_after = Some((*after, *lasting));
                if *after == 0 {
                    self.effect();
                }
            }
            Outside::Stop { lasting } => {
                self.tally.stops += 1;
                self.ends(*lasting);
            }
            Outside::StoreFails { lasting } => {
                self.tally.outages += 1;
                self.store_fails_until = self.store_fails_until.max(self.t + lasting);
                // Giving back goes on.
                self.disturb_all(CALM);
                self.after(*lasting, Due::StoreBack);
            }
            Outside::ClockWrong { by, lasting } => {
                self.wrong_clocks.push((self.t + lasting, *by));
                self.set_clock(*by);
                self.after(*lasting, Due::Back);
            }
            Outside::Suspend { lasting } => {
                self.tally.clock_jumps += 1;
                self.suspended_until = self.suspended_until.max(self.t + lasting);
                self.after(*lasting, Due::Back);
                self.disturb_all(lasting + CALM_AFTER_CLOCK);
            }
            Outside::Policy { instance, policy } => self.policy(*instance, policy),
            Outside::Deactivated { instance, lasting } => self.deactivate(*instance, *lasting),
            Outside::Moved { instance, lasting } => {
                self.moves(*instance);
                self.after(*lasting, Due::MovesBack { instance: *instance });
            }
            Outside::HalfDirectory { instance } => self.half_directory(*instance),
        }
    }

    fn set_clock(&mut self, by: Millis) {
        self.tally.clock_jumps += 1;
        let before = self.now();
        if let Some(memory) = &mut self.memory {
            memory.looked = memory.looked.max(before);
        }
        self.skew += by;
        let run = self.run;
        let mut dice = Dice::new(self.plan.seed, &[5, self.tally.clock_jumps]);
        self.after(dice.range(0, CLOCK_LOOK), Due::LookAgain { run });
        self.disturb_all(CALM_AFTER_CLOCK);
    }

    /// Whatever was to be back by now is.
    pub(crate) fn back(&mut self) {
        let over: Vec<Millis> =
            self.wrong_clocks.iter().filter(|(until, _)| *until <= self.t).map(|(_, by)| *by).collect();
        self.wrong_clocks.retain(|(until, _)| *until > self.t);
        for by in over {
            self.set_clock(-by);
        }
        for user in 0..self.people.len() {
            let person = &mut self.people[user];
            if !person.phone.exists && person.gone_until <= self.t {
                self.made_anew(user);
            }
        }
        if !self.pbx_is_away() {
            for user in 0..self.people.len() {
                if self.memory.as_ref().is_some_and(|memory| memory.accounts[user].wants_reading || !memory.sees(user))
                {
                    self.read_soon(user, POLL);
                }
            }
        }
        if !self.calendar_is_away() {
            self.calendar_comes();
        }
    }
}
