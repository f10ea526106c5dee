//! The written form, TOML; kept in the store as JSON.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use busylamp_calendar::hybrid::Source;
use busylamp_core::{
    format::refusal::{Refusal, read_toml},
    language::Language,
    policy::Policy,
};
use jiff::{SignedDuration, civil::Date};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::refused;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    instance: Vec<WrittenInstance>,
}

/// One `[[instance]]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the keys of interfaces, section 5")]
pub struct WrittenInstance {
    pub name: String,
    #[serde(default)]
    pub description: String,
    #[serde(default = "yes")]
    pub active: bool,
    #[serde(default = "german")]
    pub language: Language,
    #[serde(default = "berlin")]
    pub zone: String,
    #[serde(default = "three_days")]
    pub stale_after: Period,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, Source>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub graph: Option<WrittenGraph>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ews: Option<WrittenEws>,
    pub starface: WrittenStarface,
    #[serde(default)]
    pub policy: Policy,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the keys of interfaces, section 5")]
pub struct WrittenGraph {
    pub tenant: String,
    pub client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretSource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_expires: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<SecretSource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloud: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<WrittenTrust>,
    #[serde(default = "half_a_minute")]
    pub poll: Period,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the keys of interfaces, section 5")]
pub struct WrittenEws {
    pub url: String,
    #[serde(default)]
    pub auth: WrittenAuth,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretSource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_expires: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretSource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_expires: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kdc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_binding: Option<WrittenBinding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<WrittenAccess>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<WrittenTrust>,
    #[serde(default = "a_minute")]
    pub poll: Period,
}

/// How Busylamp signs in to Exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrittenAuth {
    /// User and password with every request.
    Basic,
    /// NTLM, one sign-in a connection.
    #[default]
    Ntlm,
    /// Kerberos.
    Negotiate,
    /// An application's token from Microsoft Entra.
    #[serde(rename = "oauth")]
    OAuth,
}

/// Whether a sign-in is bound to the server's certificate (Extended Protection).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrittenBinding {
    /// Bound; once without when the server refuses.
    #[default]
    Auto,
    /// Never.
    Off,
}

/// By which right calendars are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrittenAccess {
    /// A permission on each calendar.
    Folder,
    /// Reading as the mailbox's own user.
    Impersonation,
    /// When somebody is busy, and no more.
    FreeBusy,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the keys of interfaces, section 5")]
pub struct WrittenStarface {
    pub url: String,
    pub login: String,
    pub password: SecretSource,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_expires: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretSource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bridge: Option<WrittenBridge>,
    pub group: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<WrittenTrust>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the keys of interfaces, section 5")]
pub struct WrittenBridge {
    #[serde(default = "busylamp")]
    pub instance: String,
    pub key: SecretSource,
}

/// Where a secret stands; never the secret itself, and if somebody has written it there nevertheless, no refusal repeats
/// it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    /// In an environment variable.
    Env(String),
    /// In a file, but for white space around it.
    File(PathBuf),
    /// In the store, where pages or the API have put it.
    Stored(InStore),
}

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Source {
            env: Option<String>,
            file: Option<PathBuf>,
            stored: Option<InStore>,
        }
        struct Table;
        impl<'de> Visitor<'de> for Table {
            type Value = SecretSource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("{ env = \"…\" }, { file = \"…\" } or { stored = true }")
            }

            fn visit_str<E: Error>(self, _secret: &str) -> Result<Self::Value, E> {
                Err(E::custom(
                    "a secret never stands in the file itself: write { env = … }, { file = … } or { stored = true }",
                ))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let source = Source::deserialize(MapAccessDeserializer::new(map))?;
                match (source.env, source.file, source.stored) {
                    (Some(name), None, None) => Ok(SecretSource::Env(name)),
                    (None, Some(path), None) => Ok(SecretSource::File(path)),
                    (None, None, Some(InStore)) => Ok(SecretSource::Stored(InStore)),
                    _ => Err(A::Error::custom("exactly one of `env`, `file` and `stored` is expected")),
                }
            }
        }
        deserializer.deserialize_any(Table)
    }
}

/// Says that something is in the store; written `true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "bool")]
pub struct InStore;

impl<'de> Deserialize<'de> for InStore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct True;
        impl Visitor<'_> for True {
            type Value = InStore;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true")
            }

            fn visit_bool<E: Error>(self, stored: bool) -> Result<Self::Value, E> {
                if stored { Ok(InStore) } else { self.visit_str("") }
            }

            fn visit_str<E: Error>(self, _secret: &str) -> Result<Self::Value, E> {
                Err(E::custom("`stored` is true: the secret itself is entered on the pages"))
            }
        }
        deserializer.deserialize_any(True)
    }
}

