//! When the calendars of an instance are asked again. Each source has a rhythm of its own, and a slow one does not hold
//! up the other.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
};

use busylamp_calendar::hybrid::Side;
use busylamp_core::ids::MailAddress;
use jiff::{SignedDuration, Timestamp};

use super::link::later;
use crate::readers::Readers;

/// The rhythms of an instance's sources.
pub(super) struct Rhythms(BTreeMap<Side, Rhythm>);

struct Rhythm {
    every: SignedDuration,
    next: Timestamp,
    /// The poll under way.
    polling: Option<Poll>,
    /// Mailboxes that are to be read at once, out of turn.
    asked: BTreeSet<MailAddress>,
    /// How long the last poll of all took, in milliseconds.
    took: Option<u64>,
    /// The next poll reads everything: something that the reader remembers is not here any more.
    read_all: bool,
}

/// Which poll is under way on a side. There is one at a time, so that an older answer can't come after a newer one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Poll {
    All,
    OutOfTurn,
}

/// A poll that is due.
pub(super) struct Due {
    pub(super) side: Side,
    pub(super) mailboxes: Vec<MailAddress>,
    pub(super) full: bool,
}

impl Rhythms {
    /// Every source is due at once.
    pub(super) fn new(readers: &Readers, now: Timestamp) -> Self {
        let rhythm =
            |every| Rhythm { every, next: now, polling: None, asked: BTreeSet::new(), took: None, read_all: false };
        Self(readers.sides().into_iter().map(|(side, reader)| (side, rhythm(reader.every))).collect())
    }

    /// Polls that are due, each of the mailboxes that are read on its side. They count as begun.
    pub(super) fn begin<'a>(
        &mut self,
        readers: &Readers,
        mailboxes: impl Iterator<Item = &'a MailAddress>,
        now: Timestamp,
    ) -> Vec<Due> {
        let mut polls = Vec::new();
        for (side, rhythm) in self.0.iter_mut().filter(|(_, rhythm)| rhythm.polling.is_none()) {
            if !rhythm.asked.is_empty() && now < rhythm.next {
                rhythm.polling = Some(Poll::OutOfTurn);
                polls.push(Due {
                    side: *side,
                    mailboxes: mem::take(&mut rhythm.asked).into_iter().collect(),
                    full: true,
                });
            }
        }
        let due = |rhythm: &Rhythm| rhythm.polling.is_none() && now >= rhythm.next;
        if !self.0.values().any(due) {
            return polls;
        }
        let mut of_side: BTreeMap<Side, Vec<MailAddress>> = BTreeMap::new();
        for mailbox in mailboxes {
            of_side.entry(readers.side(mailbox)).or_default().push(mailbox.clone());
        }
        for (side, rhythm) in self.0.iter_mut().filter(|(_, rhythm)| due(rhythm)) {
            match of_side.remove(side) {
                Some(mailboxes) => {
                    rhythm.polling = Some(Poll::All);
                    polls.push(Due { side: *side, mailboxes, full: mem::take(&mut rhythm.read_all) });
                }
                // Nobody is there; somebody may have moved by the next time.
                None => rhythm.next = later(now, rhythm.every),
            }
        }
        polls
    }

    /// A poll has ended that began then and took so many milliseconds.
    pub(super) fn ended(&mut self, side: Side, begun: Timestamp, took: u64, now: Timestamp) {
        if let Some(rhythm) = self.0.get_mut(&side)
            && rhythm.polling.take() == Some(Poll::All)
        {
            // The clock may have been set back meanwhile.
            rhythm.next = later(begun.min(now), rhythm.every).max(now);
            rhythm.took = Some(took);
        }
    }

    /// This mailbox is read at once, out of turn.
    pub(super) fn ask_again(&mut self, side: Side, mailbox: MailAddress) {
        if let Some(rhythm) = self.0.get_mut(&side) {
            rhythm.asked.insert(mailbox);
        }
    }

    /// How long the last poll of all mailboxes on a side took, in milliseconds.
    pub(super) fn took(&self, side: Side) -> Option<u64> {
        self.0.get(&side)?.took
    }

    /// Every source is due at once.
    pub(super) fn hurry(&mut self, now: Timestamp) {
        self.0.values_mut().for_each(|rhythm| rhythm.next = now);
    }

    /// The next poll of every source reads everything.
    pub(super) fn read_all(&mut self) {
        self.0.values_mut().for_each(|rhythm| rhythm.read_all = true);
    }

    /// The next poll of this source is due at once and reads everything.
    pub(super) fn read_again(&mut self, side: Side, now: Timestamp) {
        if let Some(rhythm) = self.0.get_mut(&side) {
            rhythm.read_all = true;
            rhythm.next = now;
        }
    }

    /// When the next poll is due that is not under way.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let next = |rhythm: &Rhythm| if rhythm.asked.is_empty() { rhythm.next } else { Timestamp::MIN };
        self.0.values().filter(|rhythm| rhythm.polling.is_none()).map(next).min()
    }
}
