//! HTTP as all pretended servers share it: a request in hand, an answer, and the server that carries both.

pub(crate) mod message;
pub(crate) mod server;

pub(crate) use self::message::{Reply, Request};
