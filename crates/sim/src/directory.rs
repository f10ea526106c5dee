//! Who is in the tenant: users by all their names, each with a mailbox.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use uuid::Uuid;

use crate::{company::people::Person, mailbox::Mailbox};

/// Requests that one mailbox serves at a time for one application (Microsoft Graph, "throttling limits",
/// Outlook service).
const MAX_AT_ONCE: usize = 4;

/// A user of the tenant.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) person: Person,
    mailbox: Mutex<Mailbox>,
    in_flight: AtomicUsize,
}

impl Entry {
    pub(crate) fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place among the requests that the mailbox serves at a time, if there is one.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<Visit> {
        let place =
            self.in_flight.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| (n < MAX_AT_ONCE).then_some(n + 1));
        place.ok().map(|_| Visit(Arc::clone(self)))
    }
}

/// A request under way in a mailbox; ends when dropped.
#[derive(Debug)]
pub(crate) struct Visit(Arc<Entry>);

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

/// All users.
#[derive(Debug, Default)]
pub(crate) struct Directory(RwLock<Index>);

#[derive(Debug, Default)]
struct Index {
    entries: Vec<Option<Arc<Entry>>>,
    by_mail: HashMap<String, Vec<usize>>,
    by_upn: HashMap<String, usize>,
    by_object: HashMap<Uuid, usize>,
}

impl Directory {
    pub(crate) fn new(people: impl IntoIterator<Item = Person>, filled: bool) -> Self {
        let directory = Self::default();
        for person in people {
            directory.add(person, filled);
        }
        directory
    }

    /// Adds a user. Several users may have one mail address; names and ids are the newest one's.
    pub(crate) fn add(&self, person: Person, filled: bool) {
        let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let place = index.entries.len();
        index.by_mail.entry(person.mail.to_lowercase()).or_default().push(place);
        index.by_mail.entry(person.alias.to_lowercase()).or_default().push(place);
        index.by_upn.insert(person.upn.to_lowercase(), place);
        index.by_object.insert(person.object_id, place);
        let mailbox = Mutex::new(Mailbox::new(person.zone.clone(), filled));
        index.entries.push(Some(Arc::new(Entry { person, mailbox, in_flight: AtomicUsize::new(0) })));
    }

    /// Removes users from the tenant.
    pub(crate) fn remove(&self, mail: &str) -> bool {
        let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let places = index.by_mail.get(&mail.to_lowercase()).cloned().unwrap_or_default();
        let mut found = false;
        for place in places {
            found |= index.entries[place].take().is_some();
        }
        found
    }

    /// Everyone, in the order in which they joined.
    pub(crate) fn all(&self) -> Vec<Arc<Entry>> {
        let index = self.0.read().unwrap_or_else(PoisonError::into_inner);
        index.entries.iter().flatten().cloned().collect()
    }

    /// Those with this address, primary or not.
    pub(crate) fn by_mail(&self, mail: &str) -> Vec<Arc<Entry>> {
        let index = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let places = index.by_mail.get(&mail.to_lowercase());
        places.into_iter().flatten().filter_map(|place| index.entries[*place].clone()).collect()
    }

    /// By object id or user principal name: what the directory itself resolves.
    pub(crate) fn by_id(&self, name: &str) -> Option<Arc<Entry>> {
        let index = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let place = match Uuid::parse_str(name) {
            Ok(id) => index.by_object.get(&id),
            Err(_) => index.by_upn.get(&name.to_lowercase()),
        };
        place.and_then(|place| index.entries[*place].clone())
    }

    /// The number that the next one gets.
    pub(crate) fn next_number(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).entries.len()
    }
}
