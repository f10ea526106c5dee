//! Sealing: what is secret stands in the database only encrypted and bound to its place.
//!
//! An envelope is `version (1 byte) | key id (8) | nonce (24) | ciphertext and tag`, by XChaCha20-Poly1305 with a
//! random nonce. Each record has a key of its own, derived from the master key by HKDF-SHA256 over the record's
//! place: table, row, column and key id. The place is also authenticated, so an envelope that is moved to another
//! row does not open there.

use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{AeadInOut, KeyInit},
};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{
    error::{StoreError, Unreadable},
    key::Key,
};

const VERSION: u8 = 1;
const NONCE: usize = 24;
const HEADER: usize = 1 + KeyId::LENGTH + NONCE;

/// Tells keys apart without telling anything about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyId([u8; Self::LENGTH]);

impl KeyId {
    const LENGTH: usize = 8;

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Where a sealed value stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'static str,
    /// The row's primary key, column by column.
    pub(crate) row: &'a [&'a str],
    pub(crate) column: &'static str,
}

pub(crate) struct Sealer {
    key: Key,
    id: KeyId,
}

impl Sealer {
    pub(crate) fn new(key: Key) -> Self {
        let mut id = [0; KeyId::LENGTH];
        expand(&key, b"busylamp key id", &mut id);
        Self { key, id: KeyId(id) }
    }

    pub(crate) fn key_id(&self) -> KeyId {
        self.id
    }

    pub(crate) fn seal(&self, place: &Place<'_>, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(StoreError::NoRandomness)?;
        let context = self.context(place);
        let mut sealed = Vec::with_capacity(plain.len() + 16);
        sealed.extend_from_slice(plain);
        self.cipher(&context)
            .encrypt_in_place(&XNonce::from(nonce), &context, &mut sealed)
            .map_err(|_| StoreError::NotStorable { what: place.table })?;
        let mut envelope = Vec::with_capacity(HEADER + sealed.len());
        envelope.push(VERSION);
        envelope.extend_from_slice(&self.id.0);
        envelope.extend_from_slice(&nonce);
        envelope.append(&mut sealed);
        Ok(envelope)
    }

    pub(crate) fn open(&self, place: &Place<'_>, envelope: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
        let (&version, rest) = envelope.split_first().ok_or(Unreadable::Damaged)?;
        if version != VERSION {
            return Err(if version > VERSION { Unreadable::NewerFormat(version) } else { Unreadable::Damaged });
        }
        let (id, rest) = rest.split_first_chunk::<{ KeyId::LENGTH }>().ok_or(Unreadable::Damaged)?;
        if *id != self.id.0 {
            return Err(Unreadable::OtherKey);
        }
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(Unreadable::Damaged)?;
        let context = self.context(place);
        let mut plain = Zeroizing::new(sealed.to_vec());
        self.cipher(&context)
            .decrypt_in_place(&XNonce::from(*nonce), &context, &mut *plain)
            .map_err(|_| Unreadable::Damaged)?;
        Ok(plain)
    }

    fn cipher(&self, context: &[u8]) -> XChaCha20Poly1305 {
        let mut key = Zeroizing::new([0; 32]);
        expand(&self.key, context, &mut *key);
        XChaCha20Poly1305::new((&*key).into())
    }

    /// Version, key id and place, each part with its length before it so that no two places read alike.
    fn context(&self, place: &Place<'_>) -> Vec<u8> {
        let mut context = vec![VERSION];
        let parts = [place.table].into_iter().chain(place.row.iter().copied()).chain([place.column]).map(str::as_bytes);
        for part in std::iter::once(&self.id.0[..]).chain(parts) {
            context.extend_from_slice(&(part.len() as u64).to_be_bytes());
            context.extend_from_slice(part);
        }
        context
    }
}

fn expand(key: &Key, info: &[u8], out: &mut [u8]) {
    Hkdf::<Sha256>::new(Some(b"busylamp store"), key.bytes())
        .expand(info, out)
        .expect("8 and 32 bytes are less than the 255 hashes that HKDF can give");
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place<'_> = Place { table: "secrets", row: &["ab", "c"], column: "sealed" };

    fn sealer() -> Sealer {
        Sealer::new(Key::random().unwrap())
    }

    #[test]
    fn what_was_sealed_opens_in_its_place() {
        let sealer = sealer();
        let envelope = sealer.seal(&HERE, b"geheim").unwrap();
        assert_eq!(sealer.open(&HERE, &envelope).unwrap().as_slice(), b"geheim");
        assert!(!envelope.windows(6).any(|window| window == b"geheim"));
    }

    #[test]
    fn it_opens_in_no_other_place() {
        let sealer = sealer();
        let envelope = sealer.seal(&HERE, b"geheim").unwrap();
        let elsewhere = [
            Place { table: "states", ..HERE },
            Place { column: "name", ..HERE },
            Place { row: &["a", "bc"], ..HERE },
            Place { row: &["abc"], ..HERE },
        ];
        for place in elsewhere {
            assert_eq!(sealer.open(&place, &envelope).unwrap_err(), Unreadable::Damaged, "{place:?}");
        }
    }

    #[test]
    fn another_key_is_told_from_damage() {
        let envelope = sealer().seal(&HERE, b"geheim").unwrap();
        assert_eq!(sealer().open(&HERE, &envelope).unwrap_err(), Unreadable::OtherKey);
    }

    #[test]
    fn one_changed_or_missing_byte_anywhere_is_noticed() {
        let sealer = sealer();
        let envelope = sealer.seal(&HERE, b"geheim").unwrap();
        for position in 0..envelope.len() {
            let mut changed = envelope.clone();
            changed[position] ^= 1;
            assert!(sealer.open(&HERE, &changed).is_err(), "byte {position}");
            assert!(sealer.open(&HERE, &envelope[..position]).is_err(), "cut at {position}");
        }
    }

    #[test]
    fn equal_values_are_sealed_differently_each_time() {
        let sealer = sealer();
        assert_ne!(sealer.seal(&HERE, b"geheim").unwrap(), sealer.seal(&HERE, b"geheim").unwrap());
    }

    #[test]
    fn a_newer_envelope_is_told_from_damage() {
        let sealer = sealer();
        let mut envelope = sealer.seal(&HERE, b"geheim").unwrap();
        envelope[0] = VERSION + 1;
        assert_eq!(sealer.open(&HERE, &envelope).unwrap_err(), Unreadable::NewerFormat(VERSION + 1));
    }
}
