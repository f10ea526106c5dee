//! Which lamp changed when: so that a stream sends what its reader has not seen, and nothing else.
//!
//! Every lamp has a number, every picture of the board a version. A reader that comes back with a version (after a cut
//! connection, or because it was slow) gets the lamps that are younger. Nothing is kept per reader.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};

use busylamp_core::ids::{AccountId, InstanceId};
use busylamp_service::board::{Board, Lamp};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// So many removals are remembered. Whoever is further behind gets the whole board.
const REMOVALS: usize = 1024;

/// A version of the board in one run of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    run: i64,
    number: u64,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{}", self.run, self.number)
    }
}

impl FromStr for Version {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (run, number) = text.split_once('-').ok_or(())?;
        let run = i64::from_str_radix(run, 16).map_err(|_| ())?;
        Ok(Self { run, number: number.parse().map_err(|_| ())? })
    }
}

/// One lamp's number and the version in which it changed last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) number: u64,
    changed: u64,
}

/// The board at one version.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    pub(super) board: Arc<Board>,
    pub(super) version: Version,
    marks: Arc<Vec<Mark>>,
    removed: Arc<VecDeque<(u64, u64)>>,
    /// Removals up to this version are forgotten.
    forgotten: u64,
}

impl Picture {
    /// The lamps with their marks, as the board has them.
    pub(super) fn lamps(&self) -> impl DoubleEndedIterator<Item = (&Lamp, Mark)> {
        self.board.lamps.iter().zip(self.marks.iter().copied())
    }

    /// Whether a reader that has seen `seen` can be told the difference.
    pub(super) fn follows(&self, seen: Version) -> bool {
        seen.run == self.version.run && (self.forgotten..=self.version.number).contains(&seen.number)
    }

    /// Whether this lamp is younger than what has been seen.
    pub(super) fn is_news(mark: Mark, seen: Version) -> bool {
        mark.changed > seen.number
    }

    /// The numbers of lamps that are gone since.
    pub(super) fn removed_since(&self, seen: Version) -> impl Iterator<Item = u64> {
        self.removed.iter().filter(move |(version, _)| *version > seen.number).map(|(_, number)| *number)
    }
}

/// What is known of all pictures so far.
pub(super) struct Ledger {
    zone: TimeZone,
    inner: Mutex<Inner>,
}

struct Inner {
    picture: Picture,
    /// The day on which the lamps were drawn: hours are told from it.
    day: Option<Date>,
    next_number: u64,
}

impl Ledger {
    /// Without lamps. `zone` is the one in which hours are shown.
    pub(super) fn new(zone: TimeZone) -> Self {
        // A run is told from others by its beginning; whoever comes with another's version gets the whole board.
        let version = Version { run: Timestamp::now().as_microsecond(), number: 0 };
        let (marks, removed) = (Arc::default(), Arc::default());
        let picture = Picture { board: Arc::default(), version, marks, removed, forgotten: 0 };
        Self { zone, inner: Mutex::new(Inner { picture, day: None, next_number: 0 }) }
    }

    /// The picture of this board. A board that was seen already costs nothing.
    pub(super) fn look(&self, board: &Arc<Board>) -> Picture {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(board, &inner.picture.board) {
            let day = board.now.map(|now| self.zone.to_datetime(now).date());
            inner.take(board, day);
        }
        inner.picture.clone()
    }
}

impl Inner {
    fn take(&mut self, board: &Arc<Board>, day: Option<Date>) {
        let version = self.picture.version.number + 1;
        let another_day = self.day != day;
        let old = &self.picture;
        let same_users = old.board.lamps.len() == board.lamps.len()
            && old.board.lamps.iter().zip(&board.lamps).all(|(old, new)| key(old) == key(new));
        let mut known: BTreeMap<_, _> = BTreeMap::new();
        if !same_users {
            known = old.lamps().map(|(lamp, mark)| (key(lamp), (lamp, mark))).collect();
        }
        let mut marks = Vec::with_capacity(board.lamps.len());
        for (place, lamp) in board.lamps.iter().enumerate() {
            let before = if same_users {
                old.board.lamps.get(place).zip(old.marks.get(place).copied())
            } else {
                known.remove(&key(lamp))
            };
            marks.push(match before {
                Some((before, mark)) if before == lamp && !another_day => mark,
                Some((_, mark)) => Mark { changed: version, ..mark },
                None => {
                    self.next_number += 1;
                    Mark { number: self.next_number, changed: version }
                }
            });
        }
        let mut forgotten = old.forgotten;
        let mut removed = Arc::clone(&old.removed);
        if !known.is_empty() {
            let list = Arc::make_mut(&mut removed);
            list.extend(known.values().map(|(_, mark)| (version, mark.number)));
            while list.len() > REMOVALS {
                forgotten = list.pop_front().map_or(forgotten, |(version, _)| version);
            }
        }
        let run = old.version.run;
        let version = Version { run, number: version };
        self.picture = Picture { board: Arc::clone(board), version, marks: Arc::new(marks), removed, forgotten };
        self.day = day;
    }
}

