//! What is computed from the password.

use busylamp_core::secret::Secret;
use hmac::{Hmac, KeyInit as _, Mac as _};
use md4::{Digest as _, Md4};
use md5::Md5;
use zeroize::Zeroizing;

use crate::UserName;

/// The key of a user's answers, `NTOWFv2` (section 3.3.2): as good as the password.
pub(super) struct Key(Zeroizing<[u8; 16]>);

/// What the client puts into its answer, `NTLMv2_CLIENT_CHALLENGE` (section 2.2.2.7).
pub(super) struct ClientChallenge {
    /// A FILETIME.
    pub(super) time: u64,
    pub(super) nonce: [u8; 8],
    pub(super) target_info: Vec<u8>,
}

/// The answer to a server's challenge.
pub(super) struct Response {
    /// `NTLMv2_RESPONSE` (section 2.2.2.8).
    pub(super) bytes: Vec<u8>,
    /// `SessionBaseKey`, which is the exported session key as well where none is exchanged (section 3.1.5.1.2).
    pub(super) session_key: Zeroizing<[u8; 16]>,
}

impl Key {
    pub(super) fn new(user: &UserName, password: &Secret) -> Self {
        // With room for all of it from the beginning, no copy is left behind by growing.
        let mut utf16 = Zeroizing::new(Vec::with_capacity(2 * password.expose().len()));
        utf16.extend(password.expose().encode_utf16().flat_map(u16::to_le_bytes));
        let hash = Zeroizing::new(<[u8; 16]>::from(Md4::digest(&utf16)));
        let name: Vec<u8> = user.user().chars().map(upper).chain(user.domain().chars()).collect::<String>().utf16();
        Self(hmac(&hash, &[&name]))
    }

    /// The answer (section 3.3.2).
    pub(super) fn response(&self, server_challenge: [u8; 8], client: &ClientChallenge) -> Response {
        let temp = [
            &[1, 1, 0, 0, 0, 0, 0, 0][..],
            &client.time.to_le_bytes(),
            &client.nonce,
            &[0; 4],
            &client.target_info,
            &[0; 4],
        ]
        .concat();
        let proof = hmac(&self.0, &[&server_challenge, &temp]);
        let session_key = hmac(&self.0, &[proof.as_slice()]);
        Response { bytes: [proof.as_slice(), &temp].concat(), session_key }
    }
}

/// The seal over all three messages, the third with zeros at the seal's place.
pub(super) fn mic(session_key: &[u8; 16], messages: [&[u8]; 3]) -> [u8; 16] {
    *hmac(session_key, &messages)
}

fn hmac(key: &[u8; 16], parts: &[&[u8]]) -> Zeroizing<[u8; 16]> {
    let mut mac = Hmac::<Md5>::new_from_slice(key).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    Zeroizing::new(mac.finalize().into_bytes().into())
}

/// A capital as Windows makes it: one sign from one sign, and only where the small one comes back. `ß`, `ı` and signs
/// beyond the first 65536 stay as they are.
fn upper(small: char) -> char {
    let one = |mut signs: Box<dyn Iterator<Item = char>>| signs.next().filter(|_| signs.next().is_none());
    let capital = one(Box::new(small.to_uppercase()));
    let returns = |capital: &char| one(Box::new(capital.to_lowercase())) == Some(small);
    capital.filter(|capital| small <= '\u{ffff}' && returns(capital)).unwrap_or(small)
}

/// UTF-16, little end first: all texts of the protocol.
pub(super) trait Utf16 {
    fn utf16(&self) -> Vec<u8>;
}

impl<T: AsRef<str>> Utf16 for T {
    fn utf16(&self) -> Vec<u8> {
        self.as_ref().encode_utf16().flat_map(u16::to_le_bytes).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_are_those_of_windows() {
        let raised: String = "svc-bäß ıµſÿ𐐨éя".chars().map(upper).collect();
        assert_eq!(raised, "SVC-BÄß ıµſŸ𐐨ÉЯ");
    }
}
