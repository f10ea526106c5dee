//! A bridge with its PBX: the simulator's, or the packed module in a pretended PBX of one generation; the driver, calls
//! past the driver, and hands that press keys.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use busylamp_core::{ids::AccountId, secret::Secret};
use busylamp_net::{
    http::{HttpClient, HttpSettings},
    trust::Trust,
};
use busylamp_pbx::starface::{BridgeConfig, Starface, StarfaceConfig};
use busylamp_sim::{Calendars, SimConfig, Simulator};
use bytes::Bytes;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha512};

/// How many users there are besides the one that programs sign in as.
pub(crate) const USERS: usize = 10;

/// The key of the pretended PBX's module instance.
const KEY: &str = "0123456789abcdef-0123456789-äöü-€";

/// One generation of the pretended PBX: its classes, its version, and whether one signs in with tokens.
#[derive(Clone, Copy)]
pub(crate) struct Generation {
    classes: &'static str,
    pub(crate) version: &'static str,
    tokens: bool,
}

pub(crate) const G70: Generation = Generation { classes: "g70", version: "", tokens: false };
pub(crate) const G73: Generation = Generation { classes: "g73", version: "9.0.0.9", tokens: false };
pub(crate) const G10: Generation = Generation { classes: "g10", version: "10.0.2.7", tokens: true };

/// The pretended PBX: a process that ends when its input does.
struct Host(Child);

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.0.kill();
        let _status = self.0.wait();
    }
}

enum Pbx {
    Simulator(Box<Simulator>),
    Host { _process: Host, url: String },
}

/// See the module.
pub(crate) struct House {
    pbx: Pbx,
    pub(crate) driver: Starface,
    http: HttpClient,
    pub(crate) instance: String,
    pub(crate) key: String,
    /// `/xml-rpc` with the proof of who we are.
    pub(crate) calls: String,
}

fn nobody() -> Trust {
    // Nothing is encrypted on this machine, so nobody has to be believed.
    Trust::Pin(format!("sha256:{}", "0".repeat(64)).parse().unwrap())
}

fn client() -> HttpClient {
    HttpClient::new(HttpSettings { total_timeout: Duration::from_secs(60), ..HttpSettings::new(nobody()) }).unwrap()
}

fn sha512(text: &str) -> String {
    Sha512::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The query that lets versions 7 to 9 in.
fn hash_proof(login: &str, password: &str) -> String {
    let proof = format!("{login}:{}", sha512(&format!("{login}*{}", sha512(password))));
    let query =
        form_urlencoded::Serializer::new(String::new()).append_pair("de.vertico.starface.auth", &proof).finish();
    format!("?{query}")
}

/// Where `cargo xtask test --only bridge` leaves what it builds; without that there is nothing to test.
fn built() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = target.join("bridge");
    if folder.join("busylamp-bridge.sfm").is_file() && folder.join("host/core").is_dir() {
        return Some(folder);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "no bridge at {}", folder.display());
    #[allow(clippy::print_stderr, reason = "a test that checks nothing says so")]
    {
        eprintln!("skipped: no bridge; `cargo xtask test --only bridge` builds it");
    }
    None
}

impl House {
    /// The simulator's bridge.
    pub(crate) async fn simulator() -> Self {
        let quiet = SimConfig { users: USERS, calendars: Calendars::Empty, ..SimConfig::default() };
        let sim = Simulator::start(quiet).await.unwrap();
        let ready = sim.ready();
        let config = StarfaceConfig {
            url: ready.starface.parse().unwrap(),
            login: ready.starface_login.clone(),
            password: Secret::new(ready.starface_password.as_str()),
            client_secret: None,
            bridge: Some(BridgeConfig {
                instance: ready.starface_bridge_instance.clone(),
                key: Secret::new(ready.starface_bridge_key.as_str()),
            }),
            trust: nobody(),
        };
        let proof = hash_proof(&ready.starface_login, &ready.starface_password);
        let calls = format!("{}/xml-rpc{proof}", ready.starface.trim_end_matches('/'));
        let (instance, key) = (ready.starface_bridge_instance.clone(), ready.starface_bridge_key.clone());
        let driver = Starface::new(config).unwrap();
        let http = client();
        Self { pbx: Pbx::Simulator(Box::new(sim)), driver, http, instance, key, calls }
    }

