//! What is remembered of each mailbox from poll to poll. Nothing of its content.

use std::collections::BTreeMap;

use busylamp_core::{ids::MailAddress, title::Reading};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::doorbell::Bell;
use crate::{
    Request, Window,
    rest::{Rest, later, spread},
};

/// A mailbox is read whole at least this often.
const FULL_READING: SignedDuration = SignedDuration::from_mins(60);

/// A mailbox's time zone is read again this often.
const ZONE: SignedDuration = SignedDuration::from_hours(24);

/// After a link could not begin, the mailbox is read whole at every poll for so long.
const NO_BELL: SignedDuration = SignedDuration::from_mins(15);

/// How much of the window's far end may be unread: the window moves on between two full readings.
const FAR_END: SignedDuration = SignedDuration::from_hours(2);

/// What isn't asked for any more is forgotten.
const FORGET: SignedDuration = SignedDuration::from_hours(24);

/// All of it.
#[derive(Clone, Default)]
pub(super) struct Memory {
    mailboxes: BTreeMap<MailAddress, Mailbox>,
    reading: Reading,
    /// Until then nobody's time zone may be read.
    pub(super) zones_closed: Option<Timestamp>,
    /// Until then the directory may not be read, whatever the token says.
    pub(super) directory_closed: Option<Timestamp>,
}

/// One mailbox.
#[derive(Clone)]
pub(super) struct Mailbox {
    /// Its user's object id.
    pub(super) user: Option<String>,
    /// Its time zone.
    pub(super) zone: Option<TimeZone>,
    zone_due: Option<Timestamp>,
    complete: Option<Complete>,
    /// Its doorbell.
    pub(super) bell: Option<Bell>,
    bell_due: Option<Timestamp>,
    /// Whether it is left alone.
    pub(super) rest: Rest,
    asked: Timestamp,
}

/// A complete reading that was handed out.
#[derive(Clone, Copy)]
struct Complete {
    window: Window,
    due: Timestamp,
}

impl Memory {
    /// Takes up a request: what it makes worthless is forgotten.
    pub(super) fn begin(&mut self, request: &Request<'_>) {
        let now = request.now;
        if self.reading != *request.reading {
            self.reading = request.reading.clone();
            self.mailboxes.values_mut().for_each(Mailbox::forget_reading);
        }
        for mail in request.mailboxes {
            let fresh = || Mailbox {
                user: None,
                zone: None,
                zone_due: None,
                complete: None,
                bell: None,
                bell_due: None,
                rest: Rest::default(),
                asked: now,
            };
            let mailbox = self.mailboxes.entry(mail.clone()).or_insert_with(fresh);
            mailbox.asked = now;
            if request.full {
                mailbox.forget_reading();
                mailbox.rest.end();
            }
        }
        let long_ago = now.checked_sub(FORGET).unwrap_or(Timestamp::MIN);
        self.mailboxes.retain(|_, mailbox| mailbox.asked >= long_ago);
    }

    /// A mailbox of the request that was begun.
    pub(super) fn of(&mut self, mail: &MailAddress) -> Option<&mut Mailbox> {
        self.mailboxes.get_mut(mail)
    }
}

impl Mailbox {
    /// Whether it has a doorbell for this window.
    pub(super) fn has_bell(&self, window: Window) -> bool {
        self.bell.as_ref().is_some_and(|bell| bell.covers(window))
    }

    /// Whether a quiet doorbell says all that is wanted: there is a complete reading of this window, and it isn't old.
    pub(super) fn is_read(&self, window: Window, now: Timestamp) -> bool {
        let Some(complete) = self.complete.filter(|complete| now < complete.due) else { return false };
        let near = complete.window.from <= window.from;
        near && window.to.duration_since(complete.window.to) <= FAR_END
    }

    /// Whether a new doorbell is to begin before the next reading.
    pub(super) fn wants_bell(&self, window: Window, now: Timestamp) -> bool {
        !self.has_bell(window) && self.bell_due.is_none_or(|due| due <= now)
    }

