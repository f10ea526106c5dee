//! The wire from outside: requests against the official schemas, recorded answers, answers of a small server of our
//! own, and hostile ones.

#![allow(clippy::unwrap_used)]

mod conformance;
mod fixtures;
mod hostile;
mod round_trip;
mod schema;
mod server;
