//! Signing in at Entra as an application: what both sources do when their server takes tokens.
//!
//! ```text
//! token    the access token    refusal  why there is none
//! certificate  proving who we are without a secret
//! ```

mod certificate;
mod refusal;
mod token;

use std::sync::Arc;

use busylamp_core::secret::Secret;
pub use certificate::CertificateProblem;
use certificate::ClientCertificate;
use jiff::Timestamp;
pub(crate) use refusal::SignInError;
pub(crate) use token::{Roles, Token, TokenSource};
use url::Url;

/// What an application proves itself with. `Debug` shows no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientCredential {
    /// The value of a client secret.
    Secret(Secret),
    /// A certificate and its RSA key, in one PEM file.
    Certificate(Secret),
}

/// Why a credential can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CredentialProblem {
    EmptySecret,
    Certificate(CertificateProblem),
}

impl ClientCredential {
    /// When the certificate ends; `None` for a secret, which does not tell it.
    pub fn ends(&self) -> Option<Timestamp> {
        match self {
            Self::Secret(_) => None,
            Self::Certificate(pem) => ClientCertificate::from_pem(pem).ok()?.ends(),
        }
    }

    pub(crate) fn validate(&self) -> Result<(), CredentialProblem> {
        self.proof().map(drop)
    }

    /// The credential ready for use.
    pub(crate) fn proof(&self) -> Result<Proof, CredentialProblem> {
        match self {
            Self::Secret(secret) if secret.expose().is_empty() => Err(CredentialProblem::EmptySecret),
            Self::Secret(secret) => Ok(Proof::Secret(secret.clone())),
            Self::Certificate(pem) => match ClientCertificate::from_pem(pem) {
                Ok(certificate) => Ok(Proof::Certificate(Arc::new(certificate))),
                Err(problem) => Err(CredentialProblem::Certificate(problem)),
            },
        }
    }
}

/// A credential that can be used.
#[derive(Clone)]
pub(crate) enum Proof {
    Secret(Secret),
    Certificate(Arc<ClientCertificate>),
}

/// An application of a tenant's, and what it wants a token for.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) tenant: String,
    pub(crate) client_id: String,
    pub(crate) proof: Proof,
    /// Where tokens come from.
    pub(crate) login: Url,
    /// What a token is asked for: all that was consented to on a host.
    pub(crate) scope: String,
}

impl App {
    /// Where a token is asked for.
    pub(crate) fn token_url(&self) -> String {
        format!("{}/{}/oauth2/v2.0/token", self.login.as_str().trim_end_matches('/'), self.tenant)
    }

    /// The page on which an administrator consents to what the application asks for.
    pub(crate) fn consent_url(&self) -> String {
        let login = self.login.as_str().trim_end_matches('/');
        format!("{login}/{}/adminconsent?client_id={}", self.tenant, self.client_id)
    }
}

/// Whether this can be a tenant's id or one of its domains: it becomes a part of a path.
pub(crate) fn is_tenant(tenant: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    !tenant.is_empty() && tenant.chars().all(plain)
}

/// Whether this is an address of a server that we may build on.
pub(crate) fn is_endpoint(url: &Url) -> bool {
    let http = matches!(url.scheme(), "https" | "http") && url.has_host();
    let plain = url.query().is_none() && url.fragment().is_none();
    http && plain && url.username().is_empty() && url.password().is_none()
}
