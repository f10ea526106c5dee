//! `$batch`: up to twenty requests in one, answered in no order (Microsoft Graph, "JSON batching").

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    kind, odata,
    odata::{Error, ok},
    one,
};
use crate::{
    http::{Reply, Request},
    world::World,
};

/// Most requests in a batch.
const MAX: usize = 20;

/// A request of a batch.
struct Inner {
    id: String,
    request: Request,
    depends_on: Vec<String>,
}

/// Answers a batch as a whole.
pub(super) async fn answer(world: &World, request: &Request) -> Reply {
    let request_id = Uuid::new_v4().to_string();
    let answered = match super::signed_in(world, request).and_then(|_| read(request)) {
        Ok(items) => Ok(run(world, items).await),
        Err(error) => Err(error),
    };
    match answered {
        Ok(responses) => ok(json!({"responses": responses})),
        Err(error) => error.reply(world, &request_id, &request_id),
    }
    .with("request-id", &request_id)
}

fn read(request: &Request) -> Result<Vec<Inner>, Error> {
    let malformed = |message: String| Error::bad("BadRequest", message);
    let body = request.json().map_err(|_| malformed("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.".into()))?;
    let items = body["requests"].as_array().ok_or_else(|| malformed("Invalid batch payload format.".into()))?;
    if items.len() > MAX {
        return Err(malformed(format!("Number of batch request steps exceeds the maximum value of {MAX}.")));
    }
    let mut ids = BTreeSet::new();
    items
        .iter()
        .map(|item| {
            let text = |name: &str| item[name].as_str().filter(|text| !text.is_empty());
            let id = text("id").ok_or_else(|| malformed("Request Id has to be present on all requests.".into()))?;
            if !ids.insert(id.to_lowercase()) {
                return Err(malformed("Request Id has to be unique in a batch.".into()));
            }
            let method = text("method").and_then(|method| Method::from_bytes(method.to_uppercase().as_bytes()).ok());
            let method = method.ok_or_else(|| malformed(format!("Request {id} has no valid method.")))?;
            let url = text("url").ok_or_else(|| malformed(format!("Request {id} has no url.")))?;
            if url.contains("://") {
                return Err(malformed(format!("The url of request {id} must be relative.")));
            }
            let (headers, body) = content(request, item, id)?;
            let depends_on = item["dependsOn"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_lowercase)
                .collect::<Vec<_>>();
            if depends_on.iter().any(|needed| !ids.contains(needed)) {
                return Err(malformed(format!(
                    "Request {id} depends on a request that is not in the batch before it."
                )));
            }
            let target = format!("/graph/v1.0/{}", url.trim_start_matches('/'));
            let request = Request::new(method, &target, headers, body, request.origin.clone());
            Ok(Inner { id: id.to_owned(), request, depends_on })
        })
        .collect()
}

/// Headers and body of an item. Who asks is said once, for the whole batch.
fn content(outer: &Request, item: &Value, id: &str) -> Result<(HeaderMap, Bytes), Error> {
    let mut headers = HeaderMap::new();
    for (name, value) in item["headers"].as_object().into_iter().flatten() {
        let name = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_str(value.as_str().unwrap_or_default());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    if let Some(authorization) = outer.headers.get("authorization") {
        headers.insert("authorization", authorization.clone());
    }
    let body = &item["body"];
    if body.is_null() {
        return Ok((headers, Bytes::new()));
    }
    if !headers.contains_key("content-type") {
        let message = format!("Content-Type header is required for request {id} with a body.");
        return Err(Error::bad("BadRequest", message));
    }
    Ok((headers, Bytes::from(body.to_string())))
}

/// Runs the items, up to four at a time as Outlook does, and shuffles their answers.
async fn run(world: &World, items: Vec<Inner>) -> Vec<Value> {
    let mut status: BTreeMap<String, StatusCode> = BTreeMap::new();
    let mut answers = Vec::new();
    for group in items.chunks(4) {
        let waiting = group.iter().any(|item| !item.depends_on.is_empty());
        let replies: Vec<Reply> = if waiting {
            let mut replies = Vec::new();
            for item in group {
                let reply = step(world, item, &status).await;
                status.insert(item.id.to_lowercase(), reply.status);
                replies.push(reply);
            }
            replies
        } else {
            together(world, group, &status).await
        };
        for (item, reply) in group.iter().zip(replies) {
            status.insert(item.id.to_lowercase(), reply.status);
            answers.push(response(&item.id, &reply));
        }
    }
    world.shuffle(&mut answers);
    answers
}

async fn together(world: &World, group: &[Inner], status: &BTreeMap<String, StatusCode>) -> Vec<Reply> {
    let ready = async |place: usize| match group.get(place) {
        Some(item) => Some(step(world, item, status).await),
        None => None,
    };
    let (a, b, c, d) = tokio::join!(ready(0), ready(1), ready(2), ready(3));
    [a, b, c, d].into_iter().flatten().collect()
}

async fn step(world: &World, item: &Inner, status: &BTreeMap<String, StatusCode>) -> Reply {
    let failed = |id: &String| status.get(id).is_none_or(|status| !status.is_success());
    if item.depends_on.iter().any(failed) {
        let message = "The request was not run since a request on which it depends has failed.";
        let error = odata::Error::new(StatusCode::FAILED_DEPENDENCY, "FailedDependency", message);
        return error.reply(world, &item.id, &item.id);
    }
    world.counts.add_batched(kind(&item.request));
    one(world, &item.request).await
}

fn response(id: &str, reply: &Reply) -> Value {
    let headers: serde_json::Map<String, Value> = reply
        .headers
        .iter()
        .map(|(name, value)| (title_case(name.as_str()), json!(value.to_str().unwrap_or_default())))
        .collect();
    let body = serde_json::from_slice(&reply.body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&reply.body)));
    json!({"id": id, "status": reply.status.as_u16(), "headers": headers, "body": body})
}

/// `retry-after` as `Retry-After`: in a body the case of a header name is seen.
fn title_case(name: &str) -> String {
    let word = |word: &str| {
        let mut chars = word.chars();
        chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    };
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}
