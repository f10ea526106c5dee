//! Accounts on Exchange Servers, each shared by all instances that use it: its connections, its limits, and a sign-in
//! that was refused, so that a wrong password is tried once in all.

use std::sync::Arc;

use busylamp_calendar::ews::EwsAccount;

use crate::config::{AccountKey, Exchange};

/// The accounts in use.
#[derive(Default)]
pub(crate) struct Accounts(Vec<(AccountKey, Arc<EwsAccount>)>);

impl Accounts {
    /// The account of these settings.
    ///
    /// # Errors
    /// Why its connections can't be set up.
    pub(crate) fn get(&mut self, exchange: &Exchange) -> Result<Arc<EwsAccount>, String> {
        if let Some((_, account)) = self.0.iter().find(|(key, _)| *key == exchange.key) {
            return Ok(Arc::clone(account));
        }
        let account = EwsAccount::new(&exchange.settings).map_err(|error| error.to_string())?;
        self.0.push((exchange.key.clone(), Arc::clone(&account)));
        Ok(account)
    }

    /// Drops those that nobody uses any more: what is configured like one of them later is tried afresh.
    pub(crate) fn keep_only(&mut self, is_used: impl Fn(&AccountKey) -> bool) {
        self.0.retain(|(key, _)| is_used(key));
    }
}
