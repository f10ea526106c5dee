//! Asking the PBX to let us in: the two ways, on the wire. When that is done is decided in `session`.
//!
//! * STARFACE 7 to 9 (and 10 without a client secret): a nonce is fetched and answered with a proof of the password;
//!   the token is valid for 4 hours. (Swagger 6.7.0.22, `/login`; knowledge.starface.de)
//! * STARFACE 10 with a client secret: OAuth's password grant (RFC 6749 §4.3), a token for minutes, a refresh token for
//!   hours.

use std::{sync::Arc, time::Duration};

use busylamp_core::{said::Said, secret::Secret};
use busylamp_net::http::Transport;
use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde::Deserialize;
use url::Url;

use super::{parse, secret::LoginType, unusable_address, what};
use crate::{
    PbxError,
    starface::{address::Address, config::StarfaceConfig, failure::Failure},
};

/// How long a token of the nonce sign-in is valid. (knowledge.starface.de)
const LEGACY_LIFE: Duration = Duration::from_secs(4 * 3600);

/// What an OAuth answer may say about how long a token is valid, in seconds.
const OAUTH_LIFE: std::ops::RangeInclusive<u64> = 10..=86_400;

/// How long an access token is valid if the answer does not say, in seconds: as STARFACE 10 does.
const ACCESS_LIFE: u64 = 300;

/// The same for a refresh token.
const REFRESH_LIFE: u64 = 21_600;

/// The OAuth client that STARFACE 10 has for programs without a window.
const OAUTH_CLIENT: &str = "rest-client-headless";

/// What the PBX gave us.
pub(crate) struct Granted {
    /// The token that every call shows.
    pub(crate) token: Secret,
    /// For how long.
    pub(crate) life: Duration,
    /// The way that it was given: the nonce sign-in has a login type, OAuth has none.
    pub(crate) login_type: Option<LoginType>,
    /// A token with which the next one is asked for, and how long it is valid.
    pub(crate) refresh: Option<(Secret, Duration)>,
}

/// Why the PBX gave us nothing.
pub(crate) enum Denied {
    /// It refuses the credentials.
    Refused {
        /// Why, and what to do about it.
        advice: Said,
        /// Whether these are the PBX's own words: a proxy in between can refuse everything as well.
        in_its_words: bool,
    },
    /// Something else.
    Failed(Failure),
}

impl From<Failure> for Denied {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// The credentials of one configuration.
pub(crate) struct SignIn {
    http: Arc<dyn Transport>,
    address: Address,
    login: String,
    password: Secret,
    client_secret: Option<Secret>,
}

impl SignIn {
    pub(crate) fn new(http: Arc<dyn Transport>, config: &StarfaceConfig) -> Self {
        Self {
            http,
            address: Address::new(config.url.clone()),
            login: config.login.trim().to_owned(),
            password: config.password.clone(),
            client_secret: config.client_secret.clone(),
        }
    }

    /// Signs in, with the refresh token of an earlier sign-in if there is one.
    pub(crate) async fn ask(&self, refresh: Option<&Secret>) -> Result<Granted, Denied> {
        match &self.client_secret {
            Some(client_secret) => self.oauth(client_secret, refresh).await,
            None => self.nonce().await,
        }
    }

    /// The proof of the password for XML-RPC.
    pub(crate) fn url_secret(&self, login_type: LoginType) -> Secret {
        login_type.url_secret(&self.login, &self.password)
    }

    async fn nonce(&self) -> Result<Granted, Denied> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Template {
            login_type: String,
            nonce: String,
        }
        #[derive(Deserialize)]
        struct Answer {
            token: Option<String>,
        }

        let url = self.url(&["rest", "login"])?;
        let answer = self.send(Method::GET, &url, None).await?;
        match answer.status() {
            StatusCode::OK => {}
            status if status.is_server_error() => return Err(Failure::of_status(what::SIGN_IN, status).into()),
            status => {
                return Err(Failure::not_done(PbxError::SignIn {
                    advice: Said::new(
                        format!(
                            "ihre REST-Schnittstelle bietet keine Anmeldung (Status {}); prüfen Sie die Adresse, und \
                             tragen Sie bei STARFACE 10 oder neuer das Client-Secret ein (Admin → Server → Status → \
                             REST-API)",
                            status.as_u16()
                        ),
                        format!(
                            "its REST interface offers no sign-in (status {}); check the address, and set the client \
                             secret (Admin → Server → Status → REST-API) if this is STARFACE 10 or later",
                            status.as_u16()
                        ),
                    ),
                })
                .into());
            }
        }
        let template: Template = parse(what::SIGN_IN, answer.body()).map_err(Failure::not_done)?;
        let login_type = LoginType::parse(&template.login_type).ok_or_else(|| {
            Failure::not_done(PbxError::Protocol {
                advice: Said::new(
                    "sie verlangt eine Art der Anmeldung, die nicht bekannt ist",
                    "it wants a kind of sign-in that is not known",
                ),
            })
        })?;
        let secret = login_type.login_secret(&self.login, &template.nonce, &self.password);
        let body = serde_json::json!({
            "loginType": template.login_type, "nonce": template.nonce, "secret": secret.expose(),
        });
        let answer = self.send(Method::POST, &url, Some(("application/json", body.to_string()))).await?;
        match answer.status() {
            StatusCode::OK => {}
            status if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS => {
                return Err(Denied::Refused {
                    advice: Said::new(
                        "Login oder Kennwort ist falsch. Prüfen Sie beide: das Login ist die Login-ID, etwa 0001, nicht \
                         die Mailadresse",
                        "login or password is wrong. Check both: the login is the login id, such as 0001, not the mail \
                         address",
                    ),
                    in_its_words: false,
                });
            }
            status => return Err(Failure::of_status(what::SIGN_IN, status).into()),
        }
        let granted: Answer = parse(what::SIGN_IN, answer.body()).map_err(Failure::not_done)?;
        let token = granted.token.filter(|token| !token.is_empty()).ok_or_else(|| {
            Failure::not_done(PbxError::Protocol {
                advice: Said::new(
                    "ihre Antwort auf die Anmeldung enthält kein Token",
                    "its answer to the sign-in has no token",
                ),
            })
        })?;
        Ok(Granted { token: Secret::new(token), life: LEGACY_LIFE, login_type: Some(login_type), refresh: None })
    }

