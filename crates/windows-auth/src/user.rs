//! Names of Windows accounts.

use std::str::FromStr;

use thiserror::Error;

/// The name of a Windows account. It is written `DOMAIN\user`, `user@domain` (the user principal name, which is not
/// always the mail address) or `user` (an account of the server itself or of its own domain).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserName {
    domain: String,
    user: String,
}

/// Why a text is no name of an account.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UserNameError {
    /// A part of it is missing.
    #[error("a part of the user name is missing: write DOMAIN\\user, user@domain or user")]
    Empty,
    /// There is a sign in it that no name has.
    #[error("a user name has no control characters and at most one backslash: write DOMAIN\\user, user@domain or user")]
    BadSign,
    /// No account's name is that long.
    #[error("the user name is longer than {LONGEST} signs")]
    TooLong,
}

/// The longest names: Active Directory's are shorter (104 for the account, 255 for the domain).
const LONGEST: usize = 512;

impl UserName {
    /// The domain before the backslash, else empty: of `user@domain` the server finds the domain itself.
    pub(crate) fn domain(&self) -> &str {
        &self.domain
    }

    pub(crate) fn user(&self) -> &str {
        &self.user
    }
}

impl FromStr for UserName {
    type Err = UserNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (domain, user) = text.split_once('\\').unwrap_or(("", text));
        if user.contains('\\') || text.chars().any(char::is_control) {
            return Err(UserNameError::BadSign);
        }
        if text.chars().count() > LONGEST {
            return Err(UserNameError::TooLong);
        }
        let incomplete = user.starts_with('@') || user.ends_with('@');
        if user.is_empty() || incomplete || (text.contains('\\') && domain.is_empty()) {
            return Err(UserNameError::Empty);
        }
        Ok(Self { domain: domain.to_owned(), user: user.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Result<(String, String), UserNameError> {
        text.parse().map(|name: UserName| (name.domain, name.user))
    }

    fn name(domain: &str, user: &str) -> Result<(String, String), UserNameError> {
        Ok((domain.to_owned(), user.to_owned()))
    }

    #[test]
    fn a_name_is_written_in_three_ways() {
        assert_eq!(parts("EXAMPLE\\svc-busylamp"), name("EXAMPLE", "svc-busylamp"));
        assert_eq!(parts("svc-busylamp@example.com"), name("", "svc-busylamp@example.com"));
        assert_eq!(parts("svc-busylamp"), name("", "svc-busylamp"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", "EXAMPLE\\", "\\svc", "@example.com", "svc@"] {
            assert_eq!(parts(text), Err(UserNameError::Empty), "{text}");
        }
        for text in ["A\\B\\svc", "svc\n", "EXAMPLE\\\\svc"] {
            assert_eq!(parts(text), Err(UserNameError::BadSign), "{text:?}");
        }
        assert_eq!(parts(&"a".repeat(LONGEST + 1)), Err(UserNameError::TooLong));
    }
}
