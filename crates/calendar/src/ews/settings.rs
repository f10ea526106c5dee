//! Where Exchange's web services are, as whom we sign in, and what we may read there.

use busylamp_core::secret::Secret;
use busylamp_net::{connection::BindingUse, trust::Trust};
use busylamp_windows_auth::UserName;
use thiserror::Error;
use url::Url;

use crate::entra::{self, App, Proof};

/// A connection to an Exchange Server.
#[derive(Clone, Debug)]
pub struct EwsSettings {
    /// The web services' address, for example `https://mail.example.com/EWS/Exchange.asmx`.
    pub url: Url,
    /// As whom, and in which way.
    pub sign_in: EwsSignIn,
    /// What the account may read.
    pub access: Access,
    /// Whom the server is believed by, and the login server where there is one.
    pub trust: Trust,
}

/// What an account may read, and therefore how calendars are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// The calendar folders are shared with it (`Reviewer`): many mailboxes a request. Private events come without
    /// their subjects, so keywords in those can't work.
    #[default]
    Folder,
    /// It may act as the mailboxes' owners (role `ApplicationImpersonation`, or an application's token): one mailbox a
    /// request, with free/busy times as a doorbell for many.
    Impersonation,
    /// It sees free/busy times only: no titles and no keywords.
    FreeBusy,
}

/// The ways to sign in.
#[derive(Clone, Debug)]
pub enum EwsSignIn {
    /// The password goes with every request; an administrator has to allow it on the server.
    Basic {
        /// `DOMAIN\user`, `user@domain` or `user`; without a colon (RFC 7617).
        user: String,
        /// Its password.
        password: Secret,
    },
    /// NTLM version 2: every connection is signed in by itself.
    Ntlm {
        /// `DOMAIN\user`, `user@domain` or `user`.
        user: String,
        /// Its password.
        password: Secret,
        /// Whether the sign-in is bound to the server's certificate (Extended Protection).
        channel_binding: BindingUse,
    },
    /// Kerberos: every connection is signed in by itself, with a ticket of the domain's.
    #[cfg(feature = "kerberos")]
    Negotiate {
        /// `user@domain` or `DOMAIN\user`, with the domain's full name.
        user: String,
        /// Its password.
        password: Secret,
        /// The domain controller, as `tcp://dc.example.com:88`; absent: the host with the domain's name.
        kdc: Option<Url>,
        /// Whether the sign-in is bound to the server's certificate (Extended Protection).
        channel_binding: BindingUse,
    },
    /// An application's token from Entra, for Exchange Online or with Hybrid Modern Authentication. The token is asked for
    /// the origin of [`EwsSettings::url`], which is what both expect.
    OAuth {
        /// The tenant: its id or one of its domains.
        tenant: String,
        /// The application's (client) id.
        client_id: String,
        /// The application's client secret: its value, not its id.
        client_secret: Secret,
        /// Where tokens come from, for example `https://login.microsoftonline.com`.
        login: Url,
    },
}

impl EwsSettings {
    /// Checks what a connection can't be built from, or what would give the password away for nothing.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), SettingsError> {
        if !entra::is_endpoint(&self.url) {
            return Err(SettingsError::Url { key: "url" });
        }
        match &self.sign_in {
            // The colon ends the user's name (RFC 7617).
            EwsSignIn::Basic { user, .. } if user.contains(':') => Err(SettingsError::User),
            EwsSignIn::Basic { user, password } => self.validate_password(user, password),
            EwsSignIn::Ntlm { user, password, .. } => {
                self.validate_password(user, password)?;
                user.parse::<UserName>().map(|_| ()).map_err(|_| SettingsError::User)
            }
            #[cfg(feature = "kerberos")]
            EwsSignIn::Negotiate { user, password, kdc, .. } => {
                self.validate_password(user, password)?;
                kerberos(user, password, kdc.as_ref()).map(|_| ())
            }
            EwsSignIn::OAuth { tenant, client_id, client_secret, login } => {
                if !entra::is_tenant(tenant) {
                    return Err(SettingsError::Tenant);
                }
                if client_id.trim().is_empty() {
                    return Err(SettingsError::ClientId);
                }
                if client_secret.expose().is_empty() {
                    return Err(SettingsError::ClientSecret);
                }
                if !entra::is_endpoint(login) {
                    return Err(SettingsError::Url { key: "login" });
                }
                if self.access == Access::Folder {
                    return Err(SettingsError::FolderWithToken);
                }
                Ok(())
            }
        }
    }

    fn validate_password(&self, user: &str, password: &Secret) -> Result<(), SettingsError> {
        let control = |text: &str| text.chars().any(char::is_control);
        if is_exchange_online(&self.url) {
            Err(SettingsError::OnlineWithPassword)
        } else if user.trim().is_empty() || control(user) {
            Err(SettingsError::User)
        } else if password.expose().is_empty() || control(password.expose()) {
            Err(SettingsError::Password)
        } else {
            Ok(())
        }
    }

    /// The application that asks Entra for tokens, where there is one.
    pub(super) fn app(&self) -> Option<App> {
        match &self.sign_in {
            EwsSignIn::Basic { .. } | EwsSignIn::Ntlm { .. } => None,
            #[cfg(feature = "kerberos")]
            EwsSignIn::Negotiate { .. } => None,
            EwsSignIn::OAuth { tenant, client_id, client_secret, login } => Some(App {
                tenant: tenant.clone(),
                client_id: client_id.clone(),
                proof: Proof::Secret(client_secret.clone()),
                login: login.clone(),
                scope: format!("{}/.default", self.url.origin().ascii_serialization()),
            }),
        }
    }
}

