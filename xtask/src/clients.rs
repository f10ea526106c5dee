//! The clients that others have written, against the simulator: installed below `target/clients`, run, counted.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::{
    install::{install, missing, read, venv},
    shell::{Shell, overhear, run, say, succeeds},
    steps::Tally,
    suite,
};

/// What must be there, how it is asked, and what it is for.
const NEEDED: [(&str, &[&str], &str); 3] = [
    ("python3", &["-c", "import ensurepip, venv"], "Python 3.10 or later with venv"),
    ("node", &["--version"], "Node 20.10 or later"),
    ("npm", &["--version"], "npm"),
];

/// The step. Without Python or Node nothing is run, which continuous integration does not let pass.
pub(crate) fn check(shell: &Shell) -> Result<Tally> {
    for (program, question, what) in NEEDED {
        if succeeds(&mut shell.program(program, question)) {
            continue;
        }
        return missing(shell, "other people's clients NOT run", what);
    }
    run(&mut shell.cargo(&suite::TEST_BUILD))?;
    let target = suite::target(shell);
    let busylamp = target.join("debug/busylamp").canonicalize().context("the program was not built")?;
    let place = Place {
        shell,
        sources: shell.root.join("tests/clients"),
        folder: target.canonicalize()?.join("clients"),
        busylamp,
    };
    fs::create_dir_all(&place.folder).context("target/clients can't be made")?;
    let mut tally = python(&place)?;
    if tally.failed == 0 {
        tally.add(javascript(&place)?);
    }
    Ok(tally)
}

/// Where things are.
struct Place<'a> {
    shell: &'a Shell,
    /// The tests, in the checkout.
    sources: PathBuf,
    /// Where everything is installed.
    folder: PathBuf,
    busylamp: PathBuf,
}

fn python(place: &Place<'_>) -> Result<Tally> {
    let sources = place.sources.join("python");
    let interpreter = venv(place.shell, &place.folder.join("venv"), &sources.join("requirements.txt"))?;
    let mut pytest = place.shell.program(&interpreter, &["-m", "pytest", "-p", "no:cacheprovider"]);
    // Tests leave the checkout as it was.
    pytest.env("PYTHONDONTWRITEBYTECODE", "1").env("BUSYLAMP", &place.busylamp).current_dir(&sources);
    let (lines, success) = overhear(&mut pytest)?;
    let closing = lines.iter().rev().find_map(|line| pytest_counts(line));
    judge("pytest", closing, success)
}

fn javascript(place: &Place<'_>) -> Result<Tally> {
    let (sources, folder) = (place.sources.join("javascript"), place.folder.join("javascript"));
    let lock = read(&sources.join("package-lock.json"))?;
    install(&folder, &lock, || {
        copy(&sources, &folder)?;
        let packages: Vec<&str> = lock.lines().filter_map(|line| line.trim().strip_prefix("\"node_modules/")).collect();
        let packages: Vec<&str> = packages.iter().filter_map(|rest| rest.split('"').next()).collect();
        say(&format!("installing into target/clients/javascript: {}", packages.join(" ")));
        run(place.shell.program("npm", &["ci", "--ignore-scripts", "--silent"]).current_dir(&folder))
    })?;
    let tests = folder.join("test");
    if tests.exists() {
        fs::remove_dir_all(&tests).context("old tests can't be removed")?;
    }
    copy(&sources, &folder)?;
    let mut node = place.shell.program("node", &["run.js"]);
    let (lines, success) = overhear(node.env("BUSYLAMP", &place.busylamp).current_dir(&folder))?;
    judge("node --test", node_counts(&lines), success)
}

/// Copies a folder with what is below it, but for what somebody has installed there by hand.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let (path, copied) = (entry.path(), to.join(entry.file_name()));
        if path.ends_with("node_modules") {
            continue;
        }
        if path.is_dir() {
            copy(&path, &copied)?;
        } else {
            fs::copy(&path, &copied).with_context(|| path.display().to_string())?;
        }
    }
    Ok(())
}

