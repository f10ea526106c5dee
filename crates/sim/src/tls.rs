//! HTTPS with an authority that exists for one run.

use std::{io::Write, sync::Arc};

use anyhow::Context;
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::NamedTempFile;
use tokio_rustls::TlsAcceptor;

/// The names under which the server is reached.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A server's side of TLS, and the file with the authority's certificate. The file goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) certificate: NamedTempFile,
}

/// TLS as connections need it.
#[derive(Clone)]
pub(crate) struct Secure {
    pub(crate) acceptor: TlsAcceptor,
    /// What a sign-in over such a connection is bound to.
    pub(crate) binding: [u8; 16],
}

/// Makes an authority, and a certificate of it for loopback.
pub(crate) fn found() -> anyhow::Result<(Secure, Authority)> {
    let name = |name: &str| {
        let mut distinguished = DistinguishedName::new();
        distinguished.push(DnType::CommonName, name);
        distinguished
    };
    let mut authority = CertificateParams::default();
    authority.distinguished_name = name("Simulator authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);

    let mut server = CertificateParams::new(NAMES.map(str::to_owned))?;
    server.distinguished_name = name("Simulator");
    let server_key = KeyPair::generate()?;
    let server_certificate = server.signed_by(&server_key, &issuer)?;

    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![server_certificate.der().clone()], key)?;

    let mut file = tempfile::Builder::new().prefix("simulator-ca-").suffix(".pem").tempfile()?;
    file.write_all(authority_certificate.pem().as_bytes()).context("the authority's certificate can't be written")?;
    file.flush()?;
    let binding = crate::ntlm::channel_binding(server_certificate.der());
    let secure = Secure { acceptor: TlsAcceptor::from(Arc::new(config)), binding };
    Ok((secure, Authority { certificate: file }))
}
