//! What commands share that run for longer: threads, logs, and being told to stop.

use std::io::IsTerminal;

use busylamp_log::Log;
use jiff::Timestamp;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, filter_fn},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

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

/// Logs to standard error; `BUSYLAMP_LOG` says how much (`error` to `trace`), else `level`. Of libraries only warnings
/// and errors are written, whatever it says: below that some print what they send and receive.
pub(crate) fn log(level: &str) {
    tracing_subscriber::registry().with(to_stderr(level)).init();
}

/// Logs to standard error like [`log`], and into logs that the pages show. Their lines are dated by `now`.
pub(crate) fn log_for_pages(level: &str, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Log {
    let log = Log::new(now);
    tracing_subscriber::registry().with(log.layer()).with(to_stderr(level)).init();
    log
}

fn to_stderr<S>(level: &str) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let wanted = EnvFilter::try_from_env("BUSYLAMP_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let colours = std::io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_ansi(colours).with_writer(std::io::stderr);
    // Without the hint the highest level would be wanted from everybody, though nobody takes it.
    let clean = filter_fn(busylamp_log::is_clean).with_max_level_hint(LevelFilter::TRACE);
    lines.with_filter(wanted.and(clean))
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
