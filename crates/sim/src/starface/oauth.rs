//! Tokens of version 10: password grant and refresh.

use http::{Method, StatusCode};
use serde_json::json;

use super::session::{ACCESS_LIFE, REFRESH_LIFE, TokenKind};
use crate::{
    faults::Fault,
    http::{Reply, Request},
    world::World,
};

/// The client that programs without a browser are.
const CLIENT: &str = "rest-client-headless";

/// Answers under `/auth`.
pub(crate) fn answer(world: &World, request: &Request) -> Reply {
    if request.parts().as_slice() != ["auth", "realms", "pbx", "oauth2", "token"] {
        return Reply::empty(StatusCode::NOT_FOUND);
    }
    let set_up = world.pbx().set_up;
    if !set_up.version.is_ten() {
        return Reply::empty(StatusCode::NOT_FOUND);
    }
    if request.method != Method::POST {
        return Reply::empty(StatusCode::METHOD_NOT_ALLOWED);
    }
    let form: Vec<(String, String)> = form_urlencoded::parse(&request.body).into_owned().collect();
    let field = |name: &str| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    let refused = |status: StatusCode, error: &str, text: &str| {
        Reply::json(status, &json!({"error": error, "error_description": text}))
    };
    let now = world.clock.now();
    let mut sessions = world.sessions();
    let known = field("client_id") == CLIENT && field("client_secret") == sessions.client_secret;
    if !known || world.faults.strikes(Fault::StarfaceLoginRefused) {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client", "Client authentication failed.");
    }
    match field("grant_type") {
        "password" | "refresh_token" if !set_up.password_grant => {
            return refused(StatusCode::UNAUTHORIZED, "unauthorized_client", "The user may not use this grant.");
        }
        "password" => {
            if field("username") != sessions.login || field("password") != sessions.password {
                return refused(StatusCode::UNAUTHORIZED, "invalid_grant", "Invalid user credentials.");
            }
        }
        "refresh_token" => {
            let token = field("refresh_token").to_owned();
            if !sessions.good(TokenKind::Refresh, &token, now) {
                return refused(StatusCode::BAD_REQUEST, "invalid_grant", "Token is not active.");
            }
            sessions.end(TokenKind::Refresh, &token);
        }
        _ => return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type", "The grant type is not supported."),
    }
    let body = json!({
        "access_token": sessions.token(TokenKind::Access, now),
        "expires_in": ACCESS_LIFE,
        "refresh_token": sessions.token(TokenKind::Refresh, now),
        "refresh_expires_in": REFRESH_LIFE,
        "token_type": "Bearer",
        "scope": "login",
    });
    Reply::json(StatusCode::OK, &body).with("cache-control", "no-store")
}
