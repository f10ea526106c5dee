//! Kerberos with a password, in `Negotiate` (RFC 4120, 4121, 4178 and 4559).
//!
//! ```text
//! message  what is asked of the KDC and shown to the server
//! token    how it is wrapped for the server
//! kdc      the way to the KDC
//! crypto   encryption with AES
//! der      how messages are written
//! ```
//!
//! One realm: a service in another realm than the user's is not found. The KDC's tickets are kept as long as they are
//! valid, so that a connection costs no question.

mod crypto;
mod der;
mod kdc;
mod message;
mod token;

use std::{
    fmt,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use busylamp_core::{said::Phrase, secret::Secret};
use busylamp_net::{
    connection::{ChannelBinding, Conversation, SignIn, SignInError, Token},
    words,
};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use thiserror::Error;
use tokio::sync::Mutex;
use url::Url;

use self::{
    crypto::Key,
    kdc::Kdc,
    message::{Client, Fresh, KdcError, Reply, Ticket},
};
use crate::{UserName, binding_hash};

/// Signs connections in as one user by Kerberos, with AES keys only.
#[derive(Clone)]
pub struct Kerberos(Arc<Inner>);

struct Inner {
    client: Client,
    password: Secret,
    kdc: Kdc,
    kept: Mutex<Kept>,
    /// The time of the last message, in microseconds: no two have the same.
    last: AtomicI64,
}

/// What the KDC said last.
#[derive(Default)]
enum Kept {
    #[default]
    Nothing,
    /// A ticket for the web server of this name.
    Ticket(String, Ticket),
    /// The credential is refused. It is not tried again: a new one comes in a new [`Kerberos`].
    Refused(SignInError),
}

/// Why there can be no sign-in by Kerberos.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KerberosError {
    /// The user's name says no realm.
    #[error("Kerberos needs the domain of the user: write user@example.com, or EXAMPLE.COM\\user")]
    NoRealm,
    /// The KDC's address is none.
    #[error("the KDC's address is not understood: write tcp://dc.example.com:88")]
    BadKdc,
}

/// A ticket that ends sooner than this is not used any more.
const MARGIN: Duration = Duration::from_secs(300);

impl Kerberos {
    /// The sign-in of this user. Without a KDC's address (`tcp://dc.example.com:88`, the port may be left out) the host
    /// with the realm's name is asked, which in a Windows domain are its domain controllers.
    ///
    /// # Errors
    /// When the realm is unknown or the address is none.
    pub fn new(user: &UserName, password: Secret, kdc: Option<&Url>) -> Result<Self, KerberosError> {
        let (name, realm) = match (user.domain(), user.user().rsplit_once('@')) {
            ("", Some((name, realm))) => (name, realm),
            ("", None) => return Err(KerberosError::NoRealm),
            (realm, _) => (user.user(), realm),
        };
        let kdc = match kdc {
            None => Kdc { host: realm.to_lowercase(), port: 88 },
            Some(url) if url.scheme() == "tcp" => {
                let host = url.host_str().filter(|host| !host.is_empty()).ok_or(KerberosError::BadKdc)?;
                let host = host.trim_start_matches('[').trim_end_matches(']');
                Kdc { host: host.to_owned(), port: url.port().unwrap_or(88) }
            }
            Some(_) => return Err(KerberosError::BadKdc),
        };
        let client = Client { name: name.to_owned(), realm: realm.to_uppercase() };
        Ok(Self(Arc::new(Inner { client, password, kdc, kept: Mutex::default(), last: AtomicI64::new(0) })))
    }
}

impl fmt::Debug for Kerberos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kerberos").field("client", &self.0.client).field("kdc", &self.0.kdc).finish_non_exhaustive()
    }
}

impl SignIn for Kerberos {
    fn schemes(&self) -> &'static [&'static str] {
        &["Negotiate"]
    }

    fn begin(&self, host: &str, binding: Option<&ChannelBinding>) -> Result<Box<dyn Conversation>, SignInError> {
        let binding = binding.map(|binding| binding_hash(binding.as_bytes()));
        Ok(Box::new(Showing { kerberos: self.clone(), host: host.to_lowercase(), binding }))
    }
}

/// The sign-in of one connection: a single token.
struct Showing {
    kerberos: Kerberos,
    host: String,
    binding: Option<[u8; 16]>,
}

