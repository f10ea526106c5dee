//! The crash test (docs/reliability.md): the optimised program, killed at random instants among busy people.

use anyhow::{Result, ensure};
use clap::Args;

use crate::{
    shell::{Shell, run as run_command},
    steps::Tally,
    suite::{nextest, target},
};

/// How often it is killed.
#[derive(Args)]
pub(crate) struct Amount {
    /// How many times the program is killed
    #[arg(long, default_value_t = KILLS)]
    pub(crate) kills: u64,
    /// What chance is drawn from: the same chances again, though not the same instants
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// What a change must pass.
const KILLS: u64 = 300;

/// Builds the optimised program and kills it; what was counted goes to standard error.
pub(crate) fn run(shell: &Shell, amount: &Amount) -> Result<Tally> {
    run_command(&mut shell.cargo(&["build", "--release", "--locked", "--package", "busylamp"]))?;
    let binary = target(shell).join("release/busylamp").display().to_string();
    let (kills, seed) = (amount.kills.to_string(), amount.seed.to_string());
    let environment =
        [("BUSYLAMP_BINARY", &*binary), ("BUSYLAMP_CRASH_KILLS", &*kills), ("BUSYLAMP_CRASH_SEED", &*seed)];
    // With the features that the suite is built with, and one after the other: the stop has to be in time.
    nextest(shell, &["--workspace", "--no-capture", "--filterset=binary(crash)"], &environment)
}

/// Whether all of it passed.
pub(crate) fn judge(tally: Tally) -> Result<()> {
    ensure!(tally.failed == 0, "{} tests failed", tally.failed);
    Ok(())
}

/// The step of `cargo xtask test`.
pub(crate) fn check(shell: &Shell) -> Result<Tally> {
    run(shell, &Amount { kills: KILLS, seed: 1 })
}
