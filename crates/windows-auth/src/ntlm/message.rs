//! The three messages as bytes (section 2.2.1). All numbers have their little end first.

use std::ops::Deref;

use busylamp_core::said::Phrase;
use busylamp_net::connection::SignInError;

use super::{proof::Utf16 as _, target_info::TargetInfo};

/// So that our answer, which repeats it, stays within lengths of 16 bits. Real ones have some hundred bytes.
const LONGEST_TARGET_INFO: usize = 32 << 10;

const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";

/// Flags (section 2.2.2.5): texts are UTF-16.
const UNICODE: u32 = 0x1;
/// The challenge bears what the server says of itself.
const TARGET_INFO: u32 = 0x0080_0000;
/// What we ask for besides: that the server names itself, NTLM, and what only signed messages need but servers expect
/// (always sign, extended session security, keys of 128 bits).
const WANTED: u32 = UNICODE | 0x4 | 0x200 | 0x8000 | 0x0008_0000 | TARGET_INFO | 0x2000_0000;

/// The first message. It names neither user nor domain nor machine.
pub(super) fn negotiate() -> Vec<u8> {
    let mut message = Vec::with_capacity(40);
    message.extend_from_slice(SIGNATURE);
    message.extend_from_slice(&1_u32.to_le_bytes());
    message.extend_from_slice(&WANTED.to_le_bytes());
    // An empty domain, an empty machine, no version.
    message.extend_from_slice(&[0; 24]);
    message
}

/// The second message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Challenge {
    /// What both sides can.
    pub(super) flags: u32,
    pub(super) server_challenge: [u8; 8],
    pub(super) target_info: TargetInfo,
}

impl Challenge {
    pub(super) fn read(message: &[u8]) -> Result<Self, SignInError> {
        const CUT: SignInError = SignInError::BadChallenge(Phrase::new("er ist abgeschnitten", "it is cut off"));
        if message.first_chunk() != Some(SIGNATURE) {
            return Err(SignInError::BadChallenge(Phrase::new("er ist kein NTLM", "it is not NTLM")));
        }
        if number(message, 8) != Some(2) {
            return Err(SignInError::BadChallenge(Phrase::new(
                "er ist nicht die zweite Nachricht",
                "it is not the second message",
            )));
        }
        let flags = number(message, 20).ok_or(CUT)?;
        if flags & UNICODE == 0 {
            return Err(SignInError::Unsupported(Phrase::new("er kennt kein Unicode", "it knows no Unicode")));
        }
        let server_challenge = *message.get(24..).and_then(<[u8]>::first_chunk).ok_or(CUT)?;
        let target_info = if flags & TARGET_INFO == 0 {
            TargetInfo::default()
        } else {
            let info = field(message, 40).ok_or(CUT)?;
            if info.len() > LONGEST_TARGET_INFO {
                return Err(SignInError::BadChallenge(Phrase::new("er ist zu lang", "it is too long")));
            }
            TargetInfo::read(info)?
        };
        Ok(Self { flags: flags & WANTED, server_challenge, target_info })
    }
}

/// Four bytes at a place.
fn number(message: &[u8], at: usize) -> Option<u32> {
    message.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

/// What length (two bytes, then two that say the same) and offset (four bytes) at a place point to.
fn field(message: &[u8], at: usize) -> Option<&[u8]> {
    let length = u16::from_le_bytes(*message.get(at..)?.first_chunk()?);
    let begin = usize::try_from(number(message, at + 4)?).ok()?;
    message.get(begin..begin.checked_add(length.into())?)
}

/// What goes into the third message.
pub(super) struct Authenticate<'a> {
    pub(super) flags: u32,
    pub(super) domain: &'a str,
    pub(super) user: &'a str,
    /// `NTLMv2_RESPONSE`.
    pub(super) response: &'a [u8],
}

/// The third message, still without its seal.
pub(super) struct Unsealed(Vec<u8>);

/// Where the seal stands, behind an empty version.
const SEAL: usize = 72;
const HEADER: usize = SEAL + 16;

impl Authenticate<'_> {
    pub(super) fn written(&self) -> Unsealed {
        let mut header = Vec::with_capacity(HEADER);
        let mut payload = Vec::new();
        header.extend_from_slice(SIGNATURE);
        header.extend_from_slice(&3_u32.to_le_bytes());
        // The place of the LM answer holds zeros, as section 3.1.5.1.2 has it for NTLMv2 with a server that tells the
        // time; the machine's name and the session key are empty.
        let fields = [&[0; 24], self.response, &self.domain.utf16(), &self.user.utf16(), &[], &[]];
        for bytes in fields {
            // Names are bounded by `UserName`, the response by LONGEST_TARGET_INFO.
            let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
            let offset = u32::try_from(HEADER + payload.len()).unwrap_or(u32::MAX);
            header.extend_from_slice(&length.to_le_bytes());
            header.extend_from_slice(&length.to_le_bytes());
            header.extend_from_slice(&offset.to_le_bytes());
            payload.extend_from_slice(bytes);
        }
        header.extend_from_slice(&self.flags.to_le_bytes());
        header.resize(HEADER, 0);
        Unsealed([header, payload].concat())
    }
}

impl Deref for Unsealed {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Unsealed {
    /// The whole message.
    pub(super) fn sealed(mut self, seal: [u8; 16]) -> Vec<u8> {
        if let Some(place) = self.0.get_mut(SEAL..HEADER) {
            place.copy_from_slice(&seal);
        }
        self.0
    }
}
