//! Servers that others have written, for the sign-ins that Busylamp does: pyspnego installed below `target/acceptors`,
//! MIT's Kerberos from Debian.

use std::fs;

use anyhow::{Context as _, Result};

use crate::{
    debian,
    install::{missing, venv},
    shell::{Shell, succeeds},
    steps::Tally,
    suite,
};

/// What the Kerberos acceptor is made of.
const KERBEROS: [&str; 4] = ["krb5-kdc", "krb5-admin-server", "python3-gssapi", "python3-cryptography"];
/// The Python that Debian's packages belong to.
const DEBIANS_PYTHON: &str = "/usr/bin/python3";

/// The step: the tests that are ignored elsewhere, since they need an acceptor. What is missing is left out, which
/// continuous integration does not let pass.
pub(crate) fn check(shell: &Shell) -> Result<Tally> {
    if !succeeds(&mut shell.program("python3", &["-c", "import ensurepip, venv"])) {
        return missing(shell, "NO sign-in to other people's servers", "Python 3.10 or later with venv");
    }
    let target = suite::target(shell);
    fs::create_dir_all(&target).context("the target folder can't be made")?;
    let folder = target.canonicalize()?.join("acceptors");
    fs::create_dir_all(&folder).context("target/acceptors can't be made")?;
    let python = venv(shell, &folder.join("venv"), &shell.root.join("tests/clients/acceptors/requirements.txt"))?;
    let environment = [
        ("BUSYLAMP_NTLM_PYTHON", python.as_str()),
        ("BUSYLAMP_KERBEROS_PYTHON", DEBIANS_PYTHON),
        // Tests leave the checkout as it was.
        ("PYTHONDONTWRITEBYTECODE", "1"),
    ];
    let package = ["--package=busylamp-windows-auth", "--run-ignored=all"];
    if !kerberos(shell)? {
        let what = format!("MIT's Kerberos (on Debian: `apt-get install -y {}`)", KERBEROS.join(" "));
        missing(shell, "NO sign-in by Kerberos", &what)?;
        return suite::nextest(shell, &[&package[..], &["--filterset=binary(acceptor)"]].concat(), environment);
    }
    // The unit tests of the feature as well: they are run nowhere else.
    let selection = ["--features=kerberos", "--filterset=binary(acceptor) | test(/^kerberos::/)"];
    suite::nextest(shell, &[&package[..], &selection].concat(), environment)
}

/// Whether MIT's Kerberos is there, after installing it if that can be done.
fn kerberos(shell: &Shell) -> Result<bool> {
    let there = || {
        let programs = ["krb5kdc", "kdb5_util", "kadmin.local"];
        programs.iter().all(|program| debian::find(shell, &[program]).is_some())
            && succeeds(&mut shell.program(DEBIANS_PYTHON, &["-c", "import gssapi, cryptography"]))
    };
    if !there() {
        debian::install(shell, "MIT's Kerberos", &KERBEROS)?;
    }
    Ok(there())
}
