//! The control API: looks inside and changes what people would change. Its calls are in the crate's `README.md`.

mod account;
mod event;
mod ews;
mod mailbox;
mod read;
mod staff;

use std::{sync::Arc, time::Duration};

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use self::read::{Fields, Refusal, Result};
use crate::{
    directory::Entry,
    http::{Reply, Request},
    pace::{Gate, Pace},
    starface::{
        session::LoginType,
        version::{Spelling, StarfaceVersion},
    },
    world::World,
};

/// Longest that a fault may be asked to last, or a latency to be: an hour.
const MAX_SECONDS: f64 = 3600.0;

/// Answers under `/control`.
pub(crate) fn answer(world: &World, request: &Request) -> Reply {
    match route(world, request) {
        Ok(Some(body)) => Reply::json(StatusCode::OK, &body),
        Ok(None) => Reply::empty(StatusCode::NO_CONTENT),
        Err(Failure::Refused(Refusal(reason))) => Reply::json(StatusCode::BAD_REQUEST, &json!({"error": reason})),
        Err(Failure::NotThere(what)) => {
            Reply::json(StatusCode::NOT_FOUND, &json!({"error": format!("{what} is not there")}))
        }
    }
}

enum Failure {
    Refused(Refusal),
    NotThere(String),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

fn route(world: &World, request: &Request) -> std::result::Result<Option<Value>, Failure> {
    let body = request.json().map_err(|error| Refusal(format!("the body is no JSON: {error}")))?;
    let parts = request.parts();
    let missing = |what: &str| Failure::NotThere(format!("`{what}`"));
    let entry = |mail: &str| find(world, mail).ok_or_else(|| missing(mail));
    let number = |id: &str| id.parse::<u32>().map_err(|_| missing(id));
    match (request.method.as_str(), &parts[1..]) {
        ("GET", ["mailboxes"]) => Ok(Some(world.directory.all().iter().map(|entry| mailbox::write(entry)).collect())),
        ("GET", ["mailboxes", mail]) => Ok(Some(mailbox::write(&*entry(mail)?))),
        ("PATCH", ["mailboxes", mail]) => Ok(Some(mailbox::patch(&*entry(mail)?, &body)?)),
        ("DELETE", ["mailboxes", mail]) => {
            if world.directory.remove(mail) {
                Ok(None)
            } else {
                Err(missing(mail))
            }
        }
        ("POST", ["mailboxes", mail, "forget"]) => {
            entry(mail)?.mailbox().forget();
            Ok(None)
        }
        ("GET", ["mailboxes", mail, "events"]) => Ok(Some(mailbox::events(world, &*entry(mail)?, request)?)),
        ("DELETE", ["mailboxes", mail, "events"]) => {
            entry(mail)?.mailbox().clear();
            Ok(None)
        }
        ("PUT", ["mailboxes", mail, "events", id]) => Ok(Some(mailbox::put_event(world, &*entry(mail)?, id, &body)?)),
        ("DELETE", ["mailboxes", mail, "events", id]) => {
            let entry = entry(mail)?;
            let removed = entry.mailbox().remove(&world.company, &entry.person, id);
            if removed { Ok(None) } else { Err(missing(id)) }
        }
        ("GET", ["accounts"]) => {
            let pbx = world.pbx();
            Ok(Some(pbx.accounts.values().map(|account| account::write(&pbx, account)).collect()))
        }
        ("GET", ["accounts", id]) => {
            world.let_rivals_write();
            let (pbx, number) = (world.pbx(), number(id)?);
            let account = pbx.accounts.get(&number).ok_or_else(|| missing(id))?;
            Ok(Some(account::write(&pbx, account)))
        }
        ("PATCH", ["accounts", id]) => Ok(Some(account::patch(world, existing(world, number(id)?)?, &body)?)),
        ("PUT", ["accounts", id, "refuses"]) => {
            account::refuse(world, existing(world, number(id)?)?, &body)?;
            Ok(None)
        }
        ("PUT", ["accounts", id, "another_writer"]) => {
            account::another_writer(world, existing(world, number(id)?)?, &body)?;
            Ok(None)
        }
        ("DELETE", ["accounts", id, "another_writer"]) => {
            let number = existing(world, number(id)?)?;
            if let Some(account) = world.pbx().accounts.get_mut(&number) {
                account.rival = None;
            }
            Ok(None)
        }
        ("DELETE", ["accounts", id]) => {
            let number = number(id)?;
            if world.pbx().remove(number) { Ok(None) } else { Err(missing(id)) }
        }
        ("GET", ["writes"]) => {
            let since = request.query("since").map_or(Ok(0), str::parse);
            let since = since.map_err(|_| Refusal("since: a whole number is expected".to_owned()))?;
            Ok(Some(world.pbx().writes_since(since).map(|write| json!(write)).collect()))
        }
        ("GET", ["requests"]) => Ok(Some(json!(world.counts.all()))),
        ("DELETE", ["requests"]) => {
            world.counts.reset();
            Ok(None)
        }
        ("GET", ["faults"]) => Ok(Some(faults(world))),
        ("PUT", ["faults", name]) => {
            set_fault(world, name, &body)?;
            Ok(None)
        }
        ("GET", ["pace"]) => Ok(Some(pace(world))),
        ("PUT", ["pace"]) => {
            set_pace(world, &body)?;
            Ok(Some(pace(world)))
        }
        ("POST", ["users"]) => Ok(Some(staff::add(world, &body)?)),
        ("GET", ["groups"]) => Ok(Some(staff::groups(world))),
        ("PUT" | "DELETE", ["groups", group, "members", id]) => {
            let number = existing(world, number(id)?)?;
            let joins = request.method == Method::PUT;
            if staff::member(world, group, number, joins) { Ok(None) } else { Err(missing(group)) }
        }
        ("POST", ["certificates"]) => {
            let pem = body["pem"].as_str().unwrap_or_default();
            world.entra.certificates.register(pem).map_err(|problem| Refusal(format!("pem: {problem}")))?;
            Ok(None)
        }
        ("POST", ["tokens", "expire"]) => {
            world.entra.expire(world.clock.now());
            world.sessions().end_all();
            Ok(None)
        }
        ("POST", ["bridge", "restart"]) => {
            world.pbx().restart_bridge();
            world.told.notify_waiters();
            Ok(None)
        }
        ("GET", ["ews"]) => Ok(Some(ews::write(world))),
        ("PATCH", ["ews"]) => Ok(Some(ews::patch(world, &body)?)),
        ("GET", ["starface"]) => Ok(Some(starface(world))),
        ("PATCH", ["starface"]) => {
            let known = ["login_type", "version", "older_login", "password_grant", "administrator", "numbers"];
            let fields = Fields::new("", &body, &known)?;
            let version = |value: &Value| StarfaceVersion::of_major(value.as_u64()?);
            let version = fields.read("version", "7, 8, 9 or 10", version)?;
            let spelling = |value: &Value| Spelling::ALL.into_iter().find(|spelling| value == spelling.name());
            let spelling = fields.read("numbers", "e164, international or national", spelling)?;
            let rights = ["older_login", "password_grant", "administrator"];
            let [older_login, password_grant, administrator] = rights.map(|name| fields.flag(name));
            let (older_login, password_grant, administrator) = (older_login?, password_grant?, administrator?);
            let known = [LoginType::Internal, LoginType::ActiveDirectory];
            let read = |value: &Value| known.into_iter().find(|kind| value == kind.name());
            if let Some(kind) = fields.read("login_type", "Internal or ActiveDirectory", read)? {
                world.sessions().login_type = kind;
            }
            let mut pbx = world.pbx();
            let now = &mut pbx.set_up;
            now.version = version.unwrap_or(now.version);
            now.spelling = spelling.unwrap_or(now.spelling);
            now.older_login = older_login.unwrap_or(now.older_login);
            now.password_grant = password_grant.unwrap_or(now.password_grant);
            now.administrator = administrator.unwrap_or(now.administrator);
            drop(pbx);
            Ok(Some(starface(world)))
        }
        _ => Err(Failure::NotThere(format!("{} {}", request.method, request.path))),
    }
}

/// The mailbox with an address, primary or not; of several the first.
fn find(world: &World, mail: &str) -> Option<Arc<Entry>> {
    world.directory.by_mail(mail).into_iter().next()
}

fn existing(world: &World, id: u32) -> std::result::Result<u32, Failure> {
    if world.pbx().accounts.contains_key(&id) { Ok(id) } else { Err(Failure::NotThere(format!("account {id}"))) }
}

fn faults(world: &World) -> Value {
    let all = world.faults.list();
    let one = |(fault, rate, struck): (crate::faults::Fault, f64, u64)| {
        (fault.name().to_owned(), json!({"rate": rate, "struck": struck, "meaning": fault.meaning()}))
    };
    Value::Object(all.into_iter().map(one).collect())
}

fn set_fault(world: &World, name: &str, body: &Value) -> Result<()> {
    let fields = Fields::new("", body, &["rate", "on", "seconds"])?;
    let rate = fields.read("rate", "a number from 0 to 1", Value::as_f64)?;
    let rate = match (rate, fields.flag("on")?) {
        (Some(rate), None) => rate,
        (None, Some(on)) => f64::from(u8::from(on)),
        _ => return Err(Refusal("the body: one of rate and on is expected".to_owned())),
    };
    let seconds = |value: &Value| value.as_f64().filter(|seconds| (0.0..=MAX_SECONDS).contains(seconds));
    let lasting = fields.read("seconds", "a number of seconds, at most 3600,", seconds)?.map(Duration::from_secs_f64);
    world.faults.set(name, rate, lasting).map_err(Refusal)
}

/// The interfaces that have a pace.
fn gates(world: &World) -> [(&'static str, &Gate); 4] {
    [("graph", &world.graph_gate), ("ews", &world.ews_gate), ("rest", &world.rest_gate), ("bridge", &world.bridge_gate)]
}

fn pace(world: &World) -> Value {
    let one = |(name, gate): (&str, &Gate)| {
        let pace = gate.pace();
        (name.to_owned(), json!({"latency_ms": pace.latency.as_secs_f64() * 1000.0, "parallel": pace.parallel}))
    };
    Value::Object(gates(world).into_iter().map(one).collect::<Map<_, _>>())
}

fn set_pace(world: &World, body: &Value) -> Result<()> {
    let names = gates(world).map(|(name, _)| name);
    let fields = Fields::new("", body, &names)?;
    for (name, gate) in gates(world) {
        let Some(value) = fields.get(name) else { continue };
        let inner = Fields::new(name, value, &["latency_ms", "parallel"])?;
        let latency = |value: &Value| value.as_f64().filter(|ms| (0.0..=MAX_SECONDS * 1000.0).contains(ms));
        let latency = inner.read("latency_ms", "a number of milliseconds", latency)?.unwrap_or(0.0);
        let parallel = inner.number("parallel")?.map(|n| usize::try_from(n.max(1)).unwrap_or(usize::MAX));
        gate.set(Pace { latency: Duration::from_secs_f64(latency / 1000.0), parallel });
    }
    Ok(())
}

fn starface(world: &World) -> Value {
    let login_type = world.sessions().login_type.name();
    let pbx = world.pbx();
    json!({
        "version": pbx.set_up.version.name(),
        "older_login": pbx.set_up.has_older_login(),
        "password_grant": pbx.set_up.password_grant,
        "administrator": pbx.set_up.administrator,
        "numbers": pbx.set_up.spelling.name(),
        "login_type": login_type,
        "lost_members": pbx.lost_members,
        "enabled_without_destination": pbx.enabled_nowhere,
        "provisioned": pbx.provisioned,
        "cursor": pbx.cursor(),
        "listening": world.listening.load(std::sync::atomic::Ordering::Acquire),
    })
}
