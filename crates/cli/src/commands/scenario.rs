//! `busylamp scenario` (interfaces, section 4).

use std::path::PathBuf;

use super::{read, zone};
use crate::exit::{self, Failure, print, say};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Print one JSON object a file.
    #[arg(long)]
    json: bool,
    /// The scenarios.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> exit::Result {
    let mut outcomes = Vec::new();
    for file in &arguments.files {
        let place = file.display();
        let outcome = busylamp_scenario::run(&read(Some(file))?, &zone)
            .map_err(|refusal| Failure::BadInput(format!("{place}: {refusal}")))?;
        outcomes.push((file, outcome));
    }
    for (file, outcome) in &outcomes {
        if arguments.json {
            let json = serde_json::to_string(outcome).map_err(|error| Failure::CouldNot(error.to_string()))?;
            print(&json)?;
        } else {
            print(&format!("{} {}: {}", if outcome.ok { "ok    " } else { "FAILED" }, file.display(), outcome.name))?;
        }
        for failure in &outcome.failures {
            say(&format!("{}: {failure}", file.display()));
        }
    }
    if outcomes.iter().all(|(_, outcome)| outcome.ok) { Ok(()) } else { Err(Failure::NotSo) }
}
