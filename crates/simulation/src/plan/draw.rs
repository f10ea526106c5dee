//! Drawing a company's years from a seed.

use busylamp_core::{
    account::Value,
    event::{Kind, Response, Sensitivity},
    policy::{Action, Actions, ChangeDuringEvent, ManualChange, Policy, Presences, WantedPresence},
};
use jiff::{Timestamp, tz::TimeZone};

use super::{Entry, Outside, Plan, Size, Start, Weather};
use crate::{
    calendar::{Appointment, Keyword, Span},
    dice::Dice,
    place::Slot,
    time::{DAY, HOUR, MINUTE, Millis, SECOND, instant},
};

const TITLES: [&str; 6] =
    ["Jour fixe", "Einkauf", "Messe", "Arzt", "Zahnarzt", "Planung mit den Kollegen aus dem Vertrieb"];
const ZONES: [&str; 4] = ["Europe/Berlin", "America/New_York", "America/Santiago", "Asia/Kathmandu"];
/// Calendars are filled this far ahead.
const AHEAD: u32 = 12;

impl Plan {
    /// Draws everything.
    pub(crate) fn draw(seed: u64, size: Size, weather: Weather) -> Self {
        let mut dice = Dice::new(seed, &[0]);
        let zone_name = if dice.in_thousand(600) { ZONES[0] } else { dice.pick(&ZONES) };
        let zone = TimeZone::get(zone_name).unwrap_or(TimeZone::UTC);
        // Long spans meet every change of the clocks; short ones begin a few days before one of them at times.
        let year = "2026-01-05T00:00:00Z".parse::<Timestamp>().map_or(0, Timestamp::as_millisecond);
        let day = if dice.in_thousand(300) { *dice.pick(&[81, 291, 60, 240]) } else { dice.range(0, 350) };
        let begins = year + if size.days > 200 { 0 } else { day * DAY };
        let ends = begins + i64::from(size.days) * DAY;
        let policies = [policy(&mut dice), policy(&mut dice)];
        let active = [true, weather.second_instance && dice.in_thousand(600)];
        let cuts_texts_at = (!weather.faults && dice.in_thousand(150)).then_some(6);
        let mut plan = Self {
            seed,
            begins,
            ends,
            zone,
            zone_name,
            policies,
            active,
            users: Vec::new(),
            rough_network: weather.faults,
            cuts_texts_at,
            entries: Vec::new(),
        };
        for user in 0..size.users {
            let mut dice = Dice::new(seed, &[1, user as u64]);
            plan.users.push(start(user as u64, &mut dice, weather));
            plan.draw_user(user, size.days, weather, &mut dice);
        }
        if weather.faults {
            plan.draw_faults(size.days, &mut Dice::new(seed, &[2]));
        }
        if weather.administrators {
            plan.draw_administrators(size.days, weather, &mut Dice::new(seed, &[3]));
        }
        plan.entries.sort_by_key(|entry| entry.at);
        plan
    }

    fn add(&mut self, at: Millis, what: Outside) {
        self.entries.push(Entry { at, what });
    }

    fn draw_user(&mut self, user: usize, days: u32, weather: Weather, dice: &mut Dice) {
        let mut id = 0;
        for day in 0..days + AHEAD {
            let midnight = self.begins + i64::from(day) * DAY;
            let mut today = Vec::new();
            for _ in 0..dice.range(0, 7) {
                id += 1;
                today.push(appointment(id, midnight, dice));
            }
            let known = self.begins.max(midnight - i64::from(AHEAD) * DAY);
            for appointment in &today {
                self.add(known, Outside::Put { user, appointment: Box::new(appointment.clone()) });
            }
            if day >= days {
                continue;
            }
            for _ in 0..dice.range(0, 4) {
                let at = midnight + dice.range(6 * HOUR, 20 * HOUR);
                self.draw_edit(user, at, &mut today, &mut id, dice);
            }
            if weather.people {
                self.draw_person(user, midnight, &today, dice);
            }
            if weather.faults && dice.in_thousand(80) {
                let at = midnight + dice.range(0, DAY);
                self.add(at, Outside::Lie { user, old: dice.in_thousand(500) });
            }
            if weather.faults && dice.in_thousand(40) {
                let slots = Slot::ALL.into_iter().filter(|_| dice.in_thousand(400)).collect();
                let lasting = dice.range(MINUTE, 2 * HOUR);
                let at = midnight + dice.range(6 * HOUR, 20 * HOUR);
                self.add(at, Outside::Refuses { user, slots, lasting });
            }
            if weather.administrators {
                self.draw_directory(user, midnight, weather, dice);
            }
        }
    }

