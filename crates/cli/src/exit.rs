//! How commands end.

use std::{io::Write, process::ExitCode};

use busylamp_core::format::refusal::Refusal;
use clap::error::ErrorKind;

/// How a command ended that did not do what was asked.
pub(crate) enum Failure {
    /// The thing asked for is not so; everything about it was said already.
    NotSo,
    /// Bad input: one line that names the place and the remedy.
    BadInput(String),
    /// It could not be done: network, store, files.
    CouldNot(String),
}

pub(crate) type Result = std::result::Result<(), Failure>;

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::BadInput(refusal.to_string())
    }
}

/// Says what is to be said and gives the exit status.
pub(crate) fn code(result: Result) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::NotSo) => ExitCode::from(1),
        Err(Failure::BadInput(line)) => {
            say(&line);
            ExitCode::from(2)
        }
        Err(Failure::CouldNot(line)) => {
            say(&line);
            ExitCode::from(3)
        }
    }
}

/// Help and version are results; anything else that clap says is about usage, and becomes one line.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _closed = error.print();
        return ExitCode::SUCCESS;
    }
    let missing = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    let said = if missing { "a command is missing".to_owned() } else { error.to_string() };
    let ends = |line: &&str| !line.starts_with("Usage:") && !line.starts_with("For more information");
    let problem: Vec<&str> = said.lines().map(str::trim).take_while(ends).filter(|line| !line.is_empty()).collect();
    say(&format!("{}; see --help", problem.join(" ").trim_start_matches("error: ")));
    ExitCode::from(2)
}

/// A line on standard error. Nobody is left to tell if that is closed.
pub(crate) fn say(line: &str) {
    let _closed = writeln!(std::io::stderr().lock(), "{line}");
}

/// A line on standard output.
///
/// # Errors
/// If standard output is closed.
pub(crate) fn print(line: &str) -> Result {
    writeln!(std::io::stdout().lock(), "{line}").map_err(|error| Failure::CouldNot(format!("standard output: {error}")))
}
