//! A few connections to one server, each signed in by itself, one request at a time on each.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{
    HeaderValue, Request, Response, StatusCode, Uri, Version,
    header::{ACCEPT_ENCODING, AUTHORIZATION, HOST, USER_AGENT},
    uri::PathAndQuery,
};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};
use url::Url;

use super::{
    BindingUse, ChannelBinding, SignIn, SignInError,
    dance::{Outcome, sign_in},
    line::{Endpoint, Line, Unanswered},
};
use crate::{
    http::{Delivery, HttpError, HttpErrorKind, HttpSettings, Transport, USER_AGENT as OUR_NAME},
    trust::TrustError,
};

/// How long a connection that nobody needs stays open: shorter than IIS keeps one (120 s, `connectionTimeout`), longer
/// than the pause between two polls.
const IDLE: Duration = Duration::from_secs(100);

/// How many connections sign in at the same time, once one was accepted. As many times at most is a password tried that
/// was changed in the meantime.
const SIGN_INS: usize = 2;

/// A client for one server and one credential that belongs to connections instead of requests (NTLM). Each connection
/// is signed in by itself, carries one request at a time and is never used by another credential. It speaks HTTP/1.1
/// only, goes through no proxy, keeps no cookies and follows no redirects. Clones share the connections.
///
/// * A refused credential comes back as what it is: the server's last answer, 401. Over TLS with [`BindingUse::Auto`]
///   it was tried twice, with and without a binding, until one of both has worked; from then on only that way is used
///   and a refusal is final at once. Requests that waited while a sign-in was refused get its answer; the credential is
///   not tried again for them.
/// * A 401 on a connection that has been signed in before closes it, and those that wait, and is handed out. The next
///   request signs in anew.
/// * A server that answers the beginning of a sign-in otherwise than with 401, for example because it is overloaded,
///   has given its answer; only if that is a success the request itself follows, without any sign-in.
/// * What was surely not delivered, because a connection was closed while nobody used it, is sent over another one.
#[derive(Clone)]
pub struct SignedClient(Arc<Inner>);

struct Inner {
    endpoint: Arc<Endpoint>,
    sign_in: Arc<dyn SignIn>,
    binding: BindingUse,
    /// As many as there may be connections.
    places: Semaphore,
    idle: Mutex<Idle>,
    known: Mutex<Known>,
    /// As many as there may be sign-ins at a time: one until one was accepted, then [`SIGN_INS`].
    signing: Semaphore,
}

/// Connections that are signed in and wait, the one that waits longest first.
#[derive(Default)]
struct Idle {
    lines: Vec<(Line, Instant)>,
    /// A task looks after them.
    watched: bool,
}

/// What the sign-ins up to now have taught.
#[derive(Default)]
struct Known {
    /// The way in which a sign-in was accepted.
    accepted: Option<Way>,
    /// The scheme to begin with.
    scheme: usize,
    /// How many sign-ins came to nothing, and how the last one ended.
    failures: u64,
    failure: Option<Result<Response<Bytes>, HttpError>>,
}

/// With a binding or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Bound,
    Unbound,
}

impl fmt::Debug for SignedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SignedClient").field(&self.0.endpoint.name()).field(&self.0.sign_in).finish()
    }
}

impl Transport for SignedClient {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, HttpError>> {
        Box::pin(Self::send(self, request))
    }
}

impl SignedClient {
    /// A client for a server (the scheme, host and port of `server`), with at most this many connections, at least 1.
    ///
    /// # Errors
    /// When the trust can't be used, a proxy is set, or `server` is no address of a server.
    pub fn new(
        server: &Url,
        settings: HttpSettings,
        sign_in: Arc<dyn SignIn>,
        binding: BindingUse,
        connections: usize,
    ) -> Result<Self, TrustError> {
        Ok(Self(Arc::new(Inner {
            endpoint: Arc::new(Endpoint::new(server, settings)?),
            sign_in,
            binding,
            places: Semaphore::new(connections.clamp(1, Semaphore::MAX_PERMITS)),
            idle: Mutex::default(),
            known: Mutex::default(),
            signing: Semaphore::new(1),
        })))
    }

