//! Who may ask: Basic, NTLM and tokens.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::StatusCode;

use super::account::{Settings, Verdict};
use crate::{
    entra::{self, bearer},
    faults::Fault,
    http::{Connection, Reply, Request},
    ntlm,
    world::World,
};

/// Who was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Principal {
    /// The service account, by its password.
    Account,
    /// An application, by its token.
    Application,
}

/// Checks who asks; an error is the answer to who is not let in.
pub(super) fn check(world: &World, connection: &Connection, request: &Request) -> Result<Principal, Box<Reply>> {
    if world.faults.strikes(Fault::EwsUnauthorized) {
        connection.sign_out();
        return Err(refused(world, Verdict::Wrong));
    }
    let Some(authorization) = request.header("authorization") else {
        // A connection that was signed in by NTLM stays so.
        return if connection.signed_in() { Ok(Principal::Account) } else { Err(refused(world, Verdict::Wrong)) };
    };
    let (scheme, credential) = authorization.split_once(' ').unwrap_or((authorization, ""));
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" if bearer(authorization).is_some() => token(world, authorization).map(|()| Principal::Application),
        "basic" if world.ews.settings().basic => basic(world, credential.trim()).map(|()| Principal::Account),
        "ntlm" if world.ews.settings().ntlm => {
            windows(world, connection, "NTLM", credential.trim()).map(|()| Principal::Account)
        }
        "negotiate" if world.ews.settings().negotiate => {
            windows(world, connection, "Negotiate", credential.trim()).map(|()| Principal::Account)
        }
        _ => Err(refused(world, Verdict::Wrong)),
    }
}

fn basic(world: &World, credential: &str) -> Result<(), Box<Reply>> {
    let decoded = STANDARD.decode(credential).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((name, password)) = decoded.as_deref().and_then(|text| text.split_once(':')) else {
        return Err(refused(world, Verdict::Wrong));
    };
    let verdict = {
        let mut settings = world.ews.settings();
        // A name that nobody has locks nothing.
        if Settings::is_account(name) {
            let right = settings.password == password;
            settings.judge(right)
        } else {
            settings.unknown_names += 1;
            Verdict::Wrong
        }
    };
    if verdict == Verdict::Right { Ok(()) } else { Err(refused(world, verdict)) }
}

/// A step of NTLM, on its own or under the name of Negotiate.
fn windows(world: &World, connection: &Connection, scheme: &'static str, credential: &str) -> Result<(), Box<Reply>> {
    let message = STANDARD.decode(credential).unwrap_or_default();
    match connection.step(&message, &world.ews, world.clock.now()) {
        ntlm::Step::Done => Ok(()),
        ntlm::Step::Challenge(challenge) => {
            let reply = Reply::empty(StatusCode::UNAUTHORIZED);
            Err(Box::new(reply.with("www-authenticate", &format!("{scheme} {}", STANDARD.encode(challenge)))))
        }
        ntlm::Step::Refused(verdict) => Err(refused(world, verdict)),
    }
}

fn token(world: &World, authorization: &str) -> Result<(), Box<Reply>> {
    let refused = |reason: &str| {
        let reply = Reply::empty(StatusCode::UNAUTHORIZED)
            .with("x-ms-diagnostics", &format!("2000008;reason=\"{reason}\";error_category=\"invalid_token\""));
        let realm = format!(
            "Bearer client_id=\"00000002-0000-0ff1-ce00-000000000000\", trusted_issuers=\"00000001-0000-0000-c000-000000000000@{}\", token_types=\"app_asserted_user_v1 service_asserted_app_v1\", authorization_uri=\"https://login.windows.net/common/oauth2/authorize\"",
            world.entra.tenant
        );
        Box::new(world.ews.settings().challenge(reply.with("www-authenticate", &realm)))
    };
    let claims = world.entra.check(Some(authorization), world.clock.now()).map_err(refused)?;
    if !entra::is_for_exchange(&claims) {
        return Err(refused("The audience claim value is invalid for current resource."));
    }
    let may = claims["roles"].as_array().is_some_and(|roles| roles.iter().any(|role| role == entra::EXCHANGE_ROLE));
    if may { Ok(()) } else { Err(refused("The token contains no permissions, or permissions can not be understood.")) }
}

/// The answer to who is not let in.
fn refused(world: &World, verdict: Verdict) -> Box<Reply> {
    let page = match verdict {
        Verdict::Locked => {
            "<html><body>The referenced account is currently locked out and may not be logged on to.</body></html>"
        }
        Verdict::Right | Verdict::Wrong => {
            "<html><body>401 - Unauthorized: Access is denied due to invalid credentials.</body></html>"
        }
    };
    Box::new(world.ews.settings().challenge(Reply::body(StatusCode::UNAUTHORIZED, "text/html", page)))
}
