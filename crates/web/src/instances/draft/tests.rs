//! Drafts: what pages send back, and what becomes of it.

use busylamp_service::config::read_file;

use super::*;

/// Everything that can be written about an instance, with an account on Exchange or with an application.
fn instances() -> Vec<WrittenInstance> {
    let all = |ews: &str| {
        format!(
            r#"
[[instance]]
name = "Zentrale"
description = "Haus 1"
active = false
language = "en"
zone = "Europe/Vienna"
stale_after = "90m"
source = "ews"
[instance.sources]
"anna@example.com" = "graph"
[instance.graph]
tenant = "t"
client_id = "c"
client_secret = {{ stored = true }}
client_secret_expires = "2027-01-31"
cloud = "us_gov"
endpoint = "https://graph.example.com/v1.0"
login = "https://login.example.com"
trust = {{ pin = "sha256:{pin}" }}
poll = "45s"
[instance.ews]
url = "https://mail.example.com/EWS/Exchange.asmx"
access = "impersonation"
trust = {{ stored = true }}
poll = "2m"
{ews}
[instance.starface]
url = "https://pbx.example.com"
login = "0001"
password = {{ stored = true }}
password_expires = "2027-02-28"
client_secret = {{ stored = true }}
bridge = {{ instance = "b", key = {{ stored = true }} }}
group = "Kalender"
[instance.policy]
actions = {{ free = "dnd", tentative = "forward", busy = "dnd", out_of_office = "forward", working_elsewhere = "dnd" }}
forward_internal_calls = true
change_during_event = false
manual_change = "lead"
declined = "keep"
masked = ["private", "confidential"]
extra_keywords = {{ dnd_on = ["(A)", "(B)"], dnd_off = ["(C)"], forward_on = ["(D)"], forward_off = ["(E)"], no_action = ["(F)"] }}
set_presence = true
presences = {{ free = "leave", tentative = "away", working_elsewhere = "free_for_chat", busy = "unavailable", out_of_office = "available" }}
lead = true
ignore_away = true
title_as_text = true
show_begin = true
show_end = true
show_duration = true
no_text_when_free = true
join_parallel_titles = true
mask_word = "Besetzt"
max_text_length = 256
blf_labels = true
keep_on_deactivate = true
"#,
            pin = "ab".repeat(32),
        )
    };
    let signed_in = [
        "auth = \"negotiate\"\nuser = \"u\"\npassword = { stored = true }\npassword_expires = \"2027-01-01\"\n\
             channel_binding = \"off\"\nkdc = \"tcp://dc.example.com:88\"",
        "auth = \"oauth\"\ntenant = \"t\"\nclient_id = \"c\"\nclient_secret = { stored = true }\n\
             client_secret_expires = \"2027-01-01\"\nlogin = \"https://login.example.com\"",
    ];
    signed_in.iter().map(|ews| read_file(&all(ews)).unwrap().remove(0)).collect()
}

fn places() -> BTreeSet<String> {
    let fields = Tab::ALL.into_iter().flat_map(Tab::fields);
    let secret = |field: &&Field| matches!(field.kind, Kind::Secret { .. } | Kind::SecretText | Kind::Trust);
    let places = fields.filter(secret).map(|field| field.key.to_owned());
    // Graph believes one certificate by its fingerprint here, and needs no certificate of its own.
    places.filter(|place| !place.starts_with("graph.trust") && place != "graph.client_certificate").collect()
}

/// What a browser would send back of a page that nobody has touched.
fn untouched(draft: &Draft, tab: Tab) -> Form {
    use super::super::fields::{Control, view};
    let mut form = Form::new();
    for field in tab.fields() {
        let key = field.key.to_owned();
        match view(field, draft, None, busylamp_core::language::Language::German).control {
            Control::Line { value, .. }
            | Control::Area { value }
            | Control::Number { value, .. }
            | Control::Date { value } => form.push((key, value)),
            Control::Switch { on } => form.extend(on.then(|| (key, "on".to_owned()))),
            Control::Choice { options } => {
                let chosen = options.into_iter().find(|(.., chosen)| *chosen);
                form.extend(chosen.map(|(value, ..)| (key, value.to_owned())));
            }
            Control::Secret { .. } | Control::SecretArea { .. } => form.push((key, String::new())),
            Control::Trust { chosen, pin, .. } => {
                form.push((format!("{key}.pin"), pin));
                form.push((format!("{key}.pem"), String::new()));
                form.push((key, chosen.to_owned()));
            }
        }
    }
    form
}

