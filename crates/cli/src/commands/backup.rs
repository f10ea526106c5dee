//! `busylamp backup FILE`: a copy of the store, while the service runs or not.

use std::path::PathBuf;

use crate::{
    data::{self, FOLDER, STORE},
    exit::{self, Failure, print},
};

/// It needs no key: nothing in the store is opened.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder of the store.
    #[arg(long, env = "BUSYLAMP_DATA", default_value = FOLDER)]
    data: PathBuf,
    /// The copy, a file that does not exist yet. The key is not in it: keep a copy of the key apart from the backups.
    file: PathBuf,
}

pub(crate) async fn run(arguments: Arguments) -> exit::Result {
    let (store, file) = (arguments.data.join(STORE), arguments.file);
    if !store.exists() {
        return Err(Failure::CouldNot(format!("{}: there is no store", store.display())));
    }
    if file.exists() {
        return Err(Failure::BadInput(format!("{}: exists already, and is not replaced", file.display())));
    }
    busylamp_store::backup(&store, &file).await.map_err(|error| data::failure(&error))?;
    print(&format!("{}: written", file.display()))
}
