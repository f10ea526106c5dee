//! Servers that others have written, for the sign-ins that Busylamp does: installed below `target/acceptors`.

use std::fs;

use anyhow::{Context as _, Result};

use crate::{
    install::{missing, venv},
    shell::{Shell, succeeds},
    steps::Tally,
    suite,
};

/// The step: the tests that are ignored elsewhere, since they need an acceptor. Without Python nothing is run, which
/// continuous integration does not let pass.
pub(crate) fn check(shell: &Shell) -> Result<Tally> {
    if !succeeds(&mut shell.program("python3", &["-c", "import ensurepip, venv"])) {
        return missing(shell, "no sign-in to other people's servers", "Python 3.10 or later with venv");
    }
    let target = suite::target(shell);
    fs::create_dir_all(&target).context("the target folder can't be made")?;
    let folder = target.canonicalize()?.join("acceptors");
    fs::create_dir_all(&folder).context("target/acceptors can't be made")?;
    let python = venv(shell, &folder.join("venv"), &shell.root.join("tests/clients/ntlm/requirements.txt"))?;
    let selection = ["--run-ignored=only", "--filterset=package(busylamp-windows-auth)"];
    suite::nextest(shell, &selection, &[("BUSYLAMP_ACCEPTOR_PYTHON", &python)])
}
