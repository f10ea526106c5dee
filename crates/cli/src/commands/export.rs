//! `busylamp export`: the instances of the store as a file (interfaces, section 5).

use busylamp_service::{
    config::{WrittenInstance, write_file},
    described, export_from_running,
};

use crate::{
    data::Data,
    exit::{self, Failure, print},
};

/// Secrets are not in it: what stands in the store is written `{ stored = true }`, and `apply` leaves it there.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    data: Data,
    /// Only this instance.
    #[arg(long, value_name = "NAME")]
    instance: Option<String>,
}

pub(crate) async fn run(arguments: Arguments) -> exit::Result {
    let could_not = |error: String| Failure::CouldNot(error);
    let mut instances: Vec<WrittenInstance> = match arguments.data.open_or_find_service().await? {
        Some(store) => {
            let described = described(&store).await;
            store.close().await;
            described.map_err(|error| could_not(error.to_string()))?.into_iter().map(|one| one.written).collect()
        }
        None => export_from_running(&arguments.data.store())
            .await
            .map_err(|error| could_not(format!("the running service does not answer: {error}")))?
            .map_err(could_not)?,
    };
    if let Some(name) = &arguments.instance {
        instances.retain(|instance| instance.name == *name);
        if instances.is_empty() {
            return Err(Failure::BadInput(format!("--instance: there is no instance `{name}`")));
        }
    }
    print(write_file(&instances)?.trim_end())
}
