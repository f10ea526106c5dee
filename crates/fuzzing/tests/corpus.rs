//! What the fuzz targets begin with, and every input that has ever made one fail, is read again in the ordinary suite.

use std::{collections::BTreeSet, fs, path::Path};

use busylamp_fuzzing::TARGETS;

#[test]
fn the_corpus_of_every_target_is_read() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (target, read) in TARGETS {
        let folder = corpus.join(target);
        let mut files: Vec<_> =
            fs::read_dir(&folder).expect("a corpus").map(|entry| entry.expect("a file").path()).collect();
        files.sort();
        assert!(files.len() > 5, "{}", folder.display());
        for file in files {
            let body = fs::read(&file).expect("a file that can be read");
            // Each alone, cut in two, and twice: what is only noticed by its length is noticed here.
            read(&body);
            let (front, back) = body.split_at(body.len() / 2);
            read(front);
            read(back);
            read(&body.repeat(2));
        }
    }
}

#[test]
fn every_target_has_its_program_and_every_program_its_target() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
    let programs: BTreeSet<String> = fs::read_dir(folder)
        .expect("the programs")
        .map(|entry| entry.expect("a file").path().file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(programs, TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect());
}
