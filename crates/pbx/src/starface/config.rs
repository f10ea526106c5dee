//! How a STARFACE is reached, checked before anything is sent to it.

use busylamp_core::{language::Language, said::Said, secret::Secret};
use busylamp_net::trust::Trust;
use url::{Host, Url};

/// The bridge's factory instance name. (Bridge contract.)
pub const BRIDGE_INSTANCE: &str = "busylamp";

/// The fewest characters of the bridge's key. (Bridge contract.)
const MIN_KEY: usize = 32;

/// One PBX and the account that Busylamp signs in with. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct StarfaceConfig {
    /// Where it is, `https://pbx.example.com`. Plain `http` is accepted for this machine only.
    pub url: Url,
    /// The login id of an administrator account (such as `0001`), not its mail address.
    pub login: String,
    /// Its password.
    pub password: Secret,
    /// The secret of the REST interface (Admin → Server → Status → REST-API), for STARFACE 10 and later. Absent: the
    /// sign-in of STARFACE 7 to 9.
    pub client_secret: Option<Secret>,
    /// The bridge module, if it is installed.
    pub bridge: Option<BridgeConfig>,
    /// Whose certificate is believed.
    pub trust: Trust,
}

/// The bridge module inside the PBX.
#[derive(Clone, Debug)]
pub struct BridgeConfig {
    /// The name of the module's instance, factory [`BRIDGE_INSTANCE`].
    pub instance: String,
    /// The pre-shared key from the module's own configuration.
    pub key: Secret,
}

/// Why a configuration can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The address is not that of a web server.
    #[error("the PBX's address `{0}` can't be used: write it as https://pbx.example.com")]
    Address(String),
    /// Passwords would cross the network unencrypted.
    #[error("the PBX's address begins with http://: use https://, since passwords and keys are sent there")]
    Unencrypted,
    /// The address holds a user, a password, a query or a fragment.
    #[error(
        "the PBX's address holds more than protocol, host, port and path: leave out user, password, query and fragment"
    )]
    AddressExtras,
    /// No login.
    #[error("the PBX's login is empty: write the login id of an administrator account, such as 0001")]
    NoLogin,
    /// No password.
    #[error("the password of the PBX's login is empty")]
    NoPassword,
    /// An empty client secret.
    #[error(
        "the client secret is empty: take it from Admin → Server → Status → REST-API, or leave it out for STARFACE 7 to 9"
    )]
    NoClientSecret,
    /// No instance name, or one with control characters.
    #[error(
        "the name of the bridge's module instance can't be used: write it as it stands in the PBX's list of modules"
    )]
    BridgeInstance,
    /// A key that the bridge would not accept.
    #[error("the bridge's key can't be used: it has at least {MIN_KEY} characters and no control characters")]
    BridgeKey,
    /// TLS can't be set up.
    #[error("{0}")]
    Trust(#[from] busylamp_net::trust::TrustError),
}

impl ConfigError {
    /// What is wrong and what would be right, in either language.
    pub fn said(&self) -> Said {
        Said::new(self.german(), self.to_string())
    }

    fn german(&self) -> String {
        match self {
            Self::Address(address) => format!(
                "Die Adresse „{address}“ der Telefonanlage ist nicht zu gebrauchen: schreiben Sie sie wie \
                 https://pbx.example.com."
            ),
            Self::Unencrypted => {
                "Die Adresse der Telefonanlage beginnt mit http://: verwenden Sie https://, denn Kennwörter \
                                  und Schlüssel werden dorthin gesendet."
                    .to_owned()
            }
            Self::AddressExtras => {
                "Die Adresse der Telefonanlage enthält mehr als Protokoll, Host, Port und Pfad: lassen Sie \
                                    Benutzer, Kennwort, Abfrage und Fragment weg."
                    .to_owned()
            }
            Self::NoLogin => {
                "Das Login an der Telefonanlage ist leer: schreiben Sie die Login-ID eines Administratorkontos, \
                              etwa 0001."
                    .to_owned()
            }
            Self::NoPassword => "Das Kennwort zum Login an der Telefonanlage ist leer.".to_owned(),
            Self::NoClientSecret => {
                "Das Client-Secret ist leer: Sie finden es unter Admin → Server → Status → REST-API; bei \
                                     STARFACE 7 bis 9 lassen Sie es weg."
                    .to_owned()
            }
            Self::BridgeInstance => {
                "Der Name der Modulinstanz der Brücke ist nicht zu gebrauchen: schreiben Sie ihn, wie er \
                                     in der Modulliste der Anlage steht."
                    .to_owned()
            }
            Self::BridgeKey => format!(
                "Der Schlüssel der Brücke ist nicht zu gebrauchen: er hat mindestens {MIN_KEY} Zeichen und keine \
                 Steuerzeichen."
            ),
            Self::Trust(error) => error.said().speak(Language::German).to_owned(),
        }
    }
}

