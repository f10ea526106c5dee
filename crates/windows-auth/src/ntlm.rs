//! NTLMv2 with channel binding, after [MS-NLMP] ("section" below means its sections).
//!
//! ```text
//! message      the three messages as bytes
//! target_info  what the server says of itself, and what we add to it
//! proof        what is computed from the password
//! ```
//!
//! Connections are signed in and nothing else: no message is signed or sealed, so no session key is exchanged.

mod message;
mod proof;
mod target_info;

use std::{fmt, future::ready, time::SystemTime};

use busylamp_core::{said::Phrase, secret::Secret};
use busylamp_net::connection::{ChannelBinding, Conversation, SignIn, SignInError, Token};
use futures_util::future::BoxFuture;

use self::{
    message::{Authenticate, Challenge, negotiate},
    proof::{ClientChallenge, Key, mic},
};
use crate::{UserName, binding_hash};

/// Signs connections in as one user by NTLMv2.
///
/// Its tokens travel as `NTLM`; where a server offers `Negotiate` only, as they are in that scheme, which IIS takes.
#[derive(Clone)]
pub struct Ntlm {
    user: UserName,
    password: Secret,
}

impl Ntlm {
    /// The sign-in of this user.
    pub fn new(user: UserName, password: Secret) -> Self {
        Self { user, password }
    }
}

impl fmt::Debug for Ntlm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ntlm").field("user", &self.user).finish_non_exhaustive()
    }
}

impl SignIn for Ntlm {
    fn schemes(&self) -> &'static [&'static str] {
        &["NTLM", "Negotiate"]
    }

    fn begin(&self, _host: &str, binding: Option<&ChannelBinding>) -> Result<Box<dyn Conversation>, SignInError> {
        Ok(Box::new(Exchange {
            user: self.user.clone(),
            key: Key::new(&self.user, &self.password),
            binding: binding.map(|binding| binding_hash(binding.as_bytes())),
            negotiate: None,
        }))
    }
}

/// The sign-in of one connection.
struct Exchange {
    user: UserName,
    key: Key,
    binding: Option<[u8; 16]>,
    /// The message that was sent first.
    negotiate: Option<Vec<u8>>,
}

impl Conversation for Exchange {
    fn step<'a>(&'a mut self, challenge: Option<&'a [u8]>) -> BoxFuture<'a, Result<Token, SignInError>> {
        Box::pin(ready(self.next(challenge)))
    }
}

impl Exchange {
    fn next(&mut self, challenge: Option<&[u8]>) -> Result<Token, SignInError> {
        match (challenge, self.negotiate.take()) {
            (None, None) => {
                let negotiate = negotiate();
                self.negotiate = Some(negotiate.clone());
                Ok(Token { bytes: negotiate, last: false })
            }
            (Some(challenge), Some(negotiate)) => {
                let fresh = Fresh { client_challenge: random()?, now: filetime(SystemTime::now()) };
                let bytes = self.authenticate(&negotiate, challenge, &fresh)?;
                Ok(Token { bytes, last: true })
            }
            _ => Err(SignInError::BadChallenge(Phrase::new(
                "eine Nachricht steht nicht an ihrer Stelle",
                "a message is not at its place",
            ))),
        }
    }

    /// The third message (section 3.1.5.1.2).
    fn authenticate(&self, negotiate: &[u8], challenge_bytes: &[u8], fresh: &Fresh) -> Result<Vec<u8>, SignInError> {
        let challenge = Challenge::read(challenge_bytes)?;
        let client_challenge = ClientChallenge {
            time: challenge.target_info.timestamp().unwrap_or(fresh.now),
            nonce: fresh.client_challenge,
            target_info: challenge.target_info.answered(self.binding),
        };
        let response = self.key.response(challenge.server_challenge, &client_challenge);
        let message = Authenticate {
            flags: challenge.flags,
            domain: self.user.domain(),
            user: self.user.user(),
            response: &response.bytes,
        }
        .written();
        let seal = mic(&response.session_key, [negotiate, challenge_bytes, &message]);
        Ok(message.sealed(seal))
    }
}

/// What differs from one sign-in to the next.
struct Fresh {
    client_challenge: [u8; 8],
    /// A FILETIME, for servers that tell none.
    now: u64,
}

fn random() -> Result<[u8; 8], SignInError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|_| SignInError::Machine(Phrase::new("Zufallszahlen", "random numbers")))?;
    Ok(bytes)
}

/// Steps of 100 ns since 1601 (section 2.2.2.1, MsvAvTimestamp).
fn filetime(now: SystemTime) -> u64 {
    const SECONDS_FROM_1601_TO_1970: u64 = 11_644_473_600;
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    (since.as_secs() + SECONDS_FROM_1601_TO_1970) * 10_000_000 + u64::from(since.subsec_nanos() / 100)
}

#[cfg(test)]
mod tests;
