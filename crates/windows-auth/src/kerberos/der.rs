//! The little of DER that Kerberos is written in (X.690): nearly all of it is sequences with explicit tags.

/// Universal tags.
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const TIME: u8 = 0x18;
pub(super) const TEXT: u8 = 0x1b;
pub(super) const SEQUENCE: u8 = 0x30;
const BITS: u8 = 0x03;

/// The tag of a field of a sequence.
const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// The tag of a message.
pub(super) const fn application(number: u8) -> u8 {
    0x60 | number
}

/// An element of these parts.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = vec![tag];
    if length < 0x80 {
        bytes.push(length as u8);
    } else {
        let digits = length.to_be_bytes();
        let digits = &digits[digits.iter().take_while(|digit| **digit == 0).count()..];
        bytes.push(0x80 | digits.len() as u8);
        bytes.extend_from_slice(digits);
    }
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}

/// A sequence of fields with these numbers.
pub(super) fn fields(fields: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let fields: Vec<Vec<u8>> = fields.iter().map(|(number, value)| element(context(*number), &[value])).collect();
    list(&fields)
}

/// A sequence of elements.
pub(super) fn list(elements: &[Vec<u8>]) -> Vec<u8> {
    let parts: Vec<&[u8]> = elements.iter().map(Vec::as_slice).collect();
    element(SEQUENCE, &parts)
}

pub(super) fn integer(value: i64) -> Vec<u8> {
    let digits = value.to_be_bytes();
    // As few bytes as keep the sign.
    let skip = digits
        .windows(2)
        .take_while(|pair| (pair[0] == 0 && pair[1] < 0x80) || (pair[0] == 0xff && pair[1] >= 0x80))
        .count();
    element(INTEGER, &[&digits[skip..]])
}

pub(super) fn octets(bytes: &[u8]) -> Vec<u8> {
    element(OCTETS, &[bytes])
}

pub(super) fn text(text: &str) -> Vec<u8> {
    element(TEXT, &[text.as_bytes()])
}

/// 32 flags, the first one in the highest bit.
pub(super) fn flags(flags: u32) -> Vec<u8> {
    element(BITS, &[&[0], &flags.to_be_bytes()])
}

/// The contents of the element at the beginning, if it has this tag.
pub(super) fn contents(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let (found, contents, _) = split(bytes)?;
    (found == tag).then_some(contents)
}

/// What is in the field of this number, in the contents of a sequence.
pub(super) fn field(mut sequence: &[u8], number: u8) -> Option<&[u8]> {
    while !sequence.is_empty() {
        let (tag, contents, rest) = split(sequence)?;
        if tag == context(number) {
            return Some(contents);
        }
        sequence = rest;
    }
    None
}

/// The elements in the contents of a sequence, up to a damaged one.
pub(super) fn elements(mut sequence: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (_, _, rest) = split(sequence)?;
        let whole = &sequence[..sequence.len() - rest.len()];
        sequence = rest;
        Some(whole)
    })
}

pub(super) fn number(bytes: &[u8]) -> Option<i64> {
    let digits = contents(bytes, INTEGER)?;
    let (first, _) = digits.split_first()?;
    if digits.len() > 8 {
        return None;
    }
    let sign = if *first >= 0x80 { -1 } else { 0 };
    Some(digits.iter().fold(sign, |value, digit| (value << 8) | i64::from(*digit)))
}

/// Tag, contents and what follows.
fn split(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0_usize, |length, digit| (length << 8) | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    Some((tag, contents, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_as_short_as_can_be() {
        assert_eq!(integer(0), [2, 1, 0]);
        assert_eq!(integer(127), [2, 1, 127]);
        assert_eq!(integer(128), [2, 2, 0, 128]);
        assert_eq!(integer(-128), [2, 1, 128]);
        assert_eq!(integer(-138), [2, 2, 0xff, 0x76]);
    }

    #[test]
    fn long_elements_say_how_long() {
        assert_eq!(element(OCTETS, &[&[7; 200]])[..3], [4, 0x81, 200]);
        assert_eq!(element(OCTETS, &[&[7; 300]])[..4], [4, 0x82, 1, 44]);
    }

    #[test]
    fn fields_are_found_by_their_number() {
        let sequence = fields(&[(0, integer(5)), (3, octets(b"x"))]);
        let sequence = contents(&sequence, SEQUENCE).unwrap();
        assert_eq!(field(sequence, 3).and_then(|field| contents(field, OCTETS)), Some(&b"x"[..]));
        assert_eq!(field(sequence, 1), None);
    }

    proptest! {
        #[test]
        fn numbers_come_back(value: i64) {
            prop_assert_eq!(number(&integer(value)), Some(value));
        }

        #[test]
        fn no_bytes_make_it_fall_over(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _number = number(&bytes);
            let _field = field(&bytes, 2);
            prop_assert!(elements(&bytes).count() <= bytes.len());
        }
    }
}
