//! `cargo xtask`: what a change must pass, and how fast things are.
//!
//! ```text
//! steps       the list of steps, as data
//! suite       tests, doc tests, scenarios: what counts its own results
//! clients     other people's clients against the simulator
//! acceptors   signing in to other people's servers
//! browser     the pages in a browser
//! screenshots the manual's pictures
//! install     what these need, below the target folder
//! debian      programs that come as Debian's packages
//! order       which crate may use which; the core stays pure
//! unused      dependencies that nobody names
//! bounds      what docs/reliability.md says of bounds is so
//! repository  nothing tracked that does not belong there
//! bridge      the module inside the PBX, packed, and its pretended PBX
//! supply      tools that are missing; licences, bans, advisories
//! bench       the benchmarks
//! simulate    the deterministic simulation
//! crash       the program, killed at random instants
//! shell       running other programs
//! ```

mod acceptors;
mod bench;
mod bounds;
mod bridge;
mod browser;
mod clients;
mod crash;
mod debian;
mod install;
mod metadata;
mod order;
mod repository;
mod screenshots;
mod shell;
mod simulate;
mod steps;
mod suite;
mod supply;
mod unused;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::shell::{Shell, result, say};

/// Tests and measures the workspace.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything that a change must pass; stops at the first step that fails
    Test {
        /// The long steps as well
        #[arg(long)]
        all: bool,
        /// Only this step; may be given several times
        #[arg(long, value_name = "STEP")]
        only: Vec<String>,
        /// Name the steps and run none
        #[arg(long, conflicts_with = "only")]
        list: bool,
    },
    /// Every benchmark of the workspace, one after the other
    Bench {
        /// Only the board's first paint, in Chromium
        #[arg(long)]
        paint: bool,
    },
    /// The manual's pictures, taken anew in Chromium; needs pngquant
    Screenshots,
    /// The keeper in a pretended world that fails in every way
    Simulate(simulate::Amount),
    /// The optimised program, killed at random instants among busy people, stopped and restored
    Crash(crash::Amount),
    /// The STARFACE module, packed as target/bridge/busylamp-bridge.sfm; needs a JDK of version 17 or later
    Bridge,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Test { list: true, .. } => {
            steps::list();
            Ok(())
        }
        Command::Test { all, only, .. } => return test(all, &only),
        Command::Bench { paint: false } => Shell::at_root().and_then(|shell| bench::run_all(&shell)),
        Command::Bench { paint: true } => Shell::at_root().and_then(|shell| bench::paint(&shell)),
        Command::Screenshots => Shell::at_root().and_then(|shell| screenshots::take(&shell)),
        Command::Simulate(amount) => Shell::at_root().and_then(|shell| simulate::run(&shell, &amount)),
        Command::Crash(amount) => Shell::at_root().and_then(|shell| crash::run(&shell, &amount)),
        Command::Bridge => Shell::at_root().and_then(|shell| bridge::make(&shell)),
    };
    conclude(done)
}

/// Runs the chosen steps. The last line of the output is always `N passed, N failed`.
fn test(all: bool, only: &[String]) -> ExitCode {
    let (shell, chosen) = match (Shell::at_root(), steps::choose(all, only)) {
        (Ok(shell), Ok(chosen)) => (shell, chosen),
        (Err(error), _) | (_, Err(error)) => return conclude(Err(error)),
    };
    let (tally, done) = steps::run(&shell, &chosen);
    let code = conclude(done);
    result(&format!("{} passed, {} failed", tally.passed, tally.failed));
    code
}

fn conclude(done: anyhow::Result<()>) -> ExitCode {
    if let Err(error) = done {
        say(&format!("\nxtask: {error:#}"));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
