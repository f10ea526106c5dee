//! Secrets and certificates: from where the written form says they stand, into the store, and out of it.

use std::{collections::BTreeMap, io::Read, path::Path};

use busylamp_core::{format::refusal::Refusal, secret::Secret};
use busylamp_net::trust::{PinError, Trust};

use super::file::{SecretSource, WrittenInstance, WrittenTrust};

/// The secrets of one instance by their place in the written form, such as `starface.password`. Authorities'
/// certificates are kept with them, so that a file that is gone tomorrow is not missed.
pub type Secrets = BTreeMap<String, Secret>;

/// No secret or certificate file is larger, in bytes.
const LONGEST_FILE: u64 = 1 << 20;

/// The secret of a place, which a refusal names without its table.
pub(super) fn secret(place: &str, secrets: &Secrets) -> Result<Secret, Refusal> {
    let key = place.split_once('.').map_or(place, |(_, key)| key);
    secrets.get(place).cloned().ok_or_else(|| Refusal::new(key, "the store has no such secret; apply the file again"))
}

/// Whose certificates are believed at a place.
pub(super) fn trust(place: &str, written: Option<&WrittenTrust>, secrets: &Secrets) -> Result<Trust, Refusal> {
    let refusal = |problem: String| Refusal::new("trust", problem);
    match written {
        None => Ok(Trust::System),
        Some(WrittenTrust::Pin(pin)) => {
            pin.parse().map(Trust::Pin).map_err(|error: PinError| refusal(error.to_string()))
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
        let Self { starface, graph, ews, .. } = self;
        let sources = [
            ("starface.password", Some(&starface.password)),
            ("starface.client_secret", starface.client_secret.as_ref()),
            ("starface.bridge.key", starface.bridge.as_ref().map(|bridge| &bridge.key)),
            ("graph.client_secret", graph.as_ref().map(|graph| &graph.client_secret)),
            ("ews.password", ews.as_ref().and_then(|ews| ews.password.as_ref())),
            ("ews.client_secret", ews.as_ref().and_then(|ews| ews.client_secret.as_ref())),
        ];
        let trusts = [
            ("starface.trust", starface.trust.as_ref()),
            ("graph.trust", graph.as_ref().and_then(|graph| graph.trust.as_ref())),
            ("ews.trust", ews.as_ref().and_then(|ews| ews.trust.as_ref())),
        ];
        let mut secrets = Secrets::new();
        for (place, source) in sources {
            let Some(source) = source else { continue };
            let secret = read_secret(source, folder).map_err(|problem| Refusal::new(place, problem))?;
            secrets.insert(place.to_owned(), secret);
        }
        for (place, trust) in trusts {
            if let Some(WrittenTrust::Authority(path)) = trust {
                let pem = read_small(&folder.join(path)).map_err(|problem| Refusal::new(place, problem))?;
                secrets.insert(place.to_owned(), Secret::new(pem));
            }
        }
        Ok(secrets)
    }
}

fn read_secret(source: &SecretSource, folder: &Path) -> Result<Secret, String> {
    let found = match source {
        SecretSource::Env(name) => {
            std::env::var(name).map_err(|_| format!("the environment has no variable {name} (or it is no text)"))?
        }
        SecretSource::File(path) => read_small(&folder.join(path))?,
    };
    match found.trim() {
        "" => Err("the secret is empty".to_owned()),
        secret => Ok(Secret::new(secret)),
    }
}

fn read_small(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let result = std::fs::File::open(path).and_then(|file| file.take(LONGEST_FILE).read_to_string(&mut text));
    result.map(|_| text).map_err(|error| format!("{} can't be read: {error}", path.display()))
}
