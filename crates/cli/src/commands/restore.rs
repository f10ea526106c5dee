//! `busylamp restore FILE`: a backup takes the place of the store.

use std::path::PathBuf;

use busylamp_store::StoreError;

use crate::{
    data::{self, Data},
    exit::{self, Failure, print},
};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    data: Data,
    /// The backup. It must have been made with the same key; it is not changed.
    file: PathBuf,
}

pub(crate) async fn run(arguments: Arguments) -> exit::Result {
    let (store, file) = (arguments.data.store(), arguments.file);
    let place = file.display();
    if !file.is_file() {
        return Err(Failure::BadInput(format!("{place}: there is no such file")));
    }
    let key = arguments.data.existing_key()?;
    // The list of a store's errors is open: what is not named here is told in its own words.
    #[allow(clippy::wildcard_enum_match_arm)]
    let kept = busylamp_store::restore(&store, &file, &key).await.map_err(|error| match error {
        StoreError::InUse { .. } => {
            Failure::CouldNot(format!("{} is in use; stop Busylamp before the store is replaced", store.display()))
        }
        StoreError::Damaged { detail } => {
            Failure::BadInput(format!("{place}: is damaged, or no backup at all ({detail}); take another backup"))
        }
        StoreError::NotOurs { .. } => Failure::BadInput(format!("{place}: is no backup of Busylamp's")),
        StoreError::WrongKey => {
            Failure::BadInput(format!("{place}: was made with another key; name with --key the one that belongs to it"))
        }
        newer @ StoreError::NewerSchema { .. } => Failure::BadInput(format!("{place}: {newer}")),
        other => data::failure(&other),
    })?;
    print(&format!("{}: restored", store.display()))?;
    match kept {
        Some(kept) => print(&format!("{}: the store before", kept.display())),
        None => Ok(()),
    }
}
