//! Signing in to acceptors that share no code with us: pyspnego for NTLM, MIT's KDC and GSS-API for Kerberos, both behind
//! Python's HTTP server.
//!
//! `cargo xtask test --only acceptors` installs what they need and runs these tests; without it they are shown as skipped.

#![allow(clippy::unwrap_used)]

#[cfg(feature = "kerberos")]
mod kerberos;
mod ntlm;
mod process;
