//! STARFACE's REST interface, `/rest`.
//!
//! ```text
//! secret        how a password is proven
//! sign_in       asking to be let in, on the wire
//! session       when that is done, and staying signed in
//! users         users and groups
//! number_class  which of a user's numbers take internal and which external calls
//! numbers       asking for the numbers, and remembering them for a while
//! diversions    reading and switching always-diversions
//! keys          busy lamp keys, their labels and phones
//! version       which STARFACE it is
//! what          what complaints name
//! raw           changing one value of a JSON text
//! ```
//!
//! Source of every path and status: the maker's Swagger description, version 6.7.0.22, where nothing else is said.

pub(crate) mod diversions;
pub(crate) mod keys;
pub(crate) mod number_class;
pub(crate) mod numbers;
mod raw;
pub(crate) mod secret;
pub(crate) mod session;
mod sign_in;
pub(crate) mod users;
pub(crate) mod version;
pub(crate) mod what;

use std::sync::Arc;

use busylamp_core::{check::Name, said::Said};
use busylamp_net::http::Transport;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use secret::LoginType;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use session::Sessions;
use url::Url;

use super::{
    address::Address,
    config::StarfaceConfig,
    failure::{Failure, about},
};
use crate::PbxError;

/// A client of the REST interface that signs in by itself.
pub(crate) struct Rest {
    http: Arc<dyn Transport>,
    address: Address,
    sessions: Arc<Sessions>,
}

impl Rest {
    pub(crate) fn new(http: Arc<dyn Transport>, config: &StarfaceConfig, sessions: Arc<Sessions>) -> Self {
        Self { http, address: Address::new(config.url.clone()), sessions }
    }

    /// Asks for something. `path` is below `/rest`; its parts are escaped.
    pub(crate) async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Response<Bytes>, Failure> {
        self.send(Method::GET, path, query, None).await
    }

    /// Puts a JSON text, or nothing where the query says all.
    pub(crate) async fn put(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        json: Option<String>,
    ) -> Result<Response<Bytes>, Failure> {
        self.send(Method::PUT, path, query, json).await
    }

    /// The way that the sign-in went, signing in if need be; `None` is OAuth.
    pub(crate) async fn login_type(&self) -> Result<Option<LoginType>, Failure> {
        Ok(self.sessions.current().await?.login_type())
    }

    /// Asks for something that is always there, and reads it.
    pub(crate) async fn fetch<T: DeserializeOwned>(
        &self,
        what: Name,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<T, Failure> {
        let answer = self.get(path, query).await?;
        match answer.status() {
            StatusCode::OK => parse(what, answer.body()).map_err(Failure::perhaps_done),
            status => Err(unexpected(what, status)),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        json: Option<String>,
    ) -> Result<Response<Bytes>, Failure> {
        let path: Vec<&str> = std::iter::once("rest").chain(path.iter().copied()).collect();
        let url = self.address.at(&path, query).map_err(|_| {
            Failure::not_done(PbxError::Protocol {
                advice: Said::new(
                    "sie verwendet eine Kennung, die nicht in einer Adresse stehen kann",
                    "it uses an id that can't stand in an address",
                ),
            })
        })?;
        let mut session = self.sessions.current().await?;
        for last in [false, true] {
            let mut request = request(method.clone(), &url, json.clone().map(|json| ("application/json", json)))?;
            session.authorise(&mut request).map_err(Failure::not_done)?;
            let answer = self.http.send(request).await?;
            if answer.status() != StatusCode::UNAUTHORIZED {
                return Ok(answer);
            }
            if !last {
                session = self.sessions.instead_of(&session).await?;
            }
        }
        Err(session::not_accepted())
    }
}

/// A request as every call of the REST interface makes it. (`X-Version`: knowledge.starface.de)
fn request(method: Method, url: &Url, body: Option<(&'static str, String)>) -> Result<Request<Bytes>, Failure> {
    let mut request = Request::builder()
        .method(method)
        .uri(url.as_str())
        .header("X-Version", "2")
        .header(header::ACCEPT, "application/json");
    let body = match body {
        Some((content_type, body)) => {
            request = request.header(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
            Bytes::from(body)
        }
        None => Bytes::new(),
    };
    request.body(body).map_err(|_| Failure::not_done(PbxError::Configuration { advice: unusable_address() }))
}

/// What there is to say about an address that can't be used.
pub(super) fn unusable_address() -> Said {
    Said::new("die Adresse der Telefonanlage ist nicht zu gebrauchen", "the PBX's address can't be used")
}

/// Reads JSON. What it says about a fault names the place but shows nothing of the content.
fn parse<'a, T: Deserialize<'a>>(what: Name, body: &'a [u8]) -> Result<T, PbxError> {
    serde_json::from_slice(body).map_err(|error| {
        let fault = match error.classify() {
            serde_json::error::Category::Data => ("ist nicht, was zu erwarten war", "is not what was expected"),
            serde_json::error::Category::Syntax
            | serde_json::error::Category::Eof
            | serde_json::error::Category::Io => ("ist kein JSON", "is no JSON"),
        };
        let (line, column) = (error.line(), error.column());
        let advice = Said::new(
            format!("die Antwort {} (Zeile {line}, Spalte {column})", fault.0),
            format!("the answer {} (line {line}, column {column})", fault.1),
        );
        PbxError::Protocol { advice: about(what, &advice) }
    })
}

/// The failure that a status means which nobody expected here.
pub(super) fn unexpected(what: Name, status: StatusCode) -> Failure {
    let code = status.as_u16();
    match status {
        StatusCode::FORBIDDEN => Failure::not_done(PbxError::Refused {
            advice: about(
                what,
                &Said::new(
                    "nicht erlaubt (403); geben Sie dem Konto, mit dem sich Busylamp anmeldet, die Rechte eines \
                     Administrators",
                    "not allowed (403); give the account that Busylamp signs in with the rights of an administrator",
                ),
            ),
        }),
        _ if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => Failure::of_status(what, status),
        _ if status.is_client_error() => Failure::not_done(PbxError::Refused {
            advice: about(what, &Said::new(format!("sie antwortet {code}"), format!("it answers {code}"))),
        }),
        _ => Failure::perhaps_done(PbxError::Protocol {
            advice: about(
                what,
                &Said::new(
                    format!("sie antwortet {code}; prüfen Sie, ob die Adresse zur Telefonanlage selbst führt"),
                    format!("it answers {code}; check that the address leads to the PBX itself"),
                ),
            ),
        }),
    }
}

/// An id, which STARFACE writes as a number or as a text.
struct Id(String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Spelling {
            Number(i64),
            Text(String),
        }
        match Spelling::deserialize(deserializer)? {
            Spelling::Number(number) => Ok(Self(number.to_string())),
            Spelling::Text(text) if !text.is_empty() => Ok(Self(text)),
            Spelling::Text(_) => Err(serde::de::Error::custom("an id is empty")),
        }
    }
}
