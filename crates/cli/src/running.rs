//! What commands share that run for longer: threads, logs, and being told to stop.

use std::io::IsTerminal;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::exit::{self, Failure};

/// Runs a command that needs the network, with TLS and logs set up.
pub(crate) fn block_on(command: impl Future<Output = exit::Result>) -> exit::Result {
    busylamp_net::trust::install_provider();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::CouldNot(format!("threads can't be started: {error}")))?;
    runtime.block_on(command)
}

/// Logs to standard error; `BUSYLAMP_LOG` says how much (`error` to `trace`), else `level`.
pub(crate) fn log(level: &str) {
    let filter = EnvFilter::try_from_env("BUSYLAMP_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
}

/// Resolves when the program is told to stop, by SIGTERM or Ctrl-C.
pub(crate) async fn told_to_stop() {
    let wait = |kind| async move {
        match signal(kind) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            // Without a handler the signal ends the process by itself.
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = wait(SignalKind::terminate()) => {},
        () = wait(SignalKind::interrupt()) => {},
    }
}

/// Does something to its end, whoever tells the program to stop meanwhile; they are told `why`.
///
/// # Errors
/// If it can't be protected. Nothing of it is done then.
pub(crate) async fn to_its_end<T>(work: impl Future<Output = T>, why: &str) -> Result<T, Failure> {
    let deaf_to = |kind| -> Result<Signal, Failure> {
        signal(kind)
            .map_err(|error| Failure::CouldNot(format!("signals can't be held off, so it is not begun: {error}")))
    };
    let mut interrupt = deaf_to(SignalKind::interrupt())?;
    let mut terminate = deaf_to(SignalKind::terminate())?;
    let mut hangup = deaf_to(SignalKind::hangup())?;
    let mut quit = deaf_to(SignalKind::quit())?;
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return Ok(done),
            Some(()) = interrupt.recv() => exit::say(why),
            Some(()) = terminate.recv() => exit::say(why),
            Some(()) = hangup.recv() => exit::say(why),
            Some(()) = quit.recv() => exit::say(why),
        }
    }
}
