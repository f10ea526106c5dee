//! Signing in, and staying so.
//!
//! A password that is refused is sent **once**. Then the sign-in rests until this object is made anew, which only a
//! change of the configuration does: a service that keeps trying would lock the account. The exception is one that was
//! accepted before and is refused by an answer that need not be the PBX's own, but may be that of a proxy with a bad
//! minute: it is tried again after long pauses. One sign-in is in flight at a time; who waited for it shares its result.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use busylamp_core::{said::Said, secret::Secret};
use busylamp_net::http::{Delivery, Transport};
use bytes::Bytes;
use http::{HeaderValue, Request, header};
use tokio::{sync::Mutex, time::Instant};

use super::{
    secret::LoginType,
    sign_in::{Denied, SignIn},
};
use crate::{
    PbxError,
    starface::{config::StarfaceConfig, failure::Failure},
};

/// After a failed early renewal the token at hand is used for so long before the next attempt.
const RENEWAL_PAUSE: Duration = Duration::from_secs(30);

/// The part of a token's life after which it is renewed.
const EARLY: f64 = 0.8;

/// At most so many sign-ins in [`FORCED_SPAN`] because a token was not accepted. A PBX that answers 401 where it means
/// "not allowed" must not make us sign in with every request.
const FORCED_MOST: usize = 5;

/// See [`FORCED_MOST`].
const FORCED_SPAN: Duration = Duration::from_secs(60);

/// How long a password is left alone that was accepted before and is refused, perhaps by something in between: after the
/// first refusal, and so on.
const DOUBT: [Duration; 3] = [Duration::from_secs(5 * 60), Duration::from_secs(30 * 60), Duration::from_secs(60 * 60)];

/// A sign-in that succeeded.
pub(crate) struct Session {
    generation: u64,
    token: Secret,
    login_type: Option<LoginType>,
    renew_at: Instant,
    ends_at: Instant,
    refresh: Option<(Secret, Instant)>,
}

impl Session {
    /// The way that it was given; `None` is OAuth.
    pub(crate) fn login_type(&self) -> Option<LoginType> {
        self.login_type
    }

    /// Adds what REST wants to see: `authToken`, or `Authorization` for OAuth.
    pub(crate) fn authorise(&self, request: &mut Request<Bytes>) -> Result<(), PbxError> {
        let (name, value) = match self.login_type {
            Some(_) => (header::HeaderName::from_static("authtoken"), HeaderValue::from_str(self.token.expose())),
            None => (header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {}", self.token.expose()))),
        };
        let mut value = value.map_err(|_| PbxError::Protocol {
            advice: Said::new("ihr Token lässt sich nicht zurücksenden", "its token can't be sent back"),
        })?;
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
        Ok(())
    }

    fn copy(&self) -> Self {
        Self {
            generation: self.generation,
            token: self.token.clone(),
            login_type: self.login_type,
            renew_at: self.renew_at,
            ends_at: self.ends_at,
            refresh: self.refresh.clone(),
        }
    }
}

/// The sign-in of one configuration.
pub(crate) struct Sessions {
    sign_in: SignIn,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    generation: u64,
    session: Option<Arc<Session>>,
    /// The password was refused: nothing is sent until then, or any more.
    resting: Option<(PbxError, Option<Instant>)>,
    /// How often it was refused since it was accepted.
    refusals: usize,
    /// The last attempt that failed for another reason, and when.
    failed: Option<(Instant, Failure)>,
    forced: VecDeque<Instant>,
}

impl Sessions {
    pub(crate) fn new(http: Arc<dyn Transport>, config: &StarfaceConfig) -> Self {
        Self { sign_in: SignIn::new(http, config), state: Mutex::default() }
    }

    /// A session that is valid as far as we know; signs in, or renews early, if need be.
    pub(crate) async fn current(&self) -> Result<Arc<Session>, Failure> {
        let asked = Instant::now();
        let mut state = self.state.lock().await;
        let now = Instant::now();
        let usable = state.session.clone().filter(|session| now < session.ends_at);
        match usable {
            Some(session) if now < session.renew_at => Ok(session),
            Some(session) => match self.sign_in(&mut state, asked).await {
                Ok(renewed) => Ok(renewed),
                Err(_) => {
                    // It ends soon, but it has not ended.
                    let kept = Arc::new(Session { renew_at: Instant::now() + RENEWAL_PAUSE, ..session.copy() });
                    state.session = Some(Arc::clone(&kept));
                    Ok(kept)
                }
            },
            None => self.sign_in(&mut state, asked).await,
        }
    }

