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
//! world        true time and what is due; what happens from outside
//! watch        rounds, and the promises that are looked after
//! sabotage     planted faults, to prove that a promise can be broken
//! shrink       a failing plan made small, and written as a scenario
//! ```

mod calendar;
mod dice;
mod model;
mod network;
mod outcome;
mod place;
mod plan;
mod sabotage;
mod shell;
mod time;
mod watch;
mod world;

pub use outcome::{Invariant, Tally, Violation};
pub use plan::{Size, Weather};
pub use sabotage::Sabotage;

use crate::{plan::Plan, world::World};

/// What came of one seed.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was counted.
    pub tally: Tally,
    /// The first broken promise.
    pub violation: Option<Violation>,
    /// What happened just before, if it was asked for.
    pub told: Vec<String>,
}

/// Runs one seed.
pub fn run(seed: u64, size: Size, weather: Weather, sabotage: Sabotage) -> Outcome {
    let plan = Plan::draw(seed, size, weather);
    run_plan(&plan, sabotage, None, false)
}

/// The same, with the program killed right after one effect.
pub fn run_with_crash(seed: u64, size: Size, weather: Weather, effect: u64) -> Outcome {
    let plan = Plan::draw(seed, size, weather);
    run_plan(&plan, Sabotage::None, Some(effect), false)
}

/// The same, remembering what happened last before a promise was broken.
pub fn run_telling(seed: u64, size: Size, weather: Weather, sabotage: Sabotage) -> Outcome {
    let plan = Plan::draw(seed, size, weather);
    run_plan(&plan, sabotage, None, true)
}

fn run_plan(plan: &Plan, sabotage: Sabotage, crash: Option<u64>, tells: bool) -> Outcome {
    let mut world = World::new(plan, sabotage);
    world.crash_at_effect = crash;
    world.tells = tells;
    world.run();
    Outcome { tally: world.tally, violation: world.violation, told: world.told.into() }
}
