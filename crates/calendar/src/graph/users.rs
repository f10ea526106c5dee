//! Who has a mail address: looked up in the directory, where we may.
//!
//! Graph's paths take an object id or a user principal name; an address works often, not always
//! (microsoft-graph-docs#3979, #5291). So where the directory can be read, the object id is looked up once and used.

use busylamp_core::{ids::MailAddress, said::Phrase};
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::{
    batch::{self, Answer, Call},
    client::Client,
    error::GraphError,
    link::encode,
};
use crate::{clock::Clock, entra::Roles, zone};

/// Two users have one address.
pub(super) const SEVERAL: Phrase = Phrase::new(
    "Mehrere Benutzer des Verzeichnisses haben diese Mailadresse",
    "several users of the directory have this mail address",
);

/// No user has the address.
pub(super) const NOBODY: Phrase =
    Phrase::new("Niemand im Verzeichnis hat diese Mailadresse", "nobody in the directory has this mail address");

/// Rights to look people up with all their addresses.
const ALL_ADDRESSES: [&str; 4] =
    ["User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"];

/// The right to look people up with their main address.
const MAIN_ADDRESS: &str = "User.ReadBasic.All";

/// Rights to read calendars.
pub(super) const CALENDARS: [&str; 4] =
    ["Calendars.Read", "Calendars.ReadWrite", "Calendars.ReadBasic.All", "Calendars.ReadBasic"];

/// Rights to read a mailbox's time zone.
pub(super) const MAILBOX_SETTINGS: [&str; 2] = ["MailboxSettings.Read", "MailboxSettings.ReadWrite"];

/// How much of the directory we may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Directory {
    /// Nothing: addresses stand in the paths.
    Closed,
    /// Main addresses: who isn't found by it may have it as a further one.
    MainAddress,
    /// All addresses: who isn't found isn't there.
    AllAddresses,
}

impl Directory {
    pub(super) fn of(roles: &Roles) -> Self {
        if roles.any(&ALL_ADDRESSES) == Some(true) {
            Self::AllAddresses
        } else if roles.any(&[MAIN_ADDRESS]) == Some(true) {
            Self::MainAddress
        } else {
            Self::Closed
        }
    }
}

/// Whom a look-up found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// One user: the object id.
    One(String),
    /// Several.
    Several,
    /// Nobody.
    Nobody,
    /// Nobody by what we may read.
    Unknown,
}

/// The part of a path for a user with this object id or address.
pub(super) fn target(id_or_mail: &str) -> String {
    format!("/users/{}", encode(id_or_mail))
}

/// Looks these addresses up, in their order.
pub(super) async fn find(
    client: &Client,
    mails: &[MailAddress],
    directory: Directory,
    clock: Clock,
) -> Vec<Result<Found, GraphError>> {
    let by_mail = |mail: &MailAddress| format!("mail eq '{}'", escaped(mail));
    let by_any = |mail: &MailAddress| format!("proxyAddresses/any(p:p eq 'smtp:{}')", escaped(mail));
    let mut found = ask(client, mails, by_mail, clock).await;
    let open: Vec<usize> = (0..found.len()).filter(|place| found[*place] == Ok(Found::Nobody)).collect();
    if directory != Directory::AllAddresses {
        for place in open {
            found[place] = Ok(Found::Unknown);
        }
        return found;
    }
    let rest: Vec<MailAddress> = open.iter().map(|place| mails[*place].clone()).collect();
    for (place, answer) in open.into_iter().zip(ask(client, &rest, by_any, clock).await) {
        found[place] = answer;
    }
    found
}

async fn ask(
    client: &Client,
    mails: &[MailAddress],
    filter: impl Fn(&MailAddress) -> String,
    clock: Clock,
) -> Vec<Result<Found, GraphError>> {
    let calls: Vec<Call> = mails
        .iter()
        .map(|mail| Call {
            target: mail.as_str().to_owned(),
            // Two are enough to know that it isn't one.
            url: format!("/users?$filter={}&$select=id&$top=2", encode(&filter(mail))),
            prefer: String::new(),
        })
        .collect();
    client.ask(&calls, batch::MOST, clock).await.into_iter().map(read).collect()
}

/// A list of users.
pub(super) fn read(answer: Answer) -> Result<Found, GraphError> {
    #[derive(Deserialize)]
    struct Users {
        value: Vec<User>,
    }
    #[derive(Deserialize)]
    struct User {
        id: String,
    }
    let users: Users = serde_json::from_str(answer?.get()).map_err(|_| {
        GraphError::BadAnswer(Phrase::new(
            "eine Liste von Benutzern hat eine andere Form als die von Graph",
            "a list of users has another form than Graph's",
        ))
    })?;
    let mut ids = users.value.into_iter().map(|user| user.id);
    Ok(match (ids.next(), ids.next()) {
        (None, _) => Found::Nobody,
        (Some(id), None) => Found::One(id),
        (Some(_), Some(_)) => Found::Several,
    })
}

/// An address inside a text of OData.
fn escaped(mail: &MailAddress) -> String {
    mail.as_str().replace('\'', "''")
}

/// The time zones of these targets' mailboxes, in their order; `None` for a name that nobody knows.
pub(super) async fn zones(
    client: &Client,
    targets: &[String],
    clock: Clock,
) -> Vec<Result<Option<TimeZone>, GraphError>> {
    #[derive(Deserialize)]
    struct Setting {
        #[serde(default)]
        value: Option<String>,
    }
    let calls: Vec<Call> = targets
        .iter()
        .map(|target| Call {
            target: target.clone(),
            url: format!("{target}/mailboxSettings/timeZone"),
            prefer: String::new(),
        })
        .collect();
    let read = |answer: Answer| {
        let setting: Setting = serde_json::from_str(answer?.get()).map_err(|_| {
            GraphError::BadAnswer(Phrase::new(
                "die Zeitzone eines Postfachs hat eine andere Form als die von Graph",
                "a mailbox's time zone has another form than Graph's",
            ))
        })?;
        Ok(setting.value.as_deref().and_then(zone::named))
    };
    client.ask(&calls, batch::MOST, clock).await.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_escaped_for_the_filter_and_for_the_address() {
        let mail = MailAddress::parse("O'Brien+x@example.com").unwrap();
        assert_eq!(escaped(&mail), "o''brien+x@example.com");
        assert_eq!(target(mail.as_str()), "/users/o%27brien%2Bx@example.com");
    }

    #[test]
    fn one_several_or_nobody() {
        let read = |json: &str| read(Ok(serde_json::value::RawValue::from_string(json.to_owned()).unwrap()));
        assert_eq!(read(r#"{"value": []}"#), Ok(Found::Nobody));
        assert_eq!(read(r#"{"value": [{"id": "a"}]}"#), Ok(Found::One("a".into())));
        assert_eq!(read(r#"{"value": [{"id": "a"}, {"id": "b"}]}"#), Ok(Found::Several));
        assert!(read("{}").is_err());
    }
}
