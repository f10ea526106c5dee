//! Busylamp on the command line. Results go to standard output, messages to standard error; the exit status is 0
//! for done, 1 for "the thing asked for is not so", 2 for bad input or usage, 3 for "could not do it".

mod commands;
mod exit;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Keeps every telephone user's state in step with the user's calendar.
#[derive(Parser)]
#[command(version, about, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Say what is wanted at an instant: a question as JSON in, an answer as JSON out.
    Decide(commands::decide::Arguments),
    /// Say what is wanted over a span.
    Timeline(commands::decide::Arguments),
    /// Run scripted days and check their expectations.
    Scenario(commands::scenario::Arguments),
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return exit::usage(&error),
    };
    let result = match arguments.command {
        Command::Decide(arguments) => commands::decide::decide(&arguments),
        Command::Timeline(arguments) => commands::decide::timeline(&arguments),
        Command::Scenario(arguments) => commands::scenario::run(&arguments),
    };
    exit::code(result)
}
