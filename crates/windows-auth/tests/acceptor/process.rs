//! The acceptors of `tests/clients/acceptors` as processes.

use std::{
    collections::BTreeMap,
    env,
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use busylamp_net::trust::{Pin, Trust};
use serde_json::{Value, json};
use url::Url;

/// What the acceptor does with channel bindings.
#[derive(Clone, Copy)]
pub(crate) enum Checks {
    None,
    Allow,
    Require,
}

/// Which acceptor.
#[derive(Clone, Copy)]
pub(crate) enum Method {
    Ntlm,
    #[cfg(feature = "kerberos")]
    Kerberos,
}

impl Method {
    /// Its script, and the variable that names the Python to run it with.
    fn program(self) -> (&'static str, &'static str) {
        match self {
            Self::Ntlm => ("ntlm.py", "BUSYLAMP_NTLM_PYTHON"),
            #[cfg(feature = "kerberos")]
            Self::Kerberos => ("kerberos.py", "BUSYLAMP_KERBEROS_PYTHON"),
        }
    }
}

/// How an acceptor is set up.
pub(crate) struct Setup {
    pub(crate) method: Method,
    pub(crate) tls: bool,
    pub(crate) certificate: &'static str,
    pub(crate) proxy: bool,
    pub(crate) checks: Checks,
    pub(crate) schemes: &'static [&'static str],
    pub(crate) users: BTreeMap<&'static str, &'static str>,
}

impl Setup {
    /// HTTPS without anything in front of it; a binding is required.
    pub(crate) fn new<const N: usize>(method: Method, users: [(&'static str, &'static str); N]) -> Self {
        Self {
            method,
            tls: true,
            certificate: "rsa-sha256",
            proxy: false,
            checks: Checks::Require,
            schemes: &["Negotiate", "NTLM"],
            users: BTreeMap::from(users),
        }
    }
}

/// A running acceptor. It ends with the value.
pub(crate) struct Acceptor {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    pub(crate) url: Url,
    pub(crate) trust: Trust,
    /// What the method told besides.
    #[cfg_attr(not(feature = "kerberos"), expect(dead_code, reason = "only Kerberos tells anything"))]
    pub(crate) ready: Value,
}

/// What happened on one connection.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) tried: u64,
    pub(crate) bound: Option<bool>,
    pub(crate) refusals: Vec<String>,
    pub(crate) user: Option<String>,
    pub(crate) requests: u64,
    pub(crate) tokens_too_many: u64,
    pub(crate) early_bytes: u64,
}

impl Acceptor {
    pub(crate) fn start(setup: &Setup) -> Self {
        let (script, python) = setup.method.program();
        let python = env::var_os(python)
            .unwrap_or_else(|| panic!("{python} names no Python; run `cargo xtask test --only acceptors`"));
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients/acceptors");
        let settings = json!({
            "tls": setup.tls,
            "certificate": setup.certificate,
            "proxy": setup.proxy,
            "binding": match setup.checks {
                Checks::None => "none",
                Checks::Allow => "allow",
                Checks::Require => "require",
            },
            "schemes": setup.schemes,
            "users": setup.users,
        });
        let mut command = Command::new(python);
        command.arg(folder.join(script)).arg(settings.to_string()).env("PYTHONDONTWRITEBYTECODE", "1");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let ready = line(&mut output);
        let scheme = if setup.tls { "https" } else { "http" };
        let url = format!("{scheme}://localhost:{}/EWS/Exchange.asmx", ready["port"]);
        let pin: Pin = format!("sha256:{}", ready["fingerprint"].as_str().unwrap()).parse().unwrap();
        Self { child, input, output, url: url.parse().unwrap(), trust: Trust::Pin(pin), ready }
    }

    /// What happened up to now, connection by connection.
    pub(crate) fn seen(&mut self) -> Vec<Seen> {
        self.tell(&Value::Null)
    }

    /// From now on these are the users.
    pub(crate) fn change(&mut self, users: &[(&str, &str)]) {
        self.tell(&Value::Object(users.iter().map(|(user, password)| ((*user).to_owned(), json!(password))).collect()));
    }

    fn tell(&mut self, users: &Value) -> Vec<Seen> {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{users}").unwrap();
        let connections = line(&mut self.output);
        let connections = connections.as_array().unwrap().iter();
        let seen = connections.map(|connection| Seen {
            tried: connection["tried"].as_u64().unwrap(),
            bound: connection["bound"].as_bool(),
            refusals: connection["refusals"].as_array().unwrap().iter().map(|text| text.to_string()).collect(),
            user: connection["user"].as_str().map(str::to_owned),
            requests: connection["requests"].as_u64().unwrap(),
            tokens_too_many: connection["tokens_too_many"].as_u64().unwrap(),
            early_bytes: connection["early_bytes"].as_u64().unwrap(),
        });
        seen.collect()
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ended = self.child.wait();
    }
}

fn line(output: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("the acceptor said {line:?}: {error}"))
}
