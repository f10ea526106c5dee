//! HTTPS with a certificate from files.

use std::{io, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use axum::serve::Listener;
use rustls::{ServerConfig, crypto::CryptoProvider};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::serve::at_once;

/// A handshake that takes longer is given up.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes at the same time; beyond that the next connection waits at the door.
const AT_A_TIME: usize = 64;

/// Why HTTPS can't be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("{what} can't be read: {error}; it must be a PEM file that the service may read")]
    File {
        /// Which one: "the certificate" or "the key".
        what: &'static str,
        /// What is wrong.
        error: rustls_pki_types::pem::Error,
    },
    /// Certificate and key don't go together, or are of a kind that is not understood.
    #[error(
        "certificate and key can't be used: {0}; the certificate file holds the server's own first, then the chain"
    )]
    Pair(#[from] rustls::Error),
}

/// Listens with TLS 1.2 and 1.3. Handshakes run side by side, so that a slow client holds up nobody.
pub struct TlsListener {
    address: SocketAddr,
    certificate: CertificateDer<'static>,
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    door: JoinHandle<()>,
}

impl TlsListener {
    /// Serves over this listener with the certificate chain and the private key in these PEM files.
    ///
    /// # Errors
    /// When the files can't be used.
    pub fn new(
        listener: TcpListener,
        certificate: &Path,
        key: &Path,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, TlsError> {
        let file = |what| move |error| TlsError::File { what, error };
        let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
        let chain = chain.map_err(file("the certificate"))?;
        // A file without any is refused below.
        let certificate = chain.first().cloned().unwrap_or_else(|| CertificateDer::from(Vec::new()));
        let key = PrivateKeyDer::from_pem_file(key).map_err(file("the key"))?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let address = listener.local_addr().unwrap_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)));
        let (hand_over, ready) = mpsc::channel(AT_A_TIME);
        let door = tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), hand_over));
        Ok(Self { address, certificate, ready, door })
    }

    /// The certificate that is shown to browsers.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.door.abort();
    }
}

async fn accept(
    mut listener: TcpListener,
    acceptor: TlsAcceptor,
    hand_over: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    let shaking = Arc::new(Semaphore::new(AT_A_TIME));
    while let Ok(place) = Arc::clone(&shaking).acquire_owned().await {
        // axum's own accept waits out a lack of file descriptors.
        let (mut stream, from) = Listener::accept(&mut listener).await;
        at_once(&mut stream);
        let (acceptor, hand_over) = (acceptor.clone(), hand_over.clone());
        tokio::spawn(async move {
            match timeout(HANDSHAKE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => drop(hand_over.send((stream, from)).await),
                Ok(Err(error)) => tracing::debug!(%from, %error, "a TLS handshake failed"),
                Err(_) => tracing::debug!(%from, "a TLS handshake took too long"),
            }
            drop(place);
        });
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(accepted) => accepted,
            // The door is gone with the runtime: nobody comes any more.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}
