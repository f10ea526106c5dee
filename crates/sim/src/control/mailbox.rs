//! Mailboxes and their calendars.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    event,
    read::{Fields, Refusal, Result},
};
use crate::{
    directory::Entry,
    graph::zones,
    http::Request,
    mailbox::{Access, EwsRight, Home},
    world::World,
};

/// Days before and after now of which the company's appointments are shown, if no span is asked for.
const DAYS_BEFORE: i64 = 7;
const DAYS_AFTER: i64 = 28;

const ACCESS: [(&str, Access); 3] =
    [("granted", Access::Granted), ("missing", Access::Missing), ("denied", Access::Denied)];

const EWS: [(&str, EwsRight); 4] = [
    ("reviewer", EwsRight::Reviewer),
    ("availability", EwsRight::Availability),
    ("merged", EwsRight::Merged),
    ("none", EwsRight::None),
];
const HOME: [(&str, Home); 4] =
    [("both", Home::Both), ("cloud", Home::Cloud), ("server", Home::Server), ("moving", Home::Moving)];

/// The word for something in a table, and what a word of it stands for.
fn word<T: PartialEq>(table: &'static [(&'static str, T)], thing: &T) -> Option<&'static str> {
    table.iter().find(|(_, known)| known == thing).map(|(word, _)| *word)
}

fn meant<T: Copy>(table: &'static [(&'static str, T)], value: &Value) -> Option<T> {
    table.iter().find(|(word, _)| value == word).map(|(_, thing)| *thing)
}

/// A mailbox as JSON.
pub(super) fn write(entry: &Entry) -> Value {
    let mailbox = entry.mailbox();
    json!({
        "mail": entry.person.mail,
        "name": entry.person.name(),
        "object_id": entry.person.object_id.to_string(),
        "user_principal_name": entry.person.upn,
        "access": word(&ACCESS, &mailbox.access),
        "ews": word(&EWS, &mailbox.ews),
        "impersonable": mailbox.impersonable,
        "home": word(&HOME, &mailbox.home),
        "zone": mailbox.zone.iana_name(),
        "zone_name": mailbox.zone_name,
    })
}

/// Changes a mailbox.
pub(super) fn patch(entry: &Entry, body: &Value) -> Result<Value> {
    let fields = Fields::new("", body, &["access", "ews", "impersonable", "home", "zone", "zone_name"])?;
    let access = fields.read("access", "granted, missing or denied", |value| meant(&ACCESS, value))?;
    let ews = fields.read("ews", "reviewer, availability, merged or none", |value| meant(&EWS, value))?;
    let impersonable = fields.flag("impersonable")?;
    let home = fields.read("home", "both, cloud, server or moving", |value| meant(&HOME, value))?;
    let zone = fields.read("zone", "the name of a time zone", |value| zones::resolve(value.as_str()?))?;
    let zone_name = fields.text("zone_name")?;
    let mut mailbox = entry.mailbox();
    mailbox.access = access.unwrap_or(mailbox.access);
    mailbox.ews = ews.unwrap_or(mailbox.ews);
    mailbox.impersonable = impersonable.unwrap_or(mailbox.impersonable);
    mailbox.home = home.unwrap_or(mailbox.home);
    if let Some(zone) = zone {
        mailbox.zone = zone;
    }
    if let Some(name) = zone_name {
        mailbox.zone_name = Some(name.to_owned());
    }
    drop(mailbox);
    Ok(write(entry))
}

/// What is in a calendar: what was entered as it was entered, and the company's appointments one by one. With
/// `from` and `to`, every instance in that span one by one.
pub(super) fn events(world: &World, entry: &Entry, request: &Request) -> Result<Value> {
    let instant = |name: &str| match request.query(name) {
        None => Ok(None),
        Some(text) => {
            let instant = text.replace(' ', "+").parse::<Timestamp>();
            instant.map(Some).map_err(|_| Refusal(format!("{name}: an instant with its offset (RFC 3339) is expected")))
        }
    };
    let (from, to) = (instant("from")?, instant("to")?);
    let mailbox = entry.mailbox();
    let (company, person) = (&world.company, &entry.person);
    if let (Some(from), Some(to)) = (from, to) {
        let items = mailbox.items(company, person, (from, to));
        let instances = mailbox.instances(company, person, &items, (from, to));
        return Ok(instances.iter().map(event::write).collect());
    }
    if from.is_some() || to.is_some() {
        return Err(Refusal("from and to go together".to_owned()));
    }
    let now = world.clock.now();
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    let window =
        (now.saturating_sub(days(DAYS_BEFORE)).unwrap_or(now), now.saturating_add(days(DAYS_AFTER)).unwrap_or(now));
    let mut items = mailbox.items(company, person, window);
    items.retain(|item| mailbox.own().all(|own| !Arc::ptr_eq(own, item)));
    let made = mailbox.instances(company, person, &items, window);
    let own = mailbox.own().map(|item| event::write_item(item));
    Ok(own.chain(made.iter().map(event::write)).collect())
}

/// Enters an event.
pub(super) fn put_event(world: &World, entry: &Entry, id: &str, body: &Value) -> Result<Value> {
    let mut mailbox = entry.mailbox();
    let item = event::read(id, body, &mailbox.zone)?;
    let written = event::write_item(&item);
    if mailbox.put(&world.company, &entry.person, item) {
        Ok(written)
    } else {
        Err(Refusal("the mailbox is full".to_owned()))
    }
}
