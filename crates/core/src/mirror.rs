//! What we believe a telephone system shows of one account: the last reading, with what was acknowledged since
//! (§6.8). A reading that was begun before a write was answered proves nothing about what came after.

use jiff::Timestamp;

use crate::{
    account::{AccountState, Dimension, Value},
    keeper::{Account, Answer, Outcome, Write},
};

/// The mirror of one account.
#[derive(Clone, Debug, Default)]
pub struct Mirror {
    shown: Option<Shown>,
    /// Counts everything that makes an older reading worthless.
    epoch: u64,
}

#[derive(Clone, Debug)]
enum Shown {
    Gone,
    State { state: AccountState, as_read: bool },
}

/// Handed out when a reading begins; shown when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u64);

/// What came of one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// It was done.
    Acknowledged,
    /// The telephone system will not (§8.5).
    Refused,
    /// No answer, or one that does not tell: the outcome is unknown (§6.8).
    Unknown,
}

impl Mirror {
    /// At this instant the writes to the account have come back, or nobody waits for them any longer. Returns the
    /// answers, as facts for the keeper. Where an outcome is unknown, only a new reading helps.
    pub fn answered(&mut self, writes: &[Write], came: &[Came], at: Timestamp) -> Vec<Answer> {
        let mut answers = Vec::new();
        for (write, came) in writes.iter().zip(came) {
            let outcome = match came {
                Came::Acknowledged => {
                    self.acknowledge([(&write.dimension, &write.to)]);
                    Outcome::Acknowledged
                }
                Came::Refused => Outcome::Refused { at },
                Came::Unknown => continue,
            };
            answers.push(Answer { number: write.number, dimension: write.dimension.clone(), outcome });
        }
        if came.contains(&Came::Unknown) {
            self.invalidate();
        }
        answers
    }

    /// A reading begins.
    pub fn begin(&self) -> Ticket {
        Ticket(self.epoch)
    }

    /// A reading has ended; `None`: the account is gone. Returns whether it counts.
    pub fn observe(&mut self, ticket: Ticket, reading: Option<AccountState>) -> bool {
        let counts = ticket.0 == self.epoch;
        if counts {
            self.shown = Some(match reading {
                Some(state) => Shown::State { state, as_read: true },
                None => Shown::Gone,
            });
        }
        counts
    }

    /// Writes were acknowledged.
    pub fn acknowledge<'v>(&mut self, writes: impl IntoIterator<Item = (&'v Dimension, &'v Value)>) {
        for (dimension, value) in writes {
            self.epoch += 1;
            if let Some(Shown::State { state, as_read }) = &mut self.shown {
                state.acknowledge(dimension, value);
                *as_read = false;
            }
        }
    }

    /// A write has no known outcome, or the system was out of reach: only a new reading helps.
    pub fn invalidate(&mut self) {
        self.epoch += 1;
        self.shown = None;
    }

    /// Whether there is a reading to judge by.
    pub fn is_valid(&self) -> bool {
        self.shown.is_some()
    }

    /// The mirror as a fact.
    pub fn account(&self) -> Account<'_> {
        match &self.shown {
            None => Account::Unknown,
            Some(Shown::Gone) => Account::Gone,
            Some(Shown::State { state, as_read }) => Account::Shown { state, as_read: *as_read },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dnd(on: bool) -> AccountState {
        AccountState { dnd: Some(on), ..AccountState::default() }
    }

    fn shows(mirror: &Mirror) -> Option<bool> {
        match mirror.account() {
            Account::Shown { state, .. } => state.dnd,
            Account::Unknown | Account::Gone => None,
        }
    }

    #[test]
    fn a_reading_from_before_an_answer_does_not_count() {
        let mut mirror = Mirror::default();
        let (early, also_early) = (mirror.begin(), mirror.begin());
        assert!(!mirror.is_valid() && mirror.observe(early, Some(dnd(false))) && mirror.is_valid());
        mirror.acknowledge([(&Dimension::Dnd, &Value::Switch(true))]);
        assert!(!mirror.observe(also_early, Some(dnd(false))));
        assert_eq!(shows(&mirror), Some(true));
    }

    #[test]
    fn after_an_unknown_outcome_only_a_new_reading_counts() {
        let mut mirror = Mirror::default();
        let early = mirror.begin();
        mirror.invalidate();
        assert!(!mirror.observe(early, Some(dnd(false))) && !mirror.is_valid());
        let late = mirror.begin();
        assert!(mirror.observe(late, None));
        assert!(matches!(mirror.account(), Account::Gone));
    }
}
