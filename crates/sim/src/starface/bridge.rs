//! The bridge module inside the PBX, called through XML-RPC.

use std::{sync::atomic::Ordering, time::Duration};

use busylamp_core::account::Presence;
use http::{Method, StatusCode};

use super::{
    account::Account,
    pbx::{Pbx, StateChange, Through},
    records::{self, Record},
    session::TokenKind,
    xml_rpc,
};
use crate::{
    faults::Fault,
    http::{Reply, Request},
    world::World,
};

/// Most records in one `apply`.
const MAX_APPLY: usize = 500;
/// Longest wait for an event, in seconds.
const MAX_WAIT: u64 = 25;
/// The module instance's name.
pub(crate) const INSTANCE: &str = "busylamp";

/// An error of a whole call.
struct Refusal(&'static str, String);

impl Refusal {
    fn bad(message: impl Into<String>) -> Self {
        Self("bad_request", message.into())
    }
}

/// Answers `/xml-rpc`.
pub(crate) async fn answer(world: &World, request: &Request) -> Reply {
    if request.method != Method::POST {
        return Reply::empty(StatusCode::METHOD_NOT_ALLOWED);
    }
    let expired = world.faults.strikes(Fault::StarfaceUnauthorized);
    if expired || !signed_in(world, request) {
        return Reply::empty(StatusCode::UNAUTHORIZED).with("www-authenticate", "Basic realm=\"STARFACE\"");
    }
    let xml = |text: String| Reply::body(StatusCode::OK, "text/xml;charset=UTF-8", text);
    world.let_rivals_write();
    let call = match xml_rpc::read(&request.body) {
        Ok(call) => call,
        Err(reason) => return xml(xml_rpc::fault(-32600, &reason)).counted_as("bridge.bad"),
    };
    if call.method != format!("{INSTANCE}.call") || world.faults.strikes(Fault::BridgeMissing) {
        let text = format!("No such handler: {}", call.method);
        return xml(xml_rpc::fault(0, &text)).counted_as("bridge.missing");
    }
    let (key, text) = (call.members.get("key"), call.members.get("request"));
    let records = records::read(text.map_or("", String::as_str));
    let kind = kind(&records);
    let outcome = if key.is_none_or(|key| *key != world.bridge_key) {
        Err(Refusal("bad_key", "the key is wrong".to_owned()))
    } else if world.faults.strikes(Fault::BridgeInternal) {
        Err(Refusal("internal", "the module failed".to_owned()))
    } else {
        carry_out(world, &records).await
    };
    let answer = outcome.unwrap_or_else(|Refusal(code, message)| {
        vec![Record::default().with("v", "1").with("ok", "false").with("error", code).with("message", message)]
    });
    xml(xml_rpc::response(&records::write(&answer))).counted_as(kind)
}

fn kind(records: &[Record]) -> &'static str {
    match records.first().and_then(|header| header.get("do")) {
        Some("info") => "bridge.info",
        Some("states") => "bridge.states",
        Some("apply") => "bridge.apply",
        Some("events") => "bridge.events",
        Some("describe") => "bridge.describe",
        _ => "bridge.bad",
    }
}

/// Any login of the PBX may call a module: by the hash of versions 7 to 9, or by a token of version 10.
fn signed_in(world: &World, request: &Request) -> bool {
    let hashes = world.pbx().set_up.has_older_login();
    let sessions = world.sessions();
    let hash = request.query("de.vertico.starface.auth").is_some_and(|auth| auth == sessions.xml_rpc_auth()) && hashes;
    let token = request.query("de.vertico.starface.jwt");
    hash || token.is_some_and(|token| sessions.good(TokenKind::Access, token, world.clock.now()))
}

async fn carry_out(world: &World, records: &[Record]) -> Result<Vec<Record>, Refusal> {
    let [header, records @ ..] = records else { return Err(Refusal::bad("the request is empty")) };
    if header.get("v") != Some("1") {
        return Err(Refusal::bad("this bridge speaks v=1"));
    }
    if header.get("do") == Some("events") {
        return events(world, header).await;
    }
    let _place = world.bridge_gate.pass().await;
    match header.get("do") {
        Some("info") => Ok(info(world)),
        Some("states") => states(world, records),
        Some("apply") => apply(world, records),
        Some("describe") => Ok(describe(world)),
        _ => Err(Refusal("unsupported", "this bridge knows info, states, apply, events and describe".to_owned())),
    }
}

