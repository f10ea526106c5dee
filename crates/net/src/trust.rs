//! Whom a TLS connection believes.
//!
//! There is no way to accept just any certificate. Who meets an unknown one is shown its fingerprint
//! ([`Untrusted::seen`]) and can pin it. What is believed is noted with its last day ([`certificates`]).

mod certificate;
mod german;
mod pin;
mod shown;
mod verifier;

use std::{fmt, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::CryptoProvider,
};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use thiserror::Error;

pub use certificate::{Certificate, PeerCertificate, certificates};
pub use pin::{Fingerprint, Pin, PinError};
pub use shown::{Shown, ShownError};
pub use verifier::{Cause, Untrusted};
use verifier::{PinVerifier, Showing};

/// Whom a connection believes.
#[derive(Clone, Debug, Default)]
pub enum Trust {
    /// The authorities that the operating system trusts.
    #[default]
    System,
    /// One private authority (or several in one file), and nobody else.
    Authority(Authority),
    /// Exactly one certificate, whatever its name, issuer and dates. For self-signed certificates.
    Pin(Pin),
}

/// The certificates of a private authority.
#[derive(Clone)]
pub struct Authority(Arc<RootCertStore>);

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority({} certificates)", self.0.len())
    }
}

/// Why a trust setting can't be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TrustError {
    /// The file holds no certificate in PEM form.
    #[error("there is no certificate in it: expected a PEM file with -----BEGIN CERTIFICATE-----")]
    NoCertificate,
    /// A block of the file is damaged.
    #[error("certificate {number} of the file is damaged: export it again in PEM form (Base64)")]
    BadCertificate {
        /// Which one, from 1 on.
        number: usize,
    },
    /// The operating system offers no authorities.
    #[error(
        "the system's list of trusted authorities can't be used ({reason}): install the package ca-certificates, \
         or set an authority or a pin for this connection"
    )]
    NoSystemAuthorities {
        /// What the system said.
        reason: String,
    },
    /// The TLS library or the HTTP client refused the set-up.
    #[error("TLS can't be set up: {reason}")]
    Setup {
        /// What it said.
        reason: String,
    },
}

impl Trust {
    /// The authority whose certificates stand in this PEM file. Other blocks (keys, requests) are passed over.
    ///
    /// # Errors
    /// When there is no certificate in it, or a damaged one.
    pub fn authority_pem(pem: &[u8]) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        for (index, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
            let number = index + 1;
            let certificate = certificate.map_err(|_| TrustError::BadCertificate { number })?;
            roots.add(certificate).map_err(|_| TrustError::BadCertificate { number })?;
        }
        if roots.is_empty() {
            return Err(TrustError::NoCertificate);
        }
        Ok(Self::Authority(Authority(Arc::new(roots))))
    }

    /// A configuration for TLS 1.2 and 1.3 with this trust, without client certificate and without ALPN.
    ///
    /// # Errors
    /// When the system's authorities can't be had or the library refuses.
    pub fn client_config(&self) -> Result<ClientConfig, TrustError> {
        let verifier = self.verifier()?;
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| TrustError::Setup { reason: error.to_string() })?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Showing::new(verifier)))
            .with_no_client_auth();
        Ok(config)
    }

    fn verifier(&self) -> Result<Arc<dyn ServerCertVerifier>, TrustError> {
        let provider = provider();
        Ok(match self {
            Self::System => Arc::new(
                rustls_platform_verifier::Verifier::new(provider)
                    .map_err(|error| TrustError::NoSystemAuthorities { reason: error.to_string() })?,
            ),
            Self::Authority(authority) => {
                WebPkiServerVerifier::builder_with_provider(Arc::clone(&authority.0), provider)
                    .build()
                    .map_err(|error| TrustError::Setup { reason: error.to_string() })?
            }
            Self::Pin(pin) => Arc::new(PinVerifier::new(*pin, &provider)),
        })
    }
}

/// The cryptography that all our connections use.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Makes [`provider`] the default of the process, for libraries that ask for one. To be called once, first
/// thing in `main`; nothing in this crate needs it.
pub fn install_provider() {
    // An error says that a default is already there, which can only be this one: no other is compiled in.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        assert_eq!(Trust::authority_pem(b"").unwrap_err(), TrustError::NoCertificate);
        assert_eq!(Trust::authority_pem(b"no PEM at all").unwrap_err(), TrustError::NoCertificate);
    }

    #[test]
    fn a_damaged_certificate_is_refused_with_its_number() {
        let damaged = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(Trust::authority_pem(damaged).unwrap_err(), TrustError::BadCertificate { number: 1 });
        let broken = b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n";
        assert_eq!(Trust::authority_pem(broken).unwrap_err(), TrustError::BadCertificate { number: 1 });
    }

    #[test]
    fn an_authority_is_read_and_shown_without_its_bytes() {
        let key = rcgen::generate_simple_self_signed(["ca.example.com".to_owned()]).unwrap();
        let trust = Trust::authority_pem(key.cert.pem().as_bytes()).unwrap();
        assert_eq!(format!("{trust:?}"), "Authority(Authority(1 certificates))");
        assert!(trust.client_config().is_ok());
    }
}
