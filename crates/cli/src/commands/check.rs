//! `busylamp check`: the whole chain, read-only.

use std::path::{Path, PathBuf};

use busylamp_core::{check::Verdict, ids::InstanceId};
use busylamp_service::{
    check::{Findings, Walked, Walker},
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
    /// A file as for `apply`; absent: the instances of the store, while the service does not run.
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
    let mut all_is_well = true;
    let walker = Walker::default();
    let configs = match &arguments.file {
        Some(file) => written(file)?,
        None => stored(&arguments.data.open().await?).await?,
    };
    for config in configs {
        print(&format!("{}", config.id))?;
        let findings = walker.walk(&config, Timestamp::now()).await;
        show(&findings, arguments.names)?;
        all_is_well &= findings.is_ok();
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

fn show(findings: &Findings, names: bool) -> exit::Result {
    for Walked { through, step } in &findings.steps {
        print(&line(&format!("{through}, {}", step.name), &step.verdict))?;
    }
    let found = findings.users.iter().filter(|user| user.trouble.is_none()).count();
    print(&format!("  {} of {} users can be followed", found, findings.users.len()))?;
    for user in &findings.users {
        let name = if names { format!(" ({})", plain(&user.name)) } else { String::new() };
        let Some((flag, advice)) = &user.trouble else {
            if let Some(side) = user.side.filter(|_| findings.two_sides) {
                print(&format!("  ok    user {}{name}: {side}", user.account))?;
            }
            continue;
        };
        let flag = flag.map_or("mailbox_not_read", |flag| flag.name());
        print(&format!("  FAULT user {}{name}: {flag}: {advice}", user.account))?;
    }
    Ok(())
}

/// The text without control characters.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// A step as a line. Much of it comes from elsewhere and goes to a terminal.
pub(super) fn line(name: &str, verdict: &Verdict) -> String {
    let (mark, text) = match verdict {
        Verdict::Ok(found) => ("ok   ", found),
        Verdict::Note(note) => ("note ", note),
        Verdict::Fault(fault) => ("FAULT", fault),
    };
    format!("  {mark} {name}: {}", plain(text))
}
