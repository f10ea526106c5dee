//! Files of recorded and hand-made answers that lie outside the project, for tests.

use std::{env, fs, path::PathBuf};

/// The folder: `BUSYLAMP_CONFORMANCE`, or `../shared/conformance` beside the checkout. `None` when it is absent, which
/// is a failure where `CI` is set to `true`.
fn folder() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let folder = env::var_os("BUSYLAMP_CONFORMANCE").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(env::var("CI").as_deref() != Ok("true"), "no conformance data at {}", folder.display());
    // A test that checks nothing says so.
    #[allow(clippy::print_stderr)]
    {
        eprintln!("skipped: no conformance data");
    }
    None
}

/// A file of the conformance data; `None` when there is no such data here.
pub(crate) fn file(name: &str) -> Option<Vec<u8>> {
    let path = folder()?.join(name);
    Some(fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}