    /// Sends a request and reads the whole answer, whatever its status. The settings' times begin when one of the
    /// connections is free. The request's own `Authorization` is not sent.
    ///
    /// # Errors
    /// When there is no complete answer within the bounds; [`HttpError::delivery`] tells whether the server may have
    /// seen the request. A request for another server than this client's is refused, so that no other server is shown
    /// the credential.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let inner = &self.0;
        let bad = || inner.endpoint.error(HttpErrorKind::BadRequest, Delivery::NotSent);
        let mut request = prepared(&inner.endpoint, request).ok_or_else(bad)?;
        let _place = inner.places.acquire().await.map_err(|_| bad())?;
        let deadline = Instant::now() + inner.endpoint.total_timeout();
        while let Some(mut line) = inner.idle_line() {
            match line.send(request, deadline).await {
                Ok(answer) => {
                    if answer.status() == StatusCode::UNAUTHORIZED {
                        inner.forget();
                    } else {
                        inner.keep(line);
                    }
                    return Ok(answer);
                }
                Err(Unanswered::Unsent(unsent)) => request = *unsent,
                Err(Unanswered::Failed(error)) => return Err(error),
            }
        }
        inner.sign_in(&request, deadline).await
    }
}

impl Inner {
    /// Sends a request over a new connection. Only few sign in at a time, and who waits for one that fails shares its
    /// failure: else a password that was changed would be tried by every connection, and the account locked.
    async fn sign_in(
        self: &Arc<Self>,
        request: &Request<Bytes>,
        deadline: Instant,
    ) -> Result<Response<Bytes>, HttpError> {
        let before = lock(&self.known).failures;
        let late = || self.endpoint.error(self.endpoint.late(), Delivery::NotSent);
        let Ok(Ok(_signing)) = timeout_at(deadline, self.signing.acquire()).await else { return Err(late()) };
        if let Some(failure) = lock(&self.known).failure_since(before) {
            return failure;
        }
        let answer = self.send_over_new(request, deadline).await;
        lock(&self.known).note(&answer);
        answer
    }

    async fn send_over_new(
        self: &Arc<Self>,
        request: &Request<Bytes>,
        deadline: Instant,
    ) -> Result<Response<Bytes>, HttpError> {
        let accepted = lock(&self.known).accepted;
        let mut way = match self.binding {
            BindingUse::Auto => accepted.unwrap_or(Way::Bound),
            BindingUse::Off => Way::Unbound,
        };
        loop {
            let mut line = self.endpoint.connect(deadline).await?;
            let binding = if way == Way::Bound { line.binding() } else { None };
            match self.converse(&mut line, binding.as_ref(), request, deadline).await? {
                Outcome::Answered(answer) if !is_by_the_application(answer.status()) => return Ok(answer),
                Outcome::Answered(answer) => {
                    let way = if binding.is_some() { Way::Bound } else { Way::Unbound };
                    if lock(&self.known).accept(way) {
                        self.signing.add_permits(SIGN_INS - 1);
                    }
                    self.keep(line);
                    return Ok(answer);
                }
                // The server tells a wrong binding from a wrong password only in its own log.
                Outcome::Refused(_) if binding.is_some() && accepted.is_none() => way = Way::Unbound,
                Outcome::Refused(answer) => return Ok(answer),
                Outcome::Untried(answer) if answer.status().is_success() => {
                    return line.send(request.clone(), deadline).await.map_err(|unanswered| match unanswered {
                        Unanswered::Unsent(_) => self.endpoint.error(HttpErrorKind::Reset, Delivery::NotSent),
                        Unanswered::Failed(error) => error,
                    });
                }
                Outcome::Untried(answer) => return Ok(answer),
                Outcome::Elsewhere(_) => return Err(self.endless()),
            }
        }
    }

