//! The characters of an answer.

use std::borrow::Cow;

use busylamp_core::said::Phrase;

/// An answer as text. Exchange sends UTF-8; UTF-16 is read where a byte order mark says so, since .NET's servers know
/// both. Whatever else a declaration claims, what isn't UTF-8 is refused: guessed umlauts would be wrong ones.
pub(crate) fn text(body: &[u8]) -> Result<Cow<'_, str>, Phrase> {
    match body {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => utf8(body),
    }
}

fn utf8(body: &[u8]) -> Result<Cow<'_, str>, Phrase> {
    str::from_utf8(body)
        .map(Cow::Borrowed)
        .map_err(|_| Phrase::new("sie ist nicht in UTF-8 geschrieben", "it is not written in UTF-8"))
}

fn utf16(body: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, str>, Phrase> {
    let (units, []) = body.as_chunks::<2>() else {
        return Err(Phrase::new(
            "sie ist mitten in einem Zeichen abgeschnitten",
            "it is cut off in the middle of a character",
        ));
    };
    let text: Result<String, _> = char::decode_utf16(units.iter().map(|bytes| unit(*bytes))).collect();
    text.map(Cow::Owned).map_err(|_| {
        Phrase::new(
            "sie ist nicht in UTF-16 geschrieben, wie ihre Bytereihenfolge-Markierung sagt",
            "it is not written in UTF-16, as its byte order mark says",
        )
    })
}
