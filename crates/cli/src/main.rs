//! Busylamp on the command line. Results go to standard output, messages to standard error; the exit status is 0
//! for done, 1 for "the thing asked for is not so", 2 for bad input or usage, 3 for "could not do it".

mod commands;
mod crash;
mod data;
mod exit;
mod pages;
mod running;

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
    /// Show it work: a pretended company, telephone system and cloud, and the service on top.
    Demo(commands::demo::Arguments),
    /// Run the service.
    Run(commands::run::Arguments),
    /// Take up instances from a file, whether the service runs or not.
    Apply(commands::apply::Arguments),
    /// Write the instances as a file, without their secrets, whether the service runs or not.
    Export(commands::export::Arguments),
    /// Write a copy of the store to a new file, whether the service runs or not.
    Backup(commands::backup::Arguments),
    /// Put a backup in the place of the store; the service must not run.
    Restore(commands::restore::Arguments),
    /// Walk through the whole chain, changing nothing, and say what is right or what to do.
    Check(commands::check::Arguments),
    /// Find the Exchange Server of a mailbox.
    FindExchange(commands::find_exchange::Arguments),
    /// Say what is wanted at an instant: a question as JSON in, an answer as JSON out.
    Decide(commands::decide::Arguments),
    /// Say what is wanted over a span.
    Timeline(commands::decide::Arguments),
    /// Run scripted days and check their expectations.
    Scenario(commands::scenario::Arguments),
    /// Start the pretended Entra, Graph and STARFACE on loopback, for tests.
    Sim(commands::sim::Arguments),
}

fn main() -> ExitCode {
    crash::be_discreet();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return exit::usage(&error),
    };
    let result = match arguments.command {
        Command::Demo(arguments) => running::block_on(commands::demo::run(arguments)),
        Command::Run(arguments) => running::block_on(commands::run::run(arguments)),
        Command::Apply(arguments) => running::block_on(commands::apply::run(arguments)),
        Command::Export(arguments) => running::block_on(commands::export::run(arguments)),
        Command::Backup(arguments) => running::block_on(commands::backup::run(arguments)),
        Command::Restore(arguments) => running::block_on(commands::restore::run(arguments)),
        Command::Check(arguments) => running::block_on(commands::check::run(arguments)),
        Command::FindExchange(arguments) => running::block_on(commands::find_exchange::run(arguments)),
        Command::Decide(arguments) => commands::decide::decide(&arguments),
        Command::Timeline(arguments) => commands::decide::timeline(&arguments),
        Command::Scenario(arguments) => commands::scenario::run(&arguments),
        Command::Sim(arguments) => running::block_on(commands::sim::run(arguments)),
    };
    exit::code(result)
}
