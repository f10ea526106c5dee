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

use busylamp_simulation::{Outcome, Sabotage, Size, Tally, Violation, Weather, explain, run};
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
type Found = (Tally, Option<(u64, Violation)>);

fn main() -> ExitCode {
    let cli = Cli::parse();
    let size = Size { users: cli.users, days: cli.days };
    let begin = Instant::now();
    let next = AtomicU64::new(cli.seed);
    let end = cli.seed.saturating_add(cli.seeds);
    let found: Mutex<Found> = Mutex::default();
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            let Outcome { tally, violation } = run(seed, size, Weather::ROUGH, Sabotage::None);
            // A poisoned lock still holds what was counted.
            let mut found = found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            found.0 += tally;
            if let Some(violation) = violation {
                next.store(end, Ordering::Relaxed);
                found.1.get_or_insert((seed, violation));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let (tally, failed) = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    for (name, count) in tally.fields() {
        say(&format!("{name:<26}{count:>14}"));
    }
    say(&format!("{:<26}{:>14.1}", "seconds", begin.elapsed().as_secs_f64()));
    let Some((seed, violation)) = failed else { return ExitCode::SUCCESS };
    say(&format!("\nseed {seed}: {violation}"));
    say(&format!("again: cargo xtask simulate --users {} --days {} --seed {seed}", cli.users, cli.days));
    say("It is made small, which may take some minutes.\n");
    say(&explain(seed, size, Weather::ROUGH, Sabotage::None, violation).report);
    ExitCode::FAILURE
}

fn say(line: &str) {
    // Nobody is left to be told if standard output is closed.
    let _closed = writeln!(io::stdout(), "{line}");
}
