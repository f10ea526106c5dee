//! How much at a time: a bucket for rates, a gate for requests in flight.

mod bucket;
mod gate;

pub use bucket::TokenBucket;
pub use gate::{Gate, KeyedGate, Pass};
