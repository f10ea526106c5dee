//! The pretended STARFACE: REST, OAuth and the bridge module behind XML-RPC.
//!
//! ```text
//! account   what the PBX keeps of a user: state, numbers, diversions, keys
//! pbx       all accounts and groups; the only place where state changes, is logged and told
//! version   which STARFACE it is, and whom it lets in how
//! rival     another program that writes as well
//! session   logins: nonces, session tokens, OAuth tokens
//! rest      routing and the directory; redirects, keys their own
//! oauth     tokens of version 10
//! bridge    the module's calls; xml_rpc and records are its wire
//! ```

pub(crate) mod account;
pub(crate) mod bridge;
mod directory;
mod keys;
mod login;
pub(crate) mod oauth;
pub(crate) mod pbx;
mod records;
mod redirects;
pub(crate) mod rest;
pub(crate) mod rival;
pub(crate) mod session;
pub(crate) mod version;
mod xml_rpc;
