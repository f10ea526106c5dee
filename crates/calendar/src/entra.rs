//! Signing in at Entra as an application: what both sources do when their server takes tokens.
//!
//! ```text
//! token    the access token    refusal  why there is none
//! ```

mod refusal;
mod token;

use busylamp_core::secret::Secret;
pub(crate) use refusal::SignInError;
pub(crate) use token::{Roles, Token, TokenSource};
use url::Url;

/// An application of a tenant's, and what it wants a token for.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) tenant: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Secret,
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
