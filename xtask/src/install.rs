//! What other people's programs need, installed below the target folder.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};

use crate::{
    shell::{Shell, run, say},
    steps::Tally,
};

/// A step that can't run because something is missing on this machine: said aloud, and a fault in continuous
/// integration.
pub(crate) fn missing(shell: &Shell, left_out: &str, what: &str) -> Result<Tally> {
    if shell.in_ci() {
        bail!("{what} is missing");
    }
    say(&format!("{left_out}: {what} is missing"));
    Ok(Tally::default())
}

/// A Python environment with the packages that a list of `name==version` pins; the path of its interpreter.
pub(crate) fn venv(shell: &Shell, folder: &Path, requirements: &Path) -> Result<String> {
    let pins = read(requirements)?;
    let interpreter = folder.join("bin/python").display().to_string();
    install(folder, &pins, || {
        let packages: Vec<&str> = pins.lines().filter(|line| line.contains("==")).collect();
        say(&format!("installing into {}: {}", folder.display(), packages.join(" ")));
        run(&mut shell.program("python3", &["-m", "venv", &folder.display().to_string()]))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        let requirements = requirements.display().to_string();
        run(&mut shell.program(&interpreter, &[&pip[..], &[&requirements]].concat()))
    })?;
    Ok(interpreter)
}

/// Installs into a folder anew, unless what is in it was installed from the same list.
pub(crate) fn install(folder: &Path, list: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let installed = folder.join("installed");
    if fs::read_to_string(&installed).is_ok_and(|old| old == list) {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("{} can't be removed", folder.display()))?;
    }
    work()?;
    fs::write(&installed, list).with_context(|| format!("{} can't be written", folder.display()))
}

pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}
