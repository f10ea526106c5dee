//! Channel bindings: what ties a sign-in to the TLS connection under it.

use rustls_pki_types::CertificateDer;
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};

/// Whether a sign-in is tied to the TLS connection ("Extended Protection" in Windows' words).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BindingUse {
    /// The binding is sent over TLS; on a refusal it is left out once, since something between us and the server that
    /// ends TLS with a certificate of its own makes every binding wrong.
    #[default]
    Auto,
    /// It is never sent.
    Off,
}

/// The channel binding `tls-server-end-point` (RFC 5929, section 4): the hash of the server's certificate, behind the
/// binding's name. It is no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelBinding(Vec<u8>);

impl ChannelBinding {
    /// The binding to the server that showed this certificate. The hash is that of the certificate's signature, but
    /// SHA-256 in place of MD5 and SHA-1; of RSASSA-PSS it is the one that its parameters name.
    ///
    /// `None` where RFC 5929 leaves the binding undefined, which is for signatures without one hash (Ed25519, Ed448),
    /// and for hashes that no server for Windows sign-in uses (SHA-3).
    pub fn of_server(certificate: &CertificateDer<'_>) -> Option<Self> {
        let certificate = certificate.as_ref();
        let hash = match signature_hash(certificate)? {
            Hash::Sha224 => Sha224::digest(certificate).to_vec(),
            Hash::Sha256 => Sha256::digest(certificate).to_vec(),
            Hash::Sha384 => Sha384::digest(certificate).to_vec(),
            Hash::Sha512 => Sha512::digest(certificate).to_vec(),
        };
        Some(Self([b"tls-server-end-point:", hash.as_slice()].concat()))
    }

    /// The binding as the application data of a `GSS_CHANNEL_BINDINGS_STRUCT` (RFC 2744, section 3.11).
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The hashes of certificates' signatures, MD5 and SHA-1 already replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
/// The context's tag 0: `hashAlgorithm` among the parameters of RSASSA-PSS.
const FIRST_PARAMETER: u8 = 0xa0;

/// 1.2.840.113549.1.1, without the last number: RSA's signatures (RFC 8017, appendix C).
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
/// 1.2.840.10045.4: ECDSA's (RFC 5758, section 3.2).
const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04];
/// 2.16.840.1.101.3.4.2: hashes (RFC 8017, appendix B.1).
const HASHES: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
/// 1.3.14.3.2.26 and 1.2.840.113549.2.5: SHA-1 and MD5.
const OLD_HASHES: [&[u8]; 2] = [&[0x2b, 0x0e, 0x03, 0x02, 0x1a], &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05]];

/// Reads `Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }` (RFC 5280, section 4.1) as
/// far as the algorithm.
fn signature_hash(certificate: &[u8]) -> Option<Hash> {
    let (fields, _) = element(certificate, SEQUENCE)?;
    let (_to_be_signed, rest) = element(fields, SEQUENCE)?;
    let (algorithm, _) = element(rest, SEQUENCE)?;
    let (name, parameters) = element(algorithm, OBJECT_IDENTIFIER)?;
    if let Some(number) = name.strip_prefix(RSA) {
        return match number {
            // md5WithRSAEncryption, sha1WithRSAEncryption
            [4 | 5] => Some(Hash::Sha256),
            [10] => pss_hash(parameters),
            [11] => Some(Hash::Sha256),
            [12] => Some(Hash::Sha384),
            [13] => Some(Hash::Sha512),
            [14] => Some(Hash::Sha224),
            _ => None,
        };
    }
    match name.strip_prefix(ECDSA)? {
        // ecdsa-with-SHA1
        [1] => Some(Hash::Sha256),
        [3, 1] => Some(Hash::Sha224),
        [3, 2] => Some(Hash::Sha256),
        [3, 3] => Some(Hash::Sha384),
        [3, 4] => Some(Hash::Sha512),
        _ => None,
    }
}

/// The hash of `RSASSA-PSS-params` (RFC 8017, appendix A.2.3), which is SHA-1 if none is named.
fn pss_hash(parameters: &[u8]) -> Option<Hash> {
    let (fields, _) = element(parameters, SEQUENCE)?;
    let Some((hash, _)) = element(fields, FIRST_PARAMETER) else { return Some(Hash::Sha256) };
    let (algorithm, _) = element(hash, SEQUENCE)?;
    let (name, _) = element(algorithm, OBJECT_IDENTIFIER)?;
    if OLD_HASHES.contains(&name) {
        return Some(Hash::Sha256);
    }
    match name.strip_prefix(HASHES)? {
        [1] => Some(Hash::Sha256),
        [2] => Some(Hash::Sha384),
        [3] => Some(Hash::Sha512),
        [4] => Some(Hash::Sha224),
        _ => None,
    }
}

