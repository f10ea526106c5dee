//! A pretended cloud and telephone system, the real service before them, and what a test needs to look at both.

use std::{
    fmt::Debug,
    path::PathBuf,
    sync::{Arc, Once},
    time::Duration,
};

use busylamp_core::{
    ids::{AccountId, InstanceId},
    secret::Secret,
};
use busylamp_service::{
    Service, Settings,
    board::Board,
    clock::Clock,
    config::{Secrets, WrittenInstance, read_file},
};
use busylamp_sim::{Calendars, SimConfig, Simulator};
use busylamp_store::{Key, Store};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Certificate, Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

/// Whatever a test waits for has to come within this time of the machine's.
const PATIENCE: Duration = Duration::from_secs(20);
/// Where somebody was refused twice, sign-ins and pauses may add up to this.
pub(crate) const LONG_PATIENCE: Duration = Duration::from_secs(100);
/// A condition is looked at this often.
const LOOK: Duration = Duration::from_millis(20);

/// A policy that shows in every dimension but diversions.
pub(crate) const DND_PRESENCE_TEXT: &str =
    "actions = { busy = \"dnd\" }\nset_presence = true\ntitle_as_text = true\nshow_end = false";
/// Only do not disturb.
pub(crate) const DND: &str = "actions = { busy = \"dnd\" }";

/// Where the instance reads calendars.
#[derive(Clone, Debug, Default)]
pub(crate) enum Reads {
    #[default]
    Cloud,
    Server(Exchange),
    Both(Exchange),
}

impl Reads {
    fn exchange(&self) -> Option<&Exchange> {
        match self {
            Self::Cloud => None,
            Self::Server(exchange) | Self::Both(exchange) => Some(exchange),
        }
    }
}

/// How the instance reads the pretended Exchange.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) auth: &'static str,
    pub(crate) access: &'static str,
    /// In place of the right one.
    pub(crate) password: Option<&'static str>,
    /// In place of the authority.
    pub(crate) pin: Option<String>,
    /// More lines of the table.
    pub(crate) more: &'static str,
}

impl Default for Exchange {
    fn default() -> Self {
        Self { auth: "basic", access: "folder", password: None, pin: None, more: "" }
    }
}

/// What a world is made of.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) users: usize,
    /// How many seconds of the service's and the simulator's clock pass in one.
    pub(crate) speed: u32,
    pub(crate) poll: &'static str,
    pub(crate) reads: Reads,
    /// Lines of `[instance.policy]`.
    pub(crate) policy: &'static str,
    pub(crate) active: bool,
    pub(crate) bridge: bool,
    /// In place of the right ones.
    pub(crate) graph_secret: Option<&'static str>,
    pub(crate) pbx_password: Option<&'static str>,
    pub(crate) group: Option<String>,
    /// Sign in to the telephone system as version 10 wants it.
    pub(crate) oauth: bool,
    /// HTTPS everywhere, with an authority of the simulator's own.
    pub(crate) tls: bool,
    /// The instance does not name that authority.
    pub(crate) without_trust: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            users: 3,
            speed: 10,
            poll: "5s",
            reads: Reads::Cloud,
            policy: DND,
            active: true,
            bridge: true,
            graph_secret: None,
            pbx_password: None,
            group: None,
            oauth: false,
            tls: false,
            without_trust: false,
        }
    }
}

/// One user: the mailbox and the account.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) mail: String,
    pub(crate) account: u32,
}

/// A write as the telephone system received it.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) instant: Timestamp,
    pub(crate) account: u64,
    pub(crate) dimension: String,
    pub(crate) value: String,
}

pub(crate) struct World {
    pub(crate) sim: Simulator,
    pub(crate) setup: Setup,
    pub(crate) clock: Clock,
    pub(crate) folder: TempDir,
    http: Client,
    running: Option<(Service, Arc<Store>)>,
}

