//! Connections: how many there are, how slow they may be, and how they end. Nobody can keep one for nothing.

use std::{
    collections::BTreeMap,
    io,
    net::{IpAddr, SocketAddr},
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    middleware::Next,
    response::Response,
    serve::Listener,
};
use hyper::{
    body::Incoming,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::Semaphore,
    time::{Instant, Sleep, sleep},
};
use tower_http::timeout::DeadlineBody;

/// Connections at the same time; beyond that the next one waits at the door.
const AT_A_TIME: usize = 1_024;
/// Of those, from one address elsewhere. (On this machine a proxy may bring everybody's.)
const FROM_ONE_ADDRESS: usize = 128;
/// A request's head has to come within this time, and a connection on which none comes is closed.
const HEAD: Duration = Duration::from_secs(15);
/// A request's body has to come within this time.
const BODY: Duration = Duration::from_secs(30);
/// An answer has to begin within this time: that of the longest walk through other people's systems, and a little more.
pub(crate) const ANSWER: Duration = Duration::from_secs(150);
/// A connection on which nothing moves is closed. Live pages are sent a sign of life more often.
const STILL: Duration = Duration::from_secs(180);
/// Requests at the same time on one connection of HTTP/2.
const STREAMS: u32 = 64;
/// The longest head of a request, in bytes.
const LONGEST_HEAD: usize = 32 << 10;

/// The address that a request comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller(pub(crate) SocketAddr);

/// Serves until `stop` resolves, then lets requests under way end.
pub(crate) async fn serve<L>(mut listener: L, router: Router, stop: impl Future<Output = ()>)
where
    L: Listener<Addr = SocketAddr>,
{
    let (places, callers) = (Arc::new(Semaphore::new(AT_A_TIME)), Arc::new(Callers::default()));
    let ending = GracefulShutdown::new();
    let mut server = Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(LONGEST_HEAD);
    server
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(STILL / 4)
        .keep_alive_timeout(HEAD)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(LONGEST_HEAD).unwrap_or(u32::MAX));
    let mut stop = pin!(stop);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, (stream, from)) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        let Some(caller) = callers.come(from.ip()) else {
            tracing::debug!(from = %from.ip(), "too many connections from one address");
            continue;
        };
        let router = TowerToHyperService::new(router.clone());
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(Caller(from)));
            router.call(request)
        });
        let stream = TokioIo::new(Patient::new(Box::pin(stream)));
        let connection = server.serve_connection(stream, service).into_owned();
        let connection = ending.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(from = %from.ip(), error, "a connection ended");
            }
            drop((place, caller));
        });
    }
    drop(listener);
    ending.shutdown().await;
}

/// Has what is written leave at once. Otherwise the last piece of an answer waits until the browser has acknowledged the
/// pieces before it, which browsers put off for up to 40 ms (RFC 1122, sections 4.2.3.2 and 4.2.3.4).
pub(crate) fn at_once(stream: &mut TcpStream) {
    // Where that can't be had, answers are a little later.
    let _ = stream.set_nodelay(true);
}

/// Bodies have to come in time.
pub(crate) async fn hurry(request: Request, next: Next) -> Response {
    next.run(request.map(|body| Body::new(DeadlineBody::new(BODY, body)))).await
}

/// How many connections each address has.
#[derive(Debug, Default)]
struct Callers(Mutex<BTreeMap<IpAddr, usize>>);

/// One of an address's connections.
struct Place(Arc<Callers>, IpAddr);

impl Callers {
    /// A place for one more from this address; `None`: it has enough.
    fn come(self: &Arc<Self>, from: IpAddr) -> Option<Place> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(from).or_default();
        if *count >= FROM_ONE_ADDRESS && !from.is_loopback() {
            return None;
        }
        *count += 1;
        Some(Place(Arc::clone(self), from))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.1);
            }
        }
    }
}

/// A connection that fails when nothing moves on it for [`STILL`], be it that nothing is sent or nothing is taken.
struct Patient<S> {
    inner: S,
    still: Pin<Box<Sleep>>,
}

impl<S> Patient<S> {
    fn new(inner: S) -> Self {
        Self { inner, still: Box::pin(sleep(STILL)) }
    }

