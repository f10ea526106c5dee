//! `busylamp decide` and `busylamp timeline` (interfaces, section 3).

use std::path::PathBuf;

use busylamp_core::format::question;

use super::{read, zone};
use crate::exit::{self, print};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The question; standard input if absent.
    file: Option<PathBuf>,
}

pub(crate) fn decide(arguments: &Arguments) -> exit::Result {
    print(&question::decide(&read(arguments.file.as_deref())?, &zone)?)
}

pub(crate) fn timeline(arguments: &Arguments) -> exit::Result {
    print(&question::timeline(&read(arguments.file.as_deref())?, &zone)?)
}
