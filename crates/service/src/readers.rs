//! The readers of an instance's calendars, made from its configuration.

use std::sync::Arc;

use busylamp_calendar::{Calendar, graph::GraphCalendar};
use busylamp_core::ids::MailAddress;
use jiff::SignedDuration;

use crate::config::CalendarConfig;

/// Where calendars are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Microsoft 365.
    Graph,
    /// The Exchange Server.
    Ews,
}

impl Side {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Graph => "Microsoft Graph",
            Self::Ews => "Exchange Server",
        }
    }
}

/// The readers of one instance.
pub(crate) struct Readers {
    /// Answers for every mailbox.
    pub(crate) calendar: Arc<dyn Calendar>,
    only: OneSide,
    side: Side,
}

/// One side of it.
pub(crate) struct OneSide {
    /// Answers for the mailboxes on this side.
    pub(crate) calendar: Arc<dyn Calendar>,
    /// How often it is asked.
    pub(crate) every: SignedDuration,
}

impl Readers {
    /// The readers that a configuration wants. Nothing is asked yet.
    ///
    /// # Errors
    /// Why a connection can't be set up.
    pub(crate) fn new(config: &CalendarConfig) -> Result<Self, String> {
        match config {
            CalendarConfig::Graph(graph) => {
                let calendar = Arc::new(GraphCalendar::new(&graph.settings).map_err(|error| error.to_string())?);
                let only = OneSide { calendar: calendar.clone(), every: graph.every };
                Ok(Self { calendar, only, side: Side::Graph })
            }
            CalendarConfig::Ews(_) | CalendarConfig::Both { .. } => {
                Err("Exchange Server can't be read by this version".to_owned())
            }
        }
    }

    /// Both sides, or the only one.
    pub(crate) fn sides(&self) -> impl Iterator<Item = (Side, &OneSide)> {
        std::iter::once((self.side, &self.only))
    }

    /// The side on which a mailbox is read.
    pub(crate) fn side(&self, _mailbox: &MailAddress) -> Side {
        self.side
    }

    /// How often a mailbox is asked.
    pub(crate) fn every(&self, _mailbox: &MailAddress) -> SignedDuration {
        self.only.every
    }
}