    /// Another session in place of one that the PBX does not accept. It is the one that somebody else made meanwhile,
    /// if there is one.
    pub(crate) async fn instead_of(&self, used: &Session) -> Result<Arc<Session>, Failure> {
        let asked = Instant::now();
        let mut state = self.state.lock().await;
        if let Some(session) = &state.session
            && session.generation != used.generation
            && asked < session.ends_at
        {
            return Ok(Arc::clone(session));
        }
        let now = Instant::now();
        while state.forced.front().is_some_and(|at| now.duration_since(*at) >= FORCED_SPAN) {
            state.forced.pop_front();
        }
        if state.forced.len() >= FORCED_MOST {
            return Err(not_accepted());
        }
        state.forced.push_back(now);
        // The refresh token may well be good although the access token is not.
        state.session =
            state.session.take().map(|session| Arc::new(Session { renew_at: now, ends_at: now, ..session.copy() }));
        self.sign_in(&mut state, asked).await
    }

    /// The URL parameter that lets XML-RPC in, name and value. Only after REST has let us in: a wrong password must not
    /// be tried here either.
    pub(crate) fn url_proof(&self, session: &Session) -> (&'static str, Secret) {
        match session.login_type {
            None => ("de.vertico.starface.jwt", session.token.clone()),
            Some(login_type) => ("de.vertico.starface.auth", self.sign_in.url_secret(login_type)),
        }
    }

    async fn sign_in(&self, state: &mut State, asked: Instant) -> Result<Arc<Session>, Failure> {
        if let Some((error, until)) = &state.resting
            && until.is_none_or(|until| Instant::now() < until)
        {
            return Err(Failure::not_done(error.clone()));
        }
        if let Some((at, failure)) = &state.failed
            && *at >= asked
        {
            return Err(failure.clone());
        }
        let earlier = state.session.as_ref().and_then(|session| session.refresh.clone());
        let refresh = earlier.filter(|(_, ends_at)| Instant::now() < *ends_at).map(|(token, _)| token);
        match self.sign_in.ask(refresh.as_ref()).await {
            Ok(granted) => {
                let now = Instant::now();
                state.generation += 1;
                state.failed = None;
                state.resting = None;
                state.refusals = 0;
                tracing::debug!(generation = state.generation, "signed in to the telephone system");
                let session = Arc::new(Session {
                    generation: state.generation,
                    token: granted.token,
                    login_type: granted.login_type,
                    renew_at: now + granted.life.mul_f64(EARLY),
                    ends_at: now + granted.life,
                    refresh: granted.refresh.map(|(token, life)| (token, now + life)),
                });
                state.session = Some(Arc::clone(&session));
                Ok(session)
            }
            Err(Denied::Refused { advice, in_its_words }) => {
                let was_accepted = state.generation > 0;
                let pause = (was_accepted && !in_its_words).then(|| DOUBT[state.refusals.min(DOUBT.len() - 1)]);
                let then = match pause {
                    Some(pause) => {
                        let minutes = pause.as_secs() / 60;
                        Said::new(
                            format!("Früher wurde das angenommen, also wird es nach {minutes} Minuten wieder versucht"),
                            format!("It was accepted before, so it is tried again after {minutes} minutes"),
                        )
                    }
                    None => Said::new(
                        "Es wird erst nach einer Änderung der Konfiguration wieder versucht, damit das Konto nicht \
                         gesperrt wird",
                        "It is not tried again before the configuration is changed, so that the account isn't locked",
                    ),
                };
                let advice = Said::each(|language| format!("{}. {}", advice.speak(language), then.speak(language)));
                let error = PbxError::SignIn { advice };
                tracing::error!(%error, "the sign-in rests");
                state.refusals = state.refusals.saturating_add(1);
                state.resting = Some((error.clone(), pause.map(|pause| Instant::now() + pause)));
                Err(Failure::not_done(error))
            }
            Err(Denied::Failed(failure)) => {
                // Whatever happened to the sign-in, what was to be done after it was not.
                let failure = Failure { delivery: Delivery::NotSent, ..failure };
                state.failed = Some((Instant::now(), failure.clone()));
                Err(failure)
            }
        }
    }
}

/// The failure of a call whose token is not accepted although it is new.
pub(crate) fn not_accepted() -> Failure {
    Failure::not_done(PbxError::SignIn {
        advice: Said::new(
            "sie lässt uns ein und nimmt dann ihr eigenes Token nicht an; prüfen Sie, ob das Konto die REST-Schnittstelle \
             benutzen darf und Administrator ist",
            "it lets us in and then does not accept the token it gave; check that the account may use the REST \
             interface and is an administrator",
        ),
    })
}
