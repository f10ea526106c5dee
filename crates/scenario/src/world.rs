//! What is outside of the program: calendars, accounts, links, and people who press buttons.

use std::collections::BTreeMap;

use busylamp_core::{
    account::{AccountState, Dimension, StatusText, Value},
    event::Agenda,
    format::event::{WrittenEvent, rfc3339},
    title::Reading,
};

use crate::{
    file::{Ability, Link, MailboxIs, Values},
    script::Refused,
};

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) pbx: Link,
    pub(crate) calendar: Link,
    pub(crate) refuses: Vec<Refused>,
    pub(crate) users: BTreeMap<String, Person>,
    pub(crate) can: Vec<Ability>,
}

/// One user: mailbox and account.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) account: AccountState,
    pub(crate) events: BTreeMap<String, WrittenEvent>,
    pub(crate) calendar: Link,
    pub(crate) mailbox: MailboxIs,
    pub(crate) refuses: Vec<Refused>,
}

impl World {
    pub(crate) fn new(users: &BTreeMap<String, AccountState>, can: &[Ability]) -> Self {
        let person = |account: &AccountState| Person {
            account: account.clone(),
            events: BTreeMap::new(),
            calendar: Link::Up,
            mailbox: MailboxIs::Ok,
            refuses: Vec::new(),
        };
        Self {
            pbx: Link::Up,
            calendar: Link::Up,
            refuses: Vec::new(),
            users: users.iter().map(|(name, account)| (name.clone(), person(account))).collect(),
            can: can.to_vec(),
        }
    }

    /// What the telephone system lets us read.
    pub(crate) fn read(&self, person: &Person) -> AccountState {
        let can = |ability| self.can.contains(&ability);
        let shown = person.account.clone();
        AccountState {
            dnd: shown.dnd.filter(|_| can(Ability::Dnd)),
            presence: shown.presence.filter(|_| can(Ability::Presence)),
            text: shown.text.filter(|_| can(Ability::Presence)),
            diversions: shown.diversions.filter(|_| can(Ability::Diversions)),
            labels: shown.labels.filter(|_| can(Ability::Labels)),
        }
    }

    pub(crate) fn refuses(&self, person: &Person, dimension: &Dimension) -> bool {
        self.refuses.iter().chain(&person.refuses).any(|refused| refused.covers(dimension))
    }
}

impl Person {
    /// The mailbox as a reader hands it out.
    pub(crate) fn agenda(&self, reading: &Reading) -> Agenda {
        // Events were read once when the script was; they can be read again.
        Agenda::new(self.events.values().filter_map(|event| event.read(reading, &rfc3339).ok()))
    }

    /// Somebody sets these values.
    pub(crate) fn set(&mut self, values: &Values) {
        let mut set = |dimension: Dimension, value: Value| self.account.acknowledge(&dimension, &value);
        if let Some(on) = values.dnd {
            set(Dimension::Dnd, Value::Switch(on));
        }
        if let Some(presence) = values.presence {
            set(Dimension::Presence, Value::Presence(presence));
        }
        if let Some(text) = &values.text {
            set(Dimension::Text, Value::Text(StatusText::new(text.clone())));
        }
        for (id, on) in &values.diversions {
            set(Dimension::Diversion(id.as_str().into()), Value::Switch(*on));
        }
        for (id, label) in &values.labels {
            set(Dimension::Label(id.as_str().into()), Value::Text(StatusText::new(label.clone())));
        }
    }

    /// The named values that differ from what is expected.
    pub(crate) fn misses(&self, expected: &Values) -> Vec<String> {
        let mut misses = Vec::new();
        let mut compare = |what: String, is: Option<&str>, expected: &str| {
            let is = is.unwrap_or("not there");
            if is != expected {
                misses.push(format!("{what} is `{is}`, expected `{expected}`"));
            }
        };
        let shown = |dimension: &Dimension| self.account.value(dimension);
        let mut check = |dimension: Dimension, expected: Value| {
            let is = shown(&dimension);
            compare(dimension.to_string(), is.as_ref().map(Value::reveal), expected.reveal());
        };
        if let Some(on) = expected.dnd {
            check(Dimension::Dnd, Value::Switch(on));
        }
        for (id, on) in &expected.diversions {
            check(Dimension::Diversion(id.as_str().into()), Value::Switch(*on));
        }
        if let Some(presence) = expected.presence {
            check(Dimension::Presence, Value::Presence(presence));
        }
        if let Some(text) = &expected.text {
            check(Dimension::Text, Value::Text(StatusText::new(text.clone())));
        }
        for (id, label) in &expected.labels {
            check(Dimension::Label(id.as_str().into()), Value::Text(StatusText::new(label.clone())));
        }
        misses
    }
}
