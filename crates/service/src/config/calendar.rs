//! Where an instance's calendars are: one source, or both with a choice for each mailbox.

use std::{collections::BTreeMap, net::IpAddr};

use busylamp_calendar::{
    ews::{Access, BindingUse, EwsSettings, EwsSignIn},
    graph::{CEILING, ClientCredential, Cloud, GraphSettings},
    hybrid::{Source, Sources},
};
use busylamp_core::{format::refusal::Refusal, ids::MailAddress, secret::Secret};
use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{
    file::{
        Period, SecretSource, WrittenAccess, WrittenAuth, WrittenBinding, WrittenEws, WrittenGraph, WrittenInstance,
        WrittenTrust,
    },
    no_address, refused,
    secrets::{Secrets, secret, trust},
};

/// The source or sources of an instance's calendars.
#[derive(Clone, Debug)]
pub enum CalendarConfig {
    /// Microsoft 365 alone.
    Graph(Polled<GraphSettings>),
    /// An Exchange Server alone.
    Ews(Polled<Exchange>),
    /// Both.
    Both {
        /// Microsoft 365.
        graph: Polled<GraphSettings>,
        /// The Exchange Server.
        ews: Polled<Exchange>,
        /// Which mailbox is read where.
        sources: Sources,
    },
}

impl CalendarConfig {
    /// When the certificate ends that the application signs in with.
    pub(crate) fn certificate_ends(&self) -> Option<Timestamp> {
        match self {
            Self::Graph(graph) | Self::Both { graph, .. } => graph.settings.credential.ends(),
            Self::Ews(_) => None,
        }
    }
}

/// A source, and how often it is asked for changes.
#[derive(Clone, Debug)]
pub struct Polled<S> {
    /// How it is reached.
    pub settings: Box<S>,
    /// How often it is asked.
    pub every: SignedDuration,
}

/// An Exchange Server, and the account that it is read with.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// How it is reached.
    pub settings: EwsSettings,
    /// What tells the account from others.
    pub(crate) key: AccountKey,
}

/// What an account on an Exchange Server was configured with: instances with equal keys share one account.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AccountKey {
    url: Url,
    access: Access,
    /// As written, but for what stands beside it here and what says nothing about the account.
    written: WrittenEws,
    secrets: Secrets,
}

impl AccountKey {
    fn new(written: &WrittenEws, settings: &EwsSettings, secrets: &Secrets) -> Self {
        let own = secrets.iter().filter(|(place, _)| place.starts_with("ews."));
        Self {
            url: settings.url.clone(),
            access: settings.access,
            written: WrittenEws {
                url: String::new(),
                access: None,
                // Windows doesn't tell users apart by case.
                user: written.user.as_ref().map(|user| user.to_lowercase()),
                // Where secrets stand is nobody's matter; what they are is among the secrets, certificates included.
                password: None,
                client_secret: None,
                password_expires: None,
                client_secret_expires: None,
                trust: written.trust.clone().filter(|trust| matches!(trust, WrittenTrust::Pin(_))),
                poll: Period(SignedDuration::ZERO),
                ..written.clone()
            },
            secrets: own.map(|(place, secret)| (place.clone(), secret.clone())).collect(),
        }
    }
}

pub(super) fn build(written: &WrittenInstance, secrets: &Secrets) -> Result<CalendarConfig, Refusal> {
    let graph = written.graph.as_ref().map(|graph| build_graph(graph, secrets).map_err(|r| r.within("graph")));
    let ews = written.ews.as_ref().map(|ews| build_ews(ews, secrets).map_err(|r| r.within("ews")));
    let sources = build_sources(written)?;
    match (graph.transpose()?, ews.transpose()?) {
        (Some(graph), None) => Ok(CalendarConfig::Graph(graph)),
        (None, Some(ews)) => Ok(CalendarConfig::Ews(ews)),
        (Some(graph), Some(ews)) => Ok(CalendarConfig::Both { graph, ews, sources }),
        (None, None) => Err(refused(
            "graph",
            "Eine Instanz braucht einen Kalender: Microsoft Graph ([instance.graph]) oder einen Exchange Server \
                 ([instance.ews]), oder beide.",
            "an instance needs a calendar: add [instance.graph] or [instance.ews], or both",
        )),
    }
}

