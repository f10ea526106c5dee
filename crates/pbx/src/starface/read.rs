//! Reading accounts: one call to the bridge for all of them, diversions side by side.

use std::collections::BTreeMap;

use busylamp_core::{account::AccountState, ids::AccountId};
use futures_util::future::join_all;

use super::{
    Starface,
    bridge::message::UserState,
    failure::{Failure, about, technical},
    rest::{diversions, users, what},
};
use crate::{PbxError, Reading};

impl Starface {
    /// Reads these accounts. What one way does not tell stays open in the state, so that diversions are served although
    /// the bridge is away, and the bridge's half although the PBX refuses the diversions. Neither is an error.
    pub(super) async fn read_accounts(&self, accounts: &[AccountId]) -> BTreeMap<AccountId, Result<Reading, PbxError>> {
        let states = match &self.bridge {
            // To the bridge, no accounts are all accounts.
            Some(bridge) if !accounts.is_empty() => match bridge.states(accounts).await {
                Ok(states) => states.users,
                Err(failure) => {
                    tracing::warn!(error = %failure.error, "the bridge tells no states");
                    BTreeMap::new()
                }
            },
            Some(_) | None => BTreeMap::new(),
        };
        let readings = accounts.iter().map(|account| async {
            let told = states.get(account);
            (account.clone(), self.read_account(account, told).await.map_err(PbxError::from))
        });
        join_all(readings).await.into_iter().collect()
    }

    async fn read_account(
        &self,
        account: &AccountId,
        told: Option<&Result<UserState, &'static str>>,
    ) -> Result<Reading, Failure> {
        let _turn = self.reading.acquire().await;
        let diversions = match diversions::read(&self.rest, &self.numbers, &self.doubts, account).await {
            Ok(diversions) => diversions,
            // A list that is refused may be that of a user who is no more. If it is refused for good, the bridge's half
            // is served nevertheless.
            Err(failure @ Failure { error: PbxError::Refused { .. }, .. }) => {
                if !users::exists(&self.rest, account).await? {
                    return Ok(Reading::Gone);
                }
                if told.is_none() {
                    return Err(failure);
                }
                tracing::warn!(%account, error = %failure.error, "diversions are not shown");
                None
            }
            Err(failure) => return Err(failure),
        };
        let told = match told {
            Some(Ok(told)) => told.clone(),
            Some(Err(complaint)) => {
                let advice = about(what::BRIDGE, &technical(complaint));
                return Err(Failure::perhaps_done(PbxError::Protocol { advice }));
            }
            None => UserState::default(),
        };
        Ok(Reading::State(AccountState {
            dnd: told.dnd,
            presence: told.presence,
            text: told.text,
            diversions,
            labels: self.labels.shown(&self.rest, account).await,
        }))
    }
}
