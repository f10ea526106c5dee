//! Busy lamp keys: the sets of keys of a user, their labels, and the phones that show them.
//!
//! A key is written in one of two forms. The description (6.7.0.22) has the flat one, the key as it is listed. STARFACE
//! 10 takes whom a busy lamp shows only from the edit form and stores the key's owner where it is given the flat one
//! (seen by others on 10.0.2). Either way the key is read afresh and put back with another `name` and every other byte
//! as it was.

use busylamp_core::{account::StatusText, ids::AccountId, said::Said};
use busylamp_net::http::Delivery;
use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Id, Rest, parse, raw::replaced, unexpected, users, what};
use crate::{
    PbxError, WriteOutcome,
    starface::failure::{Failure, about},
};

/// How many sets a user, and keys a set, may have; beyond that the answer is not believed.
const MOST: usize = 1_000;

/// The type of the keys that show another user. (Swagger, `FunctionKey`)
const BUSY_LAMP: &str = "BUSYLAMPFIELD";

/// How a key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it is listed: STARFACE 7 to 9.
    Flat,
    /// `editFunctionKeyBusyLampField`: STARFACE 10.
    Edit,
}

/// Where a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// On whose phones.
    pub(crate) owner: AccountId,
    /// In which of their sets.
    pub(crate) set: String,
    /// The key's id.
    pub(crate) key: String,
}

/// A busy lamp key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lamp {
    /// Where it is.
    pub(crate) place: Place,
    /// Whom it shows.
    pub(crate) shows: AccountId,
    /// Its label.
    pub(crate) name: StatusText,
}

/// What became of a label that was to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Renamed {
    /// As for every write.
    Outcome(WriteOutcome),
    /// It was so already, and nothing was written.
    Already,
    /// Nothing was done: the label is another one than was believed.
    Otherwise(StatusText),
}

/// A set of keys. (Swagger, `FunctionKeySet`)
#[derive(Deserialize)]
struct Set {
    id: Id,
}

/// A key as listed. (Swagger, `FunctionKey`)
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    id: Id,
    name: Option<String>,
    function_key_type: String,
    blf_account_id: Option<Id>,
}

/// The ids of a user's sets.
pub(crate) async fn sets(rest: &Rest, owner: &AccountId) -> Result<Vec<String>, Failure> {
    let sets: Vec<Set> = rest.fetch(what::KEYS, &["functionkeysets"], &behalf(owner)).await?;
    if sets.len() > MOST {
        return Err(malformed(
            "es sind mehr Tastensätze, als ein Benutzer haben kann",
            "there are more sets than a user can have",
        ));
    }
    Ok(sets.into_iter().map(|set| set.id.0).collect())
}

/// The busy lamp keys of a set.
pub(crate) async fn lamps(rest: &Rest, owner: &AccountId, set: &str) -> Result<Vec<Lamp>, Failure> {
    Ok(listed(rest, owner, set).await?.into_iter().filter_map(|key| lamp(owner, set, key)).collect())
}

/// A busy lamp key, or `None` if it is not there or shows nobody.
pub(crate) async fn find(rest: &Rest, place: &Place) -> Result<Option<Lamp>, Failure> {
    let path = ["functionkeysets", &place.set, &place.key];
    let answer = rest.get(&path, &behalf(&place.owner)).await?;
    match answer.status() {
        StatusCode::OK => {
            let key = parse(what::KEY, answer.body()).map_err(Failure::perhaps_done)?;
            Ok(lamp(&place.owner, &place.set, key))
        }
        status => missing(rest, place, status).await.map(|()| None),
    }
}

/// The phones that show a set.
pub(crate) async fn phones(rest: &Rest, owner: &AccountId, set: &str) -> Result<Vec<String>, Failure> {
    let path = ["functionkeysets", set, "phones"];
    let phones: Vec<String> = rest.fetch(what::PHONES_OF_SET, &path, &behalf(owner)).await?;
    if phones.len() > MOST {
        return Err(malformed(
            "es sind mehr Telefone, als ein Benutzer haben kann",
            "there are more phones than a user can have",
        ));
    }
    Ok(phones)
}

/// Brings a set's keys to a phone. Refused means that this phone gets none: it is not provisioned by the PBX.
pub(crate) async fn provision(rest: &Rest, owner: &AccountId, set: &str, phone: &str) -> Result<(), Failure> {
    let query = [("phone", phone), ("actOnBehalfOf", owner.as_str())];
    let answer = rest.put(&["functionkeysets", set, "phone"], &query, None).await?;
    match answer.status() {
        StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
        status => Err(unexpected(what::KEYS_OF_PHONE, status)),
    }
}

/// Writes a key's label, if it shows `shown` under the name `before`.
pub(crate) async fn rename(rest: &Rest, lamp: &Lamp, name: &StatusText, form: Form) -> Renamed {
    match try_rename(rest, lamp, name, form).await {
        Ok(renamed) => renamed,
        Err(Failure { error: PbxError::Refused { advice }, delivery: Delivery::NotSent }) => {
            Renamed::Outcome(WriteOutcome::Refused { advice })
        }
        Err(failure) => Renamed::Outcome(failure.outcome()),
    }
}