/// Which mailbox is read where. With one source alone only that one may be named.
fn build_sources(written: &WrittenInstance) -> Result<Sources, Refusal> {
    let there = |source: Source, place: &str| -> Result<Source, Refusal> {
        match (source, &written.graph, &written.ews) {
            (Source::Graph, Some(_), _) | (Source::Ews, _, Some(_)) | (Source::Auto, Some(_), Some(_)) => Ok(source),
            (Source::Graph, None, _) => Err(refused(
                place,
                "„graph“ braucht Microsoft Graph (die Tabelle [instance.graph]).",
                "`graph` needs the table [instance.graph]",
            )),
            (Source::Ews, _, None) => Err(refused(
                place,
                "„ews“ braucht den Exchange Server (die Tabelle [instance.ews]).",
                "`ews` needs the table [instance.ews]",
            )),
            (Source::Auto, ..) => Err(refused(
                place,
                "„auto“ braucht beide, Microsoft Graph und den Exchange Server (die Tabellen [instance.graph] und \
                 [instance.ews]).",
                "`auto` needs both tables, [instance.graph] and [instance.ews]",
            )),
        }
    };
    let default = written.source.map(|source| there(source, "source")).transpose()?.unwrap_or(Source::Auto);
    let mut mailboxes = BTreeMap::new();
    for (address, source) in &written.sources {
        let place = format!("sources.\"{}\"", address.escape_debug());
        let source = there(*source, &place)?;
        let mail = mail_address(address).ok_or_else(|| {
            refused(
                &place,
                "Erwartet wird eine Mailadresse wie anna@example.com.",
                "expected a mail address like anna@example.com",
            )
        })?;
        if mailboxes.insert(mail, source).is_some() {
            return Err(refused(
                &place,
                "Dieses Postfach steht hier zweimal: Groß- und Kleinschreibung macht keinen Unterschied.",
                "this mailbox stands here twice: case makes no difference",
            ));
        }
    }
    Ok(Sources { default, mailboxes })
}

/// A mail address as people write it: one `@`, something before it, a domain after it.
fn mail_address(text: &str) -> Option<MailAddress> {
    let (local, domain) = text.trim().rsplit_once('@')?;
    let broken = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '<' | '>' | ',' | ';');
    let bad = local.is_empty() || domain.is_empty() || text.trim().matches('@').count() != 1;
    let bad = bad || local.contains(broken) || domain.contains(broken) || domain.split('.').any(str::is_empty);
    if bad { None } else { MailAddress::parse(text) }
}

fn build_graph(written: &WrittenGraph, secrets: &Secrets) -> Result<Polled<GraphSettings>, Refusal> {
    let cloud = cloud(written.cloud.as_deref())?;
    let url = |key: &str, text: &Option<String>, preset| match text {
        Some(text) => address(key, text, "https://graph.microsoft.com/v1.0"),
        None => Ok(preset),
    };
    let settings = GraphSettings {
        tenant: written.tenant.clone(),
        client_id: written.client_id.clone(),
        credential: credential(written, secrets)?,
        login: url("login", &written.login, cloud.login())?,
        endpoint: url("endpoint", &written.endpoint, cloud.endpoint())?,
        trust: trust("graph.trust", written.trust.as_ref(), secrets)?,
        ceiling: CEILING,
    };
    settings.validate().map_err(|error| Refusal::said(error.key(), &error.said()))?;
    Ok(Polled { settings: Box::new(settings), every: written.poll.0 })
}

/// What the application proves itself with: one of two.
fn credential(written: &WrittenGraph, secrets: &Secrets) -> Result<ClientCredential, Refusal> {
    match (&written.client_secret, &written.client_certificate) {
        (Some(_), None) => Ok(ClientCredential::Secret(secret("graph.client_secret", secrets)?)),
        (None, Some(_)) => Ok(ClientCredential::Certificate(secret("graph.client_certificate", secrets)?)),
        (None, None) => Err(refused(
            "client_secret",
            "Microsoft Graph braucht einen geheimen Clientschlüssel (`client_secret`) oder ein Zertifikat \
                 (`client_certificate`).",
            "Microsoft Graph needs `client_secret` or `client_certificate`",
        )),
        (Some(_), Some(_)) => Err(refused(
            "client_certificate",
            "Es gibt auch einen geheimen Clientschlüssel (`client_secret`): lassen Sie eins von beiden weg.",
            "there is `client_secret` as well: leave one of the two out",
        )),
    }
}

fn cloud(name: Option<&str>) -> Result<Cloud, Refusal> {
    let Some(name) = name else { return Ok(Cloud::default()) };
    name.parse().map_err(|_| {
        refused(
            "cloud",
            format!("„{name}“ ist keine Cloud: global, us_gov, us_dod oder china."),
            format!("`{name}` is no cloud: global, us_gov, us_dod or china"),
        )
    })
}

fn build_ews(written: &WrittenEws, secrets: &Secrets) -> Result<Polled<Exchange>, Refusal> {
    refuse_foreign_keys(written)?;
    let settings = EwsSettings {
        url: address("url", &written.url, "https://mail.example.com/EWS/Exchange.asmx")?,
        sign_in: sign_in(written, secrets)?,
        access: match (written.access, written.auth) {
            (Some(WrittenAccess::Folder), _) => Access::Folder,
            (Some(WrittenAccess::Impersonation), _) => Access::Impersonation,
            (Some(WrittenAccess::FreeBusy), _) => Access::FreeBusy,
            // An application's token is nobody's, so no folder is shared with it.
            (None, WrittenAuth::OAuth) => Access::Impersonation,
            (None, WrittenAuth::Basic | WrittenAuth::Ntlm | WrittenAuth::Negotiate) => Access::Folder,
        },
        trust: trust("ews.trust", written.trust.as_ref(), secrets)?,
    };
    settings.validate().map_err(|error| Refusal::said(error.key(), &error.said()))?;
    let key = AccountKey::new(written, &settings, secrets);
    Ok(Polled { settings: Box::new(Exchange { settings, key }), every: written.poll.0 })
}

