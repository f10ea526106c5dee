//! What is shown to people: one lamp a user, as the telephone system shows it.

use std::collections::BTreeMap;

use busylamp_core::{
    account::Presence,
    ids::{AccountId, InstanceId},
    keeper::Flag,
    said::Said,
};
use jiff::Timestamp;
use serde::Serialize;

/// All lamps at an instant, and how the connections are.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Board {
    /// The instant, by the service's clock.
    pub now: Option<Timestamp>,
    /// What the administrator calls the instances that run.
    pub names: BTreeMap<InstanceId, String>,
    /// One a user, by instance and name.
    pub lamps: Vec<Lamp>,
    /// One a connection.
    pub connections: Vec<Connection>,
}

/// One user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lamp {
    /// The instance.
    pub instance: InstanceId,
    /// The account.
    pub account: AccountId,
    /// The group that makes the user one of the instance's.
    pub group: String,
    /// The name as the telephone system has it.
    pub name: String,
    /// Do not disturb, if it can be read.
    pub dnd: Option<bool>,
    /// Any own diversion is switched on.
    pub diverted: Option<bool>,
    /// Chat presence, if it can be read.
    pub presence: Option<Presence>,
    /// The status text as the telephone system shows it to everybody.
    pub text: Option<String>,
    /// An event runs.
    pub in_event: bool,
    /// Until when nothing changes, the calendar unchanged.
    pub until: Option<Timestamp>,
    /// What comes then.
    pub next: Option<Next>,
    /// The user is left alone until then (§7.10).
    pub paused_until: Option<Timestamp>,
    /// What the administrator should know.
    pub flags: Vec<Flag>,
}

/// What the calendar wants next of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Next {
    /// From when.
    pub at: Timestamp,
    /// Do not disturb; `None`: the user's own.
    pub dnd: Option<bool>,
    /// A diversion is wanted.
    pub forwards: bool,
    /// An event runs then.
    pub in_event: bool,
}

/// One connection, to a calendar or a telephone system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// What it leads to.
    pub name: Said,
    /// When it last did what was asked.
    pub last_success: Option<Timestamp>,
    /// The failure that has not been followed by a success, with advice.
    pub trouble: Option<Said>,
    /// What the other side can't do, with advice.
    pub notes: Vec<Said>,
}
