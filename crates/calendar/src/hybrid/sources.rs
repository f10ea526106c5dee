//! On which side a mailbox lives.

use std::{collections::BTreeMap, fmt};

use busylamp_core::ids::MailAddress;
use serde::{Deserialize, Serialize};

/// One of the two sources of calendars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Microsoft 365, over Microsoft Graph.
    Graph,
    /// An Exchange Server, over Exchange Web Services.
    Ews,
}

impl Side {
    /// Both, in the order in which an unknown mailbox is looked for.
    pub const BOTH: [Self; 2] = [Self::Graph, Self::Ews];

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Graph => Self::Ews,
            Self::Ews => Self::Graph,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Graph => "Microsoft Graph",
            Self::Ews => "Exchange Server",
        })
    }
}

/// Where a mailbox is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Always in Microsoft 365.
    Graph,
    /// Always on the Exchange Server.
    Ews,
    /// Where it is found.
    #[default]
    Auto,
}

impl Source {
    /// The side that was chosen; `None`: the one on which it is found.
    pub fn side(self) -> Option<Side> {
        match self {
            Self::Graph => Some(Side::Graph),
            Self::Ews => Some(Side::Ews),
            Self::Auto => None,
        }
    }
}

/// Where an instance's mailboxes are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// All that are not named below.
    pub default: Source,
    /// Mailboxes with a source of their own.
    pub mailboxes: BTreeMap<MailAddress, Source>,
}

impl Sources {
    /// Where this mailbox is read.
    pub fn of(&self, mailbox: &MailAddress) -> Source {
        self.mailboxes.get(mailbox).copied().unwrap_or(self.default)
    }
}
