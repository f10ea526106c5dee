//! What the fuzz targets begin with, and every input that has ever made one fail, is read again in the ordinary suite.

use std::{fs, path::Path};

use busylamp_ews::fuzz;

/// Reads every file of a target's corpus with it.
fn replay(target: &str, read: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
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

#[test]
fn the_corpus_of_answers_to_find_item_is_read() {
    replay("find_item", fuzz::find_item);
}

#[test]
fn the_corpus_of_answers_to_get_user_availability_is_read() {
    replay("free_busy", fuzz::free_busy);
}

#[test]
fn the_corpus_of_faults_is_read() {
    replay("fault", fuzz::fault);
}

#[test]
fn the_corpus_of_autodiscover_documents_is_read() {
    replay("autodiscover", fuzz::autodiscover);
}
