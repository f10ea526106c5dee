//! Writing batches: records to the bridge, diversions and labels side by side with them. An account's dimensions that
//! the bridge sets are one record; its diversions, and after them its labels, go out in the order given.

use std::collections::BTreeMap;

use busylamp_core::{
    account::{Dimension, StatusText, Value},
    ids::{AccountId, DiversionId, LabelId},
    said::Said,
};
use futures_util::future::join_all;
use tokio::time::Instant;

use super::{
    Starface,
    bridge::{
        Bridge,
        message::{Code, MAX_RECORDS, Setting},
    },
    rest::diversions,
};
use crate::{AccountWrites, PbxError, WriteOutcome};

type Outcomes = Vec<(Dimension, WriteOutcome)>;

/// One account's writes by the way that they take.
struct Sorted<'a> {
    account: &'a AccountId,
    setting: Setting,
    diversions: Vec<(&'a DiversionId, bool)>,
    labels: Vec<(&'a LabelId, &'a StatusText)>,
}

impl Starface {
    /// Carries out a batch.
    pub(super) async fn write_accounts(&self, batch: &[AccountWrites]) -> BTreeMap<AccountId, Outcomes> {
        let sorted: Vec<Sorted<'_>> = batch.iter().map(sort).collect();
        let (mut outcomes, switched) = tokio::join!(self.set(&sorted), self.switch(&sorted));
        for (account, switched) in switched {
            outcomes.entry(account).or_default().extend(switched);
        }
        let mut ordered: BTreeMap<AccountId, Outcomes> = BTreeMap::new();
        for AccountWrites { account, values } in batch {
            let done = outcomes.get(account).map(Vec::as_slice).unwrap_or_default();
            let each = values.iter().map(|(dimension, _)| {
                let outcome = done.iter().find(|(written, _)| written == dimension).map(|(_, outcome)| outcome.clone());
                // A value of another type than its dimension's took no way.
                let outcome = outcome.unwrap_or_else(|| WriteOutcome::Refused {
                    advice: Said::new("einen solchen Wert gibt es nicht", "there is no such value"),
                });
                (dimension.clone(), outcome)
            });
            ordered.entry(account.clone()).or_default().extend(each);
        }
        ordered
    }