    fn draw_edit(&mut self, user: usize, at: Millis, today: &mut [Appointment], id: &mut u32, dice: &mut Dice) {
        let index = usize::try_from(dice.range(0, 8)).unwrap_or(0);
        let Some(known) = today.get_mut(index) else {
            *id += 1;
            let start = (at + dice.range(-30, 60) * MINUTE) / MINUTE * MINUTE;
            let mut new = appointment(*id, at, dice);
            new.span = Span::Timed { start, end: start + dice.range(1, 90) * MINUTE };
            self.add(at, Outside::Put { user, appointment: Box::new(new) });
            return;
        };
        match dice.range(0, 5) {
            0 => {
                self.add(at, Outside::Remove { user, id: known.id });
                return;
            }
            1 => known.cancelled = !known.cancelled,
            2 => known.kind = *dice.pick(&Kind::ALL),
            3 => known.keyword = *dice.pick(&Keyword::ALL),
            _ => {
                let start = (at + dice.range(-60, 120) * MINUTE) / MINUTE * MINUTE;
                known.span = Span::Timed { start, end: start + dice.range(1, 90) * MINUTE };
            }
        }
        self.add(at, Outside::Put { user, appointment: Box::new(known.clone()) });
    }

    fn draw_person(&mut self, user: usize, midnight: Millis, today: &[Appointment], dice: &mut Dice) {
        for _ in 0..dice.range(0, 5) {
            let index = usize::try_from(dice.range(0, 8)).unwrap_or(0);
            let at = match today.get(index).map(|appointment| appointment.span) {
                Some(Span::Timed { start, end }) if dice.in_thousand(800) => start + dice.range(0, end - start),
                // Shortly before or after something begins or ends.
                Some(Span::Timed { start, end }) => *dice.pick(&[start, end]) + dice.range(-3 * SECOND, 3 * SECOND),
                Some(Span::Days { .. }) | None => midnight + dice.range(6 * HOUR, 20 * HOUR),
            };
            let at = at.clamp(self.begins, self.ends);
            let times = if dice.in_thousand(60) { dice.range(2, 5) } else { 1 };
            for time in 0..times {
                let mut values = vec![by_hand(dice)];
                if dice.in_thousand(150) {
                    values.push(by_hand(dice));
                }
                let at = at + time * dice.range(SECOND, 2 * MINUTE);
                self.add(at, Outside::ByHand { user, values });
            }
        }
        // Another program that insists.
        if dice.in_thousand(15) {
            let begins = today.iter().find_map(|appointment| match appointment.span {
                Span::Timed { start, .. } => Some(start),
                Span::Days { .. } => None,
            });
            let at = begins.map_or(midnight + 9 * HOUR, |start| start + MINUTE).clamp(self.begins, self.ends);
            let values = vec![by_hand(dice)];
            for time in 0..dice.range(10, 180) {
                self.add(at + time * 20 * SECOND, Outside::ByHand { user, values: values.clone() });
            }
        }
    }

