//! The program as a process among people, killed, stopped, backed up and restored: at the end every telephone shows what
//! is right.

#![allow(missing_docs, unreachable_pub, reason = "tests are read, not used")]
#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

use std::ffi::OsString;

mod company;
mod dice;
mod killed;
mod restored;
mod stopped;

// What the other program tests drive the program with.
#[path = "../end_to_end/process.rs"]
#[allow(dead_code, reason = "each uses its own part")]
mod process;
#[path = "../end_to_end/world.rs"]
#[allow(dead_code, reason = "each uses its own part")]
mod world;

/// The optimised program if `cargo xtask` names it, else the one beside these tests.
fn binary() -> OsString {
    std::env::var_os("BUSYLAMP_CRASH_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_busylamp").into())
}

/// A policy that shows in every dimension.
const EVERYTHING: &str =
    "actions = { busy = \"dnd\", out_of_office = \"forward\" }\nset_presence = true\ntitle_as_text = true";
