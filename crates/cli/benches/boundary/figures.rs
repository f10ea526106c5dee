//! Percentiles, and how figures are printed.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

/// Spans since a boundary, in order.
pub(crate) struct Spans(Vec<SignedDuration>);

impl Spans {
    /// The spans from `boundary` to each of these instants.
    pub(crate) fn since(boundary: Timestamp, instants: impl IntoIterator<Item = Timestamp>) -> Self {
        let mut spans: Vec<_> = instants.into_iter().map(|instant| instant.duration_since(boundary)).collect();
        spans.sort_unstable();
        Self(spans)
    }

    /// The smallest span that so many percent are not above (nearest rank); zero if there is none at all.
    pub(crate) fn percentile(&self, percent: usize) -> SignedDuration {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied().unwrap_or_default()
    }

    /// The longest.
    pub(crate) fn longest(&self) -> SignedDuration {
        self.percentile(100)
    }
}

impl fmt::Display for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |percent| self.percentile(percent).as_millis_f64();
        write!(f, "p50 {:4.0}  p95 {:4.0}  p99 {:4.0}  max {:4.0} ms", ms(50), ms(95), ms(99), ms(100))
    }
}

/// Whether a target was met, in words.
pub(crate) fn verdict(met: bool) -> &'static str {
    if met { "target met" } else { "TARGET MISSED" }
}

/// How many programs want a processor, over the last minute: a figure from a busy machine is worth less.
pub(crate) fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let processors = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!("load {} on {processors} processors", load.split_whitespace().next().unwrap_or("unknown"))
}
