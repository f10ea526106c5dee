//! What comes from elsewhere: the tools that the steps need, and the libraries that the lock file names.

use std::{process::Child, sync::mpsc, thread, time::Duration};

use anyhow::{Context as _, Result, bail};

use crate::{
    debian,
    shell::{Shell, run, say, succeeds},
    steps::Tally,
};

/// A cargo subcommand and the version that is installed if there is none.
const TOOLS: [(&str, &str); 2] = [("nextest", "0.9.143"), ("deny", "0.20.2")];

/// How long the advisory database may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// The step that sees to the tools.
pub(crate) fn tools(shell: &Shell) -> Result<Tally> {
    for component in ["fmt", "clippy"] {
        if !succeeds(&mut shell.cargo(&[component, "--version"])) {
            let name = if component == "fmt" { "rustfmt" } else { component };
            bail!("{name} is missing; `rustup component add {name}` installs it");
        }
    }
    for (tool, version) in TOOLS {
        if succeeds(&mut shell.cargo(&[tool, "--version"])) {
            continue;
        }
        let package = format!("cargo-{tool}");
        say(&format!("{package} is missing: installing {version}, which takes some minutes"));
        // Quiet: the names of some hundred crates help nobody. Unoptimised: building it takes longer than it ever runs.
        let mut install = shell.cargo(&["install", &package, "--version", version, "--locked", "--quiet"]);
        let profile = [("OPT_LEVEL", "0"), ("LTO", "off"), ("CODEGEN_UNITS", "16"), ("DEBUG", "0"), ("STRIP", "none")];
        install.envs(profile.map(|(key, value)| (format!("CARGO_PROFILE_RELEASE_{key}"), value)));
        run(&mut install)?;
    }
    // It holds our XML against Microsoft's schemas. Tests say that they are skipped without it, but not here.
    if debian::find_or_install(shell, &["xmllint"], &["libxml2-utils"])?.is_none() && shell.in_ci() {
        bail!("xmllint is missing (on Debian: `apt-get install -y libxml2-utils`)");
    }
    Ok(Tally { passed: 1, failed: 0 })
}

/// The step that judges the libraries by deny.toml.
pub(crate) fn check(shell: &Shell) -> Result<Tally> {
    let deny = ["deny", "--locked", "--log-level=error", "check", "--hide-inclusion-graph"];
    run(&mut shell.cargo(&[&deny[..], &["bans", "licenses", "sources"]].concat()))?;
    if !advisories_arrive(shell)? {
        say("advisories NOT checked: the advisory database can't be fetched from here");
        return Ok(Tally { passed: 1, failed: 0 });
    }
    run(&mut shell.cargo(&[&deny[..], &["--disable-fetch", "advisories"]].concat()))?;
    Ok(Tally { passed: 2, failed: 0 })
}

/// Fetches the advisory database, if that works in bounded time.
fn advisories_arrive(shell: &Shell) -> Result<bool> {
    let mut fetch = shell.cargo(&["deny", "--locked", "--log-level=off", "fetch", "db"]);
    fetch.env("GIT_TERMINAL_PROMPT", "0").stdin(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let child = fetch.spawn().context("cargo deny can't be started")?;
    Ok(ends_well(child, PATIENCE))
}

/// Whether a program succeeds in time; after that it is ended.
fn ends_well(mut child: Child, patience: Duration) -> bool {
    let id = child.id().to_string();
    let (done, end) = mpsc::sync_channel(1);
    let waiter = thread::spawn(move || {
        let success = child.wait().is_ok_and(|status| status.success());
        let _nobody_waits = done.send(success);
    });
    let success = end.recv_timeout(patience).unwrap_or_else(|_| {
        let _ended_meanwhile = succeeds(std::process::Command::new("kill").arg(id));
        false
    });
    let _panicked = waiter.join();
    success
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_program_that_takes_too_long_is_ended() {
        let endless = Command::new("sleep").arg("3600").spawn().expect("sleep");
        assert!(!ends_well(endless, Duration::from_millis(10)));
    }

    #[test]
    fn a_program_that_ends_in_time_is_believed() {
        let patience = Duration::from_secs(60);
        assert!(ends_well(Command::new("true").spawn().expect("true"), patience));
        assert!(!ends_well(Command::new("false").spawn().expect("false"), patience));
    }
}
