//! Fingerprints of certificates, and pins: fingerprints that are believed.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose};
use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

/// The SHA-256 of a certificate in DER form: what browsers and `openssl x509 -fingerprint -sha256` show.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a certificate.
    pub fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha256::digest(certificate.as_ref()).into())
    }

    /// The hash itself.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// In the form in which a pin is written: `sha256:` and 64 hexadecimal digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The one certificate that is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin(Fingerprint);

impl Pin {
    /// Whether this is the pinned certificate; takes as long for any other.
    pub fn matches(&self, certificate: &CertificateDer<'_>) -> bool {
        self.0.0.ct_eq(&Fingerprint::of(certificate).0).into()
    }
}

impl From<Fingerprint> for Pin {
    fn from(fingerprint: Fingerprint) -> Self {
        Self(fingerprint)
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is wrong with a written pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PinError {
    /// Another hash, or none named.
    #[error("a pin begins with sha256:")]
    NoHash,
    /// Not 32 bytes.
    #[error("after sha256: come 64 hexadecimal digits (colons between them may stay) or 44 characters of Base64")]
    NoFingerprint,
}

/// `sha256:` and the fingerprint in hexadecimal digits, with or without colons, or in Base64.
impl FromStr for Pin {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, PinError> {
        let (hash, value) = text.trim().split_once(':').ok_or(PinError::NoHash)?;
        if !hash.eq_ignore_ascii_case("sha256") {
            return Err(PinError::NoHash);
        }
        let value = value.trim();
        let bytes = hexadecimal(value)
            .or_else(|| general_purpose::STANDARD.decode(value).ok())
            .or_else(|| general_purpose::URL_SAFE_NO_PAD.decode(value.trim_end_matches('=')).ok())
            .ok_or(PinError::NoFingerprint)?;
        let bytes = bytes.try_into().map_err(|_| PinError::NoFingerprint)?;
        Ok(Self(Fingerprint(bytes)))
    }
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| *c != ':')
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    // 43 or 44 characters of Base64 can consist of hexadecimal digits alone.
    (digits.len() == 64).then(|| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate() -> CertificateDer<'static> {
        CertificateDer::from(vec![1, 2, 3])
    }

    #[test]
    fn a_pin_is_read_in_every_form_in_which_tools_show_it() {
        let shown = Fingerprint::of(&certificate()).to_string();
        let digits = shown.strip_prefix("sha256:").unwrap();
        let pairs: Vec<String> =
            digits.as_bytes().chunks(2).map(|c| String::from_utf8_lossy(c).to_uppercase()).collect();
        let base64 = general_purpose::STANDARD.encode(Fingerprint::of(&certificate()).0);
        for form in [shown.clone(), format!("SHA256:{}", pairs.join(":")), format!(" sha256: {base64} ")] {
            let pin: Pin = form.parse().unwrap();
            assert!(pin.matches(&certificate()), "{form}");
            assert_eq!(pin.to_string(), shown);
        }
    }

    #[test]
    fn another_certificate_does_not_match() {
        let pin = Pin::from(Fingerprint::of(&certificate()));
        assert!(!pin.matches(&CertificateDer::from(vec![1, 2, 4])));
    }

    #[test]
    fn what_is_no_pin_is_refused() {
        assert_eq!("".parse::<Pin>(), Err(PinError::NoHash));
        assert_eq!("sha1:aaaa".parse::<Pin>(), Err(PinError::NoHash));
        assert_eq!("sha256:abcd".parse::<Pin>(), Err(PinError::NoFingerprint));
        assert_eq!(format!("sha256:{}", "g".repeat(64)).parse::<Pin>(), Err(PinError::NoFingerprint));
        assert_eq!(format!("sha256:{}", "a".repeat(66)).parse::<Pin>(), Err(PinError::NoFingerprint));
    }
}
