//! The HTTP API, `/api/v1`: what the pages do, for programs.
//!
//! ```text
//! bearer    who asks: a program with a token
//! pace      how fast one may ask
//! body      the JSON that is sent
//! problem   what is wrong with a request (RFC 9457)
//! paging    long lists
//! words     the words of enumerations
//! document  the description of all this (OpenAPI)
//! metrics   figures, for Prometheus
//! instances, trials, users, orders, history, health, people, audit, log
//!           the operations
//! ```

mod audit;
mod bearer;
mod body;
mod document;
mod health;
mod history;
mod instances;
mod log;
mod metrics;
mod orders;
mod pace;
mod paging;
mod people;
mod problem;
mod trials;
mod users;
mod words;

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, header},
    middleware,
    routing::get,
};
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use self::{
    bearer::PREFIX,
    metrics::{Answers, count},
};
use crate::Site;

/// Where the API is.
const ROOT: &str = "/api/v1";

/// Everything below [`ROOT`].
pub(crate) fn routes() -> Router<Site> {
    let (operations, document) = operations();
    let document = axum::body::Bytes::from(document.to_pretty_json().unwrap_or_default());
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    let operations = operations
        .route("/openapi.json", get(async move || (kind, document.clone())))
        .fallback(problem::nowhere)
        .layer(middleware::from_fn(problem::tidy))
        .layer(DefaultBodyLimit::max(body::LARGEST))
        .layer(Extension(Arc::<bearer::Shared>::default()));
    Router::new().nest(ROOT, operations)
}

/// All operations, and the document that describes them.
fn operations() -> (Router<Site>, OpenApi) {
    let (router, document) = OpenApiRouter::new()
        .routes(routes!(instances::list, instances::add))
        .routes(routes!(instances::view, instances::change, instances::remove))
        .routes(routes!(instances::activate))
        .routes(routes!(trials::all))
        .routes(routes!(trials::calendar))
        .routes(routes!(trials::telephones))
        .routes(routes!(trials::certificate))
        .routes(routes!(trials::preview))
        .routes(routes!(users::list))
        .routes(routes!(users::view))
        .routes(routes!(users::explain))
        .routes(routes!(history::list))
        .routes(routes!(orders::pause, orders::resume))
        .routes(routes!(orders::give_back))
        .routes(routes!(orders::discard))
        .routes(routes!(orders::check))
        .routes(routes!(orders::check_all))
        .routes(routes!(health::show))
        .routes(routes!(metrics::show))
        .routes(routes!(people::list, people::add))
        .routes(routes!(people::remove))
        .routes(routes!(people::change_role))
        .routes(routes!(people::reset_password))
        .routes(routes!(audit::list))
        .routes(routes!(log::read_program))
        .routes(routes!(log::set_program))
        .routes(routes!(log::read_instance))
        .routes(routes!(log::set_instance))
        .split_for_parts();
    (router, document::complete(document))
}