    fn draw_directory(&mut self, user: usize, midnight: Millis, weather: Weather, dice: &mut Dice) {
        let at = midnight + dice.range(0, DAY);
        let lasting = dice.range(MINUTE, 10 * HOUR);
        if dice.in_thousand(50) {
            let instance = usize::from(weather.second_instance && dice.in_thousand(300));
            self.add(at, Outside::Leaves { user, instance, lasting });
        }
        if dice.in_thousand(25) {
            self.add(at + HOUR, Outside::Address { user, other: dice.in_thousand(500), lasting });
        }
        if dice.in_thousand(8) {
            self.add(at + 2 * HOUR, Outside::Deleted { user, lasting });
        }
        if dice.in_thousand(40) {
            let instance = usize::from(weather.second_instance && dice.in_thousand(300));
            self.add(midnight + dice.range(6 * HOUR, 20 * HOUR), Outside::Paused { user, instance, lasting });
        }
    }

    fn draw_faults(&mut self, days: u32, dice: &mut Dice) {
        for day in 0..days {
            let midnight = self.begins + i64::from(day) * DAY;
            let moment = |dice: &mut Dice| midnight + dice.range(0, DAY);
            let mut add = |at, what| self.entries.push(Entry { at, what });
            let lengths = [20 * SECOND, 2 * MINUTE, 10 * MINUTE, 2 * HOUR];
            let often = |dice: &mut Dice, thousandths: i64| {
                let length = *dice.pick(&lengths);
                dice.in_thousand(thousandths).then(|| (moment(dice), dice.range(SECOND, length)))
            };
            if let Some((at, lasting)) = often(dice, 600) {
                add(at, Outside::PbxAway { lasting });
            }
            if let Some((at, lasting)) = often(dice, 600) {
                add(at, Outside::CalendarAway { lasting: lasting * 3 });
            }
            if dice.in_thousand(10) {
                let lasting = dice.range(60, 90) * HOUR;
                add(midnight, Outside::CalendarAway { lasting });
            }
            for _ in 0..4 {
                if let Some((at, lasting)) = often(dice, 800) {
                    let after = u32::try_from(dice.range(0, 12)).unwrap_or(0);
                    let lasting = if dice.in_thousand(700) { 3 * SECOND } else { lasting };
                    // Whole minutes are when things begin and end: then many effects follow each other.
                    add((at / (15 * MINUTE)) * (15 * MINUTE) - 10, Outside::Crash { after, lasting });
                }
            }
            if let Some((at, lasting)) = often(dice, 250) {
                add(at, Outside::Stop { lasting });
            }
            if let Some((at, lasting)) = often(dice, 200) {
                add(at, Outside::StoreFails { lasting });
            }
            if let Some((at, lasting)) = often(dice, 250) {
                let far = *dice.pick(&[4 * SECOND, 4 * MINUTE, 4 * MINUTE, 6 * HOUR]);
                let by = dice.range(-far, far);
                add(at, Outside::ClockWrong { by, lasting });
            }
            if let Some((at, lasting)) = often(dice, 150) {
                add(at, Outside::Suspend { lasting });
            }
        }
    }

    fn draw_administrators(&mut self, days: u32, weather: Weather, dice: &mut Dice) {
        for day in 0..days {
            let midnight = self.begins + i64::from(day) * DAY;
            for instance in 0..=usize::from(weather.second_instance) {
                let at = midnight + dice.range(0, DAY);
                if dice.in_thousand(250) {
                    let policy = Box::new(policy(dice));
                    self.add(at, Outside::Policy { instance, policy });
                }
                let at = midnight + dice.range(0, DAY);
                if dice.in_thousand(250) {
                    self.add(at, Outside::Deactivated { instance, lasting: dice.range(SECOND, 3 * HOUR) });
                }
                let at = midnight + dice.range(0, DAY);
                if dice.in_thousand(80) {
                    self.add(at, Outside::HalfDirectory { instance });
                }
                let at = midnight + dice.range(0, DAY);
                if dice.in_thousand(40) {
                    self.add(at, Outside::Moved { instance, lasting: dice.range(MINUTE, 30 * HOUR) });
                }
            }
        }
    }
}

