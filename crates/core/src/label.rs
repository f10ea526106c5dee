//! Labels of busy lamp keys (§5.9, §6.10): `<label before> · <text>`.

use crate::text::{clusters, cut};

/// What a key holds, in grapheme clusters.
pub(crate) const LENGTH: usize = 40;

const BETWEEN: &str = " · ";

/// The label with the text in it; `None` if the key has no room for any of it.
pub(crate) fn compose(before: &str, text: &str) -> Option<String> {
    let room = clusters(before) + clusters(BETWEEN) < LENGTH;
    room.then(|| cut(&format!("{before}{BETWEEN}{text}"), LENGTH).to_owned())
}

/// The new name without our part, if a renamed key still has it.
pub(crate) fn without_our_part(renamed: &str, before: &str, ours: &str) -> Option<String> {
    let part = ours.strip_prefix(before).filter(|part| !part.is_empty())?;
    let at = renamed.rfind(part)?;
    Some(format!("{}{}", &renamed[..at], &renamed[at + part.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_cut_to_what_the_key_holds() {
        assert_eq!(compose("Anna", "Jour fixe").as_deref(), Some("Anna · Jour fixe"));
        let long = compose("Anna", &"x".repeat(99)).expect("room");
        assert_eq!(clusters(&long), LENGTH);
        assert_eq!(compose(&"x".repeat(36), "yz"), Some(format!("{} · y", "x".repeat(36))), "one character still fits");
        assert_eq!(compose(&"x".repeat(37), "y"), None);
    }

    #[test]
    fn our_part_is_found_in_a_renamed_key() {
        assert_eq!(without_our_part("Chefin · JF", "Anna", "Anna · JF").as_deref(), Some("Chefin"));
        assert_eq!(without_our_part("Chefin", "Anna", "Anna · JF"), None);
    }
}
