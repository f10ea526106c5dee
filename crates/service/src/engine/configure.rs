//! Taking up a configuration, at the start and while running (§7.6).

use std::{collections::BTreeMap, sync::Arc};

use busylamp_calendar::hybrid::Side;
use busylamp_core::{
    directory::Membership,
    ids::{AccountId, InstanceId, MailAddress},
    keeper::UserState,
};
use busylamp_store::{Phase, Scope};
use jiff::tz::TimeZone;

use super::{
    Configured, Engine,
    chronicle::Chronicle,
    instance::{Instance, KeptDirectory, KeptUser, ReadMailbox, User},
    link::Link,
    rhythm::Rhythms,
    round::{DIRECTORY, FOUND, TEXT_LIMIT},
};
use crate::readers::Readers;

impl Engine {
    /// Takes up these instances. What an instance held is taken up with it.
    pub(super) async fn configure(&mut self, instances: Vec<Configured>) {
        for configured in instances {
            let id = configured.config.id.clone();
            match self.instances.remove(&id) {
                Some(old) if same_connections(&old, &configured) => {
                    let instance = self.change(old, configured);
                    self.instances.insert(id.clone(), instance);
                }
                // An inactive one has nothing to do; what it parked waits in the store.
                _ if configured.phase == Phase::Inactive => {}
                _ => {
                    if let Some(instance) = self.begin(configured).await {
                        self.instances.insert(id.clone(), instance);
                    }
                }
            }
            if let Some(instance) = self.instances.get(&id) {
                self.dirty.extend(instance.users.keys().map(|account| (id.clone(), account.clone())));
            }
        }
        self.forget_links();
        let now = self.clock.now();
        for link in self.links.values_mut() {
            link.survey.reconsider(now);
        }
        self.board_is_old = true;
        // One without users is nobody's turn.
        self.close_settled().await;
    }

    /// The same connections, another policy: what is stricter holds at once, and every mailbox is read anew if
    /// subjects are to be read differently.
    fn change(&self, mut instance: Instance, configured: Configured) -> Instance {
        let now = self.clock.now();
        let reading = Arc::new(configured.config.policy.reading());
        if reading != instance.reading {
            for mailbox in instance.mailboxes.values_mut() {
                mailbox.agenda = mailbox.agenda.take().map(|(agenda, at)| (agenda.masked_anew(&reading), at));
                mailbox.kept_at = None;
            }
        }
        if reading != instance.reading || configured.config.zone != instance.config.zone {
            instance.rhythms.read_all();
        }
        instance.rhythms.hurry(now);
        instance.next_directory = now;
        instance.policy_stamp = configured.config.policy.fingerprint();
        instance.reading = reading;
        instance.phase = configured.phase;
        instance.activation = configured.activation;
        instance.config = Arc::new(configured.config);
        instance
    }

