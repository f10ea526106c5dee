//! The wire of Exchange Web Services (EWS), without input or output: requests as bytes, answers as types.
//!
//! ```text
//! request       what is asked: FindItem over a calendar view, GetUserAvailability, GetFolder
//! answer        what is answered, mailbox by mailbox: pages of events, marks, refusals, faults
//! availability  free/busy: busy times, and the mailbox's zone
//! autodiscover  the documents that say where a mailbox's server is
//! ```
//!
//! Servers don't keep to their own schema, so answers are read by local names, in any order; what isn't known is
//! passed over. What can't be understood is an error, never a smaller calendar. Nothing here panics on input, and
//! nothing keeps a subject: it is read in the sense of [`busylamp_core::title`] while the answer is taken apart.
//!
//! The protocol: <https://learn.microsoft.com/exchange/client-developer/web-service-reference/ews-reference-for-exchange>.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod answer;
pub mod autodiscover;
pub mod availability;
mod code;
mod encoding;
mod envelope;
#[doc(hidden)]
pub mod fuzz;
mod item;
mod refusal;
pub mod request;
mod time;
mod version;
mod working;
mod write;
mod xml;

use jiff::Timestamp;

pub use answer::{Marks, Page, ReadItems, Rest};
pub use availability::{Busy, FreeBusy, Granted};
pub use code::{Class, Code};
pub use envelope::Answer;
pub use refusal::{AnswerError, MailboxFault, Refusal};
pub use request::{Header, RequestedView, Shape};
pub use version::{ServerBuild, ServerVersion};

/// The media type of every request.
pub const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

/// Most bytes of an answer that is read.
pub const MOST_BYTES: usize = 16 << 20;

/// A span of time, `[from, to)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First instant.
    pub from: Timestamp,
    /// First instant after it.
    pub to: Timestamp,
}

impl Span {
    /// Whether anything that lasts from `start` to `end` counts as being in it: what ends at its beginning or begins at
    /// its end does not. What takes no time counts by its instant, but not at the very beginning.
    fn touches(self, start: Timestamp, end: Timestamp) -> bool {
        start < self.to && end > self.from
    }
}
