//! The verifiers behind [`Trust`](super::Trust).

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use thiserror::Error as ThisError;

use super::{Fingerprint, Pin, certificate::Book};

/// A server's certificate was refused.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error("the server's certificate is refused: {cause} (its fingerprint is {seen})")]
pub struct Untrusted {
    /// The certificate that the server showed.
    pub seen: Fingerprint,
    /// Why.
    pub cause: Cause,
}

/// Why a certificate was refused.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
pub enum Cause {
    /// Nobody who is trusted vouches for it.
    #[error("it was not issued by a trusted authority")]
    UnknownIssuer,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// Its time has not come; often a wrong clock.
    #[error("it is not valid yet (is the clock right?)")]
    NotYetValid,
    /// It was issued for another name.
    #[error("it was issued for other names ({})", if presented.is_empty() { "none".to_owned() } else { presented.join(", ") })]
    WrongName {
        /// The names in it.
        presented: Vec<String>,
    },
    /// It was called back.
    #[error("it has been revoked")]
    Revoked,
    /// It isn't the one that is pinned.
    #[error("it is not the pinned one")]
    NotPinned,
    /// Anything else that the TLS library objects to.
    #[error("{0}")]
    Other(String),
}

impl Cause {
    // The library's list of errors is open: what is not named here is shown in its own words.
    #[allow(clippy::wildcard_enum_match_arm)]
    pub(super) fn of(error: &CertificateError) -> Self {
        match error {
            // A bad signature is that of another authority of the same name, for example one that was made anew.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::UnknownIssuer,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotYetValid,
            CertificateError::NotValidForName => Self::WrongName { presented: Vec::new() },
            CertificateError::NotValidForNameContext { presented, .. } => {
                Self::WrongName { presented: presented.iter().take(8).cloned().collect() }
            }
            CertificateError::Revoked => Self::Revoked,
            other => Self::Other(other.to_string()),
        }
    }
}

/// Another verifier whose refusals carry the fingerprint of the certificate, and which notes what it believes.
#[derive(Debug)]
pub(super) struct Showing {
    verifier: Arc<dyn ServerCertVerifier>,
    believed: Arc<Book>,
}

impl Showing {
    pub(super) fn new(verifier: Arc<dyn ServerCertVerifier>) -> Self {
        Self { verifier, believed: Book::open() }
    }
}

impl ServerCertVerifier for Showing {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        if verified.is_ok() {
            self.believed.note(server_name, end_entity);
        }
        verified.map_err(|error| {
            let Error::InvalidCertificate(certificate_error) = &error else { return error };
            if let CertificateError::Other(OtherError(inner)) = certificate_error
                && inner.is::<Untrusted>()
            {
                return error;
            }
            refused(end_entity, Cause::of(certificate_error))
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// Believes one certificate. Its name, issuer and dates are not looked at; that the server has its key is.
#[derive(Debug)]
pub(super) struct PinVerifier {
    pin: Pin,
    algorithms: WebPkiSupportedAlgorithms,
}

impl PinVerifier {
    pub(super) fn new(pin: Pin, provider: &CryptoProvider) -> Self {
        Self { pin, algorithms: provider.signature_verification_algorithms }
    }
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.pin.matches(end_entity) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(refused(end_entity, Cause::NotPinned))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn refused(certificate: &CertificateDer<'_>, cause: Cause) -> Error {
    let untrusted = Untrusted { seen: Fingerprint::of(certificate), cause };
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(untrusted))))
}
