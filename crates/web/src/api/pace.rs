//! How fast one program may ask: many requests at once, then at a steady pace, each token for itself.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

/// Requests that may follow one another at once.
pub(super) const AT_ONCE: u32 = 100;
/// After those, one more in this time.
const PACE: Duration = Duration::from_millis(100);
/// So many tokens are remembered: more than there can be, but for those that were revoked meanwhile.
const REMEMBERED: usize = 1_000;

/// For each token the instant at which all its requests are paid for. Every request moves it by [`PACE`].
#[derive(Debug, Default)]
pub(super) struct Pace(BTreeMap<i64, Instant>);

impl Pace {
    /// Counts a request of this token.
    ///
    /// # Errors
    /// How long it has to wait before the next one is served.
    pub(super) fn request(&mut self, token: i64, now: Instant) -> Result<(), Duration> {
        if self.0.len() >= REMEMBERED {
            self.0.retain(|_, paid| *paid > now);
        }
        let paid = self.0.entry(token).or_insert(now);
        let debt = paid.saturating_duration_since(now);
        let allowed = PACE * (AT_ONCE - 1);
        if debt > allowed {
            return Err(debt - allowed);
        }
        *paid = now.max(*paid) + PACE;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_requests_are_served_at_once_then_ten_a_second() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        for _ in 0..AT_ONCE {
            assert_eq!(pace.request(1, now), Ok(()));
        }
        assert_eq!(pace.request(1, now), Err(PACE));
        let second = Duration::from_secs(1);
        let served = (0..1_000).filter(|_| pace.request(1, now + second).is_ok()).count();
        assert_eq!(served, 10);
    }

    #[test]
    fn one_program_does_not_slow_another() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        while pace.request(1, now).is_ok() {}
        assert_eq!(pace.request(2, now), Ok(()));
    }

    #[test]
    fn tokens_of_the_past_do_not_fill_the_memory() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        for token in 0..10_000 {
            pace.request(token, now + PACE * u32::try_from(token).unwrap()).unwrap();
        }
        assert!(pace.0.len() <= REMEMBERED);
    }
}