impl World {
    /// Cloud and telephone system alone; the service is started by [`World::run`].
    pub(crate) async fn prepare(setup: Setup) -> Self {
        static LOGS: Once = Once::new();
        LOGS.call_once(|| {
            busylamp_net::trust::install_provider();
            if let Ok(filter) = tracing_subscriber::EnvFilter::try_from_env("BUSYLAMP_LOG") {
                tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().init();
            }
        });
        let clock = if setup.speed > 1 { Clock::fast(Timestamp::now(), setup.speed) } else { Clock::Wall };
        let sim = Simulator::start(SimConfig {
            users: setup.users,
            calendars: Calendars::Empty,
            tls: setup.tls,
            clock: busylamp_sim::Clock::new(move || clock.now()),
            ..SimConfig::default()
        })
        .await
        .unwrap();
        let folder = tempfile::tempdir().unwrap();
        Key::create(&folder.path().join("busylamp.key")).unwrap();
        let mut http = Client::builder().no_proxy();
        if let Some(ca) = &sim.ready().ca {
            http = http.add_root_certificate(Certificate::from_pem(&std::fs::read(ca).unwrap()).unwrap());
        }
        let http = http.build().unwrap();
        let world = Self { sim, setup, clock, folder, http, running: None };
        for person in world.people() {
            world.is_at_the_desk(&person).await;
        }
        world
    }

    /// Everything, with the instance applied.
    pub(crate) async fn start(setup: Setup) -> Self {
        let mut world = Self::prepare(setup).await;
        world.run().await;
        world.apply().await;
        world
    }

    /// Starts the service with what its store has.
    pub(crate) async fn run(&mut self) {
        let key = Key::load(&self.folder.path().join("busylamp.key")).unwrap();
        let store = Arc::new(Store::open(&self.folder.path().join("busylamp.db"), &key).await.unwrap());
        let service = Service::start(Settings { store: Arc::clone(&store), clock: self.clock }).await.unwrap();
        self.running = Some((service, store));
    }

    /// Applies the instance as the setup says.
    pub(crate) async fn apply(&self) {
        let (service, _) = self.running.as_ref().unwrap();
        service.apply(&[self.instance()]).await.unwrap();
    }

    /// Applies another instance besides.
    pub(crate) async fn apply_also(&self, instance: &WrittenInstance, secrets: &Secrets) {
        let (service, _) = self.running.as_ref().unwrap();
        service.apply(&[(instance.clone(), secrets.clone())]).await.unwrap();
    }

    pub(crate) async fn stop(&mut self) {
        let (service, store) = self.running.take().unwrap();
        service.stop().await;
        store.close().await;
    }

    pub(crate) fn instance(&self) -> (WrittenInstance, Secrets) {
        let ready = self.sim.ready();
        let written = read_file(&self.instance_text()).unwrap().remove(0);
        let secret = |other: Option<&str>, right: &str| Secret::new(other.unwrap_or(right));
        let ca = ready.ca.as_ref().map(|path| Secret::new(std::fs::read_to_string(path).unwrap()));
        let trusts = ["graph.trust", "starface.trust", "ews.trust"].into_iter().zip(ca.into_iter().cycle());
        let secrets = [
            ("starface.client_secret", Secret::new(ready.starface_client_secret.clone())),
            ("graph.client_secret", secret(self.setup.graph_secret, &ready.client_secret)),
            ("starface.password", secret(self.setup.pbx_password, &ready.starface_password)),
            ("starface.bridge.key", Secret::new(ready.starface_bridge_key.clone())),
            ("ews.password", Secret::new(self.exchange_password())),
            ("ews.client_secret", Secret::new(ready.client_secret.clone())),
        ];
        (written, secrets.into_iter().chain(trusts).map(|(place, secret)| (place.to_owned(), secret)).collect())
    }

    /// The instance's password for Exchange; `None`: the right one.
    pub(crate) fn set_exchange_password(&mut self, password: Option<&'static str>) {
        if let Reads::Server(exchange) | Reads::Both(exchange) = &mut self.setup.reads {
            exchange.password = password;
        }
    }

    fn exchange_password(&self) -> &str {
        let other = self.setup.reads.exchange().and_then(|exchange| exchange.password);
        other.unwrap_or(&self.sim.ready().ews_password)
    }

    /// The table of the calendar in the cloud.
    fn graph_table(&self, trust: &str) -> String {
        let (ready, poll) = (self.sim.ready(), self.setup.poll);
        let (tenant, client, graph, login) = (&ready.tenant, &ready.client_id, &ready.graph, &ready.login);
        format!(
            r#"
[instance.graph]
tenant = "{tenant}"
client_id = "{client}"
client_secret = {{ file = "graph.secret" }}
endpoint = "{graph}"
login = "{login}"
poll = "{poll}"
{trust}
"#
        )
    }

