//! Leaving alone for a while what only a person can heal, and spreading what is due.

use std::time::Duration;

use busylamp_net::retry::Backoff;
use jiff::{SignedDuration, Timestamp};

use crate::MailboxError;

/// Pauses after failures that a person has to heal.
const PAUSES: Backoff = Backoff { first: Duration::from_secs(10), longest: Duration::from_secs(900) };

/// Why one mailbox isn't asked at the moment, if it isn't.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rest {
    failures: u32,
    pause: Option<Pause>,
}

#[derive(Clone, Debug)]
struct Pause {
    begun: Timestamp,
    until: Timestamp,
    error: MailboxError,
}

impl Rest {
    /// It has failed in a way that time alone doesn't heal, or the server asked to be left alone for a time.
    pub(crate) fn begin(&mut self, now: Timestamp, after: Option<Duration>, random: f64, error: &MailboxError) {
        self.failures = self.failures.saturating_add(1);
        let pause = after.unwrap_or_else(|| PAUSES.pause(self.failures, None, random));
        let until = later(now, SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX));
        self.pause = Some(Pause { begun: now, until, error: error.clone() });
    }

    /// Why it isn't asked at this instant. A clock that was set back ends every pause.
    pub(crate) fn now(&self, now: Timestamp) -> Option<&MailboxError> {
        let pause = self.pause.as_ref().filter(|pause| pause.begun <= now && now < pause.until);
        pause.map(|pause| &pause.error)
    }

    /// It is asked again, whatever the pause; the next failure counts on.
    pub(crate) fn end(&mut self) {
        self.pause = None;
    }
}

/// So much later.
pub(crate) fn later(now: Timestamp, by: SignedDuration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// Between three quarters of a span and a little less than all of it, so that the next poll is still within it; `random` is from `[0, 1)`.
pub(crate) fn spread(span: SignedDuration, random: f64) -> SignedDuration {
    span.mul_f64(0.75 + 0.2 * random)
}

#[cfg(test)]
mod tests {
    use busylamp_core::said::Said;

    use super::*;

    #[test]
    fn who_needs_a_person_is_asked_more_and_more_seldom() {
        let now: Timestamp = "2026-11-24T09:00:00Z".parse().unwrap();
        let mut rest = Rest::default();
        let error = MailboxError::Denied { advice: Said::verbatim("") };
        let mut pauses = Vec::new();
        for _ in 0..10 {
            rest.begin(now, None, 1.0, &error);
            let rests = |seconds| rest.now(now + SignedDuration::from_secs(seconds)).is_some();
            pauses.push((0..2000).find(|seconds| !rests(*seconds)).unwrap());
        }
        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 900, 900, 900]);
    }

    #[test]
    fn a_pause_ends_when_it_is_ended_and_when_the_clock_is_set_back() {
        let now: Timestamp = "2026-11-24T09:00:00Z".parse().unwrap();
        let mut rest = Rest::default();
        rest.begin(now, None, 1.0, &MailboxError::Denied { advice: Said::verbatim("") });
        assert!(rest.now(now).is_some());
        assert!(rest.now(now - SignedDuration::from_hours(24)).is_none());
        rest.end();
        assert!(rest.now(now).is_none());
    }
}
