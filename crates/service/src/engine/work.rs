//! What runs beside the loop, and what becomes of its reports.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use busylamp_calendar::{self as calendar, hybrid::Side};
use busylamp_core::{
    account::{Dimension, Value},
    event::{Agenda, ReadKind},
    hold::Purpose,
    ids::{AccountId, InstanceId, MailAddress},
    keeper::{Answer, Outcome, Write},
    mirror::Ticket,
};
use busylamp_pbx::{AccountWrites, Capabilities, Change, Directory, PbxError, Reading, WriteOutcome};
use busylamp_store::{Reason, Record, Recorded, What};
use jiff::{SignedDuration, Timestamp};

use super::{
    Engine,
    instance::{DIRECTORY_AGAIN, DIRECTORY_EVERY, Instance, User},
    link::{Outgoing, later},
    rhythm::Due,
    round::all_users,
};
use crate::config::PbxKey;

/// How far ahead calendars are read (§8.1), and how far back, so that long events that run are found.
const AHEAD: SignedDuration = SignedDuration::from_hours(14 * 24);
const BACK: SignedDuration = SignedDuration::from_hours(24);
/// A long poll for changes waits at most this long; the bridge allows 25 s.
const LISTEN: SignedDuration = SignedDuration::from_secs(20);
/// What a telephone system can do is asked again this often, and after this when it could not be asked.
const CAPABILITIES_EVERY: SignedDuration = SignedDuration::from_mins(1);
const CAPABILITIES_AGAIN: SignedDuration = SignedDuration::from_secs(15);

/// What came of a piece of work.
pub(super) enum Report {
    Polled {
        instance: InstanceId,
        number: u64,
        side: Side,
        begun: Timestamp,
        stamp: u64,
        outcomes: BTreeMap<MailAddress, calendar::Outcome>,
    },
    Directory {
        instance: InstanceId,
        number: u64,
        result: Result<Directory, PbxError>,
    },
    Capabilities {
        pbx: PbxKey,
        result: Result<Capabilities, PbxError>,
    },
    Read {
        pbx: PbxKey,
        tickets: Vec<(AccountId, Ticket)>,
        result: Result<BTreeMap<AccountId, Result<Reading, PbxError>>, PbxError>,
    },
    Written {
        pbx: PbxKey,
        batch: Vec<Outgoing>,
        outcomes: BTreeMap<AccountId, Vec<(Dimension, WriteOutcome)>>,
    },
    Listened {
        pbx: PbxKey,
        result: Result<Option<Change>, PbxError>,
    },
    Surveyed {
        pbx: PbxKey,
        shown: BTreeSet<AccountId>,
        result: Result<BTreeSet<AccountId>, PbxError>,
    },
}

impl Engine {
    /// Starts whatever is to be done now.
    pub(super) fn start_work(&mut self) {
        let now = self.clock.now();
        self.read_ahead(now);
        for (id, instance) in &mut self.instances {
            if !instance.is_active() {
                continue;
            }
            let Instance { rhythms, readers, mailboxes, .. } = &mut *instance;
            for due in rhythms.begin(readers, mailboxes.keys(), now) {
                self.work.spawn(poll(id.clone(), instance, due, now));
            }
            let Some(link) = self.links.get(&instance.config.pbx_key()) else { continue };
            if !instance.asking_directory && now >= instance.next_directory {
                instance.asking_directory = true;
                let (id, pbx, group) = (id.clone(), link.pbx.clone(), instance.config.group.clone());
                let number = instance.number;
                self.work.spawn(async move {
                    Report::Directory { instance: id, number, result: pbx.directory(&group).await }
                });
            }
        }
        for (key, link) in &mut self.links {
            if !link.asking_capabilities && now >= link.next_capabilities {
                link.asking_capabilities = true;
                let (pbx, key) = (link.pbx.clone(), key.clone());
                self.work.spawn(async move { Report::Capabilities { pbx: key, result: pbx.capabilities().await } });
            }
            if let Some(accounts) = link.take_reading(now) {
                let tickets: Vec<_> = accounts
                    .iter()
                    .filter_map(|account| Some((account.clone(), link.accounts.get(account)?.mirror.begin())))
                    .collect();
                let (pbx, key) = (link.pbx.clone(), key.clone());
                self.work.spawn(async move { Report::Read { pbx: key, tickets, result: pbx.read(&accounts).await } });
            }
            if link.capabilities.as_ref().is_some_and(|can| can.labels) {
                let wanted = || wants_labels(&self.instances, key);
                if let Some(shown) = link.survey.begin(link.accounts.keys(), now, wanted) {
                    let (pbx, key) = (link.pbx.clone(), key.clone());
                    self.work.spawn(async move {
                        let result = pbx.survey_labels(&shown).await;
                        Report::Surveyed { pbx: key, shown, result }
                    });
                }
            }
            while let Some(batch) = link.take_batch() {
                self.work.spawn(write(key.clone(), link.pbx.clone(), batch));
            }
            if link.wants_to_listen(now) {
                link.listening = true;
                let (pbx, key) = (link.pbx.clone(), key.clone());
                self.work.spawn(async move { Report::Listened { pbx: key, result: pbx.changes(LISTEN).await } });
            }
        }
    }

