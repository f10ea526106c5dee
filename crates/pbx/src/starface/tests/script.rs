//! A pretended PBX that answers as it is told, or else as its world is, and remembers what it was asked.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{Router, body::Body, extract::State};
use busylamp_net::http::{Delivery, HttpError, HttpErrorKind, Transport};
use bytes::Bytes;
use futures_util::{future::BoxFuture, stream};
use http::{Request, Response, StatusCode};

use super::world::{World, member};

/// What the PBX answers.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// An answer.
    Answer(u16, Bytes),
    /// No answer; over real HTTP the connection breaks, whatever the kind.
    Never(HttpErrorKind, Delivery),
}

impl Reply {
    pub(super) fn json(status: u16, body: impl Into<String>) -> Self {
        Self::Answer(status, Bytes::from(body.into()))
    }

    pub(super) fn status(status: u16) -> Self {
        Self::Answer(status, Bytes::new())
    }

    /// The connection breaks after the request.
    pub(super) fn cut() -> Self {
        Self::Never(HttpErrorKind::Reset, Delivery::MaybeSent)
    }

    /// An answer of the bridge.
    pub(super) fn lines(lines: &str) -> Self {
        let text = lines.replace('&', "&amp;").replace('<', "&lt;");
        Self::Answer(
            200,
            Bytes::from(format!(
                "<?xml version=\"1.0\"?><methodResponse><params><param><value><struct><member><name>response</name>\
                 <value><string>{text}</string></value></member></struct></value></param></params></methodResponse>"
            )),
        )
    }
}

/// What the PBX was asked.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: http::HeaderMap,
    pub(super) body: String,
}

impl Asked {
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn form(&self, name: &str) -> Option<String> {
        let mut pairs = form_urlencoded::parse(self.body.as_bytes()).into_owned();
        pairs.find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The request that the bridge got, line by line.
    pub(super) fn lines(&self) -> Vec<String> {
        member(&self.body, "request").lines().map(str::to_owned).collect()
    }
}

/// The pretended PBX. Clones are the same one.
#[derive(Clone)]
pub(super) struct Script(Arc<Mutex<World>>);

impl Script {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(World::new())))
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// The answer to all requests like `PUT /rest/redirects/ext-7`; the query may be named as well.
    pub(super) fn always(&self, request: &str, reply: Reply) {
        self.world().always.insert(request.to_owned(), reply);
    }

    /// Requests like this have their own answer again.
    pub(super) fn as_usual(&self, request: &str) {
        self.world().always.remove(request);
    }

    /// The answer to the next request like this.
    pub(super) fn once(&self, request: &str, reply: Reply) {
        self.world().once.push((request.to_owned(), reply));
    }

    /// What the bridge answers to a request's text; `None` leaves it to the script.
    pub(super) fn bridge(&self, rule: impl FnMut(&str) -> Option<Reply> + Send + 'static) {
        self.world().bridge = Some(Box::new(rule));
    }

    /// The bridge's answer to everything of a kind (`states`).
    pub(super) fn bridge_says(&self, kind: &str, reply: Reply) {
        let header = format!("v=1&do={kind}");
        self.bridge(move |request| request.starts_with(&header).then(|| reply.clone()));
    }

    /// Another entry of a user's, or another text of one that is there.
    pub(super) fn entry(&self, account: &str, id: &str, text: &str) {
        self.world().entries.insert(id.to_owned(), (account.to_owned(), text.to_owned()));
    }

    /// A key in the set of an owner; `None` takes it away.
    pub(super) fn key(&self, owner: &str, id: &str, key: Option<serde_json::Value>) {
        let mut world = self.world();
        let place = (owner.to_owned(), id.to_owned());
        match key {
            Some(key) => world.keys.insert(place, key),
            None => world.keys.remove(&place),
        };
    }

    /// A key as it is.
    pub(super) fn key_of(&self, owner: &str, id: &str) -> serde_json::Value {
        self.world().keys[&(owner.to_owned(), id.to_owned())].clone()
    }

    pub(super) fn version(&self, version: Option<&'static str>) {
        self.world().version = version;
    }

    pub(super) fn login_type(&self, login_type: &'static str) {
        self.world().login_type = login_type;
    }

    pub(super) fn access_life(&self, seconds: u64) {
        self.world().access_life = seconds;
    }

    pub(super) fn latency(&self, latency: Duration) {
        self.world().latency = latency;
    }

    /// Every session ends; refresh tokens stay good.
    pub(super) fn end_sessions(&self) {
        self.world().tokens.clear();
    }

    /// Refresh tokens are revoked.
    pub(super) fn revoke(&self) {
        self.world().refresh.clear();
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.world().asked.clone()
    }

    /// The requests like `PUT /rest/redirects/ext-7`.
    pub(super) fn asked_for(&self, request: &str) -> Vec<Asked> {
        self.asked().into_iter().filter(|asked| format!("{} {}", asked.method, asked.path) == request).collect()
    }

    pub(super) fn count(&self, request: &str) -> usize {
        self.asked_for(request).len()
    }

    /// What the bridge was asked, of a kind.
    pub(super) fn bridge_calls(&self, kind: &str) -> Vec<Vec<String>> {
        let calls = self.asked_for("POST /xml-rpc").into_iter().map(|asked| asked.lines());
        calls.filter(|lines| lines[0].starts_with(&format!("v=1&do={kind}"))).collect()
    }

    pub(super) fn forget(&self) {
        self.world().asked.clear();
    }

    fn answer(&self, asked: Asked) -> Reply {
        let mut world = self.world();
        world.asked.push(asked.clone());
        world.answer(&asked)
    }
}

impl Transport for Script {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, HttpError>> {
        let (parts, body) = request.into_parts();
        let latency = self.world().latency;
        let reply = self.answer(asked(parts, &body));
        Box::pin(async move {
            // Even the shortest sleep takes a millisecond.
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            match reply {
                Reply::Answer(status, body) => Ok(Response::builder().status(status).body(body).unwrap()),
                Reply::Never(kind, delivery) => Err(HttpError::new("pbx.example.com", kind, delivery)),
            }
        })
    }
}

fn asked(parts: http::request::Parts, body: &Bytes) -> Asked {
    Asked {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// The routes of a server that is this PBX.
pub(super) fn router(script: Script) -> Router {
    Router::new().fallback(over_http).with_state(script)
}

async fn over_http(State(script): State<Script>, request: axum::extract::Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    match script.answer(asked(parts, &body)) {
        Reply::Answer(status, body) => {
            Response::builder().status(StatusCode::from_u16(status).unwrap()).body(Body::from(body)).unwrap()
        }
        Reply::Never(..) => {
            let broken = stream::once(async { Err::<Bytes, _>(std::io::Error::other("cut")) });
            Response::new(Body::from_stream(broken))
        }
    }
}
