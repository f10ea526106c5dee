//! Documents: values of any shape as JSON, with a number before them that says how they are written.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
};

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use serde::{Serialize, de::DeserializeOwned};

use crate::error::{StoreError, Unreadable};

/// Records that were read in numbers: those that can't be read don't keep the others back.
#[derive(Clone, Debug)]
pub struct Loaded<K, V> {
    /// What was read.
    pub found: BTreeMap<K, V>,
    /// What is there but can't be read, and why. The records stay as they are until they are saved or removed.
    pub unreadable: BTreeMap<K, Unreadable>,
}

impl<K: Ord, V> Loaded<K, V> {
    pub(crate) fn new() -> Self {
        Self { found: BTreeMap::new(), unreadable: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, name: K, value: Result<V, Unreadable>) {
        match value {
            Ok(value) => drop(self.found.insert(name, value)),
            Err(why) => drop(self.unreadable.insert(name, why)),
        }
    }
}

/// How a document is written; its number is the document's first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// JSON.
    Json = 1,
    /// JSON in a raw DEFLATE stream.
    DeflatedJson = 2,
}

/// A deflated document that grows beyond this is not one of ours: the largest agendas have some megabytes.
const LONGEST: u64 = 256 << 20;

pub(crate) fn write<T: Serialize + ?Sized>(
    value: &T,
    format: Format,
    what: &'static str,
) -> Result<Vec<u8>, StoreError> {
    let mut out = vec![format as u8];
    let written = match format {
        Format::Json => serde_json::to_writer(&mut out, value).map_err(io::Error::from),
        Format::DeflatedJson => deflate(value, &mut out),
    };
    // The cause is left out: it may quote the value.
    written.map_err(|_| StoreError::NotStorable { what })?;
    Ok(out)
}

fn deflate<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> io::Result<()> {
    let mut encoder = io::BufWriter::new(DeflateEncoder::new(out, Compression::default()));
    serde_json::to_writer(&mut encoder, value)?;
    encoder.flush()?;
    encoder.get_mut().try_finish()
}

pub(crate) fn read<T: DeserializeOwned>(document: &[u8]) -> Result<T, Unreadable> {
    let (&format, body) = document.split_first().ok_or(Unreadable::Damaged)?;
    match format {
        1 => serde_json::from_slice(body).map_err(other_form),
        2 => {
            let mut json = Vec::new();
            DeflateDecoder::new(body).take(LONGEST).read_to_end(&mut json).map_err(|_| Unreadable::Damaged)?;
            serde_json::from_slice(&json).map_err(other_form)
        }
        newer => Err(Unreadable::NewerFormat(newer)),
    }
}

/// Only the place: the message of serde may quote the value.
pub(crate) fn other_form(error: serde_json::Error) -> Unreadable {
    Unreadable::OtherForm { line: error.line(), column: error.column() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_give_back_what_was_written() {
        let titles = vec!["Jour fixe".to_owned(); 100];
        let plain = write(&titles, Format::Json, "list").unwrap();
        let deflated = write(&titles, Format::DeflatedJson, "list").unwrap();
        assert_eq!(read::<Vec<String>>(&plain).unwrap(), titles);
        assert_eq!(read::<Vec<String>>(&deflated).unwrap(), titles);
        assert!(deflated.len() * 10 < plain.len());
    }

    #[test]
    fn a_document_of_another_form_is_refused_without_quoting_it() {
        let document = write("Jour fixe", Format::Json, "text").unwrap();
        let refused = read::<u32>(&document).unwrap_err();
        assert!(matches!(refused, Unreadable::OtherForm { .. }));
        assert!(!format!("{refused} {refused:?}").contains("Jour"));
    }

    #[test]
    fn a_newer_format_and_rubbish_are_told_apart() {
        assert_eq!(read::<u32>(b"\x09{}").unwrap_err(), Unreadable::NewerFormat(9));
        assert_eq!(read::<u32>(b"").unwrap_err(), Unreadable::Damaged);
        assert_eq!(read::<u32>(b"\x02\xff\xff\xff").unwrap_err(), Unreadable::Damaged);
    }
}
