//! What is known at an instant about one user: everything that a step judges by.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    account::{AccountState, Dimension},
    event::Agenda,
    journal::Journal,
    language::Language,
    policy::Policy,
};

/// Everything that a step judges by. No fact is ever used up: a lost, doubled or late one is harmless, since the
/// next step sees the facts as they are then.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The instance's policy.
    pub policy: &'a Policy,
    /// [`Policy::fingerprint`], made once for all users.
    pub policy_stamp: u64,
    /// A number that differs when the directory does (§8.5).
    pub directory_stamp: u64,
    /// The language of texts.
    pub language: Language,
    /// The user's zone (§0.2).
    pub zone: &'a TimeZone,
    /// Whether the user is ours to act on.
    pub standing: Standing,
    /// What became of the user's mail address (§0.1).
    pub mailbox: Mailbox,
    /// What is known of the calendar.
    pub calendar: Calendar<'a>,
    /// What the telephone system shows.
    pub account: Account<'a>,
    /// Whether holds can be committed: if not, nothing is taken or changed, and giving back goes on (§7.3).
    pub journal: Journal,
    /// A write to this account is on its way: nothing more is decided until it is answered.
    pub in_flight: bool,
    /// Answers to writes, in any order, doubled or late.
    pub answers: &'a [Answer],
    /// The longest status text that the telephone system is known to keep (§6.9).
    pub text_limit: Option<usize>,
    /// When the program started.
    pub started: Timestamp,
}

/// Whether the user is ours to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A member of an active instance's group that owns the account.
    Member,
    /// A member, but another instance owns the account (§8.6).
    HeldByAnother,
    /// Left the group, lost the address, or paused (§7.4, §7.10).
    Left,
    /// The instance is deactivated, deleted or moved (§7.1, §7.7).
    Closing {
        /// Presence, text and labels stay as they are.
        keep: bool,
    },
}

impl Standing {
    /// The standing of a user: what the instance is up to, whether the account is in its group, and whether no other
    /// instance owns it. Beside an owner nothing is held, and what was parked waits (§8.6).
    pub fn of(course: Course, member: bool, owned: bool) -> Self {
        match course {
            Course::Closing { keep } => Self::Closing { keep: keep || !owned },
            Course::Active if !owned => Self::HeldByAnother,
            Course::Active if !member => Self::Left,
            Course::Active => Self::Member,
        }
    }
}

/// What an instance is up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// It acts on its users.
    Active,
    /// It is deactivated, deleted or moved, and gives back what it holds.
    Closing {
        /// But for presence, text and labels (§7.1).
        keep: bool,
    },
}

/// What became of the user's mail address (§0.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mailbox {
    /// One mailbox, which may be read.
    Matched,
    /// The user has no address.
    NoAddress,
    /// Several mailboxes have it.
    Ambiguous,
    /// None has it.
    NotFound,
    /// It may not be read.
    Denied,
}

/// What is known of the calendar.
#[derive(Clone, Copy, Debug)]
pub struct Calendar<'a> {
    /// The last complete reading and when it was made; `None` if there was none for this mailbox.
    pub reading: Option<(&'a Agenda, Timestamp)>,
    /// The mailbox was tried since the program started, with whatever success.
    pub tried: bool,
    /// How often it is polled.
    pub poll: SignedDuration,
    /// The age at which a reading is no longer believed (factory 72 h, §8.2).
    pub stale_after: SignedDuration,
}

/// What the telephone system shows of the account.
#[derive(Clone, Copy, Debug)]
pub enum Account<'a> {
    /// There is no valid reading: it can't be reached, or the outcome of a write is unknown (§6.8).
    Unknown,
    /// The account does not exist any more.
    Gone,
    /// This is shown.
    Shown {
        /// The last reading, with what was acknowledged since.
        state: &'a AccountState,
        /// Nothing was acknowledged since the reading (§6.9).
        as_read: bool,
    },
}

/// An answer to one dimension's write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The write's number.
    pub number: u64,
    /// The dimension.
    pub dimension: Dimension,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a write. A write of unknown outcome has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Acknowledged,
    /// The telephone system will not (§8.5).
    Refused {
        /// When it said so: pauses are counted from then, however often the answer is looked at before it is committed.
        at: Timestamp,
    },
}

/// What the administrator should know about a user. Each is cleared when its condition ends (§8.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Forwarding is wanted and no diversion is configured (§4.3).
    NoDiversionConfigured,
    /// The calendar is too old to be believed, or was never read (§8.2).
    CalendarUnknown,
    /// The calendar could not be read for a while (§8.2).
    CalendarStale,
    /// Another program writes the same state (§6.7).
    AnotherProgramIsWriting,
    /// The user has no mail address (§0.1).
    NoMailAddress,
    /// Several mailboxes have the address (§0.1).
    AmbiguousMailAddress,
    /// No mailbox has the address (§0.1).
    MailboxNotFound,
    /// The mailbox may not be read (§0.1).
    MailboxAccessDenied,
    /// The telephone system refuses a write (§8.5).
    RefusedByPbx,
    /// Another instance owns the account (§8.6).
    HeldByAnotherInstance,
    /// Forwarding is wanted and a number is neither internal nor external for certain (§4.3).
    NumberNotClassified,
    /// The telephone system cut the text (§6.9).
    TextCut,
}

impl Flag {
    /// The name in our own formats.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoDiversionConfigured => "no_diversion_configured",
            Self::CalendarUnknown => "calendar_unknown",
            Self::CalendarStale => "calendar_stale",
            Self::AnotherProgramIsWriting => "another_program_is_writing",
            Self::NoMailAddress => "no_mail_address",
            Self::AmbiguousMailAddress => "ambiguous_mail_address",
            Self::MailboxNotFound => "mailbox_not_found",
            Self::MailboxAccessDenied => "mailbox_access_denied",
            Self::RefusedByPbx => "refused_by_pbx",
            Self::HeldByAnotherInstance => "held_by_another_instance",
            Self::NumberNotClassified => "number_not_classified",
            Self::TextCut => "text_cut",
        }
    }
}

/// A user's flags.
pub type Flags = BTreeSet<Flag>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_ours_as_a_member_whose_account_nobody_else_owns() {
        let active = |member, owned| Standing::of(Course::Active, member, owned);
        assert_eq!(active(true, true), Standing::Member);
        assert_eq!(active(false, true), Standing::Left);
        assert_eq!(active(true, false), Standing::HeldByAnother);
        assert_eq!(active(false, false), Standing::HeldByAnother, "what was parked waits (§8.6)");
    }

    #[test]
    fn who_closes_keeps_by_policy_or_beside_an_owner() {
        for (keep, owned, kept) in [(false, true, false), (true, true, true), (false, false, true), (true, false, true)]
        {
            let standing = Standing::of(Course::Closing { keep }, true, owned);
            assert_eq!(standing, Standing::Closing { keep: kept });
        }
    }
}
