//! The pretended PBX's world: the service's own account 1, and 7 (Anna) and 8 (Bert) in the group `Kalender`, with an
//! external and an internal number each.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::json;

use super::script::{Asked, Reply};

pub(super) const PASSWORD: &str = "geheim";
pub(super) const CLIENT_SECRET: &str = "client-secret-of-the-rest-interface";
pub(super) const KEY: &str = "bridge-key-0123456789-0123456789";
/// The proofs for login `0001`, nonce `nonce123` and [`PASSWORD`], computed from the published formulas by another
/// program.
pub(super) const INTERNAL_PROOF: &str = "0001:6673bb19ef11152144bd7b34cb61169ed81f48f4f093c32bb33d9dc0de0979eab26faa7d943667e248cbd71dabd458d4d38395a8b0a821bbe232574f0c12ce05";
pub(super) const DIRECTORY_PROOF: &str = "MDAwMW5vbmNlMTIzZ2VoZWlt";
const INTERNAL_URL_PROOF: &str = "0001:d67dc2baa2f1d4f61394ac18e062edb5e508fb0ca08894c5b2ea19f439e6bc0b8a73a8a1bc3dcfdc37667af730d98b550af00fcdd169c598939e19be2b243d48";
const DIRECTORY_URL_PROOF: &str = "MDAwMSpnZWhlaW0=";

type Rule = Box<dyn FnMut(&str) -> Option<Reply> + Send>;

/// The PBX's world, and what it is told to answer instead.
pub(super) struct World {
    pub(super) asked: Vec<Asked>,
    pub(super) once: Vec<(String, Reply)>,
    pub(super) always: BTreeMap<String, Reply>,
    pub(super) bridge: Option<Rule>,
    pub(super) login_type: &'static str,
    pub(super) issued: u32,
    pub(super) tokens: BTreeSet<String>,
    pub(super) refresh: BTreeSet<String>,
    pub(super) access_life: u64,
    pub(super) entries: BTreeMap<String, (String, String)>,
    /// The keys by owner and id, all in the set `s<owner>`.
    pub(super) keys: BTreeMap<(String, String), serde_json::Value>,
    /// What `GET /server/version` says; `None`: there is no such thing.
    pub(super) version: Option<&'static str>,
    pub(super) latency: Duration,
}

impl World {
    pub(super) fn new() -> Self {
        let mut entries = BTreeMap::new();
        for account in ["7", "8"] {
            for (id, trigger, number, group) in [
                ("ext", "ALWAYS", format!("0721123450{account}"), false),
                ("int", "ALWAYS", format!("20{account}"), false),
                ("busy", "BUSY", format!("0721123450{account}"), false),
                ("time", "TIMEOUT", format!("20{account}"), false),
                ("grp", "ALWAYS", "900".to_owned(), true),
            ] {
                let id = format!("{id}-{account}");
                let text = json!({
                    "id": id, "enabled": false, "phoneNumber": number, "groupNumber": group,
                    "redirectTrigger": {"redirectTriggerType": trigger, "seconds": 20},
                    "redirectDestination": {"redirectDestinationType": "PHONENUMBER", "phoneNumber": "+491711234567"},
                });
                entries.insert(id, (account.to_owned(), text.to_string()));
            }
        }
        Self {
            asked: Vec::new(),
            once: Vec::new(),
            always: BTreeMap::new(),
            bridge: None,
            login_type: "Internal",
            issued: 0,
            tokens: BTreeSet::new(),
            refresh: BTreeSet::new(),
            access_life: 300,
            entries,
            keys: [
                (("1", "k1"), lamp("k1", "Anna", 7)),
                (("7", "k1"), lamp("k1", "Bert", 8)),
                (("7", "dnd"), json!({"id": "dnd", "name": "Ruhe", "functionKeyType": "DONOTDISTURB"})),
                (("8", "k1"), lamp("k1", "Chefin", 7)),
                (("8", "k2"), lamp("k2", "Ich", 8)),
            ]
            .map(|((owner, key), text)| ((owner.to_owned(), key.to_owned()), text))
            .into(),
            version: Some("10.0.2.7"),
            latency: Duration::ZERO,
        }
    }

