//! The access token: asked for once, kept, renewed early.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use busylamp_core::secret::Secret;
use busylamp_net::{
    http::Transport,
    retry::{self, Backoff, Class},
};
use bytes::Bytes;
use http::{Request, header};
use jiff::Timestamp;
use serde::Deserialize;
use tokio::{sync::Mutex, time::Instant};
use url::form_urlencoded;

use super::{App, Proof, certificate::ASSERTION_TYPE, refusal::SignInError};

/// The part of a token's life after which it is renewed.
const RENEW_AT: f64 = 0.8;

/// The shortest life that we believe in: with less, every request would ask for a token.
const SHORTEST_LIFE: Duration = Duration::from_secs(60);

/// The longest life that we believe in.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3600);

/// Pauses after a failure that time heals.
const SOON: Backoff = Backoff { first: Duration::from_secs(2), longest: Duration::from_secs(120) };

/// Pauses after a failure that a person has to heal.
const SELDOM: Backoff = Backoff { first: Duration::from_secs(30), longest: Duration::from_secs(600) };

/// A token.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// Goes into the header `Authorization`.
    pub(crate) secret: Secret,
    /// What the application may do.
    pub(crate) roles: Roles,
    /// Which token this is, to tell a used one from the present one.
    pub(crate) number: u64,
    renew: Instant,
    end: Instant,
}

impl Token {
    /// How long it still lives.
    pub(crate) fn life(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }
}

/// What a token says that the application may do. With RBAC for Applications that isn't in the token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Roles(Option<BTreeSet<String>>);

impl Roles {
    /// Whether it names one of these. `None` when the token can't be looked into.
    pub(crate) fn any(&self, names: &[&str]) -> Option<bool> {
        self.0.as_ref().map(|roles| names.iter().any(|name| roles.contains(*name)))
    }

    /// The names, sorted; `None` when the token can't be looked into.
    pub(crate) fn names(&self) -> Option<Vec<&str>> {
        self.0.as_ref().map(|roles| roles.iter().map(String::as_str).collect())
    }

    /// Reads the claims of a JWT without checking its signature: that is the server's business, to us they are a
    /// hint.
    fn of(token: &str) -> Self {
        #[derive(Deserialize)]
        struct Claims {
            #[serde(default)]
            roles: BTreeSet<String>,
        }
        let claims = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok());
        Self(claims.and_then(|json| serde_json::from_slice::<Claims>(&json).ok()).map(|claims| claims.roles))
    }
}

/// Where tokens come from. However many ask, one request is under way at a time, and all get its answer.
pub(crate) struct TokenSource {
    transport: Arc<dyn Transport>,
    app: App,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// How many tokens have been asked for.
    asked: u64,
    failures: u32,
    /// The last failure, which is everybody's answer until this instant.
    failed: Option<(SignInError, Instant)>,
}

impl TokenSource {
    pub(crate) fn new(transport: Arc<dyn Transport>, app: App) -> Self {
        Self { transport, app, state: Mutex::default() }
    }

    /// A token that still lives.
    pub(crate) async fn get(&self, now: Timestamp) -> Result<Token, SignInError> {
        let mut state = self.state.lock().await;
        match &state.token {
            Some(token) if Instant::now() < token.renew => return Ok(token.clone()),
            Some(_) | None => {}
        }
        let renewed = self.renew(&mut state, now).await;
        match &state.token {
            // Entra has a bad minute; the present token still has a fifth of its life.
            Some(token) if renewed.is_err() && Instant::now() < token.end => Ok(token.clone()),
            Some(_) | None => renewed,
        }
    }

    /// A token in place of one that was refused.
    pub(crate) async fn instead_of(&self, refused: &Token, now: Timestamp) -> Result<Token, SignInError> {
        let mut state = self.state.lock().await;
        match &state.token {
            Some(token) if token.number != refused.number => return Ok(token.clone()),
            Some(_) | None => state.token = None,
        }
        self.renew(&mut state, now).await
    }

    /// A new token, whatever there is, and even if the last attempt has just failed: for a person who waits.
    pub(crate) async fn anew(&self, now: Timestamp) -> Result<Token, SignInError> {
        let mut state = self.state.lock().await;
        state.failed = None;
        self.renew(&mut state, now).await
    }

