//! The readers of an instance's calendars, made from its configuration.

use std::{collections::BTreeMap, sync::Arc};

use busylamp_calendar::{
    Calendar,
    ews::{Access, EwsAccount, EwsCalendar, EwsSettings},
    graph::{GraphCalendar, GraphSettings},
    hybrid::{HybridCalendar, Side},
};
use busylamp_core::{ids::MailAddress, said::Said};
use jiff::SignedDuration;

use crate::{
    accounts::Accounts,
    config::{CalendarConfig, Exchange, Polled},
};

/// The readers of one instance.
pub(crate) enum Readers {
    /// One source alone.
    One(Side, SideReader),
    /// Both, and the choice between them.
    Both { hybrid: Arc<HybridCalendar>, graph: SideReader, ews: SideReader },
}

/// The reader of one source.
pub(crate) struct SideReader {
    /// Answers for the mailboxes on this side.
    pub(crate) calendar: Arc<dyn Calendar>,
    /// How often it is asked.
    pub(crate) every: SignedDuration,
    /// What it can't do, with advice.
    pub(crate) notes: Vec<Said>,
}

impl Readers {
    /// The readers that a configuration wants; `sides` is where mailboxes were found before. Nothing is asked yet.
    ///
    /// # Errors
    /// Why a connection can't be set up.
    pub(crate) fn new(
        config: &CalendarConfig,
        accounts: &Accounts,
        sides: BTreeMap<MailAddress, Side>,
    ) -> Result<Self, Said> {
        Ok(match config {
            CalendarConfig::Graph(graph) => Self::One(Side::Graph, read_graph(graph)?),
            CalendarConfig::Ews(ews) => Self::One(Side::Ews, read_ews(ews, accounts.exchange(&ews.settings)?)),
            CalendarConfig::Both { graph, ews, sources } => {
                let (graph, ews) = (read_graph(graph)?, read_ews(ews, accounts.exchange(&ews.settings)?));
                let readers = [Arc::clone(&graph.calendar), Arc::clone(&ews.calendar)];
                let [in_graph, in_ews] = readers;
                let hybrid = Arc::new(HybridCalendar::new(in_graph, in_ews, sources.clone(), sides));
                Self::Both { hybrid, graph, ews }
            }
        })
    }

    /// Answers for every mailbox.
    pub(crate) fn calendar(&self) -> Arc<dyn Calendar> {
        match self {
            Self::One(_, reader) => Arc::clone(&reader.calendar),
            Self::Both { hybrid, .. } => hybrid.clone(),
        }
    }

    /// Both sides, or the only one.
    pub(crate) fn sides(&self) -> Vec<(Side, &SideReader)> {
        match self {
            Self::One(side, reader) => vec![(*side, reader)],
            Self::Both { graph, ews, .. } => vec![(Side::Graph, graph), (Side::Ews, ews)],
        }
    }

    /// The side that a mailbox is asked on. One that was found nowhere yet is looked for on the quicker side first.
    pub(crate) fn side(&self, mailbox: &MailAddress) -> Side {
        match self {
            Self::One(side, _) => *side,
            Self::Both { hybrid, graph, ews } => {
                let quicker = if graph.every <= ews.every { Side::Graph } else { Side::Ews };
                hybrid.side(mailbox).unwrap_or(quicker)
            }
        }
    }

    /// How often a mailbox is asked.
    pub(crate) fn every(&self, mailbox: &MailAddress) -> SignedDuration {
        match (self, self.side(mailbox)) {
            (Self::One(_, reader), _)
            | (Self::Both { graph: reader, .. }, Side::Graph)
            | (Self::Both { ews: reader, .. }, Side::Ews) => reader.every,
        }
    }

    /// Where mailboxes were found that are looked for on both sides.
    pub(crate) fn found(&self) -> BTreeMap<MailAddress, Side> {
        match self {
            Self::One(..) => BTreeMap::new(),
            Self::Both { hybrid, .. } => hybrid.sides(),
        }
    }
}

fn read_graph(graph: &Polled<GraphSettings>) -> Result<SideReader, Said> {
    let calendar = GraphCalendar::new(&graph.settings).map_err(|error| error.said())?;
    Ok(SideReader { calendar: Arc::new(calendar), every: graph.every, notes: Vec::new() })
}

fn read_ews(ews: &Polled<Exchange>, account: Arc<EwsAccount>) -> SideReader {
    let notes = what_is_missing(&ews.settings.settings);
    SideReader { calendar: Arc::new(EwsCalendar::new(account)), every: ews.every, notes }
}

/// What the rights of an account leave out, for people.
fn what_is_missing(settings: &EwsSettings) -> Vec<Said> {
    let note = match settings.access {
        Access::Impersonation => return Vec::new(),
        Access::Folder => Said::new(
            "Private Termine kommen ohne ihre Betreffs: Schlüsselwörter darin wirken mit access = \"folder\" nicht.",
            "Private appointments come without their subjects: keywords in these can't work with access = \"folder\".",
        ),
        Access::FreeBusy => Said::new(
            "Nur Frei/Gebucht-Zeiten werden gelesen: Schlüsselwörter und Betreffs als Texte wirken nicht, und abgesagte, \
             abgelehnte und private Termine sind von anderen nicht zu unterscheiden. Geben Sie dem Konto an den Kalendern das \
             Recht Überprüfer, und setzen Sie für all das access = \"folder\".",
            "Only free/busy times are read: keywords and titles as texts can't work, and cancelled, declined or private \
             appointments can't be told from others. Give the account the right Reviewer on the calendars and set \
             access = \"folder\" for all of it.",
        ),
    };
    vec![note]
}
