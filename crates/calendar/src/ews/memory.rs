//! What is remembered of each mailbox from poll to poll. No title, and of agendas only a number that tells two apart.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use busylamp_core::{
    event::{Agenda, Event, ReadKind, When},
    ids::MailAddress,
    keyword::Keywords,
    title::{Reading, Title},
};
use busylamp_ews::{Busy, Marks, Span};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    Request, Window,
    rest::{Rest, later, spread},
};

/// Where a doorbell tells of changes, a mailbox is read whole at least this often.
const FULL_READING: SignedDuration = SignedDuration::from_mins(15);

/// And so long before its next event begins: a doorbell tells nothing of a keyword that was added to a title.
const BEFORE_AN_EVENT: SignedDuration = SignedDuration::from_secs(90);

/// A mailbox's time zone is read again this often.
const ZONE: SignedDuration = SignedDuration::from_hours(24);

/// What couldn't be read is tried again after this.
const AGAIN: SignedDuration = SignedDuration::from_hours(1);

/// How much of the window's far end may be unread: the window moves on between two full readings.
const FAR_END: SignedDuration = SignedDuration::from_hours(2);

/// What isn't asked for any more is forgotten.
const FORGET: SignedDuration = SignedDuration::from_hours(24);

/// All of it.
#[derive(Clone, Default)]
pub(super) struct Memory {
    mailboxes: BTreeMap<MailAddress, Mailbox>,
    reading: Reading,
    zone: Option<TimeZone>,
}

/// One mailbox.
#[derive(Clone)]
pub(super) struct Mailbox {
    /// Its time zone.
    pub(super) zone: Option<TimeZone>,
    zone_due: Option<Timestamp>,
    complete: Option<Complete>,
    /// Its doorbell.
    pub(super) bell: Option<Bell>,
    /// Until then its free/busy times are not asked for.
    closed: Option<Timestamp>,
    /// Whether it is left alone.
    pub(super) rest: Rest,
    asked: Timestamp,
}

/// A complete reading that was handed out.
#[derive(Clone, Copy)]
struct Complete {
    print: u64,
    window: Window,
    due: Timestamp,
}

/// What a mailbox looked like from afar, over a span. As long as it looks the same, nothing has changed but perhaps
/// titles.
#[derive(Clone)]
pub(super) struct Bell {
    pub(super) span: Span,
    pub(super) view: View,
}

/// From how far.
#[derive(Clone, PartialEq)]
pub(super) enum View {
    /// Its free/busy times.
    Busy(Arc<[Busy]>),
    /// Its items' ids and change keys, as a number.
    Marks(u64),
}

impl View {
    pub(super) fn of_marks(marks: &Marks) -> Self {
        let mut hasher = DefaultHasher::new();
        marks.items.hash(&mut hasher);
        Self::Marks(hasher.finish())
    }
}

impl Memory {
    /// Takes up a request: what it makes worthless is forgotten.
    pub(super) fn begin(&mut self, request: &Request<'_>) {
        let now = request.now;
        if self.reading != *request.reading || self.zone.as_ref() != Some(request.zone) {
            self.reading = request.reading.clone();
            self.zone = Some(request.zone.clone());
            self.mailboxes.values_mut().for_each(|mailbox| {
                mailbox.forget_reading();
                mailbox.zone_due = None;
            });
        }
        for mail in request.mailboxes {
            let fresh = || Mailbox {
                zone: None,
                zone_due: None,
                complete: None,
                bell: None,
                closed: None,
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
    /// Whether it has been read before.
    pub(super) fn is_known(&self) -> bool {
        self.complete.is_some()
    }

    /// Whether a quiet doorbell says all that is wanted: there is a complete reading of this window, and it isn't old.
    pub(super) fn is_read(&self, window: Window, now: Timestamp) -> bool {
        let Some(complete) = self.complete.filter(|complete| now < complete.due) else { return false };
        let near = complete.window.from <= window.from;
        near && window.to.duration_since(complete.window.to) <= FAR_END
    }

    /// What was handed out doesn't count any more.
    pub(super) fn forget_reading(&mut self) {
        self.complete = None;
    }

    /// What was handed out is to be read again by the next poll.
    pub(super) fn read_soon(&mut self, now: Timestamp) {
        if let Some(complete) = &mut self.complete {
            complete.due = now;
        }
    }

    /// It was read completely. Whether it is another agenda than the one that was handed out.
    pub(super) fn read(
        &mut self,
        agenda: &Agenda,
        window: Window,
        instance: &TimeZone,
        now: Timestamp,
        random: f64,
    ) -> bool {
        let print = print(agenda);
        let changed = self.complete.is_none_or(|complete| complete.print != print);
        // Spread, so that those that began together don't stay together.
        let slowly = later(now, spread(FULL_READING, random));
        let zone = self.zone.as_ref().unwrap_or(instance);
        let starts = agenda.events().iter().map(|event| event.when.interval(zone).0);
        let before = starts.filter_map(|start| start.checked_sub(BEFORE_AN_EVENT).ok()).filter(|before| *before > now);
        let due = before.min().map_or(slowly, |before| before.min(slowly));
        self.complete = Some(Complete { print, window, due });
        self.rest = Rest::default();
        changed
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
        self.zone_due = Some(later(now, AGAIN));
    }

    /// Whether its free/busy times may be read, as far as is known.
    pub(super) fn has_free_busy(&self, now: Timestamp) -> bool {
        self.closed.is_none_or(|until| until <= now)
    }

    /// Its free/busy times are refused.
    pub(super) fn close_free_busy(&mut self, now: Timestamp) {
        self.closed = Some(later(now, AGAIN));
        self.bell = None;
    }

    /// It looks like this from afar. Whether it did before.
    pub(super) fn looks(&mut self, span: Span, view: View) -> bool {
        let before = self.bell.replace(Bell { span, view });
        let now = self.bell.as_ref();
        before.zip(now).is_some_and(|(before, now)| before.span == now.span && before.view == now.view)
    }
}

/// A number that two agendas share only by chance.
fn print(agenda: &Agenda) -> u64 {
    let mut into = DefaultHasher::new();
    for event in agenda.events() {
        let Event {
            id,
            when,
            kind,
            keywords: Keywords { explicit, dnd, forward, almost },
            title,
            sensitivity,
            response,
            cancelled,
            draft,
            series_master,
        } = event;
        id.hash(&mut into);
        match when {
            When::Timed { start, end } => (0, start, end).hash(&mut into),
            When::AllDay { first, last } => (1, first, last).hash(&mut into),
        }
        match kind {
            ReadKind::Known(kind) => (0, kind).hash(&mut into),
            ReadKind::Unrecognised(word) => (1, word).hash(&mut into),
        }
        match title {
            Title::Clear(title) => (0, title).hash(&mut into),
            Title::Masked => 1.hash(&mut into),
            Title::NotKept => 2.hash(&mut into),
        }
        (*sensitivity as u8, *response as u8, cancelled, draft, series_master).hash(&mut into);
        (explicit, dnd, forward, almost).hash(&mut into);
    }
    into.finish()
}
