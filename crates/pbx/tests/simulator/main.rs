//! The driver against the simulator, whose wire code is its own: what both take for STARFACE's way is seen by the
//! simulator's control interface, not by the driver.
//!
//! ```text
//! basics    what every version has in common
//! versions  STARFACE 7, 8, 9 and 10
//! program   the core around the driver, for one user
//! labels    busy lamp keys
//! crowd     a thousand users in a minute
//! rivals    another program that writes as well
//! soak      an hour of everything
//! check     the check, and the trial with one user
//! ```
#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

mod basics;
mod check;
mod crowd;
mod house;
mod labels;
mod program;
mod rivals;
mod soak;
mod versions;
