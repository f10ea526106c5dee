//! Pages for people. They ask the service what is shown, never the drivers.
//!
//! ```text
//! board     one lamp a user, live
//! user      one user's page: what was, is and will be, and why
//! state     what a lamp says
//! instances how each instance is set up, and what a change would do
//! wizard    from nothing to the first lamp
//! options   all options of an instance, with their words
//! people    who may come in, and who may change things
//! log       what the program tells, and how much
//! health    how it goes, and who needs attention
//! upkeep    what all pages and monitoring know of both
//! page      what all pages have in common
//! bare      refusals that would have none
//! when      hours and days as people read them
//! language  German or English, as the browser prefers
//! tokens    what programs show in place of a name and a password
//! api       the same for programs
//! serve     connections, and how slow they may be
//! tls       HTTPS with certificate files
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod api;
mod bare;
mod board;
mod health;
mod instances;
mod language;
mod log;
mod options;
mod page;
mod people;
mod serve;
mod state;
#[cfg(test)]
mod table;
mod tls;
mod tokens;
mod upkeep;
mod user;
mod when;
mod wizard;

use std::{io, sync::Arc};

use axum::{
    Extension, Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderValue, StatusCode, header, uri::Authority},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
    serve::ListenerExt as _,
};
use busylamp_service::{Service, board::Board};
use jiff::tz::TimeZone;
use tokio::{net::TcpListener, sync::watch};
use tower_http::{csrf::CsrfLayer, timeout::TimeoutLayer};

pub use crate::{
    people::{People, PeopleError},
    tls::{TlsError, TlsListener},
    upkeep::Upkeep,
};

/// No form is larger, in bytes.
const LARGEST_FORM: usize = 64 << 10;

/// What the pages show.
#[derive(Clone)]
pub struct Site {
    /// What is asked and told to do.
    pub service: Arc<Service>,
    /// The lamps, as they change.
    pub board: watch::Receiver<Arc<Board>>,
    /// The zone in which hours are shown.
    pub zone: TimeZone,
    /// A sentence at the top, for the demo.
    pub note: Option<Note>,
    /// Who may come in.
    pub door: Door,
    /// What the administrator watches over.
    pub upkeep: Upkeep,
}

/// Who may come in.
#[derive(Clone)]
pub enum Door {
    /// Everybody on this machine, to look: the demo.
    Open,
    /// Those who sign in.
    Guarded(People),
}

/// A sentence for people, in both languages.
#[derive(Clone, Copy, Debug)]
pub struct Note {
    /// Auf Deutsch.
    pub german: &'static str,
    /// In English.
    pub english: &'static str,
}

/// Serves the pages until `stop` resolves. Listening is the caller's: loopback unless told otherwise.
///
/// # Errors
/// None: connections that fail are nobody's but their own.
pub async fn serve(
    listening: Listening,
    site: Site,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let router = router(site);
    match listening {
        Listening::Plain(listener) => serve::serve(listener.tap_io(serve::at_once), router, stop).await,
        Listening::Tls(listener) => {
            serve::serve(listener, router.layer(middleware::from_fn(only_by_tls)), stop).await;
        }
    }
    Ok(())
}

/// How the pages are reached.
pub enum Listening {
    /// HTTP: on loopback, for this machine or a proxy on it.
    Plain(TcpListener),
    /// HTTPS.
    Tls(TlsListener),
}

fn router(site: Site) -> Router {
    let guarded = matches!(site.door, Door::Guarded(_));
    let router = Router::new()
        .merge(board::routes(&site))
        .merge(people::routes())
        .merge(user::routes())
        .merge(log::routes())
        .merge(health::routes())
        .merge(instances::routes().merge(wizard::routes()).layer(axum::Extension(instances::Desk::default())))
        .merge(tokens::routes())
        .merge(api::routes())
        .route("/assets/frame.css", get(|| asset("text/css; charset=utf-8", include_str!("../assets/frame.css"))))
        .route("/assets/board.css", get(|| asset("text/css; charset=utf-8", include_str!("../assets/board.css"))))
        .route("/assets/lamp.css", get(|| asset("text/css; charset=utf-8", include_str!("../assets/lamp.css"))))
        .route("/assets/user.css", get(|| asset("text/css; charset=utf-8", include_str!("../assets/user.css"))))
        .route("/assets/user.js", get(|| asset("text/javascript; charset=utf-8", include_str!("../assets/user.js"))))
        .route(
            "/assets/settle.js",
            get(|| asset("text/javascript; charset=utf-8", include_str!("../assets/settle.js"))),
        )
        .route("/assets/board.js", get(|| asset("text/javascript; charset=utf-8", include_str!("../assets/board.js"))))
        .route(
            "/assets/instances.css",
            get(|| asset("text/css; charset=utf-8", include_str!("../assets/instances.css"))),
        )
        .route("/assets/icon.svg", get(|| asset("image/svg+xml", include_str!("../assets/icon.svg"))))
        .layer(middleware::from_fn_with_state(site.clone(), upkeep::surround))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(CsrfLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, serve::ANSWER))
        .layer(middleware::from_fn(serve::hurry))
        .layer(middleware::from_fn(api::count))
        .layer(Extension(Arc::<api::Answers>::default()))
        .layer(middleware::from_fn_with_state(site.clone(), bare::dress))
        .layer(middleware::from_fn(shield));
    let router = if guarded { router } else { router.layer(middleware::from_fn(loopback_only)) };
    router.with_state(site)
}

async fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// Requests that were led here by another name than loopback's are refused where nobody signs in: a page elsewhere could
/// otherwise read along by DNS rebinding. (A session's cookie belongs to one name and is not sent to another.)
async fn loopback_only(request: Request, next: Next) -> Response {
    // HTTP/2 has the name in the address.
    let written = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().authority().map(Authority::as_str).or(written).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if !matches!(name, "localhost" | "127.0.0.1" | "[::1]") {
        let answer = "this page is served to this machine only: open it as http://localhost";
        return (StatusCode::MISDIRECTED_REQUEST, answer).into_response();
    }
    next.run(request).await
}

/// Browsers that have come by HTTPS once come by nothing else for a year. A proxy in front says so itself, or does not.
async fn only_by_tls(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let year = HeaderValue::from_static("max-age=31536000");
    response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
    response
}

/// No script but our own, nothing from outside, no framing, nothing kept by proxies.
async fn shield(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                  base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Browsers send no `Origin` with forms under `no-referrer`, which cross-origin protection wants to see.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    // What `frame-ancestors` says, for what does not know it.
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    let nothing = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";
    headers.insert("permissions-policy", HeaderValue::from_static(nothing));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
