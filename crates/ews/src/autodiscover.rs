//! The documents that say where a mailbox's server is.
