//! The real keeper in a pretended world: network, telephone system, calendar, disk, clock, people and administrators
//! are all drawn from one seed, and everything that can fail does. A reference model runs beside it, and invariants
//! are looked after at every step. What this proves, and what it does not: `docs/reliability.md`.
//!
//! ```text
//! dice, time   chance from a seed; true time
//! place        the places of an account where a value can be set
//! calendar     appointments, and the naive reading of what runs
//! plan         all that comes from outside, drawn beforehand
//! model        the reference model: what should be shown
//! shell        the service's loop without its waiting (the one room that mirrors `busylamp-service`)
//! network      what becomes of messages on their way
//! world, due     true time and what is due when
//! outside        what happens from outside
//! people         users, their telephones, and their hands
//! administrators policies, and instances that are switched off, on and moved
//! directory      who is in a group, and with which address
//! polls          readings of the calendar
//! life           how the program starts, ends and wakes
//! round        the rounds of the program
//! look         every step, held against the rules
//! sending      every write that leaves, likewise
//! check        every account, once it is calm
//! sabotage     planted faults, to prove that a promise can be broken
//! shrink       a failing plan made small, and written as a scenario
//! ```

mod administrators;
mod calendar;
mod check;
mod dice;
mod directory;
mod due;
mod life;
mod look;
mod model;
mod network;
mod outcome;
mod outside;
mod people;
mod place;
mod plan;
mod polls;
mod round;
mod sabotage;
mod sending;
mod shell;
mod shrink;
mod time;
mod world;

pub use outcome::{Invariant, Tally, Violation};
pub use plan::{Size, Weather};
pub use sabotage::Sabotage;
pub use shrink::Failure;

use crate::{plan::Plan, world::World};

/// What came of one seed.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was counted.
    pub tally: Tally,
    /// The first broken promise.
    pub violation: Option<Violation>,
}

/// Runs one seed.
pub fn run(seed: u64, size: Size, weather: Weather, sabotage: Sabotage) -> Outcome {
    run_plan(&Plan::draw(seed, size, weather), sabotage, None)
}

/// The same, with the program killed right after one effect: a commit, or a write that leaves.
pub fn run_with_crash(seed: u64, size: Size, weather: Weather, effect: u64) -> Outcome {
    run_plan(&Plan::draw(seed, size, weather), Sabotage::None, Some(effect))
}

/// Makes a failure that [`run`] has found small, and tells it. That takes a minute or more.
pub fn explain(seed: u64, size: Size, weather: Weather, sabotage: Sabotage, violation: Violation) -> Failure {
    shrink::tell(&Plan::draw(seed, size, weather), violation, sabotage)
}

fn run_plan(plan: &Plan, sabotage: Sabotage, crash: Option<u64>) -> Outcome {
    let mut world = World::new(plan, sabotage);
    world.crash_at_effect = crash;
    world.run();
    Outcome { tally: world.tally, violation: world.violation }
}
