//! How often each kind of request came, and how much went over the wire.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use serde::Serialize;

/// One kind's numbers.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Count {
    /// Requests of their own.
    pub(crate) requests: u64,
    /// Items of `$batch` requests; their bytes are the batch's.
    pub(crate) batched: u64,
    /// Heads and bodies that arrived, before TLS.
    pub(crate) bytes_in: u64,
    /// Heads and bodies that left, before TLS.
    pub(crate) bytes_out: u64,
}

/// The numbers of all kinds.
#[derive(Debug, Default)]
pub(crate) struct Counts(Mutex<BTreeMap<&'static str, Count>>);

impl Counts {
    pub(crate) fn add(&self, kind: &'static str, bytes_in: usize, bytes_out: usize) {
        self.with(kind, |count| {
            count.requests += 1;
            count.bytes_in += bytes_in as u64;
            count.bytes_out += bytes_out as u64;
        });
    }

    pub(crate) fn add_batched(&self, kind: &'static str) {
        self.with(kind, |count| count.batched += 1);
    }

    fn with(&self, kind: &'static str, change: impl FnOnce(&mut Count)) {
        change(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(kind).or_default());
    }

    pub(crate) fn all(&self) -> BTreeMap<&'static str, Count> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn reset(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
