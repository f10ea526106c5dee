//! The bridge module inside the PBX (bridge contract): calls over XML-RPC, one struct with `key` and `request` in, one
//! with `response` out.

pub(crate) mod message;
mod record;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use busylamp_core::{ids::AccountId, said::Said, secret::Secret};
use busylamp_net::http::Transport;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use message::{Answer, Code, Events, Info, Setting, States};
use tokio::time::Instant;

use super::{
    address::Address,
    config::{BridgeConfig, StarfaceConfig},
    failure::{Failure, about, technical},
    rest::{
        session::{Session, Sessions},
        unexpected, unusable_address, what,
    },
    xml_rpc::{self, Response, Value},
};
use crate::PbxError;

/// After `/xml-rpc` has refused our proof twice, with a new sign-in in between, nothing is sent there for so long. REST
/// has let us in, so the password is right; but a proof that is not taken may count as a wrong password there, and must
/// not lock the account. No longer than this, since a PBX that is just starting refuses too, and nobody's telephone may
/// stay silent for it.
const REFUSED_PAUSE: Duration = Duration::from_secs(30);

/// A client of the bridge.
pub(crate) struct Bridge {
    http: Arc<dyn Transport>,
    address: Address,
    sessions: Arc<Sessions>,
    instance: String,
    key: Secret,
    refused: Mutex<Option<Instant>>,
}

impl Bridge {
    pub(crate) fn new(
        http: Arc<dyn Transport>,
        config: &StarfaceConfig,
        bridge: &BridgeConfig,
        sessions: Arc<Sessions>,
    ) -> Self {
        let address = Address::new(config.url.clone());
        Self {
            http,
            address,
            sessions,
            instance: bridge.instance.clone(),
            key: bridge.key.clone(),
            refused: Mutex::default(),
        }
    }

    /// What the bridge can do.
    pub(crate) async fn info(&self) -> Result<Info, Failure> {
        whole(message::read_info(&self.call(message::ask_info()).await?))
    }

    /// What it found on its PBX, in lines for people.
    pub(crate) async fn describe(&self) -> Result<Vec<String>, Failure> {
        whole(message::read_describe(&self.call(message::ask_describe()).await?))
    }

    /// The states of these users.
    pub(crate) async fn states(&self, accounts: &[AccountId]) -> Result<States, Failure> {
        whole(message::read_states(&self.call(message::ask_states(accounts)).await?, accounts))
    }

    /// Sets these users; one result for each, in order.
    pub(crate) async fn apply(&self, settings: &[(AccountId, Setting)]) -> Result<Vec<Result<(), Code>>, Failure> {
        whole(message::read_apply(&self.call(message::ask_apply(settings)).await?, settings))
    }

    /// What happened since a cursor, waiting up to `wait` seconds for it.
    pub(crate) async fn events(&self, since: &str, wait: i64) -> Result<Events, Failure> {
        whole(message::read_events(&self.call(message::ask_events(since, wait)).await?))
    }

    async fn call(&self, request: String) -> Result<String, Failure> {
        let refused = *self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.is_some_and(|at| at.elapsed() < REFUSED_PAUSE) {
            return Err(proof_refused());
        }
        let members = vec![
            ("key".to_owned(), Value::String(self.key.expose().to_owned())),
            ("request".to_owned(), Value::String(request)),
        ];
        let method = format!("{}.call", self.instance);
        let body = xml_rpc::call(&method, &Value::Struct(members)).map_err(|error| {
            Failure::not_done(PbxError::Configuration {
                advice: Said::new(
                    "die Brücke lässt sich nicht rufen: ein Text enthält ein Zeichen, das XML nicht darstellen kann",
                    format!("the bridge can't be called: {error}"),
                ),
            })
        })?;
        let body = Bytes::from(body);
        let mut session = self.sessions.current().await?;
        for last in [false, true] {
            let answer = self.http.send(self.request(&session, body.clone())?).await?;
            match answer.status() {
                StatusCode::OK => return self.response(answer.body()),
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if !last => {
                    session = self.sessions.instead_of(&session).await?;
                }
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => break,
                status => return Err(unexpected(what::BRIDGE, status)),
            }
        }
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        Err(proof_refused())
    }

