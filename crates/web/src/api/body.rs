//! The JSON that a program sends, read as strictly as configuration files are: an unknown key is refused with its place.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use busylamp_core::{
    format::refusal::{Refusal, read_json},
    secret::Secret,
};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use super::problem::Problem;
use crate::Site;

/// No body is larger, in bytes: an instance with an authority's certificates.
pub(super) const LARGEST: usize = 256 << 10;

/// A body of JSON.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Site> for Body<T> {
    type Rejection = Response;

    async fn from_request(request: Request, site: &Site) -> Result<Self, Response> {
        let kind =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            let (detail, advice) = ("The body is not declared as JSON.", "Send Content-Type: application/json.");
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Problem::new(status, "media_type", detail, advice).into_response());
        }
        let bytes = Bytes::from_request(request, site).await.map_err(IntoResponse::into_response)?;
        let text = str::from_utf8(&bytes).map_err(|_| Refusal::new("", "the body is no UTF-8"));
        text.and_then(read_json).map(Self).map_err(|refusal| Problem::from(refusal).into_response())
    }
}

/// A secret on its way in; there is no way out.
pub(super) struct Typed(pub(super) Secret);

impl<'de> Deserialize<'de> for Typed {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        String::deserialize(reader).map(|text| Self(Secret::new(text)))
    }
}
