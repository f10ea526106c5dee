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
    let root = ask(&mut shell.program("id", &["-u"])).is_ok_and(|id| id.trim() == "0");
    if found.is_some() || !root || !succeeds(&mut shell.program("apt-get", &["--version"])) {
        return Ok(found);
    }
    say(&format!("{} is missing: installing from Debian: {}", programs[0], packages.join(" ")));
    run(&mut shell.program("apt-get", &["update", "-qq"]))?;
    let mut apt = shell.program("apt-get", &["install", "-y", "-qq", "--no-install-recommends"]);
    run(apt.args(packages).env("DEBIAN_FRONTEND", "noninteractive"))?;
    Ok(find(shell, programs))
}
