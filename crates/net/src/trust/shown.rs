//! The certificate that a server shows, looked at before anybody believes it: the handshake is broken off there, whatever
//! it is, and nothing was sent but the greeting.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use busylamp_core::said::Said;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use thiserror::Error as ThisError;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Certificate, Fingerprint, Trust, TrustError, provider, verifier::Cause};

/// No server is waited for longer.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// A certificate as a server shows it. Nobody vouches for it but whom [`Shown::untrusted`] leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What a pin is made of.
    pub fingerprint: Fingerprint,
    /// What stands in it; `None` if it can't be read.
    pub certificate: Option<Certificate>,
    /// Why the system's authorities don't vouch for it under this name; `None`: they do.
    pub untrusted: Option<Said>,
}

/// Why there is nothing to show.
#[derive(Debug, ThisError)]
pub enum ShownError {
    /// The host is neither a name nor an address.
    #[error("`{0}` is no name of a server")]
    Name(String),
    /// Nobody answers there.
    #[error("the server can't be reached: {0}; check the name, the port and the firewall")]
    Unreachable(std::io::Error),
    /// It took too long.
    #[error("the server does not answer within {} s; check the name, the port and the firewall", PATIENCE.as_secs())]
    Silent,
    /// What answers does not speak TLS.
    #[error("the server shows no certificate: {0}; is it the port for https?")]
    NoTls(std::io::Error),
    /// TLS can't be set up.
    #[error("{0}")]
    Setup(#[from] TrustError),
}

impl Shown {
    /// Looks at what a server shows now, without believing or sending anything.
    ///
    /// # Errors
    /// When it shows nothing.
    pub async fn by(host: &str, port: u16) -> Result<Self, ShownError> {
        let host = host.trim_matches(['[', ']']);
        let name = ServerName::try_from(host.to_owned()).map_err(|_| ShownError::Name(host.to_owned()))?;
        let looking = async {
            let stream = TcpStream::connect((host, port)).await.map_err(ShownError::Unreachable)?;
            let provider = provider();
            let looker = Arc::new(Looker::new(&provider));
            let config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .map_err(|error| TrustError::Setup { reason: error.to_string() })?
                .dangerous()
                .with_custom_certificate_verifier(Arc::clone(&looker) as Arc<dyn ServerCertVerifier>)
                .with_no_client_auth();
            let handshake = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
            match (looker.take(), handshake) {
                (Some(shown), _) => Ok(shown),
                (None, Err(error)) => Err(ShownError::NoTls(error)),
                (None, Ok(_)) => Err(ShownError::NoTls(std::io::ErrorKind::InvalidData.into())),
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.map_err(|_| ShownError::Silent)?
    }
}

/// A verifier that looks at the certificate, refuses it, and so ends the handshake.
#[derive(Debug)]
struct Looker {
    /// The system's judgement, where it has authorities.
    system: Result<Arc<dyn ServerCertVerifier>, Said>,
    schemes: Vec<SignatureScheme>,
    shown: Mutex<Option<Shown>>,
}

impl Looker {
    fn new(provider: &Arc<CryptoProvider>) -> Self {
        Self {
            system: Trust::System.verifier().map_err(|error| error.said()),
            schemes: provider.signature_verification_algorithms.supported_schemes(),
            shown: Mutex::default(),
        }
    }

    fn take(&self) -> Option<Shown> {
        // It is replaced whole.
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ServerCertVerifier for Looker {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judged = match &self.system {
            Ok(system) => {
                system.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now).map_err(|error| {
                    let Error::InvalidCertificate(error) = &error else {
                        return Cause::Other(error.to_string()).said();
                    };
                    Cause::of(error).said()
                })
            }
            Err(problem) => Err(problem.clone()),
        };
        let shown = Shown {
            fingerprint: Fingerprint::of(end_entity),
            certificate: Certificate::read(end_entity),
            untrusted: judged.err(),
        };
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        Err(Error::General("it was only looked at".to_owned()))
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("it was only looked at".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("it was only looked at".to_owned()))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};
    use rustls::ServerConfig;
    use rustls_pki_types::PrivateKeyDer;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };
    use tokio_rustls::TlsAcceptor;

    use super::*;

    #[tokio::test]
    async fn a_certificate_that_nobody_vouches_for_is_shown_and_nothing_is_sent() {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .unwrap();
        let server = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            match TlsAcceptor::from(Arc::new(config)).accept(stream).await {
                Ok(mut stream) => stream.read(&mut [0; 16]).await.unwrap_or(0),
                Err(_) => 0,
            }
        });
        let shown = Shown::by("localhost", port).await.unwrap();
        assert_eq!(shown.fingerprint, Fingerprint::of(certificate.der()));
        assert!(shown.untrusted.is_some_and(|why| !why.to_string().is_empty()));
        assert!(shown.certificate.is_some());
        assert_eq!(server.await.unwrap(), 0, "nothing was sent");
    }

    #[tokio::test]
    async fn what_is_no_tls_shows_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"220 mail.example.com ESMTP\r\n").await.unwrap();
        });
        assert!(matches!(Shown::by("127.0.0.1", port).await, Err(ShownError::NoTls(_))));
        server.await.unwrap();
        assert!(matches!(Shown::by("127.0.0.1", port).await, Err(ShownError::Unreachable(_))));
        assert!(matches!(Shown::by("a b", 443).await, Err(ShownError::Name(_))));
    }
}
