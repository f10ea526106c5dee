//! One command a file.

pub(crate) mod decide;
pub(crate) mod scenario;

use std::{io::Read, path::Path};

use jiff::tz::TimeZone;

use crate::exit::Failure;

/// No question or scenario is longer than this many bytes.
const LONGEST_INPUT: u64 = 64 << 20;

/// The text of a file, or of standard input.
fn read(file: Option<&Path>) -> Result<String, Failure> {
    let mut text = String::new();
    let result = match file {
        Some(path) => std::fs::File::open(path).and_then(|file| file.take(LONGEST_INPUT).read_to_string(&mut text)),
        None => std::io::stdin().lock().take(LONGEST_INPUT).read_to_string(&mut text),
    };
    let place = file.map_or_else(|| "standard input".to_owned(), |path| path.display().to_string());
    result.map_err(|error| Failure::BadInput(format!("{place}: can't be read: {error}")))?;
    Ok(text)
}

/// Zones by name, from the system's database, else from the bundled one.
fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}
