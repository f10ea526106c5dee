//! Who may come in: the first administrator by a set-up address, everybody else by name and password.
//!
//! ```text
//! password  argon2id, a few at a time
//! proxies   from whom a request comes when it comes through somebody else
//! throttle  how often somebody may guess
//! session   the token that a browser holds, and its cookie
//! entry     what a handler asks for: somebody who may look, somebody who may change
//! sign_in   the pages for coming and going, and the set-up
//! changes   what pages and programs do to people alike
//! manage    people, one's own settings, the trail of changes
//! ```

mod changes;
mod entry;
mod manage;
mod password;
mod proxies;
mod session;
mod sign_in;
mod throttle;

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    routing::{get, post},
};
use busylamp_service::clock::Clock;
use busylamp_store::{Action, Person, Store};

pub(crate) use self::{
    changes::NotAdded,
    entry::{Administrator, Visitor},
    session::Token,
    throttle::{Guesser, Throttle, TooMany},
};
use self::{password::Hasher, proxies::Proxies, session::NoRandomness};
use crate::Site;

/// Everything that decides who comes in. Clones are handles of the same.
#[derive(Clone)]
pub struct People(Arc<Inner>, Proxies);

struct Inner {
    store: Store,
    clock: Clock,
    hasher: Hasher,
    throttle: Mutex<Throttle>,
    set_up: Option<Token>,
}

impl People {
    /// People as they are in the store. If there is no administrator yet, a set-up address is made, which is good until
    /// it is used or the program ends.
    ///
    /// # Errors
    /// Why that can't be.
    pub async fn new(store: Store, clock: Clock) -> Result<Self, PeopleError> {
        let set_up = if store.has_administrator().await? { None } else { Some(Token::random()?) };
        let (hasher, throttle) = (Hasher::new(), Mutex::default());
        Ok(Self(Arc::new(Inner { store, clock, hasher, throttle, set_up }), Proxies::default()))
    }

    /// The same behind proxies at these addresses: what they say about where a request comes from is believed.
    #[must_use]
    pub fn behind(self, proxies: impl IntoIterator<Item = IpAddr>) -> Self {
        Self(self.0, Proxies::new(proxies))
    }

    /// The path of the set-up page, if the program has not been set up. It lets whoever knows it become administrator.
    pub fn set_up_path(&self) -> Option<String> {
        self.0.set_up.as_ref().map(|token| format!("/setup/{}", token.expose()))
    }

    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.0.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A guess at a password.
    fn guess(&self, guessers: &[Guesser]) -> Result<(), TooMany> {
        self.throttle().guess(guessers, self.0.clock.now())
    }

    /// Notes what a person did.
    pub(crate) async fn audit(&self, person: &Person, action: Action, object: &str) {
        self.note(&person.name, action, object).await;
    }
}

/// Why nobody can be let in.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// The store can't be read.
    #[error("the people in the store can't be read: {0}")]
    Store(#[from] busylamp_store::StoreError),
    /// No token can be made.
    #[error("the operating system gives no random numbers")]
    Randomness(#[from] NoRandomness),
}

/// The pages of this room.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/login", get(sign_in::page).post(sign_in::sign_in))
        .route("/logout", post(sign_in::sign_out))
        .route("/setup/{token}", get(sign_in::set_up_page).post(sign_in::set_up))
        .route("/account", get(manage::account_page).post(manage::choose_language))
        .route("/account/password", post(manage::change_password))
        .route("/people", get(manage::people_page).post(manage::add))
        .route("/people/{id}/role", post(manage::change_role))
        .route("/people/{id}/password", post(manage::reset_password))
        .route("/people/{id}/remove", post(manage::remove))
        .route("/audit", get(manage::audit_page))
}
