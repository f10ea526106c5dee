//! What the fuzz targets and the replay of their corpus call: the readers of the telephone system's answers over any bytes,
//! with what must hold whatever they are. Not for use.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex},
};

use busylamp_core::{
    account::{Dimension, Value},
    ids::AccountId,
    secret::Secret,
};
use busylamp_net::{
    http::{HttpError, Transport},
    trust::Trust,
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response, StatusCode};

use super::{
    Starface, StarfaceConfig,
    bridge::message::{self, Setting},
    xml_rpc,
};
use crate::{AccountWrites, Pbx};

/// An answer of a module's entry point.
pub fn xml_rpc(body: &[u8]) {
    if let Ok(xml_rpc::Response::Value(value)) = xml_rpc::response(body) {
        // What was read can be asked as well, and comes back as it is.
        let Ok(call) = xml_rpc::call("x", &value) else { return };
        let answer = call.replace("methodCall><methodName>x</methodName>", "methodResponse>");
        let answer = answer.replace("</methodCall>", "</methodResponse>");
        assert!(xml_rpc::response(answer.as_bytes()) == Ok(xml_rpc::Response::Value(value)));
    }
}

/// The bridge's records: each of its answers.
pub fn bridge(body: &[u8]) {
    let Ok(text) = std::str::from_utf8(body) else { return };
    let (one, two) = (AccountId::new("1"), AccountId::new("2"));
    let _ = message::read_info(text);
    if let Ok(Ok(lines)) = message::read_describe(text) {
        assert!(lines.len() < 100 && lines.iter().all(|line| line.len() < 2_000 && !line.contains(char::is_control)));
    }
    if let Ok(Ok(states)) = message::read_states(text, &[one.clone(), two.clone()]) {
        assert!(states.users.keys().all(|account| *account == one || *account == two));
    }
    let _ = message::read_states(text, &[]);
    let _ = message::read_events(text);
    let settings = [(one, Setting { dnd: Some(true), ..Setting::default() }), (two, Setting::default())];
    if let Ok(Ok(results)) = message::read_apply(text, &settings) {
        assert_eq!(results.len(), settings.len(), "each record has its result");
    }
}

/// Answers of REST, in the order in which they are given; a line that begins with three digits is the next answer's
/// status. The last one stands for all that follow.
pub fn rest(body: &[u8]) {
    let script = Script::read(body);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime without input and output");
    runtime.block_on(async {
        let pbx = Starface::over(Arc::new(script), &config());
        let account = AccountId::new("1001");
        let _ = pbx.capabilities().await;
        if let Ok(directory) = pbx.directory("g").await {
            assert!(directory.members.iter().all(|user| directory.accounts.contains(&user.account)));
        }
        let _ = pbx.read(std::slice::from_ref(&account)).await;
        let _ = pbx.survey_labels(&BTreeSet::from([account.clone()])).await;
        let values = vec![(Dimension::Diversion("a".into()), Value::Switch(true))];
        let batch = [AccountWrites { account: account.clone(), values }];
        let outcomes = pbx.apply(&batch).await;
        assert!(outcomes.get(&account).is_some_and(|outcomes| outcomes.len() == 1), "each write has its outcome");
    });
}

fn config() -> StarfaceConfig {
    StarfaceConfig {
        url: "https://pbx.example".parse().expect("an address"),
        login: "0001".to_owned(),
        password: Secret::new("-"),
        client_secret: None,
        bridge: None,
        trust: Trust::System,
    }
}

/// Answers one after another.
struct Script(Mutex<VecDeque<(StatusCode, Bytes)>>);

impl Script {
    fn read(body: &[u8]) -> Self {
        let mut answers: VecDeque<(StatusCode, Vec<u8>)> = VecDeque::new();
        for line in body.split_inclusive(|byte| *byte == b'\n') {
            let status = line.get(..3).filter(|start| start.iter().all(u8::is_ascii_digit));
            let status = status.and_then(|status| StatusCode::from_bytes(status).ok());
            match status.filter(|_| answers.len() < 64) {
                Some(status) => answers.push_back((status, Vec::new())),
                None if answers.is_empty() => answers.push_back((StatusCode::OK, line.to_vec())),
                None => answers.back_mut().into_iter().for_each(|(_, text)| text.extend_from_slice(line)),
            }
        }
        Self(Mutex::new(answers.into_iter().map(|(status, text)| (status, text.into())).collect()))
    }
}

impl Transport for Script {
    fn send(&self, _: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, HttpError>> {
        let mut answers = self.0.lock().expect("nobody panics with it");
        let next = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        let (status, text) = next.unwrap_or((StatusCode::OK, Bytes::new()));
        let answer = Response::builder().status(status).body(text).expect("a status and a body");
        Box::pin(std::future::ready(Ok(answer)))
    }
}
