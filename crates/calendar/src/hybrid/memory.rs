//! What is remembered of each mailbox: where it was found, and which side's agenda the asker holds.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use busylamp_core::ids::MailAddress;
use jiff::{SignedDuration, Timestamp};

use super::sources::Side;

/// What isn't asked for any more is forgotten.
const FORGET: SignedDuration = SignedDuration::from_hours(30 * 24);

/// All of it. Nothing waits while it is locked.
pub(super) struct Memory(Mutex<BTreeMap<MailAddress, Mailbox>>);

#[derive(Clone, Copy, Default)]
struct Mailbox {
    /// Where it was last read.
    side: Option<Side>,
    /// Whose agenda the asker holds for certain. In a poll under way it is in doubt: if that is dropped, a side may
    /// believe that it has handed out what never arrived.
    held: Option<Side>,
    /// Whose agenda the asker held before a side was asked, which counts again if that fails.
    held_before: Option<Side>,
    asked: Option<Timestamp>,
}

impl Memory {
    pub(super) fn new(sides: BTreeMap<MailAddress, Side>) -> Self {
        let mailbox = |(mail, side)| (mail, Mailbox { side: Some(side), ..Mailbox::default() });
        Self(Mutex::new(sides.into_iter().map(mailbox).collect()))
    }

    pub(super) fn sides(&self) -> BTreeMap<MailAddress, Side> {
        self.lock().iter().filter_map(|(mail, mailbox)| Some((mail.clone(), mailbox.side?))).collect()
    }

    pub(super) fn side(&self, mail: &MailAddress) -> Option<Side> {
        self.lock().get(mail).and_then(|mailbox| mailbox.side)
    }

    /// These are about to be asked for on this side. Which of them the asker holds no agenda of from there, or perhaps
    /// none.
    pub(super) fn begin(&self, side: Side, mails: &[MailAddress]) -> Vec<MailAddress> {
        let mut mailboxes = self.lock();
        let mut doubtful = Vec::new();
        for mail in mails {
            let mailbox = mailboxes.entry(mail.clone()).or_default();
            mailbox.held_before = mailbox.held.take();
            if mailbox.held_before != Some(side) {
                doubtful.push(mail.clone());
            }
        }
        doubtful
    }

    /// The poll has read it here. Where it lived before.
    pub(super) fn found(&self, mail: &MailAddress, side: Side, now: Timestamp) -> Option<Side> {
        let mut mailboxes = self.lock();
        let mailbox = mailboxes.entry(mail.clone()).or_default();
        let before = mailbox.side;
        *mailbox = Mailbox { side: Some(side), held: Some(side), held_before: None, asked: Some(now) };
        before
    }

    /// The poll has not read it: what the asker holds is what it held before, as far as that is certain.
    pub(super) fn not_found(&self, mail: &MailAddress, now: Timestamp) {
        let mut mailboxes = self.lock();
        let mailbox = mailboxes.entry(mail.clone()).or_default();
        mailbox.held = mailbox.held_before.take();
        mailbox.asked = Some(now);
    }

    pub(super) fn forget_the_old(&self, now: Timestamp) {
        let long_ago = now.checked_sub(FORGET).unwrap_or(Timestamp::MIN);
        // What was taken up from an earlier run and hasn't been asked for yet counts from now on.
        self.lock().retain(|_, mailbox| *mailbox.asked.get_or_insert(now) >= long_ago);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<MailAddress, Mailbox>> {
        // Every mailbox is valid after every statement, so a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
