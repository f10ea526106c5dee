//! A PBX user's state, and changing it as a person at a phone would.

use std::{collections::BTreeSet, time::Duration};

use busylamp_core::account::Presence;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::read::{Fields, Refusal, Result};
use crate::{
    starface::{
        account::{Account, Destination, NumberKind},
        pbx::{Pbx, StateChange, Through},
        rival::Rival,
    },
    world::World,
};

/// What can be refused.
const REFUSABLE: [&str; 5] = ["dnd", "presence", "text", "diversion", "blf_label"];

/// The account as JSON.
pub(super) fn write(pbx: &Pbx, account: &Account) -> Value {
    let own = account.redirects.iter().filter(|redirect| redirect.is_own_always());
    let diversions: Map<String, Value> = own
        .map(|redirect| {
            let place = redirect.destination.place();
            let destination = if place.is_empty() { Value::Null } else { json!(place) };
            let body = json!({"number": redirect.kind.name(), "enabled": redirect.enabled, "destination": destination});
            (redirect.id.clone(), body)
        })
        .collect();
    let others = account.redirects.iter().filter(|redirect| !redirect.is_own_always());
    let others: Map<String, Value> = others
        .map(|redirect| {
            let body = json!({"trigger": redirect.trigger.name(), "number": redirect.kind.name(), "enabled": redirect.enabled});
            (redirect.id.clone(), body)
        })
        .collect();
    let labels: Map<String, Value> = pbx.lamps(account.id).map(|(_, key)| (key.id.clone(), json!(key.name))).collect();
    let groups: Vec<_> =
        pbx.groups.iter().filter(|group| group.members.contains(&account.id)).map(|group| &group.name).collect();
    json!({
        "account": account.id,
        "name": account.name(),
        "mail": account.email,
        "dnd": account.dnd,
        "presence": account.presence.name(),
        "text": account.text,
        "diversions": diversions,
        "other_diversions": others,
        "labels": labels,
        "groups": groups,
        "refuses": account.refuses,
        "another_writer": account.rival.as_ref().map(|rival| json!({"wrote": rival.wrote})),
    })
}

/// A change to one diversion.
struct DiversionChange {
    id: String,
    enabled: Option<bool>,
    destination: Option<String>,
    unlisted: bool,
}

/// Changes an account as if by hand: all of what is asked, or nothing.
pub(super) fn patch(world: &World, id: u32, body: &Value) -> Result<Value> {
    let fields = Fields::new("", body, &["dnd", "presence", "text", "diversions", "labels", "mail"])?;
    let change = state_change(&fields)?;
    let mail = fields.text("mail")?;
    let mut pbx = world.pbx();
    let account = pbx.accounts.get(&id).ok_or_else(|| Refusal(format!("there is no account {id}")))?;
    let diversions = diversions(account, fields.get("diversions"))?;
    let labels = labels(&pbx, id, fields.get("labels"))?;

    let now = world.clock.now();
    pbx.change(now, id, change, Through::Hand);
    if let Some(account) = pbx.accounts.get_mut(&id)
        && let Some(mail) = mail
    {
        mail.clone_into(&mut account.email);
    }
    for change in diversions {
        if let Some(redirect) = pbx.redirect(id, &change.id) {
            redirect.enabled = change.enabled.unwrap_or(redirect.enabled);
            if let Some(destination) = change.destination {
                redirect.destination = Destination::Number(destination);
            }
            if change.unlisted {
                redirect.kind = NumberKind::Unlisted;
                redirect.number = format!("x{}", redirect.number);
            }
        }
        pbx.note_redirect(now, id, &change.id, Vec::new(), Through::Hand);
    }
    for (key, label) in labels {
        pbx.write_key(now, &key, label, None, Through::Hand);
    }
    let written = pbx.accounts.get(&id).map(|account| write(&pbx, account)).unwrap_or_default();
    drop(pbx);
    world.told.notify_waiters();
    Ok(written)
}

fn state_change(fields: &Fields<'_>) -> Result<StateChange> {
    let presence = |value: &Value| serde_json::from_value::<Presence>(value.clone()).ok();
    let presences = "available, away, extended_away, do_not_disturb, free_for_chat or unavailable";
    Ok(StateChange {
        dnd: fields.flag("dnd")?,
        presence: fields.read("presence", presences, presence)?,
        text: fields.text("text")?.map(str::to_owned),
    })
}

/// Lets another program write to an account: every so many seconds, or at once after each change.
pub(super) fn another_writer(world: &World, id: u32, body: &Value) -> Result<()> {
    let fields = Fields::new("", body, &["dnd", "presence", "text", "seconds"])?;
    let change = state_change(&fields)?;
    let seconds = |value: &Value| value.as_f64().filter(|seconds| (0.1..=3600.0).contains(seconds));
    let every = fields.read("seconds", "a number of seconds from 0.1 to 3600", seconds)?.map(Duration::from_secs_f64);
    let next = Instant::now() + every.unwrap_or_default();
    if let Some(account) = world.pbx().accounts.get_mut(&id) {
        account.rival = Some(Rival { change, every, next, wrote: 0 });
    }
    // Who listens now has to know when to look.
    world.told.notify_waiters();
    Ok(())
}

fn diversions(account: &Account, value: Option<&Value>) -> Result<Vec<DiversionChange>> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let known: Vec<&str> = account.redirects.iter().map(|redirect| redirect.id.as_str()).collect();
    Fields::new("diversions", value, &known)?;
    let members = value.as_object().into_iter().flatten();
    members
        .map(|(id, value)| {
            let plain = |enabled| DiversionChange { id: id.clone(), enabled, destination: None, unlisted: false };
            if let Some(enabled) = value.as_bool() {
                return Ok(plain(Some(enabled)));
            }
            let fields = Fields::new(&format!("diversions.{id}"), value, &["enabled", "destination", "number"])?;
            let enabled = fields.flag("enabled")?;
            // `null` takes the destination away.
            let removed = value.get("destination").is_some_and(Value::is_null);
            let destination = fields.text("destination")?.map(str::to_owned).or(removed.then(String::new));
            let unknown = |value: &Value| value.as_str().filter(|word| *word == "unknown").map(|_| ());
            let unlisted = fields.read("number", "\"unknown\"", unknown)?.is_some();
            Ok(DiversionChange { destination, unlisted, ..plain(enabled) })
        })
        .collect()
}

fn labels(pbx: &Pbx, id: u32, value: Option<&Value>) -> Result<Vec<(String, String)>> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let known: Vec<&str> = pbx.lamps(id).map(|(_, key)| key.id.as_str()).collect();
    let fields = Fields::new("labels", value, &known)?;
    let members = value.as_object().into_iter().flatten();
    members.map(|(key, _)| Ok((key.clone(), fields.needed(key, fields.text(key)?)?.to_owned()))).collect()
}

/// Sets what the PBX refuses to have written for an account.
pub(super) fn refuse(world: &World, id: u32, body: &Value) -> Result<()> {
    let expected = || Refusal(format!("the body: a list of {} is expected", REFUSABLE.join(", ")));
    let words = body.as_array().ok_or_else(expected)?;
    let words: Option<BTreeSet<String>> =
        words.iter().map(|word| word.as_str().filter(|word| REFUSABLE.contains(word)).map(str::to_owned)).collect();
    let words = words.ok_or_else(expected)?;
    let mut pbx = world.pbx();
    let account = pbx.accounts.get_mut(&id).ok_or_else(|| Refusal(format!("there is no account {id}")))?;
    account.refuses = words;
    Ok(())
}