    /// A doorbell has begun, or couldn't.
    pub(super) fn set_bell(&mut self, bell: Option<Bell>, now: Timestamp) {
        self.bell_due = bell.is_none().then(|| later(now, NO_BELL));
        self.bell = bell;
    }

    /// Something has changed, or may have: only a complete reading counts from here on.
    pub(super) fn forget_reading(&mut self) {
        self.complete = None;
    }

    /// It was read completely.
    pub(super) fn read(&mut self, window: Window, now: Timestamp, random: f64) {
        // Spread over a quarter of an hour, so that those that began together don't stay together.
        self.complete = Some(Complete { window, due: later(now, spread(FULL_READING, random)) });
        self.answered();
    }

    /// It answered.
    pub(super) fn answered(&mut self) {
        self.rest = Rest::default();
    }

    /// Whether its time zone is to be read.
    pub(super) fn wants_zone(&self, now: Timestamp) -> bool {
        self.zone_due.is_none_or(|due| due <= now)
    }

    /// Its time zone was read. Another one than before has to be handed out, and that goes only with a reading.
    pub(super) fn set_zone(&mut self, zone: Option<TimeZone>, now: Timestamp, random: f64) {
        self.zone_due = Some(later(now, spread(ZONE, random)));
        if self.zone != zone {
            self.zone = zone;
            self.forget_reading();
        }
    }

    /// Its time zone couldn't be read; what was read before stays.
    pub(super) fn keep_zone(&mut self, now: Timestamp) {
        self.zone_due = Some(later(now, FULL_READING));
    }

    /// Its user is another one than we thought, or nobody knows who.
    pub(super) fn set_user(&mut self, user: Option<String>) {
        if self.user != user {
            self.user = user;
            self.bell = None;
            self.bell_due = None;
            self.zone_due = None;
            self.forget_reading();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-24T09:00:00Z".parse().unwrap()
    }

    fn window() -> Window {
        Window { from: now() - SignedDuration::from_hours(24), to: now() + SignedDuration::from_hours(14 * 24) }
    }

    fn mail() -> MailAddress {
        MailAddress::from("anna@example.com".to_owned())
    }

    fn begin(memory: &mut Memory, reading: &Reading, now: Timestamp, full: bool) {
        let zone = &TimeZone::UTC;
        memory.begin(&Request { mailboxes: &[mail()], window: window(), reading, zone, now, full });
    }

    /// A memory that has just read one mailbox; no doorbell.
    fn read() -> Memory {
        let mut memory = Memory::default();
        begin(&mut memory, &Reading::default(), now(), false);
        memory.of(&mail()).unwrap().read(window(), now(), 0.0);
        memory
    }

    fn is_complete(memory: &mut Memory) -> bool {
        memory.of(&mail()).unwrap().complete.is_some()
    }

    #[test]
    fn another_way_of_reading_makes_every_reading_worthless() {
        let mut memory = read();
        begin(&mut memory, &Reading::default(), now(), false);
        assert!(is_complete(&mut memory));
        begin(&mut memory, &Reading { keep_titles: true, ..Reading::default() }, now(), false);
        assert!(!is_complete(&mut memory));
    }

    #[test]
    fn who_asks_for_everything_gets_everything() {
        let mut memory = read();
        begin(&mut memory, &Reading::default(), now(), true);
        assert!(!is_complete(&mut memory));
    }

    #[test]
    fn another_zone_has_to_be_handed_out_with_a_reading() {
        let mut memory = read();
        memory.of(&mail()).unwrap().set_zone(None, now(), 0.0);
        assert!(is_complete(&mut memory));
        memory.of(&mail()).unwrap().set_zone(Some(TimeZone::UTC), now(), 0.0);
        assert!(!is_complete(&mut memory));
    }

    #[test]
    fn what_is_not_asked_for_any_more_is_forgotten_after_a_day() {
        let mut memory = read();
        let other = MailAddress::from("bert@example.com".to_owned());
        let later = now() + SignedDuration::from_hours(25);
        memory.begin(&Request {
            mailboxes: &[other],
            window: window(),
            reading: &Reading::default(),
            zone: &TimeZone::UTC,
            now: later,
            full: false,
        });
        assert!(memory.of(&mail()).is_none());
    }
}
