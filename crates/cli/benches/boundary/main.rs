//! What the whole chain costs, over real HTTP: the pretended company on one side, the real service on the other, both
//! in this process. Nothing is asserted about time; every run is printed, and whether its target was met. Read with
//! `docs/benchmarks.md`.
//!
//! ```text
//! latency     how long after the begin and the end of an event the telephone shows it
//! diversions  how near switching many diversions comes to what the telephone system can do at all
//! polling     what asking for changes costs the network when there are none
//! reading     what reading all calendars of an Exchange costs beside asking for them
//! company     both sides, started and stopped; control: what people would do and see; figures: how it is printed
//! ```
//!
//! `cargo bench -p busylamp --bench boundary -- latency` runs one part.

#![expect(clippy::print_stdout, reason = "a benchmark's figures are its output")]

mod company;
mod control;
mod diversions;
mod figures;
mod latency;
mod polling;
mod reading;

use std::{env, time::Duration};

use busylamp_sim::Pace;
use tracing_subscriber::EnvFilter;

/// What every request to the pretended telephone system takes.
const REQUEST: Duration = Duration::from_millis(20);

/// A telephone system that takes its time, and works on this many requests at once.
fn pace(parallel: Option<usize>) -> Pace {
    Pace { latency: REQUEST, parallel }
}

fn main() -> anyhow::Result<()> {
    busylamp_net::trust::install_provider();
    let filter = EnvFilter::try_from_env("BUSYLAMP_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    // cargo says `--bench`; a word is the part that is wanted.
    let wanted = env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let runs = |part: &str| wanted.as_ref().is_none_or(|wanted| wanted == part);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        if runs("latency") {
            latency::measure().await?;
        }
        if runs("diversions") {
            diversions::measure().await?;
        }
        if runs("polling") {
            polling::measure().await?;
        }
        if runs("reading") {
            reading::measure().await?;
        }
        Ok(())
    })
}
