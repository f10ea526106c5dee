//! One poll: who is asked what, in which order.

use std::collections::BTreeMap;

use busylamp_core::{
    ids::MailAddress,
    language::Language,
    said::{Phrase, Said},
};
use busylamp_net::retry::{self, Class};
use jiff::{SignedDuration, Timestamp};

use super::{
    client::Client,
    doorbell::{self, Bell, Ring},
    error::{Denial, GraphError},
    memory::{Mailbox, Memory},
    users::{self, Directory, Found},
    view,
};
use crate::{MailboxError, Outcome, Request, clock::Clock, entra::Roles, health};

/// How long nobody tries what the application may not read at all.
const CLOSED: SignedDuration = SignedDuration::from_hours(24);

/// A poll under way. It works on a copy of the memory.
pub(super) struct Poll<'a> {
    client: &'a Client,
    consent_url: &'a str,
    request: Request<'a>,
    memory: Memory,
    clock: Clock,
    roles: Roles,
    outcomes: BTreeMap<MailAddress, Outcome>,
    /// Whose object id leads to nobody any more, with that id.
    lost: BTreeMap<MailAddress, String>,
    /// The first error that concerns the account as a whole.
    account: Option<Said>,
}

impl<'a> Poll<'a> {
    pub(super) fn new(
        client: &'a Client,
        consent_url: &'a str,
        request: Request<'a>,
        memory: Memory,
        clock: Clock,
    ) -> Self {
        Self {
            client,
            consent_url,
            request,
            memory,
            clock,
            roles: Roles::default(),
            outcomes: BTreeMap::new(),
            lost: BTreeMap::new(),
            account: None,
        }
    }

    /// Asks all that is to be asked.
    pub(super) async fn run(&mut self) {
        self.memory.begin(&self.request);
        match self.client.tokens().get(self.clock.now()).await {
            Ok(token) => self.roles = token.roles,
            Err(error) => {
                let error = GraphError::SignIn(error);
                for mail in self.request.mailboxes {
                    self.failed(mail, &error);
                }
                return;
            }
        }
        self.leave_the_resting_alone();
        let unknown = self.open(|mailbox, _| mailbox.user.is_none());
        self.find(unknown).await;
        self.read_zones().await;
        self.ring().await;
        let rest = self.open(|_, _| true);
        self.read(rest).await;
        self.find_the_lost().await;
    }

    /// The memory as it is now, an outcome for each mailbox of the request, and what is wrong with the account.
    pub(super) fn end(mut self) -> (Memory, BTreeMap<MailAddress, Outcome>, Option<Said>) {
        for mail in self.request.mailboxes {
            if !self.outcomes.contains_key(mail) {
                self.failed(mail, &GraphError::NOT_ASKED);
            }
        }
        let trouble = health::trouble(self.account, &self.outcomes);
        (self.memory, self.outcomes, trouble)
    }

    /// The mailboxes without outcome for which this holds at this instant.
    fn open(&mut self, wanted: impl Fn(&Mailbox, Timestamp) -> bool) -> Vec<MailAddress> {
        let now = self.clock.now();
        let mut open = Vec::new();
        for mail in self.request.mailboxes {
            let asked = !self.outcomes.contains_key(mail);
            if asked && self.memory.of(mail).is_some_and(|mailbox| wanted(mailbox, now)) {
                open.push(mail.clone());
            }
        }
        open
    }

    fn leave_the_resting_alone(&mut self) {
        let now = self.clock.now();
        for mail in self.request.mailboxes {
            if let Some(error) = self.memory.of(mail).and_then(|mailbox| mailbox.rest.now(now)) {
                self.outcomes.insert(mail.clone(), Outcome::Failed(error.clone()));
            }
        }
    }

    fn directory(&self) -> Directory {
        let closed = self.memory.directory_closed.is_some_and(|until| self.clock.now() < until);
        if closed { Directory::Closed } else { Directory::of(&self.roles) }
    }

    /// Looks up who these are, where we may.
    async fn find(&mut self, mails: Vec<MailAddress>) {
        let directory = self.directory();
        if directory == Directory::Closed || mails.is_empty() {
            return;
        }
        let found = users::find(self.client, &mails, directory, self.clock).await;
        for (mail, found) in mails.iter().zip(found) {
            let user = match found {
                Ok(Found::One(id)) => Some(id),
                Ok(Found::Unknown) => None,
                Ok(Found::Several) => {
                    let advice = Said::from(users::SEVERAL)
                        .advising(&Said::new("Ändern Sie sie bei allen außer einem.", "change all but one of them"));
                    self.failed_for_good(mail, MailboxError::Ambiguous { advice });
                    continue;
                }
                Ok(Found::Nobody) => {
                    let advice = Said::from(users::NOBODY).advising(&Said::new(
                        "Prüfen Sie sie in der Telefonanlage und in Microsoft 365.",
                        "check it in the telephone system and in Microsoft 365",
                    ));
                    self.failed_for_good(mail, MailboxError::NotFound { advice });
                    continue;
                }
                Err(GraphError::Denied { .. }) => {
                    // The paths take the address too, most often.
                    self.memory.directory_closed = self.clock.now().checked_add(CLOSED).ok();
                    None
                }
                Err(error) => {
                    self.failed(mail, &error);
                    continue;
                }
            };
            if let Some(mailbox) = self.memory.of(mail) {
                mailbox.set_user(user);
            }
        }
    }

