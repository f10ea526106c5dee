//! Sign-ins to Exchange Servers and telephone systems, each shared by all instances that use it, and by whoever tries a
//! configuration: its connections, its limits, and a sign-in that was refused, so that a wrong password is tried once in
//! all.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use busylamp_calendar::ews::EwsAccount;
use busylamp_core::said::Said;
use busylamp_pbx::starface::{ConfigError, Starface, StarfaceConfig};
use tokio::time::Instant;

use crate::config::{AccountKey, Exchange, SystemKey};

/// What nobody uses is remembered for so long: whoever presses a button again and again tries a wrong password once.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);
/// No more that nobody uses are remembered.
const MOST_UNUSED: usize = 64;

/// The sign-ins that are used or were tried; a copy shares them.
#[derive(Clone)]
pub(crate) struct Accounts {
    exchange: Shared<AccountKey, EwsAccount>,
    starface: Shared<SystemKey, Starface>,
}

impl Default for Accounts {
    fn default() -> Self {
        Self { exchange: Shared(Arc::default()), starface: Shared(Arc::default()) }
    }
}

impl Accounts {
    /// The account of these settings on an Exchange Server.
    ///
    /// # Errors
    /// Why its connections can't be set up.
    pub(crate) fn exchange(&self, exchange: &Exchange) -> Result<Arc<EwsAccount>, Said> {
        let made = || EwsAccount::new(&exchange.settings).map_err(|error| error.said());
        self.exchange.get(&exchange.key, Instant::now(), made)
    }

    /// The driver of this telephone system.
    ///
    /// # Errors
    /// Why its connections can't be set up.
    pub(crate) fn starface(&self, key: &SystemKey, config: &StarfaceConfig) -> Result<Arc<Starface>, ConfigError> {
        self.starface.get(key, Instant::now(), || Starface::new(config.clone()).map(Arc::new))
    }
}

/// Things by what they are made of.
struct Shared<K, T>(Arc<Mutex<Vec<Known<K, T>>>>);

struct Known<K, T> {
    key: K,
    thing: Arc<T>,
    /// When it was last asked for.
    asked: Instant,
}

impl<K, T> Clone for Shared<K, T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Clone + PartialEq, T> Shared<K, T> {
    fn get<E>(&self, key: &K, now: Instant, make: impl FnOnce() -> Result<Arc<T>, E>) -> Result<Arc<T>, E> {
        // Nothing in here panics half-way.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|known| known.is_used() || now.duration_since(known.asked) < REMEMBERED);
        if let Some(known) = all.iter_mut().find(|known| known.key == *key) {
            known.asked = now;
            return Ok(Arc::clone(&known.thing));
        }
        while all.iter().filter(|known| !known.is_used()).count() >= MOST_UNUSED {
            let unused = all.iter().enumerate().filter(|(_, known)| !known.is_used());
            let Some((oldest, _)) = unused.min_by_key(|(_, known)| known.asked) else { break };
            all.remove(oldest);
        }
        let thing = make()?;
        all.push(Known { key: key.clone(), thing: Arc::clone(&thing), asked: now });
        Ok(thing)
    }
}

impl<K, T> Known<K, T> {
    /// Whether anybody else has it.
    fn is_used(&self) -> bool {
        Arc::strong_count(&self.thing) > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared() -> Shared<u32, u32> {
        Shared(Arc::default())
    }

    fn get(shared: &Shared<u32, u32>, key: u32, now: Instant, made: u32) -> Arc<u32> {
        shared.get(&key, now, || Ok::<_, ()>(Arc::new(made))).expect("it can be made")
    }

    #[test]
    fn what_is_used_stays_and_what_was_tried_is_remembered_for_a_while() {
        let (shared, now) = (shared(), Instant::now());
        let used = get(&shared, 1, now, 10);
        assert_eq!(*get(&shared, 2, now, 20), 20);
        assert_eq!(*get(&shared, 2, now, 21), 20, "it was tried just now");
        let now = now + REMEMBERED;
        assert_eq!((*get(&shared, 1, now, 11), *get(&shared, 2, now, 22)), (10, 22));
        drop(used);
        assert_eq!(*get(&shared, 1, now + REMEMBERED, 12), 12);
    }

    #[test]
    fn of_too_many_the_oldest_that_nobody_uses_are_forgotten() {
        let (shared, now) = (shared(), Instant::now());
        let used = get(&shared, 0, now, 0);
        for key in 1..200 {
            get(&shared, key, now + Duration::from_secs(key.into()), key);
        }
        assert_eq!(shared.0.lock().expect("nobody panics").len(), MOST_UNUSED + 1);
        let now = now + Duration::from_secs(200);
        let again = [0, 199, 1].map(|key| *get(&shared, key, now, 7));
        assert_eq!(again, [*used, 199, 7]);
    }
}
