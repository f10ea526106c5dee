//! How fast a pretended server is: a wait in every request, and how many it works on at a time.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How fast one interface answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// What every request takes at least.
    pub latency: Duration,
    /// How many requests are worked on at a time; further ones wait. Absent: as many as come.
    pub parallel: Option<usize>,
}

/// A pace in force.
#[derive(Debug)]
pub(crate) struct Gate(Mutex<(Pace, Option<Arc<Semaphore>>)>);

impl Gate {
    pub(crate) fn new(pace: Pace) -> Self {
        let gate = Self(Mutex::new((Pace::default(), None)));
        gate.set(pace);
        gate
    }

    pub(crate) fn pace(&self) -> Pace {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    pub(crate) fn set(&self, pace: Pace) {
        let places = pace.parallel.map(|places| Arc::new(Semaphore::new(places.clamp(1, Semaphore::MAX_PERMITS))));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (pace, places);
    }

    /// Waits for a place and then as long as a request takes. The place is held until the pass is dropped.
    pub(crate) async fn pass(&self) -> Option<OwnedSemaphorePermit> {
        let (pace, places) = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let place = match places {
            Some(places) => places.acquire_owned().await.ok(),
            None => None,
        };
        if !pace.latency.is_zero() {
            tokio::time::sleep(pace.latency).await;
        }
        place
    }
}
