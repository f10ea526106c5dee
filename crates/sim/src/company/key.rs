//! The ids of what the company puts into calendars. An id says what it names, so that nothing has to be kept.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::civil::Date;

use super::dice::Dice;
use crate::clock::{add_days, days_between};

/// How immutable ids of Exchange begin.
const PREFIX: &str = "AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A";
const EPOCH: Date = Date::constant(2000, 1, 1);

/// What an id names in one person's calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// A series, by its number in the company.
    Series(u32),
    /// The n-th appointment of a day.
    Day(Date, u8),
    /// The holiday or the trip of a quarter, counted from the year 2000.
    Absence(u32, u8),
}

impl Key {
    pub(crate) fn id(self, seed: u64, person: usize) -> String {
        let (tag, a, b) = match self {
            Self::Series(number) => (1, number, 0),
            Self::Day(date, slot) => (2, u32::try_from(days_between(EPOCH, date)).unwrap_or(0), slot),
            Self::Absence(quarter, slot) => (3, quarter, slot),
        };
        let person = u32::try_from(person).unwrap_or(u32::MAX);
        let mut bytes = vec![tag];
        bytes.extend(person.to_be_bytes());
        bytes.extend(a.to_be_bytes());
        bytes.push(b);
        bytes.extend(seal(seed, tag, person, a, b).to_be_bytes());
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What an id names, if it is one of this company and this person.
    pub(crate) fn parse(id: &str, seed: u64, person: usize) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(id.strip_prefix(PREFIX)?).ok()?;
        let [tag, rest @ ..] = bytes.as_slice() else { return None };
        let (owner, rest) = rest.split_first_chunk::<4>()?;
        let (a, rest) = rest.split_first_chunk::<4>()?;
        let [b, seal_bytes @ ..] = rest else { return None };
        let (owner, a) = (u32::from_be_bytes(*owner), u32::from_be_bytes(*a));
        if usize::try_from(owner).ok()? != person || seal_bytes != seal(seed, *tag, owner, a, *b).to_be_bytes() {
            return None;
        }
        match tag {
            1 => Some(Self::Series(a)),
            2 => Some(Self::Day(add_days(EPOCH, i64::from(a)), *b)),
            3 => Some(Self::Absence(a, *b)),
            _ => None,
        }
    }
}

/// Makes ids of one company strange to another.
fn seal(seed: u64, tag: u8, person: u32, a: u32, b: u8) -> u32 {
    let drawn = Dice::new(seed, &[0x1d, tag.into(), person.into(), a.into(), b.into()]).below(1 << 32);
    u32::try_from(drawn).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_what_it_was_made_for_and_nothing_in_another_calendar() {
        for key in [Key::Series(17), Key::Day(jiff::civil::date(2026, 11, 24), 3), Key::Absence(107, 1)] {
            let id = key.id(1, 42);
            assert_eq!(Key::parse(&id, 1, 42), Some(key));
            assert_eq!(Key::parse(&id, 1, 43), None);
            assert_eq!(Key::parse(&id, 2, 42), None);
        }
        assert_eq!(Key::parse("a", 1, 42), None);
    }
}