impl Conversation for Showing {
    fn step<'a>(&'a mut self, challenge: Option<&'a [u8]>) -> BoxFuture<'a, Result<Token, SignInError>> {
        Box::pin(async move {
            if challenge.is_some() {
                return Err(SignInError::BadChallenge(Phrase::new("Kerberos braucht keinen", "Kerberos needs none")));
            }
            let inner = &self.kerberos.0;
            let ticket = inner.ticket(&self.host).await?;
            let request = inner.client.show(&ticket, &token::checksum(self.binding), inner.fresh()?);
            Ok(Token { bytes: token::token(&request.map_err(|_| CRYPTO)?), last: true })
        })
    }
}

const CRYPTO: SignInError = SignInError::Machine(Phrase::new("Verschlüsselung mit AES", "encryption with AES"));
const UNREADABLE: SignInError =
    SignInError::BadChallenge(Phrase::new("die Antwort des Domänencontrollers", "the domain controller's answer"));

impl Inner {
    /// The ticket for a web server. One question at a time, so that a wrong password is tried once.
    async fn ticket(&self, host: &str) -> Result<Ticket, SignInError> {
        let mut kept = self.kept.lock().await;
        match &*kept {
            Kept::Ticket(of, ticket) if of == host && ticket.ends > Timestamp::now() + MARGIN => {
                return Ok(ticket.clone());
            }
            Kept::Refused(refusal) => return Err(refusal.clone()),
            Kept::Ticket(..) | Kept::Nothing => {}
        }
        let ticket = self.ask_for(host).await;
        match &ticket {
            Ok(ticket) => *kept = Kept::Ticket(host.to_owned(), ticket.clone()),
            Err(refusal @ SignInError::Refused(_)) => *kept = Kept::Refused(refusal.clone()),
            Err(_) => {}
        }
        ticket
    }

    async fn ask_for(&self, host: &str) -> Result<Ticket, SignInError> {
        let granting = self.granting().await?;
        let fresh = self.fresh()?;
        let request = self.client.ask_tgs(&["HTTP", host], &granting, fresh).map_err(|_| CRYPTO)?;
        let answer = self.ask(&request).await?;
        match Reply::read(&answer).ok_or(UNREADABLE)? {
            Reply::Ticket(reply) => Ticket::for_service(reply, &granting, fresh.nonce).ok_or(UNREADABLE),
            Reply::Error(error) => Err(refusal(&error)),
        }
    }

    /// The ticket that others are asked for with. The first question is without a proof of the password: its refusal
    /// says how the proof is made.
    async fn granting(&self) -> Result<Ticket, SignInError> {
        let fresh = self.fresh()?;
        let answer = self.ask(&self.client.ask_as(fresh, None).map_err(|_| CRYPTO)?).await?;
        let recipe = match Reply::read(&answer).ok_or(UNREADABLE)? {
            Reply::Error(error) if error.wants_proof() => error.recipe(&self.client),
            Reply::Error(error) => return Err(refusal(&error)),
            Reply::Ticket(_) => {
                return Err(SignInError::Unsupported(Phrase::new(
                    "ein Konto ohne Vorauthentifizierung",
                    "an account without pre-authentication",
                )));
            }
        };
        let recipe = recipe.ok_or(SignInError::Unsupported(Phrase::new(
            "ein Konto ohne AES-Schlüssel",
            "an account without AES keys",
        )))?;
        let iterations = NonZeroU32::new(recipe.iterations).ok_or(UNREADABLE)?;
        let key = Key::of_password(recipe.kind, self.password.expose(), &recipe.salt, iterations);
        let key = key.map_err(|_| CRYPTO)?;
        let fresh = self.fresh()?;
        let answer = self.ask(&self.client.ask_as(fresh, Some(&key)).map_err(|_| CRYPTO)?).await?;
        match Reply::read(&answer).ok_or(UNREADABLE)? {
            Reply::Ticket(reply) => Ticket::granting(reply, &key, fresh.nonce).ok_or(UNREADABLE),
            Reply::Error(error) => Err(refusal(&error)),
        }
    }

    async fn ask(&self, request: &[u8]) -> Result<Vec<u8>, SignInError> {
        self.kdc.ask(request).await.map_err(|error| SignInError::Unreachable(words::of(error.kind())))
    }

