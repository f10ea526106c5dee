//! OData as Graph speaks it: errors, system query options, links and the `Prefer` header.

use http::StatusCode;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::zones;
use crate::{
    http::{Reply, Request},
    world::World,
};

/// The media type of every answer.
const JSON: &str = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

pub(super) type Answer = Result<Reply, Error>;

/// An error of Graph ("Microsoft Graph error responses and resource types").
#[derive(Debug)]
pub(super) struct Error {
    pub(super) status: StatusCode,
    code: &'static str,
    message: String,
    headers: Vec<(&'static str, String)>,
}

impl Error {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), headers: Vec::new() }
    }

    pub(super) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn reply(&self, world: &World, request_id: &str, client_request_id: &str) -> Reply {
        let body = json!({"error": {
            "code": self.code,
            "message": self.message,
            "innerError": {
                // The service leaves the Z out; its own description demands it, and so do some of its clients.
                "date": world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                "request-id": request_id,
                "client-request-id": client_request_id,
            },
        }});
        let reply = Reply::json(self.status, &body);
        self.headers.iter().fold(reply, |reply, (name, value)| reply.with(name, value))
    }
}

/// A good answer.
pub(super) fn ok(body: Value) -> Reply {
    Reply::body(StatusCode::OK, JSON, body.to_string()).with("odata-version", "4.0")
}

/// The context of an answer: what of the service it is.
pub(super) fn context(request: &Request, what: &str) -> String {
    format!("{}/graph/v1.0/$metadata#{what}", request.origin)
}

/// A key in a context: quoted and percent-encoded.
pub(super) fn key(id: &str) -> String {
    form_urlencoded::byte_serialize(id.as_bytes()).collect()
}

/// The system query options of a request.
#[derive(Debug, Default)]
pub(super) struct Options {
    pub(super) select: Option<Vec<String>>,
    pub(super) top: Option<usize>,
    pub(super) skip: usize,
    pub(super) skip_token: Option<String>,
    pub(super) filter: Option<String>,
    pub(super) order_by: Option<String>,
    pub(super) count: bool,
}

impl Options {
    /// Reads the options; unknown ones are refused, as are those that the simulator does not have.
    pub(super) fn read(request: &Request) -> Result<Self, Error> {
        let mut options = Self::default();
        for (name, value) in request.query.iter().filter(|(name, _)| name.starts_with('$')) {
            let number = || {
                value.parse::<usize>().map_err(|_| {
                    Error::bad("BadRequest", format!("Invalid value '{value}' for {name} query option found. The {name} query option requires a non-negative integer value."))
                })
            };
            match name.as_str() {
                "$select" => {
                    options.select = Some(
                        value.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect(),
                    );
                }
                "$top" => options.top = Some(number()?),
                "$skip" => options.skip = number()?,
                "$skiptoken" | "$skipToken" => options.skip_token = Some(value.clone()),
                "$filter" => options.filter = Some(value.clone()),
                "$orderby" | "$orderBy" => options.order_by = Some(value.clone()),
                "$count" => options.count = value.eq_ignore_ascii_case("true"),
                "$format" | "$deltatoken" => {}
                "$expand" | "$search" => {
                    return Err(Error::new(
                        StatusCode::NOT_IMPLEMENTED,
                        "notSupported",
                        format!("The simulator does not know {name}."),
                    ));
                }
                other => {
                    return Err(Error::bad("BadRequest", format!("The query parameter '{other}' is not supported.")));
                }
            }
        }
        if options.select.as_ref().is_some_and(|names| names.iter().any(|name| name == "*")) {
            options.select = None;
        }
        Ok(options)
    }

    /// Refuses properties that the type does not have.
    pub(super) fn check_select(&self, known: &[&str], code: &'static str, type_name: &str) -> Result<(), Error> {
        let unknown = self.select.iter().flatten().find(|name| !known.contains(&name.as_str()));
        unknown.map_or(Ok(()), |name| Err(no_property(name, code, type_name)))
    }

    /// The part of a context that names the selected properties.
    pub(super) fn context_suffix(&self) -> String {
        self.select.as_ref().map_or_else(String::new, |names| format!("({})", names.join(",")))
    }
}

/// The error for a property that a type does not have.
pub(super) fn no_property(name: &str, code: &'static str, type_name: &str) -> Error {
    Error::bad(code, format!("Could not find a property named '{name}' on type '{type_name}'."))
}

