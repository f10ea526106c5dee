//! Dependencies that a manifest names and no source does.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use crate::{
    metadata::{Member, Use, members},
    shell::Shell,
    steps::Tally,
};

/// Named for what naming them does.
const NAMED_ON_PURPOSE: [(&str, &str); 1] = [
    // It chooses the version of SQLite that sqlx compiles.
    ("busylamp-store", "libsqlite3-sys"),
];

/// The step.
pub(crate) fn check(shell: &Shell) -> Result<Tally> {
    let mut faults = Vec::new();
    for member in members(shell)? {
        faults.extend(unused(&member)?);
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(Tally { passed: 1, failed: 0 })
}

fn unused(member: &Member) -> Result<Vec<String>> {
    let own = text(&member.folder.join("src"))?;
    let mut tests = own.clone();
    for folder in ["tests", "benches", "examples"] {
        tests += &text(&member.folder.join(folder))?;
    }
    let build = fs::read_to_string(member.folder.join("build.rs")).unwrap_or_default();
    let unused = member.dependencies.iter().filter(|dependency| {
        let source = match dependency.used_by {
            Use::Normal => &own,
            Use::Dev => &tests,
            Use::Build => &build,
        };
        !NAMED_ON_PURPOSE.contains(&(&member.name, &dependency.package)) && !names(source, &dependency.ident)
    });
    Ok(unused.map(|dependency| format!("{} does not use its dependency {}", member.name, dependency.package)).collect())
}

fn text(folder: &Path) -> Result<String> {
    let mut text = String::new();
    for file in rust_files(folder)? {
        text += &fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    }
    Ok(text)
}

/// Whether a source names a crate, comments aside.
fn names(source: &str, ident: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    words(source).any(|line| line.split(|c| !part(c)).any(|word| word == ident))
}

/// The lines of a source that are no comments.
pub(crate) fn words(source: &str) -> impl Iterator<Item = &str> {
    source.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// All Rust files in and below a folder, in order; none if there is no such folder.
pub(crate) fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        entries.push(entry?.path());
    }
    entries.sort();
    let mut files = Vec::new();
    for entry in entries {
        if entry.is_dir() {
            files.extend(rust_files(&entry)?);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            files.push(entry);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_named_as_a_whole_word_outside_comments() {
        assert!(names("use jiff::Timestamp;\n", "jiff"));
        assert!(!names("use jiffy::Timestamp;\n", "jiff"));
        assert!(!names("    // like jiff\n/// jiff\n", "jiff"));
        assert!(names("#[derive(serde::Serialize)]\n", "serde"));
    }
}
