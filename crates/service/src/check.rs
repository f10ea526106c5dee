//! `busylamp check`: a walk through the whole chain, calendar and telephone system, user by user, that changes
//! nothing and says for each step what is right or what to do.

use std::collections::BTreeMap;

use busylamp_calendar::{Calendar, MailboxError, Outcome, Request, Window, graph::GraphCalendar};
use busylamp_core::{
    check::{Step, Verdict},
    ids::MailAddress,
    keeper::Flag,
};
use busylamp_pbx::{Pbx, User, starface::Starface};
use jiff::{SignedDuration, Timestamp};

use crate::config::InstanceConfig;

/// What a walk found.
#[derive(Debug, Default)]
pub struct Findings {
    /// The connections, step by step.
    pub steps: Vec<Step>,
    /// The users, one each.
    pub users: Vec<CheckedUser>,
}

/// One user of the group.
#[derive(Debug)]
pub struct CheckedUser {
    /// The account, as the telephone system numbers it.
    pub account: String,
    /// The name as people know it.
    pub name: String,
    /// What stands in the way, with advice; `None` if nothing does.
    pub trouble: Option<(Option<Flag>, String)>,
}

impl Findings {
    /// Whether nothing stands in the way.
    pub fn is_ok(&self) -> bool {
        self.steps.iter().all(Step::is_ok) && self.users.iter().all(|user| user.trouble.is_none())
    }
}

/// Walks through one instance.
pub async fn check(config: &InstanceConfig, now: Timestamp) -> Findings {
    let mut findings = Findings::default();
    let pbx = match Starface::new(config.starface.clone()) {
        Ok(pbx) => pbx,
        Err(error) => {
            findings.fault("telephone system", error.to_string());
            return findings;
        }
    };
    findings.steps.extend(pbx.check(&config.group).await);
    let users = match pbx.directory(&config.group).await {
        Ok(directory) => directory.members,
        Err(error) => {
            findings.fault("group", error.to_string());
            Vec::new()
        }
    };
    match GraphCalendar::new(&config.graph) {
        Ok(calendar) => findings.calendar(&calendar, config, users, now).await,
        Err(error) => findings.fault("calendar", error.to_string()),
    }
    findings
}

impl Findings {
    fn fault(&mut self, name: &'static str, problem: String) {
        self.steps.push(Step { name, verdict: Verdict::Fault(problem) });
    }

    async fn calendar(&mut self, calendar: &dyn Calendar, config: &InstanceConfig, users: Vec<User>, now: Timestamp) {
        let mut mailboxes: Vec<MailAddress> = users.iter().filter_map(|user| user.mail.clone()).collect();
        mailboxes.sort();
        mailboxes.dedup();
        self.steps.extend(calendar.check(mailboxes.first(), now).await);
        let window =
            Window { from: now, to: now.saturating_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX) };
        let reading = config.policy.reading();
        let zone = &config.zone;
        let outcomes = if mailboxes.is_empty() {
            BTreeMap::new()
        } else {
            calendar.poll(Request { mailboxes: &mailboxes, window, reading: &reading, zone, now, full: true }).await
        };
        for user in users {
            let trouble = match &user.mail {
                None => {
                    let advice = "the user has no mail address in the telephone system; enter the mailbox's there";
                    Some((Some(Flag::NoMailAddress), advice.to_owned()))
                }
                Some(mail) => match outcomes.get(mail) {
                    Some(Outcome::Read { .. } | Outcome::Unchanged) => None,
                    Some(Outcome::Failed(error)) => Some(trouble(error)),
                    None => Some((None, "the calendar's reader did not answer for this mailbox".to_owned())),
                },
            };
            self.users.push(CheckedUser { account: user.account.to_string(), name: user.name, trouble });
        }
    }
}

fn trouble(error: &MailboxError) -> (Option<Flag>, String) {
    match error {
        MailboxError::NotFound { advice } => (Some(Flag::MailboxNotFound), advice.clone()),
        MailboxError::Denied { advice } => (Some(Flag::MailboxAccessDenied), advice.clone()),
        MailboxError::Ambiguous { advice } => (Some(Flag::AmbiguousMailAddress), advice.clone()),
        MailboxError::Unavailable { advice } => (None, advice.clone()),
    }
}
