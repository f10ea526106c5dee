//! The clients against real servers on loopback.

#![allow(clippy::unwrap_used)]

mod http;
mod server;
mod signed;
mod tls;
