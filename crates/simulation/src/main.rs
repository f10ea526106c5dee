//! `simulate`: runs seeds side by side and counts. `cargo xtask simulate` builds and calls it.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use busylamp_simulation::{Failure, Sabotage, Size, Tally, Weather, examine};
use clap::Parser;

/// Runs the real keeper in a pretended world that fails in every way.
#[derive(Parser)]
struct Cli {
    /// Users of the pretended company
    #[arg(long, default_value_t = 100)]
    users: usize,
    /// Days that are looked at
    #[arg(long, default_value_t = 365)]
    days: u32,
    /// How many seeds are run
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What was counted, and the first seed that failed.
type Found = (Tally, Option<(u64, Box<Failure>)>);

fn main() -> ExitCode {
    let cli = Cli::parse();
    let size = Size { users: cli.users, days: cli.days };
    let begin = Instant::now();
    let next = AtomicU64::new(cli.seed);
    let end = cli.seed.saturating_add(cli.seeds);
    let found: Mutex<Found> = Mutex::default();
    let run = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            let (tally, failure) = examine(seed, size, Weather::ROUGH, Sabotage::None);
            // A poisoned lock still holds what was counted.
            let mut found = found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            found.0 += tally;
            if let Some(failure) = failure {
                next.store(end, Ordering::Relaxed);
                found.1.get_or_insert((seed, failure));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(run);
        }
    });
    let (tally, failure) = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    for (name, count) in tally.fields() {
        say(&format!("{name:<26}{count:>14}"));
    }
    say(&format!("{:<26}{:>14.1}", "seconds", begin.elapsed().as_secs_f64()));
    let Some((seed, failure)) = failure else { return ExitCode::SUCCESS };
    say(&format!("\nseed {seed}: {}", failure.violation));
    say(&format!("again: cargo xtask simulate --users {} --days {} --seed {seed}\n", cli.users, cli.days));
    say(&failure.report);
    ExitCode::FAILURE
}

fn say(line: &str) {
    // Nobody is left to be told if standard output is closed.
    let _closed = writeln!(io::stdout(), "{line}");
}
