//! The token that a browser holds while somebody is signed in.

use std::fmt;

use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use busylamp_store::{SESSION_LIFE, TokenHash};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The prefix binds it to this host, to HTTPS (browsers count loopback as such) and to all paths; no other site, nor
/// another port's page of this one by a broader cookie, can set it (RFC 6265bis, section 4.1.3.2).
const COOKIE: &str = "__Host-busylamp";

/// 32 bytes take this many characters.
const LENGTH: usize = 43;

/// 32 random bytes, as text.
pub(crate) struct Token(String);

/// The operating system gives no random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random numbers")]
pub struct NoRandomness;

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Token {
    pub(crate) fn random() -> Result<Self, NoRandomness> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// The token that somebody shows, if it has the length of one.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        (text.len() == LENGTH).then(|| Self(text.to_owned()))
    }

    /// The token in a browser's cookies, if there is one.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.filter(|(name, _)| *name == COOKIE).find_map(|(_, value)| Self::from_text(value))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Compares in the same time for every wrong one.
    pub(super) fn is(&self, other: &str) -> bool {
        self.0.as_bytes().ct_eq(other.as_bytes()).into()
    }

    /// What the store keeps of it.
    pub(crate) fn hash(&self) -> TokenHash {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// The header that makes a browser hold it.
    pub(super) fn cookie(&self) -> Option<HeaderValue> {
        cookie(&self.0, SESSION_LIFE.as_secs())
    }

    /// The header that makes a browser forget it.
    pub(super) fn farewell() -> Option<HeaderValue> {
        cookie("", 0)
    }
}

fn cookie(value: &str, age: i64) -> Option<HeaderValue> {
    let text = format!("{COOKIE}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={age}");
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies(text: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, text.parse().unwrap());
        headers
    }

    #[test]
    fn a_browser_sends_back_what_it_was_given() {
        let token = Token::random().unwrap();
        let given = token.cookie().unwrap().to_str().unwrap().to_owned();
        for part in ["Secure", "HttpOnly", "Path=/", "SameSite=Lax"] {
            assert!(given.contains(part), "{given}");
        }
        let sent = format!("theme=dark; {}", given.split(';').next().unwrap());
        assert_eq!(Token::of(&cookies(&sent)).unwrap().hash(), token.hash());
    }

    #[test]
    fn other_cookies_are_no_tokens() {
        for text in ["", "busylamp=x", "__Host-busylamp=", "__Host-busylamp=short", "x__Host-busylamp=y"] {
            assert!(Token::of(&cookies(text)).is_none(), "{text}");
        }
    }

    #[test]
    fn a_token_is_not_shown_and_no_other_one() {
        let (one, other) = (Token::random().unwrap(), Token::random().unwrap());
        assert_eq!(format!("{one:?}"), "Token(…)");
        assert!(one.is(one.expose()) && !one.is(other.expose()) && !one.is(""));
    }
}
