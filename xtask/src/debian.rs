//! Programs that come as Debian's packages. Root may install them; anybody else is told their names.

use anyhow::Result;

use crate::shell::{Shell, ask, run, say, succeeds};

/// The path of the first of these programs that is there.
pub(crate) fn find(shell: &Shell, programs: &[&str]) -> Option<String> {
    let search = r#"PATH="$PATH:/usr/sbin"; for name; do command -v "$name" && exit; done; exit 1"#;
    let mut sh = shell.program("sh", &["-c", search, "sh"]);
    ask(sh.args(programs)).ok().map(|path| path.trim().to_owned())
}

/// The path of the first of these programs, after installing the packages if none is there and that can be done.
pub(crate) fn find_or_install(shell: &Shell, programs: &[&str], packages: &[&str]) -> Result<Option<String>> {
    let found = find(shell, programs);
    if found.is_some() {
        return Ok(found);
    }
    install(shell, programs[0], packages)?;
    Ok(find(shell, programs))
}

/// Installs packages because something is missing, if that can be done.
pub(crate) fn install(shell: &Shell, missing: &str, packages: &[&str]) -> Result<()> {
    let root = ask(&mut shell.program("id", &["-u"])).is_ok_and(|id| id.trim() == "0");
    if !root || !succeeds(&mut shell.program("apt-get", &["--version"])) {
        return Ok(());
    }
    say(&format!("{missing} is missing: installing from Debian: {}", packages.join(" ")));
    run(&mut shell.program("apt-get", &["update", "-qq"]))?;
    let mut apt = shell.program("apt-get", &["install", "-y", "-qq", "--no-install-recommends"]);
    run(apt.args(packages).env("DEBIAN_FRONTEND", "noninteractive"))
}
