//! The log of each instance, and that of the program as a whole: the latest lines in memory, bounded, each log with a
//! level of its own that can be changed while the program runs.
//!
//! A line belongs to the instance that it names itself, in its field `instance`. If it names none, it belongs to every
//! instance that a span around it names (a telephone system can serve several), and to the program if none does. The
//! field `account` says whose line it is.
//!
//! What other people's libraries tell about their inner life may contain requests and answers, and so titles and keys.
//! Their lines are taken only as warnings and errors ([`is_clean`]); lines of ours are written so that they can be
//! read by anybody.
//!
//! ```text
//! level   how much a log tells
//! line    one line, as it is kept and as it is written
//! room    the latest lines of one log
//! layer   lines as they come from `tracing`
//! log     all logs, and their levels at rest
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod layer;
mod level;
mod line;
mod log;
mod room;

pub use crate::{
    layer::{LogLayer, is_clean},
    level::{Level, UnknownLevel},
    line::Line,
    log::{Log, Of},
    room::{Filter, Lines},
};
