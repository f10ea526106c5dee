//! The instances: what there is, how each is set up, and what a change would do before it is made.
//!
//! ```text
//! draft     what somebody has typed and not saved
//! fields    how that stands in a form
//! desk      drafts at hand: opened, put back
//! list      all instances
//! edit      the pages of one
//! findings  what a trial of a connection found
//! preview   the next seven days, before and after
//! keywords  the table to hand to users
//! ```

pub(crate) mod desk;
pub(crate) mod draft;
pub(crate) mod edit;
pub(crate) mod fields;
pub(crate) mod findings;
mod keywords;
mod list;
pub(crate) mod preview;

use axum::{
    Router,
    routing::{get, post},
};
use busylamp_core::ids::InstanceId;

pub(crate) use self::desk::Desk;
use crate::Site;

/// The pages of this room.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/instances", get(list::page))
        .route("/instances/{id}", get(edit::front))
        .route("/instances/{id}/{tab}", get(edit::page).post(edit::take))
        .route("/instances/{id}/preview", get(preview::page))
        .route("/instances/{id}/save", post(edit::save))
        .route("/instances/{id}/discard", post(edit::discard))
        .route("/instances/{id}/activate", post(list::activate))
        .route("/instances/{id}/deactivate", post(list::deactivate))
        .route("/instances/{id}/delete", get(list::ask_to_delete).post(list::delete))
        .route("/instances/{id}/keywords", get(keywords::page))
}

/// The address of an instance.
pub(crate) fn path(id: &InstanceId) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    id.as_str().bytes().fold("/instances/".to_owned(), |mut path, byte| {
        if plain(byte) {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
        path
    })
}
