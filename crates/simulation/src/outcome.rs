//! What came of a simulation.

use std::{fmt, ops::AddAssign};

/// A promise that is looked after at every step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// What is the user's own is shown again 60 s after its last event, once everything can be reached.
    GivenBack,
    /// What the calendar wants is shown 60 s after it is wanted, once everything can be reached.
    Taken,
    /// What a person changed is not written over by an event that ran then.
    PersonRespected,
    /// A reading that failed or came in part writes nothing.
    FailedReadingEndsNothing,
    /// Nothing is written twice in a row without a change or an unknown outcome in between.
    WrittenOnce,
    /// So many writes an hour to one place of an account, and no more.
    NoStorm,
    /// Never two instances hold one account.
    OneOwner,
    /// A hold is on disk before its write leaves.
    JournalFirst,
    /// One write at a time is on its way to an account.
    OneAtATime,
    /// In a batch, ends go before starts.
    EndsFirst,
    /// The decision is that of the model, and the explanation names exactly what is written.
    Explained,
    /// The program asks again later than now, and comes to rest at every instant.
    ComesToRest,
    /// After the last deactivation no hold is left on disk and every value is the user's own.
    NothingLeft,
}

impl Invariant {
    /// All.
    pub const ALL: [Self; 13] = [
        Self::GivenBack,
        Self::Taken,
        Self::PersonRespected,
        Self::FailedReadingEndsNothing,
        Self::WrittenOnce,
        Self::NoStorm,
        Self::OneOwner,
        Self::JournalFirst,
        Self::OneAtATime,
        Self::EndsFirst,
        Self::Explained,
        Self::ComesToRest,
        Self::NothingLeft,
    ];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::GivenBack => "given_back",
            Self::Taken => "taken",
            Self::PersonRespected => "person_respected",
            Self::FailedReadingEndsNothing => "failed_reading_ends_nothing",
            Self::WrittenOnce => "written_once",
            Self::NoStorm => "no_storm",
            Self::OneOwner => "one_owner",
            Self::JournalFirst => "journal_first",
            Self::OneAtATime => "one_at_a_time",
            Self::EndsFirst => "ends_first",
            Self::Explained => "explained",
            Self::ComesToRest => "comes_to_rest",
            Self::NothingLeft => "nothing_left",
        }
    }
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// Whose account, by number.
    pub user: usize,
    /// Milliseconds of true time since the epoch.
    pub at: i64,
    /// The step of the world.
    pub step: u64,
    /// What was seen.
    pub what: String,
    /// What a scenario would expect at that instant: the place and its value, as far as it is known.
    pub(crate) expected: Option<(crate::place::Slot, busylamp_core::account::Value)>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = crate::time::instant(self.at);
        write!(f, "{} at {at}, user {}, step {}: {}", self.invariant.name(), self.user, self.step, self.what)
    }
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Tally {
    pub user_days: u64,
    /// Things that happened in the pretended world, to the program or around it.
    pub world_steps: u64,
    /// Steps of the keeper.
    pub keeper_steps: u64,
    pub commits: u64,
    pub failed_commits: u64,
    pub writes: u64,
    pub effects: u64,
    pub crashes: u64,
    pub stops: u64,
    pub outages: u64,
    pub lost_writes: u64,
    pub lost_answers: u64,
    pub late_writes: u64,
    pub doubled_answers: u64,
    pub refusals: u64,
    pub clock_jumps: u64,
    pub failed_readings: u64,
    pub wrong_readings: u64,
    pub by_hand: u64,
    /// A person and the program wrote at the same time.
    pub races: u64,
    /// Writes that arrived after a later one was answered: no program can tell them from a person's.
    pub strays: u64,
    pub pauses: u64,
    pub moves: u64,
    pub changes_by_administrators: u64,
    /// Places of accounts held against the model, where one value only would do.
    pub strict_checks: u64,
    /// The same where the rules leave several open.
    pub open_checks: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        let add = |mine: &mut u64, theirs: u64| *mine += theirs;
        for (mine, theirs) in self.fields_mut().into_iter().zip(other.fields()) {
            add(mine, theirs.1);
        }
    }
}

macro_rules! fields {
    ($($name:ident),* $(,)?) => {
        impl Tally {
            /// Every count with its name.
            pub fn fields(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name)),*]
            }

            fn fields_mut(&mut self) -> Vec<&mut u64> {
                vec![$(&mut self.$name),*]
            }
        }
    };
}

fields!(
    user_days,
    world_steps,
    keeper_steps,
    commits,
    failed_commits,
    writes,
    effects,
    crashes,
    stops,
    outages,
    lost_writes,
    lost_answers,
    late_writes,
    doubled_answers,
    refusals,
    clock_jumps,
    failed_readings,
    wrong_readings,
    by_hand,
    races,
    strays,
    pauses,
    moves,
    changes_by_administrators,
    strict_checks,
    open_checks,
);
