//! What the program counts since its start, for metrics. Nothing is decided by it, and it names nobody.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use busylamp_core::account::Dimension;

use crate::health::Side;

/// What is counted. Counting takes no lock and is never in anybody's way.
#[derive(Debug, Default)]
pub struct Figures {
    writes: [[Counter; WriteEnd::ALL.len()]; DIMENSIONS.len()],
    reads: [[Counter; 2]; SIDES.len()],
    commits: [Counter; 2],
    to_acknowledged: Spans,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteEnd {
    /// The telephone system has done it.
    Acknowledged,
    /// It refuses it.
    Refused,
    /// It was not done, or nobody knows.
    Lost,
}

impl WriteEnd {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Acknowledged, Self::Refused, Self::Lost];
}

/// Kinds of dimensions: which diversion or key it is does not count.
const DIMENSIONS: [&str; 5] = ["dnd", "presence", "text", "diversion", "blf_label"];
/// Sides that are read.
const SIDES: [Side; 3] = [Side::Graph, Side::Ews, Side::Starface];

impl Figures {
    /// A write has come to its end.
    pub fn wrote(&self, dimension: &Dimension, end: WriteEnd) {
        let kind = match dimension {
            Dimension::Dnd => 0,
            Dimension::Presence => 1,
            Dimension::Text => 2,
            Dimension::Diversion(_) => 3,
            Dimension::Label(_) => 4,
        };
        let end = match end {
            WriteEnd::Acknowledged => 0,
            WriteEnd::Refused => 1,
            WriteEnd::Lost => 2,
        };
        self.writes[kind][end].add();
    }

    /// An acknowledged write was decided so long ago.
    pub fn acknowledged_after(&self, span: Duration) {
        self.to_acknowledged.add(span);
    }

    /// Somebody was asked, and answered or did not.
    pub fn asked(&self, side: Side, answered: bool) {
        if let Some(place) = SIDES.iter().position(|other| *other == side) {
            self.reads[place][usize::from(!answered)].add();
        }
    }

    /// The store was to take something, and did or did not.
    pub fn committed(&self, done: bool) {
        self.commits[usize::from(!done)].add();
    }

    /// Writes by kind of dimension and end.
    pub fn writes(&self) -> impl Iterator<Item = (&'static str, WriteEnd, u64)> {
        let rows = DIMENSIONS.iter().zip(&self.writes);
        rows.flat_map(|(kind, row)| {
            WriteEnd::ALL.into_iter().zip(row).map(|(end, counter)| (*kind, end, counter.get()))
        })
    }

    /// Questions by side: how many were answered, and how many were not.
    pub fn reads(&self) -> impl Iterator<Item = (Side, [u64; 2])> {
        SIDES.into_iter().zip(&self.reads).map(|(side, row)| (side, [row[0].get(), row[1].get()]))
    }

    /// Commits: how many were done, and how many were not.
    pub fn commits(&self) -> [u64; 2] {
        [self.commits[0].get(), self.commits[1].get()]
    }

    /// From decision to acknowledged write.
    pub fn to_acknowledged(&self) -> &Spans {
        &self.to_acknowledged
    }
}

/// Spans of time, by length.
#[derive(Debug, Default)]
pub struct Spans {
    counts: [Counter; Self::BOUNDS.len() + 1],
    microseconds: Counter,
}

impl Spans {
    /// The longest span that counts for each place but the last, in seconds.
    pub const BOUNDS: [f64; 10] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];

    fn add(&self, span: Duration) {
        let place = Self::BOUNDS.iter().position(|bound| span.as_secs_f64() <= *bound).unwrap_or(Self::BOUNDS.len());
        self.counts[place].add();
        self.microseconds.0.fetch_add(u64::try_from(span.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How many spans were in each place, the longest last.
    pub fn counts(&self) -> [u64; Self::BOUNDS.len() + 1] {
        std::array::from_fn(|place| self.counts[place].get())
    }

    /// All of them together.
    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.microseconds.get())
    }
}

#[derive(Debug, Default)]
struct Counter(AtomicU64);

impl Counter {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_counted_by_kind_and_end_and_not_by_name() {
        let figures = Figures::default();
        figures.wrote(&Dimension::Diversion("7".into()), WriteEnd::Refused);
        figures.wrote(&Dimension::Diversion("8".into()), WriteEnd::Refused);
        figures.wrote(&Dimension::Dnd, WriteEnd::Acknowledged);
        let counted: Vec<_> = figures.writes().filter(|(.., count)| *count > 0).collect();
        assert_eq!(counted, [("dnd", WriteEnd::Acknowledged, 1), ("diversion", WriteEnd::Refused, 2)]);
    }

    #[test]
    fn spans_are_counted_where_they_belong() {
        let spans = Spans::default();
        for milliseconds in [0, 100, 101, 300_000, 300_001] {
            spans.add(Duration::from_millis(milliseconds));
        }
        assert_eq!(spans.counts(), [2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
        assert_eq!(spans.sum(), Duration::from_millis(600_202));
    }

    #[test]
    fn who_was_asked_is_counted_by_whether_they_answered() {
        let figures = Figures::default();
        figures.asked(Side::Ews, true);
        figures.asked(Side::Ews, false);
        figures.asked(Side::Group, true);
        figures.committed(false);
        assert_eq!(figures.reads().collect::<Vec<_>>()[1], (Side::Ews, [1, 1]));
        assert_eq!((figures.commits(), figures.reads().count()), ([0, 1], 3));
    }
}
