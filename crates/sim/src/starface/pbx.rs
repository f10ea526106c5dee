//! The PBX itself: accounts, groups, and everything that happens to them, logged and told to those who listen.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use busylamp_core::account::Presence;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    account::{Account, Key, KeyKind, Redirect},
    version::{SetUp, StarfaceVersion},
};
use crate::company::{
    Company,
    people::{TEAM, department},
};

/// The account that programs sign in with.
pub(crate) const SERVICE_ACCOUNT: u32 = 1;
/// Its login.
pub(crate) const SERVICE_LOGIN: &str = "0001";
/// The group whose members' calendars are followed.
pub(crate) const GROUP: &str = "Kalender";
const GROUP_ID: u32 = 9001;
/// Most writes that are remembered.
const MAX_WRITES: usize = 250_000;
/// Most events that the bridge remembers (bridge contract, "Inside the PBX").
const MAX_EVENTS: usize = 10_000;

/// Through what a change came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Through {
    Rest,
    Bridge,
    /// Somebody at a phone or in an app.
    Hand,
    /// Another program, of its own accord.
    Rival,
}

/// A write that arrived.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Write {
    pub(crate) number: u64,
    pub(crate) instant: Timestamp,
    pub(crate) account: u32,
    pub(crate) dimension: String,
    pub(crate) value: String,
    pub(crate) interface: &'static str,
}

/// What changes of a user's state; absent is unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StateChange {
    pub(crate) dnd: Option<bool>,
    pub(crate) presence: Option<Presence>,
    pub(crate) text: Option<String>,
}

/// Something that the bridge tells.
#[derive(Clone, Debug)]
pub(crate) struct BridgeEvent {
    pub(crate) number: u64,
    pub(crate) account: u32,
    pub(crate) change: StateChange,
    pub(crate) by_bridge: bool,
}

/// A group of the PBX.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) number: String,
    pub(crate) members: BTreeSet<u32>,
}

/// The PBX.
#[derive(Debug)]
pub(crate) struct Pbx {
    pub(crate) set_up: SetUp,
    /// In order of their ids.
    pub(crate) accounts: BTreeMap<u32, Account>,
    pub(crate) groups: Vec<Group>,
    /// The owner of each busy lamp key, by key; and the keys that show each account.
    lamps: HashMap<u32, BTreeSet<(u32, String)>>,
    key_owner: HashMap<String, u32>,
    writes: VecDeque<Write>,
    next_write: u64,
    pub(crate) events: VecDeque<BridgeEvent>,
    next_event: u64,
    /// Restarts of the bridge: cursors of an earlier one are lost.
    pub(crate) epoch: u64,
    /// Members that careless clients lost, by path.
    pub(crate) lost_members: BTreeMap<String, u64>,
    /// How often an entry without a destination was switched on.
    pub(crate) enabled_nowhere: u64,
    /// How often each phone was provisioned.
    pub(crate) provisioned: BTreeMap<String, u64>,
}

impl Pbx {
    pub(crate) fn new(company: &Company, version: StarfaceVersion) -> Self {
        let mut pbx = Self {
            set_up: SetUp::new(version),
            accounts: BTreeMap::new(),
            groups: Vec::new(),
            lamps: HashMap::new(),
            key_owner: HashMap::new(),
            writes: VecDeque::new(),
            next_write: 1,
            events: VecDeque::new(),
            next_event: 1,
            epoch: 1,
            lost_members: BTreeMap::new(),
            enabled_nowhere: 0,
            provisioned: BTreeMap::new(),
        };
        for (id, login, family, email) in
            [(SERVICE_ACCOUNT, SERVICE_LOGIN, "Busylamp", ""), (1000, "1000", "Zentrale", "")]
        {
            pbx.add(Account {
                id,
                login: login.to_owned(),
                given: String::new(),
                family: family.to_owned(),
                email: email.to_owned(),
                english: false,
                dnd: false,
                presence: Presence::Unavailable,
                text: String::new(),
                redirects: Vec::new(),
                keys: Vec::new(),
                refuses: BTreeSet::new(),
                rival: None,
            });
        }
        for person in &company.people {
            let first = person.team * TEAM;
            let colleagues = &company.people[first..(first + TEAM).min(company.people.len())];
            pbx.add(Account::of(person, colleagues, company.seed));
        }
        pbx.groups.push(Group {
            id: GROUP_ID,
            name: GROUP.to_owned(),
            number: "9900".to_owned(),
            members: company.people.iter().map(|person| person.account).collect(),
        });
        for (team, members) in company.people.chunks(TEAM).enumerate() {
            let place = u32::try_from(team).unwrap_or(u32::MAX / 2);
            pbx.groups.push(Group {
                id: GROUP_ID + 1 + place,
                name: format!("{} {}", department(team).name, team + 1),
                number: format!("9{:03}", team % 1000),
                members: members.iter().map(|person| person.account).collect(),
            });
        }
        pbx
    }