    /// The part of the path that names this mailbox.
    fn target(&mut self, mail: &MailAddress) -> String {
        let user = self.memory.of(mail).and_then(|mailbox| mailbox.user.clone());
        users::target(user.as_deref().unwrap_or(mail.as_str()))
    }

    async fn read_zones(&mut self) {
        let now = self.clock.now();
        // A token that names rights to calendars but not this one says no. One that names neither says nothing: with
        // RBAC for Applications rights aren't in it.
        let refused =
            self.roles.any(&users::MAILBOX_SETTINGS) == Some(false) && self.roles.any(&users::CALENDARS) == Some(true);
        if refused || self.memory.zones_closed.is_some_and(|until| now < until) {
            return;
        }
        let mails = self.open(Mailbox::wants_zone);
        let mut targets = Vec::with_capacity(mails.len());
        for mail in &mails {
            targets.push(self.target(mail));
        }
        let zones = users::zones(self.client, &targets, self.clock).await;
        let all_denied = !zones.is_empty() && zones.iter().all(|zone| matches!(zone, Err(GraphError::Denied { .. })));
        if all_denied {
            self.memory.zones_closed = now.checked_add(CLOSED).ok();
        }
        for (mail, zone) in mails.iter().zip(zones) {
            let Some(mailbox) = self.memory.of(mail) else { continue };
            match zone {
                Ok(zone) => mailbox.set_zone(zone, now, retry::jitter()),
                Err(_) => mailbox.keep_zone(now),
            }
        }
    }

    /// Asks all doorbells. Those of mailboxes that are to be read anyway are asked as well: a doorbell tells the
    /// difference between two instants, and of an event that came after the first and went before the second it says
    /// nothing. If the reading lay between them, that event would stay in it.
    async fn ring(&mut self) {
        let window = self.request.window;
        let mails = self.open(|mailbox, _| mailbox.has_bell(window));
        let mut bells: Vec<(String, Bell)> = Vec::with_capacity(mails.len());
        let mut asked = Vec::with_capacity(mails.len());
        for mail in mails {
            let target = self.target(&mail);
            if let Some(bell) = self.memory.of(&mail).and_then(|mailbox| mailbox.bell.clone()) {
                bells.push((target, bell));
                asked.push(mail);
            }
        }
        let rung = doorbell::ring(self.client, &bells, self.clock).await;
        for (mail, ring) in asked.iter().zip(rung) {
            let Some(mailbox) = self.memory.of(mail) else { continue };
            match ring {
                Ring::Quiet(bell) => {
                    mailbox.bell = Some(bell);
                    mailbox.answered();
                    if mailbox.is_read(window, self.clock.now()) {
                        self.outcomes.insert(mail.clone(), Outcome::Unchanged);
                    }
                }
                Ring::Changed(bell) => {
                    mailbox.bell = Some(bell);
                    mailbox.forget_reading();
                }
                Ring::Lost => {
                    mailbox.bell = None;
                    mailbox.forget_reading();
                }
                Ring::Failed(error) => self.failed(mail, &error),
            }
        }
    }

    /// Reads these whole; first begins a doorbell for those that have none.
    async fn read(&mut self, mails: Vec<MailAddress>) {
        if mails.is_empty() {
            return;
        }
        let window = self.request.window;
        self.begin_bells(&mails).await;
        let mut targets = Vec::with_capacity(mails.len());
        for mail in &mails {
            targets.push(self.target(mail));
        }
        let read = view::read(self.client, &targets, window, self.request.reading, self.clock).await;
        let now = self.clock.now();
        for (mail, agenda) in mails.iter().zip(read) {
            match agenda {
                Ok(agenda) => {
                    let Some(mailbox) = self.memory.of(mail) else { continue };
                    mailbox.read(window, now, retry::jitter());
                    let zone = mailbox.zone.clone();
                    self.outcomes.insert(mail.clone(), Outcome::Read { agenda, zone });
                }
                Err(error) => self.failed(mail, &error),
            }
        }
        self.ring_again(&mails).await;
    }

