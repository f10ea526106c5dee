//! One thing in a calendar: a single appointment or a series, and the instances that it has in a span of time.

use std::borrow::Cow;

use busylamp_core::event::{Response, Sensitivity};
use jiff::{
    Timestamp,
    civil::{Date, DateTime, Weekday},
    tz::TimeZone,
};

use crate::clock::{add_days, days_between, midnight};

/// A name and an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contact {
    pub(crate) name: String,
    pub(crate) mail: String,
}

/// What is stored in a calendar: an appointment, or the master of a series.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// The immutable id.
    pub(crate) id: String,
    pub(crate) subject: String,
    /// In the words of interfaces, section 2; any other word is kept as it is.
    pub(crate) kind: Cow<'static, str>,
    pub(crate) sensitivity: Sensitivity,
    pub(crate) response: Response,
    pub(crate) cancelled: bool,
    pub(crate) draft: bool,
    /// Shown as a series master in a view, which a real server never does: readers must leave it out.
    pub(crate) shown_as_master: bool,
    pub(crate) location: Cow<'static, str>,
    /// Absent: the mailbox's owner.
    pub(crate) organizer: Option<Contact>,
    /// The people invited besides the mailbox's owner.
    pub(crate) attendees: Vec<Contact>,
    pub(crate) span: Span,
    pub(crate) recurrence: Option<Recurrence>,
    /// In which occurrences of a series are held: local time stays the same when the clocks change.
    pub(crate) zone: TimeZone,
    /// The change of the mailbox that wrote it; makes the tag of the version.
    pub(crate) change: u64,
}

/// When something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// Between two instants.
    Timed { start: Timestamp, end: Timestamp },
    /// Whole days, the last one included.
    Days { first: Date, last: Date },
}

impl Span {
    /// First instant and the first one after, where dates are those of `zone`.
    pub(crate) fn interval(&self, zone: &TimeZone) -> (Timestamp, Timestamp) {
        match *self {
            Self::Timed { start, end } => (start, end),
            Self::Days { first, last } => (midnight(first, zone), midnight(add_days(last, 1), zone)),
        }
    }

    /// Whether it touches `[from, to)`. What has no length touches where it stands.
    pub(crate) fn touches(&self, zone: &TimeZone, from: Timestamp, to: Timestamp) -> bool {
        let (start, end) = self.interval(zone);
        let (start, end) = (start.min(end), end.max(start));
        start < to && (end > from || (start == end && start >= from))
    }
}

/// How a series repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recurrence {
    /// Every so many days, so many times.
    Days { every: u32, count: u32 },
    /// On some weekdays of every so many weeks, without end.
    Weeks { every: u32, days: Weekdays },
}

impl Recurrence {
    /// The number of the occurrence on a day, if there is one; the first occurrence is number 0. For series of
    /// weeks it is the number of days since the first, which tells occurrences apart as well.
    fn on(self, first: Date, day: Date) -> Option<i64> {
        let since = days_between(first, day);
        if since < 0 {
            return None;
        }
        match self {
            Self::Days { every, count } => {
                let every = i64::from(every.max(1));
                (since % every == 0 && since / every < i64::from(count)).then_some(since / every)
            }
            Self::Weeks { every, days } => {
                let monday = add_days(first, -i64::from(first.weekday().to_monday_zero_offset()));
                let week = days_between(monday, day) / 7;
                (days.contains(day.weekday()) && week % i64::from(every.max(1)) == 0).then_some(since)
            }
        }
    }
}

/// A set of weekdays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Weekdays(u8);

impl Weekdays {
    pub(crate) const WORKING: Self = Self(0b1_1111);

    /// One day, counted from Monday = 0.
    pub(crate) fn one(from_monday: u64) -> Self {
        Self(1 << (from_monday % 7))
    }

    fn contains(self, day: Weekday) -> bool {
        self.0 & (1 << day.to_monday_zero_offset()) != 0
    }

    /// In order from Monday.
    pub(crate) fn iter(self) -> impl Iterator<Item = Weekday> {
        (0..7).filter(move |n| self.0 & (1 << n) != 0).filter_map(|n| Weekday::from_monday_zero_offset(n).ok())
    }
}

/// What an instance is in the eyes of Exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InstanceKind {
    Single,
    Occurrence,
    Exception,
    Master,
}

/// One instance: a single appointment itself, or one occurrence of a series.
#[derive(Clone, Debug)]
pub(crate) struct Instance<'a> {
    pub(crate) item: &'a Item,
    pub(crate) kind: InstanceKind,
    pub(crate) id: Cow<'a, str>,
    pub(crate) span: Span,
    /// Where an occurrence stood before it was moved.
    pub(crate) original: Option<Span>,
    /// An occurrence that was cancelled on its own.
    pub(crate) called_off: bool,
}

