//! Drafts at hand: opened with what is saved, put back after every step.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use busylamp_core::{ids::InstanceId, language::Language};
use busylamp_service::{Described, ServiceError};
use busylamp_store::{Person, PersonId};
use tokio::time::{Instant, sleep_until};

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

    /// Keeps a draft for [`KEPT`]; `None` is a new instance.
    pub(crate) fn keep(&self, person: &Person, id: Option<&InstanceId>, draft: Draft) {
        let mut drafts = self.drafts();
        drafts.put((person.id, id.cloned()), draft);
        if !std::mem::replace(&mut drafts.watched, true) {
            tokio::spawn(let_go(Arc::downgrade(&self.0)));
        }
    }

    /// Forgets a draft.
    pub(crate) fn clear(&self, person: &Person, id: Option<&InstanceId>) {
        self.drafts().remove(&(person.id, id.cloned()));
    }
}

/// Lets go of drafts that nobody has touched for [`KEPT`], on time: there are secrets among what was typed.
async fn let_go(drafts: Weak<Mutex<Drafts>>) {
    while let Some(drafts) = drafts.upgrade() {
        let next = drafts.lock().unwrap_or_else(PoisonError::into_inner).let_go(Instant::now());
        drop(drafts);
        match next {
            Some(next) => sleep_until(next).await,
            None => break,
        }
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
            page::message(StatusCode::CONFLICT, frame, &format!("{text}: {}", error.said().speak(language)))
                .into_response()
        }
    }
}

/// Drafts of everybody who writes, a bounded number of them, for a bounded time.
#[derive(Default)]
struct Drafts {
    drafts: BTreeMap<Place, Kept>,
    count: u64,
    /// Whether somebody looks after those that nobody touches any more.
    watched: bool,
}

/// Whose draft, and of what: the instance's id, or nothing for a new one.
type Place = (PersonId, Option<InstanceId>);

struct Kept {
    draft: Draft,
    /// Which of all touches was its last.
    touched: u64,
    until: Instant,
}

/// So many drafts are kept; the one that was touched least recently gives way.
const MOST: usize = 64;
/// So long a draft is kept that nobody touches.
pub(crate) const KEPT: Duration = Duration::from_secs(30 * 60);

impl Drafts {
    fn get(&self, place: &Place) -> Option<Draft> {
        self.drafts.get(place).map(|kept| kept.draft.clone())
    }

    fn put(&mut self, place: Place, draft: Draft) {
        self.count += 1;
        self.drafts.insert(place, Kept { draft, touched: self.count, until: Instant::now() + KEPT });
        if self.drafts.len() > MOST {
            let oldest = self.drafts.iter().min_by_key(|(_, kept)| kept.touched).map(|(place, _)| place.clone());
            oldest.and_then(|place| self.drafts.remove(&place));
        }
    }

    fn remove(&mut self, place: &Place) {
        self.drafts.remove(place);
    }

    /// Drops what has been kept for long enough, and tells when the next one will have been.
    fn let_go(&mut self, now: Instant) -> Option<Instant> {
        self.drafts.retain(|_, kept| kept.until > now);
        let next = self.drafts.values().map(|kept| kept.until).min();
        self.watched = next.is_some();
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Somebody who writes.
    async fn anna() -> Person {
        let key = busylamp_store::Key::random().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = busylamp_store::Store::open(&folder.path().join("busylamp.db"), &key).await.unwrap();
        let hash = busylamp_store::PasswordHash::new("x");
        store.add_first_administrator("anna", &hash).await.unwrap().unwrap();
        store.people().await.unwrap().remove(0)
    }

    /// Waits until so many drafts are kept, without waiting by the clock.
    async fn comes_to(desk: &Desk, number: usize) {
        for _ in 0..1_000 {
            if desk.drafts().drafts.len() == number {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("{} drafts are kept, not {number}", desk.drafts().drafts.len());
    }

    #[tokio::test]
    async fn a_draft_that_nobody_touches_is_let_go_of_and_one_that_is_touched_stays() {
        let anna = anna().await;
        let desk = Desk::default();
        let id = InstanceId::new("a");
        let half = KEPT / 2 + Duration::from_secs(1);
        tokio::time::pause();
        desk.keep(&anna, None, Draft::new("de"));
        desk.keep(&anna, Some(&id), Draft::new("de"));
        tokio::time::advance(half).await;
        desk.keep(&anna, None, Draft::new("de"));
        tokio::time::advance(half).await;
        comes_to(&desk, 1).await;
        assert!(desk.new_one(&anna).is_some());
        tokio::time::advance(half).await;
        comes_to(&desk, 0).await;
        // Nobody looks after nothing; the next draft is looked after again.
        desk.keep(&anna, None, Draft::new("de"));
        tokio::time::advance(2 * half).await;
        comes_to(&desk, 0).await;
    }

    #[tokio::test]
    async fn drafts_are_bounded_and_the_one_that_was_left_alone_longest_gives_way() {
        let anna = anna().await.id;
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
