//! What somebody has typed and not saved: the written form of an instance as JSON, option by option, with the secrets
//! beside it. It stays with the program until it is saved or dropped, and goes to no browser but as the fields' values.

use std::collections::BTreeSet;

use busylamp_core::{
    format::refusal::{Refusal, read_json},
    secret::Secret,
};
use busylamp_service::config::{Secrets, WrittenInstance};
use serde_json::{Map, Value, json};

use super::findings::{Certificate, Trial};
use crate::options::{Field, Kind, Tab};

/// The tables that an instance may lack.
const TABLES: [&str; 3] = ["graph", "ews", "starface.bridge"];

/// No line is longer, in characters.
const LONGEST_LINE: usize = 2_000;

/// Fields as they came from a browser.
pub(crate) type Form = Vec<(String, String)>;

/// An instance as it is being written.
#[derive(Clone)]
pub(crate) struct Draft {
    /// As it is saved; `None` if it is new.
    saved: Option<Value>,
    json: Value,
    /// Tables that are switched off but keep what was typed into them.
    off: BTreeSet<&'static str>,
    typed: Secrets,
    /// Places of secrets that the store has.
    kept: BTreeSet<String>,
    /// Those of them that are to go.
    forgotten: BTreeSet<&'static str>,
    /// What the last trial found, until something is typed.
    pub(crate) trial: Option<Trial>,
    /// The groups that the telephone system has named, with the number of their members.
    pub(crate) groups: Vec<(String, Option<usize>)>,
    /// How far the wizard has come with it.
    pub(crate) reached: usize,
    /// The certificate that a server has shown, with the key of the option that it was asked for.
    pub(crate) certificate: Option<Certificate>,
}

impl Draft {
    /// A new instance: with Microsoft Graph, with the bridge, and with factory settings.
    pub(crate) fn new(language: &str) -> Self {
        let json = json!({
            "name": "", "language": language, "active": true, "policy": {},
            "graph": {}, "ews": {}, "starface": { "bridge": {} },
        });
        let mut draft = Self {
            saved: None,
            json,
            off: BTreeSet::from(["ews"]),
            typed: Secrets::new(),
            kept: BTreeSet::new(),
            forgotten: BTreeSet::new(),
            trial: None,
            groups: Vec::new(),
            reached: 0,
            certificate: None,
        };
        draft.add_usual_values();
        draft
    }

    /// An instance as it is saved.
    pub(crate) fn of(written: &WrittenInstance, kept: &BTreeSet<String>) -> Self {
        let mut json = serde_json::to_value(written).unwrap_or_default();
        // Where a file said that secrets stand does not matter any more: the store has them.
        for field in Tab::ALL.into_iter().flat_map(Tab::fields).filter(|field| kept.contains(field.key)) {
            let secret = matches!(field.kind, Kind::Secret { .. } | Kind::SecretText | Kind::Trust);
            if secret && get(&json, field.key).is_some_and(|there| there.get("pin").is_none()) {
                put(&mut json, field.key, stored());
            }
        }
        let off = TABLES.into_iter().filter(|table| get(&json, table).is_none()).collect();
        let saved = Some(json.clone());
        let (typed, kept) = (Secrets::new(), kept.clone());
        let mut draft = Self {
            saved,
            json,
            off,
            typed,
            kept,
            forgotten: BTreeSet::new(),
            trial: None,
            groups: Vec::new(),
            reached: 0,
            certificate: None,
        };
        draft.add_usual_values();
        draft
    }

    /// Writes out what an absent key means, so that the fields show it.
    fn add_usual_values(&mut self) {
        let usual = [
            ("zone", json!("Europe/Berlin")),
            ("stale_after", json!("72h")),
            ("graph.poll", json!("30s")),
            ("ews.poll", json!("60s")),
            ("ews.auth", json!("ntlm")),
            ("starface.bridge.instance", json!("busylamp")),
        ];
        for (key, value) in usual {
            if get(&self.json, key).is_none() {
                put(&mut self.json, key, value);
            }
        }
        let policy = get(&self.json, "policy").and_then(|policy| read_json(&policy.to_string()).ok());
        let policy: busylamp_core::policy::Policy = policy.unwrap_or_default();
        put(&mut self.json, "policy", serde_json::to_value(policy).unwrap_or_default());
    }

    /// The same changes made to what is saved by now, if somebody else has saved meanwhile.
    pub(crate) fn rebased(self, written: &WrittenInstance, kept: &BTreeSet<String>) -> Self {
        let fresh = Self::of(written, kept);
        if fresh.saved == self.saved {
            return Self { kept: kept.clone(), ..self };
        }
        let changed: Vec<&Field> = self.changed().collect();
        let mut rebased = fresh;
        for field in changed {
            match get(&self.json, field.key) {
                Some(value) => put(&mut rebased.json, field.key, value.clone()),
                None => remove(&mut rebased.json, field.key),
            }
            if let Some(table) = TABLES.into_iter().find(|table| *table == field.key) {
                if self.off.contains(table) {
                    rebased.off.insert(table)
                } else {
                    rebased.off.remove(table)
                };
            }
        }
        Self { typed: self.typed, forgotten: self.forgotten, ..rebased }
    }

