//! The store as the program uses it, on a real disk.

#![allow(clippy::unwrap_used, reason = "what is missing fails the test")]

mod agendas;
mod backup;
mod common;
mod configuration;
mod history;
mod journal;
mod opening;
mod people;
mod privacy;
mod processes;
mod restore;
mod tokens;
