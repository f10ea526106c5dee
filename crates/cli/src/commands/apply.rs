//! `busylamp apply FILE`: instances as a file (interfaces, section 5).

use std::path::PathBuf;

use busylamp_service::{ServiceError, apply, apply_to_running};

use super::instances;
use crate::{
    data::Data,
    exit::{self, Failure, print},
};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    data: Data,
    /// The instances. Those of the store that are not named stay as they are.
    file: PathBuf,
}

pub(crate) async fn run(arguments: Arguments) -> exit::Result {
    let file = arguments.file.display();
    let instances = instances(&arguments.file)?;
    match arguments.data.open_or_find_service().await? {
        Some(store) => {
            let applied = apply(&store, &instances).await;
            store.close().await;
            applied.map_err(|error| match error {
                ServiceError::Refused(refusal) => Failure::BadInput(format!("{file}: {refusal}")),
                ServiceError::Store { .. } | ServiceError::UnknownInstance(_) | ServiceError::Stopped => {
                    Failure::CouldNot(error.to_string())
                }
            })?;
        }
        None => {
            let answer = apply_to_running(&arguments.data.store(), &instances).await;
            answer
                .map_err(|error| Failure::CouldNot(format!("the running service does not answer: {error}")))?
                .map_err(|problem| Failure::BadInput(format!("{file}: {problem}")))?;
        }
    }
    for (instance, _) in &instances {
        print(&format!("{}: applied", instance.name))?;
    }
    Ok(())
}