impl Instance<'_> {
    pub(crate) fn cancelled(&self) -> bool {
        self.item.cancelled || self.called_off
    }

    /// A cancelled occurrence no longer takes up time.
    pub(crate) fn show_as(&self) -> &str {
        if self.called_off { "free" } else { &self.item.kind }
    }

    pub(crate) fn subject(&self) -> Cow<'_, str> {
        if self.called_off {
            Cow::Owned(format!("Abgesagt: {}", self.item.subject))
        } else {
            Cow::Borrowed(&self.item.subject)
        }
    }
}

/// What became of one occurrence of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    AsPlanned,
    /// Later by so many minutes.
    Moved(i64),
    CalledOff,
    Deleted,
}

/// Where an occurrence's id begins to tell its day.
const DAY_MARK: char = '~';

/// The id of the occurrence that was planned for a day.
fn occurrence_id(master: &str, day: Date) -> String {
    format!("{master}{DAY_MARK}{day}")
}

/// The master's id and the day, if this is the id of an occurrence.
pub(crate) fn parse_occurrence_id(id: &str) -> Option<(&str, Date)> {
    let (master, day) = id.rsplit_once(DAY_MARK)?;
    Some((master, day.parse().ok()?))
}

impl Item {
    /// The item itself as one instance: a single appointment, or the master of a series.
    pub(crate) fn itself(&self) -> Instance<'_> {
        let master = self.recurrence.is_some() || self.shown_as_master;
        Instance {
            item: self,
            kind: if master { InstanceKind::Master } else { InstanceKind::Single },
            id: Cow::Borrowed(&self.id),
            span: self.span,
            original: None,
            called_off: false,
        }
    }

    /// The instances that touch `[from, to)`, in order of time. Dates of all-day instances are those of `owner`.
    pub(crate) fn instances<'a>(
        &'a self,
        owner: &TimeZone,
        (from, to): (Timestamp, Timestamp),
        fate: impl Fn(Date) -> Fate,
        out: &mut Vec<Instance<'a>>,
    ) {
        let Some(recurrence) = self.recurrence else {
            if self.span.touches(owner, from, to) {
                out.push(self.itself());
            }
            return;
        };
        let zone = if matches!(self.span, Span::Days { .. }) { owner } else { &self.zone };
        let (first, length) = self.planned(zone);
        // An occurrence may have begun its own length before the window, and may have been moved by less than a day.
        let mut day = add_days(zone.to_datetime(from).date(), -length - 2).max(first);
        let last = add_days(zone.to_datetime(to).date(), 1);
        if let Recurrence::Days { every, count } = recurrence {
            let over = add_days(first, i64::from(every) * i64::from(count));
            if day > over {
                return;
            }
        }
        while day <= last {
            if recurrence.on(first, day).is_some()
                && let Some(instance) = self.occurrence(zone, day, fate(day))
                && instance.span.touches(owner, from, to)
            {
                out.push(instance);
            }
            let next = add_days(day, 1);
            if next == day {
                break;
            }
            day = next;
        }
    }

    /// The one occurrence planned for a day, unless it was deleted.
    pub(crate) fn occurrence_on(&self, owner: &TimeZone, day: Date, fate: Fate) -> Option<Instance<'_>> {
        let zone = if matches!(self.span, Span::Days { .. }) { owner } else { &self.zone };
        self.recurrence?.on(self.planned(zone).0, day)?;
        self.occurrence(zone, day, fate)
    }

    /// The day of the first occurrence and how many days an occurrence reaches.
    fn planned(&self, zone: &TimeZone) -> (Date, i64) {
        match self.span {
            Span::Timed { start, end } => {
                let first = zone.to_datetime(start).date();
                (first, days_between(first, zone.to_datetime(end).date()).max(0))
            }
            Span::Days { first, last } => (first, days_between(first, last).max(0)),
        }
    }

    fn occurrence(&self, zone: &TimeZone, day: Date, fate: Fate) -> Option<Instance<'_>> {
        if fate == Fate::Deleted {
            return None;
        }
        let by = days_between(self.planned(zone).0, day);
        let planned = match self.span {
            Span::Timed { start, end } => Span::Timed { start: shifted(start, zone, by), end: shifted(end, zone, by) },
            Span::Days { first, last } => Span::Days { first: add_days(first, by), last: add_days(last, by) },
        };
        let (kind, span) = match (fate, planned) {
            (Fate::Moved(minutes), Span::Timed { start, end }) => {
                let later = jiff::SignedDuration::from_mins(minutes);
                let span =
                    Span::Timed { start: start.saturating_add(later).ok()?, end: end.saturating_add(later).ok()? };
                (InstanceKind::Exception, span)
            }
            (Fate::CalledOff, _) => (InstanceKind::Exception, planned),
            _ => (InstanceKind::Occurrence, planned),
        };
        Some(Instance {
            item: self,
            kind,
            id: Cow::Owned(occurrence_id(&self.id, day)),
            span,
            original: Some(planned),
            called_off: fate == Fate::CalledOff,
        })
    }
}