    /// The module in the pretended PBX; nothing if it has not been built.
    pub(crate) fn host(generation: Generation) -> Option<Self> {
        Self::host_with(generation, None, KEY)
    }

    /// The same with other classes in a generation's place, `none` or `several`, and another key in the instance.
    pub(crate) fn host_with(generation: Generation, setters: Option<&str>, key: &str) -> Option<Self> {
        let built = built()?;
        let folder = |name: &str| built.join("host").join(name).display().to_string();
        let classes = setters.map_or_else(
            || folder(generation.classes),
            |setters| format!("{},{}", folder(generation.classes), folder(setters)),
        );
        let child = Command::new("java")
            .args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m", "-cp", &folder("core")])
            .arg("busylamp.host.Main")
            .arg(built.join("busylamp-bridge.sfm"))
            .args([classes.as_str(), generation.version, if generation.tokens { "token" } else { "hash" }, key])
            .arg(USERS.to_string())
            .env("JAVA_TOOL_OPTIONS", "-Dfile.encoding=UTF-8 -Dsun.jnu.encoding=UTF-8")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = child.expect("java runs where javac did");
        let mut first = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut first).unwrap();
        let process = Host(child);
        let port = first.trim().strip_prefix("ready ").unwrap_or_else(|| panic!("it does not start: {first}"));
        let url = format!("http://127.0.0.1:{port}");
        let config = StarfaceConfig {
            url: url.parse().unwrap(),
            login: "0001".to_owned(),
            password: Secret::new("geheim"),
            client_secret: generation.tokens.then(|| Secret::new("client-secret")),
            // The driver has a key that it may have; what the instance has is another matter.
            bridge: Some(BridgeConfig { instance: "busylamp".to_owned(), key: Secret::new(KEY) }),
            trust: nobody(),
        };
        let proof = if generation.tokens {
            "?de.vertico.starface.jwt=a-token".to_owned()
        } else {
            hash_proof("0001", "geheim")
        };
        let calls = format!("{url}/xml-rpc{proof}");
        let driver = Starface::new(config).unwrap();
        let (http, pbx) = (client(), Pbx::Host { _process: process, url });
        Some(Self { pbx, driver, http, instance: "busylamp".to_owned(), key: key.to_owned(), calls })
    }

    /// The account of an employee.
    pub(crate) fn account(&self, place: usize) -> AccountId {
        AccountId::new((1001 + place).to_string())
    }

    /// Sends a request to the pretended PBX's control; its answer.
    pub(crate) async fn control(&self, what: &str, query: &[(&str, &str)]) -> String {
        let Pbx::Host { url, .. } = &self.pbx else { panic!("the simulator has another control") };
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let request = http::Request::get(format!("{url}/control/{what}?{query}")).body(Bytes::new()).unwrap();
        let answer = self.http.send(request).await.unwrap();
        let text = String::from_utf8(answer.body().to_vec()).unwrap();
        assert!(answer.status().is_success(), "{what}: {text}");
        text
    }

    async fn simulate(&self, method: &str, path: &str, body: Json) -> Json {
        let Pbx::Simulator(sim) = &self.pbx else { panic!("this is not the simulator") };
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", sim.ready().control))
            .header("content-type", "application/json")
            .body(if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) });
        let answer = self.http.send(request.unwrap()).await.unwrap();
        assert!(answer.status().is_success(), "{method} {path}: {:?}", answer.body());
        serde_json::from_slice(answer.body()).unwrap_or_default()
    }

    /// A person changes their own state: any of `dnd`, `presence`, `text`. Presences in STARFACE's words.
    pub(crate) async fn by_hand(&self, account: &AccountId, change: &[(&str, &str)]) {
        match &self.pbx {
            Pbx::Simulator(_) => {
                let value = |(name, value): &(&str, &str)| match *name {
                    "dnd" => ("dnd".to_owned(), json!(*value == "true")),
                    "presence" => ("presence".to_owned(), json!(value.to_lowercase())),
                    name => (name.to_owned(), json!(value)),
                };
                let body: serde_json::Map<String, Json> = change.iter().map(value).collect();
                self.simulate("PATCH", &format!("/accounts/{account}"), Json::Object(body)).await;
            }
            Pbx::Host { .. } => {
                let mut query = vec![("account", account.as_str())];
                query.extend_from_slice(change);
                self.control("hand", &query).await;
            }
        }
    }

    /// What the PBX shows: do not disturb, presence, text.
    pub(crate) async fn shown(&self, account: &AccountId) -> (bool, String, String) {
        match &self.pbx {
            Pbx::Simulator(_) => {
                let shown = self.simulate("GET", &format!("/accounts/{account}"), Json::Null).await;
                let word = |name: &str| shown[name].as_str().unwrap().to_owned();
                (shown["dnd"].as_bool().unwrap(), word("presence").to_uppercase(), word("text"))
            }
            Pbx::Host { .. } => {
                let shown = self.control("user", &[("account", account.as_str())]).await;
                let pairs: Vec<_> = form_urlencoded::parse(shown.as_bytes()).into_owned().collect();
                let word = |name: &str| pairs.iter().find(|(known, _)| known == name).unwrap().1.clone();
                (word("dnd") == "true", word("presence"), word("text"))
            }
        }
    }

    /// The PBX refuses to set `dnd` or `presence` of this account.
    pub(crate) async fn refuse(&self, account: &AccountId, what: &str) {
        match &self.pbx {
            Pbx::Simulator(_) => {
                let words: Vec<&str> = what.split(',').collect();
                self.simulate("PUT", &format!("/accounts/{account}/refuses"), json!(words)).await;
            }
            Pbx::Host { .. } => {
                self.control("refuse", &[("what", what)]).await;
            }
        }
    }

    /// Do not disturb goes on and off, so many times.
    pub(crate) async fn flip(&self, account: &AccountId, times: usize) {
        if let Pbx::Host { .. } = &self.pbx {
            self.control("flips", &[("account", account.as_str()), ("times", &times.to_string())]).await;
            return;
        }
        let mut on = self.shown(account).await.0;
        let mut records: Vec<String> = Vec::new();
        for _ in 0..times {
            on = !on;
            records.push(format!("\naccount={account}&dnd={on}"));
        }
        for call in records.chunks(500) {
            assert_eq!(self.ask(&format!("v=1&do=apply{}", call.concat())).await.error(), None);
        }
    }

    /// The PBX, or the bridge in it, restarts.
    pub(crate) async fn restart(&self) {
        match &self.pbx {
            Pbx::Simulator(_) => {
                self.simulate("POST", "/bridge/restart", Json::Null).await;
            }
            Pbx::Host { .. } => {
                self.control("module", &[("do", "restart")]).await;
            }
        }
    }

    /// How many calls wait for events.
    async fn waiting(&self) -> u64 {
        match &self.pbx {
            Pbx::Simulator(_) => self.simulate("GET", "/starface", Json::Null).await["listening"].as_u64().unwrap(),
            Pbx::Host { .. } => self.control("calls", &[]).await.parse().unwrap(),
        }
    }

    /// Waits until so many calls wait for events.
    pub(crate) async fn until_waiting(&self, calls: u64) {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while self.waiting().await < calls {
            assert!(tokio::time::Instant::now() < deadline, "{calls} calls don't wait");
            tokio::task::yield_now().await;
        }
    }

    /// Posts a body to `/xml-rpc`.
    pub(crate) async fn post(&self, url: &str, body: String) -> (u16, String) {
        let request = http::Request::post(url).header("content-type", "text/xml").body(Bytes::from(body)).unwrap();
        let answer = self.http.send(request).await.unwrap();
        (answer.status().as_u16(), String::from_utf8(answer.body().to_vec()).unwrap())
    }

    /// Calls a method with a struct of these members, each written as it is given.
    pub(crate) async fn call(&self, method: &str, members: &[(&str, &str)]) -> Option<String> {
        let members: String = members
            .iter()
            .map(|(name, value)| format!("<member><name>{name}</name><value>{value}</value></member>"))
            .collect();
        let body = format!(
            "<?xml version=\"1.0\"?><methodCall><methodName>{method}</methodName><params><param><value><struct>{members}\
             </struct></value></param></params></methodCall>"
        );
        let (status, answer) = self.post(&self.calls, body).await;
        assert_eq!(status, 200, "{answer}");
        let document = roxmltree::Document::parse(&answer).unwrap();
        let named = |node: roxmltree::Node<'_, '_>| {
            node.has_tag_name("member")
                && node.children().any(|name| name.has_tag_name("name") && name.text() == Some("response"))
        };
        let member = document.descendants().find(|node| named(*node))?;
        let value = member.children().find(|node| node.has_tag_name("value"))?;
        Some(value.descendants().filter(roxmltree::Node::is_text).filter_map(|node| node.text()).collect())
    }

    /// Asks the bridge, past the driver.
    pub(crate) async fn ask(&self, request: &str) -> Answer {
        self.ask_with_key(&self.key, request).await
    }

    /// Asks with another key.
    pub(crate) async fn ask_with_key(&self, key: &str, request: &str) -> Answer {
        let (key, request) = (escape(key), escape(request));
        let method = format!("{}.call", self.instance);
        let response = self.call(&method, &[("key", &key), ("request", &format!("<string>{request}</string>"))]).await;
        Answer::read(&response.expect("an answer"))
    }

    /// Closes the pretended PBX's input: it ends.
    pub(crate) fn close(self) {
        if let Pbx::Host { _process: mut process, .. } = self.pbx {
            if let Some(input) = process.0.stdin.take().as_mut() {
                input.flush().unwrap();
            }
            assert!(process.0.wait().unwrap().success());
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// One line of an answer.
pub(crate) type Pairs = Vec<(String, String)>;

/// What the bridge says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) header: Pairs,
    pub(crate) records: Vec<Pairs>,
}

impl Answer {
    /// Reads an answer, and holds its form against the contract: lines of form-encoded pairs, `v=1` and `ok` first.
    fn read(text: &str) -> Self {
        let line = |line: &str| -> Pairs {
            assert!(line.bytes().all(|byte| (0x21..0x7f).contains(&byte)), "not form-encoded: {line}");
            assert!(line.split('&').all(|pair| pair.contains('=')), "not form-encoded: {line}");
            form_urlencoded::parse(line.as_bytes()).into_owned().collect()
        };
        let mut lines = text.split('\n').map(line);
        let answer = Self { header: lines.next().unwrap(), records: lines.collect() };
        assert_eq!(answer.get("v"), Some("1"), "{text}");
        assert!(matches!(answer.get("ok"), Some("true" | "false")), "{text}");
        assert_eq!(answer.get("ok") == Some("false"), answer.get("error").is_some(), "{text}");
        answer
    }

    /// A value of the header.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        value(&self.header, key)
    }

    /// The code of a refusal.
    pub(crate) fn error(&self) -> Option<&str> {
        self.get("error")
    }

    /// The cursor.
    pub(crate) fn cursor(&self) -> &str {
        self.get("cursor").unwrap_or_else(|| panic!("no cursor: {self:?}"))
    }

    /// The records, written without their order.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |record: &Pairs| {
            let mut pairs: Vec<String> = record.iter().map(|(key, value)| format!("{key}={value}")).collect();
            pairs[1..].sort();
            pairs.join(" ")
        };
        self.records.iter().map(line).collect()
    }
}

/// The value of a key.
pub(crate) fn value<'a>(record: &'a Pairs, key: &str) -> Option<&'a str> {
    record.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
}
