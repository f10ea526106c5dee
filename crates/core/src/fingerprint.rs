//! A number for a piece of data that is the same in every run and on every machine: FNV-1a, 64 bits. It tells
//! apart what changes by accident, not what somebody forges.

/// The fingerprint of some bytes.
pub(crate) fn of(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