/// What a runner counted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    /// Skipped, expected to fail, still to be written: all that nobody may hide behind.
    excused: u64,
}

/// pytest's closing line: `1 failed, 57 passed, 1 error in 9.91s`, in a frame if it is not quiet.
fn pytest_counts(line: &str) -> Option<Counts> {
    let (counted, _) = line.trim_matches(['=', ' ']).rsplit_once(" in ")?;
    let mut counts = Counts::default();
    for part in counted.split(", ") {
        let (number, word) = part.split_once(' ')?;
        let number: u64 = number.parse().ok()?;
        match word {
            "passed" => counts.passed += number,
            "failed" | "error" | "errors" => counts.failed += number,
            "skipped" | "deselected" | "xfailed" | "xpassed" => counts.excused += number,
            "warning" | "warnings" => {}
            _ => return None,
        }
    }
    Some(counts)
}

/// The closing lines of Node's runner: `ℹ pass 37` and its like.
fn node_counts(lines: &[String]) -> Option<Counts> {
    let number = |word: &str| -> Option<u64> {
        let found = lines.iter().rev().find_map(|line| line.strip_prefix("ℹ ")?.strip_prefix(word)?.strip_prefix(' '));
        found?.trim().parse().ok()
    };
    Some(Counts {
        passed: number("pass")?,
        failed: number("fail")? + number("cancelled")?,
        excused: number("skipped")? + number("todo")?,
    })
}

/// What a run is worth: its counts and its exit status must say the same, and nothing may be left out.
fn judge(runner: &str, counts: Option<Counts>, success: bool) -> Result<Tally> {
    let counts = counts.with_context(|| format!("`{runner}` does not say how many tests passed"))?;
    if counts.excused > 0 {
        bail!("`{runner}` left out {} tests", counts.excused);
    }
    if counts.passed + counts.failed == 0 {
        bail!("`{runner}` found no tests");
    }
    if success != (counts.failed == 0) {
        bail!("`{runner}` counts {} failures, and its exit status says otherwise", counts.failed);
    }
    Ok(Tally { passed: counts.passed, failed: counts.failed })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: u64, failed: u64, excused: u64) -> Counts {
        Counts { passed, failed, excused }
    }

    #[test]
    fn the_closing_line_of_pytest_is_read() {
        assert_eq!(pytest_counts("58 passed in 9.91s"), Some(counts(58, 0, 0)));
        let framed = "=== 1 failed, 57 passed, 2 skipped, 1 warning, 1 error in 70.12s (0:01:10) ===";
        assert_eq!(pytest_counts(framed), Some(counts(57, 2, 2)));
        assert_eq!(pytest_counts("no tests ran in 0.01s"), None);
        assert_eq!(pytest_counts("the simulator is ready in a moment"), None);
    }

    #[test]
    fn the_closing_lines_of_node_are_read() {
        let lines =
            "✔ kinds (3 ms)\nℹ tests 39\nℹ pass 36\nℹ fail 1\nℹ cancelled 1\nℹ skipped 1\nℹ todo 0\n✖ failing tests:";
        let lines: Vec<String> = lines.lines().map(str::to_owned).collect();
        assert_eq!(node_counts(&lines), Some(counts(36, 2, 1)));
        assert_eq!(node_counts(&lines[..2]), None);
    }

    #[test]
    fn a_run_that_hides_something_is_not_believed() {
        assert_eq!(judge("r", Some(counts(3, 1, 0)), false).expect("honest"), Tally { passed: 3, failed: 1 });
        assert!(judge("r", Some(counts(3, 0, 1)), true).is_err());
        assert!(judge("r", Some(counts(3, 0, 0)), false).is_err());
        assert!(judge("r", Some(counts(0, 0, 0)), true).is_err());
        assert!(judge("r", None, true).is_err());
    }
}
