//! A house with an administrator, somebody who may only look, and programs with tokens.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use busylamp_core::secret::Secret;
use busylamp_service::{
    Service, Settings,
    clock::Clock,
    config::{Secrets, read_file},
};
use busylamp_sim::{Calendars, SimConfig, Simulator};
use busylamp_store::{Key, NewApiToken, PasswordHash, Role, Store};
use busylamp_web::{Door, Listening, People, Site, Upkeep};
use jiff::{Timestamp, tz::TimeZone};
use reqwest::{Client, Method, RequestBuilder, Response, header, redirect::Policy};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::schema::Document;

/// Whatever a test waits for has to come within this time.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct House {
    pub address: SocketAddr,
    pub store: Store,
    pub service: Arc<Service>,
    pub client: Client,
    document: Document,
    simulator: Option<Simulator>,
    task: JoinHandle<()>,
    folder: TempDir,
}

impl Drop for House {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Who asks, and how that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Nobody,
    /// A person who is signed in.
    Person(Role),
    /// A program with a token.
    Program(Role),
}

pub const VIEWER: Who = Who::Program(Role::Viewer);
pub const ADMINISTRATOR: Who = Who::Program(Role::Administrator);

impl House {
    /// A house in which nothing is configured yet.
    pub async fn new() -> Self {
        Self::behind(&[]).await
    }

