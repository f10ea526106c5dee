//! The benchmarks: every `[[bench]]` target of the workspace, and the board's first paint.

use anyhow::{Result, bail};

use crate::{
    browser::Browser,
    metadata::members,
    shell::{Shell, run, say},
    suite::RELEASE_BUILD,
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
    paint(shell)
}

/// How soon the board of many users is painted, by the optimised program and Chromium.
pub(crate) fn paint(shell: &Shell) -> Result<()> {
    say("\nthe board's first paint");
    let browser = match Browser::find(shell)? {
        Ok(browser) => browser,
        Err(what) => {
            say(&format!("not measured: {what} is missing"));
            return Ok(());
        }
    };
    run(&mut shell.cargo(&RELEASE_BUILD))?;
    run(&mut browser.node(shell, "release", &["paint.js"])?)
}
