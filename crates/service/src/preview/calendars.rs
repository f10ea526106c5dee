//! The calendars that a preview decides by: those that the running instance has read, where the proposal reads the same
//! in the same way; else they are read anew, by readers that nobody else uses.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use busylamp_calendar::{Outcome, Request, Window};
use busylamp_core::{format::refusal::Refusal, ids::MailAddress, said::Said};
use busylamp_pbx::Pbx;
use jiff::{SignedDuration, Timestamp};

use crate::{
    ServiceError,
    accounts::Accounts,
    check::unanswered,
    config::InstanceConfig,
    engine::{Calendars, Member, no_address},
    readers::Readers,
};

/// Reading anew takes no longer in all.
const PATIENCE: Duration = Duration::from_secs(60);
/// So many mailboxes are read at a time: what was read stands when the time is over.
const AT_A_TIME: usize = 200;
/// Events that began this long before now are found if they still run.
const BACK: SignedDuration = SignedDuration::from_hours(24);

/// The users that the proposal would have, each with the calendar as it would be read.
pub(super) async fn of_users(
    running: Option<&Calendars>,
    config: &InstanceConfig,
    accounts: &Accounts,
    now: Timestamp,
    to: Timestamp,
) -> Result<Vec<Member>, ServiceError> {
    let mut users = match running {
        Some(running) if same_users(&running.config, config) => running.users.clone(),
        Some(_) | None => directory(config, accounts).await?,
    };
    if !running.is_some_and(|running| same_users(&running.config, config) && same_calendars(&running.config, config)) {
        read_anew(&mut users, config, accounts, Window { from: now.saturating_sub(BACK).unwrap_or(now), to }, now)
            .await?;
    }
    Ok(users)
}

fn same_users(old: &InstanceConfig, new: &InstanceConfig) -> bool {
    old.connections.same_pbx(&new.connections) && old.group == new.group
}

fn same_calendars(old: &InstanceConfig, new: &InstanceConfig) -> bool {
    old.connections.same_calendar(&new.connections)
        && old.policy.reading() == new.policy.reading()
        && old.zone == new.zone
}

async fn directory(config: &InstanceConfig, accounts: &Accounts) -> Result<Vec<Member>, ServiceError> {
    let refused = |problem: &Said| Refusal::said("starface", problem);
    let pbx = accounts.starface(&config.connections.system(), &config.starface);
    let pbx = pbx.map_err(|error| refused(&error.said()))?;
    let directory = tokio::time::timeout(PATIENCE, pbx.directory(&config.group)).await;
    let directory = directory
        .map_err(|_| {
            let seconds = PATIENCE.as_secs();
            refused(&Said::new(
                format!("die Telefonanlage brauchte länger als {seconds} s"),
                format!("the telephone system took more than {seconds} s"),
            ))
        })?
        .map_err(|error| refused(&error.said()))?;
    let member = |user: busylamp_pbx::User| Member {
        account: user.account,
        name: user.name,
        agenda: Err(no_address()),
        mail: user.mail,
        zone: None,
    };
    Ok(directory.members.into_iter().map(member).collect())
}

async fn read_anew(
    users: &mut [Member],
    config: &InstanceConfig,
    accounts: &Accounts,
    window: Window,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let readers =
        Readers::new(&config.calendar, accounts, BTreeMap::new()).map_err(|problem| Refusal::said("", &problem))?;
    let calendar = readers.calendar();
    let reading = config.policy.reading();
    let mut mailboxes: Vec<MailAddress> = users.iter().filter_map(|user| user.mail.clone()).collect();
    mailboxes.sort();
    mailboxes.dedup();
    let mut outcomes: BTreeMap<MailAddress, Outcome> = BTreeMap::new();
    let until = Instant::now() + PATIENCE;
    for some in mailboxes.chunks(AT_A_TIME) {
        let request = Request { mailboxes: some, window, reading: &reading, zone: &config.zone, now, full: true };
        match tokio::time::timeout_at(until.into(), calendar.poll(request)).await {
            Ok(found) => outcomes.extend(found),
            Err(_) => break,
        }
    }
    for user in users {
        let Some(mail) = &user.mail else { continue };
        // Several users may follow one mailbox.
        (user.agenda, user.zone) = match outcomes.get(mail) {
            Some(Outcome::Read { agenda, zone }) => (Ok(agenda.clone()), zone.clone()),
            Some(Outcome::Failed(error)) => (Err(error.advice().clone()), None),
            Some(Outcome::Unchanged) => (Err(unanswered()), None),
            None => {
                let seconds = PATIENCE.as_secs();
                let why = Said::new(
                    format!("dafür war innerhalb von {seconds} s keine Zeit"),
                    format!("there was no time for it within {seconds} s"),
                );
                (Err(why), None)
            }
        };
    }
    Ok(())
}
