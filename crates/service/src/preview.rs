//! How the days to come would differ under another configuration: decided from real calendars, nothing is written.

mod calendars;
mod compare;

use busylamp_core::{
    decide::Decision,
    ids::{AccountId, InstanceId},
    said::Said,
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::sync::oneshot;

use crate::{
    Service, ServiceError,
    config::{Secrets, WrittenInstance, build},
    engine::{Calendars, Request},
};

/// What would differ.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Preview {
    /// First instant of the span, now.
    pub from: Timestamp,
    /// First instant after it.
    pub to: Timestamp,
    /// Users for whom something differs, by name.
    pub users: Vec<PreviewedUser>,
    /// How many more differ than are shown.
    pub more_users: usize,
    /// Users whose calendar could not be read: name, and why.
    pub unread: Vec<(String, Said)>,
    /// How many more could not be read than are shown.
    pub more_unread: usize,
    /// Users for whom nothing differs.
    pub unchanged: usize,
    /// All of it in numbers, users that are not shown included.
    pub summary: Summary,
}

/// A user for whom something differs.
#[derive(Clone, Debug, Serialize)]
pub struct PreviewedUser {
    /// The account.
    pub account: AccountId,
    /// The name as people know it.
    pub name: String,
    /// What differs, in order of time.
    pub differences: Vec<Difference>,
    /// How many more there are than are shown.
    pub more: usize,
}

/// A stretch over which the decisions differ, each the same all the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// First instant.
    pub from: Timestamp,
    /// First instant after it.
    pub to: Timestamp,
    /// What is wanted as it is configured; nothing where there is no instance yet.
    pub before: Decision,
    /// What would be wanted.
    pub after: Decision,
}

/// Sums over all users that could be read, before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Hours with do not disturb.
    pub dnd_hours: Pair,
    /// Hours with a diversion switched on.
    pub diverted_hours: Pair,
    /// Hours with a presence of ours.
    pub presence_hours: Pair,
    /// Hours with a status text of ours.
    pub text_hours: Pair,
    /// How many times a text begins that is not there now, or not at this time.
    pub texts_changed: usize,
}

/// A number before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Pair {
    /// As it is configured.
    pub before: f64,
    /// As it would be.
    pub after: f64,
}

/// The span of a preview.
const DAYS: i64 = 7;
/// No more users are shown one by one.
const MOST_USERS: usize = 200;
/// No more differences of one user are shown.
const MOST_DIFFERENCES: usize = 50;
/// No more users are named whose calendar could not be read.
const MOST_UNREAD: usize = 100;

impl Service {
    /// How the next 7 days of all users would differ. An instance that does not run wants nothing, and one that is to be
    /// inactive will not. Titles are shown only where the instance as it runs publishes them; elsewhere a word stands in
    /// their place, so that nobody reads people's calendars by way of a preview.
    ///
    /// # Errors
    /// What is refused, with its key; or the telephone system's users can't be read.
    pub async fn preview(
        &self,
        id: Option<&InstanceId>,
        written: &WrittenInstance,
        secrets: &Secrets,
    ) -> Result<Preview, ServiceError> {
        let proposed = self.proposed(id, written, secrets).await?;
        let name = InstanceId::new(proposed.written.name.clone());
        let id = proposed.id.as_ref().unwrap_or(&name);
        let config = build(id, &proposed.written, &proposed.secrets("")?)?;
        let running = match &proposed.id {
            Some(id) => self.running(id).await?,
            None => None,
        };
        let now = self.clock.now();
        let to = now.saturating_add(SignedDuration::from_hours(24 * DAYS)).unwrap_or(Timestamp::MAX);
        let users = calendars::of_users(running.as_ref(), &config, &self.accounts, now, to).await?;
        // An inactive instance is looked at as if it were activated: there is nothing else to see.
        let after = (config.active || running.is_none()).then_some(config);
        let decide = move || compare::compare(running.as_ref(), after.as_ref(), users, now, to);
        tokio::task::spawn_blocking(decide).await.map_err(|_| ServiceError::Stopped)
    }

    /// What an instance that runs has read.
    async fn running(&self, id: &InstanceId) -> Result<Option<Calendars>, ServiceError> {
        let (done, answer) = oneshot::channel();
        let request = Request::Calendars { instance: id.clone(), done };
        self.requests.send(request).await.map_err(|_| ServiceError::Stopped)?;
        answer.await.map_err(|_| ServiceError::Stopped)
    }
}
