//! The pages in a browser: Playwright and axe installed below `target/browser`, Chromium from the system.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::{
    debian,
    install::missing,
    shell::{Shell, overhear, run, say, succeeds},
    steps::Tally,
    suite,
};

/// Names under which Chromium is installed, or a browser that understands the same.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const LEFT_OUT: &str = "the page NOT looked at in a browser";

/// The step. Without Node or a browser nothing is run, which continuous integration does not let pass.
pub(crate) fn check(shell: &Shell) -> Result<Tally> {
    let browser = match Browser::find(shell)? {
        Ok(browser) => browser,
        Err(what) => return missing(shell, LEFT_OUT, what),
    };
    run(&mut shell.cargo(&suite::TEST_BUILD))?;
    // Two files a processor at a time: each has programs and a browser of its own, and waits for them more often than not.
    let files = 2 * std::thread::available_parallelism().map_or(1, usize::from);
    let tests = ["--test", &format!("--test-concurrency={files}"), "--test-reporter=spec"];
    let (lines, success) = overhear(&mut browser.node(shell, "debug", &tests)?)?;
    let tally = count(&lines).context("Node does not say how many tests passed, or left some out")?;
    if tally == Tally::default() || success != (tally.failed == 0) {
        bail!("{} passed, {} failed, and Node's exit status says otherwise", tally.passed, tally.failed);
    }
    say(&format!("screenshots are in {}", suite::target(shell).join("browser/screenshots").display()));
    Ok(tally)
}

/// Chromium, and Node to drive it.
pub(crate) struct Browser {
    chromium: String,
}

impl Browser {
    /// What there is, or what is missing.
    pub(crate) fn find(shell: &Shell) -> Result<Result<Self, &'static str>> {
        for (program, what) in [("node", "Node 20.10 or later"), ("npm", "npm")] {
            if !succeeds(&mut shell.program(program, &["--version"])) {
                return Ok(Err(what));
            }
        }
        let chromium = debian::find_or_install(shell, &BROWSERS, &["chromium"])?;
        Ok(chromium.map(|chromium| Self { chromium }).ok_or("Chromium (on Debian: `apt-get install -y chromium`)"))
    }

    /// Node with these arguments, in a folder with the tests and all that they use. The program that it starts was built
    /// before, with this profile.
    pub(crate) fn node(&self, shell: &Shell, profile: &str, arguments: &[&str]) -> Result<Command> {
        let target = suite::target(shell).canonicalize().context("nothing was built")?;
        let folder = target.join("browser");
        install(shell, &folder)?;
        let mut node = shell.program("node", arguments);
        node.env("BUSYLAMP", target.join(profile).join("busylamp")).env("CHROMIUM", &self.chromium);
        node.current_dir(&folder);
        Ok(node)
    }
}

/// Copies the tests and installs what they use, anew only if the lock file has changed.
fn install(shell: &Shell, folder: &Path) -> Result<()> {
    let sources = shell.root.join("tests/browser");
    let lock = fs::read(sources.join("package-lock.json")).context("tests/browser has no lock file")?;
    let installed = folder.join("installed");
    let fresh = !fs::read(&installed).is_ok_and(|old| old == lock);
    let old = if fresh { folder.to_owned() } else { folder.join("test") };
    if old.exists() {
        fs::remove_dir_all(&old).with_context(|| format!("{} can't be removed", old.display()))?;
    }
    copy(&sources, folder)?;
    copy(&sources.join("test"), &folder.join("test"))?;
    if fresh {
        say("installing Playwright and axe into target/browser");
        // No package runs anything of its own; the browser is the system's.
        run(shell.program("npm", &["ci", "--ignore-scripts", "--silent"]).current_dir(folder))?;
        fs::write(&installed, lock).with_context(|| installed.display().to_string())?;
    }
    Ok(())
}

/// Copies the files of a folder, and nothing that lies deeper.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let path = entry?.path();
        if let Some(name) = path.file_name().filter(|_| path.is_file()) {
            fs::copy(&path, to.join(name)).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}

/// The closing lines of Node's runner, `ℹ pass 18` and its like. A test that was left out makes the count worthless.
fn count(lines: &[String]) -> Option<Tally> {
    let number = |word: &str| -> Option<u64> {
        let found = lines.iter().rev().find_map(|line| line.strip_prefix("ℹ ")?.strip_prefix(word)?.strip_prefix(' '));
        found?.trim().parse().ok()
    };
    if number("skipped")? + number("todo")? > 0 {
        return None;
    }
    Some(Tally { passed: number("pass")?, failed: number("fail")? + number("cancelled")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(skipped: u8) -> Vec<String> {
        let text =
            format!("✔ a lamp (3 ms)\nℹ tests 20\nℹ pass 17\nℹ fail 2\nℹ cancelled 1\nℹ skipped {skipped}\nℹ todo 0");
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn the_closing_lines_are_counted() {
        assert_eq!(count(&lines(0)), Some(Tally { passed: 17, failed: 3 }));
    }

    #[test]
    fn a_count_with_tests_left_out_or_cut_off_is_none() {
        assert_eq!(count(&lines(1)), None);
        assert_eq!(count(&lines(0)[..3]), None);
    }
}
