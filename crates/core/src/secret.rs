//! Passwords, keys and tokens: text that can't be printed.

use std::fmt;

use zeroize::Zeroizing;

/// A secret. It has no `Display`, no `Serialize`, and a `Debug` that shows nothing; its memory is wiped when
/// it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a secret in.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    /// The secret itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_shown_only_to_who_asks_for_it() {
        let secret = Secret::new("geheim");
        assert_eq!((format!("{secret:?}").as_str(), secret.expose()), ("Secret(…)", "geheim"));
    }
}