    fn fresh(&self) -> Result<Fresh, SignInError> {
        let mut random = [0; 20];
        getrandom::fill(&mut random)
            .map_err(|_| SignInError::Machine(Phrase::new("Zufallszahlen", "random numbers")))?;
        let mut confounder = [0; 16];
        confounder.copy_from_slice(&random[4..]);
        // 31 bits: some KDCs read the number with a sign.
        let nonce = u32::from_be_bytes([random[0] & 0x7f, random[1], random[2], random[3]]);
        let now = Timestamp::now().as_microsecond();
        let later = |last: i64| Some(now.max(last.saturating_add(1)));
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later).unwrap_or(now);
        let now = Timestamp::from_microsecond(now.max(last.saturating_add(1))).map_err(|_| CRYPTO)?;
        Ok(Fresh { now, nonce, confounder })
    }
}

/// What a KDC's error means (RFC 4120, section 7.5.9).
fn refusal(error: &KdcError) -> SignInError {
    match error.code {
        6 => SignInError::Refused(Phrase::new(
            "der Domänencontroller kennt den Benutzer nicht",
            "the domain controller does not know the user",
        )),
        7 => SignInError::Unsupported(Phrase::new(
            "der Domänencontroller kennt keinen Dienst HTTP/ dieses Namens",
            "the domain controller knows no service HTTP/ of this host name",
        )),
        12 | 18 => SignInError::Refused(Phrase::new(
            "das Konto darf sich nicht anmelden: es ist deaktiviert, abgelaufen oder gesperrt",
            "the account may not sign in: it is disabled, expired or locked",
        )),
        14 => SignInError::Unsupported(Phrase::new("ein Konto ohne AES-Schlüssel", "an account without AES keys")),
        23 => SignInError::Refused(Phrase::new("das Kennwort ist abgelaufen", "the password has expired")),
        24 => SignInError::Refused(Phrase::new("das Kennwort ist falsch", "the password is wrong")),
        37 => SignInError::Machine(Phrase::new(
            "eine Uhr, die mit der des Domänencontrollers übereinstimmt",
            "a clock that agrees with the domain controller's",
        )),
        68 => SignInError::Refused(Phrase::new(
            "der Domänencontroller ist für den Realm des Benutzers nicht zuständig",
            "the domain controller is not in charge of the user's realm",
        )),
        _ => SignInError::BadChallenge(Phrase::new(
            "der Domänencontroller antwortet mit einem Fehler",
            "the domain controller answers with an error",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(user: &str, kdc: Option<&str>) -> Result<(Client, String, u16), KerberosError> {
        let kdc: Option<Url> = kdc.map(|kdc| kdc.parse().unwrap());
        let kerberos = Kerberos::new(&user.parse().unwrap(), Secret::new("Geheim"), kdc.as_ref())?;
        assert!(!format!("{kerberos:?}").contains("Geheim"));
        let inner = kerberos.0;
        Ok((inner.client.clone(), inner.kdc.host.clone(), inner.kdc.port))
    }

    #[test]
    fn the_realm_is_the_domain_in_capitals_and_its_name_a_kdc() {
        let client = Client { name: "svc".to_owned(), realm: "EXAMPLE.COM".to_owned() };
        for user in ["svc@example.com", "Example.com\\svc"] {
            assert_eq!(of(user, None), Ok((client.clone(), "example.com".to_owned(), 88)));
        }
        assert_eq!(of("svc", None), Err(KerberosError::NoRealm));
    }

    #[test]
    fn a_kdc_is_named_by_an_address() {
        let kdc = |kdc: &str| of("svc@example.com", Some(kdc)).map(|(_, host, port)| (host, port));
        assert_eq!(kdc("tcp://dc.example.com"), Ok(("dc.example.com".to_owned(), 88)));
        assert_eq!(kdc("tcp://[::1]:1088"), Ok(("::1".to_owned(), 1088)));
        for wrong in ["https://dc.example.com", "tcp:dc", "dc.example.com:88"] {
            assert_eq!(kdc(wrong), Err(KerberosError::BadKdc), "{wrong}");
        }
    }

    #[test]
    fn no_two_messages_have_the_same_time() {
        let kerberos = Kerberos::new(&"svc@example.com".parse().unwrap(), Secret::new("x"), None).unwrap();
        let times: Vec<_> = (0..1000).map(|_| kerberos.0.fresh().unwrap().now).collect();
        assert!(times.is_sorted_by(|one, next| one < next));
    }
}
