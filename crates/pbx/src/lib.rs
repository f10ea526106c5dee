//! Drivers of telephone systems. A driver speaks one system's protocols and hides them: users, groups, states,
//! batches of writes, changes as they happen, and what it can and can't do.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod starface;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use busylamp_core::{
    account::{AccountState, Dimension, Value},
    check::Step,
    ids::{AccountId, MailAddress},
    language::Language,
    said::Said,
};
use jiff::SignedDuration;

/// What a telephone system lets us do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Do not disturb can be read and set.
    pub dnd: bool,
    /// Chat presence and status text can be read and set.
    pub presence: bool,
    /// Diversions can be read and switched.
    pub diversions: bool,
    /// Labels of busy lamp keys can be read and written.
    pub labels: bool,
    /// Changes are told as they happen.
    pub changes: bool,
    /// What is missing and what the administrator can do about it, one sentence each.
    pub notes: Vec<Said>,
}

/// One user of the telephone system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The account.
    pub account: AccountId,
    /// The name as people know it.
    pub name: String,
    /// The mail address, if the system has one.
    pub mail: Option<MailAddress>,
}

/// A complete reading of a group and its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// The members of the instance's group.
    pub members: Vec<User>,
    /// Every account that exists, members or not.
    pub accounts: BTreeSet<AccountId>,
}

/// One account's writes, in the order in which they are to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountWrites {
    /// Whose.
    pub account: AccountId,
    /// What.
    pub values: Vec<(Dimension, Value)>,
}

/// What became of one dimension's write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteOutcome {
    /// Done.
    Acknowledged,
    /// The system will not: no such user, not allowed.
    Refused {
        /// What it said and what to do.
        advice: Said,
    },
    /// The account (or the entry) is not there any more.
    Gone,
    /// Not done for certain: no connection, sign-in failed, the system is busy.
    NotDone {
        /// What happened.
        advice: Said,
    },
    /// Nobody knows: the answer was lost. The account must be read again (§6.8).
    Unknown {
        /// What happened.
        advice: Said,
    },
}

/// What a reading of one account found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Its state; what can't be read is `None` in it.
    State(AccountState),
    /// There is no such account.
    Gone,
}

/// Something that happened on the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// These accounts changed: read them again.
    Accounts(BTreeSet<AccountId>),
    /// Changes were missed: read all again.
    Lost,
}

/// Why the system as a whole could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PbxError {
    /// It can't be reached: name, network, TLS, time-out.
    #[error("the telephone system can't be reached: {advice}")]
    Unreachable {
        /// What happened and what to do.
        advice: Said,
    },
    /// It does not let us in.
    #[error("the telephone system refuses the sign-in: {advice}")]
    SignIn {
        /// What it said and what to do.
        advice: Said,
    },
    /// It let us in and refuses this.
    #[error("the telephone system refuses: {advice}")]
    Refused {
        /// What it said and what to do.
        advice: Said,
    },
    /// It answered something that is not of its protocol.
    #[error("the telephone system gave an answer that can't be read: {advice}")]
    Protocol {
        /// What was wrong with it.
        advice: Said,
    },
    /// A thing that the configuration names is not there, such as the group.
    #[error("{advice}")]
    Configuration {
        /// What is missing and what to do.
        advice: Said,
    },
}

impl PbxError {
    /// What happened and what to do, in either language.
    pub fn said(&self) -> Said {
        Said::new(self.german(), self.to_string())
    }

    fn german(&self) -> String {
        let said = match self {
            Self::Unreachable { advice } => ("Die Telefonanlage ist nicht zu erreichen: ", advice),
            Self::SignIn { advice } => ("Die Telefonanlage lehnt die Anmeldung ab: ", advice),
            Self::Refused { advice } => ("Die Telefonanlage lehnt ab: ", advice),
            Self::Protocol { advice } => ("Die Telefonanlage gibt eine Antwort, die nicht zu lesen ist: ", advice),
            Self::Configuration { advice } => ("In der Konfiguration stimmt etwas nicht: ", advice),
        };
        let (what, advice) = (said.0, said.1.speak(Language::German));
        format!("{what}{}", ended(advice))
    }
}

/// A sentence with its full stop, which it may have already.
fn ended(sentence: &str) -> String {
    let stop = if sentence.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{sentence}{stop}")
}

/// A telephone system.
#[async_trait]
pub trait Pbx: Send + Sync {
    /// What it lets us do, found by asking it.
    async fn capabilities(&self) -> Result<Capabilities, PbxError>;

    /// The group's members and all accounts. Complete or an error (§7.8).
    async fn directory(&self, group: &str) -> Result<Directory, PbxError>;

    /// The states of these accounts. An account that could not be read this time has its own error; the others
    /// stand.
    async fn read(&self, accounts: &[AccountId]) -> Result<BTreeMap<AccountId, Result<Reading, PbxError>>, PbxError>;

    /// Carries out a batch. Accounts are independent and may run side by side, and so may the dimensions of an account
    /// that are written through different interfaces, so that one that is away doesn't hold up the other; what goes
    /// through one interface is never reordered within an account. There is an outcome for every dimension of every
    /// account, in the order given; the call itself never fails.
    async fn apply(&self, batch: &[AccountWrites]) -> BTreeMap<AccountId, Vec<(Dimension, WriteOutcome)>>;

    /// Looks through all keys for those that show these accounts (§5.9). That is slow, so the caller says when; before
    /// the first time [`AccountState::labels`] is `None`, after it what is known is handed out by [`Pbx::read`]. Returns
    /// the accounts whose labels are to be read again. Complete or an error.
    async fn survey_labels(&self, shown: &BTreeSet<AccountId>) -> Result<BTreeSet<AccountId>, PbxError> {
        let _ = shown;
        Ok(BTreeSet::new())
    }

    /// Waits for changes, at most `wait` (a driver may come back earlier). `None`: nothing happened.
    async fn changes(&self, wait: SignedDuration) -> Result<Option<Change>, PbxError>;

    /// Walks through the connection without changing anything, for people who set it up.
    async fn check(&self, group: &str) -> Vec<Step>;
}
