//! How many may be under way at the same time.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Lets at most so many through at a time, and fewer while the server says that it is too much: the limit is
/// halved by [`Gate::slow_down`] and grows by one for as many successes as it is large, as TCP does it.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    most: usize,
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    limit: usize,
    inside: usize,
    successes: usize,
}

/// The right to be under way; given back when it is dropped.
#[derive(Debug)]
pub struct Pass {
    gate: Gate,
    // Given back after the place in the gate.
    _keys: Vec<OwnedSemaphorePermit>,
}

impl Gate {
    /// At most `most` at a time, at least one.
    pub fn new(most: usize) -> Self {
        let most = most.max(1);
        let state = Mutex::new(State { limit: most, inside: 0, successes: 0 });
        Self(Arc::new(Shared { most, state, freed: Notify::new() }))
    }

    /// Waits for a place.
    pub async fn enter(&self) -> Pass {
        self.enter_with(Vec::new()).await
    }

    async fn enter_with(&self, keys: Vec<OwnedSemaphorePermit>) -> Pass {
        loop {
            {
                let mut state = self.state();
                if state.inside < state.limit {
                    state.inside += 1;
                    return Pass { gate: self.clone(), _keys: keys };
                }
            }
            // A place that is freed between the look above and this wait leaves its permit behind.
            self.0.freed.notified().await;
        }
    }

    /// The server says that it is too much: half as many from now on.
    pub fn slow_down(&self) {
        let mut state = self.state();
        state.limit = (state.limit / 2).max(1);
        state.successes = 0;
    }

    /// The server served one.
    pub fn speed_up(&self) {
        let mut state = self.state();
        if state.limit == self.0.most {
            return;
        }
        state.successes += 1;
        if state.successes >= state.limit {
            state.successes = 0;
            state.limit += 1;
            drop(state);
            self.0.freed.notify_one();
        }
    }

    /// How many may be under way now.
    pub fn limit(&self) -> usize {
        self.state().limit
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is valid after every statement, so a panic elsewhere leaves nothing half done.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.gate.state().inside -= 1;
        self.gate.0.freed.notify_one();
    }
}

/// At most so many at a time for each key, and so many in all.
#[derive(Debug)]
pub struct KeyedGate<K> {
    gate: Gate,
    per_key: usize,
    keys: Mutex<BTreeMap<K, Arc<Semaphore>>>,
}

impl<K: Ord + Clone> KeyedGate<K> {
    /// At most `per_key` for each key and `most` in all, each at least one.
    pub fn new(per_key: usize, most: usize) -> Self {
        Self { gate: Gate::new(most), per_key: per_key.max(1), keys: Mutex::new(BTreeMap::new()) }
    }

    /// Waits for one place that concerns all of these keys, for example a request about several mailboxes.
    /// A key that is given twice counts once. A place in all is held only once every key is free, so a
    /// busy key holds nobody else up.
    pub async fn enter(&self, keys: impl IntoIterator<Item = K>) -> Pass {
        let mut wanted: Vec<K> = keys.into_iter().collect();
        // Everybody takes keys in the same order, so nobody waits for a key while somebody waits for his.
        wanted.sort();
        wanted.dedup();
        let mut held = Vec::with_capacity(wanted.len());
        for key in wanted {
            let semaphore = self.semaphore(key);
            let permit = semaphore.acquire_owned().await.expect("these semaphores are never closed");
            held.push(permit);
        }
        self.gate.enter_with(held).await
    }

    /// The gate for all keys together.
    pub fn overall(&self) -> &Gate {
        &self.gate
    }

    fn semaphore(&self, key: K) -> Arc<Semaphore> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        // Keys that nobody holds or waits for are forgotten now and then, so the map stays as small as the
        // number of requests under way.
        if keys.len() >= 64 && keys.len().is_power_of_two() && !keys.contains_key(&key) {
            keys.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
        }
        Arc::clone(keys.entry(key).or_insert_with(|| Arc::new(Semaphore::new(self.per_key))))
    }
}

#[cfg(test)]
mod tests {
    use tokio_test::{assert_pending, assert_ready, task::spawn};

    use super::*;

    #[test]
    fn a_full_gate_lets_the_next_in_when_one_leaves() {
        let gate = Gate::new(1);
        let first = assert_ready!(spawn(gate.enter()).poll());
        let mut second = spawn(gate.enter());
        assert_pending!(second.poll());
        drop(first);
        assert!(second.is_woken());
        assert_ready!(second.poll());
    }

    #[test]
    fn a_gate_closes_by_halves_and_opens_one_by_one() {
        let gate = Gate::new(16);
        gate.slow_down();
        gate.slow_down();
        assert_eq!(gate.limit(), 4);
        for _ in 0..4 {
            gate.speed_up();
        }
        assert_eq!(gate.limit(), 5);
        for _ in 0..20 {
            gate.slow_down();
        }
        assert_eq!(gate.limit(), 1);
        for _ in 0..1000 {
            gate.speed_up();
        }
        assert_eq!(gate.limit(), 16);
    }

    #[test]
    fn opening_lets_a_waiting_one_in() {
        let gate = Gate::new(2);
        gate.slow_down();
        let _first = assert_ready!(spawn(gate.enter()).poll());
        let mut second = spawn(gate.enter());
        assert_pending!(second.poll());
        gate.speed_up();
        assert!(second.is_woken());
        assert_ready!(second.poll());
    }

    #[test]
    fn who_gives_up_waiting_passes_the_place_on() {
        let gate = Gate::new(1);
        let first = assert_ready!(spawn(gate.enter()).poll());
        let (mut second, mut third) = (spawn(gate.enter()), spawn(gate.enter()));
        assert_pending!(second.poll());
        assert_pending!(third.poll());
        drop(first);
        drop(second);
        assert!(third.is_woken());
        assert_ready!(third.poll());
    }

    #[test]
    fn a_busy_key_holds_nobody_else_up() {
        let gate = KeyedGate::new(1, 2);
        let _a = assert_ready!(spawn(gate.enter(["a"])).poll());
        let mut again = spawn(gate.enter(["a", "c"]));
        assert_pending!(again.poll());
        let _b = assert_ready!(spawn(gate.enter(["b"])).poll());
    }

    #[test]
    fn keys_that_nobody_uses_are_forgotten() {
        let gate = KeyedGate::new(2, 1);
        for key in 0..10_000 {
            drop(assert_ready!(spawn(gate.enter([key])).poll()));
        }
        assert!(gate.keys.lock().unwrap().len() <= 64);
    }
}
