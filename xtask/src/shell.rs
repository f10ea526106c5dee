//! Running other programs, and speaking to whoever looks on.

use std::{
    env,
    io::{self, BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

/// A message: standard error.
pub(crate) fn say(message: &str) {
    // Nobody is left to be told if standard error is closed.
    let _closed = writeln!(io::stderr(), "{message}");
}

/// A result: standard output.
pub(crate) fn result(line: &str) {
    let _closed = writeln!(io::stdout(), "{line}");
}

/// Where programs are run.
pub(crate) struct Shell {
    /// The root of the workspace.
    pub(crate) root: PathBuf,
}

impl Shell {
    /// In the root of this workspace, wherever we were started.
    pub(crate) fn at_root() -> Result<Self> {
        // What cargo says now comes first: checkouts that share a target folder share the program in it.
        let now = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let xtask = now.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
        let root = xtask.parent().context("xtask has a folder above it")?.to_owned();
        Ok(Self { root })
    }

    /// Whether continuous integration runs us: then nothing may be skipped.
    pub(crate) fn in_ci(&self) -> bool {
        env::var("CI").is_ok_and(|value| value == "true")
    }

    /// The conformance data, if there is any.
    pub(crate) fn conformance(&self) -> Option<PathBuf> {
        let named = env::var_os("BUSYLAMP_CONFORMANCE").map(PathBuf::from);
        let folder = named.unwrap_or_else(|| self.root.join("../shared/conformance"));
        folder.is_dir().then_some(folder)
    }

    /// The cargo that runs us, with these arguments.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// Any program, with these arguments.
    pub(crate) fn program(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.root);
        command
    }
}

/// Runs a program to its end, its output going where ours goes.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("`{shown}` can't be started"))?;
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(())
}

/// Whether a program runs and succeeds; its output is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// What a program prints on standard output, which is all that it is run for.
pub(crate) fn ask(command: &mut Command) -> Result<String> {
    let shown = show(command);
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("`{shown}` can't be started"))?;
    if !output.status.success() {
        bail!("`{shown}` ended with {}", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("the output of `{shown}` is no text"))
}

/// Runs a program, passes its standard output on line by line and hands it back, with whether it succeeded.
pub(crate) fn overhear(command: &mut Command) -> Result<(Vec<String>, bool)> {
    let shown = show(command);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = child.with_context(|| format!("`{shown}` can't be started"))?;
    let mut lines = Vec::new();
    for line in BufReader::new(child.stdout.take().context("standard output is piped")?).lines() {
        let line = line.with_context(|| format!("the output of `{shown}` is no text"))?;
        say(&line);
        lines.push(line);
    }
    let status = child.wait().with_context(|| format!("`{shown}` got lost"))?;
    Ok((lines, status.success()))
}

/// The command as one would type it.
fn show(command: &Command) -> String {
    let program = PathBuf::from(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    command.get_args().fold(name, |line, argument| line + " " + &argument.to_string_lossy())
}
