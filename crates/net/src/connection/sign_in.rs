//! What a method of signing in does, without the connection that it signs in: tokens in, tokens out.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use busylamp_core::{
    language::Language,
    said::{Phrase, Said},
};
use futures_util::future::BoxFuture;
use http::{HeaderMap, header::WWW_AUTHENTICATE};
use thiserror::Error;

use super::ChannelBinding;

/// One credential and its way of signing a connection in.
pub trait SignIn: fmt::Debug + Send + Sync {
    /// The schemes in which its tokens may travel, as they stand in `Authorization` and `WWW-Authenticate`, the
    /// preferred one first. Never empty.
    fn schemes(&self) -> &'static [&'static str];

    /// Begins to sign a connection in to the server of this name.
    ///
    /// # Errors
    /// When there can be no conversation.
    fn begin(&self, host: &str, binding: Option<&ChannelBinding>) -> Result<Box<dyn Conversation>, SignInError>;
}

/// The sign-in of one connection, from its first token to its last.
pub trait Conversation: Send {
    /// The next token: the first one for `None`, later ones in answer to what the server said. A method may have to ask
    /// a third party for it (Kerberos), within a time of its own.
    ///
    /// # Errors
    /// When the server's token can't be answered. Then nothing more is sent.
    fn step<'a>(&'a mut self, challenge: Option<&'a [u8]>) -> BoxFuture<'a, Result<Token, SignInError>>;
}

/// What is sent to the server.
pub struct Token {
    /// The token, before Base64.
    pub bytes: Vec<u8>,
    /// Whether it is our last word: the request itself goes with it, and a 401 in answer is the refusal.
    pub last: bool,
}

/// Shows no token: an answer to a challenge can be attacked at leisure.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({} bytes, last: {})", self.bytes.len(), self.last)
    }
}

/// Why a sign-in can't go on. A credential that the server itself refuses is none of these: that is its answer, 401.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignInError {
    /// What the server sent is not what the method prescribes.
    #[error("the server's part of the sign-in can't be read ({0})")]
    BadChallenge(Phrase),
    /// The server wants something that is not done, for example a weaker method.
    #[error("the server asks for a kind of sign-in that is not offered ({0})")]
    Unsupported(Phrase),
    /// Who vouches for the credential refuses it; the server was not asked. Like a 401, this stands until somebody
    /// changes something.
    #[error("the sign-in is refused: {0}")]
    Refused(Phrase),
    /// Who vouches for the credential can't be asked.
    #[error("the domain controller can't be asked ({0})")]
    Unreachable(Said),
    /// The server, or something in between, closes the connection that is being signed in.
    #[error("the connection is closed in the middle of the sign-in")]
    NotKeptAlive,
    /// This machine lacks something for it.
    #[error("this machine lacks what a sign-in needs ({0})")]
    Machine(Phrase),
    /// The server asks on and on.
    #[error("the sign-in does not come to an end")]
    Endless,
}

impl SignInError {
    pub(crate) fn german(&self) -> String {
        const GERMAN: Language = Language::German;
        match self {
            Self::BadChallenge(why) => {
                format!("der Teil des Servers an der Anmeldung ist nicht zu lesen ({})", why.speak(GERMAN))
            }
            Self::Unsupported(what) => {
                format!("der Server verlangt eine Art der Anmeldung, die es hier nicht gibt ({})", what.speak(GERMAN))
            }
            Self::Refused(why) => format!("die Anmeldung wird abgelehnt: {}", why.speak(GERMAN)),
            Self::Unreachable(why) => format!("der Domänencontroller ist nicht zu fragen ({})", why.speak(GERMAN)),
            Self::NotKeptAlive => "die Verbindung wird mitten in der Anmeldung geschlossen".to_owned(),
            Self::Machine(what) => {
                format!("diesem Rechner fehlt etwas, das die Anmeldung braucht ({})", what.speak(GERMAN))
            }
            Self::Endless => "die Anmeldung kommt zu keinem Ende".to_owned(),
        }
    }

    /// What the administrator can do.
    pub fn advice(&self) -> Phrase {
        match self {
            Self::BadChallenge(_) | Self::Endless => Phrase::new(
                "Prüfen Sie, ob die Adresse zum Exchange Server führt und nichts dazwischen seine Antworten verändert.",
                "check that the address leads to the Exchange Server, and that nothing in between changes its answers",
            ),
            Self::Unsupported(_) => Phrase::new(
                "Erlauben Sie auf dem Server NTLMv2, oder wählen Sie eine andere Anmeldung.",
                "allow NTLMv2 on the server, or choose another way to sign in",
            ),
            Self::Refused(_) => Phrase::new(
                "Prüfen Sie Benutzer und Kennwort; sie werden erst wieder versucht, wenn sich die Konfiguration ändert.",
                "check user name and password; they are not tried again until the configuration changes",
            ),
            Self::Unreachable(_) => Phrase::new(
                "Prüfen Sie die Adresse des Domänencontrollers, und ob dieser Rechner dessen Port 88 über TCP erreicht; ohne \
                 Adresse wird der Rechner mit dem Namen der Domäne gefragt.",
                "check the KDC's address, and that this machine may reach its port 88 by TCP; without an address the host \
                 with the domain's name is asked",
            ),
            Self::Machine(_) => Phrase::new("Prüfen Sie das System dieses Rechners.", "check this machine's system"),
            Self::NotKeptAlive => Phrase::new(
                "NTLM braucht Verbindungen, die offen bleiben: Sorgen Sie dafür, dass der Proxy oder Lastverteiler vor dem \
                 Server sie hält, oder geben Sie die Adresse des Servers selbst an.",
                "NTLM needs connections that stay open: let the proxy or load balancer in front of the server keep them, \
                 or give the server's own address",
            ),
        }
    }
}

