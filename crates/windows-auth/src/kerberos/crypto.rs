//! Encryption with AES (RFC 3961 and 3962): `aes256-cts-hmac-sha1-96` and `aes128-cts-hmac-sha1-96`. The older kinds
//! (RC4, DES) are not offered.

use aws_lc_rs::{
    cipher::{
        AES_128, AES_256, Algorithm, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext,
        UnboundCipherKey,
    },
    constant_time::verify_slices_are_equal,
    error::Unspecified,
    hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key as HmacKey, sign},
    iv::FixedLength,
    pbkdf2::{PBKDF2_HMAC_SHA1, derive},
};
use std::num::NonZeroU32;
use zeroize::Zeroizing;

const BLOCK: usize = 16;
/// Bytes of the HMAC that are sent.
const TAG: usize = 12;

/// A kind of key, by its number in Kerberos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Aes256 = 18,
    Aes128 = 17,
}

impl Kind {
    /// All, the strongest first.
    pub(super) const ALL: [Self; 2] = [Self::Aes256, Self::Aes128];

    pub(super) fn of(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    pub(super) fn number(self) -> i64 {
        self as i64
    }

    /// The number of the checksum with the same keys.
    pub(super) fn checksum(self) -> i64 {
        match self {
            Self::Aes256 => 16,
            Self::Aes128 => 15,
        }
    }

    fn length(self) -> usize {
        match self {
            Self::Aes256 => 32,
            Self::Aes128 => 16,
        }
    }

    fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::Aes256 => &AES_256,
            Self::Aes128 => &AES_128,
        }
    }
}

/// A key.
#[derive(Clone)]
pub(super) struct Key {
    kind: Kind,
    bytes: Zeroizing<Vec<u8>>,
}

impl Key {
    pub(super) fn new(kind: Kind, bytes: &[u8]) -> Option<Self> {
        (bytes.len() == kind.length()).then(|| Self { kind, bytes: Zeroizing::new(bytes.to_vec()) })
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    /// The key of a password (RFC 3962, section 4).
    pub(super) fn of_password(
        kind: Kind,
        password: &str,
        salt: &[u8],
        iterations: NonZeroU32,
    ) -> Result<Self, Unspecified> {
        let mut bytes = Zeroizing::new(vec![0; kind.length()]);
        derive(PBKDF2_HMAC_SHA1, iterations, salt, password.as_bytes(), &mut bytes);
        Self { kind, bytes }.derived(b"kerberos")
    }

    /// `DK` (RFC 3961, section 5.1).
    fn derived(&self, constant: &[u8]) -> Result<Self, Unspecified> {
        let mut block = folded(constant);
        let mut bytes = Zeroizing::new(Vec::with_capacity(2 * BLOCK));
        while bytes.len() < self.kind.length() {
            self.cbc(&mut block)?;
            bytes.extend_from_slice(&block);
        }
        Ok(Self { kind: self.kind, bytes })
    }

    fn for_usage(&self, usage: u32, purpose: u8) -> Result<Self, Unspecified> {
        let [a, b, c, d] = usage.to_be_bytes();
        self.derived(&[a, b, c, d, purpose])
    }

    /// Encrypts, with a tag that nobody else can make.
    pub(super) fn encrypt(&self, usage: u32, confounder: [u8; BLOCK], plain: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut text = [&confounder, plain].concat();
        let tag = self.for_usage(usage, 0x55)?.tag(&text);
        self.for_usage(usage, 0xaa)?.cts(&mut text)?;
        text.extend_from_slice(&tag);
        Ok(text)
    }

    /// Decrypts what bears the right tag.
    pub(super) fn decrypt(&self, usage: u32, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
        let (text, tag) = sealed.split_last_chunk::<TAG>().map(|(text, tag)| (text, *tag)).ok_or(Unspecified)?;
        let text = Zeroizing::new(self.for_usage(usage, 0xaa)?.cts_back(text)?);
        verify_slices_are_equal(&self.for_usage(usage, 0x55)?.tag(&text), &tag)?;
        Ok(Zeroizing::new(text.get(BLOCK..).ok_or(Unspecified)?.to_vec()))
    }

    /// A checksum of a text that is sent in the clear.
    pub(super) fn check(&self, usage: u32, text: &[u8]) -> Result<[u8; TAG], Unspecified> {
        Ok(self.for_usage(usage, 0x99)?.tag(text))
    }

    fn tag(&self, text: &[u8]) -> [u8; TAG] {
        let tag = sign(&HmacKey::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.bytes), text);
        let mut first = [0; TAG];
        first.copy_from_slice(&tag.as_ref()[..TAG]);
        first
    }

    /// CBC with an initial vector of zeros, over whole blocks.
    fn cbc(&self, blocks: &mut [u8]) -> Result<(), Unspecified> {
        let key = EncryptingKey::cbc(UnboundCipherKey::new(self.kind.algorithm(), &self.bytes)?)?;
        key.less_safe_encrypt(blocks, EncryptionContext::Iv128(FixedLength::from([0; BLOCK])))?;
        Ok(())
    }

    fn cbc_back(&self, blocks: &mut [u8]) -> Result<(), Unspecified> {
        let key = DecryptingKey::cbc(UnboundCipherKey::new(self.kind.algorithm(), &self.bytes)?)?;
        key.decrypt(blocks, DecryptionContext::Iv128(FixedLength::from([0; BLOCK])))?;
        Ok(())
    }

