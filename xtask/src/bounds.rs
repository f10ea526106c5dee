//! Whether the bounds that `docs/reliability.md` lists are where it says.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::{shell::Shell, steps::Tally};

/// A place in the table: a file below `crates/`, and names that stand in it.
#[derive(Debug, PartialEq, Eq)]
struct Place<'a> {
    file: &'a str,
    names: Vec<&'a str>,
}

/// Every name of the table stands in the file before it.
pub(crate) fn check(shell: &Shell) -> Result<Tally> {
    let page = fs::read_to_string(shell.root.join("docs/reliability.md")).context("there is no docs/reliability.md")?;
    let (_, section) = page.split_once("\n## Bounds\n").context("docs/reliability.md has no section `Bounds`")?;
    let section = section.split("\n## ").next().unwrap_or(section);
    let mut tally = Tally::default();
    for place in section.lines().filter(|line| line.starts_with('|')).flat_map(places) {
        let source = fs::read_to_string(shell.root.join("crates").join(place.file))
            .with_context(|| format!("docs/reliability.md names `{}`, and there is no such file", place.file))?;
        for name in place.names {
            if !source.contains(name) {
                bail!("docs/reliability.md names `{name}`, and it is not in crates/{}", place.file);
            }
            tally.passed += 1;
        }
    }
    if tally.passed == 0 {
        bail!("the section `Bounds` of docs/reliability.md names nothing");
    }
    Ok(tally)
}

/// The places in the last cell of a row.
fn places(row: &str) -> Vec<Place<'_>> {
    let cell = row.trim().trim_end_matches('|').rsplit('|').next().unwrap_or_default();
    let mut places: Vec<Place<'_>> = Vec::new();
    for word in cell.split('`').skip(1).step_by(2) {
        if word.ends_with(".rs") {
            places.push(Place { file: word, names: Vec::new() });
        } else if let Some(place) = places.last_mut() {
            place.names.push(word);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_names_files_and_what_is_in_them() {
        let row = "| a, b; c | 1, `2`; 3 | `net/src/a.rs` `A`, `B`; `web/src/c.rs` `C` |";
        let place = |file, names: &[&'static str]| Place { file, names: names.to_vec() };
        assert_eq!(places(row), [place("net/src/a.rs", &["A", "B"]), place("web/src/c.rs", &["C"])]);
        assert_eq!(places("| **Graph** | | |"), []);
    }
}
