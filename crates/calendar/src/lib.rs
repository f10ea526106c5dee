//! Readers of calendars. A reader turns what a server answers into an [`Agenda`]: one user's events in normal
//! form, masked, complete or not at all.

use std::collections::BTreeMap;

use async_trait::async_trait;
use busylamp_core::{event::Agenda, ids::MailAddress, title::Reading};
use jiff::{Timestamp, tz::TimeZone};

/// The span that a reading covers, `[from, to)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First instant.
    pub from: Timestamp,
    /// First instant after it.
    pub to: Timestamp,
}

/// What is asked of a reader in one round: these mailboxes, this span, read this way.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Each mailbox once.
    pub mailboxes: &'a [MailAddress],
    /// The span that a full reading covers.
    pub window: Window,
    /// How subjects are read, masked and kept.
    pub reading: &'a Reading,
    /// Now, for the age of what the reader remembers.
    pub now: Timestamp,
    /// Read everything, whatever the doorbell says.
    pub full: bool,
}

/// What a round found out about one mailbox.
#[derive(Debug)]
pub enum Outcome {
    /// A complete reading.
    Read {
        /// All events that overlap the window.
        agenda: Agenda,
        /// The mailbox's own time zone, where it can be read.
        zone: Option<TimeZone>,
    },
    /// The doorbell says: nothing has changed since the last complete reading. It counts as one.
    Unchanged,
    /// Nothing was learned (§8.1).
    Failed(MailboxError),
}

/// Why a mailbox was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailboxError {
    /// No mailbox has this address (flag `mailbox_not_found`).
    NotFound {
        /// What the server said and what to do.
        advice: String,
    },
    /// We may not read it (flag `mailbox_access_denied`).
    Denied {
        /// What the server said and what to do.
        advice: String,
    },
    /// Several mailboxes have this address (flag `ambiguous_mail_address`).
    Ambiguous {
        /// What was found and what to do.
        advice: String,
    },
    /// The server could not serve it this time.
    Unavailable {
        /// What happened.
        advice: String,
    },
}

/// A source of calendars.
#[async_trait]
pub trait Calendar: Send + Sync {
    /// Reads or asks for changes. The answer has exactly the mailboxes of the request. An error that concerns
    /// the account as a whole (sign-in, network) is every mailbox's [`MailboxError::Unavailable`] and is kept
    /// for [`Calendar::health`].
    async fn poll(&self, request: Request<'_>) -> BTreeMap<MailAddress, Outcome>;

    /// The state of the connection, for people.
    fn health(&self) -> Health;
}

/// How a connection is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// When it last did what was asked.
    pub last_success: Option<Timestamp>,
    /// The last failure that has not been followed by a success: what happened and what to do.
    pub trouble: Option<String>,
}
