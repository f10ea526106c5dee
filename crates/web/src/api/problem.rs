//! What is wrong with a request, for programs and for whoever runs them: problem details (RFC 9457).

use axum::{
    Json,
    body::to_bytes,
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use busylamp_core::format::refusal::Refusal;
use busylamp_service::ServiceError;
use busylamp_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

/// The media type (RFC 9457, section 3).
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");
/// No more is taken over of what a layer below has said, in bytes.
const LONGEST: usize = 1 << 10;

/// What is wrong, where, and what to do. The members `code`, `place` and `advice` are extensions of RFC 9457.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Always `about:blank`: the status and `code` say which problem it is.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    kind: Kind,
    /// The status in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// The problem's name, for programs.
    code: &'static str,
    /// What is wrong.
    detail: String,
    /// Where in the request: a key's path, such as `configuration.graph.tenant`.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    /// What to do.
    advice: &'static str,
    #[serde(skip)]
    headers: Box<HeaderMap>,
}

/// The one type of problems that have none of their own (RFC 9457, section 4.2.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
enum Kind {
    #[serde(rename = "about:blank")]
    AboutBlank,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>, advice: &'static str) -> Self {
        Self {
            kind: Kind::AboutBlank,
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code,
            detail: detail.into(),
            place: None,
            advice,
            headers: Box::default(),
        }
    }

    /// There is no such thing.
    pub(super) fn unknown(what: &str) -> Self {
        let advice = "Look at the list of those that there are.";
        Self::new(StatusCode::NOT_FOUND, "unknown", format!("There is no such {what}."), advice)
    }

    /// What was sent can't be so.
    pub(super) fn refused(place: impl Into<String>, detail: impl Into<String>) -> Self {
        let advice = "Correct what stands at this place and send the request again. Nothing has changed.";
        let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "refused", detail, advice);
        let place = place.into();
        Self { place: (!place.is_empty()).then_some(place), ..problem }
    }

    /// It may be sent again after so many seconds.
    #[must_use]
    pub(super) fn after(mut self, seconds: i64) -> Self {
        self.headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        self
    }

    /// With a header of the answer.
    #[must_use]
    pub(super) fn with(mut self, name: header::HeaderName, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::refused(refusal.place, refusal.problem.to_string())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, advice = error.advice(), "a request needs the store, which gives no answer");
        let detail = "Busylamp's store gives no answer.";
        let advice = "The service's log says why. Try again later.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "store", detail, advice).after(30)
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Refused(refusal) => refusal.into(),
            ServiceError::UnknownInstance(_) => Self::unknown("instance"),
            ServiceError::Store { error } => error.into(),
            ServiceError::Stopped => {
                let detail = "The service is stopping.";
                let advice = "Try again once it runs.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", detail, advice).after(10)
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = HeaderMap::clone(&self.headers);
        let mut response = (status, headers, Json(self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, MEDIA_TYPE);
        response
    }
}

/// An address that leads nowhere.
pub(super) async fn nowhere() -> Problem {
    Problem::unknown("address").with(header::LINK, "</api/v1/openapi.json>; rel=\"service-desc\"")
}

/// Errors that come from below our own handlers (a body that is too large, a method that is not served, a query that
/// can't be read) become problems as well.
pub(super) async fn tidy(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let fine = !status.is_client_error() && !status.is_server_error();
    if fine || response.headers().get(header::CONTENT_TYPE) == Some(&MEDIA_TYPE) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let said = to_bytes(body, LONGEST).await.unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let (code, advice) = match status {
        StatusCode::METHOD_NOT_ALLOWED => ("method", "The header Allow says which methods are served here."),
        StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "Send less at a time."),
        StatusCode::REQUEST_TIMEOUT => ("too_slow", "Send the request without pauses."),
        StatusCode::FORBIDDEN => ("forbidden", "Send the request from a program, not from a page of another site."),
        _ if status.is_server_error() => ("internal", "The service's log says more. Try again later."),
        _ => ("bad_request", "Compare the request with /api/v1/openapi.json."),
    };
    let reason = status.canonical_reason().unwrap_or("Error");
    let detail = if said.is_empty() { format!("{reason}.") } else { said.into_owned() };
    let mut problem = Problem::new(status, code, detail, advice);
    for name in [header::CONTENT_LENGTH, header::CONTENT_TYPE, header::TRANSFER_ENCODING] {
        parts.headers.remove(name);
    }
    problem.headers.extend(parts.headers.drain().filter_map(|(name, value)| Some((name?, value))));
    problem.into_response()
}
