//! The steps that count tests of their own: nextest, doc tests, scenarios.

use std::{ffi::OsStr, fs, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::{
    crash,
    shell::{Shell, overhear, run, say},
    steps::Tally,
};

/// What a test prints that has nothing to compare with.
const SKIPPED: &str = "skipped: no conformance data";

/// The features that the tests are built with, so that nothing is compiled twice.
pub(crate) const TEST_BUILD: [&str; 5] = ["build", "--workspace", "--bins", "--tests", "--locked"];

/// The optimised programs, built together, so that nothing is compiled twice.
pub(crate) const RELEASE_BUILD: [&str; 5] =
    ["build", "--release", "--locked", "--package=busylamp", "--package=busylamp-simulation"];

/// The documentation of everything, private items included.
pub(crate) fn documentation(shell: &Shell) -> Result<Tally> {
    let arguments = ["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"];
    run(shell.cargo(&arguments).env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(Tally { passed: 1, failed: 0 })
}

/// All tests but those in the documentation. Property tests draw the same cases in every run. The crash test kills the
/// optimised program; as it mostly waits, it runs beside all others.
pub(crate) fn tests(shell: &Shell) -> Result<Tally> {
    run(&mut shell.cargo(&RELEASE_BUILD))?;
    let crash = crash::Amount::default().environment(shell);
    nextest(shell, &["--workspace"], crash.into_iter().chain([("PROPTEST_RNG_SEED", "1".to_owned())]))
}

/// The same with many more cases for each property, drawn anew in every run. A failure prints its smallest case: make
/// that a unit test.
pub(crate) fn many_cases(shell: &Shell) -> Result<Tally> {
    nextest(shell, &["--workspace"], [("PROPTEST_CASES", "20000")])
}

/// The tests that are selected.
pub(crate) fn nextest<Name: AsRef<OsStr>, Value: AsRef<OsStr>>(
    shell: &Shell,
    selection: &[&str],
    environment: impl IntoIterator<Item = (Name, Value)>,
) -> Result<Tally> {
    let report = target(shell).join("nextest/default/junit.xml");
    if report.exists() {
        fs::remove_file(&report).context("an old report can't be removed")?;
    }
    let arguments = ["nextest", "run", "--locked", "--config-file=xtask/nextest.toml", "--no-fail-fast"];
    // What each test takes of them stands in nextest.toml.
    let threads = 3 * std::thread::available_parallelism().map_or(1, usize::from);
    let mut nextest = shell.cargo(&[&arguments[..], &[&format!("--test-threads={threads}")], selection].concat());
    // Tests leave the checkout as it was.
    nextest.env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1").envs(environment);
    let outcome = run(&mut nextest);
    let Ok(report) = fs::read_to_string(&report) else {
        outcome?;
        bail!("nextest wrote no report");
    };
    let tally = count(&report).context("nextest's report can't be read")?;
    let skipped = report.matches(SKIPPED).count();
    if skipped > 0 && shell.in_ci() {
        bail!("{skipped} tests had nothing to compare with; set BUSYLAMP_CONFORMANCE");
    }
    if skipped > 0 {
        say(&format!("{skipped} tests had nothing to compare with (no conformance data)"));
    }
    if tally.failed == 0 {
        outcome?;
    }
    Ok(tally)
}

/// Passed and failed in a JUnit report, by its root element.
fn count(report: &str) -> Option<Tally> {
    let (_, rest) = report.split_once("<testsuites ")?;
    let (root, _) = rest.split_once('>')?;
    let number = |name: &str| -> Option<u64> {
        let (_, value) = root.split_once(&format!(" {name}=\""))?;
        value.split('"').next()?.parse().ok()
    };
    let failed = number("failures")? + number("errors")?;
    Some(Tally { passed: number("tests")?.checked_sub(failed)?, failed })
}

/// The examples in the documentation. One that is not run would be no proof of anything.
pub(crate) fn doc_tests(shell: &Shell) -> Result<Tally> {
    let (lines, success) = overhear(&mut shell.cargo(&["test", "--workspace", "--doc", "--locked", "--no-fail-fast"]))?;
    let mut tally = Tally::default();
    for line in lines.iter().filter(|line| line.starts_with("test result: ")) {
        let number = |name: &str| -> Option<u64> {
            let (before, _) = line.split_once(&format!(" {name}"))?;
            before.rsplit(' ').next()?.parse().ok()
        };
        let (Some(passed), Some(failed), Some(ignored)) = (number("passed"), number("failed"), number("ignored"))
        else {
            bail!("can't be read: {line}");
        };
        if ignored > 0 {
            bail!("an example in the documentation is marked `ignore`: make it run, or mark it `text`");
        }
        tally.passed += passed;
        tally.failed += failed;
    }
    if !success && tally.failed == 0 {
        bail!("the examples in the documentation don't build");
    }
    Ok(tally)
}

/// Every scripted day, through the binary as it is shipped.
pub(crate) fn scenarios(shell: &Shell) -> Result<Tally> {
    let files = scenario_files(shell)?;
    run(&mut shell.cargo(&TEST_BUILD))?;
    let binary = target(shell).join("debug/busylamp").display().to_string();
    let mut arguments = vec!["scenario", "--json"];
    arguments.extend(files.iter().map(String::as_str));
    let (lines, success) = overhear(&mut shell.program(&binary, &arguments))?;
    let mut tally = Tally::default();
    for line in &lines {
        let outcome: Value = serde_json::from_str(line).with_context(|| format!("not JSON: {line}"))?;
        match outcome["ok"].as_bool() {
            Some(true) => tally.passed += 1,
            Some(false) => tally.failed += 1,
            None => bail!("a scenario without `ok`: {line}"),
        }
    }
    let told = usize::try_from(tally.passed + tally.failed).unwrap_or(usize::MAX);
    if told != files.len() || success != (tally.failed == 0) {
        bail!("{} scenarios, {told} results, and the exit status says {success}", files.len());
    }
    Ok(tally)
}

fn scenario_files(shell: &Shell) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(shell.root.join("scenarios")).context("there is no folder `scenarios`")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path.display().to_string());
        }
    }
    files.sort();
    if files.is_empty() {
        bail!("there are no scenarios");
    }
    Ok(files)
}

/// Where cargo builds.
pub(crate) fn target(shell: &Shell) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| shell.root.join("target"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_counted_by_its_root() {
        let report = r#"<?xml version="1.0"?><testsuites name="nextest-run" tests="12" failures="2" errors="1" uuid="x">
            <testsuite name="a" tests="12" failures="2" errors="1"></testsuite></testsuites>"#;
        assert_eq!(count(report), Some(Tally { passed: 9, failed: 3 }));
        assert_eq!(count("<testsuites name=\"x\"></testsuites>"), None);
    }
}
