//! The manual's pictures, taken of the demo and the simulator in Chromium.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::{
    browser::Browser,
    debian,
    shell::{Shell, run, say, succeeds},
    suite,
};

/// The folder, one below it for each language.
const FOLDER: &str = "docs/images";
/// Chromium's own languages, a package of Debian's.
const LANGUAGES: &str = "chromium-l10n";
/// No picture is larger, in bytes.
const LARGEST: u64 = 150_000;
/// Nor are all of them together.
const ALL: u64 = 3_000_000;

/// Takes them anew.
pub(crate) fn take(shell: &Shell) -> Result<()> {
    let browser = match Browser::find(shell)? {
        Ok(browser) => browser,
        Err(what) => bail!("{what} is missing"),
    };
    let Some(pngquant) = debian::find_or_install(shell, &["pngquant"], &["pngquant"])? else {
        bail!("pngquant is missing (on Debian: `apt-get install -y pngquant`)");
    };
    // Without them dates in German fields are written as in English ones.
    if !succeeds(&mut shell.program("dpkg", &["--status", LANGUAGES])) {
        debian::install(shell, LANGUAGES, &[LANGUAGES])?;
    }
    run(&mut shell.cargo(&suite::TEST_BUILD))?;
    let folder = shell.root.join(FOLDER);
    run(browser.node(shell, "debug", &["screenshots.js"])?.arg(&folder))?;
    let pictures = pictures(&folder)?;
    // Few colours are in them, and a palette makes them a third as large.
    let mut palette = shell.program(&pngquant, &["--force", "--ext", ".png", "--strip", "--speed", "1", "256"]);
    run(palette.args(&pictures))?;
    let mut all = 0;
    for picture in &pictures {
        let size = fs::metadata(picture).with_context(|| picture.display().to_string())?.len();
        if size > LARGEST {
            bail!("{} has {size} bytes; {LARGEST} are allowed", picture.display());
        }
        all += size;
    }
    if all > ALL {
        bail!("{FOLDER} has {all} bytes; {ALL} are allowed");
    }
    say(&format!("{} pictures in {FOLDER}, {all} bytes", pictures.len()));
    Ok(())
}

fn pictures(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut pictures = Vec::new();
    for language in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        for picture in fs::read_dir(language?.path())? {
            pictures.push(picture?.path());
        }
    }
    Ok(pictures)
}