    /// The URL holds a secret: nothing shows it.
    fn request(&self, session: &Session, body: Bytes) -> Result<Request<Bytes>, Failure> {
        let configuration = || Failure::not_done(PbxError::Configuration { advice: unusable_address() });
        let (name, proof) = self.sessions.url_proof(session);
        let url = self.address.at(&["xml-rpc"], &[(name, proof.expose())]).map_err(|_| configuration())?;
        let request = Request::builder()
            .method(Method::POST)
            .uri(url.as_str())
            .header(header::CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"));
        request.body(body).map_err(|_| configuration())
    }

    fn response(&self, body: &[u8]) -> Result<String, Failure> {
        let unreadable =
            |fault: &Said| Failure::perhaps_done(PbxError::Protocol { advice: about(what::BRIDGE, fault) });
        match xml_rpc::response(body).map_err(|error| unreadable(&technical(error)))? {
            Response::Value(value) => match value.member("response").and_then(Value::as_str) {
                Some(text) => Ok(text.to_owned()),
                None => Err(unreadable(&Said::new(
                    "ihre Antwort hat kein Feld „response“; ist das Modul von der richtigen Art?",
                    "its answer has no member `response`; is the module of the right kind?",
                ))),
            },
            // The PBX calls no function, or the function broke: a module's function either answers or is not there.
            Response::Fault { code } => {
                let code = |word: &str| code.map_or_else(String::new, |code| format!(" ({word} {code})"));
                Err(Failure::perhaps_done(PbxError::Refused {
                    advice: Said::new(
                        format!(
                            "die Anlage hat keine laufende Modulinstanz „{}“{}; installieren Sie die Brücke, aktivieren Sie \
                             ihre Instanz, und prüfen Sie deren Namen",
                            self.instance,
                            code("Fehler")
                        ),
                        format!(
                            "the PBX has no working module instance `{}`{}; install the bridge, activate its instance and \
                             check the instance's name",
                            self.instance,
                            code("fault")
                        ),
                    ),
                }))
            }
        }
    }
}

fn proof_refused() -> Failure {
    Failure::not_done(PbxError::SignIn {
        advice: Said::new(
            "/xml-rpc lehnt die Anmeldung ab, die REST annimmt; prüfen Sie, ob das Konto XML-RPC benutzen darf, und tragen \
             Sie das Client-Secret ein, falls ein externer Identitätsdienst angebunden ist. Es wird nach einer halben Minute \
             wieder versucht",
            "/xml-rpc refuses the sign-in that REST accepts; check that the account may use XML-RPC, and set the client \
             secret if an external identity provider is connected. It is tried again after half a minute",
        ),
    })
}

/// The answer to a whole call; what is wrong with it, or why the bridge refuses, as a failure.
fn whole<T>(answer: Answer<T>) -> Result<T, Failure> {
    let answer = answer.map_err(|malformed| {
        Failure::perhaps_done(PbxError::Protocol { advice: about(what::BRIDGE, &technical(malformed)) })
    })?;
    answer.map_err(|code| {
        let refused =
            |german: &str, english: &str| PbxError::Refused { advice: about(what::BRIDGE, &Said::new(german, english)) };
        match code {
            Code::BadKey => Failure::not_done(PbxError::SignIn {
                advice: Said::new(
                    "die Brücke nimmt den Schlüssel nicht an; er muss hier und in der Konfiguration des Moduls derselbe sein",
                    "the bridge does not accept the key; it must be the same here and in the module's configuration",
                ),
            }),
            Code::BadRequest => Failure::not_done(refused(
                "sie versteht den Auftrag nicht; aktualisieren Sie die Brücke",
                "it does not understand the request; update the bridge",
            )),
            Code::Unsupported => Failure::not_done(refused("sie kann das auf dieser Anlage nicht", "it can't do this on this PBX")),
            Code::NoSuchAccount => Failure::not_done(refused("sie kennt ein solches Konto nicht", "it knows no such account")),
            Code::Refused => Failure::not_done(refused("die Anlage erlaubt es nicht", "the PBX does not allow it")),
            Code::Internal | Code::Other => Failure::perhaps_done(PbxError::Unreachable {
                advice: Said::new("die Brücke meldet einen eigenen Fehler", "the bridge reports a fault of its own"),
            }),
        }
    })
}
