//! What the PBX keeps of one user.

use std::collections::BTreeSet;

use busylamp_core::account::Presence;
use serde_json::{Map, Value, json};

use super::rival::Rival;
use crate::company::{Dice, people::Person};

/// A user of the PBX.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) id: u32,
    pub(crate) login: String,
    pub(crate) given: String,
    pub(crate) family: String,
    pub(crate) email: String,
    pub(crate) english: bool,
    pub(crate) dnd: bool,
    pub(crate) presence: Presence,
    pub(crate) text: String,
    pub(crate) redirects: Vec<Redirect>,
    pub(crate) keys: Vec<Key>,
    /// What the PBX will not have written: words as in interfaces, section 4, `diversion` and `blf_label` for all
    /// of their kind.
    pub(crate) refuses: BTreeSet<String>,
    /// Another program that writes to this account.
    pub(crate) rival: Option<Rival>,
}

/// Whether an own number is reached from outside or from inside, or is not the user's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberKind {
    External,
    Internal,
    Group,
    /// Known to no list of numbers.
    Unlisted,
}

impl NumberKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::External => "external",
            Self::Internal => "internal",
            Self::Group => "group",
            Self::Unlisted => "unknown",
        }
    }
}

/// When a diversion acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trigger {
    Always,
    Busy,
    Timeout,
}

impl Trigger {
    const ALL: [Self; 3] = [Self::Always, Self::Busy, Self::Timeout];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Always => "ALWAYS",
            Self::Busy => "BUSY",
            Self::Timeout => "TIMEOUT",
        }
    }
}

/// Where a diversion leads; an empty text is nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    Number(String),
    Mailbox(String),
}

impl Destination {
    pub(crate) fn place(&self) -> &str {
        match self {
            Self::Number(place) | Self::Mailbox(place) => place,
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Number(number) => json!({"redirectDestinationType": "PHONENUMBER", "phoneNumber": number}),
            Self::Mailbox(mailbox) => json!({"redirectDestinationType": "MAILBOX", "mailboxId": mailbox}),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        match value["redirectDestinationType"].as_str()? {
            "PHONENUMBER" => Some(Self::Number(text("phoneNumber"))),
            "MAILBOX" => Some(Self::Mailbox(text("mailboxId"))),
            _ => None,
        }
    }
}

/// A diversion of one number in one case.
#[derive(Clone, Debug)]
pub(crate) struct Redirect {
    pub(crate) id: String,
    pub(crate) enabled: bool,
    pub(crate) trigger: Trigger,
    pub(crate) number: String,
    pub(crate) kind: NumberKind,
    pub(crate) destination: Destination,
    /// Members that no description lists; a client that does not send them back loses them.
    pub(crate) extras: Map<String, Value>,
}

impl Redirect {
    /// Whether it is one of those that an instance may switch: the user's own, acting always.
    pub(crate) fn is_own_always(&self) -> bool {
        self.trigger == Trigger::Always && self.kind != NumberKind::Group
    }

    pub(crate) fn json(&self) -> Value {
        let mut trigger = json!({"redirectTriggerType": self.trigger.name()});
        let mut body = json!({
            "id": self.id,
            "enabled": self.enabled,
            "phoneNumber": self.number,
            "groupNumber": self.kind == NumberKind::Group,
            "redirectDestination": self.destination.json(),
        });
        if let Destination::Number(number) = &self.destination
            && !number.is_empty()
        {
            body["lastPhoneNumberDestination"] = self.destination.json();
        }
        body["lastMailboxDestination"] = Destination::Mailbox(format!("vm-{}", self.id)).json();
        for (name, value) in &self.extras {
            match name.strip_prefix("redirectTrigger.") {
                Some(inner) => trigger[inner] = value.clone(),
                None => body[name.as_str()] = value.clone(),
            }
        }
        body["redirectTrigger"] = trigger;
        body
    }

    /// Takes over what a client sends. Tells which members it lost, or why it can't be taken.
    pub(crate) fn write(&mut self, body: &Value) -> Result<Vec<String>, &'static str> {
        let enabled = body["enabled"].as_bool().ok_or("enabled is missing")?;
        if body["id"].as_str() != Some(&self.id) {
            return Err("the id is another one");
        }
        if body["redirectTrigger"]["redirectTriggerType"].as_str() != Some(self.trigger.name()) {
            return Err("the trigger can't be changed");
        }
        let destination = Destination::read(&body["redirectDestination"]).ok_or("redirectDestination is missing")?;
        let mut lost = Vec::new();
        missing("", &self.json(), body, &mut lost);
        self.enabled = enabled;
        self.destination = destination;
        self.extras.retain(|name, _| !lost.contains(name));
        Ok(lost)
    }
}

/// The members of `before` that `after` does not have, by path.
fn missing(path: &str, before: &Value, after: &Value, out: &mut Vec<String>) {
    for (name, value) in before.as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match after.get(name) {
            None => out.push(path),
            Some(after) => missing(&path, value, after, out),
        }
    }
}