/// The same request with one query parameter set or replaced: a link to a further page.
pub(super) fn link(request: &Request, parameter: &str, value: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(request.query.iter().filter(|(name, _)| name != parameter));
    query.append_pair(parameter, value);
    format!("{}{}?{}", request.origin, request.path, query.finish())
}

/// An object with some members, in the order given.
pub(super) fn object<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What the `Prefer` header asks for.
#[derive(Debug)]
pub(super) struct Prefer {
    /// The zone in which times are written, as it was named.
    pub(super) zone_name: String,
    pub(super) zone: TimeZone,
    pub(super) immutable_ids: bool,
    pub(super) text_bodies: bool,
    pub(super) page_size: Option<usize>,
    applied: Vec<String>,
}

impl Prefer {
    /// Reads all preferences of a request; several may stand in one header or in several.
    pub(super) fn read(request: &Request) -> Result<Self, Error> {
        let mut prefer = Self {
            zone_name: "UTC".to_owned(),
            zone: TimeZone::UTC,
            immutable_ids: false,
            text_bodies: false,
            page_size: None,
            applied: Vec::new(),
        };
        for header in request.headers.get_all("prefer") {
            for preference in split_quoted(header.to_str().unwrap_or_default()) {
                let (name, value) = preference.split_once('=').unwrap_or((&preference, ""));
                let value = value.trim().trim_matches('"');
                match name.trim().to_ascii_lowercase().as_str() {
                    "outlook.timezone" => {
                        prefer.zone = zones::resolve(value).ok_or_else(|| {
                            Error::bad(
                                "TimeZoneNotSupportedException",
                                format!("A valid TimeZone value must be specified. The following TimeZone value is not supported: '{value}'."),
                            )
                        })?;
                        value.clone_into(&mut prefer.zone_name);
                        prefer.applied.push(format!("outlook.timezone=\"{value}\""));
                    }
                    "idtype" => prefer.immutable_ids = value.eq_ignore_ascii_case("ImmutableId"),
                    "outlook.body-content-type" => prefer.text_bodies = value.eq_ignore_ascii_case("text"),
                    "odata.maxpagesize" => {
                        prefer.page_size = value.parse().ok().filter(|size| *size > 0);
                        prefer.applied.push(format!("odata.maxpagesize={value}"));
                    }
                    _ => {}
                }
            }
        }
        Ok(prefer)
    }

    /// Tells the client what was taken into account.
    pub(super) fn applied(&self, reply: Reply) -> Reply {
        if self.applied.is_empty() { reply } else { reply.with("preference-applied", &self.applied.join(", ")) }
    }
}

/// Splits at commas outside quotation marks.
fn split_quoted(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        quoted ^= c == '"';
        if c == ',' && !quoted {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, Method};

    use super::*;

    #[test]
    fn preferences_come_in_one_header_or_in_several() {
        let mut headers = HeaderMap::new();
        headers.append(
            "prefer",
            HeaderValue::from_static("outlook.timezone=\"W. Europe Standard Time\", IdType=\"ImmutableId\""),
        );
        headers.append("prefer", HeaderValue::from_static("odata.maxpagesize=3"));
        let request = Request::new(Method::GET, "/", headers, Bytes::new(), String::new());
        let prefer = Prefer::read(&request).unwrap();
        assert_eq!(prefer.zone.iana_name(), Some("Europe/Berlin"));
        assert!(prefer.immutable_ids);
        assert_eq!(prefer.page_size, Some(3));
    }

    #[test]
    fn a_link_keeps_everything_but_the_page() {
        let target = "/graph/v1.0/users/u/calendarView?startDateTime=2026-11-24T00:00:00%2B01:00&$top=2&$skip=2";
        let request = Request::new(Method::GET, target, HeaderMap::new(), Bytes::new(), "http://h".into());
        let again = Request::new(
            Method::GET,
            link(&request, "$skip", "4").strip_prefix("http://h").unwrap(),
            HeaderMap::new(),
            Bytes::new(),
            String::new(),
        );
        assert_eq!(again.query("$skip"), Some("4"));
        assert_eq!(again.query("startDateTime"), Some("2026-11-24T00:00:00+01:00"));
        assert_eq!(again.query.len(), 3);
    }
}
