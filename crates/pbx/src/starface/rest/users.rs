//! Users and groups.

use std::collections::{BTreeMap, BTreeSet};

use busylamp_core::{
    ids::{AccountId, MailAddress},
    said::Said,
};
use http::StatusCode;
use serde::Deserialize;

use super::{Id, Rest, unexpected, what};
use crate::{Directory, PbxError, User, starface::failure::Failure};

/// How many names an error lists.
const NAMES_SHOWN: usize = 20;

/// A user as listed. (Swagger, `User`)
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedUser {
    id: Id,
    first_name: Option<String>,
    family_name: Option<String>,
    email: Option<String>,
}

/// A group as listed. (Swagger, `GroupListItem`)
#[derive(Deserialize)]
struct ListedGroup {
    id: Id,
    groupname: Option<String>,
}

/// A group with everybody who could be in it. (Swagger, `Group`)
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    assignable_users: Vec<AssignableUser>,
}

#[derive(Deserialize)]
struct AssignableUser {
    id: Id,
    #[serde(default)]
    assigned: bool,
}

/// The account that we are signed in as. (Swagger, `/users/me`)
pub(crate) async fn me(rest: &Rest) -> Result<AccountId, Failure> {
    let user: ListedUser = rest.fetch(what::ME, &["users", "me"], &[]).await?;
    Ok(AccountId::new(user.id.0))
}

/// Whether there is a user of this id. Who is said to be no more loses what is held for them, and a PBX that is just
/// starting answers 404 to everything; so 404 is believed only with a list of users that lacks the id.
pub(crate) async fn exists(rest: &Rest, account: &AccountId) -> Result<bool, Failure> {
    let answer = rest.get(&["users", account.as_str()], &[]).await?;
    match answer.status() {
        StatusCode::OK => Ok(true),
        StatusCode::NOT_FOUND => Ok(all(rest).await?.contains_key(account)),
        status => Err(unexpected(what::USER, status)),
    }
}

/// Every user whom the sign-in may see.
pub(crate) async fn all(rest: &Rest) -> Result<BTreeMap<AccountId, User>, Failure> {
    let users: Vec<ListedUser> = rest.fetch(what::USERS, &["users"], &[]).await?;
    // We are a user ourselves, so an empty list is one that is kept from us.
    if users.is_empty() {
        return Err(Failure::not_done(PbxError::Refused {
            advice: Said::new(
                "die Liste der Benutzer ist leer; geben Sie dem Konto, mit dem sich Busylamp anmeldet, die Rechte eines Administrators",
                "the list of users is empty; give the account that Busylamp signs in with the rights of an administrator",
            ),
        }));
    }
    Ok(users.into_iter().map(user).map(|user| (user.account.clone(), user)).collect())
}

/// All groups that the sign-in may see: id and name, by name.
pub(crate) async fn groups(rest: &Rest) -> Result<Vec<(String, String)>, Failure> {
    let groups: Vec<ListedGroup> = rest.fetch(what::GROUPS, &["groups"], &[]).await?;
    let named = groups.into_iter().filter_map(|group| Some((group.id.0, group.groupname?.trim().to_owned())));
    let mut named: Vec<(String, String)> = named.filter(|(_, name)| !name.is_empty()).collect();
    named.sort_by(|a, b| (a.1.to_lowercase(), &a.0).cmp(&(b.1.to_lowercase(), &b.0)));
    Ok(named)
}

/// How many users are in the group of this id.
pub(crate) async fn group_size(rest: &Rest, group: &str) -> Result<usize, Failure> {
    let members: Group = rest.fetch(what::GROUP, &["groups", group], &[]).await?;
    Ok(members.assignable_users.iter().filter(|user| user.assigned).count())
}

