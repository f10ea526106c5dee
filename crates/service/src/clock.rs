//! The one clock of the service. Everything else is handed *now*.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The wall clock, or for the demo one that runs faster.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's.
    Wall,
    /// From an instant on, this many times as fast as the machine's.
    Fast {
        /// When it was started.
        from: Timestamp,
        /// When that was for the machine.
        since: Instant,
        /// How many seconds pass in one.
        speed: u32,
    },
}

/// The wall clock may be set, or the machine suspended: nobody sleeps longer than this without looking at it again.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

impl Clock {
    /// A clock that shows `from` at this moment and runs `speed` times as fast as the machine's.
    pub fn fast(from: Timestamp, speed: u32) -> Self {
        Self::Fast { from, since: Instant::now(), speed: speed.max(1) }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        match *self {
            Self::Wall => Timestamp::now(),
            Self::Fast { from, since, speed } => {
                let passed = SignedDuration::try_from(since.elapsed() * speed).unwrap_or(SignedDuration::MAX);
                from.saturating_add(passed).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// The machine's time that a span of this clock takes.
    pub fn real(&self, span: SignedDuration) -> Duration {
        let span = Duration::try_from(span).unwrap_or(Duration::ZERO);
        match self {
            Self::Wall => span,
            Self::Fast { speed, .. } => span / *speed,
        }
    }

    /// Sleeps for a span of this clock.
    pub async fn sleep(&self, span: SignedDuration) {
        tokio::time::sleep(self.real(span)).await;
    }

    /// Sleeps until an instant, or for a few seconds at most: whoever waits looks at the clock again.
    pub async fn sleep_towards(&self, at: Timestamp) {
        let left = self.real(at.duration_since(self.now()));
        tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
    }
}
