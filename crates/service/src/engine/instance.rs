//! One instance at run time: its users, its mailboxes, and when each is asked again.

use std::{collections::BTreeMap, sync::Arc};

use busylamp_calendar::{MailboxError, hybrid::Side};
use busylamp_core::{
    directory::Membership,
    event::Agenda,
    ids::{AccountId, MailAddress},
    journal::Journal,
    keeper::{Answer, Course, Facts, Flags, Mailbox, Report, Standing, UserState},
    said::Said,
    title::Reading,
};
use busylamp_store::Phase;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use serde::{Deserialize, Serialize};

use super::{chronicle::Chronicle, link::Account, rhythm::Rhythms};
use crate::{board::Next, config::InstanceConfig, readers::Readers};

/// Membership and addresses are read this often (§7.5).
pub(super) const DIRECTORY_EVERY: SignedDuration = SignedDuration::from_mins(5);
/// A directory that could not be read is tried again after this.
pub(super) const DIRECTORY_AGAIN: SignedDuration = SignedDuration::from_secs(15);

pub(super) struct Instance {
    /// Tells it from an earlier one of the same id: what that one asked for says nothing about this one.
    pub(super) number: u64,
    pub(super) config: Arc<InstanceConfig>,
    pub(super) phase: Phase,
    pub(super) activation: u64,
    pub(super) policy_stamp: u64,
    pub(super) reading: Arc<Reading>,
    pub(super) readers: Readers,
    pub(super) rhythms: Rhythms,
    /// Where mailboxes were found, as it is kept.
    pub(super) found: BTreeMap<MailAddress, Side>,
    /// It has changed and is to be kept.
    pub(super) found_unkept: bool,
    pub(super) membership: Membership,
    /// Grows with every change of the directory.
    pub(super) directory_stamp: u64,
    pub(super) users: BTreeMap<AccountId, User>,
    /// Users who are left alone, and until when (§7.10). None of these instants has passed.
    pub(super) pauses: BTreeMap<AccountId, Timestamp>,
    pub(super) mailboxes: BTreeMap<MailAddress, ReadMailbox>,
    pub(super) text_limit: Option<usize>,
    pub(super) asking_directory: bool,
    pub(super) next_directory: Timestamp,
    pub(super) directory_trouble: Option<Said>,
    /// How many calendars the last poll of each side could not read.
    pub(super) failing: BTreeMap<Side, usize>,
    /// When the directory was last read, and how long that took, in milliseconds.
    pub(super) directory_read: Option<Timestamp>,
    pub(super) directory_took: Option<u64>,
    /// The directory has changed and is to be kept.
    pub(super) directory_unkept: bool,
    /// Mailboxes that nobody needs any more: what is kept of them at rest is to go.
    pub(super) forgotten: Vec<MailAddress>,
}

/// The directory as it is kept, so that a restart knows its users before the telephone system answers.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct KeptDirectory {
    /// Where the members are: on another system, or in another group, they say nothing.
    #[serde(default)]
    pub(super) place: String,
    pub(super) members: Vec<KeptUser>,
    /// The zones of mailboxes that tell their own.
    pub(super) zones: BTreeMap<MailAddress, String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct KeptUser {
    pub(super) account: AccountId,
    pub(super) name: String,
    pub(super) mail: Option<MailAddress>,
}

/// One user at run time.
#[derive(Default)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) mail: Option<MailAddress>,
    pub(super) state: UserState,
    pub(super) answers: Vec<Answer>,
    pub(super) flags: Flags,
    pub(super) report: Report,
    /// What comes after the decision in force; looked for when somebody looks.
    pub(super) next: Option<Next>,
    pub(super) next_is_old: bool,
    /// What history was told.
    pub(super) chronicle: Chronicle,
    pub(super) wake: Option<Timestamp>,
    pub(super) ahead: Option<Timestamp>,
}

/// One mailbox at run time.
#[derive(Default)]
pub(super) struct ReadMailbox {
    pub(super) agenda: Option<(Agenda, Timestamp)>,
    /// When the store was last told that the agenda still stands.
    pub(super) kept_at: Option<Timestamp>,
    pub(super) tried: bool,
    pub(super) trouble: Option<MailboxError>,
    pub(super) zone: Option<TimeZone>,
}