/// Keys that belong to another way of signing in.
fn refuse_foreign_keys(written: &WrittenEws) -> Result<(), Refusal> {
    use WrittenAuth::{Basic, Negotiate, Ntlm, OAuth};
    let password: &[WrittenAuth] = &[Basic, Ntlm, Negotiate];
    let keys: [(&str, bool, &[WrittenAuth]); 8] = [
        ("user", written.user.is_some(), password),
        ("password", written.password.is_some(), password),
        ("channel_binding", written.channel_binding.is_some(), &[Ntlm, Negotiate]),
        ("kdc", written.kdc.is_some(), &[Negotiate]),
        ("tenant", written.tenant.is_some(), &[OAuth]),
        ("client_id", written.client_id.is_some(), &[OAuth]),
        ("client_secret", written.client_secret.is_some(), &[OAuth]),
        ("login", written.login.is_some(), &[OAuth]),
    ];
    for (key, there, ways) in keys {
        if there && !ways.contains(&written.auth) {
            let ways: Vec<String> = ways.iter().map(|way| format!("\"{}\"", auth_word(*way))).collect();
            let (german, english, auth) = (ways.join(" oder "), ways.join(" or "), auth_word(written.auth));
            return Err(refused(
                key,
                format!(
                    "`{key}` gehört zu auth = {german}, und hier ist auth \"{auth}\": lassen Sie es weg, oder ändern Sie auth."
                ),
                format!("`{key}` goes with auth = {english}, and here auth is \"{auth}\": leave it out or change auth"),
            ));
        }
    }
    Ok(())
}

fn sign_in(written: &WrittenEws, secrets: &Secrets) -> Result<EwsSignIn, Refusal> {
    let auth = auth_word(written.auth);
    let missing = |key: &str| {
        refused(key, format!("auth = \"{auth}\" braucht `{key}`."), format!("auth = \"{auth}\" needs `{key}`"))
    };
    let text = |key: &str, value: &Option<String>| value.clone().ok_or_else(|| missing(key));
    let hidden = |key: &str, source: &Option<SecretSource>| -> Result<Secret, Refusal> {
        source.as_ref().ok_or_else(|| missing(key))?;
        secret(&format!("ews.{key}"), secrets)
    };
    let channel_binding = match written.channel_binding.unwrap_or_default() {
        WrittenBinding::Auto => BindingUse::Auto,
        WrittenBinding::Off => BindingUse::Off,
    };
    let user = || text("user", &written.user);
    let password = || hidden("password", &written.password);
    Ok(match written.auth {
        WrittenAuth::Basic => EwsSignIn::Basic { user: user()?, password: password()? },
        WrittenAuth::Ntlm => EwsSignIn::Ntlm { user: user()?, password: password()?, channel_binding },
        #[cfg(feature = "kerberos")]
        WrittenAuth::Negotiate => EwsSignIn::Negotiate {
            user: user()?,
            password: password()?,
            kdc: kdc(written.kdc.as_deref())?,
            channel_binding,
        },
        #[cfg(not(feature = "kerberos"))]
        WrittenAuth::Negotiate => {
            return Err(refused(
                "auth",
                "Dieser Bau hat kein Kerberos: nehmen Sie auth = \"ntlm\", oder einen Bau mit dem Feature `kerberos`.",
                "this build has no Kerberos: use auth = \"ntlm\", or a build with the feature `kerberos`",
            ));
        }
        WrittenAuth::OAuth => EwsSignIn::OAuth {
            tenant: text("tenant", &written.tenant)?,
            client_id: text("client_id", &written.client_id)?,
            client_secret: hidden("client_secret", &written.client_secret)?,
            login: match &written.login {
                Some(login) => address("login", login, "https://login.microsoftonline.com")?,
                None => Cloud::default().login(),
            },
        },
    })
}

/// Where tickets come from.
#[cfg(feature = "kerberos")]
fn kdc(written: Option<&str>) -> Result<Option<Url>, Refusal> {
    let refusal = |_| {
        refused(
            "kdc",
            "Erwartet wird eine Adresse wie tcp://dc.example.com:88.",
            "expected an address like tcp://dc.example.com:88",
        )
    };
    written.map(|kdc| kdc.parse().map_err(refusal)).transpose()
}

fn auth_word(auth: WrittenAuth) -> &'static str {
    match auth {
        WrittenAuth::Basic => "basic",
        WrittenAuth::Ntlm => "ntlm",
        WrittenAuth::Negotiate => "negotiate",
        WrittenAuth::OAuth => "oauth",
    }
}

/// An address that passwords, tokens and titles go to: `https`, or `http` on this machine only.
fn address(key: &str, text: &str, example: &str) -> Result<Url, Refusal> {
    let url: Url = text.parse().map_err(|_| no_address(key, text, example))?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    if url.scheme() == "http" && !loopback {
        return Err(refused(
            key,
            "Sie beginnt mit http://: nehmen Sie https://, denn Kennwörter und Kalender gehen dorthin.",
            "it begins with http://: use https://, since passwords and calendars go there",
        ));
    }
    Ok(url)
}
