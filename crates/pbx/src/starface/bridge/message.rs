//! The bridge's questions and answers, typed. Pure: text in, text out.

use std::collections::{BTreeMap, BTreeSet};

use busylamp_core::{
    account::{Presence, StatusText},
    ids::AccountId,
};

use super::record::{self, Message, Record, Unreadable};

/// How many records one `apply` may carry. (Bridge contract.)
pub(crate) const MAX_RECORDS: usize = 500;

/// The longest time that the bridge waits for an event, in seconds. (Bridge contract.)
pub(crate) const MAX_WAIT: i64 = 25;

/// How long the name of a bridge's version may be, in characters.
const MAX_VERSION: usize = 40;

/// How many lines of [`read_describe`] are taken, and how long one may be, in characters.
const MAX_LINES: usize = 60;
const MAX_LINE: usize = 300;

/// Why the bridge did not do something, a whole call or one record. Its sentence about it is left out everywhere: it
/// may repeat what it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// The pre-shared key is wrong.
    BadKey,
    /// It does not understand the request.
    BadRequest,
    /// It can't do this on this PBX.
    Unsupported,
    /// There is no such user.
    NoSuchAccount,
    /// The PBX will not.
    Refused,
    /// Something broke.
    Internal,
    /// A code of a newer bridge.
    Other,
}

impl Code {
    fn of(record: &Record) -> Self {
        match record.get("error").unwrap_or_default() {
            "bad_key" => Self::BadKey,
            "bad_request" => Self::BadRequest,
            "unsupported" => Self::Unsupported,
            "no_such_account" => Self::NoSuchAccount,
            "refused" => Self::Refused,
            "internal" => Self::Internal,
            _ => Self::Other,
        }
    }
}

/// What is wrong with an answer. It holds nothing of the answer itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// Not even records.
    #[error("{0}")]
    Records(#[from] Unreadable),
    /// Records of another version.
    #[error("it speaks another version than 1 of the bridge's language")]
    Version,
    /// Records that are not those of this answer.
    #[error("{0}")]
    Shape(&'static str),
}

/// An answer as it should be, or the bridge's refusal of the whole call.
pub(crate) type Answer<T> = Result<Result<T, Code>, Malformed>;

/// What the bridge and its PBX are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Info {
    /// The bridge's version.
    pub(crate) bridge: String,
    /// The PBX's version; empty if the bridge does not know it.
    pub(crate) pbx: String,
    /// What it can do, in the words of the contract: `dnd.read`, `dnd.write`, `presence.read`, `presence.write`,
    /// `events`; words that are not known are kept.
    pub(crate) can: BTreeSet<String>,
}

/// One user's state as far as the bridge can read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UserState {
    /// Do not disturb.
    pub(crate) dnd: Option<bool>,
    /// Chat presence.
    pub(crate) presence: Option<Presence>,
    /// Status text, verbatim.
    pub(crate) text: Option<StatusText>,
}

/// The states of users and the instant, as a cursor, up to which they are true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct States {
    /// The bridge's cursor.
    pub(crate) cursor: String,
    /// The states; an account whose record can't be understood has the complaint instead.
    pub(crate) users: BTreeMap<AccountId, Result<UserState, &'static str>>,
}

/// What one user is to be set to. At least one of the three is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Do not disturb.
    pub(crate) dnd: Option<bool>,
    /// Chat presence.
    pub(crate) presence: Option<Presence>,
    /// Status text.
    pub(crate) text: Option<StatusText>,
}

/// A change of one user's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Changed {
    /// Whose.
    pub(crate) account: AccountId,
    /// Through the bridge. A change whose author isn't told counts as somebody else's.
    pub(crate) by_bridge: bool,
    /// To what, as far as it changed; `None` if that can't be understood.
    pub(crate) state: Option<UserState>,
}

/// What happened since a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Events {
    /// What happened; nothing, if it is empty.
    Changed {
        /// Where to go on.
        cursor: String,
        /// The changes, in order.
        changes: Vec<Changed>,
    },
    /// Older than the bridge remembers.
    Lost,
}

/// The question for what the bridge can do.
pub(crate) fn ask_info() -> String {
    header(&[("do", "info")])
}

/// Reads the answer to [`ask_info`].
pub(crate) fn read_info(text: &str) -> Answer<Info> {
    accepted(text, |message| {
        let version = |name| -> String {
            let version = message.header.get(name).unwrap_or_default();
            version.chars().filter(|c| !c.is_control()).take(MAX_VERSION).collect()
        };
        let (bridge, pbx) = (version("bridge"), version("pbx"));
        let can = message.records.iter().filter_map(|record| record.get("can")).map(str::to_owned).collect();
        Ok(Info { bridge, pbx, can })
    })
}

/// The question for what the bridge found on its PBX.
pub(crate) fn ask_describe() -> String {
    header(&[("do", "describe")])
}

/// Reads the answer to [`ask_describe`]: lines for people, `what: found`.
pub(crate) fn read_describe(text: &str) -> Answer<Vec<String>> {
    accepted(text, |message| {
        if message.records.iter().any(|record| record.get("account").is_some() || record.get("text").is_some()) {
            return Err(Malformed::Shape("a description tells of no user"));
        }
        let lines = message.records.iter().take(MAX_LINES).map(|record| {
            let line = record.values().collect::<Vec<_>>().join(": ");
            line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_LINE).collect()
        });
        Ok(lines.collect())
    })
}

/// The question for the states of these users, or of all when there are none.
pub(crate) fn ask_states<'a>(accounts: impl IntoIterator<Item = &'a AccountId>) -> String {
    let mut text = header(&[("do", "states")]);
    for account in accounts {
        text.push('\n');
        record::write_line(&mut text, &[("account", account.as_str())]);
    }
    text
}

