//! What Busylamp decides, and nothing else.
//!
//! Policy, calendar, what the telephone system shows, what we hold and *now* go in; writes, new holds,
//! flags, the instant of the next question and an explanation come out. Every function here is pure: no
//! async, no input or output, no clock, no randomness, no globals, no order that a hash decides. The rules
//! are those of `docs/semantics.md`; sections are cited as `§4.2`.
//!
//! ```text
//! event, title, keyword   one mailbox's calendar in normal form, masked
//! policy                  what the administrator has chosen
//! precedence, text        who wins, and what is shown
//! decide, latch, timeline what is wanted at an instant, and over a span
//! account                 what the telephone system shows of one user
//! hold                    taking a value and giving it back
//! keeper                  one user's state machine around all of it
//! journal                 what leaves when a step can't be committed
//! explain                 why, in sentences
//! format                  the written forms of policies, events and questions
//! ```

pub mod account;
pub mod batch;
pub mod check;
pub mod decide;
pub mod directory;
pub mod event;
pub mod explain;
mod fight;
mod fingerprint;
pub mod format;
pub mod hold;
pub mod ids;
pub mod journal;
pub mod keeper;
pub mod keyword;
mod label;
pub mod language;
pub mod latch;
pub mod mirror;
pub mod ownership;
pub mod policy;
pub mod precedence;
pub mod said;
pub mod secret;
pub mod text;
pub mod timeline;
pub mod title;
pub mod view;
