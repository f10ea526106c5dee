//! One mailbox: what the company has put into its calendar, and over it what was entered or removed since.

pub(crate) mod item;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use self::item::{Fate, Instance, InstanceKind, Item, parse_occurrence_id};
use crate::company::{Company, people::Person};

/// Most items that may be entered into one mailbox.
const MAX_OWN: usize = 10_000;
/// Most changes that one mailbox remembers for delta rounds; older tokens are lost.
const MAX_LOG: usize = 1_000;

/// Whether Exchange lets anybody into the mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Access {
    #[default]
    Granted,
    /// No mailbox in the cloud: unlicensed, on-premises, deleted.
    Missing,
    /// The application is kept out of it.
    Denied,
}

/// What the mailbox lets Exchange's service account see of its calendar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum EwsRight {
    /// All but what is private.
    #[default]
    Reviewer,
    /// When the owner is taken.
    Availability,
    /// When the owner is taken, merged into digits.
    Merged,
    None,
}

/// Where a mailbox lives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Home {
    /// In both worlds at once, which no real one does: one calendar can be compared.
    #[default]
    Both,
    /// In Exchange Online: Graph reads it, the server here does not know it.
    Cloud,
    /// On the server here: Graph does not know it.
    Server,
    /// On the server here, and on its way to another database.
    Moving,
}

/// A change since the start.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) number: u64,
    pub(crate) id: String,
    /// What was there before.
    pub(crate) before: Option<Arc<Item>>,
}

/// What is different from the calendar that the company made.
#[derive(Debug)]
pub(crate) struct Mailbox {
    own: BTreeMap<String, Arc<Item>>,
    /// The company's items, and single occurrences of any series, that are not shown.
    hidden: BTreeSet<String>,
    /// Whether the company's items are shown at all.
    filled: bool,
    log: VecDeque<Change>,
    change: u64,
    /// Delta tokens of an earlier generation are lost.
    pub(crate) generation: u64,
    pub(crate) access: Access,
    pub(crate) ews: EwsRight,
    /// Whether Exchange's service account may act for the owner.
    pub(crate) impersonable: bool,
    pub(crate) home: Home,
    /// What the mailbox's settings say in place of the person's zone; may be empty or nonsense.
    pub(crate) zone_name: Option<String>,
    /// The zone in which all-day items and series are held.
    pub(crate) zone: TimeZone,
}

impl Mailbox {
    pub(crate) fn new(zone: TimeZone, filled: bool) -> Self {
        Self {
            own: BTreeMap::new(),
            hidden: BTreeSet::new(),
            filled,
            log: VecDeque::new(),
            change: 0,
            generation: 0,
            access: Access::Granted,
            ews: EwsRight::default(),
            impersonable: true,
            home: Home::default(),
            zone_name: None,
            zone,
        }
    }

    /// The number of the latest change.
    pub(crate) fn change(&self) -> u64 {
        self.change
    }

    /// Everything that could touch `[from, to)`.
    pub(crate) fn items(
        &self,
        company: &Company,
        person: &Person,
        (from, to): (Timestamp, Timestamp),
    ) -> Vec<Arc<Item>> {
        let made = if self.filled { company.items(person, from, to) } else { Vec::new() };
        let made = made.into_iter().filter(|item| !self.hidden.contains(&item.id)).map(Arc::new);
        made.chain(self.own.values().cloned()).collect()
    }

