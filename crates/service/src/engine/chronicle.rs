//! What history is told of a user's steps: where what is wanted has changed, and where somebody else has changed what is
//! shown. It is told once, when it is noticed.

use std::collections::BTreeMap;

use busylamp_core::{
    account::{AccountState, Dimension, Value},
    hold::{Act, Purpose, Why},
    ids::EventId,
    keeper::{Account, Flag, Report, UserState},
};
use busylamp_store::{Reason, Record, Recorded, What};
use jiff::Timestamp;

use super::{Engine, UserKey};
use crate::user::OURS;

/// The last that was told of one user.
#[derive(Default)]
pub(super) struct Chronicle {
    wanted: BTreeMap<Dimension, Value>,
    seen: BTreeMap<Dimension, Value>,
}

/// Something to be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) what: What,
    pub(super) dimension: Dimension,
    pub(super) before: Option<Recorded>,
    pub(super) after: Option<Recorded>,
    pub(super) event: Option<EventId>,
    pub(super) reason: Reason,
}

/// What a step tells beside its report.
pub(super) struct Circumstances<'a> {
    /// The state before the step.
    pub(super) before: &'a UserState,
    /// What is shown, if it can be read.
    pub(super) shown: Option<&'a AccountState>,
    /// What is shown is ours to watch: no other instance acts on the account.
    pub(super) watched: bool,
    /// Why nothing at all is wanted, if something stands against it.
    pub(super) idle: Option<&'static str>,
    /// Whether an event speaks by its keywords.
    pub(super) by_keyword: &'a dyn Fn(&EventId) -> bool,
}

impl Chronicle {
    /// What is known at a start: what is held was wanted, and is shown unless somebody has changed it meanwhile.
    pub(super) fn of(state: &UserState) -> Self {
        let mut chronicle = Self::default();
        for (dimension, hold) in state.holds() {
            let leaves = hold.pending.as_ref().is_some_and(|pending| pending.purpose == Purpose::GiveBack);
            if !leaves {
                chronicle.wanted.insert(dimension.clone(), hold.ours.clone());
            }
            if hold.pending.is_none() {
                chronicle.seen.insert(dimension.clone(), hold.ours.clone());
            }
        }
        chronicle
    }

    /// A write was acknowledged: what is shown then is no news.
    pub(super) fn written(&mut self, dimension: &Dimension, value: &Value) {
        self.seen.insert(dimension.clone(), value.clone());
    }

    /// What a step changes.
    pub(super) fn take(&mut self, report: &Report, circumstances: &Circumstances<'_>) -> Vec<Entry> {
        let mut entries = Vec::new();
        if report.waits {
            return entries;
        }
        self.take_wanted(report, circumstances, &mut entries);
        if circumstances.watched {
            self.take_shown(report, circumstances, &mut entries);
        } else {
            self.seen.clear();
        }
        entries
    }

    fn take_wanted(&mut self, report: &Report, circumstances: &Circumstances<'_>, entries: &mut Vec<Entry>) {
        let mut changes: Vec<(Dimension, Option<&Value>)> = Vec::new();
        for (dimension, line) in &report.lines {
            // Nothing was decided about these.
            let open = matches!(line.act, Act::Nothing(Why::NotReadable | Why::KeptUntil(_)));
            if !open && self.wanted.get(dimension) != line.wants.as_ref() {
                changes.push((dimension.clone(), line.wants.as_ref()));
            }
        }
        let gone = |dimension: &&Dimension| {
            let can_tell = circumstances.shown.is_none_or(|shown| shown.can_tell(dimension));
            can_tell && !report.lines.contains_key(*dimension)
        };
        changes.extend(self.wanted.keys().filter(gone).map(|dimension| (dimension.clone(), None)));
        for (dimension, wants) in changes {
            let source = match &dimension {
                Dimension::Dnd | Dimension::Diversion(_) => &report.decision.action_from,
                Dimension::Presence | Dimension::Text | Dimension::Label(_) => &report.decision.winner,
            };
            let reason = match (&dimension, wants, source) {
                (_, None, _) | (_, Some(_), None) => circumstances.idle.unwrap_or("nothing_wanted"),
                (Dimension::Dnd | Dimension::Diversion(_), Some(_), Some(event)) => {
                    if (circumstances.by_keyword)(event) {
                        "keyword"
                    } else if report.decision.winner.as_ref() != Some(event) {
                        "latched"
                    } else {
                        "default_action"
                    }
                }
                (Dimension::Presence, Some(_), Some(_)) => "presence_of_kind",
                (Dimension::Text | Dimension::Label(_), Some(_), Some(_)) => "status_text",
            };
            let before = match wants {
                Some(value) => self.wanted.insert(dimension.clone(), value.clone()),
                None => self.wanted.remove(&dimension),
            };
            entries.push(Entry {
                what: What::Decided,
                before: before.as_ref().map(Recorded::from),
                after: wants.map(Recorded::from),
                event: wants.and(source.clone()),
                reason: Reason::new(reason),
                dimension,
            });
        }
    }

