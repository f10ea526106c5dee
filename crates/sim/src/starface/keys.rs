//! `/functionkeysets`: the keys on a user's phones, their labels, and provisioning.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    account::{Account, Key, KeyKind, internal_number},
    pbx::{Pbx, Through},
};
use crate::{
    faults::Fault,
    http::{Reply, Request},
    world::World,
};

/// The characters that a label may have.
const MAX_LABEL: usize = 255;

pub(super) fn answer(world: &World, request: &Request, owner: u32, path: &[&str]) -> Reply {
    let mut pbx = world.pbx();
    let Some(account) = pbx.accounts.get(&owner) else { return Reply::empty(StatusCode::NOT_FOUND) };
    let set = account.key_set();
    let ok = |body: &Value| Reply::json(StatusCode::OK, body);
    let missing = || super::rest::error("there is no such key");
    if path.first().is_some_and(|first| *first != set && *first != "edit") {
        return super::rest::error("there is no such set of function keys");
    }
    let find = |id: &str| account.keys.iter().enumerate().find(|(_, key)| key.id == id);
    match (&request.method, path) {
        (&Method::GET, []) => {
            let order: Vec<_> = account.keys.iter().map(|key| key.id.clone()).collect();
            ok(&json!([{"id": set, "name": "Standard", "keyOrder": order}]))
        }
        (&Method::GET, ["edit", "defaults"]) => ok(&json!({"editFunctionKeyDnd": {"name": "Ruhe"}})),
        (&Method::GET, [_]) => {
            ok(&account.keys.iter().enumerate().map(|(place, key)| key_json(account, place, key)).collect())
        }
        (&Method::GET, [_, "phones"]) => ok(&json!([account.phone()])),
        (&Method::PUT, [_, "phone"]) => provision(world, &mut pbx, owner, request),
        (&Method::GET, [_, "edit", id]) => find(id).map_or_else(missing, |(_, key)| ok(&edit_json(&pbx, key))),
        (&Method::GET, [_, id]) => find(id).map_or_else(missing, |(place, key)| ok(&key_json(account, place, key))),
        (&Method::PUT, [_, id]) => {
            if find(id).is_none() {
                return missing();
            }
            write(world, &mut pbx, owner, id, request)
        }
        _ => Reply::empty(StatusCode::METHOD_NOT_ALLOWED),
    }
}

fn key_json(account: &Account, place: usize, key: &Key) -> Value {
    let mut body = json!({"id": key.id, "name": key.name, "accountId": account.id.to_string(), "position": place});
    body["functionKeyType"] = json!(match &key.kind {
        KeyKind::BusyLamp(shown) => {
            body["blfAccountId"] = json!(shown);
            "BUSYLAMPFIELD"
        }
        KeyKind::DoNotDisturb => "DONOTDISTURB",
        KeyKind::QuickDial(number) => {
            body["directCallTargetnumber"] = json!(number);
            "QUICKDIAL"
        }
    });
    body
}

fn edit_json(pbx: &Pbx, key: &Key) -> Value {
    match &key.kind {
        KeyKind::BusyLamp(shown) => json!({"editFunctionKeyBusyLampField": {
            "name": key.name,
            "blfAccountId": shown,
            "blfDisplayInformation": pbx.accounts.get(shown).map(Account::name).unwrap_or_default(),
            "number": internal_number(*shown),
        }}),
        KeyKind::DoNotDisturb => json!({"editFunctionKeyDnd": {"name": key.name}}),
        KeyKind::QuickDial(number) => json!({"editFunctionKeyQuickDial": {"name": key.name, "number": number}}),
    }
}

/// Writes a key. Versions 7 to 9 know the flat form alone. Version 10 takes the account from the edit form only: with
/// the flat form it stores the key's owner.
fn write(world: &World, pbx: &mut Pbx, owner: u32, id: &str, request: &Request) -> Reply {
    let Ok(body) = request.json() else { return Reply::empty(StatusCode::BAD_REQUEST) };
    let ten = pbx.set_up.version.is_ten();
    let edit = &body["editFunctionKeyBusyLampField"];
    if edit.is_object() && !ten {
        return super::rest::error("name is missing");
    }
    let (form, edited) = if edit.is_object() { (edit, true) } else { (&body, false) };
    let Some(name) = form["name"].as_str() else { return super::rest::error("name is missing") };
    let account = form["blfAccountId"].as_u64().and_then(|id| u32::try_from(id).ok());
    let Some((_, key)) = pbx.key(id) else { return super::rest::error("there is no such key") };
    let shows = match key.kind {
        KeyKind::BusyLamp(_) if !edited && ten => Some(owner),
        KeyKind::BusyLamp(_) if account.is_none() => return super::rest::error("blfAccountId is missing"),
        KeyKind::BusyLamp(_) => account,
        KeyKind::DoNotDisturb | KeyKind::QuickDial(_) => None,
    };
    let refuses =
        shows.and_then(|shown| pbx.accounts.get(&shown)).is_some_and(|shown| shown.refuses.contains("blf_label"));
    if refuses {
        return super::rest::error("the key can't be saved");
    }
    let name: String = name.chars().take(MAX_LABEL).collect();
    pbx.write_key(world.clock.now(), id, name, shows, Through::Rest);
    Reply::empty(StatusCode::OK)
}

fn provision(world: &World, pbx: &mut Pbx, owner: u32, request: &Request) -> Reply {
    let phone = pbx.accounts.get(&owner).map(Account::phone);
    match (request.query("phone"), phone) {
        (Some(asked), Some(phone)) if asked == phone => {
            if world.faults.strikes(Fault::ProvisioningRefused) {
                return Reply::empty(StatusCode::BAD_REQUEST);
            }
            *pbx.provisioned.entry(phone).or_default() += 1;
            Reply::empty(StatusCode::OK)
        }
        _ => Reply::empty(StatusCode::NOT_FOUND),
    }
}