    /// The table of the calendar on the server.
    fn ews_table(&self, exchange: &Exchange, trust: &str) -> String {
        let (ready, poll) = (self.sim.ready(), self.setup.poll);
        let url = &ready.ews;
        let who = if exchange.auth == "oauth" {
            let (tenant, client, login) = (&ready.tenant, &ready.client_id, &ready.login);
            format!(
                "tenant = \"{tenant}\"\nclient_id = \"{client}\"\nlogin = \"{login}\"\nclient_secret = {{ file = \"graph.secret\" }}"
            )
        } else {
            format!("user = '{}'\npassword = {{ file = \"ews.secret\" }}", ready.ews_user)
        };
        let Exchange { auth, access, pin, more, .. } = exchange;
        let trust = pin.as_ref().map_or_else(|| trust.to_owned(), |pin| format!("trust = {{ pin = \"{pin}\" }}"));
        format!(
            r#"
[instance.ews]
url = "{url}"
{who}
auth = "{auth}"
access = "{access}"
poll = "{poll}"
{trust}
{more}
"#
        )
    }

    /// The instance as a file; its secrets stand in files beside it ([`World::write_files`]).
    pub(crate) fn instance_text(&self) -> String {
        let ready = self.sim.ready();
        let Setup { policy, active, bridge, .. } = &self.setup;
        let (starface, starface_login) = (&ready.starface, &ready.starface_login);
        let group = self.setup.group.as_ref().unwrap_or(&ready.starface_group);
        let trust = match &ready.ca {
            Some(ca) if !self.setup.without_trust => format!("trust = {{ authority = \"{ca}\" }}"),
            Some(_) | None => String::new(),
        };
        let calendars = match &self.setup.reads {
            Reads::Cloud => self.graph_table(&trust),
            Reads::Server(exchange) => self.ews_table(exchange, &trust),
            Reads::Both(exchange) => self.graph_table(&trust) + &self.ews_table(exchange, &trust),
        };
        let oauth = if self.setup.oauth { "client_secret = { file = \"oauth.secret\" }" } else { "" };
        let bridge = if *bridge {
            let instance = &ready.starface_bridge_instance;
            format!("bridge = {{ instance = \"{instance}\", key = {{ file = \"bridge.secret\" }} }}")
        } else {
            String::new()
        };
        format!(
            r#"
[[instance]]
name = "Test"
active = {active}
language = "de"
zone = "Europe/Berlin"
{calendars}
[instance.starface]
url = "{starface}"
login = "{starface_login}"
password = {{ file = "starface.secret" }}
group = "{group}"
{oauth}
{trust}
{bridge}
[instance.policy]
{policy}
"#
        )
    }

    /// The instance and its secrets as files for the command line; returns the instance's.
    pub(crate) fn write_files(&self) -> PathBuf {
        let ready = self.sim.ready();
        let put = |name: &str, text: &str| std::fs::write(self.folder.path().join(name), text).unwrap();
        put("graph.secret", self.setup.graph_secret.unwrap_or(&ready.client_secret));
        put("starface.secret", self.setup.pbx_password.unwrap_or(&ready.starface_password));
        put("ews.secret", self.exchange_password());
        put("oauth.secret", &ready.starface_client_secret);
        put("bridge.secret", &ready.starface_bridge_key);
        put("instance.toml", &self.instance_text());
        self.folder.path().join("instance.toml")
    }

    pub(crate) fn service(&self) -> &Service {
        let (service, _) = self.running.as_ref().unwrap();
        service
    }

    pub(crate) fn store(&self) -> &Store {
        let (_, store) = self.running.as_ref().unwrap();
        store
    }

    /// The user's key: instance and account.
    pub(crate) fn user(&self, person: &Person) -> (InstanceId, AccountId) {
        ("Test".into(), AccountId::new(person.account.to_string()))
    }

    pub(crate) fn board(&self) -> Arc<Board> {
        let (service, _) = self.running.as_ref().unwrap();
        service.board().borrow().clone()
    }

    pub(crate) fn people(&self) -> Vec<Person> {
        let users = self.sim.ready().users.iter();
        users.map(|user| Person { mail: user.mail.clone(), account: user.account }).collect()
    }

    pub(crate) fn person(&self, place: usize) -> Person {
        self.people().swap_remove(place)
    }

    /// An instant of the world's clock, so many seconds from now.
    pub(crate) fn at(&self, seconds: i64) -> Timestamp {
        self.clock.now() + SignedDuration::from_secs(seconds)
    }

