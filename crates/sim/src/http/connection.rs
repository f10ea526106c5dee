//! What a server knows of one connection besides its requests.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::{
    ews::Ews,
    ntlm::{Conversation, Step},
};

/// One connection of a client.
#[derive(Debug)]
pub(crate) struct Connection {
    /// What a client on a TLS connection binds its sign-in to.
    binding: Option<[u8; 16]>,
    conversation: Mutex<Conversation>,
}

impl Connection {
    pub(crate) fn new(binding: Option<[u8; 16]>) -> Self {
        Self { binding, conversation: Mutex::default() }
    }

    fn conversation(&self) -> MutexGuard<'_, Conversation> {
        self.conversation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it was signed in by NTLM.
    pub(crate) fn signed_in(&self) -> bool {
        matches!(*self.conversation(), Conversation::SignedIn)
    }

    /// Forgets who signed in.
    pub(crate) fn sign_out(&self) {
        *self.conversation() = Conversation::Nothing;
    }

    /// Takes a message of NTLM.
    pub(crate) fn step(&self, message: &[u8], ews: &Ews, now: Timestamp) -> Step {
        self.conversation().step(message, self.binding, ews, now)
    }
}