    /// Adds an account, or replaces the one of its id.
    pub(crate) fn add(&mut self, account: Account) {
        for key in &account.keys {
            self.key_owner.insert(key.id.clone(), account.id);
            if let KeyKind::BusyLamp(shown) = key.kind {
                self.lamps.entry(shown).or_default().insert((account.id, key.id.clone()));
            }
        }
        self.accounts.insert(account.id, account);
    }

    /// Deletes an account; keys that show it stay on others' phones.
    pub(crate) fn remove(&mut self, id: u32) -> bool {
        for group in &mut self.groups {
            group.members.remove(&id);
        }
        self.accounts.remove(&id).is_some()
    }

    /// The keys on others' phones that show an account.
    pub(crate) fn lamps(&self, shown: u32) -> impl Iterator<Item = (u32, &Key)> {
        let places = self.lamps.get(&shown).into_iter().flatten();
        places
            .filter_map(|(owner, id)| Some((*owner, self.accounts.get(owner)?.keys.iter().find(|key| key.id == *id)?)))
    }

    fn log(&mut self, now: Timestamp, account: u32, dimension: String, value: String, through: Through) {
        let interface = match through {
            Through::Rest => "rest",
            Through::Bridge => "bridge",
            Through::Hand | Through::Rival => return,
        };
        self.writes.push_back(Write { number: self.next_write, instant: now, account, dimension, value, interface });
        self.next_write += 1;
        if self.writes.len() > MAX_WRITES {
            self.writes.pop_front();
        }
    }

    /// The writes after a number.
    pub(crate) fn writes_since(&self, number: u64) -> impl Iterator<Item = &Write> {
        let start = self.writes.partition_point(|write| write.number <= number);
        self.writes.range(start..)
    }

    /// Changes a user's state.
    pub(crate) fn change(&mut self, now: Timestamp, id: u32, change: StateChange, through: Through) -> Option<()> {
        let account = self.accounts.get_mut(&id)?;
        let before = (account.dnd, account.presence, account.text.clone());
        account.dnd = change.dnd.unwrap_or(account.dnd);
        account.presence = change.presence.unwrap_or(account.presence);
        if let Some(text) = &change.text {
            account.text.clone_from(text);
        }
        let told = StateChange {
            dnd: change.dnd.filter(|dnd| *dnd != before.0),
            presence: change.presence.filter(|presence| *presence != before.1),
            text: change.text.clone().filter(|text| *text != before.2),
        };
        if let Some(dnd) = change.dnd {
            self.log(now, id, "dnd".to_owned(), dnd.to_string(), through);
        }
        if let Some(presence) = change.presence {
            self.log(now, id, "presence".to_owned(), presence.name().to_owned(), through);
        }
        if let Some(text) = change.text {
            self.log(now, id, "text".to_owned(), text, through);
        }
        if told != StateChange::default() {
            let by_bridge = through == Through::Bridge;
            self.events.push_back(BridgeEvent { number: self.next_event, account: id, change: told, by_bridge });
            self.next_event += 1;
            if self.events.len() > MAX_EVENTS {
                self.events.pop_front();
            }
            if through != Through::Rival {
                self.rival_answers(now, id);
            }
        }
        Some(())
    }

    /// The cursor after everything that has happened.
    pub(crate) fn cursor(&self) -> String {
        format!("{:x}-{:x}", self.epoch, self.next_event - 1)
    }

    /// What happened after a cursor, or nothing if it is too old or of another life of the bridge.
    pub(crate) fn events_since(&self, cursor: &str) -> Option<impl Iterator<Item = &BridgeEvent>> {
        let (epoch, number) = cursor.split_once('-')?;
        let (epoch, number) = (u64::from_str_radix(epoch, 16).ok()?, u64::from_str_radix(number, 16).ok()?);
        let oldest = self.events.front().map_or(self.next_event, |event| event.number);
        if epoch != self.epoch || number >= self.next_event || number + 1 < oldest {
            return None;
        }
        Some(self.events.range(self.events.partition_point(|event| event.number <= number)..))
    }

