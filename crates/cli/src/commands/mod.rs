//! One command a file.

pub(crate) mod apply;
pub(crate) mod backup;
pub(crate) mod check;
mod check_starface;
pub(crate) mod decide;
pub(crate) mod demo;
pub(crate) mod export;
pub(crate) mod find_exchange;
pub(crate) mod restore;
pub(crate) mod run;
pub(crate) mod scenario;
pub(crate) mod sim;

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use busylamp_service::config::{Secrets, WrittenInstance, read_file};
use jiff::tz::TimeZone;

use crate::exit::Failure;

/// No question, scenario or configuration is longer than this many bytes.
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

/// The instances of a file, with their secrets.
fn instances(file: &Path) -> Result<Vec<(WrittenInstance, Secrets)>, Failure> {
    let text = read(Some(file))?;
    let place = |refusal| Failure::BadInput(format!("{}: {refusal}", file.display()));
    let folder = file.parent().map_or_else(PathBuf::new, Path::to_owned);
    let mut instances = Vec::new();
    for (index, written) in read_file(&text).map_err(place)?.into_iter().enumerate() {
        let secrets = written.resolve(&folder).map_err(|r| place(r.within(&format!("instance[{index}]"))))?;
        instances.push((written, secrets));
    }
    Ok(instances)
}
