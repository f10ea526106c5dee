//! From the written form and its secrets to what runs.

use busylamp_core::{format::refusal::Refusal, ids::InstanceId};
use busylamp_pbx::starface::{BridgeConfig, ConfigError, StarfaceConfig};
use jiff::tz::TimeZone;

use super::{
    CalendarConfig, Connections, InstanceConfig, calendar,
    file::{WrittenInstance, WrittenStarface},
    no_address, refused,
    secrets::{Secrets, secret, trust},
};

/// Builds an instance.
///
/// # Errors
/// The place within the instance and the remedy.
pub fn build(id: &InstanceId, written: &WrittenInstance, secrets: &Secrets) -> Result<InstanceConfig, Refusal> {
    let zone = TimeZone::get(&written.zone).map_err(|_| {
        let zone = &written.zone;
        refused(
            "zone",
            format!("„{zone}“ ist keine bekannte Zeitzone wie Europe/Berlin."),
            format!("`{zone}` is no known time zone like Europe/Berlin"),
        )
    })?;
    Ok(InstanceConfig {
        id: id.clone(),
        name: written.name.clone(),
        description: written.description.clone(),
        active: written.active,
        language: written.language,
        zone,
        calendar: build_calendar(written, secrets)?,
        stale_after: written.stale_after.0,
        starface: build_starface(&written.starface, secrets)?,
        group: written.starface.group.clone(),
        policy: written.policy.clone(),
        connections: Connections::of(written, secrets),
    })
}

/// The calendar's part of an instance.
///
/// # Errors
/// The place within the instance and the remedy.
pub(crate) fn build_calendar(written: &WrittenInstance, secrets: &Secrets) -> Result<CalendarConfig, Refusal> {
    calendar::build(written, secrets)
}

/// The telephone system's part of an instance.
///
/// # Errors
/// The place within the instance and the remedy.
pub(crate) fn build_starface(written: &WrittenStarface, secrets: &Secrets) -> Result<StarfaceConfig, Refusal> {
    starface(written, secrets).map_err(|refusal| refusal.within("starface"))
}

fn starface(written: &WrittenStarface, secrets: &Secrets) -> Result<StarfaceConfig, Refusal> {
    let address = |_| no_address("url", &written.url, "https://pbx.example.com");
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
    config.validate().map_err(|error| Refusal::said(key_at_fault(&error), &error.said()))?;
    Ok(config)
}

/// The key of `[instance.starface]` that a driver's configuration error is about.
fn key_at_fault(error: &ConfigError) -> &'static str {
    match error {
        ConfigError::Address(_) | ConfigError::Unencrypted | ConfigError::AddressExtras => "url",
        ConfigError::NoLogin => "login",
        ConfigError::NoPassword => "password",
        ConfigError::NoClientSecret => "client_secret",
        ConfigError::BridgeInstance => "bridge.instance",
        ConfigError::BridgeKey => "bridge.key",
        ConfigError::Trust(_) => "trust",
    }
}
