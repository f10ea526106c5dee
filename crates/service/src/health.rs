//! How it goes: the connections, and the users whom somebody should look at.

use std::time::Duration;

use busylamp_core::{
    ids::{AccountId, InstanceId},
    keeper::Flag,
    said::Said,
};
use jiff::Timestamp;
use serde::Serialize;

/// How it goes at an instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// The instant, by the service's clock.
    pub now: Timestamp,
    /// When the service started.
    pub started: Timestamp,
    /// One a connection, the store last.
    pub connections: Vec<ConnectionHealth>,
    /// Each flag of each user, by instance and name.
    pub flagged: Vec<Flagged>,
    /// The user whose calendar has not been read for the longest time, among those that were read.
    pub oldest_reading: Option<(InstanceId, AccountId, Timestamp)>,
    /// The user who waits for the longest time to get something back that is due, and since when (§8.4).
    pub oldest_overdue_give_back: Option<(InstanceId, AccountId, Timestamp)>,
    /// What expires, the earliest first.
    pub expiring: Vec<Expiry>,
    /// Why the store does not take holds; only give-backs leave then.
    pub store: Option<Said>,
    /// Accounts with writes that have not left yet.
    pub waiting_writes: usize,
    /// Records of the past that were dropped since the start, as the store was too slow for them.
    pub lost_records: u64,
}

/// One connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionHealth {
    /// What it leads to.
    pub name: Said,
    /// The kind of what it leads to.
    pub side: Side,
    /// Whose it is; `None`: shared.
    pub instance: Option<InstanceId>,
    /// When it last did what was asked.
    pub last_success: Option<Timestamp>,
    /// How long that took, in milliseconds. A poll of calendars is one of all mailboxes that are read there.
    pub latency_ms: Option<u64>,
    /// The failure that has not been followed by a success, with advice.
    pub trouble: Option<Said>,
    /// What the other side can't do, with advice.
    pub notes: Vec<Said>,
}

/// What a connection leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Calendars in Microsoft 365.
    Graph,
    /// Calendars on an Exchange Server.
    Ews,
    /// A telephone system.
    Starface,
    /// The group on it whose members are the users.
    Group,
    /// The program's own database.
    Store,
}

/// A flag of a user's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flagged {
    /// The instance.
    pub instance: InstanceId,
    /// The account.
    pub account: AccountId,
    /// The name as the telephone system has it.
    pub name: String,
    /// The flag.
    pub flag: Flag,
}

/// Something that is of no use any more from an instant on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Expiry {
    /// What.
    pub what: Expires,
    /// From when.
    pub at: Timestamp,
}

/// What can expire.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Expires {
    /// The certificate that a server shows.
    ServerCertificate {
        /// The server.
        host: String,
    },
    /// The certificate of our own pages.
    OwnCertificate,
    /// A secret, by the date that the administrator has entered.
    Secret {
        /// Whose it is.
        instance: InstanceId,
        /// Its place in the configuration.
        place: String,
    },
}

/// A span as it is shown.
pub(crate) fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