    /// A call of the control API that has to succeed.
    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self.http.request(method, format!("{}{path}", self.sim.ready().control));
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub(crate) async fn put_event(&self, person: &Person, id: &str, event: Value) {
        self.control(Method::PUT, &format!("/mailboxes/{}/events/{id}", person.mail), event).await;
    }

    /// A busy appointment.
    pub(crate) async fn meet(&self, person: &Person, id: &str, start: Timestamp, end: Timestamp, subject: &str) {
        let event = json!({"start": start.to_string(), "end": end.to_string(), "kind": "busy", "subject": subject});
        self.put_event(person, id, event).await;
    }

    /// An appointment that has begun and goes on for long.
    pub(crate) async fn is_in_a_meeting(&self, person: &Person, id: &str) {
        self.meet(person, id, self.at(-60), self.at(36_000), "Jour fixe").await;
    }

    pub(crate) async fn remove_event(&self, person: &Person, id: &str) {
        self.control(Method::DELETE, &format!("/mailboxes/{}/events/{id}", person.mail), Value::Null).await;
    }

    /// The event stays in the calendar as one that is cancelled.
    pub(crate) async fn call_off(&self, person: &Person, id: &str) {
        self.call_off_if_there(person, id).await.unwrap();
    }

    /// Like [`World::call_off`]; `None` if there is no such event.
    pub(crate) async fn call_off_if_there(&self, person: &Person, id: &str) -> Option<()> {
        let path = format!("/mailboxes/{}/events", person.mail);
        let events = self.control(Method::GET, &path, Value::Null).await;
        let mut event = events.as_array().unwrap().iter().find(|event| event["id"] == id)?.clone();
        event["cancelled"] = json!(true);
        self.put_event(person, id, event).await;
        Some(())
    }

    pub(crate) async fn account(&self, person: &Person) -> Value {
        self.control(Method::GET, &format!("/accounts/{}", person.account), Value::Null).await
    }

    /// As a person at the phone does it.
    pub(crate) async fn by_hand(&self, person: &Person, change: Value) {
        self.control(Method::PATCH, &format!("/accounts/{}", person.account), change).await;
    }

    /// Available, nothing set, and a diversion that leads somewhere for each number.
    async fn is_at_the_desk(&self, person: &Person) {
        let account = self.account(person).await;
        let entry = json!({"enabled": false, "destination": "+491711234567"});
        let entries: serde_json::Map<_, _> =
            account["diversions"].as_object().unwrap().keys().map(|id| (id.clone(), entry.clone())).collect();
        self.by_hand(person, json!({"dnd": false, "presence": "available", "text": "", "diversions": entries})).await;
    }

    /// The diversions that are switched on, by the numbers that they are for.
    pub(crate) async fn diverted(&self, person: &Person) -> Vec<String> {
        let account = self.account(person).await;
        let entries = account["diversions"].as_object().unwrap().values();
        let on = entries.filter(|entry| entry["enabled"] == true);
        let mut numbers: Vec<String> = on.map(|entry| entry["number"].as_str().unwrap().to_owned()).collect();
        numbers.sort();
        numbers
    }

    pub(crate) async fn fault(&self, name: &str, on: bool) {
        self.control(Method::PUT, &format!("/faults/{name}"), json!({"on": on})).await;
    }

    /// How often a fault has struck.
    pub(crate) async fn struck(&self, name: &str) -> u64 {
        self.control(Method::GET, "/faults", Value::Null).await[name]["struck"].as_u64().unwrap()
    }

    pub(crate) async fn writes(&self) -> Vec<Write> {
        let writes = self.control(Method::GET, "/writes", Value::Null).await;
        let text = |write: &Value, name: &str| write[name].as_str().unwrap().to_owned();
        let write = |write: &Value| Write {
            instant: text(write, "instant").parse().unwrap(),
            account: write["account"].as_u64().unwrap(),
            dimension: text(write, "dimension"),
            value: text(write, "value"),
        };
        writes.as_array().unwrap().iter().map(write).collect()
    }

    /// The writes to one account: dimension and value.
    pub(crate) async fn written(&self, person: &Person) -> Vec<(String, String)> {
        let writes = self.writes().await.into_iter();
        let own = writes.filter(|write| write.account == u64::from(person.account));
        own.map(|write| (write.dimension, write.value)).collect()
    }

