//! Holidays over weeks and days on the road, at most one of each a quarter.

use jiff::civil::Date;

use super::{Company, appointment, dice::Dice, key::Key, people::Person};
use crate::{
    clock::add_days,
    mailbox::item::{Item, Span},
};

/// The first day of a quarter, counted from the year 2000.
pub(super) fn start_of(quarter: u32) -> Date {
    let year = i16::try_from(2000 + quarter / 4).unwrap_or(2000);
    let month = i8::try_from(quarter % 4 * 3 + 1).unwrap_or(1);
    Date::new(year, month, 1).unwrap_or(Date::constant(2000, 1, 1))
}

/// The quarter of a day; days before the year 2000 count as its first.
fn quarter_of(day: Date) -> u32 {
    let years = u32::try_from(i32::from(day.year()) - 2000).unwrap_or(0);
    years * 4 + u32::from(day.month().unsigned_abs().saturating_sub(1)) / 3
}

impl Company {
    /// What takes a person away on any day from `first` to `last`.
    pub(super) fn absences(&self, person: &Person, first: Date, last: Date) -> Vec<Item> {
        let quarters = quarter_of(first).saturating_sub(1)..=quarter_of(last);
        quarters
            .flat_map(|quarter| [self.holiday(person, quarter), self.trip(person, quarter)])
            .flatten()
            .filter(|item| matches!(item.span, Span::Days { first: a, last: b } if a <= last && b >= first))
            .collect()
    }

    fn holiday(&self, person: &Person, quarter: u32) -> Option<Item> {
        let mut dice = Dice::new(self.seed, &[0xab5, person.number as u64, quarter.into()]);
        if !dice.chance(65) {
            return None;
        }
        let first = add_days(start_of(quarter), i64::try_from(dice.below(70)).unwrap_or(0));
        let last = add_days(first, i64::try_from(3 + dice.below(16)).unwrap_or(0));
        let subject = if person.english { "Annual leave" } else { "Urlaub" };
        let id = self.id(person, Key::Absence(quarter, 0));
        Some(appointment(id, subject, "out_of_office", Span::Days { first, last }, &person.zone))
    }

    fn trip(&self, person: &Person, quarter: u32) -> Option<Item> {
        let mut dice = Dice::new(self.seed, &[0x781b, person.number as u64, quarter.into()]);
        if !dice.chance(30) {
            return None;
        }
        let first = add_days(start_of(quarter), i64::try_from(dice.below(85)).unwrap_or(0));
        let last = add_days(first, i64::try_from(dice.below(3)).unwrap_or(0));
        let (subject, kind) =
            *dice.pick(&[("Messe Hannover", "free"), ("Schulung", "busy"), ("Dienstreise", "out_of_office")]);
        let id = self.id(person, Key::Absence(quarter, 1));
        Some(appointment(id, subject, kind, Span::Days { first, last }, &person.zone))
    }
}