async fn try_rename(rest: &Rest, lamp: &Lamp, name: &StatusText, form: Form) -> Result<Renamed, Failure> {
    let gone = Renamed::Outcome(WriteOutcome::Gone);
    // Until the write leaves, nothing can have been done.
    let found = Text::read(rest, &lamp.place, form).await.map_err(|failure| Failure::not_done(failure.error))?;
    let Some(found) = found else { return Ok(gone) };
    if !found.shows(&lamp.shows) {
        return Ok(gone);
    }
    if found.name == *name {
        return Ok(Renamed::Already);
    }
    if found.name != lamp.name {
        return Ok(Renamed::Otherwise(found.name));
    }
    let changed = found.named(name).map_err(Failure::not_done)?;
    let place = &lamp.place;
    let answer = rest.put(&["functionkeysets", &place.set, &place.key], &behalf(&place.owner), Some(changed)).await?;
    match answer.status() {
        StatusCode::OK | StatusCode::NO_CONTENT => Ok(Renamed::Outcome(WriteOutcome::Acknowledged)),
        StatusCode::NOT_FOUND => Ok(gone),
        // "Unexpected error" is all that the description knows. Whether the key was changed is not said.
        StatusCode::INTERNAL_SERVER_ERROR => {
            match find(rest, place).await.map_err(|failure| Failure::perhaps_done(failure.error))? {
                Some(after) if after.name == *name => Ok(Renamed::Outcome(WriteOutcome::Acknowledged)),
                Some(_) => Ok(Renamed::Outcome(WriteOutcome::Refused {
                    advice: about(
                        what::LABEL,
                        &Said::new(
                            "die Anlage meldet einen unerwarteten Fehler; versuchen Sie, sie dort von Hand zu ändern",
                            "the PBX reports an unexpected error; try to change it by hand on the PBX",
                        ),
                    ),
                })),
                None => Ok(gone),
            }
        }
        status => Err(unexpected(what::LABEL, status)),
    }
}

/// A key's text in one of the forms, from which it can be put back.
pub(crate) struct Text {
    form: Form,
    text: String,
    shows: Option<AccountId>,
    name: StatusText,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Edit<'a> {
    #[serde(borrow)]
    edit_function_key_busy_lamp_field: Option<EditLamp<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EditLamp<'a> {
    #[serde(borrow)]
    name: &'a RawValue,
    blf_account_id: Option<Id>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Flat<'a> {
    #[serde(borrow)]
    name: &'a RawValue,
    function_key_type: String,
    blf_account_id: Option<Id>,
}

/// The member that a label is, and whom the key shows.
fn label_of(text: &str, form: Form) -> Result<Option<(&RawValue, Option<Id>)>, PbxError> {
    match form {
        Form::Flat => {
            let Flat { name, function_key_type, blf_account_id } = parse(what::KEY, text.as_bytes())?;
            Ok((function_key_type == BUSY_LAMP).then_some((name, blf_account_id)))
        }
        Form::Edit => {
            let edit: Edit<'_> = parse(what::KEY, text.as_bytes())?;
            Ok(edit.edit_function_key_busy_lamp_field.map(|lamp| (lamp.name, lamp.blf_account_id)))
        }
    }
}

impl Text {
    /// The key as it is; `None` if it is not there or is no busy lamp key.
    pub(crate) async fn read(rest: &Rest, place: &Place, form: Form) -> Result<Option<Self>, Failure> {
        let path: &[&str] = match form {
            Form::Flat => &["functionkeysets", &place.set, &place.key],
            Form::Edit => &["functionkeysets", &place.set, "edit", &place.key],
        };
        let answer = rest.get(path, &behalf(&place.owner)).await?;
        if answer.status() != StatusCode::OK {
            return missing(rest, place, answer.status()).await.map(|()| None);
        }
        // What is not UTF-8 is no JSON either.
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        let Some((name, shows)) = label_of(&text, form).map_err(Failure::perhaps_done)? else { return Ok(None) };
        let name: Option<String> = parse(what::KEY, name.get().as_bytes()).map_err(Failure::perhaps_done)?;
        let (name, shows) = (StatusText::new(name.unwrap_or_default()), shows.map(|id| AccountId::new(id.0)));
        Ok(Some(Self { form, text, shows, name }))
    }

    /// Whether the text says that the key shows this account.
    pub(crate) fn shows(&self, account: &AccountId) -> bool {
        self.shows.as_ref() == Some(account)
    }

    /// The same text under another name.
    pub(crate) fn named(&self, name: &StatusText) -> Result<String, PbxError> {
        let unchangeable = || PbxError::Protocol {
            advice: about(what::KEY, &Said::new("ihr Text lässt sich nicht ändern", "its text can't be changed")),
        };
        let json = serde_json::to_string(name.as_str()).map_err(|_| unchangeable())?;
        let (old, _) = label_of(&self.text, self.form)?.ok_or_else(unchangeable)?;
        replaced(&self.text, old, &json).ok_or_else(unchangeable)
    }