fn key(lamp: &Lamp) -> (&InstanceId, &AccountId) {
    (&lamp.instance, &lamp.account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::tests::{board, lamp};

    /// Numbers of the lamps that are news to a reader, and of those that are gone.
    fn told(picture: &Picture, seen: Version) -> (Vec<u64>, Vec<u64>) {
        let news = picture.lamps().filter(|(_, mark)| Picture::is_news(*mark, seen)).map(|(_, mark)| mark.number);
        (news.collect(), picture.removed_since(seen).collect())
    }

    fn ledger() -> Ledger {
        Ledger::new(TimeZone::UTC)
    }

    #[test]
    fn only_the_lamp_that_changed_is_news() {
        let ledger = ledger();
        let first = ledger.look(&board(vec![lamp("Anna"), lamp("Bert"), lamp("Carla")]));
        let changed = Lamp { dnd: Some(false), ..lamp("Bert") };
        let second = ledger.look(&board(vec![lamp("Anna"), changed, lamp("Carla")]));
        assert_eq!(told(&second, first.version), (vec![2], vec![]));
        assert_eq!(told(&second, second.version), (vec![], vec![]));
    }

    #[test]
    fn who_missed_pictures_is_told_all_that_happened_since() {
        let ledger = ledger();
        let first = ledger.look(&board(vec![lamp("Anna"), lamp("Bert")]));
        ledger.look(&board(vec![lamp("Anna"), lamp("Bert"), lamp("Carla")]));
        let third = ledger.look(&board(vec![lamp("Bert"), lamp("Carla")]));
        assert!(third.follows(first.version));
        assert_eq!(told(&third, first.version), (vec![3], vec![1]));
    }

    #[test]
    fn who_comes_back_gets_a_new_number() {
        let ledger = ledger();
        let first = ledger.look(&board(vec![lamp("Anna")]));
        ledger.look(&board(vec![]));
        let third = ledger.look(&board(vec![lamp("Anna")]));
        assert_eq!(told(&third, first.version), (vec![2], vec![1]));
    }

    #[test]
    fn a_new_day_is_news_of_every_lamp_since_hours_are_told_from_today() {
        let ledger = ledger();
        let first = ledger.look(&board(vec![lamp("Anna")]));
        let tomorrow =
            Board { now: "2026-11-25T09:00:00Z".parse().ok(), lamps: vec![lamp("Anna")], ..Board::default() };
        let second = ledger.look(&Arc::new(tomorrow));
        assert_eq!(told(&second, first.version), (vec![1], vec![]));
    }

    #[test]
    fn another_runs_version_or_one_too_old_or_of_the_future_can_not_be_followed() {
        let ledger = ledger();
        let first = ledger.look(&board(vec![lamp("Anna")])).version;
        let many = (0..=REMOVALS).map(|number| lamp(&format!("{number}"))).collect();
        ledger.look(&board(many));
        let last = ledger.look(&board(vec![]));
        assert!(!last.follows(first) && last.follows(last.version));
        assert!(!last.follows(Version { run: first.run - 1, ..last.version }));
        assert!(!last.follows(Version { number: last.version.number + 1, ..last.version }));
    }

    #[test]
    fn a_version_is_read_as_it_was_written() {
        let version = ledger().look(&board(vec![])).version;
        assert_eq!(version.to_string().parse(), Ok(version));
        for bad in ["", "-", "1", "x-1", "1-x", "1--2", "1-99999999999999999999"] {
            assert_eq!(bad.parse::<Version>(), Err(()), "{bad}");
        }
    }
}
