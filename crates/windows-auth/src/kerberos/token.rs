//! What goes to the server: a Kerberos message in the wrapping of GSS-API (RFC 4121) in the wrapping of SPNEGO
//! (RFC 4178).

use super::der::{OBJECT_IDENTIFIER, application, element, fields, list, octets};

/// 1.2.840.113554.1.2.2
const KERBEROS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02];
/// 1.3.6.1.5.5.2
const SPNEGO: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];

/// The checksum in the authenticator: the channel binding's hash, or zeros, and no flags, since nothing but the
/// connection is signed in (RFC 4121, section 4.1.1).
pub(super) fn checksum(binding: Option<[u8; 16]>) -> Vec<u8> {
    [&16_u32.to_le_bytes()[..], &binding.unwrap_or_default(), &0_u32.to_le_bytes()].concat()
}

/// The token for a server, from an AP-REQ.
pub(super) fn token(request: &[u8]) -> Vec<u8> {
    let kerberos = element(OBJECT_IDENTIFIER, &[KERBEROS]);
    let inner = element(application(0), &[&kerberos, &[1, 0], request]);
    let init = fields(&[(0, list(&[kerberos])), (2, octets(&inner))]);
    let init = element(0xa0, &[&init]);
    element(application(0), &[&element(OBJECT_IDENTIFIER, &[SPNEGO]), &init])
}
