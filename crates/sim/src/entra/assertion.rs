//! Applications that prove themselves with a certificate: the certificates that are registered, and whether a statement
//! was signed with the key of one of them. ("Microsoft identity platform certificate credentials")

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use serde_json::Value;
use sha2::{Digest, Sha256};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

/// What a client sends to say that it proves itself so.
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// A statement may not be meant for longer, in seconds.
const LONGEST: i64 = 660;
/// Clocks may differ so much, in seconds.
const SKEW: i64 = 300;

/// The certificates of the application.
#[derive(Default)]
pub(crate) struct Certificates(Mutex<Registered>);

#[derive(Default)]
struct Registered {
    /// Thumbprints with public keys.
    keys: Vec<(String, Vec<u8>)>,
    /// The statements that were believed: none is believed twice.
    seen: Vec<String>,
}

/// Why a statement is not believed: Entra's code and sentence.
pub(super) type Doubt = (u32, &'static str);

impl Certificates {
    /// Registers the certificate of a PEM text, as an administrator does in the app registration.
    pub(crate) fn register(&self, pem: &str) -> Result<(), &'static str> {
        let certificate =
            CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| "there is no certificate in it")?;
        let (_, read) = X509Certificate::from_der(&certificate).map_err(|_| "the certificate can't be read")?;
        let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(&certificate));
        let key = read.public_key().subject_public_key.data.to_vec();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keys.push((thumbprint, key));
        Ok(())
    }

    /// Whether a statement says that its maker is this client, to this address, now.
    pub(super) fn believes(&self, said: &str, client: &str, address: &str, now: Timestamp) -> Result<(), Doubt> {
        const MALFORMED: Doubt = (50027, "JWT token is invalid or malformed.");
        let mut registered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (text, signature) = said.rsplit_once('.').ok_or(MALFORMED)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| MALFORMED)?;
        let (header, claims) = text.split_once('.').ok_or(MALFORMED)?;
        let part = |part: &str| {
            let json = URL_SAFE_NO_PAD.decode(part).ok()?;
            serde_json::from_slice::<Value>(&json).ok()
        };
        let (header, claims) = (part(header).ok_or(MALFORMED)?, part(claims).ok_or(MALFORMED)?);
        if header["alg"] != "PS256" || header["typ"] != "JWT" {
            return Err(MALFORMED);
        }
        let known = registered.keys.iter().find(|(thumbprint, _)| header["x5t#S256"] == thumbprint.as_str());
        let (_, key) = known.ok_or((
            700_027,
            "The certificate with identifier used to sign the client assertion is not registered on application.",
        ))?;
        let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, key);
        public
            .verify(text.as_bytes(), &signature)
            .map_err(|_| (700_027, "Client assertion failed signature validation."))?;
        let time = |name: &str| claims[name].as_i64();
        let now = now.as_second();
        let (Some(from), Some(to)) = (time("nbf"), time("exp")) else { return Err(MALFORMED) };
        if from > now + SKEW || to <= now - SKEW || to - from > LONGEST {
            return Err((700_024, "Client assertion is not within its valid time range."));
        }
        if claims["aud"] != address {
            return Err((700_023, "Client assertion audience claim does not match Realm issuer."));
        }
        if claims["iss"] != client || claims["sub"] != client {
            return Err((700_021, "Client assertion application identifier doesn't match 'client_id' parameter."));
        }
        let id = claims["jti"].as_str().filter(|id| id.len() >= 16).ok_or(MALFORMED)?.to_owned();
        if registered.seen.contains(&id) {
            return Err((50027, "The client assertion was used before."));
        }
        registered.seen.push(id);
        Ok(())
    }
}
