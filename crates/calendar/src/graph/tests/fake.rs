//! A pretended Entra and Graph. Its default behaviour is right; a test bends it with a hook.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use busylamp_core::ids::MailAddress;
use busylamp_net::http::{HttpError, Transport};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use serde_json::{Value, json};

/// Answers one question of a batch in place of the default; `None` leaves it to the default.
type OnQuestion = Box<dyn FnMut(&str) -> Option<Value> + Send>;
/// Answers a whole request in place of the default.
type OnRequest = Box<dyn FnMut() -> Option<Result<Response<Bytes>, HttpError>> + Send>;
/// Changes a batch's list of answers.
type OnAnswers = Box<dyn FnMut(&mut Vec<Value>) + Send>;

pub(super) struct FakeGraph(Mutex<State>);

pub(super) struct State {
    /// By object id.
    pub(super) mailboxes: BTreeMap<String, Mailbox>,
    /// In the token; `None` makes it opaque.
    pub(super) roles: Option<Vec<&'static str>>,
    /// Seconds.
    pub(super) token_life: u64,
    /// The number of the only token that Graph accepts; `None`: the last one.
    pub(super) accepted: Option<u64>,
    /// Events a page, whatever is asked for.
    pub(super) page: usize,
    pub(super) on_token: OnRequest,
    pub(super) on_batch: OnRequest,
    pub(super) on_question: OnQuestion,
    pub(super) on_answers: OnAnswers,
    pub(super) seen: Seen,
    under_way: usize,
}

/// What has been asked since the last look.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) tokens: u64,
    /// The questions of each batch.
    pub(super) batches: Vec<Vec<String>>,
    /// Bytes of bodies, there and back.
    pub(super) bytes: usize,
    /// The most requests at the same time.
    pub(super) at_once: usize,
    /// Values of `Prefer`, by what was asked.
    pub(super) prefers: BTreeMap<String, String>,
}

impl Seen {
    pub(super) fn questions(&self) -> Vec<&str> {
        self.batches.iter().flatten().map(String::as_str).collect()
    }

    pub(super) fn count(&self, part: &str) -> usize {
        self.questions().iter().filter(|question| question.contains(part)).count()
    }
}

pub(super) struct Mailbox {
    pub(super) mail: String,
    pub(super) aliases: Vec<String>,
    pub(super) events: Vec<Value>,
    /// Grows with every change.
    version: u64,
    pub(super) zone: Value,
}

impl Mailbox {
    pub(super) fn put(&mut self, id: &str, subject: &str) {
        self.events.retain(|event| event["id"] != id);
        self.events.push(event(id, subject));
        self.version += 1;
    }

    pub(super) fn remove(&mut self, id: &str) {
        self.events.retain(|event| event["id"] != id);
        self.version += 1;
    }
}

pub(super) fn event(id: &str, subject: &str) -> Value {
    json!({
        "id": id, "type": "singleInstance", "subject": subject, "showAs": "busy", "sensitivity": "normal",
        "isAllDay": false, "isCancelled": false, "isDraft": false, "responseStatus": {"response": "none"},
        "start": {"dateTime": "2026-11-24T09:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2026-11-24T10:00:00.0000000", "timeZone": "UTC"}
    })
}

pub(super) fn refusal(status: u16, code: &str, message: &str) -> Value {
    json!({"status": status, "headers": {}, "body": {"error": {"code": code, "message": message}}})
}

pub(super) fn response(status: u16, headers: &[(&str, &str)], body: &Value) -> Response<Bytes> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Bytes::from(body.to_string())).unwrap()
}

impl FakeGraph {
    pub(super) fn new(mailboxes: usize) -> Self {
        let mailbox = |number: usize| {
            let mail = super::mail(number).as_str().to_owned();
            let zone = json!("W. Europe Standard Time");
            let events = vec![event("a", "Jour fixe")];
            (format!("id-{number:02}"), Mailbox { mail, aliases: Vec::new(), events, version: 0, zone })
        };
        Self(Mutex::new(State {
            mailboxes: (0..mailboxes).map(mailbox).collect(),
            roles: Some(vec!["Calendars.Read"]),
            token_life: 3600,
            accepted: None,
            page: 100,
            on_token: Box::new(|| None),
            on_batch: Box::new(|| None),
            on_question: Box::new(|_| None),
            on_answers: Box::new(|_| ()),
            seen: Seen::default(),
            under_way: 0,
        }))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(super) fn mails(&self) -> Vec<MailAddress> {
        self.state().mailboxes.values().map(|mailbox| MailAddress::from(mailbox.mail.clone())).collect()
    }

    /// What was asked since the last call.
    pub(super) fn seen(&self) -> Seen {
        let mut state = self.state();
        // Token numbers go on, so that old tokens stay old.
        let tokens = state.seen.tokens;
        let mut seen = std::mem::take(&mut state.seen);
        state.seen.tokens = tokens;
        seen.at_once = seen.at_once.max(state.under_way);
        seen
    }

    /// Changes the only mailbox.
    pub(super) fn put(&self, id: &str, subject: &str) {
        self.state().mailboxes.get_mut("id-00").unwrap().put(id, subject);
    }
}

impl Transport for FakeGraph {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, HttpError>> {
        Box::pin(async move {
            {
                let mut state = self.state();
                state.under_way += 1;
                state.seen.at_once = state.seen.at_once.max(state.under_way);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            let mut state = self.state();
            state.under_way -= 1;
            let answer = state.answer(&request)?;
            state.seen.bytes += request.body().len() + answer.body().len();
            Ok(answer)
        })
    }
}

impl State {
    fn answer(&mut self, request: &Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        match request.uri().to_string().as_str() {
            "http://login.test/contoso.example/oauth2/v2.0/token" => self.token(request.body()),
            "http://graph.test/v1.0/$batch" => self.batch(request),
            other => panic!("nobody asks for {other}"),
        }
    }

