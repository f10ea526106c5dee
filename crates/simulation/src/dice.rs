//! Chance, and nothing but the seed behind it.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng as _},
};

/// A run of draws. ChaCha is used because its output is fixed for all versions and machines.
#[derive(Clone, Debug)]
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// Draws for one purpose: those of another purpose do not change them.
    pub(crate) fn new(seed: u64, purpose: &[u64]) -> Self {
        Self(ChaCha8Rng::seed_from_u64(purpose.iter().fold(mix(seed), |state, part| mix(state ^ mix(*part)))))
    }

    /// A number from `low` on and below `high`.
    pub(crate) fn range(&mut self, low: i64, high: i64) -> i64 {
        let span = high.saturating_sub(low).max(1).cast_unsigned();
        low + i64::try_from(self.0.next_u64() % span).unwrap_or(0)
    }

    /// Whether something happens that happens so many times in a thousand.
    pub(crate) fn in_thousand(&mut self, times: i64) -> bool {
        self.range(0, 1000) < times
    }

    /// One of them; there must be one.
    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let index = usize::try_from(self.range(0, i64::try_from(from.len()).unwrap_or(i64::MAX))).unwrap_or(0);
        &from[index]
    }
}

/// SplitMix64's finaliser: near seeds give far apart states.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
