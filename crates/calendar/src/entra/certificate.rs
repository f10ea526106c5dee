//! Signing in with a certificate in place of a secret: a short statement about ourselves, signed with the certificate's
//! key. (Microsoft identity platform, "certificate credentials"; RFC 7523, section 2.2.)

use std::fmt;

use aws_lc_rs::{
    rand::{SecureRandom, SystemRandom},
    signature::{KeyPair, RSA_PSS_SHA256, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use busylamp_core::{said::Said, secret::Secret};
use busylamp_net::trust::{Certificate, Fingerprint};
use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use serde_json::json;
use thiserror::Error;

/// How long a statement is good for, in seconds. Microsoft asks for 5 to 10 minutes at most.
const LIFE: i64 = 300;
/// Clocks may differ so much, in seconds.
const SKEW: i64 = 60;

/// The form's field that says what the statement is. (RFC 7523, section 2.2)
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A certificate with its key.
pub(crate) struct ClientCertificate {
    key: RsaKeyPair,
    /// What Entra tells it by: the SHA-256 of the certificate in DER form.
    thumbprint: String,
    ends: Option<Timestamp>,
}

/// Why a certificate can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CertificateProblem {
    /// No certificate.
    #[error("there is no certificate in it: expected a PEM file with -----BEGIN CERTIFICATE----- and the private key")]
    NoCertificate,
    /// No key.
    #[error(
        "there is no private key in it: put the certificate and its key into one PEM file, the key without a password \
         (`openssl pkcs12 -in certificate.pfx -nodes` writes both)"
    )]
    NoKey,
    /// A key that Entra does not take.
    #[error("its key is no RSA key of 2048 to 8192 bits: Microsoft Entra takes RSA keys only")]
    NoRsaKey,
    /// The key of another certificate.
    #[error("the private key is not the certificate's: put both of one pair into the file")]
    OtherKey,
    /// Neither this nor that can be read.
    #[error("the certificate can't be read: export it again in PEM form")]
    Unreadable,
}

impl CertificateProblem {
    /// What is wrong and what would be right, in either language.
    pub fn said(self) -> Said {
        let german = match self {
            Self::NoCertificate => {
                "Es ist kein Zertifikat darin: erwartet wird eine PEM-Datei mit -----BEGIN CERTIFICATE----- und dem privaten \
                 Schlüssel."
            }
            Self::NoKey => {
                "Es ist kein privater Schlüssel darin: legen Sie Zertifikat und Schlüssel in eine PEM-Datei, den Schlüssel \
                 ohne Kennwort (`openssl pkcs12 -in certificate.pfx -nodes` schreibt beides)."
            }
            Self::NoRsaKey => {
                "Sein Schlüssel ist kein RSA-Schlüssel mit 2048 bis 8192 Bit: Microsoft Entra nimmt nur RSA-Schlüssel."
            }
            Self::OtherKey => {
                "Der private Schlüssel ist nicht der des Zertifikats: legen Sie beide desselben Paars in die Datei."
            }
            Self::Unreadable => "Das Zertifikat ist nicht zu lesen: exportieren Sie es neu im PEM-Format.",
        };
        Said::new(german, self.to_string())
    }
}

impl ClientCertificate {
    /// The certificate and key of a PEM file; of several certificates the one that the key belongs to.
    pub(crate) fn from_pem(pem: &Secret) -> Result<Self, CertificateProblem> {
        let pem = pem.expose().as_bytes();
        let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let certificates = certificates.map_err(|_| CertificateProblem::Unreadable)?;
        if certificates.is_empty() {
            return Err(CertificateProblem::NoCertificate);
        }
        // The library's list of kinds is open.
        #[allow(clippy::wildcard_enum_match_arm)]
        let key = match PrivateKeyDer::from_pem_slice(pem).map_err(|_| CertificateProblem::NoKey)? {
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            _ => return Err(CertificateProblem::NoRsaKey),
        };
        let key = key.map_err(|_| CertificateProblem::NoRsaKey)?;
        let public = key.public_key().as_ref();
        let mut readable = false;
        for certificate in &certificates {
            let Some(own) = Certificate::public_key(certificate) else { continue };
            readable = true;
            if own == public {
                let thumbprint = URL_SAFE_NO_PAD.encode(Fingerprint::of(certificate).bytes());
                let ends = Certificate::read(certificate).map(|read| read.not_after);
                return Ok(Self { key, thumbprint, ends });
            }
        }
        Err(if readable { CertificateProblem::OtherKey } else { CertificateProblem::Unreadable })
    }

