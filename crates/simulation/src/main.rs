//! `simulate`: runs seeds and counts. `cargo xtask simulate` builds and calls it.

use std::{io::Write as _, process::ExitCode};

use busylamp_simulation::{Sabotage, Size, Weather};
use clap::Parser;

/// Runs the keeper in a pretended world that fails in every way.
#[derive(Parser)]
struct Cli {
    /// Users of the pretended company
    #[arg(long, default_value_t = 100)]
    users: usize,
    /// Days
    #[arg(long, default_value_t = 365)]
    days: u32,
    /// How many seeds
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let size = Size { users: cli.users, days: cli.days };
    let begin = std::time::Instant::now();
    for seed in cli.seed..cli.seed + cli.seeds {
        let outcome = busylamp_simulation::run(seed, size, Weather::ROUGH, Sabotage::None);
        if let Some(violation) = outcome.violation {
            let told = busylamp_simulation::run_telling(seed, size, Weather::ROUGH, Sabotage::None).told;
            for line in told {
                let _ = writeln!(std::io::stdout(), "{line}");
            }
            let _ = writeln!(std::io::stdout(), "seed {seed}: {violation}");
            return ExitCode::FAILURE;
        }
        let _ = writeln!(std::io::stdout(), "seed {seed}: {:?} {:?}", outcome.tally.fields(), begin.elapsed());
    }
    ExitCode::SUCCESS
}