    /// CBC with ciphertext stealing (RFC 3962, section 5): the last two blocks change places and the last is cut, so
    /// that nothing grows.
    fn cts(&self, text: &mut Vec<u8>) -> Result<(), Unspecified> {
        let length = text.len();
        text.resize(length.next_multiple_of(BLOCK), 0);
        self.cbc(text)?;
        if length > BLOCK {
            let before = text.len() - 2 * BLOCK;
            let (_, last) = text.split_at_mut(before);
            let (one, other) = last.split_at_mut(BLOCK);
            one.swap_with_slice(other);
        }
        text.truncate(length);
        Ok(())
    }

    fn cts_back(&self, text: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let length = text.len();
        if length < BLOCK {
            return Err(Unspecified);
        }
        let mut blocks = text.to_vec();
        if length > BLOCK {
            let cut = (length - 1) / BLOCK * BLOCK;
            let (before, stolen) = text.split_at(cut);
            let (before, last) = before.split_at(cut - BLOCK);
            // The end of the block before the last was stolen; it is what the last decrypts to where there were zeros.
            let mut whole = last.to_vec();
            self.cbc_back(&mut whole)?;
            whole[..stolen.len()].copy_from_slice(stolen);
            blocks = [before, &whole, last].concat();
        }
        self.cbc_back(&mut blocks)?;
        blocks.truncate(length);
        Ok(blocks)
    }
}

/// `n-fold` to one block (RFC 3961, section 5.1): copies of the text, each turned right by 13 bits more than the one
/// before, added up with end-around carry.
fn folded(text: &[u8]) -> [u8; BLOCK] {
    let bits = text.len() * 8;
    // Copies until their end is the end of a block.
    let total = text.len() * (1..=BLOCK).find(|copies| (copies * text.len()).is_multiple_of(BLOCK)).unwrap_or(BLOCK);
    let bit = |copy: usize, place: usize| {
        let from = (place + bits * 13 - (13 * copy) % bits) % bits;
        (text[from / 8] >> (7 - from % 8)) & 1
    };
    let mut sum = [0_u32; BLOCK];
    for index in 0..total {
        let (copy, place) = (index / text.len(), index % text.len() * 8);
        let byte = (0..8).fold(0_u32, |byte, offset| (byte << 1) | u32::from(bit(copy, place + offset)));
        sum[index % BLOCK] += byte;
    }
    let mut carry = 0;
    while carry > 0 || sum.iter().any(|digit| *digit > 0xff) {
        for digit in sum.iter_mut().rev() {
            let value = *digit + carry;
            *digit = value & 0xff;
            carry = value >> 8;
        }
        sum[BLOCK - 1] += carry;
        carry = 0;
    }
    sum.map(|digit| (digit & 0xff) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn of_password(kind: Kind, iterations: u32) -> String {
        let iterations = NonZeroU32::new(iterations).unwrap();
        hex(&Key::of_password(kind, "password", b"ATHENA.MIT.EDUraeburn", iterations).unwrap().bytes)
    }

    #[test]
    fn folding_is_that_of_rfc_3961() {
        assert_eq!(hex(&folded(b"kerberos")), "6b65726265726f737b9b5b2b93132b93", "appendix A.1");
    }

    #[test]
    fn keys_of_passwords_are_those_of_rfc_3962() {
        assert_eq!(of_password(Kind::Aes128, 1), "42263c6e89f4fc28b8df68ee09799f15");
        assert_eq!(of_password(Kind::Aes256, 1200), "55a6ac740ad17b4846941051e1e8b0a7548d93b0ab30a8bc3ff16280382b8c2a");
    }

    #[test]
    fn stealing_is_that_of_rfc_3962() {
        let key = Key::new(Kind::Aes128, b"chicken teriyaki").unwrap();
        let plain = b"I would like the General Gau's Chicken, please, and wonton soup.";
        let expected = [
            (17, "c6353568f2bf8cb4d8a580362da7ff7f97"),
            (31, "fc00783e0efdb2c1d445d4c8eff7ed2297687268d6ecccc0c07b25e25ecfe5"),
            (32, "39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584"),
        ];
        for (length, encrypted) in expected {
            let mut text = plain[..length].to_vec();
            key.cts(&mut text).unwrap();
            assert_eq!(hex(&text), encrypted, "appendix B, {length} bytes");
            assert_eq!(key.cts_back(&text).unwrap(), &plain[..length]);
        }
    }

    #[test]
    fn what_is_encrypted_comes_back_and_nothing_else_does() {
        let key = Key::new(Kind::Aes256, &[7; 32]).unwrap();
        for length in 0..70 {
            let plain = vec![3; length];
            let sealed = key.encrypt(7, [9; BLOCK], &plain).unwrap();
            assert_eq!(*key.decrypt(7, &sealed).unwrap(), plain);
            assert!(key.decrypt(8, &sealed).is_err(), "another usage");
            let mut changed = sealed.clone();
            changed[length] ^= 1;
            assert!(key.decrypt(7, &changed).is_err());
            assert!(key.decrypt(7, &sealed[..sealed.len() - 1]).is_err());
        }
        assert!(key.decrypt(7, &[]).is_err());
    }
}
