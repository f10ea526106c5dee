//! How a connection is, kept from poll to poll.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::Health;

/// The state of one connection.
#[derive(Default)]
pub(crate) struct HealthBook(Mutex<Health>);

impl HealthBook {
    /// A poll ended at this instant, with this trouble or without any.
    pub(crate) fn polled(&self, trouble: Option<String>, now: Timestamp) {
        let mut health = self.lock();
        match trouble {
            Some(trouble) => health.trouble = Some(trouble),
            None => *health = Health { last_success: Some(now), trouble: None },
        }
    }

    /// The state now.
    pub(crate) fn now(&self) -> Health {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Health> {
        // Health is replaced whole, so a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
