//! One bounded HTTP/1.1 connection, with the server's certificate at hand.

use std::{future::Future, io, io::Read as _, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use http::{
    HeaderMap, Request, Response,
    header::{CONTENT_ENCODING, CONTENT_LENGTH},
};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::{Body as _, Incoming},
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use rustls::client::Resumption;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::JoinHandle,
    time::{Instant, timeout_at},
};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::ChannelBinding;
use crate::{
    http::{Delivery, HttpError, HttpErrorKind, HttpSettings},
    trust::TrustError,
};

/// A server, and the terms on which it is connected to.
pub(super) struct Endpoint {
    /// Its name or address without brackets, as it is connected to and as a sign-in names it.
    pub(super) host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    settings: HttpSettings,
}

impl Endpoint {
    pub(super) fn new(server: &Url, settings: HttpSettings) -> Result<Self, TrustError> {
        let setup = |reason: &str| TrustError::Setup { reason: reason.to_owned() };
        if settings.proxy.is_some() {
            return Err(setup("a connection that is signed in can't go through a proxy"));
        }
        let host = match server.host() {
            Some(Host::Domain(name)) => name.to_owned(),
            Some(Host::Ipv4(address)) => address.to_string(),
            Some(Host::Ipv6(address)) => address.to_string(),
            None => return Err(setup("the address names no server")),
        };
        let port = server.port_or_known_default().ok_or_else(|| setup("the address names no port"))?;
        let tls = match server.scheme() {
            "http" => None,
            "https" => {
                let mut config = settings.trust.client_config()?;
                config.alpn_protocols = vec![b"http/1.1".to_vec()];
                // A connection that resumes an older session is shown no certificate, and a binding needs this one's.
                config.resumption = Resumption::disabled();
                let name =
                    ServerName::try_from(host.clone()).map_err(|_| setup("the server's name is no host name"))?;
                Some((TlsConnector::from(Arc::new(config)), name))
            }
            _ => return Err(setup("the address is neither http nor https")),
        };
        Ok(Self { host, port, tls, settings })
    }

    /// How long an answer may take in all.
    pub(super) fn total_timeout(&self) -> Duration {
        self.settings.total_timeout
    }

    /// Host and port, as errors name them.
    pub(super) fn name(&self) -> String {
        let brackets = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        format!("{}{}{}:{}", brackets.0, self.host, brackets.1, self.port)
    }

    /// A request of this origin asks this server.
    pub(super) fn is_asked_by(&self, uri: &http::Uri) -> bool {
        let (scheme, default) = if self.tls.is_some() { ("https", 443) } else { ("http", 80) };
        let host = uri.host().map(|host| host.trim_start_matches('[').trim_end_matches(']'));
        uri.scheme_str() == Some(scheme)
            && host.is_some_and(|host| host.eq_ignore_ascii_case(&self.host))
            && uri.port_u16().unwrap_or(default) == self.port
    }

    pub(super) fn error(&self, kind: HttpErrorKind, delivery: Delivery) -> HttpError {
        HttpError::new(self.name(), kind, delivery)
    }

    pub(super) fn late(&self) -> HttpErrorKind {
        HttpErrorKind::TimeOut { seconds: self.settings.total_timeout.as_secs() }
    }

    /// A new connection. Whatever goes wrong, nothing was sent.
    pub(super) async fn connect(self: &Arc<Self>, deadline: Instant) -> Result<Line, HttpError> {
        let deadline = deadline.min(Instant::now() + self.settings.connect_timeout);
        let line = match timeout_at(deadline, self.open(deadline)).await {
            Ok(line) => line,
            Err(_) => Err(self.late()),
        };
        line.map_err(|kind| self.error(kind, Delivery::NotSent))
    }

    async fn open(self: &Arc<Self>, deadline: Instant) -> Result<Line, HttpErrorKind> {
        let stream = self.reach(deadline).await?;
        // Small messages back and forth: nothing waits for more to send.
        stream.set_nodelay(true).map_err(|error| HttpErrorKind::of_connecting(&error))?;
        let Some((connector, name)) = &self.tls else { return self.line(stream, None).await };
        let stream = connector.connect(name.clone(), stream).await;
        let stream = stream.map_err(|error| HttpErrorKind::of_connecting(&error))?;
        let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        let certificate = shown.map(|certificate| certificate.clone().into_owned());
        self.line(stream, certificate).await
    }

    /// The first of the host's addresses that answers; each gets its share of the time.
    async fn reach(&self, deadline: Instant) -> Result<TcpStream, HttpErrorKind> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
        let addresses: Vec<_> = found.map_err(|_| HttpErrorKind::NameResolution)?.take(8).collect();
        let mut failure = HttpErrorKind::NameResolution;
        let mut left = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
        for address in addresses {
            let share = deadline.saturating_duration_since(Instant::now()) / left.max(1);
            left = left.saturating_sub(1);
            failure = match timeout_at(Instant::now() + share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => HttpErrorKind::of_connecting(&error),
                Err(_) => self.late(),
            };
        }
        Err(failure)
    }

    async fn line<S>(
        self: &Arc<Self>,
        stream: S,
        certificate: Option<CertificateDer<'static>>,
    ) -> Result<Line, HttpErrorKind>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let shaken = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|error| HttpErrorKind::of_answering(&error))?;
        let driver = Driver(tokio::spawn(async move {
            // What goes wrong is told to whoever waits for an answer; nobody else is interested.
            let _ended = connection.await;
        }));
        Ok(Line { endpoint: Arc::clone(self), sender, certificate, _driver: driver })
    }
}