impl From<InStore> for bool {
    fn from(_: InStore) -> Self {
        true
    }
}

/// Whose certificates are believed; absent: the system's authorities.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum WrittenTrust {
    /// Those that this authority has signed: a PEM file.
    Authority(PathBuf),
    /// This one certificate: `sha256:…`.
    Pin(String),
    /// Those that the authority has signed which pages or the API have put into the store.
    Stored(InStore),
}

/// A span of time, written like `30s`, `5m` or `72h`; at least a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Period(pub SignedDuration);

impl TryFrom<String> for Period {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let period: Option<SignedDuration> = text.parse().ok();
        let fit = period.filter(|p| (SignedDuration::from_secs(1)..=SignedDuration::from_hours(24 * 30)).contains(p));
        fit.map(Self).ok_or_else(|| format!("`{}` is no span like 30s, 5m or 72h", text.escape_debug()))
    }
}

impl From<Period> for String {
    fn from(period: Period) -> Self {
        format!("{:#}", period.0)
    }
}

fn yes() -> bool {
    true
}

fn german() -> Language {
    Language::German
}

fn berlin() -> String {
    "Europe/Berlin".to_owned()
}

fn busylamp() -> String {
    busylamp_pbx::starface::BRIDGE_INSTANCE.to_owned()
}

fn half_a_minute() -> Period {
    Period(SignedDuration::from_secs(30))
}

fn a_minute() -> Period {
    Period(SignedDuration::from_secs(60))
}

fn three_days() -> Period {
    Period(SignedDuration::from_hours(72))
}

/// No name is longer, in characters.
const LONGEST_NAME: usize = 100;
/// No description is longer, in characters.
const LONGEST_DESCRIPTION: usize = 1000;

impl WrittenInstance {
    /// Checks what an instance must have before it is kept, beside what its connections can be built from.
    ///
    /// # Errors
    /// The key and the remedy.
    pub(crate) fn validate(&self) -> Result<(), Refusal> {
        self.validate_name()?;
        if self.description.chars().count() > LONGEST_DESCRIPTION {
            return Err(refused(
                "description",
                format!("Sie hat mehr als {LONGEST_DESCRIPTION} Zeichen."),
                format!("it has more than {LONGEST_DESCRIPTION} characters"),
            ));
        }
        if self.starface.group.trim().is_empty() {
            return Err(refused(
                "starface.group",
                "Eine Instanz braucht die Gruppe der Telefonanlage, deren Mitgliedern sie folgt.",
                "an instance needs the group of the PBX whose members it follows",
            ));
        }
        Ok(())
    }

    fn validate_name(&self) -> Result<(), Refusal> {
        let name = self.name.as_str();
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            return Err(refused("name", "Eine Instanz braucht einen Namen.", "an instance needs a name"));
        }
        if name.trim() != name || name.chars().count() > LONGEST_NAME {
            return Err(refused(
                "name",
                format!("Ein Name hat höchstens {LONGEST_NAME} Zeichen und keine Leerzeichen davor oder dahinter."),
                format!("a name has at most {LONGEST_NAME} characters, and no space around it"),
            ));
        }
        Ok(())
    }
}

/// Writes a file of instances, such as [`read_file`] reads.
///
/// # Errors
/// If something can't be written in TOML; nothing of an instance is of that kind.
pub fn write_file(instances: &[WrittenInstance]) -> Result<String, Refusal> {
    let file = File { instance: instances.to_vec() };
    toml::to_string(&file).map_err(|error| Refusal::new("", error.to_string()))
}

/// Reads a file of instances.
///
/// # Errors
/// The place and the remedy; names given twice are refused too.
pub fn read_file(text: &str) -> Result<Vec<WrittenInstance>, Refusal> {
    let file: File = read_toml(text)?;
    for (index, instance) in file.instance.iter().enumerate() {
        let place = format!("instance[{index}]");
        instance.validate_name().map_err(|refusal| refusal.within(&place))?;
        if file.instance[..index].iter().any(|other| other.name == instance.name) {
            let problem = format!("there are two instances `{}`", instance.name);
            return Err(Refusal::new("name", problem).within(&place));
        }
    }
    Ok(file.instance)
}
