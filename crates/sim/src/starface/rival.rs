//! Another program that writes the same users' states: STARFACE's own Presence Sync, a client that puts its chat status
//! back from time to time, a second calendar program. It knows nothing of us and does not wait.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::pbx::{Pbx, StateChange, Through};
use crate::world::World;

/// What it writes to one account, and when.
#[derive(Clone, Debug)]
pub(crate) struct Rival {
    pub(crate) change: StateChange,
    /// Every so often; `None`: at once after each change by anybody else.
    pub(crate) every: Option<Duration>,
    /// When it writes next, with `every`.
    pub(crate) next: Instant,
    /// How often it has changed something.
    pub(crate) wrote: u64,
}

impl Pbx {
    /// It sees a change and answers it.
    pub(super) fn rival_answers(&mut self, now: Timestamp, id: u32) {
        let rival = self.accounts.get(&id).and_then(|account| account.rival.as_ref());
        if rival.is_some_and(|rival| rival.every.is_none()) {
            self.rival_writes(now, id);
        }
    }

    fn rival_writes(&mut self, now: Timestamp, id: u32) {
        let Some(change) = self.accounts.get(&id).and_then(|account| Some(account.rival.as_ref()?.change.clone()))
        else {
            return;
        };
        let before = self.cursor();
        self.change(now, id, change, Through::Rival);
        let wrote = self.cursor() != before;
        if let Some(rival) = self.accounts.get_mut(&id).and_then(|account| account.rival.as_mut()) {
            rival.wrote += u64::from(wrote);
        }
    }

    /// All those write whose time has come. Whether any did.
    fn rivals_write(&mut self, now: Timestamp, instant: Instant) -> bool {
        let mut due = Vec::new();
        for (id, account) in &mut self.accounts {
            let Some(rival) = &mut account.rival else { continue };
            let Some(every) = rival.every else { continue };
            if rival.next <= instant {
                rival.next = instant + every;
                due.push(*id);
            }
        }
        for id in &due {
            self.rival_writes(now, *id);
        }
        !due.is_empty()
    }

    /// When the next one writes.
    pub(super) fn next_rival(&self) -> Option<Instant> {
        let rivals = self.accounts.values().filter_map(|account| account.rival.as_ref());
        rivals.filter(|rival| rival.every.is_some()).map(|rival| rival.next).min()
    }
}

impl World {
    /// Lets other programs write whose time has come. Whoever looks at an account or listens calls this first, so that
    /// no task has to run for it.
    pub(crate) fn let_rivals_write(&self) {
        if self.pbx().rivals_write(self.clock.now(), Instant::now()) {
            self.told.notify_waiters();
        }
    }
}
