//! Versions: the one that a request is written for, and the one that a server says it is.

use std::fmt;

use crate::xml::{self, Element};

/// The version of the protocol that a request is written for (element `RequestServerVersion`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServerVersion {
    /// For servers before 2010's second service pack. The oldest that tells an item's time zone.
    Exchange2010,
    /// For servers before 2013's first service pack.
    Exchange2010Sp2,
    /// The newest that is documented; every server since understands it.
    #[default]
    Exchange2013Sp1,
}

impl ServerVersion {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exchange2010 => "Exchange2010",
            Self::Exchange2010Sp2 => "Exchange2010_SP2",
            Self::Exchange2013Sp1 => "Exchange2013_SP1",
        }
    }

    /// What to ask with when a server refuses this one ([`crate::Class::OlderVersion`]); `None` when there is nothing
    /// older.
    pub fn older(self) -> Option<Self> {
        match self {
            Self::Exchange2013Sp1 => Some(Self::Exchange2010Sp2),
            Self::Exchange2010Sp2 => Some(Self::Exchange2010),
            Self::Exchange2010 => None,
        }
    }
}

/// What a server says it is (element `ServerVersionInfo`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerBuild {
    /// 14 for Exchange 2010, 15 since.
    pub major: u32,
    /// With 15: 0 for 2013, 1 for 2016, 2 for 2019 and Subscription Edition, 20 for Exchange Online.
    pub minor: u32,
    /// The build.
    pub build: u32,
    /// Its revision.
    pub revision: u32,
}

impl ServerBuild {
    /// What stands in an answer's header.
    pub(crate) fn read(info: Element<'_>) -> Option<Self> {
        let number = |name| xml::attribute(info, name).and_then(|text| text.trim().parse().ok());
        Some(Self {
            major: number("MajorVersion")?,
            minor: number("MinorVersion")?,
            build: number("MajorBuildNumber").unwrap_or(0),
            revision: number("MinorBuildNumber").unwrap_or(0),
        })
    }

    /// The product's name.
    pub fn product(self) -> &'static str {
        match (self.major, self.minor) {
            (8, _) => "Exchange 2007",
            (14, _) => "Exchange 2010",
            (15, 0) => "Exchange 2013",
            (15, 1) => "Exchange 2016",
            (15, 2) => "Exchange 2019 or Subscription Edition",
            (15, 20) => "Exchange Online",
            _ => "an unknown version of Exchange",
        }
    }

    /// Exchange Online, where EWS ends for good on 2027-04-01.
    pub fn is_online(self) -> bool {
        self.major == 15 && self.minor == 20
    }
}

impl fmt::Display for ServerBuild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}.{}", self.major, self.minor, self.build, self.revision)
    }
}