    /// Puts the key back under a name, whatever it is like meanwhile.
    pub(crate) async fn put_back(&self, rest: &Rest, place: &Place, name: &StatusText) -> Result<(), Failure> {
        let text = self.named(name).map_err(Failure::not_done)?;
        let answer = rest.put(&["functionkeysets", &place.set, &place.key], &behalf(&place.owner), Some(text)).await?;
        match answer.status() {
            StatusCode::OK | StatusCode::NO_CONTENT => Ok(()),
            status => Err(unexpected(what::LABEL, status)),
        }
    }
}

async fn listed(rest: &Rest, owner: &AccountId, set: &str) -> Result<Vec<Listed>, Failure> {
    // The description has this path with a slash at its end.
    let keys: Vec<Listed> = rest.fetch(what::SET, &["functionkeysets", set, ""], &behalf(owner)).await?;
    if keys.len() > MOST {
        return Err(malformed(
            "es sind mehr Tasten, als ein Satz haben kann",
            "there are more keys than a set can have",
        ));
    }
    Ok(keys)
}

/// Whether a key that was not told is not there. The description knows no status for that but 500, so the set's list
/// decides.
async fn missing(rest: &Rest, place: &Place, status: StatusCode) -> Result<(), Failure> {
    if !matches!(status, StatusCode::NOT_FOUND | StatusCode::INTERNAL_SERVER_ERROR) {
        return Err(unexpected(what::KEY, status));
    }
    let sets = match sets(rest, &place.owner).await {
        Err(Failure { error: PbxError::Refused { .. }, .. }) if !users::exists(rest, &place.owner).await? => {
            return Ok(());
        }
        sets => sets?,
    };
    if !sets.contains(&place.set) {
        // A PBX that is just starting shows no sets at all.
        return if sets.is_empty() { Err(unexpected(what::KEY, status)) } else { Ok(()) };
    }
    let keys = listed(rest, &place.owner, &place.set).await?;
    if keys.iter().any(|key| key.id.0 == place.key) { Err(unexpected(what::KEY, status)) } else { Ok(()) }
}

fn lamp(owner: &AccountId, set: &str, key: Listed) -> Option<Lamp> {
    let shows = AccountId::new(key.blf_account_id.filter(|_| key.function_key_type == BUSY_LAMP)?.0);
    let place = Place { owner: owner.clone(), set: set.to_owned(), key: key.id.0 };
    Some(Lamp { place, shows, name: StatusText::new(key.name.unwrap_or_default()) })
}

fn behalf(owner: &AccountId) -> [(&str, &str); 1] {
    [("actOnBehalfOf", owner.as_str())]
}

fn malformed(german: &str, english: &str) -> Failure {
    Failure::perhaps_done(PbxError::Protocol { advice: about(what::KEYS, &Said::new(german, english)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(form: Form, text: &str) -> Text {
        Text { form, text: text.to_owned(), shows: None, name: StatusText::default() }
    }

    #[test]
    fn only_the_label_is_changed_and_every_other_byte_stays() {
        let flat = "{ \"x\":{\"name\":\"no\"}, \"big\":123456789012345678901,\n \"name\" :  \"An\\u006ea\" , \
                    \"functionKeyType\":\"BUSYLAMPFIELD\", \"blfAccountId\":7 }";
        let changed = text(Form::Flat, flat).named(&"Anna · \"JF\"".into()).unwrap();
        assert_eq!(changed, flat.replacen("\"An\\u006ea\"", "\"Anna · \\\"JF\\\"\"", 1));
        let edit = "{\"editFunctionKeyDnd\":null,\"editFunctionKeyBusyLampField\":{\"availableAccounts\":[{\"name\":\"no\"}],\
                    \"name\":\"Anna\",\"blfAccountId\":7,\"number\":\"7\",\"later\":1.50}}";
        let changed = text(Form::Edit, edit).named(&"A".into()).unwrap();
        assert_eq!(changed, edit.replacen("\"Anna\"", "\"A\"", 1));
    }

    #[test]
    fn a_key_that_is_no_busy_lamp_or_has_no_name_is_not_changed() {
        let key = text(Form::Flat, r#"{"name":"DND","functionKeyType":"DONOTDISTURB"}"#);
        assert!(key.named(&"x".into()).is_err());
        assert!(text(Form::Flat, r#"{"functionKeyType":"BUSYLAMPFIELD"}"#).named(&"x".into()).is_err());
        assert!(text(Form::Edit, r#"{"editFunctionKeyBusyLampField":null}"#).named(&"x".into()).is_err());
        assert!(text(Form::Edit, r#"{"editFunctionKeyDnd":{"name":"x"}}"#).named(&"x".into()).is_err());
    }
}