    /// When the certificate ends.
    pub(crate) fn ends(&self) -> Option<Timestamp> {
        self.ends
    }

    /// A statement for an address that gives out tokens: that we are this application.
    pub(crate) fn assertion(&self, audience: &str, client_id: &str, now: Timestamp) -> Option<Secret> {
        let random = SystemRandom::new();
        let mut id = [0; 16];
        random.fill(&mut id).ok()?;
        let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint});
        let now = now.as_second();
        let claims = json!({
            "aud": audience, "iss": client_id, "sub": client_id, "jti": URL_SAFE_NO_PAD.encode(id),
            "iat": now, "nbf": now - SKEW, "exp": now + LIFE,
        });
        let encoded = |part: serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let said = format!("{}.{}", encoded(header), encoded(claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PSS_SHA256, &random, said.as_bytes(), &mut signature).ok()?;
        Some(Secret::new(format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientCertificate({})", self.thumbprint)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use aws_lc_rs::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
    use rcgen::{CertificateParams, KeyPair as Pair, PKCS_ECDSA_P256_SHA256, RsaKeySize};
    use serde_json::Value;

    use super::*;

    fn certificate(key: &Pair) -> String {
        CertificateParams::new(["busylamp.example.com".to_owned()]).unwrap().self_signed(key).unwrap().pem()
    }

    pub(crate) fn rsa() -> Pair {
        Pair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap()
    }

    fn read(pem: &str) -> Result<ClientCertificate, CertificateProblem> {
        ClientCertificate::from_pem(&Secret::new(pem))
    }

    #[test]
    fn a_statement_names_the_application_and_is_signed_with_the_certificates_key() {
        let key = rsa();
        let pem = key.serialize_pem() + &certificate(&rsa()) + &certificate(&key);
        let certificate = read(&pem).unwrap();
        let now: Timestamp = "2026-11-24T09:00:00Z".parse().unwrap();
        let said = certificate.assertion("https://login.test/t/oauth2/v2.0/token", "app", now).unwrap();
        let (said, signature) = said.expose().rsplit_once('.').unwrap();
        let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, certificate.key.public_key().as_ref());
        public.verify(said.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        let parts: Vec<Value> = said
            .split('.')
            .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
            .collect();
        assert_eq!((&parts[0]["alg"], &parts[0]["typ"]), (&json!("PS256"), &json!("JWT")));
        assert_eq!(parts[0]["x5t#S256"], certificate.thumbprint);
        assert_eq!((&parts[1]["iss"], &parts[1]["sub"]), (&json!("app"), &json!("app")));
        assert_eq!(parts[1]["aud"], "https://login.test/t/oauth2/v2.0/token");
        assert_eq!(parts[1]["exp"].as_i64().unwrap(), now.as_second() + LIFE);
    }

    #[test]
    fn what_is_missing_is_named() {
        let key = rsa();
        let ec = Pair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let cases = [
            (String::new(), CertificateProblem::NoCertificate),
            (key.serialize_pem(), CertificateProblem::NoCertificate),
            (certificate(&key), CertificateProblem::NoKey),
            (certificate(&ec) + &ec.serialize_pem(), CertificateProblem::NoRsaKey),
            (certificate(&key) + &rsa().serialize_pem(), CertificateProblem::OtherKey),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned() + &key.serialize_pem(),
                CertificateProblem::Unreadable,
            ),
        ];
        for (pem, problem) in cases {
            assert_eq!(read(&pem).unwrap_err(), problem);
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let key = rsa();
        let shown = format!("{:?}", read(&(certificate(&key) + &key.serialize_pem())).unwrap());
        assert!(shown.len() < 80, "{shown}");
    }
}
