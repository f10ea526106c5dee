//! A user's always-diversions.
//!
//! STARFACE has one entry for each own number and trigger. Switching one is reading it afresh, changing the one word
//! after `enabled`, and putting everything else back byte for byte: an entry has members that no description lists,
//! and they are not ours to lose.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use busylamp_core::{
    account::Diversion,
    ids::{AccountId, DiversionId},
    said::Said,
};
use busylamp_net::http::Delivery;
use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::{Id, Rest, numbers::Numbers, parse, raw::replaced, unexpected, what};
use crate::{
    PbxError, WriteOutcome,
    starface::failure::{Failure, about},
};

/// How many always-diversions one user may have; beyond that the answer is not believed.
const MOST: usize = 1_000;

/// An entry. (Swagger, `Redirection`)
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    id: Id,
    enabled: bool,
    phone_number: Option<String>,
    group_number: Option<bool>,
    redirect_trigger: Trigger,
    redirect_destination: Option<Destination>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trigger {
    redirect_trigger_type: String,
}

/// Where calls go. (Swagger, `RedirectPhoneNumberDestination` and `RedirectMailboxDestination`)
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Destination {
    redirect_destination_type: Option<String>,
    phone_number: Option<String>,
    mailbox_id: Option<serde_json::Value>,
}

impl Entry {
    /// Not a group's, and for all calls.
    fn is_own_always(&self) -> bool {
        self.redirect_trigger.redirect_trigger_type == "ALWAYS" && self.group_number != Some(true)
    }

    fn has_destination(&self) -> bool {
        let Some(destination) = &self.redirect_destination else { return false };
        match destination.redirect_destination_type.as_deref() {
            Some("PHONENUMBER") => destination.phone_number.as_deref().is_some_and(|number| !number.trim().is_empty()),
            Some("MAILBOX") => match &destination.mailbox_id {
                Some(serde_json::Value::String(mailbox)) => !mailbox.trim().is_empty(),
                Some(serde_json::Value::Number(_)) => true,
                _ => false,
            },
            // A kind that we don't know is not one to send calls to.
            _ => false,
        }
    }
}

/// A list of diversions that is empty counts when another one, at least so much later, is empty as well.
const DOUBT: Duration = Duration::from_mins(1);

/// Users whose list of diversions was empty, and since when. STARFACE has an entry for each number and trigger, so
/// nobody with a telephone has none; a PBX that is just starting may show none of anybody. If that were believed,
/// everything that is held would count as deleted and never be given back.
#[derive(Default)]
pub(crate) struct Doubts(Mutex<BTreeMap<AccountId, Instant>>);

impl Doubts {
    /// What an empty list, or one that is not, means.
    fn judge(&self, account: &AccountId, is_empty: bool) -> bool {
        let mut doubts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_empty {
            doubts.remove(account);
            return true;
        }
        let since = *doubts.entry(account.clone()).or_insert_with(Instant::now);
        since.elapsed() >= DOUBT
    }

    /// Forgets those who are no users any more.
    pub(crate) fn keep_only(&self, accounts: &BTreeSet<AccountId>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|account, _| accounts.contains(account));
    }
}

/// The always-diversions of this user's own numbers; `None`: the list is empty, and that is not believed yet. Status
/// 404 is a [`PbxError::Refused`], as for every list.
pub(crate) async fn read(
    rest: &Rest,
    numbers: &Numbers,
    doubts: &Doubts,
    account: &AccountId,
) -> Result<Option<BTreeMap<DiversionId, Diversion>>, Failure> {
    let entries = all(rest, account).await?;
    if !doubts.judge(account, entries.is_empty()) {
        return Ok(None);
    }
    let entries: Vec<Entry> = entries.into_iter().filter(Entry::is_own_always).collect();
    if entries.len() > MOST {
        return Err(malformed("es sind mehr, als ein Benutzer haben kann", "there are more than a user can have"));
    }
    let called: Vec<&str> = entries.iter().map(|entry| entry.phone_number.as_deref().unwrap_or_default()).collect();
    let classes = numbers.classes(rest, account, &called).await?;
    let mut diversions = BTreeMap::new();
    for (entry, number) in entries.iter().zip(classes) {
        let diversion = Diversion { number, enabled: entry.enabled, has_destination: entry.has_destination() };
        if diversions.insert(DiversionId::new(entry.id.0.as_str()), diversion).is_some() {
            return Err(malformed("ein Eintrag ist doppelt", "an entry is there twice"));
        }
    }
    Ok(Some(diversions))
}

