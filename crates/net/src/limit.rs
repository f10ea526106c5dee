//! How much at a time: a gate for requests in flight, a pace for the time after an outage, a bucket for rates.

mod bucket;
mod gate;
mod pace;

pub use bucket::TokenBucket;
pub use gate::{Gate, KeyedGate, Pass};
pub use pace::Pace;