/// The id of the group with this name: spelt exactly so or, if there is none, without regard to case.
pub(crate) async fn group_id(rest: &Rest, name: &str) -> Result<String, Failure> {
    let groups: Vec<ListedGroup> = rest.fetch(what::GROUPS, &["groups"], &[]).await?;
    let wanted = name.trim();
    let named = |fits: &dyn Fn(&str) -> bool| -> Vec<&ListedGroup> {
        groups.iter().filter(|group| group.groupname.as_deref().is_some_and(|name| fits(name.trim()))).collect()
    };
    let mut found = named(&|name| name == wanted);
    if found.is_empty() {
        let folded = wanted.to_lowercase();
        found = named(&|name| name.to_lowercase() == folded);
    }
    match found[..] {
        [group] => Ok(group.id.0.clone()),
        [] => Err(Failure::not_done(PbxError::Configuration { advice: missing_group(wanted, &groups) })),
        _ => Err(Failure::not_done(PbxError::Configuration {
            advice: Said::new(
                format!("auf der Anlage heißen {} Gruppen „{wanted}“; benennen Sie alle bis auf eine um", found.len()),
                format!("there are {} groups named `{wanted}` on the PBX; rename all but one", found.len()),
            ),
        })),
    }
}

/// The group's members and all accounts. The group is read before the users, so that a user who was made in between
/// is known; one who was deleted in between makes this an error, and the next reading is whole.
pub(crate) async fn directory(rest: &Rest, group: &str) -> Result<Directory, Failure> {
    let group = group_id(rest, group).await?;
    let members: Group = rest.fetch(what::GROUP, &["groups", &group], &[]).await?;
    let users = all(rest).await?;
    // We could be assigned ourselves, so an empty list is one that is kept from us.
    if members.assignable_users.is_empty() {
        return Err(Failure::not_done(PbxError::Refused {
            advice: Said::new(
                "die Gruppe zeigt niemanden, der in ihr sein könnte; geben Sie dem Konto, mit dem sich Busylamp anmeldet, die Rechte eines Administrators",
                "the group shows nobody who could be in it; give the account that Busylamp signs in with the rights \
                 of an administrator",
            ),
        }));
    }
    let members: BTreeSet<AccountId> = members
        .assignable_users
        .into_iter()
        .filter(|user| user.assigned)
        .map(|user| AccountId::new(user.id.0))
        .collect();
    let unseen = members.iter().filter(|account| !users.contains_key(*account)).count();
    if unseen > 0 {
        return Err(Failure::not_done(PbxError::Refused {
            advice: Said::new(
                format!(
                    "{unseen} der {} Mitglieder der Gruppe stehen nicht in der Liste der Benutzer; geben Sie dem Konto, \
                     mit dem sich Busylamp anmeldet, die Rechte eines Administrators",
                    members.len()
                ),
                format!(
                    "{unseen} of the group's {} members are not in the list of users; give the account that Busylamp \
                     signs in with the rights of an administrator",
                    members.len()
                ),
            ),
        }));
    }
    let accounts = users.keys().cloned().collect();
    let members = users.into_iter().filter(|(account, _)| members.contains(account)).map(|(_, user)| user).collect();
    Ok(Directory { members, accounts })
}

fn user(listed: ListedUser) -> User {
    let names = [listed.first_name, listed.family_name].into_iter().flatten();
    let names: Vec<String> = names.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    User {
        account: AccountId::new(listed.id.0),
        name: names.join(" "),
        mail: listed.email.as_deref().and_then(MailAddress::parse),
    }
}

fn missing_group(wanted: &str, groups: &[ListedGroup]) -> Said {
    let names: BTreeSet<&str> = groups.iter().filter_map(|group| group.groupname.as_deref()).collect();
    if names.is_empty() {
        return Said::new(
            format!("auf der Anlage gibt es keine Gruppe „{wanted}“: sie zeigt uns überhaupt keine"),
            format!("there is no group `{wanted}` on the PBX: it shows us no groups at all"),
        );
    }
    let more = names.len().saturating_sub(NAMES_SHOWN);
    Said::each(|language| {
        let shown = names.iter().take(NAMES_SHOWN);
        let shown = shown.map(|name| language.pick(format!("„{name}“"), format!("`{name}`")));
        let shown = shown.collect::<Vec<_>>().join(", ");
        let rest = match more {
            0 => String::new(),
            more => language.pick(format!(" und {more} weitere"), format!(" and {more} more")),
        };
        language.pick(
            format!("auf der Anlage gibt es keine Gruppe „{wanted}“; es gibt {shown}{rest}"),
            format!("there is no group `{wanted}` on the PBX; there are {shown}{rest}"),
        )
    })
}
