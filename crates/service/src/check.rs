//! `busylamp check`: a walk through the whole chain, calendar and telephone system, user by user, that changes
//! nothing and says for each step what is right or what to do.

pub mod starface;

use std::collections::BTreeMap;

use busylamp_calendar::{MailboxError, Outcome, Request, Window, hybrid::Side};
use busylamp_core::{
    check::{Name, Step, Verdict},
    ids::MailAddress,
    keeper::Flag,
    said::Said,
    title::Reading,
};
use busylamp_pbx::{Pbx, User};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    accounts::Accounts,
    config::{CalendarConfig, InstanceConfig},
    engine::no_address,
    readers::Readers,
};

/// What a walk found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Findings {
    /// The connections, step by step.
    pub steps: Vec<Walked>,
    /// Whether calendars are read in two places.
    pub two_sides: bool,
    /// The users, one each.
    pub users: Vec<CheckedUser>,
}

/// A step, and the connection that it was a step of.
#[derive(Clone, Debug, Serialize)]
pub struct Walked {
    /// What the connection leads to.
    pub through: Said,
    /// The step.
    #[serde(flatten)]
    pub step: Step,
}

/// One user of the group; advice is in both languages, or already text in one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckedUser<Text = Said> {
    /// The account, as the telephone system numbers it.
    pub account: String,
    /// The name as people know it.
    pub name: String,
    /// Where the calendar is read, if it could be read.
    pub side: Option<Side>,
    /// What stands in the way, with advice; `None` if nothing does.
    pub trouble: Option<(Option<Flag>, Text)>,
}

impl Findings {
    /// Whether nothing stands in the way.
    pub fn is_ok(&self) -> bool {
        self.steps.iter().all(|walked| walked.step.is_ok()) && self.users.iter().all(|user| user.trouble.is_none())
    }
}

/// What a walk through one instance found, as it is told on the command line: in English.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Told {
    /// The instance's name.
    pub instance: String,
    /// The steps, with what each was a step of.
    pub steps: Vec<(String, Verdict<String>)>,
    /// Whether calendars are read in two places.
    pub two_sides: bool,
    /// The users, one each.
    pub users: Vec<CheckedUser<String>>,
}

impl Told {
    /// What was found, ready to be told.
    pub fn new(instance: String, findings: Findings) -> Self {
        let text = |said: Said| said.to_string();
        let steps = findings.steps.into_iter();
        let steps = steps.map(|Walked { through, step }| (format!("{through}, {}", step.name), step.verdict.map(text)));
        let users = findings.users.into_iter().map(|CheckedUser { account, name, side, trouble }| CheckedUser {
            account,
            name,
            side,
            trouble: trouble.map(|(flag, advice)| (flag, text(advice))),
        });
        Self { instance, steps: steps.collect(), two_sides: findings.two_sides, users: users.collect() }
    }

    /// Whether nothing stands in the way.
    pub fn is_ok(&self) -> bool {
        let steps = self.steps.iter().all(|(_, verdict)| verdict.is_ok());
        steps && self.users.iter().all(|user| user.trouble.is_none())
    }
}

/// Walks through instances one after another. An account that several of them use is signed in once: a wrong password is
/// tried once in all.
#[derive(Default)]
pub struct Walker {
    accounts: Accounts,
}

impl Walker {
    /// A walker that shares accounts with others.
    pub(crate) fn sharing(accounts: &Accounts) -> Self {
        Self { accounts: accounts.clone() }
    }

    /// Walks through one instance.
    pub async fn walk(&self, config: &InstanceConfig, now: Timestamp) -> Findings {
        let mut findings = Findings::default();
        self.walk_into(&mut findings, config, now).await;
        findings
    }

    /// Walks through one instance; what was found stands when the walk is cut short.
    pub(crate) async fn walk_into(&self, findings: &mut Findings, config: &InstanceConfig, now: Timestamp) {
        let pbx = match self.accounts.starface(&config.connections.system(), &config.starface) {
            Ok(pbx) => pbx,
            Err(error) => return findings.fault(starface(), CONNECTION, error.said()),
        };
        findings.walked(starface(), pbx.check(&config.group).await);
        let users = match pbx.directory(&config.group).await {
            Ok(directory) => directory.members,
            Err(error) => {
                findings.fault(starface(), GROUP, error.said());
                Vec::new()
            }
        };
        match Readers::new(&config.calendar, &self.accounts, BTreeMap::new()) {
            Ok(readers) => findings.calendar(&readers, (&config.policy.reading(), &config.zone), users, now).await,
            Err(error) => findings.fault(calendars(), CONNECTION, error),
        }
    }

