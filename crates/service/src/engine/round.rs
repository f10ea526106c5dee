//! One round: step, commit, send (§7.3).

use std::collections::{BTreeMap, BTreeSet};

use busylamp_core::{
    ids::{AccountId, InstanceId, MailAddress},
    journal::{Commits, Journal},
    keeper::{self, Step, UserState},
    ownership::{Claim, owners},
};
use busylamp_store::{NewAgenda, Phase, Scope};
use jiff::{SignedDuration, Timestamp};

use super::{Engine, UserKey, link::Outgoing};
use crate::instances;

/// Who owns accounts that several instances want.
type Owners = BTreeMap<AccountId, InstanceId>;

/// The fact under which an instance's directory is kept.
pub(super) const DIRECTORY: &str = "directory";
/// The fact under which the length is kept at which the telephone system cuts texts (§6.9).
pub(super) const TEXT_LIMIT: &str = "text_limit";
/// The fact under which it is kept where mailboxes were found that are looked for on both sides.
pub(super) const FOUND: &str = "calendar_sides";
/// Users are read again this long before they are due.
const READ_AHEAD: SignedDuration = SignedDuration::from_secs(5);
/// The store is told this often that an unchanged agenda still stands.
const CONFIRM_EVERY: SignedDuration = SignedDuration::from_mins(15);

impl Engine {
    /// Steps everybody who is due.
    pub(super) async fn round(&mut self) {
        let now = self.clock.now();
        if self.commits.tries_again(now) {
            self.dirty.extend(all_users(&self.instances));
        }
        self.forget_agendas().await;
        self.keep_agendas(now).await;
        self.keep_directories().await;
        self.end_pauses(now);
        while let Some((at, key)) = self.due.pop_first() {
            if at > now {
                self.due.insert((at, key));
                break;
            }
            self.dirty.insert(key);
        }
        if self.dirty.is_empty() {
            return;
        }
        self.board_is_old = true;
        let owned = self.owners();
        let journal = self.commits.journal(now);
        let mut steps = Vec::new();
        for key in std::mem::take(&mut self.dirty) {
            if let Some(step) = self.step(&key, &owned, journal, now) {
                steps.push((key, step));
            }
        }
        self.commit(steps, &owned, now).await;
        self.close_settled().await;
    }

    fn step(&self, key: &UserKey, owned: &Owners, journal: Journal, now: Timestamp) -> Option<Step> {
        let instance = self.instances.get(&key.0)?;
        let user = instance.users.get(&key.1)?;
        let live = self.links.get(&instance.config.pbx_key())?.accounts.get(&key.1)?;
        let is_owner = owned.get(&key.1).is_none_or(|owner| *owner == key.0);
        let facts = instance.facts(&key.1, user, live, is_owner, journal, self.started);
        Some(keeper::step(&user.state, &facts, now))
    }

    /// Who owns accounts that several instances want; accounts of a single instance need no judge.
    pub(super) fn owners(&self) -> Owners {
        let mut owned = BTreeMap::new();
        for key in self.links.keys() {
            let sharing: Vec<_> = self.instances.iter().filter(|(_, i)| i.config.pbx_key() == *key).collect();
            if sharing.len() < 2 {
                continue;
            }
            let lists: Vec<(Vec<AccountId>, Vec<AccountId>)> = sharing
                .iter()
                .map(|(_, instance)| {
                    let members = instance.membership.members().iter();
                    let members = members.filter(|account| !instance.pauses.contains_key(*account)).cloned().collect();
                    let holding = instance.users.iter().filter(|(_, user)| !user.state.is_settled());
                    (members, holding.map(|(account, _)| account.clone()).collect())
                })
                .collect();
            let claims: Vec<_> = sharing
                .iter()
                .zip(&lists)
                .map(|((id, instance), (members, holding))| Claim {
                    instance: id,
                    activation: instance.activation,
                    active: instance.is_active(),
                    members,
                    holding,
                })
                .collect();
            owned.extend(owners(&claims));
        }
        owned
    }

    /// Commits all changed states in one transaction, then lets the writes leave. If the store can't commit, users are
    /// stepped once more and told so: then nothing is taken, and what is given back needs no journal to be safe.
    async fn commit(&mut self, steps: Vec<(UserKey, Step)>, owned: &Owners, now: Timestamp) {
        let tries_again = self.commits.tries_again(now);
        let changes = |key: &UserKey, step: &Step| self.state(key).is_some_and(|state| step.changes(state));
        let states: Vec<(&InstanceId, &AccountId, Option<&UserState>)> = steps
            .iter()
            .enumerate()
            // Whether the store has recovered is found out by writing something, changed or not.
            .filter(|(index, (key, step))| changes(key, step) || (tries_again && *index == 0))
            .map(|(_, ((instance, account), step))| {
                (instance, account, (!step.state.is_empty()).then_some(&step.state))
            })
            .collect();
        let learns = tries_again || !states.is_empty();
        let committed = self.store.save_states(&states).await;
        if learns {
            self.figures.committed(committed.is_ok());
        }
        match &committed {
            Ok(()) if learns && self.commits.succeeded() => {
                self.commit_trouble = None;
                self.dirty.extend(all_users(&self.instances));
            }
            Ok(()) => {}
            Err(error) => {
                tracing::error!(%error, advice = error.advice(), "holds can't be stored; nothing is taken until they can");
                self.commits.failed(now);
                self.commit_trouble = Some(error.said());
            }
        }
        for (key, step) in steps {
            let counts = |step: &Step| self.state(&key).is_some_and(|state| step.counts_uncommitted(state));
            let step = if committed.is_ok() || counts(&step) {
                Some(step)
            } else {
                self.step(&key, owned, Journal::Failing, now).filter(counts)
            };
            if let Some(step) = step {
                self.adopt(key, step, now).await;
            }
        }
    }

