//! The pretended Exchange Server as a whole: its account, how it wants people to sign in, what it counted.

use serde_json::{Value, json};

use super::read::{Fields, Refusal, Result};
use crate::{
    ews::account::{BindingMode, Redirect},
    world::World,
};

const BINDINGS: [(&str, BindingMode); 3] =
    [("none", BindingMode::None), ("allow", BindingMode::Allow), ("require", BindingMode::Require)];

/// The server as JSON.
pub(super) fn write(world: &World) -> Value {
    let settings = world.ews.settings();
    let schemes = [("negotiate", settings.negotiate), ("ntlm", settings.ntlm), ("basic", settings.basic)];
    let schemes: Vec<&str> = schemes.into_iter().filter(|(_, offered)| *offered).map(|(name, _)| name).collect();
    let binding = BINDINGS.iter().find(|(_, mode)| *mode == settings.binding).map(|(word, _)| word);
    let redirect = match &settings.redirect {
        None => Value::Null,
        Some(Redirect::Url(url)) => json!({"url": url}),
        Some(Redirect::Address(address)) => json!({"address": address}),
    };
    json!({
        "authentication": schemes,
        "channel_binding": binding,
        "locked": settings.locked,
        "concurrency": settings.concurrency,
        "find_count_limit": settings.find_count_limit,
        "autodiscover_redirect": redirect,
        "wrong_passwords": settings.wrong_passwords,
        "unknown_names": settings.unknown_names,
        "sign_ins": settings.sign_ins,
        "refused_bindings": settings.refused_bindings,
        "bound": settings.bound,
        "anchored": settings.anchored,
        "unanchored": settings.unanchored,
        "autodiscover_with_credentials": settings.autodiscover_with_credentials,
    })
}

/// Changes the server. All of it or nothing.
pub(super) fn patch(world: &World, body: &Value) -> Result<Value> {
    const KEYS: [&str; 7] = [
        "authentication",
        "channel_binding",
        "locked",
        "password",
        "concurrency",
        "find_count_limit",
        "autodiscover_redirect",
    ];
    let fields = Fields::new("", body, &KEYS)?;
    let schemes = fields.read("authentication", "a list of negotiate, ntlm and basic", |value| {
        let names: Option<Vec<&str>> = value.as_array()?.iter().map(Value::as_str).collect();
        names.filter(|names| names.iter().all(|name| ["negotiate", "ntlm", "basic"].contains(name)))
    })?;
    let binding = fields.read("channel_binding", "none, allow or require", |value| {
        BINDINGS.iter().find(|(word, _)| value == word).map(|(_, mode)| *mode)
    })?;
    let locked = fields.flag("locked")?;
    let password = fields.text("password")?;
    let size = |name: &str| -> Result<Option<usize>> {
        Ok(fields.number(name)?.map(|number| usize::try_from(number).unwrap_or(usize::MAX)))
    };
    let (concurrency, find_count_limit) = (size("concurrency")?, size("find_count_limit")?);
    // `null` ends it, so it counts as said.
    let redirect = match body.get("autodiscover_redirect") {
        None => None,
        Some(Value::Null) => Some(None),
        Some(value) => {
            let inner = Fields::new("autodiscover_redirect", value, &["url", "address"])?;
            match (inner.text("url")?, inner.text("address")?) {
                (Some(url), None) => Some(Some(Redirect::Url(url.to_owned()))),
                (None, Some(address)) => Some(Some(Redirect::Address(address.to_owned()))),
                _ => return Err(Refusal("autodiscover_redirect: one of url and address is expected".to_owned())),
            }
        }
    };
    let mut settings = world.ews.settings();
    if let Some(schemes) = schemes {
        settings.negotiate = schemes.contains(&"negotiate");
        settings.ntlm = schemes.contains(&"ntlm");
        settings.basic = schemes.contains(&"basic");
    }
    settings.binding = binding.unwrap_or(settings.binding);
    if let Some(password) = password {
        settings.password = password.to_owned();
    }
    if let Some(locked) = locked {
        settings.lock(locked);
    }
    settings.concurrency = concurrency.unwrap_or(settings.concurrency);
    settings.find_count_limit = find_count_limit.unwrap_or(settings.find_count_limit);
    if let Some(redirect) = redirect {
        settings.redirect = redirect;
    }
    drop(settings);
    Ok(write(world))
}
