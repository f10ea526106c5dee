//! Accounts on Exchange Servers, each shared by all instances that use it, and by whoever tries a configuration: its
//! connections, its limits, and a sign-in that was refused, so that a wrong password is tried once in all.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use busylamp_calendar::ews::EwsAccount;
use tokio::time::Instant;

use crate::config::{AccountKey, Exchange};

/// What was only tried is remembered for so long: whoever presses a button again and again tries a wrong password once.
const TRIED: Duration = Duration::from_secs(10 * 60);
/// No more accounts that were only tried are remembered.
const MOST_TRIED: usize = 64;

/// The accounts in use; a copy shares them.
#[derive(Clone, Default)]
pub(crate) struct Accounts(Arc<Mutex<Vec<Known>>>);

struct Known {
    key: AccountKey,
    account: Arc<EwsAccount>,
    /// Since when it is known, if no instance uses it.
    tried: Option<Instant>,
}

impl Accounts {
    /// The account of these settings, for an instance.
    ///
    /// # Errors
    /// Why its connections can't be set up.
    pub(crate) fn get(&self, exchange: &Exchange) -> Result<Arc<EwsAccount>, String> {
        self.find(exchange, None)
    }

    /// The account of these settings, for a trial.
    ///
    /// # Errors
    /// Why its connections can't be set up.
    pub(crate) fn lend(&self, exchange: &Exchange) -> Result<Arc<EwsAccount>, String> {
        self.find(exchange, Some(Instant::now()))
    }

    fn find(&self, exchange: &Exchange, tried: Option<Instant>) -> Result<Arc<EwsAccount>, String> {
        let mut known = self.lock();
        forget_tried(&mut known);
        if let Some(known) = known.iter_mut().find(|known| known.key == exchange.key) {
            known.tried = known.tried.filter(|_| tried.is_some());
            return Ok(Arc::clone(&known.account));
        }
        let account = EwsAccount::new(&exchange.settings).map_err(|error| error.to_string())?;
        known.push(Known { key: exchange.key.clone(), account: Arc::clone(&account), tried });
        Ok(account)
    }

    /// Drops those that nobody uses any more: what is configured like one of them later is tried afresh.
    pub(crate) fn keep_only(&self, is_used: impl Fn(&AccountKey) -> bool) {
        self.lock().retain(|known| known.tried.is_some() || is_used(&known.key));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Known>> {
        // Nothing in here panics half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops those that were only tried a while ago, and the oldest of too many.
fn forget_tried(known: &mut Vec<Known>) {
    known.retain(|known| known.tried.is_none_or(|at| at.elapsed() < TRIED));
    while known.iter().filter(|known| known.tried.is_some()).count() >= MOST_TRIED {
        let oldest = known.iter().position(|known| known.tried.is_some());
        let Some(oldest) = oldest else { break };
        known.remove(oldest);
    }
}
