//! HTTP as all pretended servers share it: a request in hand, an answer, and the server that carries both.

mod connection;
pub(crate) mod message;
pub(crate) mod server;

pub(crate) use self::{
    connection::Connection,
    message::{Reply, Request},
};