    /// Walks through the calendar's side alone, without a mailbox.
    pub(crate) async fn calendar_into(&self, findings: &mut Findings, calendar: &CalendarConfig, now: Timestamp) {
        match Readers::new(calendar, &self.accounts, BTreeMap::new()) {
            Ok(readers) => {
                findings.two_sides = readers.sides().len() > 1;
                for (side, reader) in readers.sides() {
                    findings.walked(Said::verbatim(side.to_string()), reader.calendar.check(None, now).await);
                }
            }
            Err(error) => findings.fault(calendars(), CONNECTION, error),
        }
    }
}

/// The telephone system's name for people.
pub(crate) fn starface() -> Said {
    Said::verbatim("STARFACE")
}

/// Calendars' name for people, before it is known which.
pub(crate) fn calendars() -> Said {
    Said::new("Kalender", "calendar")
}

const CONNECTION: Name = Name::new("Verbindung", "connection");
const GROUP: Name = Name::new("Gruppe", "group");
/// When it took too long.
pub(crate) const TIME: Name = Name::new("Zeit", "time");

impl Findings {
    pub(crate) fn fault(&mut self, through: Said, name: Name, problem: Said) {
        self.walked(through, vec![Step::new(name, Verdict::Fault(problem))]);
    }

    fn walked(&mut self, through: Said, steps: Vec<Step>) {
        self.steps.extend(steps.into_iter().map(|step| Walked { through: through.clone(), step }));
    }

    async fn calendar(
        &mut self,
        readers: &Readers,
        (reading, zone): (&Reading, &TimeZone),
        users: Vec<User>,
        now: Timestamp,
    ) {
        let mut mailboxes: Vec<MailAddress> = users.iter().filter_map(|user| user.mail.clone()).collect();
        mailboxes.sort();
        mailboxes.dedup();
        let window =
            Window { from: now, to: now.saturating_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX) };
        let request = Request { mailboxes: &mailboxes, window, reading, zone, now, full: true };
        let outcomes = if mailboxes.is_empty() { BTreeMap::new() } else { readers.calendar().poll(request).await };
        let is_read =
            |mail: &MailAddress| matches!(outcomes.get(mail), Some(Outcome::Read { .. } | Outcome::Unchanged));
        self.two_sides = readers.sides().len() > 1;
        for (side, reader) in readers.sides() {
            // One that can be read shows the rest of the walk; else one that can't be read anywhere shows what is wrong.
            let mut there = mailboxes.iter().filter(|mail| readers.side(mail) == side);
            let example = there.clone().find(|mail| is_read(mail)).or_else(|| there.next());
            let example = example.or_else(|| mailboxes.iter().find(|mail| !is_read(mail)));
            self.walked(Said::verbatim(side.to_string()), reader.calendar.check(example, now).await);
        }
        for user in users {
            let trouble = match &user.mail {
                None => Some((Some(Flag::NoMailAddress), no_address())),
                Some(mail) => match outcomes.get(mail) {
                    Some(Outcome::Read { .. } | Outcome::Unchanged) => None,
                    Some(Outcome::Failed(error)) => Some(trouble(error)),
                    None => Some((None, unanswered())),
                },
            };
            let side = user.mail.as_ref().filter(|mail| is_read(mail)).map(|mail| readers.side(mail));
            self.users.push(CheckedUser { account: user.account.to_string(), name: user.name, side, trouble });
        }
    }
}

/// Why a calendar is not known that was asked for.
pub(crate) fn unanswered() -> Said {
    Said::new(
        "der Kalenderleser hat zu diesem Postfach nichts geantwortet",
        "the calendar's reader did not answer for this mailbox",
    )
}

fn trouble(error: &MailboxError) -> (Option<Flag>, Said) {
    let advice = error.advice().clone();
    let flag = match error {
        MailboxError::NotFound { .. } => Some(Flag::MailboxNotFound),
        MailboxError::Denied { .. } => Some(Flag::MailboxAccessDenied),
        MailboxError::Ambiguous { .. } => Some(Flag::AmbiguousMailAddress),
        MailboxError::Unavailable { .. } => None,
    };
    (flag, advice)
}