/// The contents of the DER element with this tag at the beginning, and what follows it. Lengths of more than four
/// bytes can't be those of a certificate.
fn element(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = input.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0_usize, |length, byte| (length << 8) | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    (found == tag).then_some(())?;
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair, RsaKeySize, SignatureAlgorithm};

    use super::*;

    fn certificate(algorithm: &'static SignatureAlgorithm) -> CertificateDer<'static> {
        let rsa = [&rcgen::PKCS_RSA_SHA256, &rcgen::PKCS_RSA_SHA384, &rcgen::PKCS_RSA_SHA512].contains(&algorithm);
        let key = if rsa {
            KeyPair::generate_rsa_for(algorithm, RsaKeySize::_2048).unwrap()
        } else {
            KeyPair::generate_for(algorithm).unwrap()
        };
        let params = CertificateParams::new(["exchange.example.com".to_owned()]).unwrap();
        params.self_signed(&key).unwrap().der().clone()
    }

    fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
        let length = u8::try_from(contents.len()).unwrap();
        [&[tag, length], contents].concat()
    }

    /// A certificate of nothing but its algorithm.
    fn bare(algorithm: &[u8], parameters: &[u8]) -> Vec<u8> {
        let algorithm = [tlv(OBJECT_IDENTIFIER, algorithm), parameters.to_vec()].concat();
        tlv(SEQUENCE, &[tlv(SEQUENCE, b"to be signed"), tlv(SEQUENCE, &algorithm)].concat())
    }

    fn pss(hash: Option<&[u8]>) -> Vec<u8> {
        let hash =
            hash.map(|hash| tlv(FIRST_PARAMETER, &tlv(SEQUENCE, &tlv(OBJECT_IDENTIFIER, hash)))).unwrap_or_default();
        bare(&[RSA, &[10]].concat(), &tlv(SEQUENCE, &hash))
    }

    #[test]
    fn the_hash_is_that_of_the_certificates_signature() {
        let kinds = [
            (&rcgen::PKCS_RSA_SHA256, Hash::Sha256),
            (&rcgen::PKCS_RSA_SHA384, Hash::Sha384),
            (&rcgen::PKCS_RSA_SHA512, Hash::Sha512),
            (&rcgen::PKCS_ECDSA_P256_SHA256, Hash::Sha256),
            (&rcgen::PKCS_ECDSA_P384_SHA384, Hash::Sha384),
        ];
        for (algorithm, hash) in kinds {
            assert_eq!(signature_hash(&certificate(algorithm)), Some(hash), "{algorithm:?}");
        }
    }

    #[test]
    fn the_binding_is_the_hash_behind_its_name() {
        let certificate = certificate(&rcgen::PKCS_ECDSA_P384_SHA384);
        let binding = ChannelBinding::of_server(&certificate).unwrap();
        let hash = binding.as_bytes().strip_prefix(b"tls-server-end-point:").unwrap();
        assert_eq!(hash, Sha384::digest(&certificate).as_slice());
    }

    #[test]
    fn old_hashes_are_replaced() {
        for number in [4, 5] {
            assert_eq!(signature_hash(&bare(&[RSA, &[number]].concat(), &[])), Some(Hash::Sha256));
        }
        assert_eq!(signature_hash(&bare(&[ECDSA, &[1]].concat(), &[])), Some(Hash::Sha256));
    }

    #[test]
    fn the_hash_of_pss_stands_in_its_parameters() {
        assert_eq!(signature_hash(&pss(Some(&[HASHES, &[3]].concat()))), Some(Hash::Sha512));
        assert_eq!(signature_hash(&pss(Some(OLD_HASHES[0]))), Some(Hash::Sha256));
        assert_eq!(signature_hash(&pss(None)), Some(Hash::Sha256), "SHA-1 is meant where none is named");
        assert_eq!(signature_hash(&pss(Some(&[HASHES, &[8]].concat()))), None, "SHA-3");
    }

    #[test]
    fn a_signature_without_a_hash_has_no_binding() {
        assert_eq!(ChannelBinding::of_server(&certificate(&rcgen::PKCS_ED25519)), None);
    }

    #[test]
    fn what_is_no_certificate_has_no_binding() {
        let whole = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
        for length in 0..64 {
            assert_eq!(signature_hash(&whole[..length]), None, "cut to {length} bytes");
        }
        assert_eq!(signature_hash(&[SEQUENCE, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(signature_hash(&[SEQUENCE, 0x80]), None);
        assert_eq!(signature_hash(&[SEQUENCE, 0x89]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fall_over(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _hash = signature_hash(&bytes);
        }
    }
}
