//! What every network client needs once.
//!
//! ```text
//! trust       whom a TLS connection believes: the system, one private authority, one pinned certificate
//! http        requests with bounded time and size, one client per endpoint and credential
//! connection  the same over connections that are signed in themselves (NTLM), and what ties a sign-in to TLS
//! retry       how long to wait before the next attempt, and whether there should be one
//! limit       how much at a time
//! words       what the operating system says of its failures, for people
//! ```
//!
//! Nothing here knows what is transported. Nothing here prints a path or a query of an address, since those
//! may carry tokens.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod connection;
pub mod http;
pub mod limit;
pub mod retry;
pub mod trust;
pub mod words;
