//! A token bucket without a clock.

use std::time::Duration;

use jiff::Timestamp;

/// Allows `capacity` at once and `per_second` in the long run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TokenBucket {
    capacity: f64,
    per_second: f64,
    tokens: f64,
    filled: Timestamp,
}

impl TokenBucket {
    /// A full bucket. At least one fits in, and at least one an hour flows in.
    pub fn new(capacity: u32, per_second: f64, now: Timestamp) -> Self {
        let capacity = f64::from(capacity.max(1));
        let per_second = if per_second.is_finite() { per_second.max(1.0 / 3600.0) } else { capacity };
        Self { capacity, per_second, tokens: capacity, filled: now }
    }

    /// Takes one token.
    ///
    /// # Errors
    /// When there is none: how long it takes until there is one, if nobody else takes it.
    pub fn take(&mut self, now: Timestamp) -> Result<(), Duration> {
        // A clock that was set back fills nothing and takes nothing away.
        let passed = now.duration_since(self.filled).as_secs_f64().max(0.0);
        self.filled = now;
        self.tokens = (self.tokens + passed * self.per_second).min(self.capacity);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.tokens) / self.per_second))
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use proptest::prelude::*;

    use super::*;

    fn start() -> Timestamp {
        "2026-11-24T09:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_burst_is_allowed_and_then_the_rate() {
        let mut bucket = TokenBucket::new(2, 0.5, start());
        assert_eq!(bucket.take(start()), Ok(()));
        assert_eq!(bucket.take(start()), Ok(()));
        assert_eq!(bucket.take(start()), Err(Duration::from_secs(2)));
        assert_eq!(bucket.take(start() + SignedDuration::from_secs(2)), Ok(()));
    }

    #[test]
    fn a_clock_set_back_gives_nothing_away() {
        let mut bucket = TokenBucket::new(1, 1.0, start());
        assert_eq!(bucket.take(start()), Ok(()));
        let before = start() - SignedDuration::from_hours(1);
        assert_eq!(bucket.take(before), Err(Duration::from_secs(1)));
        assert_eq!(bucket.take(before + SignedDuration::from_secs(1)), Ok(()));
    }

    proptest! {
        #[test]
        fn never_more_than_capacity_and_rate(steps in prop::collection::vec(0_i64..5000, 1..60)) {
            let mut bucket = TokenBucket::new(5, 2.0, start());
            let (mut now, mut taken) = (start(), 0_u32);
            for step in steps {
                now += SignedDuration::from_millis(step);
                taken += u32::from(bucket.take(now).is_ok());
            }
            let seconds = now.duration_since(start()).as_secs_f64();
            prop_assert!(f64::from(taken) <= 5.0 + 2.0 * seconds + 0.001);
        }
    }
}