/// One connection. It is closed when it is dropped.
pub(super) struct Line {
    endpoint: Arc<Endpoint>,
    sender: SendRequest<Full<Bytes>>,
    certificate: Option<CertificateDer<'static>>,
    _driver: Driver,
}

/// The task that moves the connection's bytes.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Why there is no answer.
pub(super) enum Unanswered {
    /// The connection was closed before anything of the request was sent: it can be sent over another one.
    Unsent(Box<Request<Bytes>>),
    /// Perhaps the server has seen it.
    Failed(HttpError),
}

impl Line {
    /// What ties a sign-in to this connection, if it is one over TLS with a certificate that defines it.
    pub(super) fn binding(&self) -> Option<ChannelBinding> {
        ChannelBinding::of_server(self.certificate.as_ref()?)
    }

    /// Whether the server has closed it, as far as is known.
    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Whether another request can go over it. To be asked when an answer has been read.
    pub(super) async fn stays_open(&mut self, deadline: Instant) -> bool {
        matches!(timeout_at(deadline, self.sender.ready()).await, Ok(Ok(())))
    }

    /// Sends a request whose address is a path, and reads the whole answer.
    pub(super) async fn send(
        &mut self,
        request: Request<Bytes>,
        deadline: Instant,
    ) -> Result<Response<Bytes>, Unanswered> {
        if !self.stays_open(deadline).await {
            return Err(Unanswered::Unsent(Box::new(request)));
        }
        let failed = |kind| Unanswered::Failed(self.endpoint.error(kind, Delivery::MaybeSent));
        let body = request.body().clone();
        let answer = self.sender.try_send_request(request.map(Full::new));
        let answer = match timeout_at(self.patience(deadline), answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(mut error)) => {
                return Err(match error.take_message() {
                    Some(request) => Unanswered::Unsent(Box::new(request.map(|_| body))),
                    None => failed(HttpErrorKind::of_answering(error.error())),
                });
            }
            Err(_) => return Err(failed(self.endpoint.late())),
        };
        self.read(answer, deadline).await.map_err(failed)
    }

    fn patience(&self, deadline: Instant) -> Instant {
        deadline.min(Instant::now() + self.endpoint.settings.read_timeout)
    }

    async fn read(&self, answer: Response<Incoming>, deadline: Instant) -> Result<Response<Bytes>, HttpErrorKind> {
        let limit = self.endpoint.settings.max_body;
        let (mut head, mut body) = answer.into_parts();
        if body.size_hint().lower() > limit as u64 {
            return Err(HttpErrorKind::TooLarge { limit });
        }
        let mut bytes = BytesMut::new();
        loop {
            let frame: Option<Result<_, hyper::Error>> = self.in_time(body.frame(), deadline).await?;
            let Some(frame) = frame else { break };
            let Ok(data) = frame.map_err(|error| HttpErrorKind::of_answering(&error))?.into_data() else { continue };
            if bytes.len() + data.len() > limit {
                return Err(HttpErrorKind::TooLarge { limit });
            }
            bytes.extend_from_slice(&data);
        }
        let body = if is_gzip(&head.headers) {
            head.headers.remove(CONTENT_ENCODING);
            head.headers.remove(CONTENT_LENGTH);
            unpack(&bytes, limit)?
        } else {
            bytes.freeze()
        };
        Ok(Response::from_parts(head, body))
    }

    async fn in_time<T>(&self, work: impl Future<Output = T>, deadline: Instant) -> Result<T, HttpErrorKind> {
        timeout_at(self.patience(deadline), work).await.map_err(|_| self.endpoint.late())
    }
}

fn is_gzip(headers: &HeaderMap) -> bool {
    let coding = headers.get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
    coding.is_some_and(|coding| matches!(coding.trim().to_ascii_lowercase().as_str(), "gzip" | "x-gzip"))
}

/// Unpacks a body, as long as it stays within the limit. An empty one is what it is: answers without a body bear the
/// header as well.
fn unpack(packed: &[u8], limit: usize) -> Result<Bytes, HttpErrorKind> {
    if packed.is_empty() {
        return Ok(Bytes::new());
    }
    let mut unpacked = Vec::new();
    let read = MultiGzDecoder::new(packed).take(limit as u64 + 1).read_to_end(&mut unpacked);
    read.map_err(|_: io::Error| HttpErrorKind::BadAnswer)?;
    if unpacked.len() > limit {
        return Err(HttpErrorKind::TooLarge { limit });
    }
    Ok(unpacked.into())
}