/// The same local time some days on. A time that the clocks skip moves on by the gap, as Exchange does.
fn shifted(instant: Timestamp, zone: &TimeZone, days: i64) -> Timestamp {
    let local: DateTime = zone.to_datetime(instant);
    let moved = DateTime::from_parts(add_days(local.date(), days), local.time());
    zone.to_timestamp(moved).unwrap_or(instant)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    fn item(span: Span, recurrence: Option<Recurrence>) -> Item {
        Item {
            id: "s".into(),
            subject: "Stand-up".into(),
            kind: Cow::Borrowed("busy"),
            sensitivity: Sensitivity::Normal,
            response: Response::None,
            cancelled: false,
            draft: false,
            shown_as_master: false,
            location: Cow::Borrowed(""),
            organizer: None,
            attendees: Vec::new(),
            span,
            recurrence,
            zone: berlin(),
            change: 0,
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn seen(item: &Item, from: &str, to: &str, fate: impl Fn(Date) -> Fate) -> Vec<(String, Span)> {
        let mut out = Vec::new();
        item.instances(&berlin(), (at(from), at(to)), fate, &mut out);
        out.into_iter().map(|instance| (instance.id.into_owned(), instance.span)).collect()
    }

    #[test]
    fn occurrences_keep_their_local_time_when_the_clocks_change() {
        let span = Span::Timed { start: at("2026-10-23T07:00:00Z"), end: at("2026-10-23T07:15:00Z") };
        let series = item(span, Some(Recurrence::Days { every: 1, count: 4 }));
        let seen = seen(&series, "2026-10-01T00:00:00Z", "2026-12-01T00:00:00Z", |_| Fate::AsPlanned);
        let starts: Vec<_> = seen.iter().map(|(_, span)| span.interval(&berlin()).0.to_string()).collect();
        assert_eq!(
            starts,
            ["2026-10-23T07:00:00Z", "2026-10-24T07:00:00Z", "2026-10-25T08:00:00Z", "2026-10-26T08:00:00Z"]
        );
        assert_eq!(seen[2].0, "s~2026-10-25");
    }

    #[test]
    fn every_second_week_means_every_second_week_of_mondays() {
        let span = Span::Timed { start: at("2026-11-05T09:00:00Z"), end: at("2026-11-05T10:00:00Z") };
        let series = item(span, Some(Recurrence::Weeks { every: 2, days: Weekdays::one(3) }));
        let seen = seen(&series, "2026-11-01T00:00:00Z", "2026-12-10T00:00:00Z", |_| Fate::AsPlanned);
        let days: Vec<_> = seen.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(days, ["s~2026-11-05", "s~2026-11-19", "s~2026-12-03"]);
    }

    #[test]
    fn what_touches_the_window_is_in_it_and_what_only_borders_is_not() {
        let span = Span::Timed { start: at("2026-11-24T09:00:00Z"), end: at("2026-11-24T10:00:00Z") };
        let single = item(span, None);
        let count = |from, to| seen(&single, from, to, |_| Fate::AsPlanned).len();
        assert_eq!(count("2026-11-24T09:59:59Z", "2026-11-24T12:00:00Z"), 1);
        assert_eq!(count("2026-11-24T10:00:00Z", "2026-11-24T12:00:00Z"), 0);
        assert_eq!(count("2026-11-24T08:00:00Z", "2026-11-24T09:00:00Z"), 0);
    }

    #[test]
    fn an_all_day_item_lasts_from_midnight_to_midnight_where_the_owner_is() {
        let day = date(2026, 10, 25);
        let (start, end) = Span::Days { first: day, last: day }.interval(&berlin());
        assert_eq!(end.duration_since(start).as_hours(), 25);
    }

    #[test]
    fn an_occurrence_can_be_moved_called_off_or_deleted() {
        let span = Span::Timed { start: at("2026-11-23T09:00:00Z"), end: at("2026-11-23T10:00:00Z") };
        let series = item(span, Some(Recurrence::Days { every: 1, count: 3 }));
        let fate = |day: Date| match day.day() {
            23 => Fate::Moved(30),
            24 => Fate::CalledOff,
            _ => Fate::Deleted,
        };
        let mut out = Vec::new();
        series.instances(&berlin(), (at("2026-11-23T00:00:00Z"), at("2026-11-30T00:00:00Z")), fate, &mut out);
        let kinds: Vec<_> = out.iter().map(|i| (i.kind, i.cancelled(), i.show_as().to_owned())).collect();
        assert_eq!(
            kinds,
            [(InstanceKind::Exception, false, "busy".to_owned()), (InstanceKind::Exception, true, "free".to_owned())]
        );
        assert_eq!(out[0].span.interval(&berlin()).0, at("2026-11-23T09:30:00Z"));
        assert_eq!(parse_occurrence_id(&out[1].id), Some(("s", date(2026, 11, 24))));
    }
}