    /// The same behind proxies.
    pub async fn behind(proxies: &[&str]) -> Self {
        let _there_already = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("busylamp.db"), &Key::random().unwrap()).await.unwrap();
        for (name, role) in [("anna", Role::Administrator), ("bert", Role::Viewer)] {
            // Nobody signs in with it: sessions are begun in the store.
            store.add_person(name, role, &PasswordHash::new("none")).await.unwrap().unwrap();
        }
        let people = People::new(store.clone(), Clock::Wall).await.unwrap();
        let people = people.behind(proxies.iter().map(|address| address.parse().unwrap()));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let settings = Settings { store: Arc::new(store.clone()), clock: Clock::Wall };
        let service = Arc::new(Service::start(settings).await.unwrap());
        let site = Site {
            service: Arc::clone(&service),
            board: service.board(),
            zone: TimeZone::UTC,
            note: None,
            door: Door::Guarded(people),
            upkeep: Upkeep::default(),
        };
        let task = tokio::spawn(async move {
            busylamp_web::serve(Listening::Plain(listener), site, std::future::pending()).await.unwrap();
        });
        let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
        let answer = client.get(format!("http://{address}/api/v1/openapi.json")).send().await.unwrap();
        let document = Document::new(serde_json::from_str(&answer.text().await.unwrap()).unwrap());
        let house = Self { address, store, service, client, document, simulator: None, task, folder };
        for role in [Role::Viewer, Role::Administrator] {
            house.token(role.name(), role, None).await;
        }
        house
    }

    /// A house with the instance `Zentrale`, whose users have been read.
    pub async fn with_users(users: usize) -> Self {
        let mut house = Self::new().await;
        let config = SimConfig { users, calendars: Calendars::Empty, ..SimConfig::default() };
        let simulator = Simulator::start(config).await.unwrap();
        let (text, secrets) = instance(&simulator);
        let written = read_file(&text).unwrap().remove(0);
        house.service.save(None, &written, &secrets).await.unwrap();
        house.simulator = Some(simulator);
        let read = |house: &Self| {
            let board = house.service.board().borrow().clone();
            board.lamps.len() == users && board.lamps.iter().all(|lamp| lamp.dnd.is_some())
        };
        house.eventually("all users are read", read).await;
        house
    }

    /// Waits for a condition, with a bound.
    pub async fn eventually(&self, what: &str, condition: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        // The board is made when somebody looks.
        let mut board = self.service.board();
        while !condition(self) {
            assert!(began.elapsed() < PATIENCE, "it did not come to this: {what}");
            let _new_or_late = tokio::time::timeout(Duration::from_millis(200), board.changed()).await;
        }
    }

    pub fn simulator(&self) -> &Simulator {
        self.simulator.as_ref().unwrap()
    }

    /// All bytes of the store, as they lie on the disk.
    pub fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    /// A new token of this name, known to tests by it.
    pub async fn token(&self, name: &str, role: Role, expires: Option<Timestamp>) -> String {
        let text = secret(name);
        let hash = Sha256::digest(text.as_bytes()).into();
        let made = self.store.add_token(&NewApiToken { name, role, expires }, &hash, Timestamp::now()).await;
        made.unwrap().unwrap();
        format!("busylamp_{text}")
    }

    /// A new session of the person with this role, as a cookie.
    pub async fn cookie(&self, role: Role) -> String {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let text = secret(&format!("session {number}"));
        let people = self.store.people().await.unwrap();
        let person = people.iter().find(|person| person.role == role).unwrap();
        let hash = Sha256::digest(text.as_bytes()).into();
        self.store.begin_session(person.id, &hash, Timestamp::now()).await.unwrap();
        format!("__Host-busylamp={text}")
    }

    /// A request as a browser or a program of ours would send it.
    pub async fn request(&self, who: Who, method: &str, path: &str) -> RequestBuilder {
        let method: Method = method.parse().unwrap();
        let request = self.client.request(method, format!("http://{}{path}", self.address));
        let request = request.header(header::ACCEPT_LANGUAGE, "en");
        match who {
            Who::Nobody => request.header("sec-fetch-site", "same-origin").header(header::ACCEPT, "text/html"),
            Who::Person(role) => request
                .header("sec-fetch-site", "same-origin")
                .header(header::ACCEPT, "text/html")
                .header(header::COOKIE, self.cookie(role).await),
            Who::Program(role) => request.bearer_auth(format!("busylamp_{}", secret(role.name()))),
        }
    }

    pub async fn get(&self, who: Who, path: &str) -> Response {
        self.request(who, "GET", path).await.send().await.unwrap()
    }

    pub async fn post(&self, who: Who, path: &str, form: &[(&str, &str)]) -> Response {
        self.request(who, "POST", path).await.form(form).send().await.unwrap()
    }

    /// A call of the API, below its root. The answer is held against the document that describes it.
    pub async fn call(&self, who: Who, method: &str, path: &str, body: Value) -> (u16, Value) {
        let mut request = self.request(who, method, &format!("/api/v1{path}")).await;
        if !body.is_null() {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let kind = answer.headers().get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
        let text = answer.text().await.unwrap();
        let answer =
            if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
        self.document.check(method, path, &body, status, kind.as_deref(), &answer);
        (status, answer)
    }

    /// A call that has to succeed.
    pub async fn done(&self, who: Who, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(who, method, path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// A call that has to be refused: status, code and place.
    pub async fn refused(&self, who: Who, method: &str, path: &str, body: Value) -> (u16, String, String) {
        let (status, problem) = self.call(who, method, path, body).await;
        let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
        assert!(status >= 400, "{method} {path}: {status} {problem}");
        for name in ["detail", "advice", "title"] {
            assert!(!text(name).is_empty(), "{method} {path} says no {name}: {problem}");
        }
        assert_eq!(problem["status"], status, "{problem}");
        (status, text("code"), text("place"))
    }
}

/// 32 bytes as text, the same for the same name.
fn secret(name: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(Sha256::digest(name.as_bytes()))
}

/// A request that is not what HTTP wants, sent as it is; what comes back until the connection is closed or quiet.
pub async fn raw(address: SocketAddr, request: &[u8]) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let _may_be_refused_early = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _closed = tokio::time::timeout(Duration::from_secs(2), stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// Lets others run for a moment: where nothing can be waited for.
pub async fn moment() {
    sleep(Duration::from_millis(20)).await;
}

/// The instance as an administrator would enter it, and its secrets.
pub fn instance(simulator: &Simulator) -> (String, Secrets) {
    let ready = simulator.ready();
    let text = format!(
        r#"
[[instance]]
name = "Zentrale"
[instance.graph]
tenant = "{}"
client_id = "{}"
client_secret = {{ stored = true }}
endpoint = "{}"
login = "{}"
poll = "1s"
[instance.starface]
url = "{}"
login = "{}"
password = {{ stored = true }}
bridge = {{ instance = "{}", key = {{ stored = true }} }}
group = "{}"
[instance.policy]
actions = {{ busy = "dnd" }}
set_presence = true
title_as_text = true
"#,
        ready.tenant,
        ready.client_id,
        ready.graph,
        ready.login,
        ready.starface,
        ready.starface_login,
        ready.starface_bridge_instance,
        ready.starface_group,
    );
    let secrets = [
        ("graph.client_secret", &ready.client_secret),
        ("starface.password", &ready.starface_password),
        ("starface.bridge.key", &ready.starface_bridge_key),
    ];
    let secrets = secrets.map(|(place, secret)| (place.to_owned(), Secret::new(secret.clone())));
    (text, secrets.into_iter().collect())
}
