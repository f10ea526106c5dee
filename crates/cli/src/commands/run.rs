//! `busylamp run`: the service.

use std::sync::Arc;

use busylamp_service::{Service, Settings, clock::Clock};

use crate::{
    data::{Data, failure},
    exit::{self, Failure},
    pages::PageArguments,
    running::{log_for_pages, told_to_stop},
};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    data: Data,
    #[command(flatten)]
    pages: PageArguments,
}

pub(crate) async fn run(arguments: Arguments) -> exit::Result {
    let clock = Clock::Wall;
    let log = log_for_pages("info", move || clock.now());
    let store = arguments.data.open_soon().await?;
    log.recall_levels(&store).await.map_err(|error| failure(&error))?;
    let settings = Settings { store: Arc::new(store.clone()), clock };
    let service = Service::start(settings).await.map_err(|error| Failure::CouldNot(error.to_string()))?;
    let service = Arc::new(service);
    let door = busylamp_service::listen(&arguments.data.store(), Arc::clone(&service))
        .map_err(|error| Failure::CouldNot(format!("the socket beside the store can't be opened: {error}")))?;
    let pages = arguments.pages.open(&service, &store, log).await?;
    tracing::info!(store = %arguments.data.store().display(), "Busylamp is running");
    told_to_stop().await;
    tracing::info!("stopping; what is held stays in the store for the next start");
    door.abort();
    // Only tidiness: the next start would remove it as well.
    let _gone = std::fs::remove_file(busylamp_service::socket(&arguments.data.store()));
    service.stop().await;
    // The pages' streams have ended with the service.
    if let Some(pages) = pages {
        pages.close().await;
    }
    store.close().await;
    Ok(())
}
