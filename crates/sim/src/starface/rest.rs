//! `/rest`: who may, and which room answers. Paths and forms are those of the PBX's Swagger description, 6.7.0.22.

use http::{Method, StatusCode};
use serde_json::json;

use super::{directory, keys, login, pbx::SERVICE_ACCOUNT, redirects};
use crate::{
    faults::Fault,
    http::{Reply, Request},
    world::World,
};

/// Answers under `/rest`.
pub(crate) async fn answer(world: &World, request: &Request) -> Reply {
    let parts = request.parts();
    let Some((&"rest", parts)) = parts.split_first() else { return Reply::empty(StatusCode::NOT_FOUND) };
    let _place = world.rest_gate.pass().await;
    if parts == ["login"] {
        return login::answer(world, request);
    }
    let expired = world.faults.strikes(Fault::StarfaceUnauthorized);
    if expired || !login::signed_in(&world.sessions(), request, world.clock.now()) {
        return Reply::empty(StatusCode::UNAUTHORIZED);
    }
    if world.faults.strikes(Fault::StarfaceError) {
        return error("unexpected");
    }
    let set_up = world.pbx().set_up;
    let acting = match acting_for(world, request) {
        Ok(account) => account,
        Err(reply) => return *reply,
    };
    match (&request.method, parts) {
        (_, ["redirects", ..]) => redirects::answer(world, request, acting, &parts[1..]),
        (_, ["functionkeysets", ..]) => keys::answer(world, request, acting, &parts[1..]),
        (&Method::GET, ["users", ..]) => directory::users(world, request, &parts[1..]),
        (&Method::GET, ["groups", ..]) => directory::groups(world, request, &parts[1..]),
        (&Method::GET, ["phonenumbers", ..]) if !set_up.administrator => Reply::empty(StatusCode::FORBIDDEN),
        (&Method::GET, ["phonenumbers", ..]) => directory::phone_numbers(world, request, &parts[1..]),
        (&Method::GET, ["accounts"]) => directory::accounts(world),
        (&Method::GET, ["server", "version"]) if set_up.version.is_ten() => {
            Reply::json(StatusCode::OK, &json!({"version": set_up.version.name()}))
        }
        _ => Reply::empty(StatusCode::NOT_FOUND),
    }
}

/// What a request is counted as.
pub(crate) fn kind(request: &Request) -> &'static str {
    let write = request.method != Method::GET;
    match (request.parts().as_slice(), write) {
        (["rest", "login"], _) => "rest.login",
        (["rest", "users", ..], _) => "rest.users",
        (["rest", "groups", ..], _) => "rest.groups",
        (["rest", "phonenumbers", ..], _) => "rest.phone_numbers",
        (["rest", "accounts"], _) => "rest.accounts",
        (["rest", "redirects", ..], false) => "rest.redirects",
        (["rest", "redirects", ..], true) => "rest.redirects.write",
        (["rest", "functionkeysets", _, "phone" | "phones"], _) => "rest.phones",
        (["rest", "functionkeysets", ..], false) => "rest.keys",
        (["rest", "functionkeysets", ..], true) => "rest.keys.write",
        _ => "rest.other",
    }
}

/// The account for which a request acts. Acting for others needs administrative rights.
fn acting_for(world: &World, request: &Request) -> Result<u32, Box<Reply>> {
    let Some(other) = request.query("actOnBehalfOf") else { return Ok(SERVICE_ACCOUNT) };
    if world.faults.strikes(Fault::StarfaceNotAdmin) || !world.pbx().set_up.administrator {
        return Err(Box::new(Reply::empty(StatusCode::FORBIDDEN)));
    }
    let known = other.parse().ok().filter(|id| world.pbx().accounts.contains_key(id));
    known.ok_or_else(|| Box::new(Reply::empty(StatusCode::NOT_FOUND)))
}

/// An unexpected error: REST has no better word for anything.
pub(super) fn error(message: &str) -> Reply {
    Reply::json(StatusCode::INTERNAL_SERVER_ERROR, &json!({"message": message}))
}
