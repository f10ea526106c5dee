//! Who asks, and what mailboxes let this caller do.

use std::sync::Arc;

use super::{
    sign_in::Principal,
    soap::{Connecting, Trouble},
    trouble,
};
use crate::{
    directory::Entry,
    mailbox::{EwsRight, Home},
    world::World,
};

/// What a caller may do in a calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Right {
    /// Everything, private appointments included.
    Owner,
    /// Read, but for what is private.
    Reviewer,
    /// When the owner is taken, with the kind of it.
    Availability,
    /// When the owner is taken, merged into digits.
    Merged,
    None,
}

/// Who asks.
#[derive(Debug)]
pub(super) enum Caller {
    /// The service account, which has no mailbox of its own.
    Account,
    /// The service account in the shoes of a mailbox's owner.
    Acting(Arc<Entry>),
}

/// A mailbox and what the caller may do in it.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) entry: Arc<Entry>,
    pub(super) right: Right,
}

impl Caller {
    /// Reads the impersonation header of a request. Tokens of applications must have one.
    pub(super) fn new(world: &World, connecting: Option<&Connecting>, principal: Principal) -> Result<Self, Trouble> {
        let Some(connecting) = connecting else {
            if principal == Principal::Application {
                let text = "ExchangeImpersonation SOAP header must be present for this type of OAuth token.";
                return Err(Trouble::new("ErrorInvalidExchangeImpersonationHeaderData", text));
            }
            return Ok(Self::Account);
        };
        let entry = match connecting {
            Connecting::Address(address) => find(world, address)?,
            Connecting::PrincipalName(name) => world.directory.by_id(name).ok_or_else(|| {
                let text = "The user principal name (UPN) that was specified in the impersonation header is not valid.";
                Trouble::new("ErrorInvalidUserPrincipalName", text)
            })?,
            Connecting::Sid(_) => {
                return Err(Trouble::new(
                    "ErrorInvalidUserSid",
                    "The user SID specified in the impersonation header is not valid.",
                ));
            }
        };
        let (impersonable, here) = {
            let mailbox = entry.mailbox();
            (mailbox.impersonable, mailbox.home != Home::Cloud)
        };
        if !here {
            return Err(nobody(connecting.text()));
        }
        if !impersonable {
            let text = "The account does not have permission to impersonate the requested user.";
            return Err(Trouble::new("ErrorImpersonateUserDenied", text));
        }
        Ok(Self::Acting(entry))
    }

    /// To whose budget the request is charged: with impersonation the target's.
    pub(super) fn budget(&self) -> String {
        match self {
            Self::Account => String::new(),
            Self::Acting(entry) => entry.person.mail.to_lowercase(),
        }
    }

    /// The mailbox of whoever asks.
    pub(super) fn own(&self) -> Result<Opened, Trouble> {
        match self {
            Self::Acting(entry) => self.open(entry),
            Self::Account => {
                let text = "When making a request as an account that does not have a mailbox, you must specify the mailbox primary SMTP address for any distinguished folder Ids.";
                Err(Trouble::new("ErrorMissingEmailAddress", text))
            }
        }
    }

    /// Opens the mailbox of an address.
    pub(super) fn open_address(&self, world: &World, address: &str) -> Result<Opened, Trouble> {
        let entry = find(world, address)?;
        self.open(&entry).map_err(|trouble| match trouble.code {
            "ErrorNonExistentMailbox" => nobody(address),
            _ => trouble,
        })
    }

    /// Opens a mailbox, if it lives here.
    pub(super) fn open(&self, entry: &Arc<Entry>) -> Result<Opened, Trouble> {
        let (home, right) = {
            let mailbox = entry.mailbox();
            (mailbox.home, mailbox.ews)
        };
        if home == Home::Cloud {
            return Err(nobody(&entry.person.mail));
        }
        if home == Home::Moving {
            return Err(trouble::moving());
        }
        let right = match self {
            Self::Acting(owner) if Arc::ptr_eq(owner, entry) => Right::Owner,
            // Colleagues see of each other what the company's default shows.
            Self::Acting(_) => Right::Availability,
            Self::Account => match right {
                EwsRight::Reviewer => Right::Reviewer,
                EwsRight::Availability => Right::Availability,
                EwsRight::Merged => Right::Merged,
                EwsRight::None => Right::None,
            },
        };
        Ok(Opened { entry: Arc::clone(entry), right })
    }
}

impl Connecting {
    fn text(&self) -> &str {
        match self {
            Self::Address(text) | Self::PrincipalName(text) | Self::Sid(text) => text,
        }
    }
}

/// The mailbox with an address, primary or not.
fn find(world: &World, address: &str) -> Result<Arc<Entry>, Trouble> {
    if !address.contains('@') {
        return Err(Trouble::new("ErrorInvalidSmtpAddress", "The SMTP address format is invalid."));
    }
    world.directory.by_mail(address).into_iter().next().ok_or_else(|| nobody(address))
}

fn nobody(address: &str) -> Trouble {
    Trouble::new("ErrorNonExistentMailbox", "The SMTP address has no mailbox associated with it.")
        .with("SmtpAddress", address)
}