/// A key on a phone.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) id: String,
    /// The label.
    pub(crate) name: String,
    pub(crate) kind: KeyKind,
}

/// What a key does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    /// Shows another user.
    BusyLamp(u32),
    DoNotDisturb,
    QuickDial(String),
}

/// The outside number of an account.
pub(crate) fn external_number(account: u32) -> String {
    format!("+49305555{account}")
}

/// The inside number of an account.
pub(crate) fn internal_number(account: u32) -> String {
    account.to_string()
}

impl Account {
    /// An employee's account, with diversions and keys drawn for them.
    pub(crate) fn of(person: &Person, colleagues: &[Person], seed: u64) -> Self {
        let id = person.account;
        let mut dice = Dice::new(seed, &[0xacc, id.into()]);
        let mut redirects = Vec::new();
        let mobile = format!("+49171{:07}", dice.below(10_000_000));
        for (kind, number, short) in
            [(NumberKind::External, external_number(id), "ext"), (NumberKind::Internal, internal_number(id), "int")]
        {
            for trigger in Trigger::ALL {
                // What acts always has a destination for most; some never set one up.
                let destination = match dice.below(20) {
                    0..2 => Destination::Number(String::new()),
                    2 => Destination::Mailbox(format!("vm-{id}")),
                    3..14 => Destination::Number(mobile.clone()),
                    _ => Destination::Number(format!("+4930555{:04}", dice.below(10_000))),
                };
                redirects.push(redirect(id, short, trigger, number.clone(), kind, destination));
            }
        }
        if person.number.is_multiple_of(5) {
            let number = format!("9{:03}", person.team % 1000);
            let destination = Destination::Number(mobile);
            redirects.push(redirect(id, "grp", Trigger::Always, number, NumberKind::Group, destination));
        }
        let mut keys: Vec<Key> = colleagues
            .iter()
            .filter(|colleague| colleague.number != person.number)
            .enumerate()
            .map(|(place, colleague)| Key {
                id: format!("k{id}-{place}"),
                name: colleague.name(),
                kind: KeyKind::BusyLamp(colleague.account),
            })
            .collect();
        keys.push(Key { id: format!("k{id}-dnd"), name: "Ruhe".to_owned(), kind: KeyKind::DoNotDisturb });
        keys.push(Key {
            id: format!("k{id}-dial"),
            name: "Zentrale".to_owned(),
            kind: KeyKind::QuickDial("1000".to_owned()),
        });
        // In some accounts the address is written as people write addresses.
        let email = if person.number % 17 == 5 { person.mail.to_uppercase() } else { person.mail.clone() };
        let presence = match dice.below(20) {
            0 => Presence::Unavailable,
            1 => Presence::Away,
            _ => Presence::Available,
        };
        Self {
            id,
            login: id.to_string(),
            given: person.given.clone(),
            family: person.family.clone(),
            email,
            english: person.english,
            dnd: false,
            presence,
            text: String::new(),
            redirects,
            keys,
            refuses: BTreeSet::new(),
            rival: None,
        }
    }

    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.given, self.family).trim().to_owned()
    }

    pub(crate) fn key_set(&self) -> String {
        format!("s{}", self.id)
    }

    pub(crate) fn phone(&self) -> String {
        format!("SNOM-D785-{}", self.id)
    }
}

/// An entry with the members that no description lists.
fn redirect(
    account: u32,
    short: &str,
    trigger: Trigger,
    number: String,
    kind: NumberKind,
    destination: Destination,
) -> Redirect {
    let mut extras = Map::new();
    if trigger == Trigger::Timeout {
        extras.insert("redirectTrigger.timeout".to_owned(), json!(20));
    }
    if account.is_multiple_of(3) {
        extras.insert("signalCaller".to_owned(), json!({"mode": "ORIGINAL", "keep": true}));
    }
    let id = format!("{account}-{short}-{}", trigger.name().to_lowercase());
    Redirect { id, enabled: false, trigger, number, kind, destination, extras }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_does_not_send_back_is_noticed_and_gone() {
        let destination = Destination::Number("1".to_owned());
        let mut entry = redirect(1002, "ext", Trigger::Timeout, "1".to_owned(), NumberKind::External, destination);
        let mut whole = entry.json();
        whole["enabled"] = json!(true);
        assert_eq!(entry.write(&whole), Ok(Vec::new()));
        assert!(entry.enabled);
        let careless = json!({
            "id": entry.id, "enabled": false, "redirectTrigger": {"redirectTriggerType": "TIMEOUT"},
            "redirectDestination": {"redirectDestinationType": "PHONENUMBER", "phoneNumber": "1"},
        });
        let lost = entry.write(&careless).unwrap();
        assert!(
            lost.contains(&"redirectTrigger.timeout".to_owned()) && lost.contains(&"signalCaller".to_owned()),
            "{lost:?}"
        );
        assert!(entry.json()["redirectTrigger"].get("timeout").is_none());
    }
}
