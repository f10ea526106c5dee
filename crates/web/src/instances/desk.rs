//! Drafts at hand: opened with what is saved, put back after every step.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use busylamp_core::{ids::InstanceId, language::Language};
use busylamp_service::{Described, ServiceError};
use busylamp_store::Person;

use super::draft::{Draft, Drafts};
use crate::{
    Site,
    page::{self, Frame},
};

/// Everybody's drafts. Clones are handles of the same.
#[derive(Clone, Default)]
pub(crate) struct Desk(Arc<Mutex<Drafts>>);

impl Desk {
    fn drafts(&self) -> MutexGuard<'_, Drafts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody's draft of an instance: what they have typed so far, or what is saved.
    pub(crate) fn open(&self, person: &Person, described: &Described) -> Draft {
        let found = self.drafts().get(&(person.id, Some(described.id.clone())));
        match found {
            Some(draft) => draft.rebased(&described.written, &described.secrets),
            None => Draft::of(&described.written, &described.secrets),
        }
    }

    /// Somebody's draft of a new instance.
    pub(crate) fn new_one(&self, person: &Person) -> Option<Draft> {
        self.drafts().get(&(person.id, None))
    }

    /// Keeps a draft; `None` is a new instance.
    pub(crate) fn keep(&self, person: &Person, id: Option<&InstanceId>, draft: Draft) {
        self.drafts().put((person.id, id.cloned()), draft);
    }

    /// Forgets a draft.
    pub(crate) fn clear(&self, person: &Person, id: Option<&InstanceId>) {
        self.drafts().remove(&(person.id, id.cloned()));
    }
}

/// An instance by its id.
pub(crate) async fn described(site: &Site, id: &str, language: Language) -> Result<Described, Response> {
    let all = site.service.instances().await.map_err(|error| failed(language, &error))?;
    all.into_iter().find(|instance| instance.id.as_str() == id).ok_or_else(|| {
        let frame = Frame::new(language, language.pick("Nicht gefunden", "Not found"));
        let text = language.pick("Diese Instanz gibt es nicht (mehr).", "There is no such instance (any more).");
        page::message(StatusCode::NOT_FOUND, frame, text)
    })
}

/// The service could not do it.
pub(crate) fn failed(language: Language, error: &ServiceError) -> Response {
    match error {
        ServiceError::Store { error } => page::broken(language, error),
        error => {
            tracing::warn!(%error, "a page asked the service in vain");
            let frame = Frame::new(language, language.pick("Das ging nicht", "That could not be done"));
            let text = language.pick("Der Dienst meldet", "The service says");
            page::message(StatusCode::CONFLICT, frame, &format!("{text}: {error}")).into_response()
        }
    }
}
