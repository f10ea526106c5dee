//! The latest lines of one log.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
};

use busylamp_core::ids::AccountId;
use tokio::sync::watch;

use crate::{Level, Line};

/// A log keeps no more lines.
pub(crate) const LINES: usize = 4_000;
/// And no more than this, in bytes.
pub(crate) const BYTES: usize = 1 << 20;

/// Which lines are asked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only lines that are as grave, or graver.
    pub level: Option<Level>,
    /// Only lines about these users.
    pub accounts: Option<BTreeSet<AccountId>>,
    /// Only lines with this text in them, whatever its case.
    pub text: String,
    /// Only lines after the one with this number.
    pub after: u64,
}

/// Lines of a log.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// Those that were asked for, the oldest first: the latest of them if there are too many.
    pub lines: Vec<Arc<Line>>,
    /// The number of the log's last line, whether it was asked for or not.
    pub last: u64,
    /// There are more that were asked for: older ones that are still kept, or that were not kept any more.
    pub more: bool,
}

/// One log.
pub(crate) struct Room {
    level: AtomicU8,
    ring: Mutex<Ring>,
    last: watch::Sender<u64>,
}

#[derive(Default)]
struct Ring {
    lines: VecDeque<Arc<Line>>,
    bytes: usize,
    last: u64,
}

impl Room {
    pub(crate) fn new(level: Level) -> Self {
        let (last, _) = watch::channel(0);
        Self { level: AtomicU8::new(level as u8), ring: Mutex::default(), last }
    }

    pub(crate) fn level(&self) -> Level {
        let level = self.level.load(Ordering::Relaxed);
        Level::ALL.into_iter().find(|known| *known as u8 == level).unwrap_or_default()
    }

    pub(crate) fn set_level(&self, level: Level) {
        self.level.store(level as u8, Ordering::Relaxed);
    }

    /// Takes a line in, with a number of its own.
    pub(crate) fn push(&self, mut line: Line) {
        let number = {
            let mut ring = self.lock();
            ring.last += 1;
            line.number = ring.last;
            ring.bytes += line.size();
            ring.lines.push_back(Arc::new(line));
            while ring.lines.len() > LINES || ring.bytes > BYTES {
                let Some(oldest) = ring.lines.pop_front() else { break };
                ring.bytes -= oldest.size();
            }
            ring.last
        };
        // Two lines at once may tell their numbers in the wrong order.
        self.last.send_if_modified(|last| {
            let newer = number > *last;
            *last = number.max(*last);
            newer
        });
    }

    /// The lines that pass the filter, no more than `most`.
    pub(crate) fn lines(&self, filter: &Filter, most: usize) -> Lines {
        let text = filter.text.trim().to_lowercase();
        let passes = |line: &Line| {
            filter.level.is_none_or(|level| line.level <= level)
                && filter
                    .accounts
                    .as_ref()
                    .is_none_or(|accounts| line.account.as_ref().is_some_and(|account| accounts.contains(account)))
                && (text.is_empty() || line.contains(&text))
        };
        // Looked through outside the lock, so that nobody who logs waits for a reader.
        let (kept, last) = {
            let ring = self.lock();
            let fresh = ring.lines.partition_point(|line| line.number <= filter.after);
            (ring.lines.range(fresh..).cloned().collect::<Vec<_>>(), ring.last)
        };
        let lost = kept.first().map_or(last, |line| line.number - 1) > filter.after;
        let mut lines: Vec<_> = kept.into_iter().filter(|line| passes(line)).collect();
        let beyond = lines.len().saturating_sub(most);
        lines.drain(..beyond);
        Lines { lines, last, more: beyond > 0 || lost }
    }

    /// The number of the last line, as it grows.
    pub(crate) fn follow(&self) -> watch::Receiver<u64> {
        self.last.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        // Lines are whole before they get here; a panic elsewhere leaves at most a count that is too high.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(level: Level, account: Option<&str>, message: &str) -> Line {
        Line {
            number: 0,
            at: jiff::Timestamp::UNIX_EPOCH,
            level,
            source: "busylamp_service".to_owned(),
            account: account.map(AccountId::from),
            message: message.to_owned(),
            fields: Vec::new(),
        }
    }

    fn messages(lines: &Lines) -> Vec<&str> {
        lines.lines.iter().map(|line| line.message.as_str()).collect()
    }

    #[test]
    fn the_oldest_lines_give_way_by_number_and_by_size() {
        let room = Room::new(Level::Info);
        for number in 0..LINES + 10 {
            room.push(line(Level::Info, None, &number.to_string()));
        }
        let kept = room.lines(&Filter::default(), usize::MAX);
        assert_eq!((kept.lines.len(), kept.lines[0].number, kept.last), (LINES, 11, LINES as u64 + 10));
        assert!(kept.more, "the first ten are gone");
        for _ in 0..LINES {
            room.push(line(Level::Info, None, &"x".repeat(1_000)));
        }
        let kept = room.lines(&Filter::default(), usize::MAX);
        let bytes: usize = kept.lines.iter().map(|line| line.size()).sum();
        assert!(bytes <= BYTES && kept.lines.len() > 500, "{bytes} bytes in {} lines", kept.lines.len());
    }

    #[test]
    fn lines_are_found_by_level_user_text_and_number() {
        let room = Room::new(Level::Trace);
        room.push(line(Level::Error, Some("1001"), "Refused"));
        room.push(line(Level::Debug, Some("1002"), "polled"));
        room.push(line(Level::Info, None, "a refusal"));
        let find = |filter: Filter| room.lines(&filter, 10);
        assert_eq!(messages(&find(Filter { level: Some(Level::Info), ..Filter::default() })), ["Refused", "a refusal"]);
        let anna = Some(BTreeSet::from([AccountId::from("1001")]));
        assert_eq!(messages(&find(Filter { accounts: anna, ..Filter::default() })), ["Refused"]);
        let nobody = Some(BTreeSet::new());
        assert!(find(Filter { accounts: nobody, ..Filter::default() }).lines.is_empty());
        assert_eq!(
            messages(&find(Filter { text: " REFUS ".to_owned(), ..Filter::default() })),
            ["Refused", "a refusal"]
        );
        let after = find(Filter { after: 2, ..Filter::default() });
        assert_eq!((messages(&after), after.more), (vec!["a refusal"], false));
    }

    #[test]
    fn too_many_lines_are_the_latest_ones() {
        let room = Room::new(Level::Trace);
        for number in 0..5 {
            room.push(line(Level::Info, None, &number.to_string()));
        }
        let found = room.lines(&Filter::default(), 2);
        assert_eq!((messages(&found), found.more, found.last), (vec!["3", "4"], true, 5));
        let none = room.lines(&Filter { after: 5, ..Filter::default() }, 2);
        assert!(none.lines.is_empty() && !none.more);
    }

    #[test]
    fn who_follows_is_told_of_new_lines() {
        let room = Room::new(Level::Info);
        let mut follower = room.follow();
        assert!(!follower.has_changed().unwrap());
        room.push(line(Level::Info, None, "news"));
        assert!(follower.has_changed().unwrap());
        assert_eq!(*follower.borrow_and_update(), 1);
    }
}