    /// Takes what was typed into these fields.
    pub(crate) fn take(&mut self, fields: impl Iterator<Item = &'static Field>, form: &Form) {
        for field in fields {
            self.take_one(field, form);
        }
        self.trial = None;
    }

    fn take_one(&mut self, field: &'static Field, form: &Form) {
        let typed = value(form, field.key).unwrap_or_default();
        let line = || typed.chars().take(LONGEST_LINE).collect::<String>().trim().to_owned();
        let set = match &field.kind {
            Kind::Line { .. } | Kind::Zone | Kind::Date => {
                Some(line()).filter(|line| !line.is_empty()).map(Value::from)
            }
            Kind::Choice(choices) => {
                let known = choices.iter().find(|choice| choice.value == typed);
                // A word that the page does not offer is refused with its place when the whole is read.
                let word = known.map_or(typed, |choice| choice.value);
                Some(word).filter(|word| !word.is_empty()).map(Value::from)
            }
            Kind::Number { .. } => Some(line()).filter(|line| !line.is_empty()).map(|line| match line.parse::<u64>() {
                Ok(number) => Value::from(number),
                Err(_) => Value::from(line),
            }),
            Kind::Switch => Some(Value::from(value(form, field.key).is_some())),
            Kind::Personal => {
                let personal = value(form, field.key).map(|_| "personal");
                Some(personal.into_iter().chain(["private", "confidential"]).collect())
            }
            Kind::Words => Some(lines(typed).map(Value::from).collect()),
            Kind::Mailboxes => Some(Value::Object(mailboxes(typed))),
            Kind::Secret { .. } => return self.take_secret(field.key, &line()),
            Kind::SecretText => return self.take_secret(field.key, typed.trim()),
            Kind::Table => {
                let there = value(form, field.key).is_some();
                let Some(table) = TABLES.into_iter().find(|table| *table == field.key) else { return };
                if there {
                    self.off.remove(table)
                } else {
                    self.off.insert(table)
                };
                return;
            }
            Kind::Trust => return self.take_trust(field.key, typed, form),
        };
        match set {
            Some(value) => put(&mut self.json, field.key, value),
            None => remove(&mut self.json, field.key),
        }
    }

    /// An empty field keeps the secret that is there.
    fn take_secret(&mut self, key: &'static str, typed: &str) {
        if !typed.is_empty() {
            self.typed.insert(key.to_owned(), Secret::new(typed));
            self.forgotten.remove(key);
        }
        if self.has_secret(key) {
            put(&mut self.json, key, stored());
        } else {
            remove(&mut self.json, key);
        }
    }

    fn take_trust(&mut self, key: &'static str, chosen: &str, form: &Form) {
        match chosen {
            "pin" => {
                let pin = value(form, &format!("{key}.pin")).unwrap_or_default().trim().to_owned();
                put(&mut self.json, key, json!({ "pin": pin }));
            }
            "authority" => {
                let pem = value(form, &format!("{key}.pem")).unwrap_or_default().trim();
                if !pem.is_empty() {
                    self.typed.insert(key.to_owned(), Secret::new(pem));
                }
                put(&mut self.json, key, stored());
            }
            _ => remove(&mut self.json, key),
        }
    }

    /// Trusts one certificate.
    pub(crate) fn pin(&mut self, key: &str, pin: &str) {
        put(&mut self.json, key, json!({ "pin": pin }));
        self.certificate = None;
        self.trial = None;
    }

    /// Takes a secret away that is not needed.
    pub(crate) fn forget(&mut self, field: &'static Field) {
        if matches!(field.kind, Kind::Secret { needed: false } | Kind::SecretText) {
            self.typed.remove(field.key);
            self.forgotten.insert(field.key);
            remove(&mut self.json, field.key);
        }
    }

    /// Chooses a value.
    pub(crate) fn put(&mut self, key: &str, value: Value) {
        put(&mut self.json, key, value);
    }

    /// Whether there is a secret for this place.
    pub(crate) fn has_secret(&self, key: &str) -> bool {
        self.typed.contains_key(key) || self.kept.contains(key) && !self.forgotten.contains(key)
    }

    /// Whether this table is there.
    pub(crate) fn has_table(&self, table: &str) -> bool {
        !self.off.contains(table)
    }

