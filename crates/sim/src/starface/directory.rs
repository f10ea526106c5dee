//! Users, groups, numbers and accounts over REST.

use http::StatusCode;
use serde_json::{Value, json};

use super::{
    account::{Account, NumberKind, external_number, internal_number},
    pbx::{Group, Pbx, SERVICE_ACCOUNT},
};
use crate::{
    http::{Reply, Request},
    world::World,
};

fn ok(body: &Value) -> Reply {
    Reply::json(StatusCode::OK, body)
}

fn gone() -> Reply {
    Reply::empty(StatusCode::NOT_FOUND)
}

/// Whether a name has what is searched for.
fn named(name: &str, request: &Request) -> bool {
    request.query("searchTerm").is_none_or(|term| name.to_lowercase().contains(&term.to_lowercase()))
}

/// `/users` and what is below.
pub(super) fn users(world: &World, request: &Request, path: &[&str]) -> Reply {
    let pbx = world.pbx();
    let account = |id: &str| id.parse().ok().and_then(|id: u32| pbx.accounts.get(&id));
    match path {
        [] => {
            let visible = |account: &&Account| pbx.set_up.administrator || account.id == SERVICE_ACCOUNT;
            let named = |account: &&Account| named(&account.name(), request);
            ok(&pbx.accounts.values().filter(visible).filter(named).map(user).collect())
        }
        ["me"] => pbx.accounts.get(&SERVICE_ACCOUNT).map_or_else(gone, |account| ok(&user(account))),
        [id] => account(id).map_or_else(gone, |account| ok(&user(account))),
        [id, "phonenumberconfig", "phonenumbers"] => account(id).map_or_else(gone, |account| {
            let own = numbers_of(account)
                .map(|(number_id, _, _)| json!({"accountId": account.id, "phoneNumberId": number_id, "serviceId": 1}));
            ok(&own.collect())
        }),
        _ => gone(),
    }
}

fn user(account: &Account) -> Value {
    json!({
        "id": account.id,
        "login": account.login,
        "email": account.email,
        "firstName": account.given,
        "familyName": account.family,
        "language": if account.english { "en" } else { "de" },
        "namespace": "",
        "personId": format!("p{}", account.id),
        "password": "",
        "faxCallerId": "",
        "faxCoverPage": false,
        "faxEmailJournal": false,
        "faxHeader": "",
        "missedCallReport": false,
        "licenseType": "COMFORT",
    })
}

/// `/groups` and `/groups/{id}`.
pub(super) fn groups(world: &World, request: &Request, path: &[&str]) -> Reply {
    let pbx = world.pbx();
    match path {
        [] => {
            let item = |group: &Group| {
                json!({
                    "id": group.id,
                    "groupname": group.name,
                    "groupinternalnumber": group.number,
                    "groupexternalnumber": "",
                })
            };
            ok(&pbx.groups.iter().filter(|group| named(&group.name, request)).map(item).collect())
        }
        [id] => {
            let id = id.parse::<u32>().ok();
            pbx.groups.iter().find(|group| Some(group.id) == id).map_or_else(gone, |found| ok(&group(&pbx, found)))
        }
        _ => gone(),
    }
}

fn group(pbx: &Pbx, group: &Group) -> Value {
    let users = pbx.accounts.values().map(|account| {
        json!({
            "id": account.id,
            "firstname": account.given,
            "lastname": account.family,
            "assigned": group.members.contains(&account.id),
        })
    });
    let number = json!({
        "id": number_id(group.id, 3), "assigned": true, "intern": true, "extension": group.number,
        "countryCode": "", "localAreaCode": "", "exitCode": "",
    });
    json!({
        "id": group.id,
        "name": group.name,
        "groupId": format!("g{}", group.id),
        "chatGroup": false,
        "voicemail": false,
        "assignableUsers": if pbx.set_up.administrator { users.collect::<Vec<_>>() } else { Vec::new() },
        "assignableNumbers": [number],
    })
}

/// The id of a number: who has it, and which of theirs.
fn number_id(owner: u32, place: u32) -> u32 {
    owner.saturating_mul(10).saturating_add(place)
}

/// An account's own numbers.
fn numbers_of(account: &Account) -> impl Iterator<Item = (u32, &'static str, String)> {
    let id = account.id;
    let own =
        account.redirects.iter().any(|redirect| matches!(redirect.kind, NumberKind::External | NumberKind::Internal));
    let both =
        [(number_id(id, 1), "EXTERNAL", external_number(id)), (number_id(id, 2), "INTERNAL", internal_number(id))];
    both.into_iter().filter(move |_| own)
}

/// `/phonenumbers`, narrowed by `type` and `assigned`, and `/phonenumbers/{id}`.
pub(super) fn phone_numbers(world: &World, request: &Request, path: &[&str]) -> Reply {
    let pbx = world.pbx();
    let own = pbx.accounts.values().flat_map(|account| {
        numbers_of(account).map(|(id, kind, number)| {
            let mut body = json!({"id": id, "number": number, "type": kind, "assignedUserAccountId": account.id});
            if kind == "EXTERNAL" {
                body["nationalPrefix"] = json!("49");
                body["localPrefix"] = json!("30");
                body["exitCode"] = json!("0");
                body["numberBlockId"] = json!(1);
            }
            (body, true)
        })
    });
    let of_groups = pbx.groups.iter().map(|group| {
        let id = number_id(group.id, 3);
        (json!({"id": id, "number": group.number, "type": "INTERNAL", "assignedGroupAccountId": group.id}), true)
    });
    let spare = [(json!({"id": 1, "number": "+493055550000", "type": "EXTERNAL"}), false)];
    let mut all = own.chain(of_groups).chain(spare);
    match path {
        [] => {
            let wanted_type = request.query("type");
            let wanted_assigned = request.query("assigned").map(|text| text == "true");
            let narrowed = all.filter(|(body, assigned)| {
                wanted_type.is_none_or(|kind| body["type"] == kind)
                    && wanted_assigned.is_none_or(|wanted| *assigned == wanted)
            });
            ok(&narrowed.map(|(body, _)| body).collect())
        }
        [id] => {
            let id = id.parse::<u32>().ok();
            all.find(|(body, _)| id.is_some_and(|id| body["id"] == id)).map_or_else(gone, |(body, _)| ok(&body))
        }
        _ => gone(),
    }
}

/// `/accounts`: users and groups in one list.
pub(super) fn accounts(world: &World) -> Reply {
    let pbx = world.pbx();
    let users = pbx.accounts.values().map(|account| {
        json!({
            "accountId": account.id,
            "type": "USER",
            "displayInformation": account.name(),
            "firstname": account.given,
            "lastname": account.family,
            "federationname": "",
            "local": true,
            "primaryInternalPhoneNumber": internal_number(account.id),
        })
    });
    let groups = pbx.groups.iter().map(|group| {
        json!({
            "accountId": group.id,
            "type": "GROUP",
            "displayInformation": group.name,
            "firstname": "",
            "lastname": group.name,
            "federationname": "",
            "local": true,
            "primaryInternalPhoneNumber": group.number,
        })
    });
    ok(&users.chain(groups).collect())
}
