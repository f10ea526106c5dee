//! Polls of calendars, and what becomes of their outcomes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use busylamp_calendar::{self as calendar, hybrid::Side};
use busylamp_core::{
    event::{Agenda, ReadKind},
    ids::{InstanceId, MailAddress},
};
use jiff::{SignedDuration, Timestamp};

use super::{
    Engine,
    instance::Instance,
    link::later,
    rhythm::Due,
    work::{Report, timed},
};
use crate::health;

/// How far ahead calendars are read (§8.1).
pub(crate) const AHEAD: SignedDuration = SignedDuration::from_hours(14 * 24);
/// And how far back, so that long events that run are found.
pub(crate) const BACK: SignedDuration = SignedDuration::from_hours(24);

/// What came of a poll.
pub(super) struct Polled {
    pub(super) instance: InstanceId,
    pub(super) number: u64,
    side: Side,
    begun: Timestamp,
    took: u64,
    /// The policy under which it was read.
    stamp: u64,
    outcomes: BTreeMap<MailAddress, calendar::Outcome>,
}

impl Engine {
    pub(super) fn polled(&mut self, polled: Polled, now: Timestamp) {
        let Polled { instance: id, side, begun, took, stamp, outcomes, .. } = polled;
        let Some(instance) = self.instances.get_mut(&id) else { return };
        instance.rhythms.ended(side, begun, took, now);
        if stamp != instance.policy_stamp {
            // The policy has changed meanwhile: what was read by the old one is read again at once.
            instance.rhythms.hurry(now);
        }
        let mut touched = BTreeSet::new();
        let (mut read, mut failed) = (0, 0);
        for (address, outcome) in outcomes {
            let Some(mailbox) = instance.mailboxes.get_mut(&address) else { continue };
            mailbox.tried = true;
            match outcome {
                calendar::Outcome::Read { agenda, zone } => {
                    read += 1;
                    warn_of_kinds(&mut self.unrecognised, &agenda);
                    mailbox.agenda = Some((agenda.masked_anew(&instance.reading), begun));
                    mailbox.kept_at = None;
                    if zone.is_some() && zone != mailbox.zone {
                        mailbox.zone = zone;
                        instance.directory_unkept = true;
                    }
                    mailbox.trouble = None;
                }
                calendar::Outcome::Unchanged => match &mut mailbox.agenda {
                    Some((_, read_at)) => {
                        *read_at = begun;
                        // Where nothing changed and nothing was amiss, nobody needs to be asked.
                        if mailbox.trouble.take().is_none() {
                            continue;
                        }
                    }
                    None => {
                        instance.rhythms.read_again(side, now);
                    }
                },
                calendar::Outcome::Failed(error) => {
                    failed += 1;
                    tracing::debug!(mailbox = %address, advice = %error.advice(), "a calendar can't be read");
                    mailbox.trouble = Some(error);
                }
            }
            touched.insert(address);
        }
        let health_side = match side {
            Side::Graph => health::Side::Graph,
            Side::Ews => health::Side::Ews,
        };
        self.figures.asked(health_side, failed == 0);
        let found = instance.readers.found();
        if found != instance.found {
            instance.found = found;
            instance.found_unkept = true;
        }
        let failed_before = instance.failing.insert(side, failed).unwrap_or_default();
        match (failed_before, failed) {
            (0, 1..) => tracing::warn!(%side, read, failed, "some calendars can't be read; health says whose and why"),
            (1.., 0) => tracing::info!(%side, "all calendars can be read again"),
            _ => {}
        }
        tracing::debug!(%side, read, failed, took_ms = took, "calendars were polled");
        let users = instance.users.iter().filter(|(_, user)| user.mail.as_ref().is_some_and(|m| touched.contains(m)));
        self.dirty.extend(users.map(|(account, _)| (id.clone(), account.clone())));
    }
}

/// Kinds that nobody knows count as free; the log tells each once. No more words than these are remembered.
fn warn_of_kinds(known: &mut BTreeSet<String>, agenda: &Agenda) {
    const MOST: usize = 64;
    for event in agenda.events() {
        if let ReadKind::Unrecognised(word) = &event.kind
            && known.len() < MOST
            && known.insert(word.clone())
        {
            tracing::warn!(kind = ?word, "the calendar has a kind of event that is not known; it counts as free");
        }
    }
}

/// One poll of an instance's calendars.
pub(super) fn poll(
    id: InstanceId,
    instance: &Instance,
    due: Due,
    now: Timestamp,
) -> impl Future<Output = Report> + use<> {
    let calendar = instance.readers.calendar();
    let reading = Arc::clone(&instance.reading);
    let zone = instance.config.zone.clone();
    let (stamp, number) = (instance.policy_stamp, instance.number);
    let window = calendar::Window { from: now.saturating_sub(BACK).unwrap_or(Timestamp::MIN), to: later(now, AHEAD) };
    async move {
        let Due { side, mailboxes, full } = due;
        let request = calendar::Request { mailboxes: &mailboxes, window, reading: &reading, zone: &zone, now, full };
        let (outcomes, took) = timed(calendar.poll(request)).await;
        Report::Polled(Polled { instance: id, number, side, begun: now, took, stamp, outcomes })
    }
}
