//! Changing one value in a JSON text and keeping every other byte: what the PBX stores has members that no description
//! lists, and they are not ours to lose. Pure.

use serde_json::value::RawValue;

/// The same text with another value, written as JSON, in place of `old`, which is a part of it. `None`: it is not.
pub(crate) fn replaced(text: &str, old: &RawValue, new: &str) -> Option<String> {
    let old = old.get();
    // A value that was read from the text is a part of it, so its place is the distance of the two.
    let begin = (old.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
    let (before, after) = (text.get(..begin)?, text.get(begin.checked_add(old.len())?..)?);
    Some(format!("{before}{new}{after}"))
}
