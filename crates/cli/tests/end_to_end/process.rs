//! Busylamp as a process of its own.

use std::{
    fs::File,
    io::Write,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use tokio::time::Instant;

use crate::world::{LONG_PATIENCE, World, eventually};

/// A stop has to be done within this.
const STOP: Duration = Duration::from_secs(5);

/// A running `busylamp`; killed if a test ends early.
pub(crate) struct Process(Child);

/// The program with these arguments, and with nothing of the environment that would configure it.
pub(crate) fn busylamp(arguments: &[&str]) -> Command {
    let mut command = Command::new(crate::binary());
    for name in ["BUSYLAMP_LOG", "BUSYLAMP_DATA", "BUSYLAMP_KEY", "BUSYLAMP_LISTEN", "CREDENTIALS_DIRECTORY"] {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub(crate) async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// Runs a command to its end with this on its standard input.
pub(crate) async fn output_of(mut command: Command, input: &str) -> Output {
    let input = input.to_owned();
    let run = move || {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

impl Process {
    /// Starts a command that goes on; what it says goes to this file.
    pub(crate) fn start(mut command: Command, log: &Path) -> Self {
        let log = File::options().create(true).append(true).open(log).unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log);
        Self(command.spawn().unwrap())
    }

    /// As the system's service manager stops it. Returns the exit status, and has to do so in time.
    pub(crate) async fn terminate(self) -> Option<i32> {
        self.signal("-TERM");
        self.end_within(STOP).await
    }

    /// The number that the system knows it by.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Sends a signal, such as `-INT`.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Waits until it ends by itself, as long as for anything. Returns the exit status.
    pub(crate) async fn end(self) -> Option<i32> {
        self.end_within(LONG_PATIENCE).await
    }

    async fn end_within(mut self, bound: Duration) -> Option<i32> {
        let told = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            assert!(told.elapsed() < bound, "it does not stop");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// As a power failure ends it.
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already, or it ends now.
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}

impl World {
    /// A command that uses the world's store.
    pub(crate) fn with_store(&self, arguments: &[&str]) -> Command {
        let mut command = busylamp(arguments);
        command.arg("--data").arg(self.folder.path());
        command
    }

    /// `busylamp run`, logging to `run.log` in the folder; it is running when this returns.
    pub(crate) async fn run_process(&self, level: &str) -> Process {
        let log = self.folder.path().join("run.log");
        let starts = || std::fs::read_to_string(&log).unwrap_or_default().matches("Busylamp is running").count();
        let before = starts();
        let mut command = self.with_store(&["run"]);
        command.env("BUSYLAMP_LOG", level);
        let process = Process::start(command, &log);
        let runs = async || if starts() > before { Ok(()) } else { Err(std::fs::read_to_string(&log)) };
        eventually("the service runs", runs).await;
        process
    }

    /// `busylamp apply` with what the setup says, whether the service runs or not.
    pub(crate) async fn apply_file(&self) {
        let mut command = self.with_store(&["apply"]);
        command.arg(self.write_files());
        let output = output(command).await;
        assert!(output.status.success(), "{output:?}");
    }
}
