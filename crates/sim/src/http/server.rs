//! The server: connections in, whole requests to the world, answers out. Plain or with TLS, HTTP/1.1.

use std::{
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Connection, Reply, Request};
use crate::{
    tls::Secure,
    world::{Outcome, World},
};

/// Largest body that is read.
const MAX_BODY: usize = 8 * 1024 * 1024;
/// Most connections at a time; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 4096;
/// How long a client may take for its TLS handshake or the head of a request.
const PATIENCE: Duration = Duration::from_secs(30);

/// Serves until `stop` says so; connections then finish what they are at.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<Secure>,
    world: Arc<World>,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let stream = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = stream else {
            // Out of descriptors or the like: give the others a moment to end.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let (tls, world, stop) = (tls.clone(), Arc::clone(&world), stop.clone());
        tasks.spawn(async move {
            accept(stream, tls, world, stop).await;
            drop(place);
        });
    }
}

async fn accept(stream: TcpStream, tls: Option<Secure>, world: Arc<World>, stop: CancellationToken) {
    // Answers are small and waited for; Nagle's algorithm would only hold them back.
    let _ = stream.set_nodelay(true);
    match tls {
        None => converse(stream, "http", Connection::new(None), world, stop).await,
        Some(tls) => {
            let handshake = tokio::time::timeout(PATIENCE, tls.acceptor.accept(stream));
            let stream = tokio::select! { () = stop.cancelled() => return, stream = handshake => stream };
            if let Ok(Ok(stream)) = stream {
                converse(stream, "https", Connection::new(Some(tls.binding)), world, stop).await;
            }
        }
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    scheme: &'static str,
    connection: Connection,
    world: Arc<World>,
    stop: CancellationToken,
) {
    let known = Arc::new(connection);
    let service = service_fn(|request| {
        let (world, known) = (Arc::clone(&world), Arc::clone(&known));
        async move { answer(&world, &known, scheme, request).await }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    // A connection that ends in an error is the client's affair, or a fault that was asked for.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// Why a connection is closed without an answer.
#[derive(Debug)]
struct Hangup;

impl std::fmt::Display for Hangup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection was closed on purpose")
    }
}

impl std::error::Error for Hangup {}

type Body = http_body_util::Either<Full<Bytes>, Cut>;

async fn answer(
    world: &World,
    connection: &Connection,
    scheme: &'static str,
    request: http::Request<Incoming>,
) -> Result<Response<Body>, Hangup> {
    let (parts, body) = request.into_parts();
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let origin = format!("{scheme}://{host}");
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let head =
        target.len() + parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>();
    let outcome = match Limited::new(body, MAX_BODY).collect().await {
        Err(_) => Outcome::Reply(Reply::empty(http::StatusCode::PAYLOAD_TOO_LARGE)),
        Ok(body) => {
            let request = Request::new(parts.method, &target, parts.headers, body.to_bytes(), origin);
            world.answer(connection, request, head).await
        }
    };
    match outcome {
        Outcome::Hangup => Err(Hangup),
        Outcome::Reply(reply) => Ok(written(reply, false)),
        Outcome::Cut(reply) => Ok(written(reply, true)),
    }
}

fn written(reply: Reply, cut: bool) -> Response<Body> {
    let body = if cut {
        let half = reply.body.slice(..reply.body.len() / 2);
        Body::Right(Cut::First(half))
    } else {
        Body::Left(Full::new(reply.body))
    };
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}

/// A body that ends with a broken connection after its first part.
enum Cut {
    First(Bytes),
    /// Waits once, so that the first part leaves before the connection breaks.
    Pause,
    Break,
}

impl hyper::body::Body for Cut {
    type Data = Bytes;
    type Error = Hangup;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, Hangup>>> {
        match std::mem::replace(&mut *self, Self::Break) {
            Self::First(first) => {
                *self = Self::Pause;
                Poll::Ready(Some(Ok(hyper::body::Frame::data(first))))
            }
            Self::Pause => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Self::Break => Poll::Ready(Some(Err(Hangup))),
        }
    }
}

/// Binds the port on loopback; 0 is any free one.
pub(crate) async fn bind(port: u16) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}
