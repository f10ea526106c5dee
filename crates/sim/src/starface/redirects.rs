//! `/redirects`: the diversions of a user, read and written whole.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{account::Redirect, pbx::Through, version::Spelling};
use crate::{
    faults::Fault,
    http::{Reply, Request},
    world::World,
};

pub(super) fn answer(world: &World, request: &Request, account: u32, path: &[&str]) -> Reply {
    let mut pbx = world.pbx();
    let spelling = pbx.set_up.spelling;
    match (&request.method, path) {
        (&Method::GET, []) => {
            let redirects = pbx.accounts.get(&account).into_iter().flat_map(|account| &account.redirects);
            Reply::json(StatusCode::OK, &redirects.map(|redirect| spelt(redirect, spelling)).collect())
        }
        (&Method::GET, [id]) => match pbx.redirect(account, id) {
            Some(redirect) => Reply::json(StatusCode::OK, &spelt(redirect, spelling)),
            None => Reply::empty(StatusCode::NOT_FOUND),
        },
        (&Method::PUT, [id]) => {
            let Ok(body) = request.json() else { return Reply::empty(StatusCode::BAD_REQUEST) };
            let refuses = pbx.accounts.get(&account).is_some_and(|account| account.refuses.contains("diversion"));
            let Some(redirect) = pbx.redirect(account, id) else { return Reply::empty(StatusCode::NOT_FOUND) };
            if refuses || world.faults.strikes(Fault::RedirectRefused) {
                return unexpected("the redirection can't be saved");
            }
            match redirect.write(&body) {
                Err(reason) => unexpected(reason),
                Ok(lost) => {
                    pbx.note_redirect(world.clock.now(), account, id, lost, Through::Rest);
                    Reply::empty(StatusCode::NO_CONTENT)
                }
            }
        }
        _ => Reply::empty(StatusCode::METHOD_NOT_ALLOWED),
    }
}

/// An entry with its own number in the PBX's spelling.
fn spelt(redirect: &Redirect, spelling: Spelling) -> Value {
    let mut body = redirect.json();
    body["phoneNumber"] = json!(spelling.spell(&redirect.number));
    body
}

/// In the description of `PUT /redirects/{redirectId}`, 204 is success and 200 is the unexpected error.
fn unexpected(message: &str) -> Reply {
    Reply::json(StatusCode::OK, &json!({"message": message}))
}
