//! The benchmarks: every `[[bench]]` target of the workspace.

use anyhow::{Result, bail};

use crate::{
    metadata::members,
    shell::{Shell, run, say},
};

/// Runs all of them, one after the other: side by side they would measure each other.
pub(crate) fn run_all(shell: &Shell) -> Result<()> {
    let mut none = true;
    for member in members(shell)? {
        for bench in &member.benches {
            none = false;
            say(&format!("\n{}: {bench}", member.name));
            run(&mut shell.cargo(&["bench", "--locked", "--package", &member.name, "--bench", bench]))?;
        }
    }
    if none {
        bail!("the workspace has no benchmarks");
    }
    Ok(())
}
