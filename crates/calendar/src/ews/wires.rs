//! The connections of an account, and what a request carries to be let in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::{Engine, engine::general_purpose::STANDARD};
use busylamp_core::{said::Phrase, secret::Secret};
use busylamp_ews::MOST_BYTES;
use busylamp_net::{
    connection::{BindingUse, SignIn, SignedClient},
    http::{HttpClient, HttpSettings, Transport},
    trust::TrustError,
};
use busylamp_windows_auth::{Ntlm, UserName};
use http::HeaderValue;
use jiff::Timestamp;

use super::{
    EwsSetupError,
    error::EwsError,
    settings::{EwsSettings, EwsSignIn, SettingsError},
};
use crate::entra::{Token, TokenSource};

/// How a request is let in.
pub(super) enum Credential {
    /// The connection is signed in.
    Connection,
    /// User and password go with every request.
    Header(Secret),
    /// An application's token goes with every request.
    Token(Box<TokenSource>),
}

/// What goes with one request.
pub(super) struct Letter {
    pub(super) header: Option<HeaderValue>,
    /// The token that it was made from.
    pub(super) token: Option<Token>,
}

impl Credential {
    /// What goes with a request now.
    pub(super) async fn letter(&self, now: Timestamp) -> Result<Letter, EwsError> {
        match self {
            Self::Connection => Ok(Letter { header: None, token: None }),
            Self::Header(basic) => Ok(Letter { header: Some(sensitive(basic.expose())?), token: None }),
            Self::Token(tokens) => {
                let token = tokens.get(now).await.map_err(EwsError::Token)?;
                let header = Some(sensitive(&format!("Bearer {}", token.secret.expose()))?);
                Ok(Letter { header, token: Some(token) })
            }
        }
    }

    /// Whether it rests on a password, which may be tried once.
    pub(super) fn is_password(&self) -> bool {
        match self {
            Self::Connection | Self::Header(_) => true,
            Self::Token(_) => false,
        }
    }
}

fn sensitive(text: &str) -> Result<HeaderValue, EwsError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        EwsError::BadAnswer(Phrase::new(
            "die Zugangsdaten passen in keine Kopfzeile",
            "the credential fits into no header",
        ))
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Makes fresh connections.
type Make = Box<dyn Fn() -> Result<Arc<dyn Transport>, TrustError> + Send + Sync>;

/// The connections of one account, replaced when it has to be a fresh one.
pub(super) struct Wires {
    make: Make,
    present: Mutex<Arc<dyn Transport>>,
}

impl Wires {
    /// Connections that `make` makes.
    ///
    /// # Errors
    /// When it can't make the first.
    pub(super) fn new(make: Make) -> Result<Self, TrustError> {
        let present = Mutex::new(make()?);
        Ok(Self { make, present })
    }

    /// What requests go over.
    pub(super) fn present(&self) -> Arc<dyn Transport> {
        Arc::clone(&self.lock())
    }

    /// From here on requests go over fresh connections.
    pub(super) fn renew(&self) {
        match (self.make)() {
            Ok(fresh) => *self.lock() = fresh,
            // It could be made when the account was, so this is not to be expected; the present one still works.
            Err(error) => tracing::warn!(error = %error, "no fresh connection to Exchange"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Arc<dyn Transport>> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Connections and credential for these settings.
pub(super) fn connect(settings: &EwsSettings, at_once: usize) -> Result<(Wires, Credential), EwsSetupError> {
    let http = || HttpSettings { max_body: MOST_BYTES, ..HttpSettings::new(settings.trust.clone()) };
    let plain = || {
        let http = http();
        Wires::new(Box::new(move || Ok(Arc::new(HttpClient::new(http.clone())?) as Arc<dyn Transport>)))
    };
    let signed = |sign_in: Arc<dyn SignIn>, binding: BindingUse| {
        let client = SignedClient::new(&settings.url, http(), sign_in, binding, at_once)?;
        // A connection that was refused is closed by the client itself: its next one is a fresh one.
        Wires::new(Box::new(move || Ok(Arc::new(client.clone()) as Arc<dyn Transport>)))
    };
    Ok(match &settings.sign_in {
        EwsSignIn::Basic { user, password } => {
            let basic = STANDARD.encode(format!("{user}:{}", password.expose()));
            (plain()?, Credential::Header(Secret::new(format!("Basic {basic}"))))
        }
        EwsSignIn::Ntlm { user, password, channel_binding } => {
            let user: UserName = user.parse().map_err(|_| SettingsError::User)?;
            (signed(Arc::new(Ntlm::new(user, password.clone())), *channel_binding)?, Credential::Connection)
        }
        #[cfg(feature = "kerberos")]
        EwsSignIn::Negotiate { user, password, kdc, channel_binding } => {
            let sign_in = super::kerberos(user, password, kdc.as_ref())?;
            (signed(Arc::new(sign_in), *channel_binding)?, Credential::Connection)
        }
        EwsSignIn::OAuth { .. } => {
            let login =
                HttpClient::new(HttpSettings { max_body: 1 << 20, ..HttpSettings::new(settings.trust.clone()) })?;
            let app = settings.app().ok_or(SettingsError::ClientId)?;
            (plain()?, Credential::Token(Box::new(TokenSource::new(Arc::new(login), app))))
        }
    })
}