    async fn switch(&self, sorted: &[Sorted<'_>]) -> Vec<(AccountId, Outcomes)> {
        let begun = Instant::now();
        let some = |sorted: &&Sorted<'_>| !sorted.diversions.is_empty() || !sorted.labels.is_empty();
        let accounts = sorted.iter().filter(some).map(|sorted| async {
            let mut outcomes = Vec::new();
            for (id, on) in &sorted.diversions {
                let _turn = self.writing.acquire().await;
                let outcome = diversions::switch(&self.rest, sorted.account, id, *on).await;
                outcomes.push((Dimension::Diversion((*id).clone()), outcome));
            }
            for (id, name) in &sorted.labels {
                let outcome = self.labels.write(&self.rest, sorted.account, id, name, begun).await;
                outcomes.push((Dimension::Label((*id).clone()), outcome));
            }
            (sorted.account.clone(), outcomes)
        });
        join_all(accounts).await
    }

    async fn set(&self, sorted: &[Sorted<'_>]) -> BTreeMap<AccountId, Outcomes> {
        let settings: Vec<(AccountId, Setting)> = sorted
            .iter()
            .filter(|sorted| sorted.setting != Setting::default())
            .map(|sorted| (sorted.account.clone(), sorted.setting.clone()))
            .collect();
        let mut outcomes: BTreeMap<AccountId, Outcomes> = BTreeMap::new();
        let Some(bridge) = &self.bridge else {
            for (account, setting) in settings {
                let advice = Said::new(
                    "ohne die Brücke lässt sich das nicht setzen; installieren Sie sie, und tragen Sie ihren Schlüssel ein",
                    "without the bridge this can't be set; install it and enter its key",
                );
                let refused = WriteOutcome::Refused { advice };
                outcomes.entry(account).or_default().extend(dimensions(&setting).map(|d| (d, refused.clone())));
            }
            return outcomes;
        };
        self.written.note(&settings);
        let mut singly = Vec::new();
        for (account, setting, outcome) in apply(bridge, settings).await {
            let refused = matches!(outcome, WriteOutcome::Refused { .. });
            if refused && dimensions(&setting).count() > 1 {
                // One dimension that is refused must not take the others with it.
                singly.extend(split(&setting).map(|part| (account.clone(), part)));
            } else {
                let each = dimensions(&setting).map(|dimension| (dimension, outcome.clone()));
                outcomes.entry(account).or_default().extend(each);
            }
        }
        for (account, part, outcome) in apply(bridge, singly).await {
            let each = dimensions(&part).map(|dimension| (dimension, outcome.clone()));
            outcomes.entry(account).or_default().extend(each);
        }
        outcomes
    }
}

/// Sends the settings in as many calls as the contract wants. If the answer to a call is lost, so is that to each of
/// its records.
async fn apply(bridge: &Bridge, settings: Vec<(AccountId, Setting)>) -> Vec<(AccountId, Setting, WriteOutcome)> {
    let mut outcomes = Vec::with_capacity(settings.len());
    for call in settings.chunks(MAX_RECORDS) {
        let answers: Vec<WriteOutcome> = match bridge.apply(call).await {
            Ok(answers) => {
                answers.into_iter().map(|answer| answer.map_or_else(refused, |()| WriteOutcome::Acknowledged)).collect()
            }
            // That the bridge refuses the call as a whole is no verdict on any user: it is not `Refused`.
            Err(failure) => call.iter().map(|_| failure.clone().outcome()).collect(),
        };
        outcomes
            .extend(call.iter().cloned().zip(answers).map(|((account, setting), outcome)| (account, setting, outcome)));
    }
    outcomes
}

/// What a refused record means.
fn refused(code: Code) -> WriteOutcome {
    match code {
        Code::NoSuchAccount => WriteOutcome::Gone,
        Code::Refused => {
            WriteOutcome::Refused { advice: Said::new("die Anlage erlaubt es nicht", "the PBX does not allow it") }
        }
        Code::Unsupported => WriteOutcome::Refused {
            advice: Said::new("die Brücke kann das auf dieser Anlage nicht", "the bridge can't do this on this PBX"),
        },
        Code::BadRequest => WriteOutcome::Refused {
            advice: Said::new(
                "die Brücke versteht den Auftrag nicht; aktualisieren Sie sie",
                "the bridge does not understand the record; update it",
            ),
        },
        Code::BadKey => WriteOutcome::NotDone {
            advice: PbxError::SignIn { advice: Said::new("der Schlüssel der Brücke", "the bridge's key") }.said(),
        },
        Code::Internal | Code::Other => WriteOutcome::Unknown {
            advice: Said::new("die Brücke meldet einen eigenen Fehler", "the bridge reports a fault of its own"),
        },
    }
}

fn sort(writes: &AccountWrites) -> Sorted<'_> {
    let mut sorted =
        Sorted { account: &writes.account, setting: Setting::default(), diversions: Vec::new(), labels: Vec::new() };
    for (dimension, value) in &writes.values {
        match (dimension, value) {
            (Dimension::Dnd, Value::Switch(on)) => sorted.setting.dnd = Some(*on),
            (Dimension::Presence, Value::Presence(presence)) => sorted.setting.presence = Some(*presence),
            (Dimension::Text, Value::Text(text)) => sorted.setting.text = Some(text.clone()),
            (Dimension::Diversion(id), Value::Switch(on)) => sorted.diversions.push((id, *on)),
            (Dimension::Label(id), Value::Text(name)) => sorted.labels.push((id, name)),
            (_, Value::Switch(_) | Value::Presence(_) | Value::Text(_)) => {}
        }
    }
    sorted
}

fn dimensions(setting: &Setting) -> impl Iterator<Item = Dimension> {
    let each = [
        setting.dnd.map(|_| Dimension::Dnd),
        setting.presence.map(|_| Dimension::Presence),
        setting.text.as_ref().map(|_| Dimension::Text),
    ];
    each.into_iter().flatten()
}

/// The same setting, one dimension each.
fn split(setting: &Setting) -> impl Iterator<Item = Setting> {
    let Setting { dnd, presence, text } = setting.clone();
    let each = [
        dnd.map(|on| Setting { dnd: Some(on), ..Setting::default() }),
        presence.map(|presence| Setting { presence: Some(presence), ..Setting::default() }),
        text.map(|text| Setting { text: Some(text), ..Setting::default() }),
    ];
    each.into_iter().flatten()
}
