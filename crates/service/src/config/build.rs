//! From the written form and its secrets to what runs.

use std::{collections::BTreeMap, io::Read, path::Path};

use busylamp_calendar::graph::{Cloud, GraphSettings};
use busylamp_core::{format::refusal::Refusal, ids::InstanceId, secret::Secret};
use busylamp_net::trust::Trust;
use busylamp_pbx::starface::{BridgeConfig, StarfaceConfig};
use jiff::tz::TimeZone;

use super::{
    Connections, InstanceConfig,
    file::{SecretSource, WrittenGraph, WrittenInstance, WrittenStarface, WrittenTrust},
};

/// The secrets of one instance by their place in the written form, such as `starface.password`. Authorities'
/// certificates are kept with them, so that a file that is gone tomorrow is not missed.
pub type Secrets = BTreeMap<String, Secret>;

/// No secret or certificate file is larger, in bytes.
const LONGEST_FILE: u64 = 1 << 20;

/// Builds an instance.
///
/// # Errors
/// The place within the instance and the remedy.
pub fn build(id: &InstanceId, written: &WrittenInstance, secrets: &Secrets) -> Result<InstanceConfig, Refusal> {
    let zone = TimeZone::get(&written.zone)
        .map_err(|_| Refusal::new("zone", format!("`{}` is no known time zone like Europe/Berlin", written.zone)))?;
    if written.ews.is_some() {
        return Err(Refusal::new(
            "ews",
            "this version reads Microsoft 365 only: use [instance.graph], or wait for the Exchange Server source",
        ));
    }
    let Some(graph) = &written.graph else {
        return Err(Refusal::new("graph", "an instance needs a calendar: add [instance.graph]"));
    };
    Ok(InstanceConfig {
        id: id.clone(),
        description: written.description.clone(),
        active: written.active,
        language: written.language,
        zone,
        graph: build_graph(graph, secrets).map_err(|refusal| refusal.within("graph"))?,
        poll: graph.poll.0,
        stale_after: written.stale_after.0,
        starface: build_starface(&written.starface, secrets).map_err(|refusal| refusal.within("starface"))?,
        group: written.starface.group.clone(),
        policy: written.policy.clone(),
        connections: Connections {
            graph: written.graph.clone(),
            starface: written.starface.clone(),
            secrets: secrets.clone(),
        },
    })
}

fn build_graph(written: &WrittenGraph, secrets: &Secrets) -> Result<GraphSettings, Refusal> {
    let cloud: Cloud = match &written.cloud {
        Some(name) => name
            .parse()
            .map_err(|_| Refusal::new("cloud", format!("`{name}` is no cloud: global, us_gov, us_dod or china")))?,
        None => Cloud::default(),
    };
    let url = |key: &str, text: &Option<String>, preset| match text {
        Some(text) => text.parse().map_err(|_| Refusal::new(key, format!("`{text}` is no address like https://…"))),
        None => Ok(preset),
    };
    Ok(GraphSettings {
        login: url("login", &written.login, cloud.login())?,
        endpoint: url("endpoint", &written.endpoint, cloud.endpoint())?,
        trust: trust("graph.trust", written.trust.as_ref(), secrets)?,
        ..GraphSettings::new(cloud, &written.tenant, &written.client_id, secret("graph.client_secret", secrets)?)
    })
}

fn build_starface(written: &WrittenStarface, secrets: &Secrets) -> Result<StarfaceConfig, Refusal> {
    let address = |_| Refusal::new("url", format!("`{}` is no address like https://pbx.example.com", written.url));
    let config = StarfaceConfig {
        url: written.url.parse().map_err(address)?,
        login: written.login.clone(),
        password: secret("starface.password", secrets)?,
        client_secret: written.client_secret.as_ref().map(|_| secret("starface.client_secret", secrets)).transpose()?,
        bridge: match &written.bridge {
            Some(bridge) => {
                let key = secret("starface.bridge.key", secrets)?;
                Some(BridgeConfig { instance: bridge.instance.clone(), key })
            }
            None => None,
        },
        trust: trust("starface.trust", written.trust.as_ref(), secrets)?,
    };
    config.validate().map_err(|error| Refusal::new("", error.to_string()))?;
    Ok(config)
}

fn secret(place: &str, secrets: &Secrets) -> Result<Secret, Refusal> {
    let key = place.split_once('.').map_or(place, |(_, key)| key);
    secrets.get(place).cloned().ok_or_else(|| Refusal::new(key, "the store has no such secret; apply the file again"))
}

fn trust(place: &str, written: Option<&WrittenTrust>, secrets: &Secrets) -> Result<Trust, Refusal> {
    let refusal = |problem: String| Refusal::new("trust", problem);
    match written {
        None => Ok(Trust::System),
        Some(WrittenTrust::Pin(pin)) => {
            pin.parse().map(Trust::Pin).map_err(|error: busylamp_net::trust::PinError| refusal(error.to_string()))
        }
        Some(WrittenTrust::Authority(_)) => {
            let pem = secret(place, secrets)?;
            Trust::authority_pem(pem.expose().as_bytes()).map_err(|error| refusal(error.to_string()))
        }
    }
}

impl WrittenInstance {
    /// Reads the secrets from where the written form says they stand. Relative paths are relative to `folder`.
    ///
    /// # Errors
    /// The place and what could not be read there; never the secret.
    pub fn resolve(&self, folder: &Path) -> Result<Secrets, Refusal> {
        let mut sources: Vec<(&str, &SecretSource)> = vec![("starface.password", &self.starface.password)];
        sources.extend(self.starface.client_secret.as_ref().map(|source| ("starface.client_secret", source)));
        sources.extend(self.starface.bridge.as_ref().map(|bridge| ("starface.bridge.key", &bridge.key)));
        sources.extend(self.graph.as_ref().map(|graph| ("graph.client_secret", &graph.client_secret)));
        let mut secrets = Secrets::new();
        for (place, source) in sources {
            let found = match source {
                SecretSource::Env(name) => std::env::var(name)
                    .map_err(|_| format!("the environment has no variable {name} (or it is no text)")),
                SecretSource::File(path) => read_small(&folder.join(path)),
            };
            let found = found.map_err(|problem| Refusal::new(place, problem))?;
            if found.trim().is_empty() {
                return Err(Refusal::new(place, "the secret is empty"));
            }
            secrets.insert(place.to_owned(), Secret::new(found.trim()));
        }
        let trusts = [
            ("starface.trust", self.starface.trust.as_ref()),
            ("graph.trust", self.graph.as_ref().and_then(|graph| graph.trust.as_ref())),
        ];
        for (place, trust) in trusts {
            if let Some(WrittenTrust::Authority(path)) = trust {
                let pem = read_small(&folder.join(path)).map_err(|problem| Refusal::new(place, problem))?;
                secrets.insert(place.to_owned(), Secret::new(pem));
            }
        }
        Ok(secrets)
    }
}

fn read_small(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let result = std::fs::File::open(path).and_then(|file| file.take(LONGEST_FILE).read_to_string(&mut text));
    result.map(|_| text).map_err(|error| format!("{} can't be read: {error}", path.display()))
}
