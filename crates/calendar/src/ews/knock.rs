//! Signing in before any mailbox is known: an administrator types address, user and password, and wants to hear at once
//! whether they are right.
//!
//! Every request of this protocol is about a mailbox, but Exchange looks at the sign-in before it looks for the mailbox.
//! So the free/busy times of nobody are asked for, at an address that no mailbox can have (RFC 2606, section 2): that
//! Exchange knows nobody of that name is an answer by which it has let us in.

use busylamp_core::{
    check::{Step, Verdict},
    ids::MailAddress,
    said::Phrase,
};
use busylamp_ews::Span;
use jiff::SignedDuration;

use super::{account::EwsAccount, availability, error::EwsError};
use crate::{clock::Clock, steps};

/// What is found where it lets us in.
pub(super) const ACCEPTED: Phrase = Phrase::new("der Server nimmt sie an", "the server accepts it");

const NOBODY: &str = "nobody@busylamp.invalid";

/// Whether the server lets us in.
pub(super) async fn knock(account: &EwsAccount, clock: Clock) -> Step {
    let nobody = MailAddress::from(NOBODY.to_owned());
    let now = clock.now();
    let span = Span { from: now, to: now.checked_add(SignedDuration::from_hours(24)).unwrap_or(now) };
    let asked = availability::read(account, std::slice::from_ref(&nobody), span, clock).await.pop();
    let verdict = match asked {
        Some(Err(error)) if !has_let_in(&error) => Verdict::Fault(error.sentence(&account.consent_url)),
        _ => Verdict::Ok(ACCEPTED.into()),
    };
    Step::new(steps::SIGN_IN, verdict)
}

/// Whether it is an answer to somebody who has come in.
fn has_let_in(error: &EwsError) -> bool {
    matches!(error, EwsError::Fault(_) | EwsError::Version(_) | EwsError::Unreadable(_) | EwsError::BadAnswer(_))
}
