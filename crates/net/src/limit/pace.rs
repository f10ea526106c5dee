//! Coming back after an outage: not all at once.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// Spreads what is asked in the time after an outage: whatever has piled up meanwhile comes back at a steady rate, and
/// not as one wave. While all is well it holds nobody up.
#[derive(Debug)]
pub struct Pace {
    per_second: u32,
    state: Mutex<State>,
    /// How many outages there were: who waits for his turn when the next one begins need not wait for it.
    outages: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    /// Until when what is asked is spread.
    until: Instant,
    /// When the next has its turn.
    turn: Instant,
}

impl Pace {
    /// The rate is kept for so long after the last failure.
    pub const LASTS: Duration = Duration::from_secs(5 * 60);

    /// So much goes at once before the rest is spread, in seconds of the rate: a small company never waits.
    const AT_ONCE: Duration = Duration::from_millis(500);

    /// At most so many questions a second after an outage, at least one.
    pub fn new(per_second: u32) -> Self {
        let now = Instant::now();
        let state = Mutex::new(State { until: now, turn: now });
        Self { per_second: per_second.max(1), state, outages: watch::Sender::new(0) }
    }

    /// The server fails, or wants to be left alone.
    pub fn stumble(&self) {
        let now = Instant::now();
        let mut state = self.state();
        // Turns that were given in an earlier outage are over: who waited for one does not come any more.
        *state = State { until: now + Self::LASTS, turn: now };
        drop(state);
        self.outages.send_modify(|number| *number += 1);
    }

    /// Waits for the turn of so many questions; not at all if there was no outage lately, and no longer than until the
    /// next one begins.
    pub async fn wait(&self, questions: usize) {
        let mut outages = self.outages.subscribe();
        let Some(turn) = self.turn(questions) else { return };
        tokio::select! {
            () = sleep_until(turn) => {}
            _ = outages.changed() => {}
        }
    }

    fn turn(&self, questions: usize) -> Option<Instant> {
        let now = Instant::now();
        let mut state = self.state();
        if now >= state.until {
            return None;
        }
        let turn = state.turn.max(now.checked_sub(Self::AT_ONCE).unwrap_or(now));
        let questions = u32::try_from(questions).unwrap_or(u32::MAX);
        state.turn = turn + Duration::from_secs(1).saturating_mul(questions) / self.per_second;
        Some(turn)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is valid after every statement, so a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    /// The seconds after which each of so many questions had its turn.
    async fn turns(pace: &Pace, questions: usize) -> Vec<u64> {
        let begun = Instant::now();
        join_all((0..questions).map(|_| async {
            pace.wait(1).await;
            begun.elapsed().as_secs()
        }))
        .await
    }

    #[tokio::test(start_paused = true)]
    async fn while_all_is_well_nobody_waits() {
        assert!(turns(&Pace::new(1), 1000).await.iter().all(|second| *second == 0));
    }

    #[tokio::test(start_paused = true)]
    async fn after_an_outage_so_many_come_a_second_and_in_their_order() {
        let pace = Pace::new(100);
        pace.stumble();
        let turns = turns(&pace, 1000).await;
        assert!(turns.is_sorted());
        for second in 0..9 {
            let at_once = turns.iter().filter(|turn| **turn == second).count();
            assert!((99..=101).contains(&at_once), "{at_once} in second {second}");
        }
        // Who has been quiet for a while may go on at once, but not with all that was not used.
        tokio::time::advance(Duration::from_secs(60)).await;
        let later = self::turns(&pace, 300).await;
        assert_eq!(later.iter().filter(|turn| **turn == 0).count(), 150);
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_some_minutes_after_the_last_failure() {
        let pace = Pace::new(1);
        pace.stumble();
        tokio::time::advance(Pace::LASTS).await;
        assert!(turns(&pace, 1000).await.iter().all(|second| *second == 0));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_when_the_next_outage_begins_waits_no_longer() {
        let pace = Pace::new(1);
        pace.stumble();
        let begun = Instant::now();
        let all = join_all((0..1000).map(|_| pace.wait(1)));
        let again = async {
            sleep_until(begun + Duration::from_secs(3)).await;
            pace.stumble();
        };
        tokio::join!(all, again);
        assert_eq!(begun.elapsed(), Duration::from_secs(3));
    }
}
