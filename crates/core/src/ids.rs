//! Names of things: typed, so that one can't be taken for another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The name as given.
            pub fn new(name: impl Into<String>) -> Self {
                Self(name.into())
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(name.to_owned())
            }
        }
    };
}

name! {
    /// A user's account on the telephone system, in the system's own spelling (STARFACE: a number).
    AccountId
}
name! {
    /// One event on a calendar, unique within a mailbox. Compared bytewise (§3.1.6).
    EventId
}
name! {
    /// One configured synchronisation.
    InstanceId
}
name! {
    /// One preconfigured always-diversion of a user.
    DiversionId
}
name! {
    /// One busy lamp key on somebody's telephone.
    LabelId
}

/// A mail address, compared without regard to case and surrounding white space (§0.1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct MailAddress(String);

impl MailAddress {
    /// The normal form of an address; `None` when nothing is left of it.
    pub fn parse(address: &str) -> Option<Self> {
        let normal = address.trim().to_lowercase();
        (!normal.is_empty()).then_some(Self(normal))
    }

    /// The address in normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for MailAddress {
    fn from(address: String) -> Self {
        Self(address.trim().to_lowercase())
    }
}

impl From<MailAddress> for String {
    fn from(address: MailAddress) -> Self {
        address.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_differ_neither_by_case_nor_by_white_space() {
        assert_eq!(MailAddress::parse(" Anna.Ärmel@Example.COM\t"), MailAddress::parse("anna.ärmel@example.com"));
        assert_eq!(MailAddress::parse("  "), None);
        assert_eq!(MailAddress::parse(" a@b ").as_ref().map(MailAddress::as_str), Some("a@b"));
    }

    #[test]
    fn an_address_is_written_as_it_is_compared() {
        let mail = MailAddress::from(" Anna@Example.COM ".to_owned());
        assert_eq!(mail.as_str(), "anna@example.com");
        assert_eq!(mail.to_string(), "anna@example.com");
        assert_eq!(String::from(mail), "anna@example.com");
    }
}
