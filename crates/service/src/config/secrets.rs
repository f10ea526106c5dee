//! Secrets and certificates: from where the written form says they stand, into the store, and out of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    path::Path,
};

use busylamp_core::{
    format::refusal::Refusal,
    said::{Phrase, Said},
    secret::Secret,
};
use busylamp_net::trust::{PinError, Trust};
use url::Url;

use super::{
    file::{InStore, SecretSource, WrittenInstance, WrittenTrust},
    refused,
};

/// The secrets of one instance by their place in the written form, such as `starface.password`. Authorities'
/// certificates are kept with them, so that a file that is gone tomorrow is not missed.
pub type Secrets = BTreeMap<String, Secret>;

/// No secret or certificate file is larger, in bytes.
const LONGEST_FILE: u64 = 1 << 20;

/// The secret of a place, which a refusal names without its table.
pub(super) fn secret(place: &str, secrets: &Secrets) -> Result<Secret, Refusal> {
    let key = place.split_once('.').map_or(place, |(_, key)| key);
    secrets.get(place).cloned().ok_or_else(|| Refusal::said(key, &MISSING.into()))
}

/// What is said where a secret is wanted that nobody has.
const MISSING: Phrase = Phrase::new(
    "Der Speicher hat kein solches Geheimnis: geben Sie es ein, oder nennen Sie eine Umgebungsvariable oder eine Datei damit.",
    "the store has no such secret: enter it, or name an environment variable or a file with it",
);

/// Whose certificates are believed at a place.
pub(super) fn trust(place: &str, written: Option<&WrittenTrust>, secrets: &Secrets) -> Result<Trust, Refusal> {
    let refusal = |problem: Said| Refusal::said("trust", &problem);
    match written {
        None => Ok(Trust::System),
        Some(WrittenTrust::Pin(pin)) => pin.parse().map(Trust::Pin).map_err(|error: PinError| refusal(error.said())),
        Some(WrittenTrust::Authority(_) | WrittenTrust::Stored(_)) => {
            let pem = secret(place, secrets)?;
            Trust::authority_pem(pem.expose().as_bytes()).map_err(|error| refusal(error.said()))
        }
    }
}

impl WrittenInstance {
    /// Where each secret of the written form stands, by its place.
    pub fn sources(&self) -> Vec<(&'static str, &SecretSource)> {
        let Self { starface, graph, ews, .. } = self;
        let (graph, ews) = (graph.as_ref(), ews.as_ref());
        let sources = [
            ("starface.password", Some(&starface.password)),
            ("starface.client_secret", starface.client_secret.as_ref()),
            ("starface.bridge.key", starface.bridge.as_ref().map(|bridge| &bridge.key)),
            ("graph.client_secret", graph.and_then(|graph| graph.client_secret.as_ref())),
            ("graph.client_certificate", graph.and_then(|graph| graph.client_certificate.as_ref())),
            ("ews.password", ews.and_then(|ews| ews.password.as_ref())),
            ("ews.client_secret", ews.and_then(|ews| ews.client_secret.as_ref())),
        ];
        sources.into_iter().filter_map(|(place, source)| Some((place, source?))).collect()
    }

    /// Whose certificates are believed, by the place where the written form says so.
    pub fn trusts(&self) -> Vec<(&'static str, &WrittenTrust)> {
        let trusts = [
            ("starface.trust", self.starface.trust.as_ref()),
            ("graph.trust", self.graph.as_ref().and_then(|graph| graph.trust.as_ref())),
            ("ews.trust", self.ews.as_ref().and_then(|ews| ews.trust.as_ref())),
        ];
        trusts.into_iter().filter_map(|(place, trust)| Some((place, trust?))).collect()
    }

