//! `busylamp sim` (interfaces, section 5).

use std::path::PathBuf;

use busylamp_sim::{SimConfig, Simulator};

use crate::{
    exit::{self, Failure, say},
    running::{log, told_to_stop},
};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Written, whole, when everything answers: addresses and secrets as JSON.
    #[arg(long)]
    ready_file: PathBuf,
    /// The port on loopback; 0 is any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How many people the company employs.
    #[arg(long, default_value_t = 50)]
    users: usize,
    /// The same seed makes the same company.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Speak HTTPS, with an authority of its own.
    #[arg(long)]
    tls: bool,
    /// A fault that is on from the start, such as `graph_throttle=0.1`.
    #[arg(long = "fault", value_name = "NAME=RATE", value_parser = fault)]
    faults: Vec<(String, f64)>,
}

fn fault(text: &str) -> Result<(String, f64), String> {
    let (name, rate) = text.split_once('=').ok_or("write it as NAME=RATE")?;
    let rate: f64 = rate.parse().map_err(|_| "the rate is a number from 0 to 1")?;
    if (0.0..=1.0).contains(&rate) {
        Ok((name.to_owned(), rate))
    } else {
        Err("the rate is a number from 0 to 1".to_owned())
    }
}

pub(crate) async fn run(arguments: Arguments) -> exit::Result {
    log("warn");
    let Arguments { ready_file, port, users, seed, tls, faults } = arguments;
    let config = SimConfig { port, users, seed, tls, faults, ..SimConfig::default() };
    let simulator = Simulator::start(config).await.map_err(|error| Failure::BadInput(format!("{error:#}")))?;
    simulator.write_ready_file(&ready_file).map_err(|error| Failure::CouldNot(format!("{error:#}")))?;
    say(&format!("the simulator is ready, see {}", ready_file.display()));
    told_to_stop().await;
    simulator.stop().await;
    Ok(())
}