    /// What came of trying to move something.
    fn moved<T>(&mut self, moved: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if moved.is_ready() {
            self.still.as_mut().reset(Instant::now() + STILL);
            return moved;
        }
        ready!(self.still.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let moved = Pin::new(&mut self.inner).poll_read(context, buffer);
        self.moved(moved, context)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let moved = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.moved(moved, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let moved = Pin::new(&mut self.inner).poll_write_vectored(context, bytes);
        self.moved(moved, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let moved = Pin::new(&mut self.inner).poll_flush(context);
        // A flush with nothing to flush is ready and moves nothing.
        if moved.is_ready() { moved } else { self.moved(moved, context) }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    /// A server with one small page and one large one.
    async fn server() -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/", axum::routing::get(async || "here").post(async |body: String| body))
            .route("/large", axum::routing::get(async || "x".repeat(64 << 20)))
            .layer(axum::middleware::from_fn(hurry));
        tokio::spawn(serve(listener, router, std::future::pending()));
        address
    }

    /// What comes until the connection is closed, and after how much of the paused clock.
    async fn until_closed(stream: &mut TcpStream) -> (String, Duration) {
        let (began, mut answer) = (Instant::now(), Vec::new());
        let _closed_or_reset = stream.read_to_end(&mut answer).await;
        (String::from_utf8_lossy(&answer).into_owned(), began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn who_connects_and_says_nothing_is_sent_away() {
        let mut stream = TcpStream::connect(server().await).await.unwrap();
        let (_, after) = until_closed(&mut stream).await;
        assert!(after <= STILL + HEAD, "{after:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_never_ends_is_not_waited_for() {
        let mut stream = TcpStream::connect(server().await).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").await.unwrap();
        let (_, after) = until_closed(&mut stream).await;
        assert!(after <= HEAD + Duration::from_secs(1), "{after:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_not_waited_for() {
        let mut stream = TcpStream::connect(server().await).await.unwrap();
        stream.write_all(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nslow").await.unwrap();
        let (answer, after) = until_closed(&mut stream).await;
        assert!(after <= BODY + HEAD + Duration::from_secs(1), "{after:?}");
        assert!(!answer.contains("200 OK"), "{answer}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_and_takes_nothing_is_sent_away() {
        let (mut ours, theirs) = tokio::io::duplex(1 << 10);
        let mut patient = Patient::new(theirs);
        let began = Instant::now();
        let refused = patient.write_all(&[0; 1 << 20]).await.unwrap_err();
        assert_eq!((refused.kind(), began.elapsed().as_secs()), (io::ErrorKind::TimedOut, STILL.as_secs()));
        let mut taken = [0; 1 << 10];
        ours.read_exact(&mut taken).await.unwrap();
    }

    #[tokio::test]
    async fn one_address_has_its_share_and_gets_it_back() {
        let callers = Arc::new(Callers::default());
        let elsewhere = IpAddr::from([192, 0, 2, 1]);
        let mut places: Vec<_> = (0..FROM_ONE_ADDRESS).map(|_| callers.come(elsewhere).unwrap()).collect();
        assert!(callers.come(elsewhere).is_none());
        assert!(callers.come(IpAddr::from([192, 0, 2, 2])).is_some());
        places.pop();
        assert!(callers.come(elsewhere).is_some());
        drop(places);
        assert!(callers.0.lock().unwrap().is_empty());
        let here = IpAddr::from([127, 0, 0, 1]);
        let many: Vec<_> = (0..AT_A_TIME).filter_map(|_| callers.come(here)).collect();
        assert_eq!(many.len(), AT_A_TIME);
    }

    #[tokio::test]
    async fn a_stop_lets_the_answer_under_way_end() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (go, gone) = (Arc::new(tokio::sync::Notify::new()), Arc::new(tokio::sync::Notify::new()));
        let (begun, end) = (Arc::clone(&gone), Arc::clone(&go));
        let page = async move || {
            begun.notify_one();
            end.notified().await;
            "done"
        };
        let router = Router::new().route("/", axum::routing::get(page));
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let served = tokio::spawn(serve(listener, router, async move {
            let _told = stopped.await;
        }));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        gone.notified().await;
        stop.send(()).unwrap();
        go.notify_one();
        let (answer, _) = until_closed(&mut stream).await;
        assert!(answer.ends_with("done"), "{answer}");
        served.await.unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
}
