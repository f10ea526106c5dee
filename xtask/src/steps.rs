//! The steps of `cargo xtask test`, as data.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::{
    acceptors, bounds, bridge, browser, clients, order, repository,
    shell::{Shell, result, run as run_command, say},
    simulate, suite, supply, unused,
};

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Tests, or checks, that passed.
    pub(crate) passed: u64,
    /// Those that did not.
    pub(crate) failed: u64,
}

impl Tally {
    /// A step that is one check.
    const ONE: Self = Self { passed: 1, failed: 0 };

    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// When a step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    /// Always: together they stay under 30 minutes on two cores, from a fresh clone.
    Quick,
    /// With `--all`: all together stay under 80 minutes.
    Long,
}

/// One step.
pub(crate) struct Step {
    name: &'static str,
    what: &'static str,
    length: Length,
    run: fn(&Shell) -> Result<Tally>,
}

/// What only a build that is asked to has in it.
const KERBEROS: &str = "--features=busylamp/kerberos";

const fn quick(name: &'static str, what: &'static str, run: fn(&Shell) -> Result<Tally>) -> Step {
    Step { name, what, length: Length::Quick, run }
}

const fn long(name: &'static str, what: &'static str, run: fn(&Shell) -> Result<Tally>) -> Step {
    Step { name, what, length: Length::Long, run }
}

/// All steps, cheap ones first. A test against somebody else's client gets a line of its own.
const STEPS: &[Step] = &[
    quick("tools", "the tools are there, or are installed", supply::tools),
    quick("format", "the source is formatted", |shell| check(shell, &["fmt", "--all", "--check"])),
    quick("order", "crates use only what they may; the core is pure", order::check),
    quick("unused", "every dependency is used", unused::check),
    quick("repository", "no foreign files, no paths of a machine", repository::check),
    quick("bounds", "the bounds that docs/reliability.md lists are there", bounds::check),
    quick("supply", "bans, licences, sources; advisories if they can be had", supply::check),
    quick("clippy", "no warnings", |shell| {
        check(shell, &["clippy", "--workspace", "--all-targets", KERBEROS, "--locked", "--", "-D", "warnings"])
    }),
    quick("doc", "the documentation builds, private items too", suite::documentation),
    quick("bridge", "the STARFACE module and its pretended PBX build; the package has its format", bridge::check),
    quick("tests", "unit, property, protocol and program tests; the optimised program killed 300 times", suite::tests),
    quick("doctests", "examples in the documentation", suite::doc_tests),
    quick("simulation", "the keeper in a pretended world that fails in every way, 36,000 user-days", simulate::check),
    quick("scenarios", "the scripted days, through the binary", suite::scenarios),
    quick("clients", "Microsoft's Graph SDKs for Python and JavaScript against the simulator", clients::check),
    quick("acceptors", "NTLM against pyspnego, Kerberos against MIT's KDC", acceptors::check),
    quick("browser", "the demo's page in Chromium, in both languages", browser::check),
    long("cases", "property tests with many more cases", suite::many_cases),
];

fn check(shell: &Shell, arguments: &[&str]) -> Result<Tally> {
    run_command(&mut shell.cargo(arguments))?;
    Ok(Tally::ONE)
}

/// Names all steps.
pub(crate) fn list() {
    for step in STEPS {
        let long = if step.length == Length::Long { " (with --all)" } else { "" };
        result(&format!("{:<11} {}{long}", step.name, step.what));
    }
}

/// The steps to run: those named, in their own order, else all of the wanted length.
pub(crate) fn choose(all: bool, only: &[String]) -> Result<Vec<&'static Step>> {
    if let Some(unknown) = only.iter().find(|name| STEPS.iter().all(|step| step.name != **name)) {
        bail!("there is no step `{unknown}`; `cargo xtask test --list` names them");
    }
    let wanted = |step: &&Step| match only {
        [] => all || step.length == Length::Quick,
        names => names.iter().any(|name| name == step.name),
    };
    Ok(STEPS.iter().filter(wanted).collect())
}

/// Runs steps until one fails. Each is announced with its name and followed by its duration.
pub(crate) fn run(shell: &Shell, steps: &[&Step]) -> (Tally, Result<()>) {
    let begin = Instant::now();
    let mut tally = Tally::default();
    for (index, step) in steps.iter().enumerate() {
        say(&format!("\n[{}/{}] {}: {}", index + 1, steps.len(), step.name, step.what));
        let start = Instant::now();
        let outcome = (step.run)(shell);
        let took = seconds(start.elapsed());
        let counted = outcome.as_ref().copied().unwrap_or(Tally { passed: 0, failed: 1 });
        tally.add(counted);
        let outcome = outcome.with_context(|| format!("step `{}` failed after {took}", step.name));
        if let Err(error) = outcome {
            return (tally, Err(error));
        }
        if counted.failed > 0 {
            return (tally, Err(anyhow::anyhow!("step `{}` failed after {took}", step.name)));
        }
        say(&format!("[{}/{}] {}: ok, {took}", index + 1, steps.len(), step.name));
    }
    say(&format!("\nall {} steps ok, {}", steps.len(), seconds(begin.elapsed())));
    (tally, Ok(()))
}

fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0..60 => format!("{:.1} s", duration.as_secs_f32()),
        whole => format!("{} min {} s", whole / 60, whole % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: bool, only: &[&str]) -> Vec<&'static str> {
        let only: Vec<String> = only.iter().map(|name| (*name).to_owned()).collect();
        choose(all, &only).expect("known steps").iter().map(|step| step.name).collect()
    }

    #[test]
    fn long_steps_run_when_they_are_asked_for() {
        assert!(!names(false, &[]).contains(&"cases"));
        assert!(names(true, &[]).contains(&"cases"));
        assert_eq!(names(false, &["cases", "format"]), ["format", "cases"]);
        assert!(choose(false, &["nonsense".to_owned()]).is_err());
    }

    #[test]
    fn the_first_failure_stops_and_is_counted() {
        let steps = [
            quick("a", "", |_| Ok(Tally { passed: 3, failed: 0 })),
            quick("b", "", |_| bail!("broken")),
            quick("c", "", |_| Ok(Tally::ONE)),
        ];
        let shell = Shell::at_root().expect("a root");
        let (tally, stopped) = run(&shell, &steps.iter().collect::<Vec<_>>());
        assert_eq!(tally, Tally { passed: 3, failed: 1 });
        assert!(format!("{:#}", stopped.expect_err("b is broken")).starts_with("step `b` failed after"));
    }

    #[test]
    fn a_step_with_failed_tests_has_failed() {
        let steps = [quick("a", "", |_| Ok(Tally { passed: 3, failed: 2 }))];
        let shell = Shell::at_root().expect("a root");
        let (tally, stopped) = run(&shell, &steps.iter().collect::<Vec<_>>());
        assert_eq!(tally, Tally { passed: 3, failed: 2 });
        assert!(stopped.is_err());
    }
}
