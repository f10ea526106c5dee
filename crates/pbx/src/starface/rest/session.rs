//! Signing in, and staying so.
//!
//! * STARFACE 7 to 9 (and 10 without a client secret): a nonce is fetched and answered with a proof of the password;
//!   the token is valid for 4 hours. (Swagger 6.7.0.22, `/login`; knowledge.starface.de)
//! * STARFACE 10 with a client secret: OAuth's password grant, a token for minutes, a refresh token for hours.
//!
//! A password that is refused is sent **once**. Then the sign-in rests until this object is made anew, which only a
//! change of the configuration does: a service that keeps trying would lock the account. One sign-in is in flight at a
//! time; who waited for it shares its result.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use busylamp_core::secret::Secret;
use busylamp_net::http::{Delivery, HttpClient};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use serde::Deserialize;
use tokio::{sync::Mutex, time::Instant};
use url::Url;

use super::{parse, secret::LoginType};
use crate::{
    PbxError,
    starface::{address::Address, config::StarfaceConfig, failure::Failure},
};

/// How long a token of the nonce sign-in is valid. (knowledge.starface.de)
const LEGACY_LIFE: Duration = Duration::from_secs(4 * 3600);

/// What an OAuth answer may say about how long a token is valid.
const OAUTH_LIFE: std::ops::RangeInclusive<u64> = 10..=86_400;

/// After a failed early renewal the token at hand is used for so long before the next attempt.
const RENEWAL_PAUSE: Duration = Duration::from_secs(30);

/// At most so many sign-ins in [`FORCED_SPAN`] because a token was not accepted. A PBX that answers 401 where it means
/// "not allowed" must not make us sign in with every request.
const FORCED_MOST: usize = 5;

/// See [`FORCED_MOST`].
const FORCED_SPAN: Duration = Duration::from_secs(60);

/// The OAuth client that STARFACE 10 has for programs without a window.
const OAUTH_CLIENT: &str = "rest-client-headless";

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
    /// Adds what REST wants to see: `authToken`, or `Authorization` for OAuth.
    pub(crate) fn authorise(&self, request: &mut Request<Bytes>) -> Result<(), PbxError> {
        let (name, value) = match self.login_type {
            Some(_) => (header::HeaderName::from_static("authtoken"), HeaderValue::from_str(self.token.expose())),
            None => (header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {}", self.token.expose()))),
        };
        let mut value = value.map_err(|_| PbxError::Protocol { advice: "its token can't be sent back".to_owned() })?;
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
        Ok(())
    }

    /// The token's value, for the URL parameter `de.vertico.starface.jwt`, if this is an OAuth sign-in; else how the
    /// password is proven in `de.vertico.starface.auth`.
    pub(crate) fn proof(&self) -> Result<&Secret, LoginType> {
        match self.login_type {
            None => Ok(&self.token),
            Some(login_type) => Err(login_type),
        }
    }
}

/// The sign-in of one configuration.
pub(crate) struct Sessions {
    http: HttpClient,
    address: Address,
    login: String,
    password: Secret,
    client_secret: Option<Secret>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    generation: u64,
    session: Option<Arc<Session>>,
    /// The password was refused: nothing is sent any more.
    resting: Option<PbxError>,
    /// The last attempt that failed for another reason, and when.
    failed: Option<(Instant, Failure)>,
    forced: VecDeque<Instant>,
}

/// Why a sign-in gave no session.
enum NoSession {
    /// The PBX refuses the credentials.
    Refused(PbxError),
    /// Something else.
    Failed(Failure),
}

impl From<Failure> for NoSession {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Sessions {
    pub(crate) fn new(http: HttpClient, config: &StarfaceConfig) -> Self {
        Self {
            http,
            address: Address::new(config.url.clone()),
            login: config.login.trim().to_owned(),
            password: config.password.clone(),
            client_secret: config.client_secret.clone(),
            state: Mutex::default(),
        }
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
        match session.proof() {
            Ok(token) => ("de.vertico.starface.jwt", token.clone()),
            Err(login_type) => ("de.vertico.starface.auth", login_type.url_secret(&self.login, &self.password)),
        }
    }

