//! Where Graph is, and as whom we sign in.

use std::str::FromStr;

use busylamp_core::secret::Secret;
use busylamp_net::trust::Trust;
use thiserror::Error;
use url::Url;

use super::link::Endpoint;
use crate::entra::{self, App, CertificateProblem, ClientCredential, CredentialProblem};

/// A connection to Microsoft 365.
#[derive(Clone, Debug)]
pub struct GraphSettings {
    /// The tenant: its id or one of its domains.
    pub tenant: String,
    /// The application's (client) id.
    pub client_id: String,
    /// What the application proves itself with.
    pub credential: ClientCredential,
    /// Where tokens come from, for example `https://login.microsoftonline.com`.
    pub login: Url,
    /// Where Graph is, with its version, for example `https://graph.microsoft.com/v1.0`.
    pub endpoint: Url,
    /// Whom both are believed by.
    pub trust: Trust,
    /// Most requests that Graph works on at a time. Graph works on up to four of a batch at a time, so this
    /// is four times the number of batches under way.
    pub ceiling: usize,
}

/// Factory value of [`GraphSettings::ceiling`].
pub const CEILING: usize = 16;

impl GraphSettings {
    /// A connection to a cloud of Microsoft's, with the system's trust.
    pub fn new(cloud: Cloud, tenant: &str, client_id: &str, client_secret: Secret) -> Self {
        Self {
            tenant: tenant.to_owned(),
            client_id: client_id.to_owned(),
            credential: ClientCredential::Secret(client_secret),
            login: cloud.login(),
            endpoint: cloud.endpoint(),
            trust: Trust::System,
            ceiling: CEILING,
        }
    }

    /// Checks all that can be checked without network.
    ///
    /// # Errors
    /// The first thing found that can't be used.
    pub fn validate(&self) -> Result<(), SettingsError> {
        if !entra::is_tenant(&self.tenant) {
            return Err(SettingsError::Tenant);
        }
        if self.client_id.trim().is_empty() {
            return Err(SettingsError::ClientId);
        }
        self.credential.validate()?;
        for (name, url) in [("login", &self.login), ("endpoint", &self.endpoint)] {
            if !entra::is_endpoint(url) {
                return Err(SettingsError::Url { name });
            }
        }
        Ok(())
    }

    /// The application, asking for all that was consented to on Graph's host.
    pub(super) fn app(&self) -> Result<App, SettingsError> {
        Ok(App {
            tenant: self.tenant.clone(),
            client_id: self.client_id.clone(),
            proof: self.credential.proof()?,
            login: self.login.clone(),
            scope: format!("{}/.default", self.endpoint.origin().ascii_serialization()),
        })
    }

    pub(super) fn graph(&self) -> Endpoint {
        Endpoint::new(&self.endpoint)
    }
}

/// Why settings can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// Not a tenant.
    #[error("expected the tenant's id (a GUID) or one of its domains")]
    Tenant,
    /// No client id.
    #[error("expected the application's (client) id")]
    ClientId,
    /// No secret.
    #[error("it is empty")]
    ClientSecret,
    /// A certificate that can't be used.
    #[error("{0}")]
    ClientCertificate(CertificateProblem),
    /// Not an address of a server.
    #[error("expected an https address without query and user")]
    Url {
        /// The setting.
        name: &'static str,
    },
}

impl SettingsError {
    /// The setting that it is about.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::ClientId => "client_id",
            Self::ClientSecret => "client_secret",
            Self::ClientCertificate(_) => "client_certificate",
            Self::Url { name } => name,
        }
    }
}

impl From<CredentialProblem> for SettingsError {
    fn from(problem: CredentialProblem) -> Self {
        match problem {
            CredentialProblem::EmptySecret => Self::ClientSecret,
            CredentialProblem::Certificate(problem) => Self::ClientCertificate(problem),
        }
    }
}

