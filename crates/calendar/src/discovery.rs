//! Finding the Exchange Server of a mailbox from its address (Autodiscover), for whoever sets an instance up.
//!
//! ```text
//! walk         which places are asked, in which order, and what their answers lead to
//! report       what was found, what has to be confirmed, what was tried
//! connections  the connections that a walk is made over
//! ```
//!
//! Two questions are known. Version 2 needs no sign-in; Exchange answers it since 2016. POX ("plain old XML") needs one, and
//! a host gets the password only after the administrator has confirmed it: names and redirections can be forged where there
//! is no TLS, and a name like `autodiscover.example.com` may belong to a web host. Exchange's records in Active Directory
//! and DNS (`SCP`, `SRV`) are not asked.

mod connections;
mod report;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::BTreeSet;

use busylamp_core::ids::MailAddress;

pub use connections::{Connections, Reach};
pub use report::{Confirm, Found, Learned, Method, Place, Report, Tried};

/// Looks for the server that has this mailbox. `confirmed` are the hosts (with their port unless it is 443) that may get
/// the password. At most 5 redirections are followed, of whatever kind, and at most 24 requests are sent.
///
/// A server tells version 2 of unknown addresses what it tells of known ones. So what is found is a server, not a mailbox.
pub async fn find(mailbox: &MailAddress, confirmed: &BTreeSet<String>, reach: &dyn Reach) -> Report {
    walk::Walk::new(confirmed, reach).of(mailbox).await
}