    /// The instances in `[from, to)`: first what is single, then what is of a series, each by time, as Exchange
    /// lists them.
    pub(crate) fn instances<'a>(
        &self,
        company: &Company,
        person: &Person,
        items: &'a [Arc<Item>],
        window: (Timestamp, Timestamp),
    ) -> Vec<Instance<'a>> {
        let mut out = Vec::new();
        for item in items {
            item.instances(&self.zone, window, |day| self.fate(company, person, &item.id, day), &mut out);
        }
        out.retain(|instance| !self.hides(instance));
        out.sort_by(|a, b| {
            let key = |i: &Instance<'_>| {
                (!matches!(i.kind, InstanceKind::Single | InstanceKind::Master), i.span.interval(&self.zone).0)
            };
            key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id))
        });
        out
    }

    /// The instances in `[from, to)` with their intervals, by time, as Exchange's own view has them: all-day items
    /// where they were entered, and also what ends exactly at `from`.
    pub(crate) fn timeline<'a>(
        &self,
        company: &Company,
        person: &Person,
        items: &'a [Arc<Item>],
        (from, to): (Timestamp, Timestamp),
    ) -> Vec<(Timestamp, Timestamp, Instance<'a>)> {
        let from = from.saturating_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(from);
        let mut out = Vec::new();
        for item in items {
            item.instances(&item.zone, (from, to), |day| self.fate(company, person, &item.id, day), &mut out);
        }
        out.retain(|instance| !self.hides(instance));
        let mut out: Vec<_> = out
            .into_iter()
            .map(|instance| {
                let (start, end) = instance.span.interval(&instance.item.zone);
                (start, end, instance)
            })
            .collect();
        out.sort_by(|a, b| (a.0, a.1, &a.2.id).cmp(&(b.0, b.1, &b.2.id)));
        out
    }

    /// What an id names: an item, or the master of an occurrence together with the occurrence's day.
    pub(crate) fn find(&self, company: &Company, person: &Person, id: &str) -> Option<(Arc<Item>, Option<Date>)> {
        if let Some(item) = self.item(company, person, id) {
            return Some((item, None));
        }
        let (master, day) = parse_occurrence_id(id)?;
        let item = self.item(company, person, master)?;
        let fate = self.fate(company, person, master, day);
        let there = !self.hidden.contains(id) && item.occurrence_on(&self.zone, day, fate).is_some();
        there.then_some((item, Some(day)))
    }

    /// The one instance that `find` found.
    pub(crate) fn instance<'a>(
        &self,
        company: &Company,
        person: &Person,
        item: &'a Item,
        day: Option<Date>,
    ) -> Option<Instance<'a>> {
        match day {
            None => Some(item.itself()),
            Some(day) => item.occurrence_on(&self.zone, day, self.fate(company, person, &item.id, day)),
        }
    }

    fn item(&self, company: &Company, person: &Person, id: &str) -> Option<Arc<Item>> {
        if let Some(item) = self.own.get(id) {
            return Some(Arc::clone(item));
        }
        let made = self.filled && !self.hidden.contains(id);
        if made { company.find(person, id).map(Arc::new) } else { None }
    }

    fn fate(&self, company: &Company, person: &Person, master: &str, day: Date) -> Fate {
        if self.own.contains_key(master) { Fate::AsPlanned } else { company.fate(person, master, day) }
    }

    /// An occurrence that was removed or replaced on its own; the replacement itself is not hidden.
    fn hides(&self, instance: &Instance<'_>) -> bool {
        matches!(instance.kind, InstanceKind::Occurrence | InstanceKind::Exception)
            && self.hidden.contains(&*instance.id)
    }

    /// The items that were entered, by id.
    pub(crate) fn own(&self) -> impl Iterator<Item = &Arc<Item>> {
        self.own.values()
    }

    /// Adds an item or replaces the one of its id. `false`: the mailbox is full.
    pub(crate) fn put(&mut self, company: &Company, person: &Person, mut item: Item) -> bool {
        let found = self.find(company, person, &item.id);
        if self.own.len() >= MAX_OWN && !self.own.contains_key(&item.id) {
            return false;
        }
        let id = item.id.clone();
        if found.is_some() {
            self.hidden.insert(id.clone());
        }
        // A series that is entered anew has all its occurrences again.
        self.hidden.retain(|hidden| parse_occurrence_id(hidden).is_none_or(|(master, _)| master != id));
        item.change = self.note(id.clone(), found.map(|(item, _)| item));
        self.own.insert(id, Arc::new(item));
        true
    }

    /// Removes what an id names: an item with all its occurrences, or one occurrence.
    pub(crate) fn remove(&mut self, company: &Company, person: &Person, id: &str) -> bool {
        let Some((found, _)) = self.find(company, person, id) else { return false };
        if self.own.remove(id).is_none() {
            self.hidden.insert(id.to_owned());
        }
        self.note(id.to_owned(), Some(found));
        true
    }

    /// Empties the calendar, for good.
    pub(crate) fn clear(&mut self) {
        self.own.clear();
        self.filled = false;
        self.change += 1;
        // So much at once is more than the log tells: clients read all again.
        self.forget();
    }

    /// Loses every delta token given out so far.
    pub(crate) fn forget(&mut self) {
        self.log.clear();
        self.generation += 1;
    }

    fn note(&mut self, id: String, before: Option<Arc<Item>>) -> u64 {
        self.change += 1;
        self.log.push_back(Change { number: self.change, id, before });
        if self.log.len() > MAX_LOG {
            self.log.pop_front();
        }
        self.change
    }

    /// The changes after a number, or nothing if they are no longer all known.
    pub(crate) fn changes_since(&self, number: u64) -> Option<Vec<&Change>> {
        let forgotten = self.change - u64::try_from(self.log.len()).unwrap_or(u64::MAX);
        (number >= forgotten).then(|| self.log.iter().filter(|change| change.number > number).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::item::Recurrence;

    fn window() -> (Timestamp, Timestamp) {
        ("2026-11-23T00:00:00Z".parse().unwrap(), "2026-12-07T00:00:00Z".parse().unwrap())
    }

    fn ids(mailbox: &Mailbox, company: &Company) -> Vec<String> {
        let person = &company.people[1];
        let items = mailbox.items(company, person, window());
        mailbox.instances(company, person, &items, window()).into_iter().map(|i| i.id.into_owned()).collect()
    }

    #[test]
    fn anything_that_a_calendar_shows_can_be_found_replaced_and_removed() {
        let company = Company::new(1, 10);
        let person = &company.people[1];
        let mut mailbox = Mailbox::new(person.zone.clone(), true);
        let all = ids(&mailbox, &company);
        assert!(all.len() > 20, "{}", all.len());
        for id in &all {
            assert!(mailbox.find(&company, person, id).is_some(), "{id}");
        }
        let (single, occurrence) = (all.first().unwrap(), all.last().unwrap());
        assert!(mailbox.remove(&company, person, single) && mailbox.remove(&company, person, occurrence));
        assert!(!mailbox.remove(&company, person, single));
        assert_eq!(ids(&mailbox, &company).len(), all.len() - 2);
        let mut replacement = Item::clone(&mailbox.find(&company, person, &all[1]).unwrap().0);
        replacement.subject = "Anders".to_owned();
        assert!(mailbox.put(&company, person, replacement));
        assert_eq!(ids(&mailbox, &company).len(), all.len() - 2);
        assert_eq!(mailbox.find(&company, person, &all[1]).unwrap().0.subject, "Anders");
        assert_eq!(mailbox.changes_since(0).map(|changes| changes.len()), Some(3));
    }

    #[test]
    fn an_emptied_calendar_stays_empty() {
        let company = Company::new(1, 10);
        let person = &company.people[1];
        let mut mailbox = Mailbox::new(person.zone.clone(), true);
        mailbox.clear();
        assert!(ids(&mailbox, &company).is_empty());
        let mut series = company.items(person, window().0, window().1).remove(0);
        series.id = "mine".to_owned();
        series.recurrence = Some(Recurrence::Days { every: 1, count: 2000 });
        assert!(mailbox.put(&company, person, series));
        assert_eq!(ids(&mailbox, &company).len(), 14);
        assert!(mailbox.remove(&company, person, "mine~2026-11-25"));
        assert_eq!(ids(&mailbox, &company).len(), 13);
    }
}
