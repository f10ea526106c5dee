//! The simulator over HTTP, as its clients have it.

#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

mod control;
mod ews;
mod ews_conformance;
mod faults;
mod graph_changes;
mod graph_conformance;
mod graph_views;
mod starface;
mod starface_conformance;
mod support;