/// The sign-in by Kerberos.
#[cfg(feature = "kerberos")]
pub(crate) fn kerberos(
    user: &str,
    password: &Secret,
    kdc: Option<&Url>,
) -> Result<busylamp_windows_auth::Kerberos, SettingsError> {
    use busylamp_windows_auth::{Kerberos, KerberosError};
    let user: UserName = user.parse().map_err(|_| SettingsError::User)?;
    Kerberos::new(&user, password.clone(), kdc).map_err(|error| match error {
        KerberosError::NoRealm => SettingsError::Realm,
        KerberosError::BadKdc => SettingsError::Kdc,
    })
}

/// Whether this is Exchange Online, in any of Microsoft's clouds. Hosts from microsoft-365-docs,
/// `urls-and-ip-address-ranges.md` and its siblings for the other clouds.
pub fn is_exchange_online(url: &Url) -> bool {
    const HOSTS: [&str; 8] = [
        "outlook.office365.com",
        "outlook.office.com",
        "outlook.office.de",
        "outlook.office365.us",
        "outlook-dod.office365.us",
        "webmail.apps.mil",
        "partner.outlook.cn",
        "outlook.com",
    ];
    let host = url.host_str().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    HOSTS.iter().any(|known| host == *known || host.strip_suffix(known).is_some_and(|front| front.ends_with('.')))
}

/// Why settings can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SettingsError {
    /// Not an address of a server.
    #[error("expected an https address without query and user")]
    Url {
        /// The setting.
        key: &'static str,
    },
    /// No user, or one that can't be sent.
    #[error("expected DOMAIN\\user, user@domain or user (without a colon for basic)")]
    User,
    /// A user without a domain.
    #[cfg(feature = "kerberos")]
    #[error("Kerberos needs the domain's full name: user@example.com or EXAMPLE.COM\\user")]
    Realm,
    /// Not the address of a domain controller.
    #[cfg(feature = "kerberos")]
    #[error("expected tcp://dc.example.com:88")]
    Kdc,
    /// No password, or one that can't be sent.
    #[error("it is empty or holds control characters")]
    Password,
    /// Exchange Online knows no passwords any more. The password is not sent.
    #[error(
        "this is Exchange Online, which takes no user and password for web services any more (Basic is gone there): \
         use the Microsoft Graph source"
    )]
    OnlineWithPassword,
    /// Not a tenant.
    #[error("expected the tenant's id (a GUID) or one of its domains")]
    Tenant,
    /// No client id.
    #[error("expected the application's (client) id")]
    ClientId,
    /// No secret.
    #[error("it is empty")]
    ClientSecret,
    /// An application's token is nobody's, so no folder is shared with it.
    #[error("an application's token needs access = \"impersonation\" (or \"free_busy\")")]
    FolderWithToken,
}

impl SettingsError {
    /// The key of the setting that is wrong.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Url { key } => key,
            Self::User => "user",
            #[cfg(feature = "kerberos")]
            Self::Realm => "user",
            #[cfg(feature = "kerberos")]
            Self::Kdc => "kdc",
            Self::Password => "password",
            Self::OnlineWithPassword => "auth",
            Self::Tenant => "tenant",
            Self::ClientId => "client_id",
            Self::ClientSecret => "client_secret",
            Self::FolderWithToken => "access",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(url: &str) -> EwsSettings {
        EwsSettings {
            url: url.parse().unwrap(),
            sign_in: EwsSignIn::Basic { user: r"CONTOSO\busylamp".into(), password: Secret::new("geheim") },
            access: Access::Folder,
            trust: Trust::System,
        }
    }

