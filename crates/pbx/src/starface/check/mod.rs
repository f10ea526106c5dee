//! The check for people: every step of the way to a user's state, and everything about this PBX that no description
//! says, found out without changing anything. Fit for a support ticket: no names, numbers, texts or secrets are shown.

mod bridge;
mod diversions;
mod keys;
mod overview;

use std::collections::BTreeMap;

use busylamp_core::{
    check::{Name, Step, Verdict},
    ids::AccountId,
    language::Language,
    said::Said,
};

use super::{
    Starface,
    bridge::message::Info,
    rest::{
        secret::LoginType,
        users,
        version::{clean, version},
    },
    steps,
};
use crate::{Directory, Pbx, PbxError, User};

pub use self::overview::Overview;

/// How many users a finding lists.
const LISTED: usize = 50;

/// How a check tells of users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Telling {
    /// By the account's id.
    #[default]
    Accounts,
    /// By id and name: not for others.
    Names,
}

impl Telling {
    /// Some users, the first of them by id or name.
    fn list<'a>(self, users: impl IntoIterator<Item = &'a User>) -> Said {
        let users: Vec<&User> = users.into_iter().collect();
        let one = |user: &&User| match self {
            Self::Accounts => user.account.to_string(),
            Self::Names => format!("{} ({})", user.account, user.name),
        };
        let shown: Vec<String> = users.iter().take(LISTED).map(one).collect();
        let more = users.len().saturating_sub(LISTED);
        let shown = shown.join(", ");
        if more > 0 {
            Said::new(format!("{shown} und {more} weitere"), format!("{shown} and {more} more"))
        } else {
            Said::verbatim(shown)
        }
    }
}

fn fault(name: Name, error: &PbxError) -> Step {
    Step::new(name, Verdict::Fault(error.said()))
}

fn ok(name: Name, found: Said) -> Step {
    Step::new(name, Verdict::Ok(found))
}

fn note(name: Name, found: Said) -> Step {
    Step::new(name, Verdict::Note(found))
}

impl Starface {
    /// Walks as far as it goes, changing nothing.
    pub async fn examine(&self, group: &str, telling: Telling) -> Vec<Step> {
        let mut steps = Vec::new();
        if let Err(failure) = users::me(&self.rest).await {
            steps.push(fault(steps::SIGN_IN, &failure.error));
            return steps;
        }
        steps.push(ok(steps::SIGN_IN, self.way_in().await));
        let info = match &self.bridge {
            Some(bridge) => Some(bridge.info().await),
            None => None,
        };
        steps.push(self.version_step(info.as_ref().and_then(|info| info.as_ref().ok())).await);
        let members = match self.directory(group).await {
            Ok(directory) => {
                let (members, users) = (directory.members.len(), directory.accounts.len());
                steps.push(ok(steps::GROUP, sizes(members, users)));
                steps.extend(addresses(&directory, telling));
                directory.members
            }
            Err(error) => {
                steps.push(fault(steps::GROUP, &error));
                Vec::new()
            }
        };
        steps.push(match self.numbers.count(&self.rest).await {
            Ok(0) => note(
                steps::NUMBERS,
                Said::new(
                    "die Anlage zeigt keine vergebenen Rufnummern: Umleitungen lassen sich nicht in interne und externe \
                     scheiden und bleiben unberührt; geben Sie dem Konto die Rechte eines Administrators",
                    "the PBX shows no assigned numbers: diversions can't be told internal from external and stay \
                     untouched; give the account the rights of an administrator",
                ),
            ),
            Ok(count) => ok(steps::NUMBERS, Said::new(format!("{count} vergeben"), format!("{count} assigned"))),
            Err(failure) => fault(steps::NUMBERS, &failure.error),
        });
        if !members.is_empty() {
            steps.extend(self.diversion_steps(&members, telling).await);
            steps.extend(self.key_steps(&members).await);
        }
        if let (Some(bridge), Some(info)) = (&self.bridge, info) {
            steps.extend(self.bridge_steps(bridge, info, &members).await);
        }
        steps.extend(self.ability_steps().await);
        steps
    }

    async fn way_in(&self) -> Said {
        let way = match self.rest.login_type().await {
            Ok(None) => ("mit OAuth", "OAuth"),
            Ok(Some(LoginType::Internal)) => (
                "mit der Anmeldung von STARFACE 7 bis 9, das Kennwort prüft die Anlage",
                "the sign-in of STARFACE 7 to 9, the password checked by the PBX",
            ),
            Ok(Some(LoginType::ActiveDirectory)) => (
                "mit der Anmeldung von STARFACE 7 bis 9, das Kennwort prüft ein Verzeichnis",
                "the sign-in of STARFACE 7 to 9, the password checked by a directory",
            ),
            Err(_) => ("auf unbekannte Weise", "a way that is not known"),
        };
        Said::new(format!("die Anlage lässt uns ein: {}", way.0), format!("the PBX lets us in by {}", way.1))
    }