    /// Accounts whose users are due soon are read again first.
    fn read_ahead(&mut self, now: Timestamp) {
        while let Some((at, key)) = self.ahead.pop_first() {
            if at > now {
                self.ahead.insert((at, key));
                return;
            }
            let Some(instance) = self.instances.get_mut(&key.0) else { continue };
            if let Some(user) = instance.users.get_mut(&key.1) {
                user.ahead = None;
            }
            if let Some(link) = self.links.get_mut(&instance.config.pbx_key()) {
                link.read_again(Some(&BTreeSet::from([key.1])));
            }
        }
    }

    /// Takes in what came of a piece of work.
    pub(super) fn report(&mut self, report: Report) {
        let now = self.clock.now();
        self.board_is_old = true;
        match report {
            Report::Polled { instance, number, side, begun, stamp, outcomes } => {
                if self.is_running(&instance, number) {
                    self.polled(&instance, side, begun, stamp, outcomes, now);
                }
            }
            Report::Directory { instance, number, result } => {
                if self.is_running(&instance, number) {
                    self.directory(&instance, result, now);
                }
            }
            Report::Capabilities { pbx, result } => {
                let Some(link) = self.links.get_mut(&pbx) else { return };
                link.asking_capabilities = false;
                let again = if result.is_ok() { CAPABILITIES_EVERY } else { CAPABILITIES_AGAIN };
                link.next_capabilities = later(now, again);
                match result {
                    Ok(capabilities) => link.learn(capabilities, now),
                    Err(error) => link.trouble = Some(error.to_string()),
                }
            }
            Report::Read { pbx, tickets, result } => self.read(&pbx, tickets, result, now),
            Report::Written { pbx, batch, outcomes } => self.written(&pbx, batch, &outcomes, now),
            Report::Surveyed { pbx, shown, result } => {
                let Some(link) = self.links.get_mut(&pbx) else { return };
                match result {
                    Ok(changed) => {
                        link.survey.ended(Some(shown), now);
                        link.read_again(Some(&changed));
                    }
                    Err(error) => {
                        tracing::warn!(pbx = link.name, %error, "the labels of keys can't be read");
                        link.survey.ended(None, now);
                    }
                }
            }
            Report::Listened { pbx, result } => {
                let Some(link) = self.links.get_mut(&pbx) else { return };
                link.listened(now, matches!(result, Ok(None | Some(Change::Accounts(_)))));
                match result {
                    Ok(None) => {}
                    Ok(Some(Change::Accounts(accounts))) => link.read_again(Some(&accounts)),
                    Ok(Some(Change::Lost)) => link.read_again(None),
                    Err(error) => {
                        tracing::warn!(pbx = link.name, %error, "changes can't be listened to");
                        // What happened meanwhile is not known.
                        link.read_again(None);
                    }
                }
            }
        }
    }

    /// Whether this is still the instance that asked.
    fn is_running(&self, id: &InstanceId, number: u64) -> bool {
        self.instances.get(id).is_some_and(|instance| instance.number == number)
    }