    fn oauth(url: &str, access: Access) -> EwsSettings {
        let sign_in = EwsSignIn::OAuth {
            tenant: "contoso.example".into(),
            client_id: "app".into(),
            client_secret: Secret::new("geheim"),
            login: "https://login.microsoftonline.com".parse().unwrap(),
        };
        EwsSettings { sign_in, access, ..basic(url) }
    }

    #[test]
    fn a_password_is_never_meant_for_exchange_online() {
        for host in
            ["outlook.office365.com", "Outlook.Office365.com.", "eur01.outlook.office365.com", "partner.outlook.cn"]
        {
            let url = format!("https://{host}/EWS/Exchange.asmx");
            assert_eq!(basic(&url).validate(), Err(SettingsError::OnlineWithPassword), "{host}");
            assert_eq!(oauth(&url, Access::Impersonation).validate(), Ok(()), "{host}");
        }
        for host in ["mail.example.com", "outlook.office365.com.example.com", "notoutlook.com"] {
            assert_eq!(basic(&format!("https://{host}/EWS/Exchange.asmx")).validate(), Ok(()), "{host}");
        }
    }

    #[test]
    fn what_can_not_work_is_refused_by_the_name_of_its_key() {
        let broken = |change: fn(&mut EwsSettings)| {
            let mut settings = basic("https://mail.example.com/EWS/Exchange.asmx");
            change(&mut settings);
            settings.validate().unwrap_err().key()
        };
        let signed =
            |user: &str, password: &str| EwsSignIn::Basic { user: user.into(), password: Secret::new(password) };
        assert_eq!(broken(|s| s.url = "ftp://mail.example.com/".parse().unwrap()), "url");
        assert_eq!(broken(|s| s.url = "https://u@mail.example.com/".parse().unwrap()), "url");
        for user in ["", " ", "a:b", "a\nb"] {
            let settings = EwsSettings { sign_in: signed(user, "geheim"), ..basic("https://mail.example.com/") };
            assert_eq!(settings.validate(), Err(SettingsError::User), "{user:?}");
        }
        for password in ["", "a\r\nb"] {
            let settings = EwsSettings { sign_in: signed("anna", password), ..basic("https://mail.example.com/") };
            assert_eq!(settings.validate(), Err(SettingsError::Password));
        }
        let token = oauth("https://mail.example.com/EWS/Exchange.asmx", Access::Folder);
        assert_eq!(token.validate(), Err(SettingsError::FolderWithToken));
    }

    #[test]
    fn a_token_is_asked_for_the_servers_own_origin() {
        let scope = |url: &str| oauth(url, Access::Impersonation).app().unwrap().scope;
        assert_eq!(scope("https://outlook.office365.com/EWS/Exchange.asmx"), "https://outlook.office365.com/.default");
        assert_eq!(scope("https://mail.example.com/EWS/Exchange.asmx"), "https://mail.example.com/.default");
    }

    #[cfg(feature = "kerberos")]
    #[test]
    fn kerberos_needs_a_domain_and_the_address_of_its_controller() {
        let of = |user: &str, kdc: Option<&str>| {
            let sign_in = EwsSignIn::Negotiate {
                user: user.into(),
                password: Secret::new("geheim"),
                kdc: kdc.map(|kdc| kdc.parse().unwrap()),
                channel_binding: BindingUse::Auto,
            };
            EwsSettings { sign_in, ..basic("https://mail.example.com/EWS/Exchange.asmx") }.validate()
        };
        assert_eq!(of("svc@example.com", Some("tcp://dc.example.com:88")), Ok(()));
        assert_eq!(of("svc@example.com", None), Ok(()));
        assert_eq!(of("svc", None), Err(SettingsError::Realm));
        assert_eq!(of("svc@example.com", Some("http://dc.example.com")), Err(SettingsError::Kdc));
    }

    #[test]
    fn the_secrets_are_not_shown() {
        let url = "https://mail.example.com/EWS/Exchange.asmx";
        assert!(!format!("{:?}{:?}", basic(url), oauth(url, Access::FreeBusy)).contains("geheim"));
    }
}