    /// Requests so far by kind, those within batches included.
    pub(crate) async fn requests(&self) -> Vec<(String, u64)> {
        let counts = self.control(Method::GET, "/requests", Value::Null).await;
        let number = |count: &Value| count["requests"].as_u64().unwrap() + count["batched"].as_u64().unwrap();
        counts.as_object().unwrap().iter().map(|(kind, count)| (kind.clone(), number(count))).collect()
    }

    /// Requests to Graph as such: a batch is one.
    pub(crate) async fn requests_to_graph(&self) -> u64 {
        let counts = self.control(Method::GET, "/requests", Value::Null).await;
        let graph = counts.as_object().unwrap().iter().filter(|(kind, _)| kind.starts_with("graph"));
        graph.map(|(_, count)| count["requests"].as_u64().unwrap()).sum()
    }

    /// Waits until the calendars have been asked so many times more.
    pub(crate) async fn quiet_polls(&self, times: usize) {
        for _ in 0..times {
            let before = self.calendar_answered();
            let again = async || if self.calendar_answered() > before { Ok(()) } else { Err(before) };
            eventually("another poll", again).await;
        }
    }

    /// How often a password was sent to the telephone system.
    pub(crate) async fn logins(&self) -> u64 {
        let counts = self.control(Method::GET, "/requests", Value::Null).await;
        // A nonce is fetched, then it is answered.
        counts["rest.login"]["requests"].as_u64().unwrap_or(0) / 2
    }

    /// When a calendar last did what it was asked.
    pub(crate) fn calendar_answered(&self) -> Option<Timestamp> {
        let board = self.board();
        let calendars = board.connections.iter().filter(|c| {
            c.name.to_string().ends_with("Microsoft Graph") || c.name.to_string().ends_with("Exchange Server")
        });
        calendars.filter_map(|connection| connection.last_success).max()
    }

    /// Somebody new, with a mailbox and an account in the group.
    pub(crate) async fn joins(&self, name: &str, mail: &str) -> Person {
        let answer = self.control(Method::POST, "/users", json!({"name": name, "mail": mail})).await;
        Person { mail: mail.to_owned(), account: u32::try_from(answer["account"].as_u64().unwrap()).unwrap() }
    }

    /// Waits until the account shows all of this.
    pub(crate) async fn shows(&self, person: &Person, expected: Value) {
        self.shows_within(PATIENCE, person, expected).await;
    }

    /// The same with a bound of its own.
    pub(crate) async fn shows_within(&self, bound: Duration, person: &Person, expected: Value) {
        let shown = async || {
            let account = self.account(person).await;
            let all = expected.as_object().unwrap();
            all.iter().all(|(name, value)| account[name] == *value).then_some(()).ok_or(account)
        };
        within(bound, &format!("account {} shows {expected}", person.account), shown).await;
    }

    /// Waits until the diversions of these numbers are on, and no others.
    pub(crate) async fn diverts(&self, person: &Person, numbers: &[&str]) {
        let shown = async || {
            let diverted = self.diverted(person).await;
            if diverted == numbers { Ok(()) } else { Err(diverted) }
        };
        eventually(&format!("account {} diverts {numbers:?}", person.account), shown).await;
    }

    /// Waits until the board says this.
    pub(crate) async fn board_says(&self, what: &str, is_so: impl Fn(&Board) -> bool) {
        let said = async || {
            let board = self.board();
            if is_so(&board) { Ok(()) } else { Err(board) }
        };
        eventually(&format!("the board says {what}"), said).await;
    }

    /// Waits until an edit that is made now has gone all the way, calendar to telephone and back: whatever else was
    /// to happen because of what was there before has happened too.
    pub(crate) async fn a_round_has_passed(&self, witness: &Person) {
        self.is_in_a_meeting(witness, "witness").await;
        self.shows(witness, json!({"dnd": true})).await;
        self.call_off(witness, "witness").await;
        self.shows(witness, json!({"dnd": false})).await;
    }
}

/// Waits for a condition, with a bound.
pub(crate) async fn eventually<S: Debug>(what: &str, condition: impl AsyncFn() -> Result<(), S>) {
    within(PATIENCE, what, condition).await;
}

/// The same with a bound of its own.
pub(crate) async fn within<S: Debug>(bound: Duration, what: &str, condition: impl AsyncFn() -> Result<(), S>) {
    let began = Instant::now();
    while let Err(state) = condition().await {
        assert!(began.elapsed() < bound, "it did not come to this: {what}\nit is: {state:#?}");
        tokio::time::sleep(LOOK).await;
    }
}