    /// Restarts the bridge: it forgets its events and knows no cursor.
    pub(crate) fn restart_bridge(&mut self) {
        self.epoch += 1;
        self.events.clear();
    }

    /// An entry of a user's diversions.
    pub(crate) fn redirect(&mut self, account: u32, id: &str) -> Option<&mut Redirect> {
        self.accounts.get_mut(&account)?.redirects.iter_mut().find(|redirect| redirect.id == id)
    }

    /// Notes that a diversion was written.
    pub(crate) fn note_redirect(
        &mut self,
        now: Timestamp,
        account: u32,
        id: &str,
        lost: Vec<String>,
        through: Through,
    ) {
        let Some(redirect) = self.redirect(account, id) else { return };
        let (enabled, nowhere) = (redirect.enabled, redirect.destination.place().is_empty());
        if enabled && nowhere && matches!(through, Through::Rest | Through::Bridge) {
            self.enabled_nowhere += 1;
        }
        for path in lost {
            *self.lost_members.entry(path).or_default() += 1;
        }
        self.log(now, account, format!("diversion:{id}"), enabled.to_string(), through);
    }

    /// A key by its id, with its owner.
    pub(crate) fn key(&mut self, id: &str) -> Option<(u32, &mut Key)> {
        let owner = *self.key_owner.get(id)?;
        let key = self.accounts.get_mut(&owner)?.keys.iter_mut().find(|key| key.id == id)?;
        Some((owner, key))
    }

    /// Relabels a key and points it at an account. The write counts for the user whom it shows.
    pub(crate) fn write_key(&mut self, now: Timestamp, id: &str, name: String, shows: Option<u32>, through: Through) {
        let Some((owner, key)) = self.key(id) else { return };
        key.name.clone_from(&name);
        let KeyKind::BusyLamp(before) = key.kind else { return };
        let shown = shows.unwrap_or(before);
        key.kind = KeyKind::BusyLamp(shown);
        if shown != before {
            if let Some(keys) = self.lamps.get_mut(&before) {
                keys.remove(&(owner, id.to_owned()));
            }
            self.lamps.entry(shown).or_default().insert((owner, id.to_owned()));
        }
        self.log(now, shown, format!("blf_label:{id}"), name, through);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pbx() -> Pbx {
        Pbx::new(&Company::new(1, 20), StarfaceVersion::default())
    }

    #[test]
    fn changes_by_hand_are_told_and_not_logged_and_repetitions_are_logged_and_not_told() {
        let mut pbx = pbx();
        let start = pbx.cursor();
        let on = StateChange { dnd: Some(true), ..StateChange::default() };
        pbx.change(Timestamp::UNIX_EPOCH, 1001, on.clone(), Through::Hand).unwrap();
        assert_eq!(pbx.writes_since(0).count(), 0);
        pbx.change(Timestamp::UNIX_EPOCH, 1001, on, Through::Bridge).unwrap();
        assert_eq!(pbx.writes_since(0).map(|w| (w.number, w.dimension.as_str())).collect::<Vec<_>>(), [(1, "dnd")]);
        let told: Vec<_> = pbx.events_since(&start).unwrap().map(|event| event.by_bridge).collect();
        assert_eq!(told, [false]);
    }

    #[test]
    fn a_cursor_is_lost_when_the_bridge_restarts_or_forgets() {
        let mut pbx = pbx();
        let start = pbx.cursor();
        for n in 0..MAX_EVENTS {
            let flip = StateChange { dnd: Some(n % 2 == 0), ..StateChange::default() };
            pbx.change(Timestamp::UNIX_EPOCH, 1001, flip, Through::Hand).unwrap();
        }
        assert_eq!(pbx.events_since(&start).map(Iterator::count), Some(MAX_EVENTS));
        let flip = StateChange { dnd: Some(true), ..StateChange::default() };
        pbx.change(Timestamp::UNIX_EPOCH, 1001, flip, Through::Hand).unwrap();
        assert!(pbx.events_since(&start).is_none());
        let now = pbx.cursor();
        assert_eq!(pbx.events_since(&now).map(Iterator::count), Some(0));
        pbx.restart_bridge();
        assert!(pbx.events_since(&now).is_none());
        assert!(pbx.events_since("nonsense").is_none());
    }

    #[test]
    fn every_colleague_in_a_team_has_a_lamp_for_everyone_else() {
        let pbx = pbx();
        assert_eq!(pbx.lamps(1001).count(), TEAM - 1);
        assert!(pbx.lamps(1001).all(|(owner, key)| owner != 1001 && key.kind == KeyKind::BusyLamp(1001)));
    }
}
