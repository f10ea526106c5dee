//! What was decided and written, for the explanation of the past (9). No title or text can get in here: a text is
//! recorded as the word `text`, and reasons are words of the program.

use std::{borrow::Cow, fmt, ops::Range};

use busylamp_core::{
    account::{Dimension, Presence, Value},
    ids::{AccountId, EventId, InstanceId},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

use crate::{Store, error::StoreError, time};

/// How long history is kept unless the administrator says otherwise.
pub const HISTORY_DAYS: u16 = 14;

/// No more records are kept than this, whatever their age: a record takes some 170 bytes, an event some 12 records.
pub const HISTORY_RECORDS: u32 = 10_000_000;

/// The most records that one question gives.
pub const HISTORY_LIMIT: u32 = 10_000;

/// So many records are forgotten in one transaction: holds that are to be committed wait no longer than it takes.
const PORTION: u32 = 1_000;

/// One past decision or write, or what was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Record {
    /// When; kept in whole microseconds.
    pub at: Timestamp,
    /// In which instance.
    pub instance: InstanceId,
    /// For which account.
    pub account: AccountId,
    /// What happened.
    pub what: What,
    /// In which dimension.
    pub dimension: Dimension,
    /// The value before; `None`: nothing was wanted, or it was not known.
    pub before: Option<Recorded>,
    /// The value after; `None`: nothing is wanted any more.
    pub after: Option<Recorded>,
    /// The event that the value comes from.
    pub event: Option<EventId>,
    /// Why.
    pub reason: Reason,
}

/// Whether something was decided, done or seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The wanted value changed, whether or not anything was to be written.
    Decided,
    /// The telephone system acknowledged a write.
    Written,
    /// The telephone system was seen to show another value than was known, and no acknowledged write had made it.
    Shown,
}

/// A value as history keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// DND, or a diversion's `enabled`.
    Switch(bool),
    /// Chat presence.
    Presence(Presence),
    /// Some status text or label; which one is not kept.
    Text,
}

impl From<&Value> for Recorded {
    fn from(value: &Value) -> Self {
        match value {
            Value::Switch(on) => Self::Switch(*on),
            Value::Presence(presence) => Self::Presence(*presence),
            Value::Text(_) => Self::Text,
        }
    }
}

impl Recorded {
    /// The value as written in our own formats; `text` for any text.
    pub fn name(self) -> &'static str {
        match self {
            Self::Switch(true) => "true",
            Self::Switch(false) => "false",
            Self::Presence(presence) => presence.name(),
            Self::Text => "text",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Switch(true), Self::Switch(false), Self::Text].into_iter();
        all.chain(Presence::ALL.map(Self::Presence)).find(|recorded| recorded.name() == name)
    }
}

impl Serialize for Recorded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Why something was decided or written: a code of the program, such as `given_back`. That it can only be made of a
/// literal keeps calendars out of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Reason(Cow<'static, str>);

impl Reason {
    /// The reason with this code.
    pub const fn new(code: &'static str) -> Self {
        Self(Cow::Borrowed(code))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Store {
    /// Adds these records, all or none. Of several at one instant, the order given is kept.
    pub async fn append_history(&self, records: &[Record]) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        for record in records {
            sqlx::query(
                "INSERT INTO history (at, instance, account, what, dimension, before, after, event, reason) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(time::to_column(record.at))
            .bind(record.instance.as_str())
            .bind(record.account.as_str())
            .bind(record.what.name())
            .bind(record.dimension.to_string())
            .bind(record.before.map(Recorded::name))
            .bind(record.after.map(Recorded::name))
            .bind(record.event.as_ref().map(EventId::as_str))
            .bind(record.reason.as_str())
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// What happened to one account in a half-open span, the latest first; at most `limit` records, and never more
    /// than [`HISTORY_LIMIT`]. Records that this version can't read, written by a newer one, are left out.
    pub async fn history(
        &self,
        instance: &InstanceId,
        account: &AccountId,
        span: Range<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT at, what, dimension, before, after, event, reason FROM history \
             WHERE instance = $1 AND account = $2 AND at >= $3 AND at < $4 ORDER BY at DESC, number DESC LIMIT $5",
        )
        .bind(instance.as_str())
        .bind(account.as_str())
        .bind(time::to_column(span.start))
        .bind(time::to_column(span.end))
        .bind(limit.min(HISTORY_LIMIT))
        .fetch_all(self.readers())
        .await?;
        Ok(rows.into_iter().filter_map(|row| from_row(instance, account, row)).collect())
    }

    /// Forgets what is more than `days` days old, and the oldest beyond the number that is kept; how many records that
    /// were. A long backlog goes in portions, so that nothing else has to wait for long.
    pub async fn prune_history(&self, now: Timestamp, days: u16, most: u32) -> Result<u64, StoreError> {
        let age = SignedDuration::from_hours(24 * i64::from(days));
        let oldest = now.saturating_sub(age).unwrap_or(Timestamp::MIN);
        let old = "DELETE FROM history WHERE number IN (SELECT number FROM history WHERE at < $1 ORDER BY at LIMIT $2)";
        // Numbers grow with every record.
        let beyond = "DELETE FROM history WHERE number IN (SELECT number FROM history \
                      WHERE number <= (SELECT max(number) FROM history) - $1 ORDER BY number LIMIT $2)";
        Ok(self.forget(old, time::to_column(oldest)).await? + self.forget(beyond, i64::from(most)).await?)
    }

    async fn forget(&self, statement: &'static str, bound: i64) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            let mut transaction = self.begin().await?;
            let result = sqlx::query(statement).bind(bound).bind(PORTION).execute(&mut *transaction).await?;
            transaction.commit().await?;
            forgotten += result.rows_affected();
            if result.rows_affected() < u64::from(PORTION) {
                return Ok(forgotten);
            }
        }
    }
}

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::Decided => "decided",
            Self::Written => "written",
            Self::Shown => "shown",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Decided, Self::Written, Self::Shown].into_iter().find(|what| what.name() == name)
    }
}

type Row = (i64, String, String, Option<String>, Option<String>, Option<String>, String);

fn from_row(
    instance: &InstanceId,
    account: &AccountId,
    (at, what, dimension, before, after, event, reason): Row,
) -> Option<Record> {
    let value = |name: Option<String>| match name {
        Some(name) => Recorded::from_name(&name).map(Some),
        None => Some(None),
    };
    Some(Record {
        at: time::from_column(at),
        instance: instance.clone(),
        account: account.clone(),
        what: What::from_name(&what)?,
        dimension: Dimension::try_from(dimension).ok()?,
        before: value(before)?,
        after: value(after)?,
        event: event.map(EventId::new),
        reason: Reason(Cow::Owned(reason)),
    })
}
