//! The accepting side of NTLM (MS-NLMP), version 2 only, for the pretended Exchange Server.
//!
//! A conversation belongs to one connection: after it has succeeded, requests on that connection need no further
//! proof. The channel binding ties it to the TLS connection on which it is held (RFC 5929, `tls-server-end-point`).

mod message;
mod proof;

use jiff::Timestamp;
use md5::{Digest as _, Md5};
use sha2::Sha256;
use uuid::Uuid;

use self::message::{Authenticate, challenge};
use crate::ews::account::{BindingMode, Ews, Settings, Verdict};

/// The hash that a client must send for a server with a certificate signed with SHA-256: MD5 of the
/// `gss_channel_bindings_struct` (MS-NLMP, 2.2.2.1, `MsvAvChannelBindings`).
pub(crate) fn channel_binding(certificate: &[u8]) -> [u8; 16] {
    let mut end_point = b"tls-server-end-point:".to_vec();
    end_point.extend(Sha256::digest(certificate));
    let mut hash = Md5::new();
    // No addresses of either side.
    hash.update([0; 16]);
    hash.update(u32::try_from(end_point.len()).unwrap_or(u32::MAX).to_le_bytes());
    hash.update(&end_point);
    hash.finalize().into()
}

/// How far a connection has come.
#[derive(Debug, Default)]
pub(crate) enum Conversation {
    #[default]
    Nothing,
    /// The server has asked.
    Asked {
        challenge: [u8; 8],
        /// The first two messages, over which the third is sealed.
        sealed: Vec<u8>,
    },
    SignedIn,
}

/// What comes of a message.
#[derive(Debug)]
pub(crate) enum Step {
    /// To be sent to the client.
    Challenge(Vec<u8>),
    Done,
    Refused(Verdict),
}

impl Conversation {
    /// Takes a message of the client's. `binding` is what the connection's certificate stands for.
    pub(crate) fn step(&mut self, message: &[u8], binding: Option<[u8; 16]>, ews: &Ews, now: Timestamp) -> Step {
        let refused = Step::Refused(Verdict::Wrong);
        match (message::kind(message), std::mem::take(self)) {
            (Some(message::NEGOTIATE), _) => {
                let id = Uuid::new_v4();
                let nonce: [u8; 8] = std::array::from_fn(|n| id.as_bytes()[n] ^ id.as_bytes()[n + 8].rotate_left(3));
                let answer = challenge(message::negotiated(message), nonce, now);
                *self = Self::Asked { challenge: nonce, sealed: [message, &answer].concat() };
                Step::Challenge(answer)
            }
            (Some(message::AUTHENTICATE), Self::Asked { challenge, sealed }) => {
                let Some(answer) = Authenticate::read(message) else { return refused };
                let verdict = judge(&answer, message, challenge, &sealed, binding, ews);
                if verdict == Verdict::Right {
                    *self = Self::SignedIn;
                    return Step::Done;
                }
                Step::Refused(verdict)
            }
            _ => refused,
        }
    }
}

fn judge(
    answer: &Authenticate<'_>,
    message: &[u8],
    challenge: [u8; 8],
    sealed: &[u8],
    binding: Option<[u8; 16]>,
    ews: &Ews,
) -> Verdict {
    let name =
        if answer.domain.is_empty() { answer.user.clone() } else { format!("{}\\{}", answer.domain, answer.user) };
    let mut settings = ews.settings();
    if !Settings::is_account(&name) {
        settings.unknown_names += 1;
        return Verdict::Wrong;
    }
    let key = proof::key(&settings.password, &answer.user, &answer.domain);
    let session = proof::session(&key, challenge, answer.response);
    let verdict = settings.judge(session.is_some());
    let (Verdict::Right, Some(session)) = (verdict, session) else { return verdict };
    if answer.has_integrity_code() && !proof::is_whole(answer, &session, sealed, message) {
        return Verdict::Wrong;
    }
    let sent = answer.pair(message::CHANNEL_BINDINGS);
    let right = match (settings.binding, sent, binding) {
        (BindingMode::None, ..) | (BindingMode::Allow, None, _) => true,
        // Without TLS there is nothing to be bound to, and nothing to compare with.
        (BindingMode::Allow, Some(_), None) => true,
        (BindingMode::Allow | BindingMode::Require, Some(sent), Some(binding)) => {
            let right = sent == binding;
            settings.bound += u64::from(right);
            right
        }
        (BindingMode::Require, ..) => false,
    };
    if right {
        return Verdict::Right;
    }
    settings.refused_bindings += 1;
    Verdict::Wrong
}
