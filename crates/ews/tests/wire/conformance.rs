//! Schemas and recorded answers that lie outside the project.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The folder `ews` of the conformance data: below `BUSYLAMP_CONFORMANCE`, or below `../shared/conformance` beside the
/// checkout. `None` when it is absent, which is a failure where `CI` is set to `true`.
pub(crate) fn folder() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let folder = env::var_os("BUSYLAMP_CONFORMANCE").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder.join("ews"));
    }
    assert!(!in_ci(), "no conformance data at {}", folder.display());
    skipped("no conformance data");
    None
}

/// The fixture of this name.
pub(crate) fn fixture(name: &str) -> Option<Vec<u8>> {
    let path = folder()?.join("fixtures").join(name);
    Some(fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

pub(crate) fn in_ci() -> bool {
    env::var("CI").as_deref() == Ok("true")
}

/// A test that checks nothing says so.
#[allow(clippy::print_stderr)]
pub(crate) fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}
