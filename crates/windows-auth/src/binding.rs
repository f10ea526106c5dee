//! Channel bindings as Windows hashes them.

use md5::{Digest as _, Md5};

/// The MD5 of a `gss_channel_bindings_struct` (RFC 2744, section 3.11) without addresses: so in NTLM
/// (MsvAvChannelBindings in \[MS-NLMP\] section 2.2.2.1) and in Kerberos (RFC 4121, section 4.1.1.2).
pub(crate) fn binding_hash(application_data: &[u8]) -> [u8; 16] {
    let length = u32::try_from(application_data.len()).unwrap_or(u32::MAX);
    Md5::new().chain_update([0; 16]).chain_update(length.to_le_bytes()).chain_update(application_data).finalize().into()
}
