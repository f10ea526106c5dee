//! Requests and answers, whole: bodies are bounded, so there is nothing to stream.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::Value;

/// A request, read to its end.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// The path as it was sent.
    pub(crate) path: String,
    /// Decoded, without empty parts.
    pub(crate) segments: Vec<String>,
    /// Decoded, in order.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Scheme and authority by which the client reached us; links in answers start with it.
    pub(crate) origin: String,
}

impl Request {
    /// A request for a path with query, as it stands in a request line or in a batch.
    pub(crate) fn new(method: Method, target: &str, headers: HeaderMap, body: Bytes, origin: String) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method,
            path: path.to_owned(),
            segments: path.split('/').filter(|part| !part.is_empty()).map(decode).collect(),
            query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            headers,
            body,
            origin,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The first value of a query parameter.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The parts of the path, to be matched.
    pub(crate) fn parts(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// The body as JSON; an empty body is `null`.
    pub(crate) fn json(&self) -> Result<Value, serde_json::Error> {
        if self.body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&self.body) }
    }
}

/// Percent-decoding of one part of a path, where `+` is a plus.
fn decode(part: &str) -> String {
    form_urlencoded::parse(part.replace('+', "%2B").replace('&', "%26").replace('=', "%3D").as_bytes())
        .next()
        .map_or_else(String::new, |(key, _)| key.into_owned())
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// What the request is counted as, where its path does not say.
    pub(crate) kind: Option<&'static str>,
}

impl Reply {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new(), kind: None }
    }

    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self::body(status, "application/json", body.to_string())
    }

    pub(crate) fn body(status: StatusCode, media: &'static str, body: impl Into<Bytes>) -> Self {
        let mut reply = Self::empty(status);
        reply.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
        reply.body = body.into();
        reply
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    #[must_use]
    pub(crate) fn counted_as(mut self, kind: &'static str) -> Self {
        self.kind = Some(kind);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries_are_decoded_each_in_its_own_way() {
        let target = "/graph/v1.0/users/a%2Fb+c%40x.example//calendarView?%24top=5&t=2026-11-24T09:00:00%2B01:00";
        let request = Request::new(Method::GET, target, HeaderMap::new(), Bytes::new(), String::new());
        assert_eq!(request.parts(), ["graph", "v1.0", "users", "a/b+c@x.example", "calendarView"]);
        assert_eq!(request.query("$top"), Some("5"));
        assert_eq!(request.query("t"), Some("2026-11-24T09:00:00+01:00"));
    }
}
