//! The pages and the API as somebody sees them who comes over HTTP, with good and with bad intentions.

#![allow(missing_docs, unreachable_pub, reason = "tests are read, not used")]
#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

mod api;
mod german;
mod hostile;
mod house;
mod instances;
mod people;
mod scan;
mod schema;
mod tokens;
