//! Signing in to Windows servers, as [`SignIn`](busylamp_net::connection::SignIn) wants it: tokens in, tokens out.
//!
//! ```text
//! user      an account's name: DOMAIN\user, user@domain or user
//! ntlm      NTLMv2
//! kerberos  Kerberos in Negotiate, with a password (feature `kerberos`)
//! binding   channel bindings, as both hash them
//! ```
//!
//! There are no sockets here but those to the domain controller in `kerberos`. The older answers of the protocol, LM and NTLMv1, can't be made: their code does not exist.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod binding;
#[cfg(feature = "kerberos")]
mod kerberos;
mod ntlm;
mod user;

use binding::binding_hash;
#[cfg(feature = "kerberos")]
pub use kerberos::{Kerberos, KerberosError};
pub use ntlm::Ntlm;
pub use user::{UserName, UserNameError};
