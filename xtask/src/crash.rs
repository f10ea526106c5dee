//! The crash test (docs/reliability.md): the optimised program, killed at random instants among busy people.

use anyhow::{Result, ensure};
use clap::Args;

use crate::{
    shell::{Shell, run as run_command},
    suite::{RELEASE_BUILD, nextest, target},
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

impl Default for Amount {
    fn default() -> Self {
        Self { kills: KILLS, seed: 1 }
    }
}

impl Amount {
    /// What the test is told: the optimised program, which has to be there, how often it is killed, and the seed.
    pub(crate) fn environment(&self, shell: &Shell) -> [(&'static str, String); 3] {
        let binary = target(shell).join("release/busylamp").display().to_string();
        [
            ("BUSYLAMP_CRASH_BINARY", binary),
            ("BUSYLAMP_CRASH_KILLS", self.kills.to_string()),
            ("BUSYLAMP_CRASH_SEED", self.seed.to_string()),
        ]
    }
}

/// Builds the optimised program and kills it. What was counted goes to standard error.
pub(crate) fn run(shell: &Shell, amount: &Amount) -> Result<()> {
    run_command(&mut shell.cargo(&RELEASE_BUILD))?;
    let tally = nextest(shell, &["--workspace", "--filterset=binary(crash)"], amount.environment(shell))?;
    ensure!(tally.failed == 0, "{} tests failed", tally.failed);
    Ok(())
}
