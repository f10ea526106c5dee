//! `busylamp check starface`: the telephone systems alone, looked at without changing anything; with `--write` one
//! willing user's everything is set and given back.

use std::{io, path::PathBuf};

use busylamp_core::{check::Step, ids::AccountId};
use busylamp_service::{
    check::starface::{System, systems},
    config::InstanceConfig,
    socket,
};
use busylamp_store::Store;
use tokio::net::UnixStream;

use super::check::{line, plain, stored, written};
use crate::{
    data::Data,
    exit::{self, Failure, print, say},
    running::to_its_end,
};

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    data: Data,
    /// A file as for `apply`; absent: the instances of the store, while the service does not run.
    file: Option<PathBuf>,
    /// Only this instance.
    #[arg(long, value_name = "NAME")]
    instance: Option<String>,
    /// Show users' names beside their account numbers, and all users of each instance: not for others' eyes.
    #[arg(long)]
    names: bool,
    /// Try everything with this user, who must be willing: set each value to something else and give it back. ACCOUNT is
    /// the number by which check tells users, not the login id. Runs to its end, also on Ctrl+C.
    #[arg(long, value_name = "ACCOUNT", value_parser = account)]
    write: Option<AccountId>,
}

fn account(text: &str) -> Result<AccountId, String> {
    let is_number = (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    // 0001 is a login, and perhaps that of an account with quite another number.
    if is_number && !text.starts_with('0') {
        Ok(AccountId::new(text))
    } else {
        Err("an account's number is expected, as `busylamp check starface --names` shows it beside the name".to_owned())
    }
}

pub(super) async fn run(arguments: Arguments) -> exit::Result {
    // What is read from a store keeps it during a trial: no service begins to follow the user meanwhile.
    let (all, store) = match &arguments.file {
        Some(file) => (written(file)?, None),
        None => {
            let store = open(&arguments.data).await?;
            (stored(&store).await?, Some(store))
        }
    };
    let meant = meant(all, arguments.instance.as_deref())?;
    if meant.is_empty() && arguments.write.is_none() {
        say("there is no instance to look through; apply a file, or name it: busylamp check starface FILE");
    }
    let systems = systems(&meant).map_err(|error| Failure::CouldNot(error.to_string()))?;
    let tried = match &arguments.write {
        Some(account) => Some((the_only(&systems)?, account)),
        None => None,
    };
    if let Some((system, account)) = tried
        && service_runs(&arguments.data).await?
    {
        nobody_follows(system, account).await?;
    }
    let mut all_is_well = true;
    for system in &systems {
        for instance in system.instances() {
            print(&format!("{}", instance.id))?;
            all_is_well &= show(&system.examine(instance, arguments.names).await)?;
            if arguments.names {
                // If they can't be read, that is one of the steps.
                for user in system.members(instance).await.unwrap_or_default() {
                    print(&format!("  user  {} ({})", user.account, plain(&user.name)))?;
                }
            }
        }
    }
    if let Some((system, account)) = tried {
        print(&format!("trial with account {account}"))?;
        say(&format!(
            "Everything of account {account} is now set to something else and given back. That takes some seconds, and on a \
             large PBX some minutes until all busy lamp keys are looked through. It runs to its end, also on Ctrl+C. Until \
             then nobody should use this user's telephone and apps, and no service, on another machine either, may follow \
             the account."
        ));
        let why = "The trial goes on until everything is given back; please wait.";
        all_is_well &= show(&to_its_end(system.trial(account), why).await?)?;
    }
    if let Some(store) = store {
        store.close().await;
    }
    if all_is_well { Ok(()) } else { Err(Failure::NotSo) }
}

/// Whether the service of this store runs. Somebody else's can't be seen, and then nothing may be tried.
async fn service_runs(data: &Data) -> Result<bool, Failure> {
    let socket = socket(&data.store());
    match UnixStream::connect(&socket).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(Failure::CouldNot(format!(
            "{}: whether the service runs can't be told: {error}; call this as root or as the user that Busylamp runs as",
            socket.display()
        ))),
        Err(_) => Ok(false),
    }
}

async fn open(data: &Data) -> Result<Store, Failure> {
    if service_runs(data).await? {
        return Err(Failure::CouldNot(
            "the service is running and has the store for itself; name the file that was applied: busylamp check starface FILE"
                .to_owned(),
        ));
    }
    data.open().await
}

fn meant(all: Vec<InstanceConfig>, name: Option<&str>) -> Result<Vec<InstanceConfig>, Failure> {
    let Some(name) = name else { return Ok(all) };
    let names: Vec<String> = all.iter().map(|instance| format!("`{}`", instance.id)).collect();
    let only: Vec<InstanceConfig> = all.into_iter().filter(|instance| instance.id.as_str() == name).collect();
    if !only.is_empty() {
        return Ok(only);
    }
    let there = if names.is_empty() { "there are none".to_owned() } else { format!("there are {}", names.join(", ")) };
    Err(Failure::BadInput(format!("--instance: there is no instance `{name}`; {there}")))
}

/// Where the trial takes place.
fn the_only<'a, 'b>(systems: &'b [System<'a>]) -> Result<&'b System<'a>, Failure> {
    match systems {
        [system] => Ok(system),
        [] => Err(Failure::BadInput("--write: there is no instance, so no telephone system to try it on".to_owned())),
        several => {
            let names = several.iter().filter_map(|system| system.instances().next());
            let names: Vec<String> = names.map(|instance| format!("--instance '{}'", instance.id)).collect();
            Err(Failure::BadInput(format!(
                "--write: the instances reach telephone systems in different ways, and an account's number means somebody \
                 else on each; say which is meant: {}",
                names.join(" or ")
            )))
        }
    }
}

/// A running service would take the trial for what the user does by hand, and write against it.
async fn nobody_follows(system: &System<'_>, account: &AccountId) -> exit::Result {
    let follower = system.follower(account).await.map_err(|error| {
        Failure::CouldNot(format!(
            "--write: the service is running, and whether it follows account {account} can't be told: {error}"
        ))
    })?;
    follower.map_or(Ok(()), |instance| {
        Err(Failure::CouldNot(format!(
            "--write: the service is running and account {account} is in the group of instance `{}`; stop the service for \
             the trial, or take the user out of the group on the PBX and wait until the service has given everything back",
            instance.id
        )))
    })
}

/// Prints steps; whether none is a fault.
fn show(steps: &[Step]) -> Result<bool, Failure> {
    for step in steps {
        print(&line(&step.name.to_string(), &step.verdict.clone().map(|said| said.to_string())))?;
    }
    Ok(steps.iter().all(Step::is_ok))
}
