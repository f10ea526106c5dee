//! What is tracked belongs here: no path of the machine that it was written on, nothing copied from the conformance data.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::{
    shell::{Shell, ask, say},
    steps::Tally,
};

/// The shortest piece of conformance data that is looked for inside other files.
const TELLING: usize = 200;

/// The step.
pub(crate) fn check(shell: &Shell) -> Result<Tally> {
    let tracked = tracked(shell)?;
    let roots = roots(shell);
    let foreign = foreign(shell)?;
    let mut faults = Vec::new();
    for path in &tracked {
        let Ok(content) = fs::read(shell.root.join(path)) else {
            // Deleted and not committed yet.
            continue;
        };
        let content = String::from_utf8_lossy(&content);
        if let Some((number, found)) = path_of_a_machine(&content, &roots) {
            faults.push(format!("{path}:{number}: a path of somebody's machine: {found}"));
        }
        if let Some((origin, _)) = foreign.iter().find(|(_, piece)| content.contains(piece)) {
            faults.push(format!("{path}: holds {} of the conformance data", origin.display()));
        }
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(Tally { passed: 2, failed: 0 })
}

fn tracked(shell: &Shell) -> Result<Vec<String>> {
    let list = ask(&mut shell.program("git", &["ls-files", "-z"]))?;
    Ok(list.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
}

/// Where this checkout and its owner live. A folder directly under the root says too little to be looked for.
fn roots(shell: &Shell) -> Vec<String> {
    let home = env::var_os("HOME").map(PathBuf::from);
    let folders = [Some(shell.root.clone()), shell.conformance().and_then(|folder| folder.canonicalize().ok()), home];
    let telling = |folder: &PathBuf| folder.components().count() > 2;
    folders.into_iter().flatten().filter(telling).map(|folder| folder.display().to_string()).collect()
}

/// The first line with a path below a person's home or one of these folders.
fn path_of_a_machine(text: &str, roots: &[String]) -> Option<(usize, String)> {
    let homes = ["/home/", "/Users/", "C:\\Users\\", "/root/"];
    text.lines().enumerate().find_map(|(index, line)| {
        let home = homes.iter().find(|home| {
            line.match_indices(**home).any(|(at, found)| {
                let before = line[..at].chars().next_back();
                let after = line[at + found.len()..].chars().next();
                !before.is_some_and(char::is_alphanumeric)
                    && after.is_some_and(|c| c.is_ascii_alphanumeric() || c == '.')
            })
        });
        let root = roots.iter().find(|root| line.contains(root.as_str()));
        home.map(|home| (*home).to_owned()).or_else(|| root.cloned()).map(|found| (index + 1, found))
    })
}

/// The conformance data, file by file; licences may stand anywhere.
fn foreign(shell: &Shell) -> Result<Vec<(PathBuf, String)>> {
    let Some(folder) = shell.conformance() else {
        say("not compared with the conformance data: there is none");
        return Ok(Vec::new());
    };
    let mut pieces = Vec::new();
    collect(&folder, &folder, &mut pieces)?;
    Ok(pieces)
}

fn collect(root: &Path, folder: &Path, pieces: &mut Vec<(PathBuf, String)>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, pieces)?;
            continue;
        }
        let content = fs::read(&path).with_context(|| path.display().to_string())?;
        let piece = String::from_utf8_lossy(&content).trim().to_owned();
        let name = path.strip_prefix(root).unwrap_or(&path).to_owned();
        if piece.len() >= TELLING && !name.to_string_lossy().contains("LICENSE") {
            pieces.push((name, piece));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<usize> {
        path_of_a_machine(text, &["/srv/checkout".to_owned()]).map(|(line, _)| line)
    }

    #[test]
    fn paths_of_machines_are_found_with_their_line() {
        let somebody = ["/home/", "somebody/x"].concat();
        assert_eq!(found(&format!("a\nsee {somebody}\n")), Some(2));
        assert_eq!(found("built in /srv/checkout/target"), Some(1));
    }

    #[test]
    fn what_only_looks_like_one_is_not() {
        let page = ["https://example.com", "/home/", "start"].concat();
        assert_eq!(found("files below /home/ are hidden from the service"), None);
        assert_eq!(found(&page), None);
        assert_eq!(found("/srv/other"), None);
    }
}
