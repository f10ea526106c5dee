//! `busylamp check`: the whole chain, read-only.

use std::path::{Path, PathBuf};

use busylamp_core::{check::Verdict, ids::InstanceId};
use busylamp_service::{
    check::{Told, Walker},
    check_running,
    config::{InstanceConfig, build},
    stored_instances,
};
use busylamp_store::Store;
use jiff::Timestamp;

use super::instances;
use crate::{
    data::Data,
    exit::{self, Failure, print},
    running::log,
};

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    data: Data,
    /// A file as for `apply`; absent: the instances of the store, whether the service runs or not.
    file: Option<PathBuf>,
    /// Show users' names beside their account numbers.
    #[arg(long)]
    names: bool,
}

/// A part of the chain.
#[derive(clap::Subcommand)]
enum Part {
    /// Look through the telephone system alone, and with --write try everything with one willing user.
    Starface(super::check_starface::Arguments),
}

pub(crate) async fn run(arguments: Arguments) -> exit::Result {
    log("error");
    if let Some(Part::Starface(arguments)) = arguments.part {
        return super::check_starface::run(arguments).await;
    }
    let configs = match &arguments.file {
        Some(file) => Some(written(file)?),
        None => match arguments.data.open_or_find_service().await? {
            Some(store) => {
                let configs = stored(&store).await;
                store.close().await;
                Some(configs?)
            }
            None => None,
        },
    };
    let mut all_is_well = true;
    match configs {
        Some(configs) => {
            let walker = Walker::default();
            for config in configs {
                let findings = walker.walk(&config, Timestamp::now()).await;
                all_is_well &= show(&Told::new(config.name, findings), arguments.names)?;
            }
        }
        // It looks through its own connections: what is signed in already is not signed in again.
        None => {
            let told = check_running(&arguments.data.store()).await;
            let told =
                told.map_err(|error| Failure::CouldNot(format!("the running service does not answer: {error}")))?;
            for told in told.map_err(Failure::CouldNot)? {
                all_is_well &= show(&told, arguments.names)?;
            }
        }
    }
    if all_is_well { Ok(()) } else { Err(Failure::NotSo) }
}

/// The instances of a store.
pub(super) async fn stored(store: &Store) -> Result<Vec<InstanceConfig>, Failure> {
    stored_instances(store).await.map_err(|error| Failure::CouldNot(error.to_string()))
}

/// The instances of a file.
pub(super) fn written(file: &Path) -> Result<Vec<InstanceConfig>, Failure> {
    let place = |refusal| Failure::BadInput(format!("{}: {refusal}", file.display()));
    let instances = instances(file)?;
    let built = instances.iter().enumerate().map(|(index, (written, secrets))| {
        let config = build(&InstanceId::new(written.name.clone()), written, secrets);
        config.map_err(|refusal| place(refusal.within(&format!("instance[{index}]"))))
    });
    built.collect()
}

/// Prints what was found; whether nothing stands in the way.
fn show(told: &Told, names: bool) -> Result<bool, Failure> {
    print(&told.instance)?;
    for (step, verdict) in &told.steps {
        print(&line(step, verdict))?;
    }
    let found = told.users.iter().filter(|user| user.trouble.is_none()).count();
    print(&format!("  {} of {} users can be followed", found, told.users.len()))?;
    for user in &told.users {
        let name = if names { format!(" ({})", plain(&user.name)) } else { String::new() };
        let Some((flag, advice)) = &user.trouble else {
            if let Some(side) = user.side.filter(|_| told.two_sides) {
                print(&format!("  ok    user {}{name}: {side}", user.account))?;
            }
            continue;
        };
        let flag = flag.map_or("mailbox_not_read", |flag| flag.name());
        print(&format!("  FAULT user {}{name}: {flag}: {advice}", user.account))?;
    }
    Ok(told.is_ok())
}

/// The text without control characters.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// A step as a line. Much of it comes from elsewhere and goes to a terminal.
pub(super) fn line(name: &str, verdict: &Verdict<String>) -> String {
    let (mark, text) = match verdict {
        Verdict::Ok(found) => ("ok   ", found),
        Verdict::Note(note) => ("note ", note),
        Verdict::Fault(fault) => ("FAULT", fault),
    };
    format!("  {mark} {name}: {}", plain(text))
}
