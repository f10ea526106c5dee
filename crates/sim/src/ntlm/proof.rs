//! The sums of version 2 (MS-NLMP, 3.3.2 and 3.4.5).

use hmac::{Hmac, KeyInit, Mac};
use md4::{Digest as _, Md4};
use md5::Md5;

use super::message::{Authenticate, CODE, KEY_EXCHANGE, utf16};

fn sum(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    // A key of any length will do for this construction (RFC 2104).
    let Ok(mut mac) = Hmac::<Md5>::new_from_slice(key) else { return [0; 16] };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// `NTOWFv2`: what stands for a password of a user.
pub(super) fn key(password: &str, user: &str, domain: &str) -> [u8; 16] {
    let hash = Md4::digest(utf16(password));
    sum(&hash, &[&utf16(&user.to_uppercase()), &utf16(domain)])
}

/// Checks a response. The session's base key, if it proves that the client knows the password.
pub(super) fn session(key: &[u8; 16], challenge: [u8; 8], response: &[u8]) -> Option<[u8; 16]> {
    let (proof, made_over) = response.split_at_checked(16)?;
    (sum(key, &[&challenge, made_over]) == proof).then(|| sum(key, &[proof]))
}

/// Whether the three messages are as they were sent.
pub(super) fn is_whole(answer: &Authenticate<'_>, session: &[u8; 16], sealed: &[u8], message: &[u8]) -> bool {
    let mut key = *session;
    if answer.flags & KEY_EXCHANGE != 0 {
        let Ok(exchanged) = answer.session_key.try_into() else { return false };
        key = rc4(session, exchanged);
    }
    let Some(code) = message.get(CODE) else { return false };
    let (before, after) = (&message[..CODE.start], &message[CODE.end..]);
    sum(&key, &[sealed, before, &[0; 16], after]) == code
}

/// RC4 of one key's length, which is all that is encrypted here.
fn rc4(key: &[u8; 16], text: [u8; 16]) -> [u8; 16] {
    let mut state: [u8; 256] = std::array::from_fn(|n| u8::try_from(n).unwrap_or(0));
    let mut j = 0u8;
    for i in 0..256 {
        j = j.wrapping_add(state[i]).wrapping_add(key[i % 16]);
        state.swap(i, usize::from(j));
    }
    let (mut i, mut j) = (0u8, 0u8);
    text.map(|byte| {
        i = i.wrapping_add(1);
        j = j.wrapping_add(state[usize::from(i)]);
        state.swap(usize::from(i), usize::from(j));
        byte ^ state[usize::from(state[usize::from(i)].wrapping_add(state[usize::from(j)]))]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// MS-NLMP, 4.2: the names and numbers of its worked examples.
    const PASSWORD: &str = "Password";

    #[test]
    fn the_key_is_that_of_the_specification() {
        let expected = [0x0c, 0x86, 0x8a, 0x40, 0x3b, 0xfd, 0x7a, 0x93, 0xa3, 0x00, 0x1e, 0xf2, 0x2e, 0xf0, 0x2e, 0x3f];
        assert_eq!(key(PASSWORD, "User", "Domain"), expected);
    }

    #[test]
    fn the_session_key_is_that_of_the_specification() {
        let key = key(PASSWORD, "User", "Domain");
        let mut made_over = vec![1, 1, 0, 0, 0, 0, 0, 0];
        made_over.extend([0; 8]);
        made_over.extend([0xaa; 8]);
        made_over.extend([0; 4]);
        for (kind, name) in [(2u16, "Domain"), (1, "Server")] {
            made_over.extend(kind.to_le_bytes());
            made_over.extend(12u16.to_le_bytes());
            made_over.extend(utf16(name));
        }
        made_over.extend([0; 8]);
        let proof = [0x68, 0xcd, 0x0a, 0xb8, 0x51, 0xe5, 0x1c, 0x96, 0xaa, 0xbc, 0x92, 0x7b, 0xeb, 0xef, 0x6a, 0x1c];
        let response = [&proof[..], &made_over].concat();
        let challenge = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
        let expected = [0x8d, 0xe4, 0x0c, 0xca, 0xdb, 0xc1, 0x4a, 0x82, 0xf1, 0x5c, 0xb0, 0xad, 0x0d, 0xe9, 0x5c, 0xa3];
        assert_eq!(session(&key, challenge, &response), Some(expected));
        let exchanged =
            [0xc5, 0xda, 0xd2, 0x54, 0x4f, 0xc9, 0x79, 0x90, 0x94, 0xce, 0x1c, 0xe9, 0x0b, 0xc9, 0xd0, 0x3e];
        assert_eq!(rc4(&expected, exchanged), [0x55; 16]);
        assert_eq!(session(&key, [0; 8], &response), None, "another challenge");
    }
}