    fn state(&self, key: &UserKey) -> Option<&UserState> {
        Some(&self.instances.get(&key.0)?.users.get(&key.1)?.state)
    }

    /// Takes over a committed step: state, timers, writes.
    async fn adopt(&mut self, key: UserKey, step: Step, now: Timestamp) {
        let Some(instance) = self.instances.get_mut(&key.0) else { return };
        let Some(user) = instance.users.get_mut(&key.1) else { return };
        if let Some(at) = user.wake.take() {
            self.due.remove(&(at, key.clone()));
        }
        if let Some(at) = user.ahead.take() {
            self.ahead.remove(&(at, key.clone()));
        }
        let released = !user.state.is_settled() && step.state.is_settled();
        let before = std::mem::replace(&mut user.state, step.state);
        user.answers.clear();
        user.flags = step.flags;
        user.report = step.report;
        user.next_is_old = true;
        user.wake = step.wake;
        if let Some(at) = step.wake {
            self.due.insert((at, key.clone()));
            let ahead = at.saturating_sub(READ_AHEAD).unwrap_or(at);
            if ahead > now && user.report.until == Some(at) {
                user.ahead = Some(ahead);
                self.ahead.insert((ahead, key.clone()));
            }
        }
        let (until, waits) = (user.report.until, user.report.waits);
        tracing::trace!(instance = %key.0, account = %key.1, ?until, waits, writes = step.writes.len(), "stepped");
        self.chronicle(&key, &before, now);
        if released {
            // Another instance may have waited for it (§8.6); then this one stands back from now on.
            let sharing = self.instances.iter().filter(|(_, instance)| instance.users.contains_key(&key.1));
            let sharing: Vec<UserKey> = sharing.map(|(id, _)| (id.clone(), key.1.clone())).collect();
            if sharing.len() > 1 {
                self.dirty.extend(sharing);
            }
        }
        let Some(instance) = self.instances.get_mut(&key.0) else { return };
        let Some(user) = instance.users.get_mut(&key.1) else { return };
        let done_with = user.state.is_empty() && !instance.membership.members().contains(&key.1);
        if done_with && instance.is_active() && step.writes.is_empty() {
            instance.users.remove(&key.1);
            self.forget_links();
            return;
        }
        if let Some(cut_at) = step.text_cut_at {
            let learned = instance.text_limit.map_or(cut_at, |known| known.min(cut_at));
            instance.text_limit = Some(learned);
            self.dirty.extend(instance.users.keys().map(|account| (key.0.clone(), account.clone())));
            if let Err(error) = self.store.put_fact(Scope::Instance(&key.0), TEXT_LIMIT, &learned).await {
                tracing::warn!(%error, "the length at which texts are cut can't be stored");
            }
        }
        if step.writes.is_empty() {
            return;
        }
        if let Some(link) = self.links.get_mut(&instance.config.pbx_key()) {
            let activation = instance.activation;
            let (instance, account) = key;
            let decided = tokio::time::Instant::now();
            link.queue(Outgoing { instance, activation, account, decided, writes: step.writes });
        }
    }

    /// Closing instances whose last hold is settled are done with (§7.7).
    pub(super) async fn close_settled(&mut self) {
        let done: Vec<(InstanceId, Phase)> = self
            .instances
            .iter()
            .filter(|(_, instance)| matches!(instance.phase, Phase::Closing | Phase::Removing) && instance.is_settled())
            .map(|(id, instance)| (id.clone(), instance.phase))
            .collect();
        for (id, phase) in done {
            let result = if phase == Phase::Removing {
                self.discard(&id).await
            } else {
                self.store.set_phase(&id, Phase::Inactive).await
            };
            match (result, phase) {
                (Err(error), _) => tracing::warn!(%error, instance = %id, "a closed instance can't be put away"),
                (Ok(()), Phase::Removing) => {
                    self.instances.remove(&id);
                    self.dirty.extend(all_users(&self.instances));
                    self.forget_links();
                }
                (Ok(()), _) => {
                    if let Some(instance) = self.instances.get_mut(&id) {
                        instance.phase = Phase::Inactive;
                    }
                }
            }
        }
    }

