//! Requests with bounded time and size.

mod error;
mod german;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use http::{Request, Response};
use reqwest::redirect;
use url::Url;

pub use error::{Delivery, HttpError, HttpErrorKind};

use crate::trust::{Trust, TrustError};

/// The one name under which we ask, `Busylamp/<version>`. Exchange's and Graph's lists of allowed programs
/// match it (`EwsApplicationAccessPolicy`), so it is the same for every request.
pub const USER_AGENT: &str = concat!("Busylamp/", env!("CARGO_PKG_VERSION"));

/// Something that carries a request to a server and brings the whole answer back: a client over a pool of
/// connections, over one connection that bears a sign-in, or a pretended server in a test.
pub trait Transport: Send + Sync {
    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// When there is no complete answer within the transport's bounds.
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, HttpError>>;
}

impl Transport for HttpClient {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, HttpError>> {
        Box::pin(Self::send(self, request))
    }
}

/// How a client connects, and how much time and room an answer may take.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Whom it believes.
    pub trust: Trust,
    /// Longest time to resolve the name, connect and shake hands.
    pub connect_timeout: Duration,
    /// Longest time without a byte of the answer.
    pub read_timeout: Duration,
    /// Longest time for everything, from the call to the last byte of the answer.
    pub total_timeout: Duration,
    /// Most bytes of an answer's body, counted after decompression.
    pub max_body: usize,
    /// A proxy to go through. The environment's (`HTTPS_PROXY` and the like) are never used.
    pub proxy: Option<Url>,
}

impl HttpSettings {
    /// The factory values: 10 s to connect, 30 s of silence, 60 s in all, 16 MiB, no proxy.
    pub fn new(trust: Trust) -> Self {
        Self {
            trust,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            total_timeout: Duration::from_secs(60),
            max_body: 16 << 20,
            proxy: None,
        }
    }
}

/// A client for one endpoint and one credential; two credentials never share its connections. It speaks
/// HTTP/1.1 and HTTP/2, keeps no cookies and follows no redirects: an answer of status 3xx is handed out as it
/// is. Clones share the connections.
#[derive(Clone, Debug)]
pub struct HttpClient {
    client: reqwest::Client,
    settings: HttpSettings,
}

impl HttpClient {
    /// A client with these settings.
    ///
    /// # Errors
    /// When its trust or its proxy can't be used.
    pub fn new(settings: HttpSettings) -> Result<Self, TrustError> {
        let mut tls = settings.trust.client_config()?;
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let setup = |error: reqwest::Error| TrustError::Setup { reason: error.without_url().to_string() };
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(USER_AGENT)
            .redirect(redirect::Policy::none())
            .referer(false)
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            .timeout(settings.total_timeout)
            .no_proxy();
        if let Some(proxy) = &settings.proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy.clone()).map_err(setup)?);
        }
        Ok(Self { client: builder.build().map_err(setup)?, settings })
    }

    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// When there is no complete answer within the bounds; [`HttpError::delivery`] tells whether the server
    /// may have seen the request.
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let host = request.uri().authority().map_or_else(String::new, |authority| {
            let host = authority.host();
            authority.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
        });
        let request =
            reqwest::Request::try_from(request).map_err(|error| HttpError::of(&host, &error, &self.settings))?;
        let answer = self.client.execute(request).await;
        let mut answer = answer.map_err(|error| HttpError::of(&host, &error, &self.settings))?;
        let mut head = Response::new(());
        *head.status_mut() = answer.status();
        *head.version_mut() = answer.version();
        *head.headers_mut() = std::mem::take(answer.headers_mut());

        let max = self.settings.max_body;
        let mut body = BytesMut::new();
        loop {
            let chunk = answer.chunk().await;
            match chunk.map_err(|error| HttpError::of_body(&host, &error, &self.settings))? {
                Some(chunk) if body.len() + chunk.len() > max => return Err(HttpError::too_large(&host, max)),
                Some(chunk) => body.extend_from_slice(&chunk),
                None => break,
            }
        }
        Ok(head.map(|()| body.freeze()))
    }
}
