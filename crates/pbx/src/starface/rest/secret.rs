//! How STARFACE wants a password proven. Pure.
//!
//! Sources: Swagger 6.7.0.22, `POST /login`; the maker's own Java client for REST; for XML-RPC a third party's
//! description of STARFACE 6.4.2.19 and later.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use busylamp_core::secret::Secret;
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

/// Where the PBX checks passwords; it tells us before each sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginType {
    /// Itself.
    Internal,
    /// With a directory, for which it needs the password in clear.
    ActiveDirectory,
}

impl LoginType {
    /// The PBX's word, `Internal` or `ActiveDirectory`; its own description also writes `ACTIVE_DIRECTORY`.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word.replace('_', "").to_ascii_lowercase().as_str() {
            "internal" => Some(Self::Internal),
            "activedirectory" => Some(Self::ActiveDirectory),
            _ => None,
        }
    }

    /// The `secret` of `POST /rest/login`.
    pub(crate) fn login_secret(self, login: &str, nonce: &str, password: &Secret) -> Secret {
        match self {
            Self::Internal => {
                let hash = sha512_hex(password.expose());
                let proof = Zeroizing::new(format!("{login}{nonce}{}", *hash));
                Secret::new(format!("{login}:{}", *sha512_hex(&proof)))
            }
            Self::ActiveDirectory => {
                let clear = Zeroizing::new(format!("{login}{nonce}{}", password.expose()));
                Secret::new(STANDARD.encode(clear.as_bytes()))
            }
        }
    }

    /// The value of the URL parameter `de.vertico.starface.auth` of XML-RPC.
    pub(crate) fn url_secret(self, login: &str, password: &Secret) -> Secret {
        match self {
            Self::Internal => {
                let hash = sha512_hex(password.expose());
                let proof = Zeroizing::new(format!("{login}*{}", *hash));
                Secret::new(format!("{login}:{}", *sha512_hex(&proof)))
            }
            Self::ActiveDirectory => {
                let clear = Zeroizing::new(format!("{login}*{}", password.expose()));
                Secret::new(STANDARD.encode(clear.as_bytes()))
            }
        }
    }
}

fn sha512_hex(text: &str) -> Zeroizing<String> {
    let mut hex = Zeroizing::new(String::with_capacity(128));
    for byte in Sha512::digest(text) {
        for digit in [byte >> 4, byte & 15] {
            hex.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_internal_proof_is_that_of_the_makers_description() {
        let secret = LoginType::Internal.login_secret("0001", "nonce123", &Secret::new("geheim"));
        assert_eq!(
            secret.expose(),
            "0001:6673bb19ef11152144bd7b34cb61169ed81f48f4f093c32bb33d9dc0de0979ea\
             b26faa7d943667e248cbd71dabd458d4d38395a8b0a821bbe232574f0c12ce05"
        );
    }

    #[test]
    fn a_directory_gets_the_password_in_base64() {
        let secret = LoginType::ActiveDirectory.login_secret("0001", "nonce123", &Secret::new("geheim"));
        assert_eq!(secret.expose(), "MDAwMW5vbmNlMTIzZ2VoZWlt");
        let secret = LoginType::ActiveDirectory.url_secret("0001", &Secret::new("geheim"));
        assert_eq!(STANDARD.decode(secret.expose()).unwrap(), b"0001*geheim");
    }

    #[test]
    fn the_url_proof_matches_the_published_check_value() {
        let secret = LoginType::Internal.url_secret("123", &Secret::new("Pass123"));
        let proof = secret.expose().strip_prefix("123:").unwrap();
        assert!(proof.starts_with("81d8af78c98b1534") && proof.ends_with("8e8b6ced") && proof.len() == 128, "{proof}");
    }

    #[test]
    fn both_spellings_of_the_login_types_are_known() {
        for word in ["Internal", "INTERNAL"] {
            assert_eq!(LoginType::parse(word), Some(LoginType::Internal));
        }
        for word in ["ActiveDirectory", "ACTIVE_DIRECTORY"] {
            assert_eq!(LoginType::parse(word), Some(LoginType::ActiveDirectory));
        }
        assert_eq!(LoginType::parse("Kerberos"), None);
    }
}
