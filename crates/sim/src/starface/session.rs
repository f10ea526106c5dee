//! Who has signed in: nonces that are good once, and tokens that live for a while.

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha512};
use uuid::Uuid;

/// Most nonces and most tokens that are kept; the oldest go first.
const MAX: usize = 10_000;
const NONCE_LIFE: SignedDuration = SignedDuration::from_mins(5);
/// Seconds that OAuth tokens live.
pub(super) const ACCESS_LIFE: i64 = 300;
pub(super) const REFRESH_LIFE: i64 = 21_600;
/// Hours that a session of the older login lives.
const SESSION_HOURS: i64 = 4;

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TokenKind {
    /// `authToken` of the older login.
    Session,
    /// OAuth's access token.
    Access,
    /// OAuth's refresh token.
    Refresh,
}

/// How the PBX checks passwords.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LoginType {
    #[default]
    Internal,
    ActiveDirectory,
}

impl LoginType {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Internal => "Internal",
            Self::ActiveDirectory => "ActiveDirectory",
        }
    }
}

/// Keys that are good until an instant.
#[derive(Default)]
struct Perishables {
    until: HashMap<String, Timestamp>,
    order: VecDeque<String>,
}

impl Perishables {
    fn add(&mut self, until: Timestamp) -> String {
        let key = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        self.until.insert(key.clone(), until);
        self.order.push_back(key.clone());
        if self.order.len() > MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.until.remove(&oldest);
        }
        key
    }

    fn good(&self, key: &str, now: Timestamp) -> bool {
        self.until.get(key).is_some_and(|until| now < *until)
    }
}

/// All that are signed in, and how one signs in.
pub(crate) struct Sessions {
    pub(crate) login_type: LoginType,
    pub(crate) login: String,
    pub(crate) password: String,
    pub(crate) client_secret: String,
    nonces: Perishables,
    tokens: HashMap<TokenKind, Perishables>,
}

impl Sessions {
    pub(crate) fn new(login: &str, password: String, client_secret: String) -> Self {
        Self {
            login_type: LoginType::default(),
            login: login.to_owned(),
            password,
            client_secret,
            nonces: Perishables::default(),
            tokens: HashMap::new(),
        }
    }

    pub(super) fn nonce(&mut self, now: Timestamp) -> String {
        self.nonces.add(after(now, NONCE_LIFE))
    }

    /// Whether a secret is right for a nonce. The nonce is used up either way.
    pub(super) fn admits(&mut self, nonce: &str, secret: &str, now: Timestamp) -> bool {
        let fresh = self.nonces.good(nonce, now);
        self.nonces.until.remove(nonce);
        let Self { login, password, .. } = self;
        let expected = match self.login_type {
            LoginType::Internal => {
                format!("{login}:{}", hex(Sha512::digest(format!("{login}{nonce}{}", password_hash(password)))))
            }
            LoginType::ActiveDirectory => {
                use base64::{Engine, engine::general_purpose::STANDARD};
                STANDARD.encode(format!("{login}{nonce}{password}"))
            }
        };
        fresh && secret == expected
    }

    /// The value of `de.vertico.starface.auth` that is right.
    pub(super) fn xml_rpc_auth(&self) -> String {
        let Self { login, password, .. } = self;
        match self.login_type {
            LoginType::Internal => {
                format!("{login}:{}", hex(Sha512::digest(format!("{login}*{}", password_hash(password)))))
            }
            LoginType::ActiveDirectory => {
                use base64::{Engine, engine::general_purpose::STANDARD};
                STANDARD.encode(format!("{login}*{password}"))
            }
        }
    }

    pub(super) fn token(&mut self, kind: TokenKind, now: Timestamp) -> String {
        let life = match kind {
            TokenKind::Session => SignedDuration::from_hours(SESSION_HOURS),
            TokenKind::Access => SignedDuration::from_secs(ACCESS_LIFE),
            TokenKind::Refresh => SignedDuration::from_secs(REFRESH_LIFE),
        };
        self.tokens.entry(kind).or_default().add(after(now, life))
    }

    pub(super) fn good(&self, kind: TokenKind, token: &str, now: Timestamp) -> bool {
        self.tokens.get(&kind).is_some_and(|tokens| tokens.good(token, now))
    }

    pub(super) fn end(&mut self, kind: TokenKind, token: &str) {
        if let Some(tokens) = self.tokens.get_mut(&kind) {
            tokens.until.remove(token);
        }
    }

    /// Ends every session.
    pub(crate) fn end_all(&mut self) {
        self.tokens.clear();
    }
}

fn after(now: Timestamp, life: SignedDuration) -> Timestamp {
    now.saturating_add(life).unwrap_or(Timestamp::MAX)
}

fn password_hash(password: &str) -> String {
    hex(Sha512::digest(password))
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    use std::fmt::Write;
    bytes.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_once_and_only_for_a_while() {
        let mut sessions = Sessions::new("0001", "geheim".to_owned(), String::new());
        sessions.login_type = LoginType::ActiveDirectory;
        let now = Timestamp::UNIX_EPOCH;
        let secret = |nonce: &str| {
            use base64::{Engine, engine::general_purpose::STANDARD};
            STANDARD.encode(format!("0001{nonce}geheim"))
        };
        let nonce = sessions.nonce(now);
        assert!(sessions.admits(&nonce, &secret(&nonce), now));
        assert!(!sessions.admits(&nonce, &secret(&nonce), now));
        let nonce = sessions.nonce(now);
        assert!(!sessions.admits(&nonce, &secret(&nonce), after(now, NONCE_LIFE)));
    }

    #[test]
    fn the_internal_secret_is_the_one_of_the_published_formula() {
        // Check value of the formula in the description of `POST /login`, computed with another program.
        let mut sessions = Sessions::new("0001", "geheim".to_owned(), String::new());
        let now = Timestamp::UNIX_EPOCH;
        sessions.nonces.until.insert("nonce123".to_owned(), after(now, NONCE_LIFE));
        let secret = "0001:6673bb19ef11152144bd7b34cb61169ed81f48f4f093c32bb33d9dc0de0979eab26faa7d943667e248cbd71dabd458d4d38395a8b0a821bbe232574f0c12ce05";
        assert!(sessions.admits("nonce123", secret, now));
    }

    #[test]
    fn tokens_end_by_themselves() {
        let mut sessions = Sessions::new("0001", String::new(), String::new());
        let now = Timestamp::UNIX_EPOCH;
        let access = sessions.token(TokenKind::Access, now);
        assert!(sessions.good(TokenKind::Access, &access, after(now, SignedDuration::from_secs(299))));
        assert!(!sessions.good(TokenKind::Access, &access, after(now, SignedDuration::from_secs(300))));
        assert!(!sessions.good(TokenKind::Session, &access, now));
    }
}
