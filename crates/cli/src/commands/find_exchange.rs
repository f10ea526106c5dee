//! `busylamp find-exchange ADDRESS`: the Exchange Server of a mailbox, by Autodiscover.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use busylamp_calendar::{
    discovery::{Connections, Place, Report, find},
    ews::{BindingUse, EwsSignIn},
};
use busylamp_core::{ids::MailAddress, secret::Secret};
use busylamp_net::trust::Trust;

use super::read;
use crate::{
    exit::{self, Failure, print, say},
    running::log,
};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The mail address of a mailbox on the server.
    address: String,
    /// A host that may get the password, as an earlier search named it; may be given several times.
    #[arg(long, value_name = "HOST", requires = "user")]
    confirm: Vec<String>,
    /// Whom to sign in as: DOMAIN\user, or user@domain.
    #[arg(long, requires = "password_file")]
    user: Option<String>,
    /// A file with the password.
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// How to sign in.
    #[arg(long, value_enum, default_value_t = Auth::Ntlm)]
    auth: Auth,
    /// The certificate of the authority that is believed in place of the system's, PEM.
    #[arg(long, value_name = "FILE", conflicts_with = "pin")]
    authority: Option<PathBuf>,
    /// The one certificate that is believed: sha256:…
    #[arg(long)]
    pin: Option<String>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Auth {
    /// NTLM.
    Ntlm,
    /// User and password with the request.
    Basic,
}

pub(crate) async fn run(arguments: Arguments) -> exit::Result {
    log("error");
    let bad = |problem: &str| Failure::BadInput(format!("{}: {problem}", arguments.address));
    let domain = arguments.address.rsplit_once('@').filter(|(local, domain)| !local.is_empty() && !domain.is_empty());
    let mailbox = MailAddress::parse(&arguments.address).filter(|_| domain.is_some());
    let mailbox = mailbox.ok_or_else(|| bad("this is no mail address like anna@example.com"))?;
    let connections = Connections::new(trust(&arguments)?, sign_in(&arguments)?);
    let confirmed: BTreeSet<String> = arguments.confirm.iter().map(|host| host.trim().to_lowercase()).collect();
    show(&mailbox, &find(&mailbox, &confirmed, &connections).await)
}

fn trust(arguments: &Arguments) -> Result<Trust, Failure> {
    if let Some(file) = &arguments.authority {
        let bad = |error| Failure::BadInput(format!("{}: {error}", file.display()));
        return Trust::authority_pem(read(Some(file))?.as_bytes()).map_err(bad);
    }
    match &arguments.pin {
        Some(pin) => pin.parse().map(Trust::Pin).map_err(|error| Failure::BadInput(format!("--pin: {error}"))),
        None => Ok(Trust::System),
    }
}

fn sign_in(arguments: &Arguments) -> Result<Option<EwsSignIn>, Failure> {
    let (Some(user), Some(file)) = (&arguments.user, &arguments.password_file) else { return Ok(None) };
    let (user, password) = (user.clone(), password(file)?);
    Ok(Some(match arguments.auth {
        Auth::Ntlm => EwsSignIn::Ntlm { user, password, channel_binding: BindingUse::Auto },
        Auth::Basic => EwsSignIn::Basic { user, password },
    }))
}

fn password(file: &Path) -> Result<Secret, Failure> {
    match read(Some(file))?.trim() {
        "" => Err(Failure::BadInput(format!("{}: the password is empty", file.display()))),
        password => Ok(Secret::new(password)),
    }
}

/// What was found goes to standard output, ready to be pasted; all else is for people.
fn show(asked: &MailAddress, report: &Report) -> exit::Result {
    let Some(found) = &report.found else {
        report.tried.iter().for_each(|tried| say(&tried.to_string()));
        report.confirm.iter().for_each(|confirm| say(&confirm.to_string()));
        if report.confirm.is_empty() {
            say("no Exchange Server was found; ask whoever runs it for the address that ends in /EWS/Exchange.asmx");
        } else {
            say("run again with --confirm HOST --user NAME --password-file FILE");
        }
        return Err(Failure::NotSo);
    };
    if found.mailbox != *asked {
        say(&format!("the mailbox's own address is {}", found.mailbox));
    }
    say(&format!("{} says so; {}", found.said_by, found.place.advice()));
    match found.place {
        Place::Server => print(&format!("url = \"{}\"", found.url)),
        Place::Online => Err(Failure::NotSo),
    }
}
