//! The scripted days in `scenarios/`: manual and test at once. Every one of them must come true.

#![allow(clippy::disallowed_methods, reason = "the core reads no files; its tests read the scenarios")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use jiff::tz::TimeZone;

/// The files in order, each with its text.
fn scenarios() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the folder of scenarios")
        .map(|entry| entry.expect("an entry of the folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("a readable scenario"))
        })
        .collect()
}

#[test]
fn every_day_of_the_manual_comes_true() {
    let mut faults = Vec::new();
    for (file, text) in scenarios() {
        match busylamp_scenario::run(&text, &|name| TimeZone::get(name).ok()) {
            Err(refusal) => faults.push(format!("{file}: {refusal}")),
            Ok(outcome) => {
                let listed = outcome.failures.iter().map(|failure| format!("{file}: {failure}"));
                faults.extend(listed);
                if !outcome.ok && outcome.failures.is_empty() {
                    faults.push(format!("{file}: not as expected, and no word why"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_day_says_which_section_it_shows_and_expects_something() {
    let files = scenarios();
    assert!(files.len() >= 48, "only {} scenarios", files.len());
    for (file, text) in &files {
        let head: String = text.lines().take_while(|line| line.starts_with('#')).collect();
        assert!(head.contains('§'), "{file} cites no section in its head");
        assert!(head.len() > 80, "{file} tells too little");
        assert!(text.contains("[[expect]]"), "{file} expects nothing");
    }
}

#[test]
fn numbers_and_names_come_once() {
    let (mut numbers, mut names) = (BTreeSet::new(), BTreeSet::new());
    for (file, text) in scenarios() {
        let number = file.split('-').next().expect("a first part").to_owned();
        assert!(number.chars().all(|digit| digit.is_ascii_digit()), "{file} has no number");
        assert!(numbers.insert(number), "{file}: its number is taken");
        let name = text.lines().find(|line| line.starts_with("name = ")).expect("a name").to_owned();
        assert!(names.insert(name), "{file}: its name is taken");
    }
}

/// Every policy key of the written form is shown somewhere.
#[test]
fn every_policy_key_is_shown_on_some_day() {
    let all: String = scenarios().into_iter().map(|(_, text)| text).collect();
    for key in [
        "actions",
        "forward_internal_calls",
        "change_during_event",
        "manual_change",
        "declined",
        "masked",
        "extra_keywords",
        "set_presence",
        "presences",
        "lead",
        "ignore_away",
        "title_as_text",
        "show_begin",
        "show_end",
        "show_duration",
        "no_text_when_free",
        "join_parallel_titles",
        "mask_word",
        "max_text_length",
        "blf_labels",
        "keep_on_deactivate",
    ] {
        assert!(all.contains(&format!("{key} = ")), "no day shows {key}");
    }
}
