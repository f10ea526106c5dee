//! The connections that a walk is made over.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use busylamp_ews::autodiscover::MOST_BYTES;
use busylamp_net::{
    connection::SignedClient,
    http::{Delivery, HttpClient, HttpError, HttpErrorKind, HttpSettings, Transport},
    trust::{Fingerprint, Trust},
};
use busylamp_windows_auth::Ntlm;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Request, Response, header::AUTHORIZATION};
use url::Url;

use crate::ews::EwsSignIn;

/// Longest time for one question.
const PATIENCE: Duration = Duration::from_secs(15);

/// How a walk gets to servers.
#[async_trait]
pub trait Reach: Send + Sync {
    /// A way to this server (scheme, host and port count) that shows no credential.
    ///
    /// # Errors
    /// Why there is none, for the administrator.
    fn anonymous(&self, server: &Url) -> Result<Arc<dyn Transport>, String>;

    /// A way that signs in. It is asked for servers that the administrator has confirmed, and only over https. `None`
    /// when there is no credential.
    fn signed_in(&self, server: &Url) -> Option<Result<Arc<dyn Transport>, String>>;

    /// The certificate that this server shows, whoever vouches for it.
    async fn fingerprint(&self, server: &Url) -> Option<Fingerprint>;
}

/// Connections over the network.
#[derive(Clone, Debug)]
pub struct Connections {
    trust: Trust,
    sign_in: Option<EwsSignIn>,
}

impl Connections {
    /// Connections that believe whom `trust` says, and may sign in with a user and a password. An application's token is of
    /// no use to Autodiscover, and counts as none.
    pub fn new(trust: Trust, sign_in: Option<EwsSignIn>) -> Self {
        Self { trust, sign_in }
    }

    fn settings(&self) -> HttpSettings {
        HttpSettings {
            connect_timeout: PATIENCE / 2,
            read_timeout: PATIENCE,
            total_timeout: PATIENCE,
            max_body: MOST_BYTES,
            ..HttpSettings::new(self.trust.clone())
        }
    }
}

#[async_trait]
impl Reach for Connections {
    fn anonymous(&self, _: &Url) -> Result<Arc<dyn Transport>, String> {
        let client = HttpClient::new(self.settings()).map_err(|error| error.to_string())?;
        Ok(Arc::new(client))
    }

    fn signed_in(&self, server: &Url) -> Option<Result<Arc<dyn Transport>, String>> {
        match self.sign_in.as_ref()? {
            EwsSignIn::Basic { user, password } => {
                let basic = STANDARD.encode(format!("{user}:{}", password.expose()));
                let header = HeaderValue::from_str(&format!("Basic {basic}")).map(|mut header| {
                    header.set_sensitive(true);
                    header
                });
                let client = HttpClient::new(self.settings()).map_err(|error| error.to_string());
                Some(client.and_then(|client| {
                    let header = header.map_err(|error| error.to_string())?;
                    Ok(Arc::new(WithHeader { client, header }) as Arc<dyn Transport>)
                }))
            }
            EwsSignIn::Ntlm { user, password, channel_binding } => Some((|| {
                let user =
                    user.parse().map_err(|_| "the user name has another form than DOMAIN\\user or user@domain")?;
                let sign_in = Arc::new(Ntlm::new(user, password.clone()));
                let client = SignedClient::new(server, self.settings(), sign_in, *channel_binding, 1);
                Ok(Arc::new(client.map_err(|error| error.to_string())?) as Arc<dyn Transport>)
            })()),
            #[cfg(feature = "kerberos")]
            EwsSignIn::Negotiate { user, password, kdc, channel_binding } => Some((|| {
                let sign_in = crate::ews::kerberos(user, password, kdc.as_ref()).map_err(|error| error.to_string())?;
                let client = SignedClient::new(server, self.settings(), Arc::new(sign_in), *channel_binding, 1);
                Ok(Arc::new(client.map_err(|error| error.to_string())?) as Arc<dyn Transport>)
            })()),
            EwsSignIn::OAuth { .. } => None,
        }
    }

    async fn fingerprint(&self, server: &Url) -> Option<Fingerprint> {
        // A pin that no certificate has: the refusal shows the one that came, and nothing is ever sent to it.
        let nobody = format!("sha256:{}", "00".repeat(32)).parse().ok()?;
        let settings = HttpSettings { trust: Trust::Pin(nobody), ..self.settings() };
        let request = Request::get(server.as_str()).body(Bytes::new()).ok()?;
        match HttpClient::new(settings).ok()?.send(request).await {
            Err(HttpError { kind: HttpErrorKind::Certificate(untrusted), .. }) => Some(untrusted.seen),
            Ok(_) | Err(_) => None,
        }
    }
}

/// A client whose requests carry the password.
struct WithHeader {
    client: HttpClient,
    header: HeaderValue,
}

impl Transport for WithHeader {
    fn send(&self, mut request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, HttpError>> {
        if request.uri().scheme() != Some(&http::uri::Scheme::HTTPS) {
            let host = request.uri().host().unwrap_or_default().to_owned();
            let error = HttpError::new(host, HttpErrorKind::BadRequest, Delivery::NotSent);
            return Box::pin(std::future::ready(Err(error)));
        }
        request.headers_mut().insert(AUTHORIZATION, self.header.clone());
        Box::pin(self.client.send(request))
    }
}
