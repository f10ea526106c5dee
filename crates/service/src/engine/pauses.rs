//! Users who are left alone for a while (§7.10). A pause is kept in the store before it begins, so it outlives every
//! restart; its end is an instant, and needs no write.

use std::collections::BTreeMap;

use busylamp_core::{ids::AccountId, view::View};
use busylamp_store::{Scope, StoreError};
use jiff::Timestamp;

use super::{Engine, UserKey, instance::Instance};
use crate::user::Outcome;

/// The fact under which an instance's pauses are kept.
const PAUSES: &str = "pauses";

impl Engine {
    /// Pauses a user, or ends the pause. An instant that has passed ends it too.
    pub(super) async fn pause(&mut self, key: &UserKey, until: Option<Timestamp>) -> Result<Outcome, StoreError> {
        let now = self.clock.now();
        let instance = match self.find(key) {
            Ok((instance, _)) => instance,
            Err(unknown) => return Ok(unknown),
        };
        let until = until.filter(|until| *until > now);
        if instance.pauses.get(&key.1).copied() == until {
            return Ok(Outcome::NothingToDo);
        }
        let mut pauses = instance.pauses.clone();
        pauses.remove(&key.1);
        pauses.extend(until.map(|until| (key.1.clone(), until)));
        self.store.put_fact(Scope::Instance(&key.0), PAUSES, &pauses).await?;
        if let Some(instance) = self.instances.get_mut(&key.0) {
            instance.pauses = pauses;
        }
        self.pause_ends.extend(until.map(|until| (until, key.clone())));
        self.reconsider(&key.1);
        Ok(Outcome::Done)
    }

    /// Gives back what is held, by a pause until the events that run now are over.
    pub(super) async fn give_back(&mut self, key: &UserKey) -> Result<Outcome, StoreError> {
        let now = self.clock.now();
        let (instance, user) = match self.find(key) {
            Ok(found) => found,
            Err(unknown) => return Ok(unknown),
        };
        if user.state.is_settled() {
            return Ok(Outcome::NothingToDo);
        }
        let held = user.state.holds().map(|(_, hold)| hold.end).max();
        let running = user.mail.as_ref().and_then(|mail| instance.mailboxes.get(mail)).and_then(|mailbox| {
            let (agenda, _) = mailbox.agenda.as_ref()?;
            let config = &instance.config;
            let zone = mailbox.zone.as_ref().unwrap_or(&config.zone);
            let view = View::new(&config.policy, config.language, zone, agenda, instance.text_limit);
            view.running(now).map(|placed| placed.end).max()
        });
        // An older pause that is longer stays; the state of a user who is paused already is on its way back.
        let until = held.into_iter().chain(running).chain(instance.pauses.get(&key.1).copied()).max();
        match until.filter(|until| *until > now) {
            Some(until) => self.pause(key, Some(until)).await,
            None => Ok(Outcome::NothingToDo),
        }
    }

    /// Ends the pauses that are over.
    pub(super) fn end_pauses(&mut self, now: Timestamp) {
        while let Some((at, key)) = self.pause_ends.pop_first() {
            if at > now {
                self.pause_ends.insert((at, key));
                return;
            }
            let Some(instance) = self.instances.get_mut(&key.0) else { continue };
            // Another pause may have taken its place.
            if instance.pauses.get(&key.1).is_some_and(|until| *until <= now) {
                instance.pauses.remove(&key.1);
                self.reconsider(&key.1);
            }
        }
    }

    /// Takes up the pauses that the store has of an instance.
    pub(super) async fn load_pauses(&mut self, instance: &mut Instance, now: Timestamp) {
        let id = &instance.config.id;
        let mut pauses: BTreeMap<AccountId, Timestamp> = match self.store.fact(Scope::Instance(id), PAUSES).await {
            Ok(pauses) => pauses.unwrap_or_default(),
            Err(error) => {
                tracing::warn!(instance = %id, %error, "pauses can't be read from the store; paused users are served again");
                BTreeMap::new()
            }
        };
        pauses.retain(|_, until| *until > now);
        self.pause_ends.extend(pauses.iter().map(|(account, until)| (*until, (id.clone(), account.clone()))));
        instance.pauses = pauses;
    }

    /// Every instance's user of this account is stepped: who may act on it may have changed (§8.6).
    pub(super) fn reconsider(&mut self, account: &AccountId) {
        let concerned = self.instances.iter().filter(|(_, instance)| instance.users.contains_key(account));
        self.dirty.extend(concerned.map(|(id, _)| (id.clone(), account.clone())));
    }
}
