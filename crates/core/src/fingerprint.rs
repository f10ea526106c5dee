//! A number for a piece of data that is the same in every run and on every machine: FNV-1a, 64 bits. It tells
//! apart what changes by accident, not what somebody forges.

/// The fingerprint of some bytes.
pub(crate) fn of(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the authors' list of test vectors (FNV-1a, 64 bits).
    #[test]
    fn fingerprints_are_those_of_fnv_1a() {
        assert_eq!(of(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(of(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(of(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
