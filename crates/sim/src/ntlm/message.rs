//! The three messages (MS-NLMP, 2.2.1).

use jiff::Timestamp;

pub(super) const NEGOTIATE: u32 = 1;
const CHALLENGE: u32 = 2;
pub(super) const AUTHENTICATE: u32 = 3;

const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";

const UNICODE: u32 = 0x0000_0001;
const REQUEST_TARGET: u32 = 0x0000_0004;
const SIGN: u32 = 0x0000_0010;
const SEAL: u32 = 0x0000_0020;
const NTLM: u32 = 0x0000_0200;
const ALWAYS_SIGN: u32 = 0x0000_8000;
const TARGET_IS_DOMAIN: u32 = 0x0001_0000;
const EXTENDED_SECURITY: u32 = 0x0008_0000;
const TARGET_INFO: u32 = 0x0080_0000;
const VERSION: u32 = 0x0200_0000;
const KEY_128: u32 = 0x2000_0000;
pub(super) const KEY_EXCHANGE: u32 = 0x4000_0000;
const KEY_56: u32 = 0x8000_0000;

/// Kinds of attribute-value pairs (2.2.2.1).
const FLAGS: u16 = 6;
pub(super) const CHANNEL_BINDINGS: u16 = 10;
/// The flag that says that the message has an integrity code.
const WITH_CODE: u32 = 2;

/// Where the integrity code stands in the third message.
pub(super) const CODE: std::ops::Range<usize> = 72..88;
/// What stands before the pairs in a response: its head, the time, the client's nonce.
const BEFORE_PAIRS: usize = 28;
/// Length of a proof.
const PROOF: usize = 16;

/// Which message this is.
pub(super) fn kind(message: &[u8]) -> Option<u32> {
    message.strip_prefix(SIGNATURE).and_then(|rest| number(rest, 0))
}

/// What the client would like (2.2.1.1).
pub(super) fn negotiated(message: &[u8]) -> u32 {
    number(message, 12).unwrap_or(0)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The second message (2.2.1.2).
pub(super) fn challenge(wanted: u32, nonce: [u8; 8], now: Timestamp) -> Vec<u8> {
    const HEAD: u32 = 56;
    let flags = UNICODE
        | REQUEST_TARGET
        | NTLM
        | ALWAYS_SIGN
        | TARGET_IS_DOMAIN
        | TARGET_INFO
        | VERSION
        | (wanted & (SIGN | SEAL | EXTENDED_SECURITY | KEY_128 | KEY_EXCHANGE | KEY_56));
    let target = utf16(crate::ews::account::DOMAIN);
    let mut info = Vec::new();
    let names = [
        (2, "SIM"),
        (1, "MAIL01"),
        (4, "sim.lindenhof.example"),
        (3, "mail01.sim.lindenhof.example"),
        (5, "sim.lindenhof.example"),
    ];
    for (kind, name) in names {
        pair(&mut info, kind, &utf16(name));
    }
    pair(&mut info, 7, &file_time(now).to_le_bytes());
    pair(&mut info, 0, &[]);
    let length = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_le_bytes();
    let mut message = SIGNATURE.to_vec();
    message.extend(CHALLENGE.to_le_bytes());
    message.extend([length(&target), length(&target)].concat());
    message.extend(HEAD.to_le_bytes());
    message.extend(flags.to_le_bytes());
    message.extend(nonce);
    message.extend([0; 8]);
    message.extend([length(&info), length(&info)].concat());
    message.extend((HEAD + u32::from(u16::from_le_bytes(length(&target)))).to_le_bytes());
    // Windows Server 2022, NTLM revision 15.
    message.extend([10, 0, 0x7c, 0x4f, 0, 0, 0, 15]);
    message.extend(target);
    message.extend(info);
    message
}

fn pair(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    out.extend(kind.to_le_bytes());
    out.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_le_bytes());
    out.extend(value);
}

/// Windows' time: steps of 100 ns since 1601.
fn file_time(now: Timestamp) -> u64 {
    u64::try_from((now.as_second() + 11_644_473_600) * 10_000_000).unwrap_or(0)
}

/// The third message (2.2.1.3).
#[derive(Debug)]
pub(super) struct Authenticate<'a> {
    pub(super) user: String,
    pub(super) domain: String,
    /// The NT response: a proof, and what it was made over.
    pub(super) response: &'a [u8],
    /// The session's key, encrypted; empty if none is exchanged.
    pub(super) session_key: &'a [u8],
    pub(super) flags: u32,
}

impl<'a> Authenticate<'a> {
    pub(super) fn read(message: &'a [u8]) -> Option<Self> {
        let field = |at: usize| {
            let (length, offset) = (usize::from(short(message, at)?), usize::try_from(number(message, at + 4)?).ok()?);
            message.get(offset..offset.checked_add(length)?)
        };
        let flags = number(message, 60)?;
        let text = |bytes: &[u8]| {
            if flags & UNICODE == 0 {
                return String::from_utf8_lossy(bytes).into_owned();
            }
            let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        };
        let response = field(20)?;
        // A response of version 1 has 24 bytes; nobody takes those any more.
        if response.len() <= PROOF + BEFORE_PAIRS {
            return None;
        }
        Some(Self { user: text(field(36)?), domain: text(field(28)?), response, session_key: field(52)?, flags })
    }

    /// A pair that the client put into its response.
    pub(super) fn pair(&self, wanted: u16) -> Option<&'a [u8]> {
        let mut rest = self.response.get(PROOF + BEFORE_PAIRS..)?;
        loop {
            let (kind, length) = (short(rest, 0)?, usize::from(short(rest, 2)?));
            let value = rest.get(4..4 + length)?;
            if kind == wanted {
                return Some(value);
            }
            if kind == 0 {
                return None;
            }
            rest = &rest[4 + length..];
        }
    }

    /// Whether the message says that it is sealed by an integrity code.
    pub(super) fn has_integrity_code(&self) -> bool {
        self.pair(FLAGS).and_then(|flags| number(flags, 0)).is_some_and(|flags| flags & WITH_CODE != 0)
    }
}
