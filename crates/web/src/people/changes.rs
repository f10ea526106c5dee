//! Changes to people that are the same for pages and for programs.

use std::net::IpAddr;

use axum::{
    extract::ConnectInfo,
    http::{Extensions, HeaderMap},
};
use busylamp_core::{language::Language, secret::Secret};
use busylamp_store::{Action, Audited, Changed, Person, Role, Store, StoreError};
use jiff::Timestamp;

use super::{
    People,
    sign_in::{crowded, unfit},
};
use crate::serve::Caller;

/// Why somebody was not added, or got no other password.
#[derive(Debug)]
pub(crate) enum NotAdded {
    /// Name or password will not do, and why.
    Unfit(String),
    /// There is somebody of this name.
    NameTaken,
    /// Passwords can't be hashed at the moment, and why.
    Busy(&'static str),
    /// The store gives no answer.
    Store(StoreError),
}

impl People {
    /// Where people and tokens are kept.
    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    /// The instant.
    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The address that a request comes from, through proxies that are believed.
    pub(crate) fn caller(&self, extensions: &Extensions, headers: &HeaderMap) -> IpAddr {
        let peer = extensions.get::<ConnectInfo<Caller>>().map(|ConnectInfo(Caller(from))| from.ip());
        self.1.caller(peer.unwrap_or(IpAddr::from([0, 0, 0, 0])), headers)
    }

    /// Notes what was done by somebody who has no person's name. That it can't be noted doesn't undo it.
    pub(crate) async fn note(&self, who: &str, action: Action, object: &str) {
        let entry = Audited { at: self.now(), person: who.to_owned(), action, object: object.to_owned() };
        if let Err(error) = self.0.store.audit(&entry).await {
            tracing::error!(%error, action = entry.action.as_str(), "a change can't be noted in the audit trail");
        }
    }

    /// Adds somebody.
    pub(crate) async fn add(
        &self,
        name: &str,
        password: Secret,
        role: Role,
        language: Language,
    ) -> Result<(), NotAdded> {
        if let Some(trouble) = unfit(name, password.expose(), language) {
            return Err(NotAdded::Unfit(trouble));
        }
        let hash = self.0.hasher.hash(password).await.map_err(|busy| NotAdded::Busy(crowded(busy, language)))?;
        let added = self.0.store.add_person(name, role, &hash).await.map_err(NotAdded::Store)?;
        added.map(|_| ()).ok_or(NotAdded::NameTaken)
    }

    /// Gives somebody another password and ends all of that person's sessions.
    pub(crate) async fn set_password(
        &self,
        person: &Person,
        password: Secret,
        language: Language,
    ) -> Result<Changed, NotAdded> {
        if let Some(trouble) = unfit(&person.name, password.expose(), language) {
            return Err(NotAdded::Unfit(trouble));
        }
        let hash = self.0.hasher.hash(password).await.map_err(|busy| NotAdded::Busy(crowded(busy, language)))?;
        self.0.store.set_password(person.id, &hash).await.map_err(NotAdded::Store)
    }
}
