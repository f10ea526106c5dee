//! Who asks: a program that shows a token (RFC 6750). Cookies count for nothing here, so that no page elsewhere can make
//! a browser ask; and tokens count for nothing on pages.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use busylamp_core::language::Language;
use busylamp_store::{Action, Role};
use tokio::{sync::Semaphore, time::Instant};

use super::{pace::Pace, problem::Problem};
use crate::{
    Door, Site,
    language::preferred,
    people::{Guesser, People, Throttle, Token, TooMany},
};

/// What a token's text begins with, so that people and scanners tell what it is.
pub(crate) const PREFIX: &str = "busylamp_";
/// Walks through other people's systems (trials, previews) at the same time.
const WALKS: usize = 2;

/// What all requests share.
#[derive(Debug)]
pub(super) struct Shared {
    pace: Mutex<Pace>,
    /// Addresses that show tokens that are not good.
    strangers: Mutex<Throttle>,
    walks: Semaphore,
}

impl Default for Shared {
    fn default() -> Self {
        Self { pace: Mutex::default(), strangers: Mutex::default(), walks: Semaphore::new(WALKS) }
    }
}

/// A program that may look.
pub(super) struct Viewer(pub(super) Program);

/// A program that may change things.
pub(super) struct Administrator(pub(super) Program);

/// A program with a good token.
pub(super) struct Program {
    /// What the trail of changes calls it.
    name: String,
    /// The people and tokens.
    pub(super) people: People,
    /// The language of sentences.
    pub(super) language: Language,
    shared: Arc<Shared>,
}

impl Program {
    /// Notes what was done with this token.
    pub(super) async fn note(&self, action: Action, object: &str) {
        self.people.note(&self.name, action, object).await;
    }

    /// Does something that takes long elsewhere; a few at a time.
    pub(super) async fn walk<T>(&self, walk: impl Future<Output = T>) -> Result<T, Problem> {
        let _place = self.shared.walks.try_acquire().map_err(|_| {
            let detail = "Other trials are under way.";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail, "Try again when they are done.").after(10)
        })?;
        Ok(walk.await)
    }
}

impl FromRequestParts<Site> for Viewer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Response> {
        enter(parts, site).await.map(|(program, _)| Self(program)).map_err(IntoResponse::into_response)
    }
}

impl FromRequestParts<Site> for Administrator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Response> {
        match enter(parts, site).await {
            Ok((program, Role::Administrator)) => Ok(Self(program)),
            Ok((_, Role::Viewer)) => {
                let (detail, advice) = ("This token may only look.", "Use a token with the role administrator.");
                let problem = Problem::new(StatusCode::FORBIDDEN, "forbidden", detail, advice);
                let challenge = "Bearer realm=\"busylamp\", error=\"insufficient_scope\"";
                Err(problem.with(header::WWW_AUTHENTICATE, challenge).into_response())
            }
            Err(problem) => Err(problem.into_response()),
        }
    }
}

async fn enter(parts: &Parts, site: &Site) -> Result<(Program, Role), Problem> {
    let (Door::Guarded(people), Some(shared)) = (&site.door, parts.extensions.get::<Arc<Shared>>()) else {
        return Err(Problem::unknown("address"));
    };
    let Some(shown) = shown(parts) else {
        let advice = "Send Authorization: Bearer with a token; an administrator makes one on the page /tokens.";
        let problem = Problem::new(StatusCode::UNAUTHORIZED, "no_token", "The request shows no token.", advice);
        return Err(problem.with(header::WWW_AUTHENTICATE, "Bearer realm=\"busylamp\""));
    };
    // Looked up by its hash: how long that takes tells something of the hash and nothing of the token.
    let found = people.store().token(&shown.hash(), people.now()).await?;
    let Some(token) = found else { return Err(stranger(parts, people, shared)) };
    lock(&shared.pace).request(token.id.number(), Instant::now()).map_err(|wait| {
        let seconds = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX).saturating_add(1);
        let (detail, advice) = ("This token asks too fast.", "Wait as long as Retry-After says, then ask less often.");
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_fast", detail, advice).after(seconds)
    })?;
    let name = format!("token {}", token.name);
    let language = preferred(&parts.headers);
    Ok((Program { name, people: people.clone(), language, shared: Arc::clone(shared) }, token.role))
}

/// The token that a request shows: one, in the one header that is for it.
fn shown(parts: &Parts) -> Option<Token> {
    let mut headers = parts.headers.get_all(header::AUTHORIZATION).iter();
    let (Some(only), None) = (headers.next(), headers.next()) else { return None };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    let token = token.trim().strip_prefix(PREFIX)?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Token::from_text(token)).flatten()
}

/// Who shows a token that is not good: slowed down like wrong passwords, though nobody can guess one. A good token is
/// let in from the same address all the same.
fn stranger(parts: &Parts, people: &People, shared: &Shared) -> Problem {
    let (now, address) = (people.now(), people.caller(&parts.extensions, &parts.headers));
    let guesser = Guesser::Address(address);
    let mut strangers = lock(&shared.strangers);
    let challenge = "Bearer realm=\"busylamp\", error=\"invalid_token\"";
    let advice = "Make a new token on the page /tokens, and take this one out of the program that shows it.";
    let detail = "The token is not good: it was revoked, has expired or never was one.";
    if let Err(TooMany { seconds }) = strangers.guess(&[guesser], now) {
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "invalid_token", detail, advice);
        return problem.after(seconds);
    }
    tracing::warn!(from = %address, "a token that is not good");
    Problem::new(StatusCode::UNAUTHORIZED, "invalid_token", detail, advice).with(header::WWW_AUTHENTICATE, challenge)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