/// An entry as a check looks at it.
pub(crate) struct Seen {
    /// For which of the user's own numbers, as written.
    pub(crate) number: String,
    /// Whether it is a group's.
    pub(crate) of_group: bool,
    /// When it acts: `ALWAYS`, `BUSY`, `TIMEOUT`.
    pub(crate) trigger: String,
    /// Switched on.
    pub(crate) enabled: bool,
    /// It leads somewhere.
    pub(crate) has_destination: bool,
}

/// Every entry of a user's, groups' and other triggers' too, and the members that no description lists, by path.
pub(crate) async fn look(rest: &Rest, account: &AccountId) -> Result<(Vec<Seen>, BTreeSet<String>), Failure> {
    let raw: Vec<serde_json::Value> =
        rest.fetch(what::DIVERSIONS, &["redirects"], &[("actOnBehalfOf", account.as_str())]).await?;
    let mut strange = BTreeSet::new();
    let mut seen = Vec::with_capacity(raw.len());
    for value in raw {
        undescribed(&value, "", &mut strange);
        let entry: Entry = serde_json::from_value(value).map_err(|_| {
            malformed("ein Eintrag ist nicht, was zu erwarten war", "an entry is not what was expected")
        })?;
        seen.push(Seen {
            has_destination: entry.has_destination(),
            number: entry.phone_number.unwrap_or_default(),
            of_group: entry.group_number == Some(true),
            trigger: entry.redirect_trigger.redirect_trigger_type,
            enabled: entry.enabled,
        });
    }
    Ok((seen, strange))
}

/// The members of an entry in the description. (Swagger, `Redirection` and what it refers to)
const DESCRIBED: [&str; 16] = [
    "id",
    "enabled",
    "phoneNumber",
    "groupNumber",
    "redirectTrigger",
    "redirectTrigger.redirectTriggerType",
    "redirectDestination",
    "redirectDestination.redirectDestinationType",
    "redirectDestination.phoneNumber",
    "redirectDestination.mailboxId",
    "lastMailboxDestination",
    "lastMailboxDestination.redirectDestinationType",
    "lastMailboxDestination.mailboxId",
    "lastPhoneNumberDestination",
    "lastPhoneNumberDestination.redirectDestinationType",
    "lastPhoneNumberDestination.phoneNumber",
];

fn undescribed(value: &serde_json::Value, path: &str, out: &mut BTreeSet<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if DESCRIBED.contains(&path.as_str()) {
            undescribed(value, &path, out);
        } else {
            out.insert(path);
        }
    }
}

/// Every entry of a user's, groups' and other triggers' too.
async fn all(rest: &Rest, account: &AccountId) -> Result<Vec<Entry>, Failure> {
    rest.fetch(what::DIVERSIONS, &["redirects"], &[("actOnBehalfOf", account.as_str())]).await
}

/// Switches an entry on or off and changes nothing else of it.
pub(crate) async fn switch(rest: &Rest, account: &AccountId, diversion: &DiversionId, on: bool) -> WriteOutcome {
    match try_switch(rest, account, diversion, on).await {
        Ok(outcome) => outcome,
        Err(Failure { error: PbxError::Refused { advice }, delivery: Delivery::NotSent }) => {
            WriteOutcome::Refused { advice }
        }
        Err(failure) => failure.outcome(),
    }
}

async fn try_switch(
    rest: &Rest,
    account: &AccountId,
    diversion: &DiversionId,
    on: bool,
) -> Result<WriteOutcome, Failure> {
    let path = ["redirects", diversion.as_str()];
    let behalf = [("actOnBehalfOf", account.as_str())];
    let Some((entry, text)) = read_one(rest, &path, &behalf).await.map_err(reading_only)? else {
        return Ok(WriteOutcome::Gone);
    };
    if !entry.is_own_always() || entry.id.0 != diversion.as_str() {
        return Ok(WriteOutcome::Gone);
    }
    if entry.enabled == on {
        return Ok(WriteOutcome::Acknowledged);
    }
    let changed = with_enabled(&text, on).map_err(Failure::not_done)?;
    let answer = rest.put(&path, &behalf, Some(changed)).await?;
    match answer.status() {
        StatusCode::NO_CONTENT => Ok(WriteOutcome::Acknowledged),
        StatusCode::NOT_FOUND => Ok(WriteOutcome::Gone),
        // "Unexpected error" is what the description says of 200. Whether the entry was changed is not said.
        StatusCode::OK => match read_one(rest, &path, &behalf).await {
            Ok(Some((entry, _))) if entry.enabled == on => Ok(WriteOutcome::Acknowledged),
            Ok(Some(_)) => Ok(WriteOutcome::Refused {
                advice: about(
                    what::DIVERSION,
                    &Said::new(
                        "die Anlage meldet einen unerwarteten Fehler; versuchen Sie, sie dort von Hand zu schalten",
                        "the PBX reports an unexpected error; try to switch it by hand on the PBX",
                    ),
                ),
            }),
            Ok(None) => Ok(WriteOutcome::Gone),
            Err(failure) => Err(Failure::perhaps_done(failure.error)),
        },
        status => Err(unexpected(what::DIVERSION, status)),
    }
}