    /// What is written at a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        get(&self.json, key)
    }

    /// The text at a key; empty if there is none.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether the field means something: its table is there, and what it goes with is chosen.
    pub(crate) fn applies(&self, field: &Field) -> bool {
        let table = field.table().is_none_or(|table| self.has_table(table));
        table && field.with.is_none_or(|with| with.values.contains(&self.text(with.key)))
    }

    /// The form in which it is saved: without what does not apply.
    pub(crate) fn json(&self) -> Value {
        let mut json = self.json.clone();
        for field in Tab::ALL.into_iter().flat_map(Tab::fields) {
            let leave_out = !self.applies(field)
                || matches!(field.kind, Kind::Secret { .. } | Kind::SecretText) && !self.has_secret(field.key);
            if leave_out {
                remove(&mut json, field.key);
            }
        }
        for table in &self.off {
            remove(&mut json, table);
        }
        json
    }

    /// The instance as it is written.
    ///
    /// # Errors
    /// The key that does not fit.
    pub(crate) fn written(&self) -> Result<WrittenInstance, Refusal> {
        read(&self.json())
    }

    /// The same with something in place of what has not been typed yet, so that a part of it can be tried.
    ///
    /// # Errors
    /// The key that does not fit.
    pub(crate) fn written_so_far(&self) -> Result<WrittenInstance, Refusal> {
        let mut json = self.json();
        for key in ["name", "starface.url", "starface.login", "starface.group"] {
            if get(&json, key).is_none() {
                put(&mut json, key, Value::from(""));
            }
        }
        for key in ["starface.password", "starface.bridge.key"] {
            let table = key.rsplit_once('.').map_or("", |(table, _)| table);
            if get(&json, key).is_none() && get(&json, table).is_some() {
                put(&mut json, key, stored());
            }
        }
        read(&json)
    }

    /// The secrets that were typed and belong to what is written.
    pub(crate) fn secrets(&self) -> Secrets {
        let json = self.json();
        let used = self.typed.iter().filter(|(place, _)| get(&json, place).is_some_and(Value::is_object));
        used.map(|(place, secret)| (place.clone(), secret.clone())).collect()
    }

    /// The first of these fields that has to have an address and has something else.
    pub(crate) fn no_address(&self, mut fields: impl Iterator<Item = &'static Field>) -> Option<&'static Field> {
        fields.find(|field| {
            let Kind::Line { example, .. } = field.kind else { return false };
            let typed = self.text(field.key);
            let is_address =
                typed.split_once("://").is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
            self.applies(field) && example.contains("://") && !typed.is_empty() && !is_address
        })
    }

    /// The first field of these that needs a value and has none.
    pub(crate) fn missing(&self, mut fields: impl Iterator<Item = &'static Field>) -> Option<&'static Field> {
        let line =
            |field: &Field| matches!(field.kind, Kind::Line { needed: true, .. }) && self.text(field.key).is_empty();
        let secret = |field: &Field| matches!(field.kind, Kind::Secret { needed: true }) && !self.has_secret(field.key);
        let trust = |field: &Field| matches!(field.kind, Kind::Trust) && self.lacks_trust(field.key);
        fields.find(|field| self.applies(field) && (line(field) || secret(field) || trust(field)))
    }

    fn lacks_trust(&self, key: &str) -> bool {
        match self.get(key) {
            Some(trust) if trust.get("pin").is_some() => trust["pin"] == "",
            Some(_) => !self.has_secret(key),
            None => false,
        }
    }

    /// The options that differ from what is saved.
    pub(crate) fn changed(&self) -> impl Iterator<Item = &'static Field> {
        let (old, new) = (self.saved.clone().map(full), full(self.json()));
        let secrets = self.secrets();
        Tab::ALL.into_iter().flat_map(Tab::fields).filter(move |field| {
            let old = old.as_ref().and_then(|old| get(old, field.key));
            let new = get(&new, field.key);
            let differs = if matches!(field.kind, Kind::Table) { old.is_some() != new.is_some() } else { old != new };
            differs || secrets.contains_key(field.key)
        })
    }
}

/// A form in which absent keys have their values.
fn full(json: Value) -> Value {
    read(&json).ok().and_then(|written| serde_json::to_value(written).ok()).unwrap_or(json)
}

fn read(json: &Value) -> Result<WrittenInstance, Refusal> {
    read_json(&json.to_string()).map_err(|refusal| {
        // The position in a document that nobody has seen tells nothing.
        let place = refusal.place.split(" (").next().unwrap_or_default().to_owned();
        Refusal { place, ..refusal }
    })
}

/// How a secret, or an authority's certificate, is written that stands in the store.
fn stored() -> Value {
    json!({ "stored": true })
}

/// What was typed into a field.
pub(crate) fn value<'f>(form: &'f Form, name: &str) -> Option<&'f str> {
    form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn mailboxes(text: &str) -> Map<String, Value> {
    let pair = |line: &str| {
        let (mailbox, source) = line.split_once('=').unwrap_or((line, ""));
        (mailbox.trim().to_owned(), Value::from(source.trim()))
    };
    lines(text).map(pair).collect()
}

fn get<'j>(json: &'j Value, key: &str) -> Option<&'j Value> {
    key.split('.').try_fold(json, |json, part| json.get(part))
}

/// Puts a value at a key; tables on the way are made.
fn put(json: &mut Value, key: &str, value: Value) {
    let mut place = json;
    for part in key.split('.') {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[part];
    }
    *place = value;
}

fn remove(json: &mut Value, key: &str) {
    let (table, name) = key.rsplit_once('.').map_or((None, key), |(table, name)| (Some(table), name));
    let table = match table {
        Some(table) => table.split('.').try_fold(json, |json, part| json.get_mut(part)),
        None => Some(json),
    };
    if let Some(Value::Object(table)) = table {
        table.remove(name);
    }
}

#[cfg(test)]
mod tests;