    async fn sign_in(&self, state: &mut State, asked: Instant) -> Result<Arc<Session>, Failure> {
        if let Some(error) = &state.resting {
            return Err(Failure::not_done(error.clone()));
        }
        if let Some((at, failure)) = &state.failed
            && *at >= asked
        {
            return Err(failure.clone());
        }
        let generation = state.generation + 1;
        let refresh = state.session.as_ref().and_then(|session| session.refresh.clone());
        let result = match &self.client_secret {
            Some(client_secret) => self.oauth(client_secret, refresh, generation).await,
            None => self.nonce(generation).await,
        };
        match result {
            Ok(session) => {
                tracing::debug!(generation, "signed in to the telephone system");
                let session = Arc::new(session);
                state.generation = generation;
                state.session = Some(Arc::clone(&session));
                state.failed = None;
                Ok(session)
            }
            Err(NoSession::Refused(error)) => {
                tracing::error!(%error, "the sign-in rests");
                state.resting = Some(error.clone());
                Err(Failure::not_done(error))
            }
            Err(NoSession::Failed(failure)) => {
                // Whatever happened to the sign-in, what was to be done after it was not.
                let failure = Failure { delivery: Delivery::NotSent, ..failure };
                state.failed = Some((Instant::now(), failure.clone()));
                Err(failure)
            }
        }
    }

    async fn nonce(&self, generation: u64) -> Result<Session, NoSession> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Template {
            login_type: String,
            nonce: String,
        }
        #[derive(Deserialize)]
        struct Granted {
            token: Option<String>,
        }