    fn take_shown(&mut self, report: &Report, circumstances: &Circumstances<'_>, entries: &mut Vec<Entry>) {
        for (dimension, line) in &report.lines {
            let Some(shows) = &line.shows else { continue };
            let Some(before) = self.seen.insert(dimension.clone(), shows.clone()) else { continue };
            if before == *shows {
                continue;
            }
            // A write of ours may have come through although its answer did not.
            let held = circumstances.before.holds().find(|(held, _)| *held == dimension);
            let ours = held.is_some_and(|(_, hold)| hold.is_ours(shows));
            entries.push(Entry {
                what: What::Shown,
                dimension: dimension.clone(),
                before: Some(Recorded::from(&before)),
                after: Some(Recorded::from(shows)),
                event: None,
                reason: Reason::new(if ours { OURS } else { "foreign" }),
            });
        }
    }
}

impl Engine {
    /// Tells history what a step has changed that was just taken over.
    pub(super) fn chronicle(&mut self, key: &UserKey, before: &UserState, now: Timestamp) {
        let Some(instance) = self.instances.get_mut(&key.0) else { return };
        let (is_active, is_paused) = (instance.is_active(), instance.pauses.contains_key(&key.1));
        let is_member = instance.membership.members().contains(&key.1);
        let live = self.links.get(&instance.config.pbx_key()).and_then(|link| link.accounts.get(&key.1));
        let account = live.map(|live| live.mirror.account());
        let Some(user) = instance.users.get_mut(&key.1) else { return };
        let is_anothers = user.flags.contains(&Flag::HeldByAnotherInstance);
        let agenda = user.mail.as_ref().and_then(|mail| instance.mailboxes.get(mail)?.agenda.as_ref());
        let by_keyword = |id: &EventId| {
            let event = agenda.and_then(|(agenda, _)| agenda.events().iter().find(|event| event.id == *id));
            event.is_some_and(|event| event.keywords.explicit)
        };
        let circumstances = Circumstances {
            before,
            shown: match account {
                Some(Account::Shown { state, .. }) => Some(state),
                Some(Account::Unknown | Account::Gone) | None => None,
            },
            watched: (is_active && !is_anothers) || !before.is_settled(),
            idle: match () {
                () if !is_active => Some("closing"),
                () if is_anothers => Some("held_by_another_instance"),
                () if !is_member => Some("left"),
                () if is_paused => Some("paused"),
                () if matches!(account, Some(Account::Gone)) => Some("account_gone"),
                () if user.flags.contains(&Flag::NoMailAddress) => Some("no_mail_address"),
                () if user.report.calendar_unknown => Some("calendar_unknown"),
                () => None,
            },
            by_keyword: &by_keyword,
        };
        for entry in user.chronicle.take(&user.report, &circumstances) {
            let Entry { what, dimension, before, after, event, reason } = entry;
            let (instance, account) = key.clone();
            self.history.push(Record { at: now, instance, account, what, dimension, before, after, event, reason });
        }
    }
}
