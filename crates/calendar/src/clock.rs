//! Now, for what is remembered, while a poll takes its time.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// A clock that begins at a given instant and goes on as time passes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    begun: Timestamp,
    started: Instant,
}

impl Clock {
    pub(crate) fn start(now: Timestamp) -> Self {
        Self { begun: now, started: Instant::now() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.started.elapsed()).unwrap_or(SignedDuration::ZERO);
        self.begun.checked_add(passed).unwrap_or(self.begun)
    }
}
