//! The form of what the bridge is told and what it answers: lines, each a record of form-encoded pairs in UTF-8.
//!
//! Reading is strict, since a record misread is a state misread: a line that is not form-encoded, an escape that
//! is none, bytes that are not UTF-8, a key given twice, all make the whole message unreadable.

/// The most pairs of one line: what is known of a user has a handful, and each key is looked for among the others.
const MAX_PAIRS: usize = 64;

/// One line: keys and values in the order written. It may hold a status text and therefore has no `Debug`.
pub(crate) struct Record(Vec<(String, String)>);

impl Record {
    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// All values, in the order written.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(_, value)| value.as_str())
    }
}

/// A header and its records.
pub(crate) struct Message {
    /// The first line.
    pub(crate) header: Record,
    /// The other lines.
    pub(crate) records: Vec<Record>,
}

/// What is wrong with a message. It holds nothing of the message itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {complaint}")]
pub(crate) struct Unreadable {
    line: usize,
    complaint: &'static str,
}

/// Writes one line; its end is the caller's.
pub(crate) fn write_line(out: &mut String, pairs: &[(&str, &str)]) {
    let line = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    out.push_str(&line);
}

/// Reads a message. One line feed at the end is allowed.
pub(crate) fn read(text: &str) -> Result<Message, Unreadable> {
    let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n').enumerate();
    let mut record = || {
        let (index, line) = lines.next()?;
        Some(read_line(line).map_err(|complaint| Unreadable { line: index + 1, complaint }))
    };
    // `split` always gives at least one line.
    let header = record().unwrap_or(Ok(Record(Vec::new())))?;
    let records = std::iter::from_fn(record).collect::<Result<_, _>>()?;
    Ok(Message { header, records })
}

fn read_line(line: &str) -> Result<Record, &'static str> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for pair in line.split('&') {
        if pairs.len() == MAX_PAIRS {
            return Err("it has too many pairs");
        }
        let (key, value) = pair.split_once('=').ok_or("it is not form-encoded: a pair has no `=`")?;
        let key = decode(key)?;
        if pairs.iter().any(|(known, _)| *known == key) {
            return Err("a key is given twice");
        }
        pairs.push((key, decode(value)?));
    }
    Ok(Record(pairs))
}

/// Undoes form encoding (<https://url.spec.whatwg.org/#application/x-www-form-urlencoded>) but, unlike that
/// parser and the library of the same name, lets nothing pass that no encoder writes.
fn decode(part: &str) -> Result<String, &'static str> {
    let mut bytes = part.bytes();
    let mut decoded = Vec::with_capacity(part.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => match (bytes.next().and_then(digit), bytes.next().and_then(digit)) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => return Err("it is not form-encoded: `%` is not followed by two hexadecimal digits"),
            },
            0x21..=0x7e => byte,
            _ => return Err("it is not form-encoded: a character should have been escaped"),
        });
    }
    String::from_utf8(decoded).map_err(|_| "it is not UTF-8")
}

fn digit(byte: u8) -> Option<u8> {
    // A hexadecimal digit is below 16.
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn complaint(text: &str) -> String {
        match read(text) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let pairs = |number: usize| (0..number).map(|key| format!("k{key}=")).collect::<Vec<_>>().join("&");
        assert_eq!(complaint(&pairs(MAX_PAIRS)), "");
        assert_eq!(complaint(&pairs(MAX_PAIRS + 1)), "line 1: it has too many pairs");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            lines in proptest::collection::vec(
                proptest::collection::btree_map(any::<String>(), any::<String>(), 1..5), 1..5)
        ) {
            let text: Vec<String> = lines.iter().map(|line| {
                let pairs: Vec<(&str, &str)> = line.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
                let mut out = String::new();
                write_line(&mut out, &pairs);
                out
            }).collect();
            let message = read(&text.join("\n")).ok().unwrap();
            let read: Vec<_> = std::iter::once(message.header).chain(message.records)
                .map(|record| record.0.into_iter().collect::<std::collections::BTreeMap<_, _>>())
                .collect();
            prop_assert_eq!(read, lines);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "[a-z=&%0-9\n+é\u{7}]{0,60}") {
            let _ = read(&text);
        }
    }

    #[test]
    fn the_header_is_the_first_line_and_a_last_line_feed_adds_no_record() {
        let message = read("v=1&ok=true\naccount=7&text=Jour+fixe%0A%C3%A4\n").ok().unwrap();
        assert_eq!(message.header.get("ok"), Some("true"));
        assert_eq!(message.records.len(), 1);
        assert_eq!(message.records[0].get("text"), Some("Jour fixe\nä"));
        assert_eq!(message.records[0].get("dnd"), None);
    }

    #[test]
    fn what_no_encoder_writes_is_refused() {
        for text in
            ["", "v", "v=1\n\naccount=7", "v=1&", "v=%4", "v=%zz", "v=ä", "v=a b", "v=1\r\n", "v=%ff", "v=1&v=1"]
        {
            assert_ne!(complaint(text), "", "{text:?}");
        }
        assert_eq!(
            complaint("v=1\naccount=%"),
            "line 2: it is not form-encoded: `%` is not followed by two hexadecimal digits"
        );
    }
}
