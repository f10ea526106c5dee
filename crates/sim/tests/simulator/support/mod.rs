//! A running simulator and what a client needs to talk to it.

pub(crate) mod conformance;
pub(crate) mod ews;

use busylamp_sim::{Calendars, SimConfig, Simulator};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha512};

/// A simulator, a client and their tokens.
pub(crate) struct House {
    pub(crate) sim: Simulator,
    pub(crate) http: Client,
    pub(crate) graph_token: String,
    pub(crate) rest_token: String,
}

pub(crate) fn quiet() -> SimConfig {
    SimConfig { users: 10, calendars: Calendars::Empty, ..SimConfig::default() }
}

pub(crate) fn lively() -> SimConfig {
    SimConfig { users: 20, ..SimConfig::default() }
}

pub(crate) fn client() -> Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

impl House {
    pub(crate) async fn open(config: SimConfig) -> Self {
        let sim = Simulator::start(config).await.unwrap();
        let mut house = Self { sim, http: client(), graph_token: String::new(), rest_token: String::new() };
        house.graph_token = house.sign_in().await;
        house.rest_token = house.login().await;
        house
    }

    pub(crate) fn mail(&self, place: usize) -> String {
        self.sim.ready().users[place].mail.clone()
    }

    pub(crate) fn account(&self, place: usize) -> u32 {
        self.sim.ready().users[place].account
    }

    /// A token of Entra.
    pub(crate) async fn sign_in(&self) -> String {
        let ready = self.sim.ready();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &ready.client_id),
            ("client_secret", &ready.client_secret),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let url = format!("{}/{}/oauth2/v2.0/token", ready.login, ready.tenant);
        let answer: Value = self.http.post(url).form(&form).send().await.unwrap().json().await.unwrap();
        answer["access_token"].as_str().unwrap_or_default().to_owned()
    }

    /// A session of the PBX by its older login.
    pub(crate) async fn login(&self) -> String {
        let ready = self.sim.ready();
        let url = format!("{}/rest/login", ready.starface);
        let mut body: Value = self.http.get(&url).header("X-Version", "2").send().await.unwrap().json().await.unwrap();
        let nonce = body["nonce"].as_str().unwrap().to_owned();
        let login = &ready.starface_login;
        let inner = hex(&Sha512::digest(&ready.starface_password));
        body["secret"] = json!(format!("{login}:{}", hex(&Sha512::digest(format!("{login}{nonce}{inner}")))));
        let answer: Value = self.http.post(&url).json(&body).send().await.unwrap().json().await.unwrap();
        answer["token"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn graph(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.sim.ready().graph) };
        self.http.request(method, url).bearer_auth(&self.graph_token)
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        read(self.graph(Method::GET, path).header("Prefer", "IdType=\"ImmutableId\"").send().await.unwrap()).await
    }

    pub(crate) fn rest(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/rest{path}", self.sim.ready().starface);
        self.http.request(method, url).header("authToken", &self.rest_token).header("X-Version", "2")
    }

    pub(crate) async fn rest_get(&self, path: &str) -> (StatusCode, Value) {
        read(self.rest(Method::GET, path).send().await.unwrap()).await
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let url = format!("{}{path}", self.sim.ready().control);
        let request = self.http.request(method, url);
        let request = if body.is_null() { request } else { request.json(&body) };
        read(request.send().await.unwrap()).await
    }

    /// A control call that has to succeed.
    pub(crate) async fn done(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.control(method, path, body).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    pub(crate) async fn put_event(&self, place: usize, id: &str, body: Value) {
        self.done(Method::PUT, &format!("/mailboxes/{}/events/{id}", self.mail(place)), body).await;
    }

    pub(crate) async fn fault(&self, name: &str, body: Value) {
        self.done(Method::PUT, &format!("/faults/{name}"), body).await;
    }

    /// All pages of a list; the number of pages.
    pub(crate) async fn pages(&self, first: &str) -> (Vec<Value>, usize) {
        let (mut all, mut pages, mut next) = (Vec::new(), 0, Some(first.to_owned()));
        while let Some(link) = next {
            let (status, body) = self.get(&link).await;
            assert_eq!(status, StatusCode::OK, "{body}");
            all.extend(body["value"].as_array().unwrap().iter().cloned());
            next = body["@odata.nextLink"].as_str().map(str::to_owned);
            pages += 1;
        }
        (all, pages)
    }

    /// A call of the bridge: its answer's lines.
    pub(crate) async fn bridge(&self, lines: &str) -> Vec<String> {
        let key = self.sim.ready().starface_bridge_key.clone();
        self.bridge_with(&key, lines).await
    }

    pub(crate) async fn bridge_with(&self, key: &str, lines: &str) -> Vec<String> {
        let response = self.bridge_request(key, lines).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        bridge_lines(&response.text().await.unwrap())
    }

    pub(crate) fn bridge_request(&self, key: &str, lines: &str) -> RequestBuilder {
        let ready = self.sim.ready();
        let (login, password) = (&ready.starface_login, &ready.starface_password);
        let inner = hex(&Sha512::digest(password));
        let auth = format!("{login}:{}", hex(&Sha512::digest(format!("{login}*{inner}"))));
        let lines = lines.replace('&', "&amp;");
        let body = format!(
            "<?xml version=\"1.0\"?><methodCall><methodName>busylamp.call</methodName><params><param><value><struct>\
             <member><name>key</name><value><string>{key}</string></value></member>\
             <member><name>request</name><value><string>{lines}</string></value></member>\
             </struct></value></param></params></methodCall>"
        );
        let url = format!("{}/xml-rpc?de.vertico.starface.auth={auth}", ready.starface);
        self.http.post(url).header("Content-Type", "text/xml").body(body)
    }
}

pub(crate) async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

pub(crate) fn bridge_lines(xml: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(xml).unwrap();
    let member = document
        .descendants()
        .filter(|node| node.has_tag_name("member"))
        .find(|member| member.descendants().any(|node| node.has_tag_name("name") && node.text() == Some("response")));
    let value = member.and_then(|member| member.children().find(|node| node.has_tag_name("value")));
    let text: String =
        value.unwrap().descendants().filter(|node| node.is_text()).filter_map(|node| node.text()).collect();
    text.lines().map(str::to_owned).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
