//! The service between a pretended cloud and a pretended telephone system, over real connections: what is seen here
//! is what people at their phones would see.

#![allow(missing_docs, unreachable_pub, reason = "tests are read, not used")]
#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

use std::ffi::OsString;

mod chaos;
mod check_starface;
mod commands;
mod configuration;
mod day;
mod exchange;
mod explain;
mod history;
mod hybrid;
mod outages;
mod pages;
mod pauses;
mod privacy;
mod process;
mod restarts;
mod special;
mod world;

/// The program beside these tests.
fn binary() -> OsString {
    env!("CARGO_BIN_EXE_busylamp").into()
}
