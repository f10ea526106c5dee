//! The conformance suite of the trait `Calendar`: the same calendars, entered through the simulator's control interface, are
//! read through every source and have to give the same agenda. Ids are left out: they are each source's own.

#![allow(clippy::unwrap_used)]

mod calendars;
mod house;
mod hybrid;
mod trait_rules;