    /// A sign-in over this connection, or over another one if the server closes it to change the scheme.
    async fn converse(
        self: &Arc<Self>,
        line: &mut Line,
        binding: Option<&ChannelBinding>,
        request: &Request<Bytes>,
        deadline: Instant,
    ) -> Result<Outcome, HttpError> {
        let method = self.sign_in.as_ref();
        for _ in method.schemes() {
            let scheme = lock(&self.known).scheme;
            let outcome = sign_in(&self.endpoint, line, (method, scheme), binding, request, deadline).await?;
            let next = match &outcome {
                Outcome::Elsewhere(other) => *other,
                Outcome::Untried(_) => 0,
                Outcome::Answered(_) | Outcome::Refused(_) => scheme,
            };
            lock(&self.known).scheme = next;
            if !matches!(outcome, Outcome::Elsewhere(_)) {
                return Ok(outcome);
            }
            if !line.stays_open(deadline).await {
                *line = self.endpoint.connect(deadline).await?;
            }
        }
        Err(self.endless())
    }

    fn endless(&self) -> HttpError {
        self.endpoint.error(HttpErrorKind::SignIn(SignInError::Endless), Delivery::NotSent)
    }

    /// The connection that was used last, so that those that are not needed grow old.
    fn idle_line(&self) -> Option<Line> {
        lock(&self.idle).lines.pop().map(|(line, _)| line)
    }

    /// Closes what waits. The others were signed in at about the same time as the one that is no longer.
    fn forget(&self) {
        lock(&self.idle).lines.clear();
    }

    /// Lays a connection by for the next request.
    fn keep(self: &Arc<Self>, line: Line) {
        let mut idle = lock(&self.idle);
        idle.lines.retain(|(line, _)| !line.is_closed());
        idle.lines.push((line, Instant::now()));
        if !idle.watched {
            idle.watched = true;
            tokio::spawn(watch(Arc::downgrade(self)));
        }
    }
}

impl Known {
    /// Notes that a sign-in was accepted. Whether it was the first.
    fn accept(&mut self, way: Way) -> bool {
        let first = self.accepted.is_none();
        self.accepted.get_or_insert(way);
        first
    }

    /// How the last sign-in ended for which somebody has waited, if one failed.
    fn failure_since(&self, before: u64) -> Option<Result<Response<Bytes>, HttpError>> {
        if self.failures > before { self.failure.clone() } else { None }
    }

    /// Notes the end of a sign-in. A failure is what would happen to any other request as well: a refusal, or
    /// that there is no way to the server. Whatever else comes back is about the one request.
    fn note(&mut self, answer: &Result<Response<Bytes>, HttpError>) {
        let failed = match answer {
            Ok(answer) => answer.status() == StatusCode::UNAUTHORIZED,
            Err(error) => error.delivery() == Delivery::NotSent,
        };
        if failed {
            self.failures += 1;
            self.failure = Some(answer.clone());
        }
    }
}

/// Whether such an answer to the last message comes from behind the sign-in. An overloaded server or something in front
/// of it (503, 302) has perhaps not looked at it; such a connection is not used again, and nothing is learned from it.
fn is_by_the_application(status: StatusCode) -> bool {
    status.is_success() || status == StatusCode::INTERNAL_SERVER_ERROR
}

/// Closes what nobody has used for long, until nothing is left.
async fn watch(inner: Weak<Inner>) {
    while let Some(inner) = inner.upgrade() {
        let next = {
            let mut idle = lock(&inner.idle);
            let now = Instant::now();
            idle.lines.retain(|(line, since)| !line.is_closed() && now < *since + IDLE);
            let Some((_, since)) = idle.lines.first() else {
                idle.watched = false;
                return;
            };
            *since + IDLE
        };
        drop(inner);
        tokio::time::sleep_until(next).await;
    }
}

/// A request as it goes over the wire: its path for the address, and the headers that every request bears. `None` if
/// it is for another server.
fn prepared(endpoint: &Endpoint, request: Request<Bytes>) -> Option<Request<Bytes>> {
    if !endpoint.is_asked_by(request.uri()) {
        return None;
    }
    let (mut head, body) = request.into_parts();
    let authority = head.uri.authority()?.as_str();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = HeaderValue::try_from(host).ok()?;
    let path = head.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    head.uri = Uri::from(path);
    head.version = Version::HTTP_11;
    head.headers.insert(HOST, host);
    head.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    head.headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(OUR_NAME));
    head.headers.remove(AUTHORIZATION);
    Some(Request::from_parts(head, body))
}

/// A holder that fell over has left nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
