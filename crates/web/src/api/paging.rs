//! Long lists in pages. A cursor is opaque to programs: it names the last thing of the page before.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

use super::problem::Problem;

/// So many things are on a page if nobody asks for another number.
const FACTORY: u32 = 100;
/// And so many at most.
pub(super) const MOST: u32 = 1_000;
/// No cursor is longer, in bytes.
const LONGEST: usize = 4 << 10;

/// How many things a page is to have.
///
/// # Errors
/// When that is none, or too many.
pub(super) fn limit(asked: Option<u32>) -> Result<usize, Problem> {
    match asked.unwrap_or(FACTORY) {
        fit @ 1..=MOST => Ok(usize::try_from(fit).unwrap_or(usize::MAX)),
        _ => Err(Problem::refused("limit", format!("a page has 1 to {MOST} entries"))),
    }
}

/// The cursor that leads on after this place.
pub(super) fn after<T: Serialize>(place: &T) -> Option<String> {
    serde_json::to_vec(place).ok().map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
}

/// The place that a cursor names.
///
/// # Errors
/// When it is none of ours.
pub(super) fn place<T: DeserializeOwned>(cursor: Option<&str>) -> Result<Option<T>, Problem> {
    let Some(cursor) = cursor else { return Ok(None) };
    let bytes = if cursor.len() > LONGEST { None } else { URL_SAFE_NO_PAD.decode(cursor).ok() };
    let place = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let refused = || Problem::refused("cursor", "this is no cursor of this list; begin without one");
    place.map(Some).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was_and_nothing_else_is_one() {
        let cursor = after(&("Zentrale", 7)).unwrap();
        assert_eq!(place::<(String, i64)>(Some(&cursor)).unwrap(), Some(("Zentrale".to_owned(), 7)));
        assert_eq!(place::<(String, i64)>(None).unwrap(), None);
        for other in ["", "x", "%00", &cursor[1..], &"A".repeat(LONGEST + 1)] {
            assert!(place::<(String, i64)>(Some(other)).is_err(), "{other}");
        }
    }

    #[test]
    fn a_page_is_neither_empty_nor_endless() {
        assert_eq!(limit(None).unwrap(), 100);
        assert_eq!(limit(Some(MOST)).unwrap(), 1_000);
        assert!(limit(Some(0)).is_err() && limit(Some(MOST + 1)).is_err());
    }
}