fn start(number: u64, dice: &mut Dice, weather: Weather) -> Start {
    let values = Slot::ALL.into_iter().map(|slot| (slot, slot.at_the_start(dice))).collect();
    let second = weather.second_instance && dice.in_thousand(400);
    Start { number, values, member: [!second || dice.in_thousand(700), second] }
}

fn by_hand(dice: &mut Dice) -> (Slot, Value) {
    let slot = *dice.pick(&Slot::ALL);
    (slot, slot.by_hand(dice))
}

fn appointment(id: u32, midnight: Millis, dice: &mut Dice) -> Appointment {
    let minutes = match dice.range(0, 20) {
        0 => dice.range(0, 24 * 60),
        1 => dice.range(7 * 60, 19 * 60),
        _ => dice.range(7 * 4, 19 * 4) * 15,
    };
    let length = match dice.range(0, 20) {
        0 => dice.range(1, 16 * 60),
        1 => dice.range(0, 5),
        _ => dice.range(1, 8) * 15,
    };
    let start = midnight + minutes * MINUTE;
    let span = if dice.in_thousand(50) {
        let first = TimeZone::UTC.to_datetime(instant(midnight)).date();
        let days = dice.range(0, 3);
        Span::Days { first, last: first.saturating_add(jiff::Span::new().days(days)) }
    } else {
        Span::Timed { start, end: start + length * MINUTE }
    };
    let keyword = if dice.in_thousand(300) { *dice.pick(&Keyword::ALL) } else { Keyword::None };
    let sensitivity = if dice.in_thousand(100) { Sensitivity::Private } else { Sensitivity::Normal };
    let response = match dice.range(0, 12) {
        0 => Response::Declined,
        1 => Response::NotResponded,
        2 => Response::Accepted,
        _ => Response::None,
    };
    let title = TITLES[usize::try_from(dice.range(0, 6)).unwrap_or(0)];
    let kind =
        *dice.pick(&[Kind::Busy, Kind::Busy, Kind::OutOfOffice, Kind::Tentative, Kind::Free, Kind::WorkingElsewhere]);
    Appointment { id, span, kind, title, keyword, sensitivity, response, cancelled: dice.in_thousand(30) }
}

/// Any policy that an administrator may choose, as far as its effects are looked at here.
fn policy(dice: &mut Dice) -> Policy {
    let mut action = || *dice.pick(&[Action::None, Action::Dnd, Action::Dnd, Action::Forward]);
    let actions = Actions {
        free: action(),
        tentative: action(),
        busy: action(),
        out_of_office: action(),
        working_elsewhere: action(),
    };
    let mut presences = Presences::default();
    if dice.in_thousand(200) {
        presences.busy = *dice.pick(&[WantedPresence::Leave, WantedPresence::Away, WantedPresence::FreeForChat]);
        presences.tentative = *dice.pick(&[WantedPresence::Leave, WantedPresence::Away, WantedPresence::Unavailable]);
    }
    Policy {
        actions,
        presences,
        forward_internal_calls: dice.in_thousand(500),
        change_during_event: if dice.in_thousand(750) { ChangeDuringEvent::Follow } else { ChangeDuringEvent::Latch },
        manual_change: if dice.in_thousand(600) { ManualChange::StandBack } else { ManualChange::Lead },
        set_presence: dice.in_thousand(750),
        lead: dice.in_thousand(350),
        ignore_away: dice.in_thousand(500),
        title_as_text: dice.in_thousand(750),
        no_text_when_free: dice.in_thousand(300),
        join_parallel_titles: dice.in_thousand(200),
        blf_labels: dice.in_thousand(500),
        keep_on_deactivate: dice.in_thousand(300),
        ..Policy::default()
    }
}