/// The entry and its text as sent, or `None` if it is not there.
async fn read_one(rest: &Rest, path: &[&str], query: &[(&str, &str)]) -> Result<Option<(Entry, String)>, Failure> {
    let answer = rest.get(path, query).await?;
    match answer.status() {
        StatusCode::OK => {
            let entry = parse(what::DIVERSION, answer.body()).map_err(Failure::perhaps_done)?;
            // What was read as JSON is UTF-8.
            let text = String::from_utf8_lossy(answer.body()).into_owned();
            Ok(Some((entry, text)))
        }
        StatusCode::NOT_FOUND => Ok(None),
        status => Err(unexpected(what::DIVERSION, status)),
    }
}

/// Until the first write leaves, nothing can have been done.
fn reading_only(failure: Failure) -> Failure {
    Failure::not_done(failure.error)
}

/// The same text with another value of the outermost `enabled`.
fn with_enabled(text: &str, on: bool) -> Result<String, PbxError> {
    #[derive(Deserialize)]
    struct Enabled<'a> {
        #[serde(borrow)]
        enabled: &'a RawValue,
    }
    let found: Enabled<'_> = parse(what::DIVERSION, text.as_bytes())?;
    replaced(text, found.enabled, if on { "true" } else { "false" }).ok_or_else(|| PbxError::Protocol {
        advice: about(what::DIVERSION, &Said::new("ihr Text lässt sich nicht ändern", "its text can't be changed")),
    })
}

fn malformed(german: &str, english: &str) -> Failure {
    Failure::perhaps_done(PbxError::Protocol { advice: about(what::DIVERSIONS, &Said::new(german, english)) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(destination: &str) -> Entry {
        let text = format!(
            r#"{{"id":"a","enabled":false,"redirectTrigger":{{"redirectTriggerType":"ALWAYS"}},"redirectDestination":{destination}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn only_enabled_is_changed_and_every_other_byte_stays() {
        let text = "{ \"x\" : {\"enabled\":false}, \"timeout\":1.50e1,\n\t\"enabled\" :  false , \"big\":123456789012345678901, \
                    \"u\":\"\\u00e4ä\", \"id\":\"7\"}";
        let changed = with_enabled(text, true).unwrap();
        assert_eq!(changed, text.replacen(":  false", ":  true", 1));
        assert_eq!(with_enabled(&changed, false).unwrap(), text);
    }

    #[test]
    fn an_entry_without_or_with_two_enabled_is_not_touched() {
        assert!(with_enabled(r#"{"id":"7"}"#, true).is_err());
        assert!(with_enabled(r#"{"enabled":true,"enabled":false}"#, true).is_err());
    }

    #[test]
    fn a_destination_is_a_number_or_a_mailbox_that_is_given() {
        for destination in [
            r#"{"redirectDestinationType":"PHONENUMBER","phoneNumber":"+49301234"}"#,
            r#"{"redirectDestinationType":"MAILBOX","mailboxId":"17"}"#,
            r#"{"redirectDestinationType":"MAILBOX","mailboxId":17}"#,
        ] {
            assert!(entry(destination).has_destination(), "{destination}");
        }
        for destination in [
            "null",
            "{}",
            r#"{"redirectDestinationType":"PHONENUMBER"}"#,
            r#"{"redirectDestinationType":"PHONENUMBER","phoneNumber":" "}"#,
            r#"{"redirectDestinationType":"PHONENUMBER","mailboxId":"17"}"#,
            r#"{"redirectDestinationType":"MAILBOX","mailboxId":""}"#,
            r#"{"redirectDestinationType":"MAILBOX","mailboxId":null}"#,
            r#"{"redirectDestinationType":"MOON","phoneNumber":"1"}"#,
        ] {
            assert!(!entry(destination).has_destination(), "{destination}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_change_panic(text in r#"[{}":,enabltruf0-9 ä]{0,60}"#) {
            let _ = with_enabled(&text, true);
        }
    }
}
