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

#[cfg(test)]
mod tests {
    use busylamp_core::{account::StatusText, decide::Decision, keeper::Line};

    use super::*;

    fn line(wants: Option<bool>, shows: bool, why: Why) -> Line {
        Line {
            wants: wants.map(Value::Switch),
            shows: Some(Value::Switch(shows)),
            before: None,
            act: Act::Nothing(why),
        }
    }

    fn report(line: Line) -> Report {
        let event = Some(EventId::new("e"));
        let decision = Decision { winner: event.clone(), action_from: event, ..Decision::default() };
        Report { decision, lines: BTreeMap::from([(Dimension::Dnd, line)]), ..Report::default() }
    }

    fn told(chronicle: &mut Chronicle, report: &Report) -> Vec<(What, Option<Recorded>, Option<Recorded>, String)> {
        let before = UserState::default();
        let circumstances =
            Circumstances { before: &before, shown: None, watched: true, idle: Some("paused"), by_keyword: &|_| true };
        let entries = chronicle.take(report, &circumstances).into_iter();
        entries.map(|entry| (entry.what, entry.before, entry.after, entry.reason.to_string())).collect()
    }

    const ON: Option<Recorded> = Some(Recorded::Switch(true));
    const OFF: Option<Recorded> = Some(Recorded::Switch(false));

    #[test]
    fn a_change_of_what_is_wanted_is_told_once() {
        let mut chronicle = Chronicle::default();
        let wanted = report(line(Some(true), false, Why::NothingWanted));
        assert_eq!(told(&mut chronicle, &wanted), [(What::Decided, None, ON, "keyword".to_owned())]);
        assert_eq!(told(&mut chronicle, &wanted), []);
        let over = report(line(None, false, Why::GivenBack));
        assert_eq!(told(&mut chronicle, &over), [(What::Decided, ON, None, "paused".to_owned())]);
        assert_eq!(told(&mut chronicle, &over), []);
    }

    #[test]
    fn what_was_not_decided_is_not_told() {
        let mut chronicle = Chronicle::default();
        told(&mut chronicle, &report(line(Some(true), false, Why::AlreadyShown)));
        for why in [Why::NotReadable, Why::KeptUntil(Timestamp::MAX)] {
            assert_eq!(told(&mut chronicle, &report(line(None, false, why))), []);
        }
        assert_eq!(told(&mut chronicle, &Report { waits: true, ..Report::default() }), []);
        let gone = told(&mut chronicle, &Report::default());
        assert_eq!(gone, [(What::Decided, ON, None, "paused".to_owned())], "a diversion that was deleted");
    }

    #[test]
    fn what_somebody_else_has_changed_is_told_and_what_we_wrote_is_not() {
        let mut chronicle = Chronicle::default();
        let shows = |shows| report(line(None, shows, Why::NothingWanted));
        assert_eq!(told(&mut chronicle, &shows(false)), [], "the first look is no news");
        chronicle.written(&Dimension::Dnd, &Value::Switch(true));
        assert_eq!(told(&mut chronicle, &shows(true)), []);
        assert_eq!(told(&mut chronicle, &shows(false)), [(What::Shown, ON, OFF, "foreign".to_owned())]);
    }

    #[test]
    fn a_text_that_follows_another_is_a_change() {
        let mut chronicle = Chronicle::default();
        let text = |text: &str| {
            let value = Some(Value::Text(StatusText::new(text)));
            let line = Line { wants: value.clone(), shows: value, before: None, act: Act::Nothing(Why::AlreadyShown) };
            Report {
                lines: BTreeMap::from([(Dimension::Text, line)]),
                ..report(Line { wants: None, shows: None, before: None, act: Act::Nothing(Why::NotReadable) })
            }
        };
        let some = Some(Recorded::Text);
        assert_eq!(told(&mut chronicle, &text("a")), [(What::Decided, None, some, "status_text".to_owned())]);
        let next = told(&mut chronicle, &text("b"));
        assert_eq!(next[0], (What::Decided, some, some, "status_text".to_owned()));
        assert_eq!(next[1], (What::Shown, some, some, "foreign".to_owned()));
    }
}
