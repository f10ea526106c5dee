//! Connections that bear a sign-in: NTLM and its like sign a TCP connection in, not a request.
//!
//! ```text
//! signed    a few connections to one server, each signed in by itself, one request at a time on each
//! sign_in   what a method of signing in does, without the connection: tokens in, tokens out
//! dance     the messages of a sign-in over one connection
//! line      one bounded HTTP/1.1 connection, with the server's certificate at hand
//! binding   what ties a sign-in to the TLS connection under it
//! ```
//!
//! A pool as HTTP clients have it would hand one user's connection to another, or send the second message of a
//! sign-in over another connection than the first. Here a connection belongs to one credential from its first byte to
//! its last.

mod binding;
mod dance;
mod line;
mod sign_in;
mod signed;

pub use binding::{BindingUse, ChannelBinding};
pub use sign_in::{Conversation, SignIn, SignInError, Token};
pub use signed::SignedClient;
