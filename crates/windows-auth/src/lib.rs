//! Signing in to Windows servers, as [`SignIn`](busylamp_net::connection::SignIn) wants it: tokens in, tokens out.
//!
//! ```text
//! user  an account's name: DOMAIN\user, user@domain or user
//! ntlm  NTLMv2 with channel binding
//! ```
//!
//! There are no sockets here. The older answers of the protocol, LM and NTLMv1, can't be made: their code does not exist.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod ntlm;
mod user;

pub use ntlm::Ntlm;
pub use user::{UserName, UserNameError};