impl StarfaceConfig {
    /// Checks all that can be checked without the PBX.
    ///
    /// # Errors
    /// The first thing found that can't be used.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let url = &self.url;
        let loopback = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => return Err(ConfigError::Address(url.scheme().to_owned())),
        };
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(ConfigError::AddressExtras);
        }
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(ConfigError::Unencrypted),
            _ => return Err(ConfigError::Address(url.to_string())),
        }
        if self.login.trim().is_empty() {
            return Err(ConfigError::NoLogin);
        }
        if self.password.expose().is_empty() {
            return Err(ConfigError::NoPassword);
        }
        if self.client_secret.as_ref().is_some_and(|secret| secret.expose().is_empty()) {
            return Err(ConfigError::NoClientSecret);
        }
        let Some(bridge) = &self.bridge else { return Ok(()) };
        if bridge.instance.trim().is_empty() || bridge.instance.chars().any(char::is_control) {
            return Err(ConfigError::BridgeInstance);
        }
        let key = bridge.key.expose();
        if key.chars().count() < MIN_KEY || key.chars().any(char::is_control) {
            return Err(ConfigError::BridgeKey);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str) -> StarfaceConfig {
        StarfaceConfig {
            url: url.parse().unwrap(),
            login: "0001".into(),
            password: Secret::new("geheim"),
            client_secret: None,
            bridge: Some(BridgeConfig { instance: BRIDGE_INSTANCE.into(), key: Secret::new("k".repeat(MIN_KEY)) }),
            trust: Trust::System,
        }
    }

    #[test]
    fn addresses_are_https_or_this_machine() {
        for url in
            ["https://pbx.example.com", "https://pbx.example.com:8443/sf", "http://127.0.0.1:8080", "http://[::1]/"]
        {
            assert_eq!(config(url).validate(), Ok(()), "{url}");
        }
        assert_eq!(config("http://pbx.example.com").validate(), Err(ConfigError::Unencrypted));
        assert!(matches!(config("ftp://pbx.example.com").validate(), Err(ConfigError::Address(_))));
        assert!(matches!(config("mailto:a@example.com").validate(), Err(ConfigError::Address(_))));
        for url in ["https://a:b@pbx.example.com", "https://pbx.example.com/?a=b", "https://pbx.example.com/#a"] {
            assert_eq!(config(url).validate(), Err(ConfigError::AddressExtras), "{url}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let whole = config("https://pbx.example.com");
        let bridge =
            |instance: &str, key: &str| Some(BridgeConfig { instance: instance.into(), key: Secret::new(key) });
        let key = "k".repeat(MIN_KEY);
        for (config, error) in [
            (StarfaceConfig { login: " ".into(), ..whole.clone() }, ConfigError::NoLogin),
            (StarfaceConfig { password: Secret::new(""), ..whole.clone() }, ConfigError::NoPassword),
            (StarfaceConfig { client_secret: Some(Secret::new("")), ..whole.clone() }, ConfigError::NoClientSecret),
            (StarfaceConfig { bridge: bridge("", &key), ..whole.clone() }, ConfigError::BridgeInstance),
            (StarfaceConfig { bridge: bridge("busylamp", "short"), ..whole.clone() }, ConfigError::BridgeKey),
            (StarfaceConfig { bridge: bridge("busylamp", &"\u{7}".repeat(MIN_KEY)), ..whole }, ConfigError::BridgeKey),
        ] {
            assert_eq!(config.validate(), Err(error));
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let config = StarfaceConfig { client_secret: Some(Secret::new("geheim")), ..config("https://pbx.example.com") };
        let shown = format!("{config:?}");
        assert!(!shown.contains("geheim") && !shown.contains("kkkk"), "{shown}");
    }
}