    /// An instance that was not running, with what the store remembers of it.
    async fn begin(&mut self, configured: Configured) -> Option<Instance> {
        let now = self.clock.now();
        let config = Arc::new(configured.config);
        let id = &config.id;
        let found: BTreeMap<MailAddress, Side> = match self.store.fact(Scope::Instance(id), FOUND).await {
            Ok(found) => found.unwrap_or_default(),
            Err(error) => {
                tracing::warn!(instance = %id, %error, "where mailboxes live can't be read from the store; they are looked for");
                BTreeMap::new()
            }
        };
        let readers = match Readers::new(&config.calendar, &self.accounts, found.clone()) {
            Ok(readers) => readers,
            Err(error) => {
                tracing::error!(instance = %id, %error, "the calendar's connection can't be set up");
                return None;
            }
        };
        let key = config.pbx_key();
        if self.links.get(&key).is_none_or(|link| !link.connections.same_pbx(&config.connections)) {
            let pbx = match self.accounts.starface(&config.connections.system(), &config.starface) {
                Ok(pbx) => pbx,
                Err(error) => {
                    tracing::error!(instance = %id, %error, "the telephone system's connection can't be set up");
                    return None;
                }
            };
            match self.links.get_mut(&key) {
                Some(link) => link.replace(config.connections.clone(), pbx, now),
                None => {
                    let name = format!("STARFACE {}", config.starface.url);
                    self.links.insert(key.clone(), Link::new(name, config.connections.clone(), pbx, now));
                }
            }
        }
        let mut users = self.load_users(id).await?;
        let mut kept: KeptDirectory = match self.store.fact(Scope::Instance(id), DIRECTORY).await {
            Ok(kept) => kept.unwrap_or_default(),
            Err(error) => {
                tracing::error!(instance = %id, %error, "the directory can't be read from the store; the instance stays off");
                return None;
            }
        };
        let same_place = kept.place == config.connections.place();
        if !same_place {
            kept.members.clear();
        }
        let mut membership = Membership::default();
        membership.take(kept.members.iter().map(|user| user.account.clone()).collect());
        for KeptUser { account, name, mail } in kept.members {
            let user = users.entry(account).or_default();
            user.name = name;
            user.mail = mail;
        }
        if let Some(link) = self.links.get_mut(&key) {
            for account in users.keys() {
                link.watch(account);
            }
        }
        let reading = Arc::new(config.policy.reading());
        let mut mailboxes = BTreeMap::new();
        match self.store.load_agendas(id).await {
            Ok(loaded) => {
                for (address, kept) in loaded.found {
                    let agenda = Some((kept.agenda.masked_anew(&reading), kept.read_at));
                    mailboxes
                        .insert(address, ReadMailbox { agenda, kept_at: Some(kept.read_at), ..ReadMailbox::default() });
                }
                for (_, why) in loaded.unreadable {
                    tracing::warn!(instance = %id, %why, "a calendar at rest can't be read; it is read from its server");
                }
            }
            Err(error) => tracing::warn!(instance = %id, %error, "calendars at rest can't be read"),
        }
        for (address, zone) in kept.zones {
            mailboxes.entry(address).or_default().zone = TimeZone::get(&zone).ok();
        }
        let text_limit = self.store.fact(Scope::Instance(id), TEXT_LIMIT).await.unwrap_or_default();
        let text_limit = if same_place { text_limit } else { None };
        self.begun += 1;
        let mut instance = Instance {
            number: self.begun,
            phase: configured.phase,
            activation: configured.activation,
            policy_stamp: config.policy.fingerprint(),
            reading,
            rhythms: Rhythms::new(&readers, now),
            readers,
            found,
            found_unkept: false,
            membership,
            directory_stamp: 0,
            users,
            pauses: BTreeMap::new(),
            mailboxes,
            text_limit,
            asking_directory: false,
            next_directory: now,
            directory_trouble: None,
            failing: BTreeMap::new(),
            directory_read: None,
            directory_took: None,
            directory_unkept: false,
            forgotten: Vec::new(),
            config,
        };
        // Mailboxes that were never read are in no agenda at rest; the directory knows them.
        instance.forgotten = instance.sort_mailboxes();
        if same_place {
            self.load_pauses(&mut instance, now).await;
        }
        Some(instance)
    }

    /// The users of whom something is remembered. Without a readable journal nothing may be done.
    async fn load_users(&self, id: &InstanceId) -> Option<BTreeMap<AccountId, User>> {
        let loaded = match self.store.load_states::<UserState>(id).await {
            Ok(loaded) => loaded,
            Err(error) => {
                tracing::error!(instance = %id, %error, advice = error.advice(), "holds can't be read; the instance stays off");
                return None;
            }
        };
        for (account, why) in loaded.unreadable {
            tracing::error!(instance = %id, %account, %why, "a hold can't be read; what it held must be checked by hand");
        }
        let user = |(account, state): (AccountId, UserState)| {
            let chronicle = Chronicle::of(&state);
            (account, User { state, chronicle, ..User::default() })
        };
        Some(loaded.found.into_iter().map(user).collect())
    }
}

/// Whether an instance goes on with the connections that it has.
fn same_connections(old: &Instance, new: &Configured) -> bool {
    let (old, new) = (&old.config, &new.config);
    old.connections == new.connections && old.group == new.group
}
