//! Drafts at hand: opened with what is saved, put back after every step.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use busylamp_core::{ids::InstanceId, language::Language};
use busylamp_service::{Described, ServiceError};
use busylamp_store::{Person, PersonId};

use super::draft::Draft;
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
        ServiceError::Refused(_) | ServiceError::UnknownInstance(_) | ServiceError::Stopped => {
            tracing::warn!(%error, "a page asked the service in vain");
            let frame = Frame::new(language, language.pick("Das ging nicht", "That could not be done"));
            let text = language.pick("Der Dienst meldet", "The service says");
            page::message(StatusCode::CONFLICT, frame, &format!("{text}: {error}")).into_response()
        }
    }
}

/// Drafts of everybody who writes, a bounded number of them.
#[derive(Default)]
struct Drafts {
    drafts: BTreeMap<Place, (u64, Draft)>,
    count: u64,
}

/// Whose draft, and of what: the instance's id, or nothing for a new one.
type Place = (PersonId, Option<InstanceId>);

/// So many drafts are kept; the one that was touched least recently gives way.
const MOST: usize = 64;

impl Drafts {
    fn get(&self, place: &Place) -> Option<Draft> {
        self.drafts.get(place).map(|(_, draft)| draft.clone())
    }

    fn put(&mut self, place: Place, draft: Draft) {
        self.count += 1;
        self.drafts.insert(place, (self.count, draft));
        if self.drafts.len() > MOST {
            let oldest = self.drafts.iter().min_by_key(|(_, (touched, _))| *touched).map(|(place, _)| place.clone());
            oldest.and_then(|place| self.drafts.remove(&place));
        }
    }

    fn remove(&mut self, place: &Place) {
        self.drafts.remove(place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn drafts_are_bounded_and_the_one_that_was_left_alone_longest_gives_way() {
        let key = busylamp_store::Key::random().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = busylamp_store::Store::open(&folder.path().join("busylamp.db"), &key).await.unwrap();
        let hash = busylamp_store::PasswordHash::new("x");
        let anna = store.add_first_administrator("anna", &hash).await.unwrap().unwrap();
        let place = |number: usize| (anna, Some(InstanceId::new(number.to_string())));
        let mut drafts = Drafts::default();
        for number in 0..MOST {
            drafts.put(place(number), Draft::new("de"));
        }
        drafts.put(place(0), Draft::new("de"));
        drafts.put(place(MOST), Draft::new("de"));
        assert!(drafts.get(&place(0)).is_some() && drafts.get(&place(MOST)).is_some());
        assert!(drafts.get(&place(1)).is_none());
        drafts.remove(&place(0));
        assert!(drafts.get(&place(0)).is_none());
    }
}
