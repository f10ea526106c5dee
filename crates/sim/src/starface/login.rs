//! `/rest/login`: the login of versions 7 to 9, which version 10 still has.

use http::{Method, StatusCode};
use serde_json::json;

use super::session::{Sessions, TokenKind};
use crate::{
    entra::bearer,
    faults::Fault,
    http::{Reply, Request},
    world::World,
};

pub(super) fn answer(world: &World, request: &Request) -> Reply {
    if !world.pbx().set_up.has_older_login() {
        return Reply::empty(StatusCode::NOT_FOUND);
    }
    let now = world.clock.now();
    let mut sessions = world.sessions();
    match request.method {
        Method::GET => {
            let nonce = sessions.nonce(now);
            let body = json!({"loginType": sessions.login_type.name(), "nonce": nonce, "secret": null});
            Reply::json(StatusCode::OK, &body)
        }
        Method::POST => {
            let body = request.json().unwrap_or_default();
            let text = |name: &str| body[name].as_str().unwrap_or_default();
            let refused = world.faults.strikes(Fault::StarfaceLoginRefused);
            let kind = text("loginType") == sessions.login_type.name();
            if refused || !kind || !sessions.admits(text("nonce"), text("secret"), now) {
                return Reply::json(StatusCode::BAD_REQUEST, &json!({"token": ""}));
            }
            let token = sessions.token(TokenKind::Session, now);
            Reply::json(StatusCode::OK, &json!({"token": token}))
        }
        Method::DELETE => {
            if let Some(token) = request.header("authtoken") {
                sessions.end(TokenKind::Session, token);
            }
            Reply::empty(StatusCode::NO_CONTENT)
        }
        _ => Reply::empty(StatusCode::METHOD_NOT_ALLOWED),
    }
}

/// Whether a request to REST comes from somebody who has signed in, either way.
pub(super) fn signed_in(sessions: &Sessions, request: &Request, now: jiff::Timestamp) -> bool {
    let session = request.header("authtoken").is_some_and(|token| sessions.good(TokenKind::Session, token, now));
    let bearer = request.header("authorization").and_then(bearer);
    session || bearer.is_some_and(|token| sessions.good(TokenKind::Access, token, now))
}
