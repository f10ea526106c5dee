//! People who come and go.

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::read::{Fields, Refusal, Result};
use crate::{
    company::people::{Person, object_id},
    graph::zones,
    starface::{account::Account, pbx::GROUP},
    world::World,
};

/// Lets somebody join: a user with an empty calendar, an account on the PBX, or both.
pub(super) fn add(world: &World, body: &Value) -> Result<Value> {
    let fields = Fields::new("", body, &["name", "mail", "account", "zone", "mailbox", "in_group"])?;
    let name = fields.needed("name", fields.text("name")?)?;
    let mail = fields.needed("mail", fields.text("mail")?)?;
    let zone = fields.read("zone", "the name of a time zone", |value| zones::resolve(value.as_str()?))?;
    let zone = zone.or_else(|| TimeZone::get("Europe/Berlin").ok()).unwrap_or(TimeZone::UTC);
    let with_mailbox = fields.flag("mailbox")?.unwrap_or(true);
    let in_group = fields.flag("in_group")?.unwrap_or(true);
    let asked = fields.number("account")?.map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    let mut pbx = world.pbx();
    // Numbers of groups lie above those of people; a new account takes the first free one in between.
    let account = asked.or_else(|| (2000..9000).chain(100_000..200_000).find(|id| !pbx.accounts.contains_key(id)));
    let account = account.ok_or_else(|| Refusal("no number is free".to_owned()))?;
    if pbx.accounts.contains_key(&account) {
        return Err(Refusal(format!("account: there is an account {account} already")));
    }
    let number = world.directory.next_number();
    let (given, family) = name.split_once(' ').unwrap_or(("", name));
    let person = Person {
        number,
        given: given.to_owned(),
        family: family.to_owned(),
        mail: mail.to_owned(),
        alias: format!("{account}@{}", crate::company::people::DOMAIN),
        // Two people may share an address, never a user name.
        upn: format!("u{account}@{}", crate::company::people::TENANT_DOMAIN),
        object_id: object_id(world.company.seed, &format!("{account}/{number}/{mail}")),
        account,
        team: 0,
        shift: false,
        english: false,
        zone,
        job: "Neu",
        employed: false,
    };
    pbx.add(Account::of(&person, &[], world.company.seed));
    if in_group && let Some(group) = pbx.groups.iter_mut().find(|group| group.name == GROUP) {
        group.members.insert(account);
    }
    drop(pbx);
    let answer = json!({"mail": person.mail, "name": person.name(), "account": account});
    if with_mailbox {
        world.directory.add(person, false);
    }
    Ok(answer)
}

/// All groups with their members.
pub(super) fn groups(world: &World) -> Value {
    let pbx = world.pbx();
    pbx.groups.iter().map(|group| json!({"id": group.id, "name": group.name, "members": group.members})).collect()
}

/// Lets an account join or leave a group, by the group's name or id. `false`: there is no such group.
pub(super) fn member(world: &World, group: &str, account: u32, joins: bool) -> bool {
    let mut pbx = world.pbx();
    let found = pbx.groups.iter_mut().find(|found| found.name == group || found.id.to_string() == group);
    let Some(found) = found else { return false };
    if joins {
        found.members.insert(account);
    } else {
        found.members.remove(&account);
    }
    true
}