    /// Removes an instance that holds nothing any more.
    async fn discard(&self, id: &InstanceId) -> Result<(), busylamp_store::StoreError> {
        let Some(instance) = self.instances.get(id) else { return Ok(()) };
        let states: Vec<(&InstanceId, &AccountId, Option<&UserState>)> =
            instance.users.keys().map(|account| (id, account, None)).collect();
        self.store.save_states(&states).await?;
        instances::forget(&self.store, id).await
    }

    /// Links that no instance uses any more are dropped, and accounts that none is concerned with.
    pub(super) fn forget_links(&mut self) {
        let instances = &self.instances;
        self.links.retain(|key, _| instances.values().any(|instance| instance.config.pbx_key() == *key));
        for (key, link) in &mut self.links {
            let sharing = instances.values().filter(|instance| instance.config.pbx_key() == *key);
            let wanted: BTreeSet<_> = sharing.flat_map(|instance| instance.users.keys().cloned()).collect();
            link.keep_only(&wanted);
        }
    }

    async fn keep_directories(&mut self) {
        for (id, instance) in self.instances.iter_mut().filter(|(_, instance)| instance.found_unkept) {
            // Kept or not: the next change tries again, not the next round.
            instance.found_unkept = false;
            if let Err(error) = self.store.put_fact(Scope::Instance(id), FOUND, &instance.found).await {
                tracing::warn!(instance = %id, %error, "where mailboxes live can't be kept");
            }
        }
        for (id, instance) in self.instances.iter_mut().filter(|(_, instance)| instance.directory_unkept) {
            match self.store.put_fact(Scope::Instance(id), DIRECTORY, &instance.kept_directory()).await {
                Ok(()) => instance.directory_unkept = false,
                Err(error) => {
                    // The next reading of the directory tries again, not the next round.
                    instance.directory_unkept = false;
                    tracing::warn!(instance = %id, %error, "the directory can't be kept");
                }
            }
        }
    }

    /// Calendars that nobody needs any more don't stay at rest.
    async fn forget_agendas(&mut self) {
        for (id, instance) in self.instances.iter_mut().filter(|(_, instance)| !instance.forgotten.is_empty()) {
            let forgotten = std::mem::take(&mut instance.forgotten);
            let mailboxes: Vec<_> = forgotten.iter().map(|mailbox| (id, mailbox)).collect();
            if let Err(error) = self.store.delete_agendas(&mailboxes).await {
                tracing::warn!(instance = %id, %error, "calendars that are not needed any more can't be removed");
                instance.forgotten = forgotten;
            }
        }
    }

    /// Keeps new readings at rest (§8.3), and from time to time that unchanged ones still stand.
    async fn keep_agendas(&mut self, now: Timestamp) {
        // A clock that was set back makes nobody wait longer.
        let failed = self.agendas_failed.map(|failed| now.duration_since(failed));
        if failed.is_some_and(|since| (SignedDuration::ZERO..Commits::PAUSE).contains(&since)) {
            return;
        }
        let mut new = Vec::new();
        let mut stand: BTreeMap<Timestamp, Vec<(&InstanceId, &MailAddress)>> = BTreeMap::new();
        for (id, instance) in &self.instances {
            for (address, mailbox) in &instance.mailboxes {
                let Some((agenda, read_at)) = &mailbox.agenda else { continue };
                match mailbox.kept_at {
                    None => new.push(NewAgenda {
                        instance: id,
                        mailbox: address,
                        read_at: *read_at,
                        reading: instance.policy_stamp,
                        agenda,
                    }),
                    Some(kept) if read_at.duration_since(kept) >= CONFIRM_EVERY => {
                        stand.entry(*read_at).or_default().push((id, address));
                    }
                    Some(_) => {}
                }
            }
        }
        if new.is_empty() && stand.is_empty() {
            return;
        }
        let mut result = self.store.save_agendas(&new).await;
        for (read_at, mailboxes) in &stand {
            if result.is_ok() {
                result = self.store.confirm_agendas(mailboxes, *read_at).await;
            }
        }
        if let Err(error) = &result {
            tracing::warn!(%error, "calendars can't be kept at rest; a restart will have to read them again");
            // What is at rest is older than it seems: it is neither confirmed nor taken for kept.
            self.agendas_failed = Some(now);
            return;
        }
        self.agendas_failed = None;
        for mailbox in self.instances.values_mut().flat_map(|instance| instance.mailboxes.values_mut()) {
            let due = mailbox.agenda.as_ref().map(|(_, at)| *at);
            let told =
                mailbox.kept_at.is_none_or(|kept| due.is_some_and(|at| at.duration_since(kept) >= CONFIRM_EVERY));
            if told {
                mailbox.kept_at = due.map(|at| at.min(now));
            }
        }
    }
}

pub(super) fn all_users(instances: &BTreeMap<InstanceId, super::Instance>) -> impl Iterator<Item = UserKey> + '_ {
    instances.iter().flat_map(|(id, instance)| instance.users.keys().map(|account| (id.clone(), account.clone())))
}