/// What a server offers for one scheme.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Offer {
    /// It doesn't offer it.
    None,
    /// It offers to begin.
    Begin,
    /// It goes on with this token.
    Continue(Vec<u8>),
}

/// The longest token that is looked at: Windows' are below 64 KiB, larger than that is no token.
const LONGEST_TOKEN: usize = 128 << 10;

const TOO_LONG: Phrase = Phrase::new("sein Token ist zu lang", "its token is too long");
const NO_BASE64: Phrase =
    Phrase::new("sein Token ist nicht in Base64 geschrieben", "its token is not written in Base64");

/// What these headers offer for a scheme. Several schemes may stand in one line or in several, in any case
/// (RFC 9110, section 11.6.1).
///
/// # Errors
/// When there is a token that is no Base64.
pub(super) fn offer(headers: &HeaderMap, scheme: &str) -> Result<Offer, SignInError> {
    let mut offered = Offer::None;
    for line in headers.get_all(WWW_AUTHENTICATE) {
        let Ok(line) = line.to_str() else { continue };
        // A comma inside a quoted string cuts a parameter of another scheme in two; neither half begins with a scheme
        // of ours and a space, unless somebody writes a realm to that end, and the token behind it would mislead nobody.
        for challenge in line.split(',') {
            let mut words = challenge.split_ascii_whitespace();
            if !words.next().is_some_and(|word| word.eq_ignore_ascii_case(scheme)) {
                continue;
            }
            match words.next() {
                Some(token) if token.len() <= LONGEST_TOKEN => {
                    let token = STANDARD.decode(token);
                    return token.map(Offer::Continue).map_err(|_| SignInError::BadChallenge(NO_BASE64));
                }
                Some(_) => return Err(SignInError::BadChallenge(TOO_LONG)),
                None => offered = Offer::Begin,
            }
        }
    }
    Ok(offered)
}

/// A token as it stands behind its scheme in `Authorization`.
pub(super) fn written(scheme: &str, token: &[u8]) -> String {
    format!("{scheme} {}", STANDARD.encode(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(lines: &[&str], scheme: &str) -> Result<Offer, SignInError> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(WWW_AUTHENTICATE, line.parse().unwrap());
        }
        offer(&headers, scheme)
    }

    #[test]
    fn an_offer_is_found_in_several_lines() {
        let lines = ["Negotiate", "NTLM", "Basic realm=\"exchange.example.com\""];
        assert_eq!(offers(&lines, "NTLM"), Ok(Offer::Begin));
        assert_eq!(offers(&lines, "Negotiate"), Ok(Offer::Begin));
        assert_eq!(offers(&lines, "Bearer"), Ok(Offer::None));
    }

    #[test]
    fn an_offer_is_found_in_one_line_and_in_any_case() {
        let lines = ["Basic realm=\"a, b\", ntlm, NEGOTIATE"];
        assert_eq!(offers(&lines, "NTLM"), Ok(Offer::Begin));
        assert_eq!(offers(&lines, "Negotiate"), Ok(Offer::Begin));
    }

    #[test]
    fn a_token_goes_before_an_offer_to_begin() {
        assert_eq!(offers(&["NTLM", "Negotiate", "nTLM  TlRM"], "NTLM"), Ok(Offer::Continue(b"NTL".to_vec())));
    }

    #[test]
    fn a_scheme_is_not_a_prefix() {
        assert_eq!(offers(&["NTLMv7", "XNTLM"], "NTLM"), Ok(Offer::None));
    }

    #[test]
    fn a_token_that_is_no_token_is_an_error() {
        assert!(matches!(offers(&["NTLM !!!!"], "NTLM"), Err(SignInError::BadChallenge(_))));
        let long = format!("NTLM {}", "A".repeat(LONGEST_TOKEN + 4));
        assert!(matches!(offers(&[&long], "NTLM"), Err(SignInError::BadChallenge(_))));
    }

    #[test]
    fn tokens_are_not_shown() {
        assert_eq!(format!("{:?}", Token { bytes: vec![65; 3], last: true }), "Token(3 bytes, last: true)");
    }
}