        let url = self.url(&["rest", "login"])?;
        let answer = self.send(Method::GET, &url, None).await?;
        match answer.status() {
            StatusCode::OK => {}
            status if status.is_server_error() => return Err(Failure::of_status("sign-in", status).into()),
            status => {
                return Err(Failure::not_done(PbxError::SignIn {
                    advice: format!(
                        "its REST interface offers no sign-in (status {}); check the address, and set the client secret \
                         (Admin → Server → Status → REST-API) if this is STARFACE 10 or later",
                        status.as_u16()
                    ),
                })
                .into());
            }
        }
        let template: Template = parse("sign-in", answer.body()).map_err(Failure::not_done)?;
        let login_type = LoginType::parse(&template.login_type).ok_or_else(|| {
            Failure::not_done(PbxError::Protocol { advice: "it wants a kind of sign-in that is not known".to_owned() })
        })?;
        let secret = login_type.login_secret(&self.login, &template.nonce, &self.password);
        let body = serde_json::json!({
            "loginType": template.login_type, "nonce": template.nonce, "secret": secret.expose(),
        });
        let answer = self.send(Method::POST, &url, Some(("application/json", body.to_string()))).await?;
        match answer.status() {
            StatusCode::OK => {}
            status if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
                return Err(NoSession::Refused(PbxError::SignIn {
                    advice:
                        "login or password is wrong. Check both: the login is the login id, such as 0001, not the mail \
                             address. The password is not tried again before the configuration is changed, so that the \
                             account isn't locked"
                            .to_owned(),
                }));
            }
            status => return Err(Failure::of_status("sign-in", status).into()),
        }
        let granted: Granted = parse("sign-in", answer.body()).map_err(Failure::not_done)?;
        let token = granted.token.filter(|token| !token.is_empty()).ok_or_else(|| {
            Failure::not_done(PbxError::Protocol { advice: "its answer to the sign-in has no token".to_owned() })
        })?;
        let now = Instant::now();
        Ok(Session {
            generation,
            token: Secret::new(token),
            login_type: Some(login_type),
            renew_at: now + early(LEGACY_LIFE),
            ends_at: now + LEGACY_LIFE,
            refresh: None,
        })
    }

    async fn oauth(
        &self,
        client_secret: &Secret,
        refresh: Option<(Secret, Instant)>,
        generation: u64,
    ) -> Result<Session, NoSession> {
        if let Some((token, ends_at)) = refresh
            && Instant::now() < ends_at
        {
            let grant = [("grant_type", "refresh_token"), ("refresh_token", token.expose())];
            match self.grant(client_secret, &grant, generation).await {
                // It was revoked, or the PBX was restarted: the password decides.
                Err(NoSession::Refused(_)) => {}
                result => return result,
            }
        }
        let password = [
            ("grant_type", "password"),
            ("scope", "login"),
            ("username", &self.login),
            ("password", self.password.expose()),
        ];
        self.grant(client_secret, &password, generation).await
    }

    async fn grant(
        &self,
        client_secret: &Secret,
        grant: &[(&str, &str)],
        generation: u64,
    ) -> Result<Session, NoSession> {
        #[derive(Deserialize)]
        struct Granted {
            access_token: String,
            expires_in: Option<u64>,
            refresh_token: Option<String>,
            refresh_expires_in: Option<u64>,
        }

        let url = self.url(&["auth", "realms", "pbx", "oauth2", "token"])?;
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(grant)
            .append_pair("client_id", OAUTH_CLIENT)
            .append_pair("client_secret", client_secret.expose())
            .finish();
        let answer = self.send(Method::POST, &url, Some(("application/x-www-form-urlencoded", body))).await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(NoSession::Refused(PbxError::SignIn { advice: oauth_advice(answer.body()) }));
            }
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                return Err(Failure::of_status("sign-in", status).into());
            }
            status => {
                return Err(Failure::not_done(PbxError::SignIn {
                    advice: format!(
                        "it has no OAuth sign-in (status {}); leave the client secret out if this is STARFACE 7 to 9",
                        status.as_u16()
                    ),
                })
                .into());
            }
        }
        let granted: Granted = parse("sign-in", answer.body()).map_err(Failure::not_done)?;
        let now = Instant::now();
        let seconds = |given: u64| Duration::from_secs(given.clamp(*OAUTH_LIFE.start(), *OAUTH_LIFE.end()));
        let life = seconds(granted.expires_in.unwrap_or(300));
        let refresh = granted.refresh_token.map(Secret::new);
        Ok(Session {
            generation,
            token: Secret::new(granted.access_token),
            login_type: None,
            renew_at: now + early(life),
            ends_at: now + life,
            refresh: refresh.map(|token| (token, now + seconds(granted.refresh_expires_in.unwrap_or(21_600)))),
        })
    }

    fn url(&self, path: &[&str]) -> Result<Url, Failure> {
        self.address.at(path, &[]).map_err(|_| {
            Failure::not_done(PbxError::Configuration { advice: "the PBX's address can't be used".to_owned() })
        })
    }

    async fn send(
        &self,
        method: Method,
        url: &Url,
        body: Option<(&'static str, String)>,
    ) -> Result<Response<Bytes>, Failure> {
        let request = super::request(method, url, body)?;
        Ok(self.http.send(request).await?)
    }
}

impl Session {
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

/// The failure of a call whose token is not accepted although it is new.
pub(crate) fn not_accepted() -> Failure {
    Failure::not_done(PbxError::SignIn {
        advice: "it lets us in and then does not accept the token it gave; check that the account may use the REST \
                 interface and is an administrator"
            .to_owned(),
    })
}

fn early(life: Duration) -> Duration {
    life.mul_f64(0.8)
}

/// What to do about a refused grant (RFC 6749 §5.2). Nothing of the answer but its code is used.
fn oauth_advice(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refused {
        error: String,
    }
    let code = serde_json::from_slice::<Refused>(body).map(|refused| refused.error).unwrap_or_default();
    let what = match code.as_str() {
        "invalid_grant" => "login or password is wrong: the login is the login id, such as 0001, not the mail address",
        "invalid_client" => "the client secret is wrong: take it from Admin → Server → Status → REST-API",
        "unauthorized_client" | "access_denied" => {
            "the account lacks the right \"API access with OAuth Password Grant\": give it to the account"
        }
        _ => {
            "check login, password and client secret (Admin → Server → Status → REST-API), and that the account has the \
             right \"API access with OAuth Password Grant\""
        }
    };
    format!("{what}. It is not tried again before the configuration is changed, so that the account isn't locked")
}
