//! Readers of calendars. A reader turns what a server answers into an [`Agenda`]: one user's events in normal
//! form, masked, complete or not at all.
//!
//! ```text
//! graph   Microsoft 365, over Microsoft Graph
//! ews     an Exchange Server, over Exchange Web Services
//! hybrid  both, each mailbox where it lives
//! entra   an application's sign-in, for both
//! discovery  finding the Exchange Server of a mailbox
//! zone    time zones under the names that Exchange gives them
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod clock;
#[cfg(test)]
mod conformance;
pub mod discovery;
mod entra;
pub mod ews;
#[doc(hidden)]
pub mod fuzz;
mod german;
pub mod graph;
mod health;
pub mod hybrid;
mod rest;
mod steps;
pub mod zone;

use std::collections::BTreeMap;

use async_trait::async_trait;
use busylamp_core::{check::Step, event::Agenda, ids::MailAddress, said::Said, title::Reading};
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
    /// The zone in which all-day events of a mailbox lie that tells none of its own.
    pub zone: &'a TimeZone,
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
    /// Nothing has changed since the last [`Outcome::Read`] of this mailbox that this same reader handed out, which
    /// was made for the same [`Reading`]. It counts as a complete reading. Whoever asks keeps that agenda;
    /// who has lost it asks with [`Request::full`].
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
        advice: Said,
    },
    /// We may not read it (flag `mailbox_access_denied`).
    Denied {
        /// What the server said and what to do.
        advice: Said,
    },
    /// Several mailboxes have this address (flag `ambiguous_mail_address`).
    Ambiguous {
        /// What was found and what to do.
        advice: Said,
    },
    /// The server could not serve it this time.
    Unavailable {
        /// What happened.
        advice: Said,
    },
}

impl MailboxError {
    /// What happened and what to do.
    pub fn advice(&self) -> &Said {
        match self {
            Self::NotFound { advice }
            | Self::Denied { advice }
            | Self::Ambiguous { advice }
            | Self::Unavailable { advice } => advice,
        }
    }
}

/// A source of calendars.
#[async_trait]
pub trait Calendar: Send + Sync {
    /// Reads or asks for changes. The answer has exactly the mailboxes of the request. An error that concerns
    /// the account as a whole (sign-in, network) is every mailbox's [`MailboxError::Unavailable`] and is kept
    /// for [`Calendar::health`].
    ///
    /// Polls of one reader take turns. A poll may be dropped before it ends: then it was as if it had never
    /// been asked, and nothing that it found is lost to the next one.
    async fn poll(&self, request: Request<'_>) -> BTreeMap<MailAddress, Outcome>;

    /// Walks through the connection without changing anything: sign-in, rights, and, given a mailbox, its
    /// calendar. For `busylamp check`; it doesn't touch what [`Calendar::poll`] remembers.
    async fn check(&self, mailbox: Option<&MailAddress>, now: Timestamp) -> Vec<Step>;

    /// The state of the connection, for people.
    fn health(&self) -> Health;
}

/// How a connection is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// When it last did what was asked.
    pub last_success: Option<Timestamp>,
    /// The last failure that has not been followed by a success: what happened and what to do.
    pub trouble: Option<Said>,
}