fn good() -> Record {
    Record::default().with("v", "1").with("ok", "true")
}

fn info(world: &World) -> Vec<Record> {
    let can = if world.faults.strikes(Fault::BridgeWithoutDnd) {
        ["presence.read", "presence.write", "events"].as_slice()
    } else {
        ["dnd.read", "dnd.write", "presence.read", "presence.write", "events"].as_slice()
    };
    let header = good().with("bridge", "1.0.0").with("pbx", world.pbx().set_up.version.name());
    std::iter::once(header).chain(can.iter().map(|can| Record::default().with("can", *can))).collect()
}

fn describe(world: &World) -> Vec<Record> {
    let line = |what: &str, found: &str| Record::default().with("what", what).with("found", found);
    let mut lines = vec![good()];
    if !world.faults.strikes(Fault::BridgeWithoutDnd) {
        lines.push(line("dnd.write", "PersonAndAccountHandler.setDoNotDisturb(int, boolean)"));
    }
    lines.push(line("presence", "UserStateBusinessObject.getUserState(int)"));
    lines.push(line("events", "PresenceChangedEvent, DoNotDisturbSettingChangedEvent"));
    lines
}

fn states(world: &World, records: &[Record]) -> Result<Vec<Record>, Refusal> {
    let pbx = world.pbx();
    let with_dnd = !world.faults.strikes(Fault::BridgeWithoutDnd);
    let mut answer = vec![good().with("cursor", pbx.cursor())];
    if records.is_empty() {
        answer.extend(pbx.accounts.values().map(|account| state(account, with_dnd)));
    }
    for record in records {
        let id = record.get("account").ok_or_else(|| Refusal::bad("a record has no account"))?;
        // A user who does not exist has no state: the record is left out.
        let account = id.parse().ok().and_then(|id: u32| pbx.accounts.get(&id));
        answer.extend(account.map(|account| state(account, with_dnd)));
    }
    Ok(answer)
}

fn state(account: &Account, with_dnd: bool) -> Record {
    let record = Record::default().with("account", account.id.to_string());
    let record = if with_dnd { record.with("dnd", account.dnd.to_string()) } else { record };
    record
        .with("presence", presence_word(account.presence))
        .with("text", account.text.clone())
        .with("telephony", "AVAILABLE")
}

fn apply(world: &World, records: &[Record]) -> Result<Vec<Record>, Refusal> {
    if records.len() > MAX_APPLY {
        return Err(Refusal::bad(format!("at most {MAX_APPLY} records")));
    }
    if records.iter().any(|record| !record.has("account")) {
        return Err(Refusal::bad("a record has no account"));
    }
    let mut pbx = world.pbx();
    let mut answers = Vec::with_capacity(records.len() + 1);
    for record in records {
        let account = record.get("account").unwrap_or_default();
        let answer = Record::default().with("account", account);
        answers.push(match apply_one(world, &mut pbx, record) {
            Ok(()) => answer.with("ok", "true"),
            Err(Refusal(code, message)) => answer.with("ok", "false").with("error", code).with("message", message),
        });
    }
    let header = good().with("cursor", pbx.cursor());
    drop(pbx);
    world.told.notify_waiters();
    Ok(std::iter::once(header).chain(answers).collect())
}