/// Reads the answer to [`ask_states`]. `asked` empty: all users were asked for.
pub(crate) fn read_states(text: &str, asked: &[AccountId]) -> Answer<States> {
    accepted(text, |message| {
        let cursor = cursor(&message.header)?;
        let mut users = BTreeMap::new();
        for record in &message.records {
            let account = account(record)?;
            if !asked.is_empty() && !asked.contains(&account) {
                return Err(Malformed::Shape("it has the state of an account that was not asked for"));
            }
            if users.insert(account, user_state(record)).is_some() {
                return Err(Malformed::Shape("it has the state of an account twice"));
            }
        }
        Ok(States { cursor, users })
    })
}

/// The order to set these users. At most [`MAX_RECORDS`].
pub(crate) fn ask_apply(settings: &[(AccountId, Setting)]) -> String {
    let mut text = header(&[("do", "apply")]);
    for (account, setting) in settings {
        let mut pairs = vec![("account", account.as_str())];
        pairs.extend(setting.dnd.map(|on| ("dnd", if on { "true" } else { "false" })));
        pairs.extend(setting.presence.map(|presence| ("presence", presence_word(presence))));
        pairs.extend(setting.text.as_ref().map(|text| ("text", text.as_str())));
        text.push('\n');
        record::write_line(&mut text, &pairs);
    }
    text
}

/// Reads the answer to [`ask_apply`]: one result for each record sent, in order.
pub(crate) fn read_apply(text: &str, settings: &[(AccountId, Setting)]) -> Answer<Vec<Result<(), Code>>> {
    accepted(text, |message| {
        cursor(&message.header)?;
        if message.records.len() != settings.len() {
            return Err(Malformed::Shape("it has not one record for each record that was sent"));
        }
        let answers = message.records.iter().zip(settings);
        answers
            .map(|(record, (expected, _))| {
                if account(record)? != *expected {
                    return Err(Malformed::Shape("its records are not in the order of those that were sent"));
                }
                Ok(if is_ok(record)? { Ok(()) } else { Err(Code::of(record)) })
            })
            .collect()
    })
}

/// The question for what happened since a cursor, waiting up to `wait` seconds.
pub(crate) fn ask_events(since: &str, wait: i64) -> String {
    header(&[("do", "events"), ("since", since), ("wait", &wait.clamp(0, MAX_WAIT).to_string())])
}

/// Reads the answer to [`ask_events`].
pub(crate) fn read_events(text: &str) -> Answer<Events> {
    accepted(text, |message| {
        match message.header.get("lost") {
            Some("true") => return Ok(Events::Lost),
            Some("false") | None => {}
            Some(_) => return Err(Malformed::Shape("`lost` is neither `true` nor `false`")),
        }
        let cursor = cursor(&message.header)?;
        let changed = |record| {
            let (account, by_bridge) = (account(record)?, record.get("by") == Some("self"));
            // A presence that we don't know is not left open here: it is certainly not one of ours.
            let strange = record.get("presence").is_some_and(|word| presence_of(word).is_none());
            Ok(Changed { account, by_bridge, state: user_state(record).ok().filter(|_| !strange) })
        };
        let changes = message.records.iter().map(changed).collect::<Result<_, Malformed>>()?;
        Ok(Events::Changed { cursor, changes })
    })
}

fn header(pairs: &[(&str, &str)]) -> String {
    let mut text = String::from("v=1&");
    record::write_line(&mut text, pairs);
    text
}

fn accepted<T>(text: &str, read: impl FnOnce(&Message) -> Result<T, Malformed>) -> Answer<T> {
    let message = record::read(text)?;
    if message.header.get("v") != Some("1") {
        return Err(Malformed::Version);
    }
    if is_ok(&message.header)? { read(&message).map(Ok) } else { Ok(Err(Code::of(&message.header))) }
}

fn is_ok(record: &Record) -> Result<bool, Malformed> {
    switch(record.get("ok")).ok().flatten().ok_or(Malformed::Shape("`ok` is neither `true` nor `false`"))
}

fn cursor(header: &Record) -> Result<String, Malformed> {
    match header.get("cursor") {
        Some(cursor) if !cursor.is_empty() => Ok(cursor.to_owned()),
        _ => Err(Malformed::Shape("it has no cursor")),
    }
}

fn account(record: &Record) -> Result<AccountId, Malformed> {
    match record.get("account") {
        Some(account) if !account.is_empty() => Ok(AccountId::new(account)),
        _ => Err(Malformed::Shape("a record has no account")),
    }
}

fn user_state(record: &Record) -> Result<UserState, &'static str> {
    let dnd = switch(record.get("dnd")).map_err(|()| "`dnd` is neither `true` nor `false`")?;
    // A presence that a newer PBX may know is one that can't be read (§6.8); it is no reason not to read the rest.
    let presence = record.get("presence").and_then(presence_of);
    let text = record.get("text").map(StatusText::new);
    Ok(UserState { dnd, presence, text })
}

fn switch(word: Option<&str>) -> Result<Option<bool>, ()> {
    match word {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(()),
    }
}

/// STARFACE's word for a presence. (UCI Javadoc, `values.ChatPresence`.)
fn presence_word(presence: Presence) -> &'static str {
    match presence {
        Presence::Available => "AVAILABLE",
        Presence::Away => "AWAY",
        Presence::ExtendedAway => "EXTENDED_AWAY",
        Presence::DoNotDisturb => "DO_NOT_DISTURB",
        Presence::FreeForChat => "FREE_FOR_CHAT",
        Presence::Unavailable => "UNAVAILABLE",
    }
}

fn presence_of(word: &str) -> Option<Presence> {
    Presence::ALL.into_iter().find(|presence| presence_word(*presence) == word)
}

#[cfg(test)]
mod tests;
