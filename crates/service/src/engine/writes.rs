//! Writes on their way, and what becomes of their answers.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use busylamp_core::{account::Dimension, hold::Purpose, ids::AccountId, keeper::Write, mirror::Came, said::Said};
use busylamp_pbx::{AccountWrites, WriteOutcome};
use busylamp_store::{Reason, Record, Recorded, What};
use jiff::Timestamp;

use super::{
    Engine,
    link::Outgoing,
    work::{Report, timed},
};
use crate::{config::PbxKey, figures::WriteEnd};

impl Engine {
    pub(super) fn written(
        &mut self,
        pbx: &PbxKey,
        batch: Vec<Outgoing>,
        outcomes: &BTreeMap<AccountId, Vec<(Dimension, WriteOutcome)>>,
        now: Timestamp,
    ) {
        let Some(link) = self.links.get_mut(pbx) else { return };
        link.batch_ended();
        for outgoing in batch {
            let Some(live) = link.accounts.get_mut(&outgoing.account) else { continue };
            live.in_flight = false;
            let instance = self.instances.get_mut(&outgoing.instance);
            let Some(user) = instance
                .filter(|instance| instance.activation == outgoing.activation)
                .and_then(|instance| instance.users.get_mut(&outgoing.account))
            else {
                // It has moved or is gone: whoever has the hold now reads the account first.
                live.mirror.invalidate();
                link.read_again(Some(&BTreeSet::from([outgoing.account])));
                continue;
            };
            let outcomes: BTreeMap<_, _> =
                outcomes.get(&outgoing.account).into_iter().flatten().map(|(d, o)| (d, o)).collect();
            let mut lost = None;
            let figures = &self.figures;
            let mut came = |write: &Write| match outcomes.get(&write.dimension) {
                Some(WriteOutcome::Acknowledged) => {
                    figures.wrote(&write.dimension, WriteEnd::Acknowledged);
                    figures.acknowledged_after(outgoing.decided.elapsed());
                    self.history.push(record(&outgoing, write, now));
                    user.chronicle.written(&write.dimension, &write.to);
                    Came::Acknowledged
                }
                Some(WriteOutcome::Refused { advice }) => {
                    figures.wrote(&write.dimension, WriteEnd::Refused);
                    let Outgoing { instance, account, .. } = &outgoing;
                    tracing::warn!(%instance, %account, dimension = %write.dimension, %advice, "a write is refused");
                    Came::Refused
                }
                Some(WriteOutcome::NotDone { advice } | WriteOutcome::Unknown { advice }) => {
                    figures.wrote(&write.dimension, WriteEnd::Lost);
                    lost = Some(advice.clone());
                    Came::Unknown
                }
                Some(WriteOutcome::Gone) | None => {
                    figures.wrote(&write.dimension, WriteEnd::Lost);
                    lost.get_or_insert_with(|| {
                        Said::new("der Eintrag ist nicht mehr da", "the entry is not there any more")
                    });
                    Came::Unknown
                }
            };
            let came: Vec<Came> = outgoing.writes.iter().map(&mut came).collect();
            let answers = live.mirror.answered(&outgoing.writes, &came, now);
            if let Some(advice) = lost {
                link.failed(now, advice);
                link.read_again(Some(&BTreeSet::from([outgoing.account.clone()])));
            }
            user.answers.extend(answers);
            self.dirty.insert((outgoing.instance, outgoing.account));
        }
    }
}

fn record(outgoing: &Outgoing, write: &Write, now: Timestamp) -> Record {
    Record {
        at: now,
        instance: outgoing.instance.clone(),
        account: outgoing.account.clone(),
        what: What::Written,
        dimension: write.dimension.clone(),
        before: Some(Recorded::from(&write.from)),
        after: Some(Recorded::from(&write.to)),
        event: None,
        reason: Reason::new(match write.purpose {
            Purpose::Take => "take",
            Purpose::Change => "change",
            Purpose::Again => "again",
            Purpose::GiveBack => "give_back",
        }),
    }
}

/// Sends a batch.
pub(super) async fn write(key: PbxKey, pbx: Arc<dyn busylamp_pbx::Pbx>, batch: Vec<Outgoing>) -> Report {
    let writes: Vec<_> = batch
        .iter()
        .map(|outgoing| AccountWrites {
            account: outgoing.account.clone(),
            values: outgoing.writes.iter().map(|write| (write.dimension.clone(), write.to.clone())).collect(),
        })
        .collect();
    let (outcomes, took) = timed(pbx.apply(&writes)).await;
    Report::Written { pbx: key, batch, took, outcomes }
}