    pub(super) fn answer(&mut self, asked: &Asked) -> Reply {
        let short = format!("{} {}", asked.method, asked.path);
        let query: Vec<String> = asked.query.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let long = format!("{short}?{}", query.join("&"));
        if let Some(place) = self.once.iter().position(|(request, _)| *request == short || *request == long) {
            return self.once.remove(place).1;
        }
        if let Some(reply) = self.always.get(&long).or_else(|| self.always.get(&short)) {
            return reply.clone();
        }
        let path: Vec<&str> = asked.path.split('/').skip(1).collect();
        match path[..] {
            ["auth", "realms", "pbx", "oauth2", "token"] => self.oauth(asked),
            ["xml-rpc"] => self.xml_rpc(asked),
            ["rest", "login"] => self.login(asked),
            ["rest", ..] => self.rest(asked, &path[1..]),
            _ => Reply::status(404),
        }
    }

    fn token(&mut self) -> String {
        self.issued += 1;
        let token = format!("session-token-{}", self.issued);
        self.tokens.insert(token.clone());
        token
    }

    fn login(&mut self, asked: &Asked) -> Reply {
        if asked.method == "GET" {
            let login_type = self.login_type;
            return Reply::json(200, json!({"loginType": login_type, "nonce": "nonce123", "secret": null}).to_string());
        }
        let body: serde_json::Value = serde_json::from_str(&asked.body).unwrap();
        let proof = if self.login_type == "Internal" { INTERNAL_PROOF } else { DIRECTORY_PROOF };
        if body != json!({"loginType": self.login_type, "nonce": "nonce123", "secret": proof}) {
            return Reply::json(400, r#"{"token":""}"#);
        }
        let token = self.token();
        Reply::json(200, json!({"token": token}).to_string())
    }

    fn oauth(&mut self, asked: &Asked) -> Reply {
        let is = |name: &str, value: &str| asked.form(name).as_deref() == Some(value);
        if !is("client_id", "rest-client-headless") || !is("client_secret", CLIENT_SECRET) {
            return Reply::json(401, r#"{"error":"invalid_client"}"#);
        }
        let good = match asked.form("grant_type").as_deref() {
            Some("password") => is("username", "0001") && is("password", PASSWORD) && is("scope", "login"),
            Some("refresh_token") => self.refresh.remove(&asked.form("refresh_token").unwrap_or_default()),
            _ => false,
        };
        if !good {
            return Reply::json(400, r#"{"error":"invalid_grant"}"#);
        }
        let access = self.token();
        let refresh = format!("refresh-{access}");
        self.refresh.insert(refresh.clone());
        let body = json!({
            "access_token": access, "expires_in": self.access_life, "refresh_token": refresh,
            "refresh_expires_in": 21_600, "token_type": "Bearer", "scope": "login",
        });
        Reply::json(200, body.to_string())
    }

    fn rest(&mut self, asked: &Asked, path: &[&str]) -> Reply {
        let header = |name: &str| asked.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer ").map(str::to_owned));
        let token = header("authtoken").or(bearer);
        if !token.is_some_and(|token| self.tokens.contains(&token)) {
            return Reply::status(401);
        }
        if header("x-version").as_deref() != Some("2") {
            return Reply::status(400);
        }
        let ok = |body: serde_json::Value| Reply::json(200, body.to_string());
        let user = |id: u32, name: &str, mail: &str| json!({"id": id, "login": format!("{id:04}"), "firstName": name, "familyName": "", "email": mail});
        let users =
            [user(1, "Busylamp", ""), user(7, "Anna", " Anna@Example.com "), user(8, "Bert", "bert@example.com")];
        let known = |id: &str| ["1", "7", "8"].contains(&id);
        match (asked.method.as_str(), path) {
            ("GET", ["users"]) => ok(json!(users)),
            ("GET", ["users", "me"]) => ok(users[0].clone()),
            ("GET", ["users", id]) if known(id) => ok(json!({"id": id})),
            ("GET", ["users", id, "phonenumberconfig", "phonenumbers", ""]) if known(id) => {
                let number = |place| json!({"accountId": id, "phoneNumberId": format!("{id}0{place}"), "serviceId": 1});
                ok(json!([number(1), number(2)]))
            }
            ("GET", ["groups"]) => {
                ok(json!([{"id": 50, "groupname": "Kalender"}, {"id": 51, "groupname": "Vertrieb"}]))
            }
            ("GET", ["groups", "50"]) => ok(json!({"id": 50, "name": "Kalender", "assignableUsers": [
                {"id": 1, "firstname": "Busylamp", "assigned": false}, {"id": 7, "assigned": true}, {"id": 8, "assigned": true},
            ]})),
            ("GET", ["phonenumbers"]) => {
                let numbers = ["7", "8"].map(|account| {
                    [
                        json!({"id": format!("{account}01"), "number": format!("123450{account}"), "type": "EXTERNAL",
                               "nationalPrefix": "49", "localPrefix": "0721", "exitCode": "0",
                               "assignedUserAccountId": account.parse::<u32>().unwrap()}),
                        json!({"id": format!("{account}02"), "number": format!("20{account}"), "type": "INTERNAL",
                               "assignedUserAccountId": account.parse::<u32>().unwrap()}),
                    ]
                });
                ok(json!(numbers.concat()))
            }
            ("GET", ["server", "version"]) => self.version.map_or(Reply::status(404), |version| ok(json!(version))),
            (method, ["functionkeysets", rest @ ..]) if known(asked.query("actOnBehalfOf").unwrap_or("1")) => {
                self.keys(asked, method, rest)
            }
            (method, ["redirects", rest @ ..]) => {
                let account = asked.query("actOnBehalfOf").unwrap_or("1");
                let mine = |id: &&&str| self.entries.get(**id).is_some_and(|(owner, _)| owner == account);
                match (method, rest) {
                    ("GET", []) if known(account) => {
                        let texts = self.entries.values().filter(|(owner, _)| owner == account);
                        let texts: Vec<&str> = texts.map(|(_, text)| text.as_str()).collect();
                        Reply::json(200, format!("[{}]", texts.join(",")))
                    }
                    ("GET", [id]) if mine(&id) => Reply::json(200, self.entries[*id].1.clone()),
                    ("PUT", [id]) if mine(&id) => Reply::status(204),
                    _ => Reply::status(404),
                }
            }
            _ => Reply::status(404),
        }
    }

    /// A key that is not there is answered as the description says: with an unexpected error.
    fn keys(&mut self, asked: &Asked, method: &str, path: &[&str]) -> Reply {
        let owner = asked.query("actOnBehalfOf").unwrap_or("1").to_owned();
        let ok = |body: serde_json::Value| Reply::json(200, body.to_string());
        if path.first().is_some_and(|set| *set != format!("s{owner}")) {
            return Reply::status(500);
        }
        let ten = self.version.is_some_and(|version| version.starts_with("10"));
        let id = path.last().map_or(String::new(), |id| (*id).to_owned());
        match (method, path) {
            ("GET", []) => ok(json!([{"id": format!("s{owner}"), "name": "Standard", "keyOrder": []}])),
            ("GET", [_, ""]) => {
                let keys: Vec<_> = self.keys.iter().filter(|((of, _), _)| *of == owner).map(|(_, key)| key).collect();
                ok(json!(keys))
            }
            ("GET", [_, "phones"]) => ok(json!([format!("SNOM-{owner}")])),
            ("PUT", [_, "phone"]) => Reply::status(if asked.query("phone").is_some() { 200 } else { 404 }),
            ("GET", [_, "edit", _]) => self.keys.get(&(owner, id)).map_or(Reply::status(500), |key| {
                ok(json!({"editFunctionKeyDnd": null, "editFunctionKeyBusyLampField": {
                    "availableAccounts": [], "name": key["name"], "blfAccountId": key["blfAccountId"], "later": 1,
                }}))
            }),
            ("GET", [_, _]) => self.keys.get(&(owner, id)).map_or(Reply::status(500), |key| ok(key.clone())),
            ("PUT", [_, _]) => {
                let body: serde_json::Value = serde_json::from_str(&asked.body).unwrap();
                let form = body.get("editFunctionKeyBusyLampField");
                let Some(key) = self.keys.get_mut(&(owner.clone(), id)) else { return Reply::status(500) };
                match (ten, form) {
                    (_, Some(form)) => {
                        key["name"] = form["name"].clone();
                        key["blfAccountId"] = form["blfAccountId"].clone();
                    }
                    (false, None) => *key = body,
                    (true, None) => {
                        *key = body;
                        key["blfAccountId"] = json!(owner.parse::<u32>().unwrap());
                    }
                }
                Reply::status(200)
            }
            _ => Reply::status(404),
        }
    }

    fn xml_rpc(&mut self, asked: &Asked) -> Reply {
        let proof = if self.login_type == "Internal" { INTERNAL_URL_PROOF } else { DIRECTORY_URL_PROOF };
        let hash = asked.query("de.vertico.starface.auth") == Some(proof);
        let token = asked.query("de.vertico.starface.jwt").is_some_and(|token| self.tokens.contains(token));
        if !hash && !token {
            return Reply::status(401);
        }
        if !asked.body.contains("<methodName>busylamp.call</methodName>") {
            return Reply::json(200, FAULT);
        }
        if member(&asked.body, "key") != KEY {
            return Reply::lines("v=1&ok=false&error=bad_key&message=no");
        }
        let request = member(&asked.body, "request");
        if let Some(reply) = self.bridge.as_mut().and_then(|rule| rule(&request)) {
            return reply;
        }
        let kind = request.split('&').find_map(|pair| pair.strip_prefix("do=")).unwrap_or_default();
        let kind = kind.lines().next().unwrap_or_default();
        let records = request.lines().skip(1).map(|line| line.split('&').next().unwrap());
        match kind {
            "info" => Reply::lines(
                "v=1&ok=true&bridge=1.0.0&pbx=\ncan=dnd.read\ncan=dnd.write\ncan=presence.read\ncan=presence.write\n\
                 can=events",
            ),
            "states" => {
                let state = |account| format!("\n{account}&dnd=false&presence=AVAILABLE&text=Hallo&telephony=ACTIVE");
                Reply::lines(&format!("v=1&ok=true&cursor=c1{}", records.map(state).collect::<String>()))
            }
            "apply" => {
                let done = records.map(|account| format!("\n{account}&ok=true"));
                Reply::lines(&format!("v=1&ok=true&cursor=c1{}", done.collect::<String>()))
            }
            "events" => Reply::lines("v=1&ok=true&cursor=c2"),
            _ => Reply::lines("v=1&ok=false&error=unsupported&message="),
        }
    }
}

/// A busy lamp key.
pub(super) fn lamp(id: &str, name: &str, shows: u32) -> serde_json::Value {
    json!({"id": id, "name": name, "accountId": "", "position": 1, "functionKeyType": "BUSYLAMPFIELD", "blfAccountId": shows,
           "valid": true})
}

/// The fault of a module that is not there, with a sentence that repeats what was sent.
pub(super) const FAULT: &str = "<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>0</int>\
    </value></member><member><name>faultString</name><value>No such handler: bridge-key-0123456789-0123456789</value>\
    </member></struct></value></fault></methodResponse>";

/// A member of the struct that a call of the bridge carries.
pub(super) fn member(body: &str, name: &str) -> String {
    let document = roxmltree::Document::parse(body).unwrap();
    let mut members = document.descendants().filter(|node| node.has_tag_name("member"));
    let text = |node: roxmltree::Node<'_, '_>, tag: &str| -> String {
        let found = node.descendants().find(|node| node.has_tag_name(tag));
        found
            .into_iter()
            .flat_map(|node| node.descendants())
            .filter_map(|node| node.is_text().then(|| node.text())?)
            .collect()
    };
    members.find(|node| text(*node, "name") == name).map(|node| text(node, "value")).unwrap_or_default()
}
