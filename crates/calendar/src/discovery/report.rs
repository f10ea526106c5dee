//! What a search came to.

use std::fmt;

use busylamp_core::ids::MailAddress;
use busylamp_net::trust::Fingerprint;
use url::Url;

/// What a search came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The server, if it was found.
    pub found: Option<Found>,
    /// Hosts that may know more, but only get the password after the administrator has confirmed them.
    pub confirm: Vec<Confirm>,
    /// What was asked and what came back, in order.
    pub tried: Vec<Tried>,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The address of EWS.
    pub url: Url,
    /// Whose it is.
    pub place: Place,
    /// The host that told it.
    pub said_by: String,
    /// The mailbox, under another address than the one that was asked for if Autodiscover led to it.
    pub mailbox: MailAddress,
}

/// Where a mailbox lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On an Exchange Server.
    Server,
    /// In Exchange Online.
    Online,
}

impl Place {
    /// What to do with it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Server => "set this address as `url` of the instance's table `ews`",
            Self::Online => {
                "this mailbox is in Exchange Online, where EWS ends for good on 2027-04-01: \
                 use Graph (the instance's table `graph`)"
            }
        }
    }
}

/// A host that may know more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirm {
    /// Its name, with the port unless it is 443.
    pub host: String,
    /// Its certificate, if it could be had. Whether it is trusted is another matter.
    pub fingerprint: Option<Fingerprint>,
    /// How it came up.
    pub learned: Learned,
}

/// How a host came up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Learned {
    /// Its name follows from the mail address.
    Candidate,
    /// An answer without TLS named it: anybody on the way can have written that.
    PlainHttp,
    /// Another host led to it.
    Redirect {
        /// That host.
        from: String,
    },
}

impl fmt::Display for Confirm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        match &self.learned {
            Learned::Candidate => write!(f, "{host} wants a sign-in")?,
            Learned::PlainHttp => write!(f, "{host} was named by an answer without TLS, which can be forged")?,
            Learned::Redirect { from } => write!(f, "{host} is where {from} leads to")?,
        }
        f.write_str("; confirm it if it is your own server")?;
        match &self.fingerprint {
            Some(seen) => write!(f, " (its certificate: {seen})"),
            None => f.write_str(" (it showed no certificate)"),
        }
    }
}

/// A question and its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// What was asked.
    pub method: Method,
    /// Who, with the port unless it is the usual one.
    pub host: String,
    /// What came back, and what to do where that helps.
    pub said: String,
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {}", self.method, self.host, self.said)
    }
}

/// A way to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Autodiscover version 2, without a sign-in.
    V2,
    /// Where plain HTTP leads to.
    PlainHttp,
    /// Whether there is POX Autodiscover.
    Pox,
    /// POX Autodiscover, with the password.
    PoxSignedIn,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V2 => "Autodiscover v2",
            Self::PlainHttp => "plain HTTP",
            Self::Pox => "Autodiscover without the password",
            Self::PoxSignedIn => "Autodiscover with the password",
        })
    }
}
