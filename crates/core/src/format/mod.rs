//! The written forms of `docs/interfaces.md`: events, questions and answers, and how bad input is refused.

pub mod event;
pub mod question;
pub mod refusal;
