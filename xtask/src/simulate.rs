//! The deterministic simulation (docs/reliability.md): the keeper in a pretended world that fails in every way.

use anyhow::{Context as _, Result};
use clap::Args;

use crate::{
    shell::{Shell, overhear, run as run_command},
    steps::Tally,
    suite::{RELEASE_BUILD, target},
};

/// How much is simulated.
#[derive(Args)]
pub(crate) struct Amount {
    /// Users of each pretended company
    #[arg(long, default_value_t = 100)]
    pub(crate) users: usize,
    /// Days that are looked at
    #[arg(long, default_value_t = 365)]
    pub(crate) days: u32,
    /// How many seeds are run
    #[arg(long, default_value_t = 1)]
    pub(crate) seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// What a change must pass: 200 companies of five over thirty days, and one of a hundred; more than 30,000 user-days.
const STEP: [Amount; 2] =
    [Amount { users: 5, days: 30, seeds: 200, seed: 1 }, Amount { users: 100, days: 30, seeds: 2, seed: 1001 }];

/// Simulates, optimised; the counts go to standard error line by line.
pub(crate) fn run(shell: &Shell, amount: &Amount) -> Result<()> {
    simulate(shell, amount).map(drop)
}

/// The step of `cargo xtask test`.
pub(crate) fn check(shell: &Shell) -> Result<Tally> {
    let mut tally = Tally::default();
    for amount in &STEP {
        simulate(shell, amount)?;
        tally.add(Tally { passed: amount.seeds, failed: 0 });
    }
    Ok(tally)
}

fn simulate(shell: &Shell, amount: &Amount) -> Result<Vec<String>> {
    let Amount { users, days, seeds, seed } = amount;
    let numbers = [users.to_string(), days.to_string(), seeds.to_string(), seed.to_string()];
    run_command(&mut shell.cargo(&RELEASE_BUILD))?;
    let mut arguments = Vec::new();
    for (name, number) in ["--users", "--days", "--seeds", "--seed"].into_iter().zip(&numbers) {
        arguments.extend([name, number]);
    }
    let program = target(shell).join("release/simulate").display().to_string();
    let (lines, success) = overhear(&mut shell.program(&program, &arguments))?;
    success.then_some(lines).context("a promise was broken; the seed is named above")
}
