//! How a connection is, kept from poll to poll.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use busylamp_core::{ids::MailAddress, said::Said};
use jiff::Timestamp;

use crate::{Health, MailboxError, Outcome};

/// The state of one connection.
#[derive(Default)]
pub(crate) struct HealthBook(Mutex<Health>);

impl HealthBook {
    /// A poll ended at this instant, with this trouble or without any.
    pub(crate) fn polled(&self, trouble: Option<Said>, now: Timestamp) {
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

/// What is wrong with a connection after a poll: what concerns the account as a whole, or that nobody could be read.
pub(crate) fn trouble(account: Option<Said>, outcomes: &BTreeMap<MailAddress, Outcome>) -> Option<Said> {
    let mut first = None;
    for outcome in outcomes.values() {
        match outcome {
            Outcome::Read { .. } | Outcome::Unchanged => return account,
            Outcome::Failed(error) => {
                first.get_or_insert(error);
            }
        }
    }
    let nobody = |error: &MailboxError| {
        Said::each(|language| {
            let nobody = language.pick("Kein Postfach ist zu lesen", "no mailbox can be read");
            format!("{nobody}: {}", error.advice().speak(language))
        })
    };
    account.or_else(|| first.map(nobody))
}
