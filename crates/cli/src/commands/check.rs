//! `busylamp check`: the whole chain, read-only.

use std::path::PathBuf;

use busylamp_core::{check::Verdict, ids::InstanceId};
use busylamp_service::{
    check::{Findings, Walked, Walker},
    config::{InstanceConfig, build},
    stored_instances,
};
use jiff::Timestamp;

use super::instances;
use crate::{
    data::Data,
    exit::{self, Failure, print},
    running::log,
};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    data: Data,
    /// A file as for `apply`; absent: the instances of the store, while the service does not run.
    file: Option<PathBuf>,
    /// Show users' names beside their account numbers.
    #[arg(long)]
    names: bool,
}

pub(crate) async fn run(arguments: Arguments) -> exit::Result {
    log("error");
    let mut all_is_well = true;
    let mut walker = Walker::default();
    for config in configurations(&arguments).await? {
        print(&format!("{}", config.id))?;
        let findings = walker.walk(&config, Timestamp::now()).await;
        show(&findings, arguments.names)?;
        all_is_well &= findings.is_ok();
    }
    if all_is_well { Ok(()) } else { Err(Failure::NotSo) }
}

async fn configurations(arguments: &Arguments) -> Result<Vec<InstanceConfig>, Failure> {
    let Some(file) = &arguments.file else {
        let store = arguments.data.open().await?;
        let stored = stored_instances(&store).await;
        store.close().await;
        return stored.map_err(|error| Failure::CouldNot(error.to_string()));
    };
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
        let (mark, text) = match &step.verdict {
            Verdict::Ok(found) => ("ok   ", found),
            Verdict::Note(note) => ("note ", note),
            Verdict::Fault(fault) => ("FAULT", fault),
        };
        print(&format!("  {mark} {through}, {}: {text}", step.name))?;
    }
    let found = findings.users.iter().filter(|user| user.trouble.is_none()).count();
    print(&format!("  {} of {} users can be followed", found, findings.users.len()))?;
    for user in &findings.users {
        let name = if names { format!(" ({})", user.name) } else { String::new() };
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