    async fn renew(&self, state: &mut State, now: Timestamp) -> Result<Token, SignInError> {
        if let Some((error, until)) = &state.failed
            && Instant::now() < *until
        {
            return Err(error.clone());
        }
        state.asked += 1;
        match self.ask(state.asked, now).await {
            Ok(token) => {
                state.token = Some(token.clone());
                state.failures = 0;
                state.failed = None;
                Ok(token)
            }
            Err((error, retry_after)) => {
                state.failures = state.failures.saturating_add(1);
                let backoff = match error.class() {
                    Class::Retryable => SOON,
                    Class::NeedsAdministrator | Class::Bug => SELDOM,
                };
                let pause = backoff.pause(state.failures, retry_after, retry::jitter());
                tracing::warn!(error = %error, pause_seconds = pause.as_secs(), "no access token");
                state.failed = Some((error.clone(), Instant::now() + pause));
                Err(error)
            }
        }
    }

    /// What is sent for a token.
    fn form(&self, url: &str, now: Timestamp) -> Result<String, SignInError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials").append_pair("client_id", &self.app.client_id);
        match &self.app.proof {
            Proof::Secret(secret) => form.append_pair("client_secret", secret.expose()),
            Proof::Certificate(certificate) => {
                let assertion = certificate.assertion(url, &self.app.client_id, now).ok_or(SignInError::CannotSign)?;
                form.append_pair("client_assertion_type", ASSERTION_TYPE)
                    .append_pair("client_assertion", assertion.expose())
            }
        };
        Ok(form.append_pair("scope", &self.app.scope).finish())
    }

    async fn ask(&self, number: u64, now: Timestamp) -> Result<Token, (SignInError, Option<Duration>)> {
        let url = self.app.token_url();
        let form = self.form(&url, now).map_err(|error| (error, None))?;
        let request = Request::post(url)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .body(Bytes::from(form))
            .expect("the settings' address was checked, the rest is constant");
        let asked = Instant::now();
        let answer = self.transport.send(request).await.map_err(|error| (SignInError::Network(error), None))?;
        let status = answer.status().as_u16();
        let granted = answer.status().is_success().then(|| serde_json::from_slice::<Granted>(answer.body()).ok());
        let Some(Granted { access_token, expires_in }) = granted.flatten().filter(Granted::is_usable) else {
            let retry_after = retry::retry_after(answer.headers(), now);
            return Err((SignInError::of(status, answer.body()), retry_after));
        };
        let life = Duration::from_secs(expires_in).clamp(SHORTEST_LIFE, LONGEST_LIFE);
        Ok(Token {
            roles: Roles::of(&access_token),
            secret: Secret::new(access_token),
            number,
            renew: asked + life.mul_f64(RENEW_AT),
            end: asked + life,
        })
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default = "an_hour")]
    expires_in: u64,
}

impl Granted {
    /// Whether it fits into a header.
    fn is_usable(&self) -> bool {
        !self.access_token.is_empty() && self.access_token.bytes().all(|b| b.is_ascii_graphic())
    }
}

fn an_hour() -> u64 {
    3600
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_from_a_token() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"aud": "x", "roles": ["User.Read.All", "Calendars.Read"]}"#);
        let roles = Roles::of(&format!("header.{claims}.signature"));
        assert_eq!(roles.names(), Some(vec!["Calendars.Read", "User.Read.All"]));
        assert_eq!(roles.any(&["Calendars.Read"]), Some(true));
        assert_eq!(roles.any(&["MailboxSettings.Read"]), Some(false));
    }

    #[test]
    fn a_token_without_roles_says_so_and_an_opaque_one_says_nothing() {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"aud": "x"}"#);
        assert_eq!(Roles::of(&format!("h.{claims}.s")).any(&["Calendars.Read"]), Some(false));
        assert_eq!(Roles::of("opaque").any(&["Calendars.Read"]), None);
        assert_eq!(Roles::of("a.!.c").any(&["Calendars.Read"]), None);
    }
}