    /// STARFACE 10 tells its version; of the others the bridge may know.
    async fn version_step(&self, info: Option<&Info>) -> Step {
        let name = steps::VERSION;
        match version(&self.rest).await {
            Ok(Some(version)) => return ok(name, Said::verbatim(version)),
            Ok(None) => {}
            Err(failure) => return fault(name, &failure.error),
        }
        match info.and_then(|info| clean(&info.pbx)) {
            Some(version) => {
                ok(name, Said::new(format!("{version}, laut der Brücke"), format!("{version}, as the bridge says")))
            }
            None if self.rest.login_type().await.is_ok_and(|way| way.is_none()) => ok(
                name,
                Said::new(
                    "10 oder neuer, denn sie hat OAuth; welche, sagt sie nicht",
                    "10 or later, since it has OAuth; it does not tell which",
                ),
            ),
            None => ok(
                name,
                Said::new(
                    "7 bis 9, denn sie sagt es nicht; auch die Brücke weiß nicht mehr",
                    "7 to 9, since it does not tell it; the bridge does not know more",
                ),
            ),
        }
    }

    async fn ability_steps(&self) -> Vec<Step> {
        let can = match self.capabilities().await {
            Ok(can) => can,
            Err(error) => return vec![fault(steps::CAN, &error)],
        };
        let able = [
            (can.dnd, ("Nicht stören", "do not disturb")),
            (can.presence, ("Chat-Präsenz", "chat presence")),
            (can.diversions, ("Umleitungen", "diversions")),
            (can.labels, ("Beschriftungen", "labels")),
            (can.changes, ("Änderungen, sobald sie geschehen", "changes as they happen")),
        ];
        let able = Said::each(|language| {
            let able = able.iter().filter(|(can, _)| *can);
            let able: Vec<&str> = able.map(|(_, (german, english))| language.pick(*german, *english)).collect();
            able.join(", ")
        });
        let mut steps = vec![ok(steps::CAN, able)];
        steps.extend(can.notes.into_iter().map(|said| note(steps::STARFACE, said)));
        steps
    }
}

/// How many are in the group, and on the PBX.
fn sizes(members: usize, users: usize) -> Said {
    Said::new(
        format!("{members} Mitglieder; {users} Benutzer auf der Anlage"),
        format!("{members} members; {users} users on the PBX"),
    )
}

/// Who can't be matched to a mailbox of their own (§0.1).
fn addresses(directory: &Directory, telling: Telling) -> Vec<Step> {
    let name = steps::ADDRESSES;
    let mut steps = Vec::new();
    let without: Vec<&User> = directory.members.iter().filter(|user| user.mail.is_none()).collect();
    if !without.is_empty() {
        let list = telling.list(without);
        steps.push(note(
            name,
            Said::new(
                format!(
                    "für Mitglieder ohne Mailadresse wird nie etwas getan; tragen Sie die des Postfachs ein: {}",
                    list.speak(Language::German)
                ),
                format!("members without a mail address are never acted on; enter the mailbox's: {list}"),
            ),
        ));
    }
    let mut by_mail: BTreeMap<_, Vec<&User>> = BTreeMap::new();
    for user in &directory.members {
        if let Some(mail) = &user.mail {
            by_mail.entry(mail).or_default().push(user);
        }
    }
    for shared in by_mail.into_values().filter(|users| users.len() > 1) {
        let list = telling.list(shared);
        steps.push(note(
            name,
            Said::new(
                format!(
                    "diese Konten haben dieselbe Mailadresse und folgen alle deren Postfach: {}",
                    list.speak(Language::German)
                ),
                format!("these accounts have the same mail address and all follow its mailbox: {list}"),
            ),
        ));
    }
    if steps.is_empty() {
        steps.push(ok(name, Said::new("jedes Mitglied hat eine eigene", "every member has one of their own")));
    }
    steps
}

/// Users by account, to be listed.
fn among<'a>(members: &'a [User], accounts: &'a [AccountId]) -> impl Iterator<Item = &'a User> {
    members.iter().filter(|user| accounts.contains(&user.account))
}

/// The error of the first, for several of the same kind.
fn first_error(errors: Vec<PbxError>) -> Option<PbxError> {
    errors.into_iter().next()
}
