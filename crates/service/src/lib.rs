//! Instances at run time: the imperative shell around the core's keeper. It asks readers, sleeps until the core
//! wants to be asked, journals holds, hands writes to drivers, and listens to changes from either side. It decides
//! nothing.
//!
//! ```text
//! clock     the one clock
//! config    instances as they are written, checked and kept
//! accounts  accounts on Exchange Servers, shared by instances
//! readers   the readers of an instance's calendars
//! engine    the loop: facts in, step, commit, writes out
//! ask       what people ask of it, and tell it to do
//! board     what is shown to people: the lamps
//! user      everything about one user, and why
//! health    how it goes
//! figures   what is counted, for metrics
//! instances instances in the store: put there, changed, deleted
//! check     a walk through the whole chain, for the administrator
//! trial     walks through a configuration that is not saved
//! preview   what another configuration would change
//! ```

mod accounts;
mod ask;
pub mod board;
pub mod check;
pub mod clock;
pub mod config;
mod control;
mod engine;
pub mod figures;
pub mod health;
mod instances;
pub mod preview;
mod readers;
mod service;
pub mod trial;
pub mod user;

pub use control::{
    apply as apply_to_running, check as check_running, export as export_from_running, is_running, listen, socket,
};
pub use instances::{Described, apply, described, stored_instances};
pub use service::{Service, ServiceError, Settings};
pub use user::Outcome;
