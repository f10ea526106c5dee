//! How long to wait before the next attempt, and whether there should be one.

use std::time::Duration;

use http::{HeaderMap, header::RETRY_AFTER};
use jiff::Timestamp;

/// Who can do something about an error. It drives pauses and hints, the error's text doesn't.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Time heals it: try again after a pause.
    Retryable,
    /// A person has to change something: ask again seldom.
    NeedsAdministrator,
    /// We asked for nonsense: asking again is useless, and we want to hear of it.
    Bug,
}

/// Pauses that double from attempt to attempt, with jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The longest pause after the first failure.
    pub first: Duration,
    /// The longest pause ever, unless the server asks for a longer one.
    pub longest: Duration,
}

impl Backoff {
    /// The pause before the next attempt.
    ///
    /// * `attempt`: how many attempts have failed, from 1 on (0 counts as 1).
    /// * `retry_after`: what the server asked for.
    /// * `random`: from `[0, 1)`; values outside are clamped.
    ///
    /// With `ceiling = min(longest, first * 2^(attempt - 1))` the pause lies in `[ceiling / 2, ceiling]`, and
    /// is never shorter than `retry_after`: then it is `retry_after` plus up to a tenth of it, or the own
    /// pause if that is longer. So many clients that failed together don't come back together.
    pub fn pause(&self, attempt: u32, retry_after: Option<Duration>, random: f64) -> Duration {
        let random = if random.is_nan() { 0.0 } else { random.clamp(0.0, 1.0) };
        let doublings = attempt.saturating_sub(1).min(31);
        let ceiling = self.first.saturating_mul(1 << doublings).min(self.longest);
        let own = (ceiling / 2).saturating_add((ceiling / 2).mul_f64(random));
        let asked = retry_after.unwrap_or_default();
        own.max(asked.saturating_add((asked / 10).mul_f64(random)))
    }
}

/// A random number from `[0, 1)` for [`Backoff::pause`].
pub fn jitter() -> f64 {
    rand::random()
}

/// The longest pause that a server can ask for and is believed.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// What the server asks for in `Retry-After`, as seconds or as a date (RFC 9110, section 10.2.3; of the dates only the
/// preferred form). A date that has passed is zero; at most [`LONGEST_RETRY_AFTER`].
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    retry_after_value(headers.get(RETRY_AFTER)?.to_str().ok()?, now)
}

/// [`retry_after`] of a header's value that stands elsewhere, for example inside a batch's answer.
pub fn retry_after_value(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let asked = match value.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) => LONGEST_RETRY_AFTER,
        Err(_) => {
            let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
            Duration::try_from(date.duration_since(now)).unwrap_or_default()
        }
    };
    Some(asked.min(LONGEST_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BACKOFF: Backoff = Backoff { first: Duration::from_secs(1), longest: Duration::from_secs(60) };

    fn now() -> Timestamp {
        "2026-11-24T09:00:00Z".parse().unwrap()
    }

    fn asked(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        retry_after(&headers, now())
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let longest: Vec<u64> = (1..=8).map(|attempt| BACKOFF.pause(attempt, None, 1.0).as_secs()).collect();
        assert_eq!(longest, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(BACKOFF.pause(3, None, 0.0), Duration::from_secs(2));
    }

    #[test]
    fn seconds_and_dates_are_understood() {
        assert_eq!(asked("17"), Some(Duration::from_secs(17)));
        assert_eq!(asked("Tue, 24 Nov 2026 09:01:00 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(asked("Tue, 24 Nov 2026 08:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(asked("soon"), None);
        assert_eq!(asked("-1"), None);
        assert_eq!(asked(""), None);
        assert_eq!(retry_after(&HeaderMap::new(), now()), None);
    }

    #[test]
    fn a_server_can_not_silence_us_for_longer_than_an_hour() {
        assert_eq!(asked("86400"), Some(LONGEST_RETRY_AFTER));
        assert_eq!(asked("99999999999999999999999999"), Some(LONGEST_RETRY_AFTER));
        assert_eq!(asked("Wed, 24 Nov 2027 09:01:00 GMT"), Some(LONGEST_RETRY_AFTER));
    }

    proptest! {
        #[test]
        fn a_pause_stays_within_its_bounds(attempt: u32, asked in 0_u64..4000, random in any::<f64>()) {
            let retry_after = Duration::from_secs(asked);
            let pause = BACKOFF.pause(attempt, Some(retry_after), random);
            prop_assert!(pause >= retry_after);
            prop_assert!(pause >= BACKOFF.first / 2);
            prop_assert!(pause <= BACKOFF.longest.max(retry_after + retry_after / 10));
        }
    }
}
