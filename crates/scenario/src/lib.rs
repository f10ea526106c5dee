//! Scripted days (interfaces, section 4): a policy, users, what happens and what is expected, run through the
//! very functions that the service runs, with a pretended clock, calendar and telephone system.
//!
//! ```text
//! file     the written form, and how it is refused
//! script   the day, read: steps and expectations in order of time
//! world    what the program can't know but by asking: calendars, accounts, who presses which button
//! program  the machine around the core's keeper, with what it remembers and what it forgets in a crash
//! run      the day itself, once for each way in which a crash can cut a write
//! ```

mod file;
mod program;
mod run;
mod script;
mod world;

pub use busylamp_core::format::refusal::Refusal;
pub use run::{Outcome, WriteRecord};
pub use script::Script;

/// Reads and runs one scenario. `zones` finds a time zone by its name.
///
/// # Errors
/// If the scenario can't be read: the place and the remedy. A missed expectation is no error, see
/// [`Outcome::failures`].
pub fn run(text: &str, zones: busylamp_core::format::question::Zones<'_>) -> Result<Outcome, Refusal> {
    let script = Script::read(text, zones)?;
    Ok(run::run(&script))
}