    async fn oauth(&self, client_secret: &Secret, refresh: Option<&Secret>) -> Result<Granted, Denied> {
        if let Some(token) = refresh {
            let grant = [("grant_type", "refresh_token"), ("refresh_token", token.expose())];
            match self.grant(client_secret, &grant).await {
                // It was revoked, or the PBX was restarted: the password decides.
                Err(Denied::Refused { .. }) => {}
                result => return result,
            }
        }
        let password = [
            ("grant_type", "password"),
            ("scope", "login"),
            ("username", &self.login),
            ("password", self.password.expose()),
        ];
        self.grant(client_secret, &password).await
    }

    async fn grant(&self, client_secret: &Secret, grant: &[(&str, &str)]) -> Result<Granted, Denied> {
        #[derive(Deserialize)]
        struct Answer {
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
                let (advice, in_its_words) = oauth_advice(answer.body());
                return Err(Denied::Refused { advice, in_its_words });
            }
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                return Err(Failure::of_status(what::SIGN_IN, status).into());
            }
            status => {
                return Err(Failure::not_done(PbxError::SignIn {
                    advice: Said::new(
                        format!(
                            "sie hat keine Anmeldung mit OAuth (Status {}); lassen Sie bei STARFACE 7 bis 9 das \
                             Client-Secret weg",
                            status.as_u16()
                        ),
                        format!(
                            "it has no OAuth sign-in (status {}); leave the client secret out if this is STARFACE 7 to 9",
                            status.as_u16()
                        ),
                    ),
                })
                .into());
            }
        }
        let granted: Answer = parse(what::SIGN_IN, answer.body()).map_err(Failure::not_done)?;
        let seconds = |given: u64| Duration::from_secs(given.clamp(*OAUTH_LIFE.start(), *OAUTH_LIFE.end()));
        let refresh_life = seconds(granted.refresh_expires_in.unwrap_or(REFRESH_LIFE));
        Ok(Granted {
            token: Secret::new(granted.access_token),
            life: seconds(granted.expires_in.unwrap_or(ACCESS_LIFE)),
            login_type: None,
            refresh: granted.refresh_token.map(|token| (Secret::new(token), refresh_life)),
        })
    }

    fn url(&self, path: &[&str]) -> Result<Url, Failure> {
        self.address
            .at(path, &[])
            .map_err(|_| Failure::not_done(PbxError::Configuration { advice: unusable_address() }))
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

/// What to do about a refused grant, and whether the PBX itself has said why (RFC 6749 §5.2). Nothing of the answer but
/// its code is used.
fn oauth_advice(body: &[u8]) -> (Said, bool) {
    #[derive(Deserialize)]
    struct Refused {
        error: String,
    }
    let code = serde_json::from_slice::<Refused>(body).map(|refused| refused.error).unwrap_or_default();
    let (german, english) = match code.as_str() {
        "invalid_grant" => (
            "Login oder Kennwort ist falsch: das Login ist die Login-ID, etwa 0001, nicht die Mailadresse",
            "login or password is wrong: the login is the login id, such as 0001, not the mail address",
        ),
        "invalid_client" => (
            "das Client-Secret ist falsch: Sie finden es unter Admin → Server → Status → REST-API",
            "the client secret is wrong: take it from Admin → Server → Status → REST-API",
        ),
        "unauthorized_client" | "access_denied" => (
            "dem Konto fehlt das Recht \"API access with OAuth Password Grant\": geben Sie es ihm",
            "the account lacks the right \"API access with OAuth Password Grant\": give it to the account",
        ),
        _ => (
            "prüfen Sie Login, Kennwort und Client-Secret (Admin → Server → Status → REST-API), und ob das Konto das Recht \
             \"API access with OAuth Password Grant\" hat",
            "check login, password and client secret (Admin → Server → Status → REST-API), and that the account has the \
             right \"API access with OAuth Password Grant\"",
        ),
    };
    (Said::new(german, english), !code.is_empty())
}