impl ReadMailbox {
    fn fact(&self) -> Mailbox {
        match &self.trouble {
            Some(MailboxError::NotFound { .. }) => Mailbox::NotFound,
            Some(MailboxError::Denied { .. }) => Mailbox::Denied,
            Some(MailboxError::Ambiguous { .. }) => Mailbox::Ambiguous,
            Some(MailboxError::Unavailable { .. }) | None => Mailbox::Matched,
        }
    }
}

impl Instance {
    pub(super) fn is_active(&self) -> bool {
        self.phase == Phase::Active
    }

    /// What it is up to. A deleted or moved instance gives everything back; nobody could take up what it parked.
    fn course(&self) -> Course {
        match self.phase {
            Phase::Active => Course::Active,
            Phase::Closing | Phase::Inactive => Course::Closing { keep: self.config.policy.keep_on_deactivate },
            Phase::Removing => Course::Closing { keep: false },
        }
    }

    /// Whether the account is in the group and not paused.
    pub(super) fn is_followed(&self, account: &AccountId) -> bool {
        self.membership.members().contains(account) && !self.pauses.contains_key(account)
    }

    /// Whether nothing of ours is left on any account.
    pub(super) fn is_settled(&self) -> bool {
        self.users.values().all(|user| user.state.is_settled())
    }

    /// When the calendar or the directory is asked next.
    pub(super) fn next_chore(&self) -> Option<Timestamp> {
        let poll = self.rhythms.next().filter(|_| self.is_active() && !self.mailboxes.is_empty());
        let directory = (self.is_active() && !self.asking_directory).then_some(self.next_directory);
        [poll, directory].into_iter().flatten().min()
    }

    /// The directory to be kept.
    pub(super) fn kept_directory(&self) -> KeptDirectory {
        let members = self.membership.members().iter().filter_map(|account| {
            let user = self.users.get(account)?;
            Some(KeptUser { account: account.clone(), name: user.name.clone(), mail: user.mail.clone() })
        });
        let zones = self
            .mailboxes
            .iter()
            .filter_map(|(address, mailbox)| Some((address.clone(), mailbox.zone.as_ref()?.iana_name()?.to_owned())));
        KeptDirectory { place: self.config.connections.place(), members: members.collect(), zones: zones.collect() }
    }

    /// The mailboxes that users need; others are forgotten, and returned.
    pub(super) fn sort_mailboxes(&mut self) -> Vec<MailAddress> {
        let mut needed = BTreeMap::new();
        for address in self.users.iter().filter(|(id, _)| self.membership.members().contains(id)) {
            if let Some(mail) = &address.1.mail {
                let known = self.mailboxes.remove(mail);
                needed.entry(mail.clone()).or_insert_with(|| known.unwrap_or_default());
            }
        }
        let forgotten = std::mem::replace(&mut self.mailboxes, needed);
        forgotten.into_keys().collect()
    }

    /// What is known of a user.
    pub(super) fn facts<'a>(
        &'a self,
        account: &AccountId,
        user: &'a User,
        live: &'a Account,
        owned: bool,
        journal: Journal,
        started: Timestamp,
    ) -> Facts<'a> {
        let mailbox = user.mail.as_ref().and_then(|mail| self.mailboxes.get(mail));
        let reading = mailbox.and_then(|mailbox| mailbox.agenda.as_ref()).map(|(agenda, at)| (agenda, *at));
        Facts {
            policy: &self.config.policy,
            policy_stamp: self.policy_stamp,
            directory_stamp: self.directory_stamp,
            language: self.config.language,
            zone: mailbox.and_then(|mailbox| mailbox.zone.as_ref()).unwrap_or(&self.config.zone),
            standing: Standing::of(self.course(), self.is_followed(account), owned),
            mailbox: match (&user.mail, mailbox) {
                (None, _) => Mailbox::NoAddress,
                (Some(_), Some(mailbox)) => mailbox.fact(),
                (Some(_), None) => Mailbox::Matched,
            },
            calendar: busylamp_core::keeper::Calendar {
                reading,
                tried: mailbox.is_some_and(|mailbox| mailbox.tried),
                poll: user.mail.as_ref().map_or(SignedDuration::ZERO, |mail| self.readers.every(mail)),
                stale_after: self.config.stale_after,
            },
            account: live.mirror.account(),
            journal,
            in_flight: live.in_flight,
            answers: &user.answers,
            text_limit: self.text_limit,
            started,
        }
    }
}
