//! Pages for people. They ask the service what is shown, never the drivers.
//!
//! ```text
//! board     one lamp a user, live
//! state     what a lamp says
//! when      hours and days as people read them
//! language  German or English, as the browser prefers
//! ```

mod board;
mod language;
mod state;
mod when;

use std::{io, sync::Arc};

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use busylamp_service::board::Board;
use jiff::tz::TimeZone;
use tokio::{net::TcpListener, sync::watch};

/// What the pages show.
#[derive(Clone)]
pub struct Site {
    /// The lamps, as they change.
    pub board: watch::Receiver<Arc<Board>>,
    /// The zone in which hours are shown.
    pub zone: TimeZone,
    /// A sentence at the top, for the demo.
    pub note: Option<Note>,
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
/// If the listener fails.
pub async fn serve(
    listener: TcpListener,
    site: Site,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router(site)).with_graceful_shutdown(stop).await
}

fn router(site: Site) -> Router {
    Router::new()
        .route("/", get(board::page))
        .route("/lamps", get(board::live))
        .route("/assets/board.css", get(|| asset("text/css; charset=utf-8", include_str!("../assets/board.css"))))
        .route("/assets/board.js", get(|| asset("text/javascript; charset=utf-8", include_str!("../assets/board.js"))))
        .route("/assets/icon.svg", get(|| asset("image/svg+xml", include_str!("../assets/icon.svg"))))
        .layer(middleware::from_fn(guard))
        .with_state(site)
}

#[expect(clippy::unused_async, reason = "axum's handlers are async")]
async fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// No script but our own, nothing from outside, no framing, nothing kept by proxies. Requests that were led here by
/// another name than loopback's are refused: a page elsewhere could otherwise read along by DNS rebinding.
async fn guard(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    if !matches!(name, "localhost" | "127.0.0.1" | "[::1]") {
        let answer = "this page is served to this machine only: open it as http://localhost";
        return (axum::http::StatusCode::MISDIRECTED_REQUEST, answer).into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                  base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