    /// Rings once more where a reading has just been made: what came between ring and reading is in the reading, and
    /// would stay in it if it went before the next ring. If anything has changed, the next poll reads again.
    async fn ring_again(&mut self, mails: &[MailAddress]) {
        let window = self.request.window;
        let (mut asked, mut bells) = (Vec::new(), Vec::new());
        for mail in mails {
            if !matches!(self.outcomes.get(mail), Some(Outcome::Read { .. })) {
                continue;
            }
            let target = self.target(mail);
            let mailbox = self.memory.of(mail).filter(|mailbox| mailbox.has_bell(window));
            if let Some(bell) = mailbox.and_then(|mailbox| mailbox.bell.clone()) {
                bells.push((target, bell));
                asked.push(mail);
            }
        }
        let rung = doorbell::ring(self.client, &bells, self.clock).await;
        for (mail, ring) in asked.into_iter().zip(rung) {
            let Some(mailbox) = self.memory.of(mail) else { continue };
            match ring {
                Ring::Quiet(bell) => mailbox.bell = Some(bell),
                Ring::Changed(bell) => {
                    mailbox.bell = Some(bell);
                    mailbox.forget_reading();
                }
                Ring::Lost | Ring::Failed(_) => mailbox.forget_reading(),
            }
        }
    }

    async fn begin_bells(&mut self, mails: &[MailAddress]) {
        let window = self.request.window;
        let now = self.clock.now();
        let (mut beginners, mut beginnings) = (Vec::new(), Vec::new());
        for mail in mails {
            if self.memory.of(mail).is_some_and(|mailbox| mailbox.wants_bell(window, now)) {
                beginners.push(mail.clone());
                beginnings.push((self.target(mail), doorbell::window(window, retry::jitter())));
            }
        }
        let begun = doorbell::begin(self.client, &beginnings, self.clock).await;
        for (mail, bell) in beginners.iter().zip(begun) {
            if let Some(mailbox) = self.memory.of(mail) {
                if let Err(error) = &bell {
                    tracing::debug!(error = %error, "no change link; the mailbox is read whole each time");
                }
                mailbox.set_bell(bell.ok(), now);
            }
        }
    }

    /// Who was found once and isn't there any more is looked up again and, found under another id, read.
    async fn find_the_lost(&mut self) {
        let lost = std::mem::take(&mut self.lost);
        self.find(lost.keys().cloned().collect()).await;
        let mut found = Vec::new();
        for (mail, before) in lost {
            let after = self.memory.of(&mail).and_then(|mailbox| mailbox.user.as_ref());
            if after.is_some_and(|after| *after != before) {
                found.push(mail);
            }
        }
        self.read(found).await;
    }

    /// This mailbox was not read because of this.
    fn failed(&mut self, mail: &MailAddress, error: &GraphError) {
        let mut outcome = error.for_mailbox(self.consent_url);
        if let (MailboxError::Denied { advice }, GraphError::Denied { why: Denial::Rights, .. }) = (&mut outcome, error)
            && self.roles.any(&users::CALENDARS) == Some(false)
        {
            *advice = Said::new(
                format!("{} {}", advice.speak(Language::German), WITHOUT_ROLES.speak(Language::German)),
                format!("{advice}; {WITHOUT_ROLES}"),
            );
        }
        if error.class() == Class::Bug {
            tracing::error!(code = error.code(), "Graph does not understand a request of ours");
        }
        if matches!(error, GraphError::NoSuchUser(_))
            && let Some(user) = self.memory.of(mail).and_then(|mailbox| mailbox.user.clone())
        {
            self.lost.insert(mail.clone(), user);
        }
        if error.is_of_account() {
            self.account.get_or_insert_with(|| error.sentence(self.consent_url));
        } else if let Some(mailbox) = self.memory.of(mail)
            && (error.after().is_some() || error.class() != Class::Retryable)
        {
            mailbox.rest.begin(self.clock.now(), error.after(), retry::jitter(), &outcome);
        }
        self.outcomes.insert(mail.clone(), Outcome::Failed(outcome));
    }

    fn failed_for_good(&mut self, mail: &MailAddress, error: MailboxError) {
        if let Some(mailbox) = self.memory.of(mail) {
            mailbox.rest.begin(self.clock.now(), None, retry::jitter(), &error);
        }
        self.outcomes.insert(mail.clone(), Outcome::Failed(error));
    }
}

/// What it may mean that a token names no right to read calendars.
pub(super) const WITHOUT_ROLES: Phrase = Phrase::new(
    "Im Token steht kein Recht, Kalender zu lesen: Entweder hat niemand Calendars.Read zugestimmt, oder das Recht kommt aus \
     RBAC for Applications, das nicht im Token steht.",
    "the token names no right to read calendars: either nobody has consented to Calendars.Read, or the right comes from RBAC \
     for Applications, which isn't in the token",
);