    fn token(&mut self, form: &[u8]) -> Result<Response<Bytes>, HttpError> {
        self.seen.tokens += 1;
        let form = String::from_utf8(form.to_vec()).unwrap();
        let expected = "grant_type=client_credentials&client_id=app&client_secret=geheim\
                        &scope=http%3A%2F%2Fgraph.test%2F.default";
        assert_eq!(form, expected);
        if let Some(answer) = (self.on_token)() {
            return answer;
        }
        let claims = self.roles.as_ref().map(|roles| URL_SAFE_NO_PAD.encode(json!({"roles": roles}).to_string()));
        let token = format!("token.{}.{}", claims.unwrap_or_default(), self.seen.tokens);
        let body = json!({"token_type": "Bearer", "expires_in": self.token_life, "access_token": token});
        Ok(response(200, &[], &body))
    }

    fn batch(&mut self, request: &Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let questions = body["requests"].as_array().unwrap().clone();
        assert!((1..=20).contains(&questions.len()));
        let url = |question: &Value| question["url"].as_str().unwrap().to_owned();
        self.seen.batches.push(questions.iter().map(url).collect());
        let bearer = request.headers()["authorization"].to_str().unwrap();
        let number: u64 = bearer.rsplit('.').next().unwrap().parse().unwrap();
        if number != self.accepted.unwrap_or(self.seen.tokens) {
            let error = refusal(401, "InvalidAuthenticationToken", "Access token has expired.");
            return Ok(response(401, &[], &error["body"]));
        }
        if let Some(answer) = (self.on_batch)() {
            return answer;
        }
        let mut answers = Vec::new();
        for question in &questions {
            let url = url(question);
            let path = url.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
            self.seen.prefers.insert(path, question["headers"]["Prefer"].as_str().unwrap_or_default().to_owned());
            let mut answer = (self.on_question)(&url).unwrap_or_else(|| self.question(&url));
            answer["id"] = question["id"].clone();
            answers.push(answer);
        }
        // Never in order.
        answers.reverse();
        (self.on_answers)(&mut answers);
        Ok(response(200, &[], &json!({ "responses": answers })))
    }

    fn question(&self, url: &str) -> Value {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        if path == "/users" {
            return self.users(query);
        }
        let mut parts = path.trim_start_matches("/users/").splitn(2, '/');
        let (user, rest) = (parts.next().unwrap(), parts.next().unwrap());
        let by_name = |(id, mailbox): &(&String, &Mailbox)| *id == user || mailbox.mail == user;
        // Those that keep their number are found at once, since there may be thousands.
        let by_number = user.strip_prefix('u').and_then(|rest| rest.split_once('@')).map(|(number, _)| number);
        let quick = by_number.and_then(|number| self.mailboxes.get_key_value(&format!("id-{number}")));
        let found = quick.filter(by_name).or_else(|| self.mailboxes.iter().find(by_name));
        let Some((id, mailbox)) = found else {
            return refusal(404, "ResourceNotFound", "Resource could not be discovered.");
        };
        match rest {
            "calendarView" => self.view(id, mailbox, query),
            "calendarView/delta" => Self::delta(id, mailbox, query),
            "mailboxSettings/timeZone" => json!({"status": 200, "body": {"value": mailbox.zone}}),
            other => panic!("nobody asks for {other}"),
        }
    }

    fn view(&self, id: &str, mailbox: &Mailbox, query: &str) -> Value {
        let skip = query.split("$skip=").nth(1).map_or(0, |skip| skip.parse().unwrap());
        let page: Vec<&Value> = mailbox.events.iter().skip(skip).take(self.page).collect();
        let mut body = json!({ "value": page });
        if skip + self.page < mailbox.events.len() {
            let next = skip + self.page;
            body["@odata.nextLink"] = json!(format!("http://graph.test/v1.0/users/{id}/calendarView?$skip={next}"));
        }
        json!({"status": 200, "headers": {}, "body": body})
    }

    fn delta(id: &str, mailbox: &Mailbox, query: &str) -> Value {
        let known = query.split("$deltatoken=").nth(1).map(|version| version.parse::<u64>().unwrap());
        let link = format!("http://graph.test/v1.0/users/{id}/calendarView/delta?$deltatoken={}", mailbox.version);
        let changes = if known == Some(mailbox.version) { Vec::new() } else { mailbox.events.clone() };
        // A removal is a change without an event.
        let removed = known.is_some_and(|known| known != mailbox.version) && changes.is_empty();
        let gone = vec![json!({"id": "gone", "@removed": {"reason": "deleted"}})];
        let value = if removed { gone } else { changes };
        let context = "http://graph.test/v1.0/$metadata#Collection(event)";
        json!({"status": 200, "headers": {"Content-Type": "application/json"},
               "body": {"@odata.context": context, "@odata.deltaLink": link, "value": value}})
    }

    fn users(&self, query: &str) -> Value {
        let alias = query.starts_with("$filter=proxyAddresses%2Fany%28p%3Ap%20eq%20%27smtp%3A");
        let wanted = query.split("%27").nth(1).unwrap().trim_start_matches("smtp%3A");
        let has = |mailbox: &Mailbox| {
            if alias { mailbox.aliases.iter().any(|alias| alias == wanted) } else { mailbox.mail == wanted }
        };
        let found: Vec<Value> =
            self.mailboxes.iter().filter(|(_, mailbox)| has(mailbox)).map(|(id, _)| json!({"id": id})).collect();
        json!({"status": 200, "body": {"value": found}})
    }
}
