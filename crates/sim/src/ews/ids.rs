//! Ids of items and folders, and the tags of their versions: Base64 with everything that Base64 has.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::folder::Folder;
use crate::mailbox::item::Instance;

/// How the ids of items and of folders begin. The bytes are chosen so that the text has a plus and a slash in it,
/// which clients must not take apart or decode as part of an address.
const ITEM: [u8; 9] = [0x00, 0x03, 0x24, 0x00, 0xfb, 0xff, 0xfb, 0xe0, 0x46];
const FOLDER: [u8; 9] = [0x00, 0x03, 0x24, 0x00, 0xfb, 0xff, 0xfb, 0xe0, 0x2e];
/// How the tags of versions begin.
const VERSION: [u8; 6] = [0x0f, 0xfb, 0xff, 0x16, 0x00, 0x3e];

/// The id of an item in somebody's calendar.
pub(super) fn item_id(owner: Uuid, id: &str) -> String {
    let mut bytes = ITEM.to_vec();
    bytes.extend(owner.as_bytes());
    bytes.extend(id.bytes());
    STANDARD.encode(bytes)
}

/// Whose item an id names, and which.
pub(super) fn read_item_id(text: &str) -> Option<(Uuid, String)> {
    let (owner, rest) = read(text, ITEM)?;
    Some((owner, String::from_utf8(rest).ok()?))
}

/// The id of a folder.
pub(super) fn folder_id(owner: Uuid, folder: Folder) -> String {
    let mut bytes = FOLDER.to_vec();
    bytes.extend(owner.as_bytes());
    bytes.extend(folder.name().bytes());
    STANDARD.encode(bytes)
}

/// Whose folder an id names, and which.
pub(super) fn read_folder_id(text: &str) -> Option<(Uuid, Folder)> {
    let (owner, rest) = read(text, FOLDER)?;
    Some((owner, Folder::from_name(std::str::from_utf8(&rest).ok()?)?))
}

fn read(text: &str, kind: [u8; 9]) -> Option<(Uuid, Vec<u8>)> {
    let bytes = STANDARD.decode(text).ok()?;
    let rest = bytes.strip_prefix(&kind)?;
    let (owner, rest) = rest.split_at_checked(16)?;
    Some((Uuid::from_slice(owner).ok()?, rest.to_vec()))
}

/// The tag of an instance's version: another one after every change.
pub(super) fn change_key(instance: &Instance<'_>) -> String {
    let mut hash = Sha256::new();
    hash.update(instance.item.id.as_bytes());
    hash.update(instance.item.change.to_le_bytes());
    hash.update([u8::from(instance.called_off)]);
    tag(&hash.finalize())
}

/// The tag of a folder's version.
pub(super) fn folder_change_key(change: u64) -> String {
    tag(&Sha256::digest(change.to_le_bytes()))
}

fn tag(hash: &[u8]) -> String {
    let mut bytes = VERSION.to_vec();
    bytes.extend(&hash[..18]);
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_lead_back_to_what_they_name_and_have_every_sign_of_base64() {
        let owner = Uuid::from_u128(7);
        let id = item_id(owner, "c~2026-11-24");
        assert_eq!(read_item_id(&id), Some((owner, "c~2026-11-24".to_owned())));
        assert!(id.contains('+') && id.contains('/'), "{id}");
        let folder = folder_id(owner, Folder::Calendar);
        assert_eq!(read_folder_id(&folder), Some((owner, Folder::Calendar)));
        assert_eq!(read_item_id(&folder), None, "a folder is no item");
        assert_eq!(read_item_id("AAMk"), None);
        assert_eq!(read_item_id("~~"), None);
    }
}