    fn polled(
        &mut self,
        id: &InstanceId,
        side: Side,
        begun: Timestamp,
        stamp: u64,
        outcomes: BTreeMap<MailAddress, calendar::Outcome>,
        now: Timestamp,
    ) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        instance.rhythms.ended(side, begun, now);
        if stamp != instance.policy_stamp {
            // The policy has changed meanwhile: what was read by the old one is read again at once.
            instance.rhythms.hurry(now);
        }
        let took = now.duration_since(begun);
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
                    mailbox.trouble = Some(error);
                }
            }
            touched.insert(address);
        }
        let found = instance.readers.found();
        if found != instance.found {
            instance.found = found;
            instance.found_unkept = true;
        }
        tracing::debug!(instance = %id, %side, read, failed, ?took, "the calendar was polled");
        let users = instance.users.iter().filter(|(_, user)| user.mail.as_ref().is_some_and(|m| touched.contains(m)));
        self.dirty.extend(users.map(|(account, _)| (id.clone(), account.clone())));
    }

    fn directory(&mut self, id: &InstanceId, result: Result<Directory, PbxError>, now: Timestamp) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        instance.asking_directory = false;
        let directory = match result {
            Ok(directory) => directory,
            Err(error) => {
                instance.next_directory = later(now, DIRECTORY_AGAIN);
                instance.directory_trouble = Some(error.to_string());
                tracing::warn!(instance = %id, %error, "the directory can't be read");
                return;
            }
        };
        instance.directory_trouble = None;
        let members: BTreeSet<_> = directory.members.iter().map(|user| user.account.clone()).collect();
        let changed = *instance.membership.members() != members;
        if !instance.membership.take(members) {
            instance.next_directory = later(now, DIRECTORY_AGAIN);
            tracing::warn!(instance = %id, "the directory has lost more than half of its users; it is read once more");
            return;
        }
        instance.next_directory = later(now, DIRECTORY_EVERY);
        let mut moved = changed;
        for found in directory.members {
            let user: &mut User = instance.users.entry(found.account.clone()).or_default();
            moved |= user.mail != found.mail || user.name != found.name;
            user.name = found.name;
            user.mail = found.mail;
        }
        if moved {
            instance.directory_stamp += 1;
            instance.directory_unkept = true;
            let known = instance.mailboxes.len();
            let forgotten = instance.sort_mailboxes();
            if instance.mailboxes.len() + forgotten.len() > known {
                instance.rhythms.hurry(now);
            }
            instance.forgotten.extend(forgotten);
            // Those of other instances too: who has left here may be theirs now (§8.6).
            self.dirty.extend(all_users(&self.instances));
        }
        let Some(instance) = self.instances.get_mut(id) else { return };
        let accounts: Vec<_> = instance.users.keys().cloned().collect();
        if let Some(link) = self.links.get_mut(&instance.config.pbx_key()) {
            for account in accounts {
                link.watch(&account);
            }
        }
    }

    fn read(
        &mut self,
        pbx: &PbxKey,
        tickets: Vec<(AccountId, Ticket)>,
        result: Result<BTreeMap<AccountId, Result<Reading, PbxError>>, PbxError>,
        now: Timestamp,
    ) {
        let Some(link) = self.links.get_mut(pbx) else { return };
        link.reading = false;
        let mut readings = match result {
            Ok(readings) => readings,
            Err(error) => {
                tracing::warn!(pbx = link.name, %error, "accounts can't be read");
                link.failed(now, error.to_string());
                // What was seen before says nothing of what people have done since (§7.2).
                for (account, _) in &tickets {
                    if let Some(live) = link.accounts.get_mut(account) {
                        live.mirror.invalidate();
                    }
                }
                link.read_again(Some(&tickets.into_iter().map(|(account, _)| account).collect()));
                return;
            }
        };
        let mut again = BTreeSet::new();
        let (mut answered, mut trouble) = (false, None);
        for (account, ticket) in tickets {
            let Some(live) = link.accounts.get_mut(&account) else { continue };
            let counts = match readings.remove(&account) {
                Some(Ok(Reading::State(state))) => {
                    let missing = |can: &Capabilities| {
                        (can.dnd && state.dnd.is_none()) || (can.presence && state.presence.is_none())
                    };
                    let bridge_away = link.capabilities.as_ref().is_some_and(missing);
                    answered |= !bridge_away;
                    if bridge_away {
                        trouble = Some("what is shown besides diversions can't be read at the moment".to_owned());
                        again.insert(account.clone());
                    }
                    live.mirror.observe(ticket, Some(state))
                }
                Some(Ok(Reading::Gone)) => {
                    answered = true;
                    live.mirror.observe(ticket, None)
                }
                Some(Err(error)) => {
                    trouble = Some(error.to_string());
                    live.mirror.invalidate();
                    false
                }
                None => false,
            };
            if counts {
                let owners = self.instances.iter().filter(|(_, instance)| instance.users.contains_key(&account));
                self.dirty.extend(owners.map(|(id, _)| (id.clone(), account.clone())));
            } else {
                again.insert(account);
            }
        }
        // One account that can't be read must not make the others wait longer and longer.
        if answered || trouble.is_none() {
            link.succeeded(now);
        }
        if let Some(trouble) = trouble {
            link.failed(now, trouble);
        }
        link.read_again(Some(&again));
    }

    fn written(
        &mut self,
        pbx: &PbxKey,
        batch: Vec<Outgoing>,
        outcomes: &BTreeMap<AccountId, Vec<(Dimension, WriteOutcome)>>,
        now: Timestamp,
    ) {
        let Some(link) = self.links.get_mut(pbx) else { return };
        link.batch_ended();
        for outgoing in batch {
            let Some(live) = link.accounts.get_mut(&outgoing.account) else { continue };
            live.in_flight = false;
            let instance = self.instances.get_mut(&outgoing.instance);
            let Some(user) = instance
                .filter(|instance| instance.activation == outgoing.activation)
                .and_then(|instance| instance.users.get_mut(&outgoing.account))
            else {
                // It has moved or is gone: whoever has the hold now reads the account first.
                live.mirror.invalidate();
                link.read_again(Some(&BTreeSet::from([outgoing.account])));
                continue;
            };
            let came: BTreeMap<_, _> =
                outcomes.get(&outgoing.account).into_iter().flatten().map(|(d, o)| (d, o)).collect();
            let mut acknowledged: Vec<(&Dimension, &Value)> = Vec::new();
            let mut answers = Vec::new();
            let mut lost = None;
            for write in &outgoing.writes {
                let outcome = match came.get(&write.dimension) {
                    Some(WriteOutcome::Acknowledged) => {
                        acknowledged.push((&write.dimension, &write.to));
                        self.unrecorded.push(record(&outgoing, write, now));
                        Outcome::Acknowledged
                    }
                    Some(WriteOutcome::Refused { advice }) => {
                        tracing::warn!(account = %outgoing.account, dimension = %write.dimension, advice, "refused");
                        Outcome::Refused
                    }
                    Some(WriteOutcome::NotDone { advice } | WriteOutcome::Unknown { advice }) => {
                        lost = Some(advice.clone());
                        continue;
                    }
                    Some(WriteOutcome::Gone) | None => {
                        lost.get_or_insert_with(|| "the entry is not there any more".to_owned());
                        continue;
                    }
                };
                answers.push(Answer { number: write.number, dimension: write.dimension.clone(), outcome });
            }
            live.mirror.acknowledge(acknowledged);
            if let Some(advice) = lost {
                live.mirror.invalidate();
                link.failed(now, advice);
                link.read_again(Some(&BTreeSet::from([outgoing.account.clone()])));
            }
            user.answers.extend(answers);
            self.dirty.insert((outgoing.instance, outgoing.account));
        }
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

fn record(outgoing: &Outgoing, write: &Write, now: Timestamp) -> Record {
    Record {
        at: now,
        instance: outgoing.instance.clone(),
        account: outgoing.account.clone(),
        what: What::Written,
        dimension: write.dimension.clone(),
        before: Some(Recorded::from(&write.from)),
        after: Some(Recorded::from(&write.to)),
        event: None,
        reason: Reason::new(match write.purpose {
            Purpose::Take => "take",
            Purpose::Change => "change",
            Purpose::Again => "again",
            Purpose::GiveBack => "give_back",
        }),
    }
}

/// One poll of an instance's calendars.
fn poll(id: InstanceId, instance: &Instance, due: Due, now: Timestamp) -> impl Future<Output = Report> + use<> {
    let calendar = instance.readers.calendar();
    let reading = Arc::clone(&instance.reading);
    let zone = instance.config.zone.clone();
    let (stamp, number) = (instance.policy_stamp, instance.number);
    let window = calendar::Window { from: now.saturating_sub(BACK).unwrap_or(Timestamp::MIN), to: later(now, AHEAD) };
    async move {
        let Due { side, mailboxes, full } = due;
        let request = calendar::Request { mailboxes: &mailboxes, window, reading: &reading, zone: &zone, now, full };
        let outcomes = calendar.poll(request).await;
        Report::Polled { instance: id, number, side, begun: now, stamp, outcomes }
    }
}

/// Whether somebody wants labels on this telephone system, or labels of ours are there to be given back.
fn wants_labels(instances: &BTreeMap<InstanceId, Instance>, pbx: &PbxKey) -> bool {
    let holds = |user: &User| user.state.holds().any(|(dimension, _)| matches!(dimension, Dimension::Label(_)));
    instances.values().filter(|instance| instance.config.pbx_key() == *pbx).any(|instance| {
        (instance.is_active() && instance.config.policy.blf_labels) || instance.users.values().any(holds)
    })
}

async fn write(key: PbxKey, pbx: Arc<dyn busylamp_pbx::Pbx>, batch: Vec<Outgoing>) -> Report {
    let writes: Vec<_> = batch
        .iter()
        .map(|outgoing| AccountWrites {
            account: outgoing.account.clone(),
            values: outgoing.writes.iter().map(|write| (write.dimension.clone(), write.to.clone())).collect(),
        })
        .collect();
    let outcomes = pbx.apply(&writes).await;
    Report::Written { pbx: key, batch, outcomes }
}