    /// The places whose secrets or authorities are kept apart from the written form.
    fn places(&self) -> BTreeSet<&'static str> {
        let sources = self.sources().into_iter().map(|(place, _)| place);
        let trusts = self.trusts().into_iter();
        let authorities = trusts.filter(|(_, trust)| !matches!(trust, WrittenTrust::Pin(_))).map(|(place, _)| place);
        sources.chain(authorities).collect()
    }

    /// Reads the secrets from where the written form says they stand, but for those that are in the store. Relative paths
    /// are relative to `folder`.
    ///
    /// # Errors
    /// The place and what could not be read there; never the secret.
    pub fn resolve(&self, folder: &Path) -> Result<Secrets, Refusal> {
        let mut secrets = Secrets::new();
        for (place, source) in self.sources() {
            let secret = read_secret(source, folder).map_err(|problem| Refusal::new(place, problem))?;
            secrets.extend(secret.map(|secret| (place.to_owned(), secret)));
        }
        for (place, trust) in self.trusts() {
            if let WrittenTrust::Authority(path) = trust {
                let pem = read_small(&folder.join(path)).map_err(|problem| Refusal::new(place, problem))?;
                secrets.insert(place.to_owned(), Secret::new(pem));
            }
        }
        Ok(secrets)
    }

    /// All secrets that the written form calls for at places with this beginning: those given, else those that are kept of
    /// the instance as it was. A kept secret goes to nobody but the server that it was entered for.
    ///
    /// # Errors
    /// The place of the first that nobody has.
    pub(crate) fn complete(
        &self,
        beginning: &str,
        given: &Secrets,
        kept: Option<&(Self, Secrets)>,
    ) -> Result<Secrets, Refusal> {
        let mut secrets = Secrets::new();
        for place in self.places().into_iter().filter(|place| place.starts_with(beginning)) {
            let secret = match (given.get(place), kept.and_then(|(_, kept)| kept.get(place)), kept) {
                (Some(given), ..) => given,
                (None, Some(secret), Some((old, _))) if self.addressee(place) == old.addressee(place) => secret,
                (None, Some(_), _) => {
                    return Err(refused(
                        place,
                        "Es wurde für einen anderen Server eingegeben und wird an keinen anderen gesendet: geben Sie es noch \
                         einmal ein.",
                        "it was entered for another server, and is sent to no other: enter it again",
                    ));
                }
                (None, None, _) => return Err(Refusal::said(place, &MISSING.into())),
            };
            secrets.insert(place.to_owned(), secret.clone());
        }
        Ok(secrets)
    }

    /// To whom the secret of a place is shown: servers by scheme, host and port.
    fn addressee(&self, place: &str) -> Vec<String> {
        let server = |url: &str| match url.parse::<Url>() {
            Ok(url) => url.origin().ascii_serialization(),
            Err(_) => url.to_owned(),
        };
        let (graph, ews) = (self.graph.as_ref(), self.ews.as_ref());
        let servers = match place.split_once('.') {
            // Certificates are no secrets.
            Some((_, "trust")) => Vec::new(),
            Some(("starface", _)) => vec![Some(&self.starface.url)],
            Some(("graph", _)) => graph.map_or_else(Vec::new, |graph| {
                vec![graph.cloud.as_ref(), graph.login.as_ref(), graph.endpoint.as_ref()]
            }),
            _ => ews.map_or_else(Vec::new, |ews| vec![Some(&ews.url), ews.login.as_ref(), ews.kdc.as_ref()]),
        };
        servers.into_iter().map(|text| text.map_or_else(String::new, |text| server(text))).collect()
    }

    /// The same, with what is given marked as standing in the store: what pages and the API hand over is nowhere else.
    ///
    /// # Errors
    /// The place that names a variable or a file of this machine which the instance as it was did not name there: nobody
    /// reads these by a request.
    pub(crate) fn by_request(&self, given: &Secrets, old: Option<&Self>) -> Result<Self, Refusal> {
        let unread = |place: &str| {
            refused(
                place,
                "Seiten und Schnittstelle lesen keine Variablen und Dateien des Servers: geben Sie das Geheimnis selbst ein.",
                "pages and the API don't read variables or files of the server: enter the secret itself",
            )
        };
        let old_sources = old.map(Self::sources).unwrap_or_default();
        let new = |place: &str| given.contains_key(place);
        for (place, source) in self.sources() {
            if !matches!(source, SecretSource::Stored(_)) && !new(place) && !old_sources.contains(&(place, source)) {
                return Err(unread(place));
            }
        }
        let old_trusts = old.map(Self::trusts).unwrap_or_default();
        for (place, trust) in self.trusts() {
            if matches!(trust, WrittenTrust::Authority(_)) && !new(place) && !old_trusts.contains(&(place, trust)) {
                return Err(unread(place));
            }
        }
        let mut written = self.clone();
        for (place, source) in written.sources_mut() {
            if new(place) {
                *source = SecretSource::Stored(InStore);
            }
        }
        for (place, trust) in written.trusts_mut() {
            if new(place) && !matches!(trust, WrittenTrust::Pin(_)) {
                *trust = WrittenTrust::Stored(InStore);
            }
        }
        Ok(written)
    }

    /// The same, with everything that is kept apart marked as standing in the store, and without the dates of expiry.
    pub(super) fn with_all_stored(&self) -> Self {
        let mut written = self.clone();
        for (_, source) in written.sources_mut() {
            *source = SecretSource::Stored(InStore);
        }
        for (_, trust) in written.trusts_mut() {
            if !matches!(trust, WrittenTrust::Pin(_)) {
                *trust = WrittenTrust::Stored(InStore);
            }
        }
        written.starface.password_expires = None;
        if let Some(graph) = &mut written.graph {
            graph.client_secret_expires = None;
        }
        if let Some(ews) = &mut written.ews {
            (ews.password_expires, ews.client_secret_expires) = (None, None);
        }
        written
    }

    fn sources_mut(&mut self) -> Vec<(&'static str, &mut SecretSource)> {
        let Self { starface, graph, ews, .. } = self;
        let mut sources = vec![("starface.password", &mut starface.password)];
        sources.extend(starface.client_secret.as_mut().map(|source| ("starface.client_secret", source)));
        sources.extend(starface.bridge.as_mut().map(|bridge| ("starface.bridge.key", &mut bridge.key)));
        if let Some(graph) = graph {
            sources.extend(graph.client_secret.as_mut().map(|source| ("graph.client_secret", source)));
            sources.extend(graph.client_certificate.as_mut().map(|source| ("graph.client_certificate", source)));
        }
        if let Some(ews) = ews {
            sources.extend(ews.password.as_mut().map(|source| ("ews.password", source)));
            sources.extend(ews.client_secret.as_mut().map(|source| ("ews.client_secret", source)));
        }
        sources
    }

    fn trusts_mut(&mut self) -> Vec<(&'static str, &mut WrittenTrust)> {
        let Self { starface, graph, ews, .. } = self;
        let graph = graph.as_mut().and_then(|graph| graph.trust.as_mut());
        let ews = ews.as_mut().and_then(|ews| ews.trust.as_mut());
        let trusts = [("starface.trust", starface.trust.as_mut()), ("graph.trust", graph), ("ews.trust", ews)];
        trusts.into_iter().filter_map(|(place, trust)| Some((place, trust?))).collect()
    }
}

/// `None`: it is in the store.
fn read_secret(source: &SecretSource, folder: &Path) -> Result<Option<Secret>, String> {
    let found = match source {
        SecretSource::Env(name) => {
            std::env::var(name).map_err(|_| format!("the environment has no variable {name} (or it is no text)"))?
        }
        SecretSource::File(path) => read_small(&folder.join(path))?,
        SecretSource::Stored(InStore) => return Ok(None),
    };
    match found.trim() {
        "" => Err("the secret is empty".to_owned()),
        secret => Ok(Some(Secret::new(secret))),
    }
}

fn read_small(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let result = std::fs::File::open(path).and_then(|file| file.take(LONGEST_FILE).read_to_string(&mut text));
    result.map(|_| text).map_err(|error| format!("{} can't be read: {error}", path.display()))
}