#[test]
fn pages_that_nobody_has_touched_change_nothing() {
    for written in instances() {
        let mut draft = Draft::of(&written, &places());
        assert_eq!(draft.written().unwrap(), written);
        for tab in Tab::ALL {
            let form = untouched(&draft, tab);
            draft.take(tab.fields(), &form);
            assert_eq!(draft.written().unwrap(), written, "{tab:?}");
        }
        assert_eq!(draft.changed().map(|field| field.key).collect::<Vec<_>>(), Vec::<&str>::new());
        assert!(draft.missing(Tab::ALL.into_iter().flat_map(Tab::fields)).is_none());
    }
}

#[test]
fn every_key_that_can_be_written_has_a_field() {
    fn leaves(json: &Value, place: &str, into: &mut BTreeSet<String>) {
        let whole = |table: &&Map<String, Value>| table.contains_key("stored") || table.contains_key("pin");
        match json.as_object().filter(|table| place != "sources" && !whole(table)) {
            Some(table) => {
                for (key, value) in table {
                    let inner = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                    leaves(value, &inner, into);
                }
            }
            None => drop(into.insert(place.to_owned())),
        }
    }
    let mut written = BTreeSet::new();
    for instance in instances() {
        leaves(&serde_json::to_value(instance).unwrap(), "", &mut written);
    }
    let fields: BTreeSet<String> =
        Tab::ALL.into_iter().flat_map(Tab::fields).map(|field| field.key.to_owned()).collect();
    assert_eq!(written.difference(&fields).collect::<Vec<_>>(), Vec::<&String>::new(), "no field");
    let tables = TABLES
        .map(str::to_owned)
        .into_iter()
        .chain(["ews.trust", "graph.client_certificate", "starface.trust"].map(str::to_owned));
    let known: BTreeSet<String> = written.into_iter().chain(tables).collect();
    assert_eq!(fields.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "no key");
}

#[test]
fn a_table_that_is_switched_off_keeps_what_was_typed_until_it_is_on_again() {
    let written = instances().remove(0);
    let mut draft = Draft::of(&written, &places());
    let mut form = untouched(&draft, Tab::Graph);
    form.retain(|(key, _)| key != "graph");
    draft.take(Tab::Graph.fields(), &form);
    assert!(draft.written().unwrap().graph.is_none());
    form.push(("graph".to_owned(), "on".to_owned()));
    draft.take(Tab::Graph.fields(), &form);
    assert_eq!(draft.written().unwrap(), written);
}

#[test]
fn a_secret_is_kept_by_an_empty_field_replaced_by_a_typed_one_and_forgotten_on_request() {
    let written = instances().remove(0);
    let mut draft = Draft::of(&written, &places());
    let mut form = untouched(&draft, Tab::Starface);
    form.push(("starface.client_secret".to_owned(), String::new()));
    draft.take(Tab::Starface.fields(), &form);
    assert!(draft.secrets().is_empty());
    form.retain(|(key, _)| key != "starface.client_secret");
    form.push(("starface.client_secret".to_owned(), "neu".to_owned()));
    draft.take(Tab::Starface.fields(), &form);
    assert_eq!(draft.secrets().keys().collect::<Vec<_>>(), ["starface.client_secret"]);
    let (_, field) = crate::options::at("starface.client_secret").unwrap();
    draft.forget(field);
    // It stays forgotten when the page is sent again and when the store is read again.
    let mut draft = draft.rebased(&written, &places());
    form.retain(|(key, _)| key != "starface.client_secret");
    draft.take(Tab::Starface.fields(), &form);
    assert!(draft.written().unwrap().starface.client_secret.is_none() && draft.secrets().is_empty());
    // One that is needed can't be forgotten.
    let (_, field) = crate::options::at("starface.password").unwrap();
    draft.forget(field);
    assert!(draft.has_secret("starface.password"));
}