/// Microsoft's clouds. Host names from microsoft-graph-docs-contrib, `concepts/deployments.md`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cloud {
    /// The worldwide one, GCC included.
    #[default]
    Global,
    /// US Government L4 (GCC High).
    UsGov,
    /// US Government L5 (DoD).
    UsDod,
    /// China, operated by 21Vianet.
    China,
}

impl Cloud {
    /// Where tokens come from.
    pub fn login(self) -> Url {
        let url = match self {
            Self::Global => "https://login.microsoftonline.com",
            Self::UsGov | Self::UsDod => "https://login.microsoftonline.us",
            Self::China => "https://login.chinacloudapi.cn",
        };
        Url::parse(url).expect("a constant that a test parses")
    }

    /// Where Graph is.
    pub fn endpoint(self) -> Url {
        let url = match self {
            Self::Global => "https://graph.microsoft.com/v1.0",
            Self::UsGov => "https://graph.microsoft.us/v1.0",
            Self::UsDod => "https://dod-graph.microsoft.us/v1.0",
            Self::China => "https://microsoftgraph.chinacloudapi.cn/v1.0",
        };
        Url::parse(url).expect("a constant that a test parses")
    }
}

/// Not the name of a cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("cloud: expected global, us_gov, us_dod or china")]
pub struct UnknownCloud;

impl FromStr for Cloud {
    type Err = UnknownCloud;

    fn from_str(name: &str) -> Result<Self, UnknownCloud> {
        match name {
            "global" => Ok(Self::Global),
            "us_gov" => Ok(Self::UsGov),
            "us_dod" => Ok(Self::UsDod),
            "china" => Ok(Self::China),
            _ => Err(UnknownCloud),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(cloud: Cloud) -> GraphSettings {
        GraphSettings::new(cloud, "contoso.example", "app", Secret::new("geheim"))
    }

    #[test]
    fn every_cloud_has_its_hosts_and_its_scope() {
        let scopes = ["global", "us_gov", "us_dod", "china"].map(|name| {
            let settings = settings(name.parse().unwrap());
            assert_eq!(settings.validate(), Ok(()));
            settings.app().unwrap().scope
        });
        assert_eq!(
            scopes,
            [
                "https://graph.microsoft.com/.default",
                "https://graph.microsoft.us/.default",
                "https://dod-graph.microsoft.us/.default",
                "https://microsoftgraph.chinacloudapi.cn/.default"
            ]
        );
        assert_eq!("mars".parse::<Cloud>(), Err(UnknownCloud));
    }

    #[test]
    fn addresses_of_ones_own_may_have_a_path() {
        let mut settings = settings(Cloud::Global);
        settings.login = Url::parse("http://127.0.0.1:8080/login/").unwrap();
        settings.endpoint = Url::parse("http://127.0.0.1:8080/graph/v1.0").unwrap();
        assert_eq!(
            settings.app().unwrap().token_url(),
            "http://127.0.0.1:8080/login/contoso.example/oauth2/v2.0/token"
        );
        assert_eq!(settings.app().unwrap().scope, "http://127.0.0.1:8080/.default");
    }

    #[test]
    fn what_can_not_work_is_refused() {
        let broken = |change: fn(&mut GraphSettings)| {
            let mut settings = settings(Cloud::Global);
            change(&mut settings);
            settings.validate()
        };
        assert_eq!(broken(|s| s.tenant = "a/../b".into()), Err(SettingsError::Tenant));
        assert_eq!(broken(|s| s.client_id = " ".into()), Err(SettingsError::ClientId));
        assert_eq!(
            broken(|s| s.credential = ClientCredential::Secret(Secret::new(""))),
            Err(SettingsError::ClientSecret)
        );
        assert_eq!(
            broken(|s| s.endpoint = Url::parse("ftp://x/").unwrap()),
            Err(SettingsError::Url { name: "endpoint" })
        );
    }

    #[test]
    fn the_secret_is_not_shown() {
        assert!(!format!("{:?}", settings(Cloud::Global)).contains("geheim"));
    }
}