fn apply_one(world: &World, pbx: &mut Pbx, record: &Record) -> Result<(), Refusal> {
    let name = record.get("account").unwrap_or_default();
    let account = name.parse().ok().and_then(|id: u32| pbx.accounts.get(&id));
    let account = account.ok_or_else(|| Refusal("no_such_account", format!("there is no account {name}")))?;
    let dnd = match record.get("dnd") {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(Refusal::bad("dnd is true or false")),
    };
    let presence = match record.get("presence") {
        None => None,
        Some(word) => Some(read_presence(word).ok_or_else(|| Refusal::bad("this presence is not known"))?),
    };
    let text = record.get("text").map(str::to_owned);
    if dnd.is_some() && world.faults.strikes(Fault::BridgeWithoutDnd) {
        return Err(Refusal("unsupported", "DND can't be set on this PBX".to_owned()));
    }
    for (there, dimension, fault) in [
        (dnd.is_some(), "dnd", Fault::BridgeRefusesDnd),
        (presence.is_some(), "presence", Fault::BridgeRefusesPresence),
        (text.is_some(), "text", Fault::BridgeRefusesText),
    ] {
        if there && (account.refuses.contains(dimension) || world.faults.strikes(fault)) {
            return Err(Refusal("refused", format!("the PBX refuses to set {dimension}")));
        }
    }
    let text = match text {
        Some(text) if world.faults.strikes(Fault::TextCut) => Some(text.chars().take(100).collect()),
        text => text,
    };
    let id = account.id;
    pbx.change(world.clock.now(), id, StateChange { dnd, presence, text }, Through::Bridge);
    Ok(())
}

async fn events(world: &World, header: &Record) -> Result<Vec<Record>, Refusal> {
    let since = header.get("since").ok_or_else(|| Refusal::bad("since is missing"))?;
    let wait = header.get("wait").map_or(Some(0), |wait| wait.parse::<u64>().ok());
    let wait = wait.ok_or_else(|| Refusal::bad("wait is a number of seconds"))?.min(MAX_WAIT);
    let end = tokio::time::Instant::now() + Duration::from_secs(wait);
    loop {
        // Listen before looking, or what happens in between would be missed.
        let told = world.told.notified();
        world.let_rivals_write();
        let answer = told_since(world, since);
        if answer.len() > 1 || answer[0].has("lost") {
            return Ok(answer);
        }
        let listening = Listening::begin(world);
        let rival = world.pbx().next_rival().unwrap_or(end);
        let stopped = tokio::select! {
            () = told => false,
            () = tokio::time::sleep_until(rival), if rival < end => false,
            () = tokio::time::sleep_until(end) => true,
            () = world.stop.cancelled() => true,
        };
        drop(listening);
        if stopped {
            return Ok(told_since(world, since));
        }
    }
}

/// A long poll that waits, counted until it ends: also when its client goes away.
struct Listening<'a>(&'a World);

impl<'a> Listening<'a> {
    fn begin(world: &'a World) -> Self {
        world.listening.fetch_add(1, Ordering::AcqRel);
        Self(world)
    }
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        self.0.listening.fetch_sub(1, Ordering::AcqRel);
    }
}

fn told_since(world: &World, since: &str) -> Vec<Record> {
    let pbx = world.pbx();
    let lost = world.faults.strikes(Fault::BridgeEventsLost);
    let header = good().with("cursor", pbx.cursor());
    let Some(events) = pbx.events_since(since).filter(|_| !lost) else { return vec![header.with("lost", "true")] };
    let records = events.map(|event| {
        let mut record = Record::default().with("account", event.account.to_string());
        if let Some(dnd) = event.change.dnd {
            record = record.with("dnd", dnd.to_string());
        }
        if let Some(presence) = event.change.presence {
            record = record.with("presence", presence_word(presence));
        }
        if let Some(text) = &event.change.text {
            record = record.with("text", text.clone());
        }
        record.with("by", if event.by_bridge { "self" } else { "other" })
    });
    std::iter::once(header).chain(records).collect()
}

/// STARFACE's own words for presences.
const PRESENCES: [(&str, Presence); 6] = [
    ("AVAILABLE", Presence::Available),
    ("AWAY", Presence::Away),
    ("DO_NOT_DISTURB", Presence::DoNotDisturb),
    ("EXTENDED_AWAY", Presence::ExtendedAway),
    ("FREE_FOR_CHAT", Presence::FreeForChat),
    ("UNAVAILABLE", Presence::Unavailable),
];

fn presence_word(presence: Presence) -> &'static str {
    PRESENCES.iter().find(|(_, known)| *known == presence).map_or("UNAVAILABLE", |(word, _)| word)
}

fn read_presence(word: &str) -> Option<Presence> {
    PRESENCES.iter().find(|(known, _)| *known == word).map(|(_, presence)| *presence)
}
