//! The simulator's control API: what people would do, and what can be seen from outside.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result};
use busylamp_sim::{Ready, ReadyUser};
use jiff::Timestamp;
use reqwest::{Client, Method};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

pub(crate) struct Control {
    http: Client,
    base: String,
}

/// A write that the telephone system carried out.
#[derive(Deserialize)]
pub(crate) struct Write {
    /// When: after the request's wait, at the instant at which the answer leaves.
    pub(crate) instant: Timestamp,
}

/// What one kind of request cost.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub(crate) struct Count {
    /// Requests of their own.
    pub(crate) requests: u64,
    /// Items of batches; their bytes are the batch's.
    pub(crate) batched: u64,
    /// Heads and bodies to the server, before TLS.
    pub(crate) bytes_in: u64,
    /// Heads and bodies from it.
    pub(crate) bytes_out: u64,
}

/// One own always-diversion.
pub(crate) struct Entry {
    pub(crate) account: u32,
    pub(crate) id: String,
}

impl Control {
    pub(crate) fn new(ready: &Ready) -> Self {
        Self { http: Client::new(), base: ready.control.clone() }
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Vec<u8>> {
        let request = self.http.request(method, format!("{}/{path}", self.base));
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = request.send().await?.error_for_status().with_context(|| path.to_owned())?;
        Ok(answer.bytes().await?.into())
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        serde_json::from_slice(&self.call(Method::GET, path, None).await?).with_context(|| path.to_owned())
    }

    /// Enters a busy event of this span for a user.
    pub(crate) async fn enter(&self, user: &ReadyUser, start: Timestamp, end: Timestamp) -> Result<()> {
        let event = json!({"start": start.to_string(), "end": end.to_string(), "subject": "Jour fixe Vertrieb"});
        let path = format!("mailboxes/{}/events/measured", user.mail);
        self.call(Method::PUT, &path, Some(&event)).await.map(drop)
    }

    /// Shows a user as available, so that presence and text are taken.
    pub(crate) async fn is_available(&self, user: &ReadyUser) -> Result<()> {
        let shown = json!({"presence": "available", "dnd": false, "text": ""});
        self.call(Method::PATCH, &format!("accounts/{}", user.account), Some(&shown)).await.map(drop)
    }

    /// A user's own always-diversions, all off and each with a destination.
    pub(crate) async fn diversions(&self, user: &ReadyUser) -> Result<Vec<Entry>> {
        let path = format!("accounts/{}", user.account);
        let shown: Value = self.get(&path).await?;
        let ids: Vec<&String> = shown["diversions"].as_object().context("diversions")?.keys().collect();
        let usable = |id: &String| (id.clone(), json!({"enabled": false, "destination": "+4930555000"}));
        let change: serde_json::Map<String, Value> = ids.iter().map(|id| usable(id)).collect();
        self.call(Method::PATCH, &path, Some(&json!({"diversions": change}))).await?;
        Ok(ids.into_iter().map(|id| Entry { account: user.account, id: id.clone() }).collect())
    }

    /// Every write that came from a program.
    pub(crate) async fn writes(&self) -> Result<Vec<Write>> {
        self.get("writes").await
    }

    /// What was asked since the counts were reset, by kind.
    pub(crate) async fn requests(&self) -> Result<BTreeMap<String, Count>> {
        self.get("requests").await
    }

    /// From here on each request to this server takes so long.
    pub(crate) async fn pace(&self, server: &str, latency: Duration) -> Result<()> {
        let pace = json!({ server: {"latency_ms": latency.as_millis()} });
        self.call(Method::PUT, "pace", Some(&pace)).await.map(drop)
    }

    pub(crate) async fn reset_requests(&self) -> Result<()> {
        self.call(Method::DELETE, "requests", None).await.map(drop)
    }
}
