//! What `cargo metadata` says about the members of the workspace.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::shell::{Shell, ask};

/// How a dependency is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Use {
    /// By the crate itself.
    Normal,
    /// By its tests, benchmarks and examples.
    Dev,
    /// By its build script.
    Build,
}

/// One crate that another names in its manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// The package's name.
    pub(crate) package: String,
    /// The name that the source knows it by.
    pub(crate) ident: String,
    /// What for.
    pub(crate) used_by: Use,
}

/// One member of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// The package's name.
    pub(crate) name: String,
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// What its manifest names.
    pub(crate) dependencies: Vec<Dependency>,
    /// The names of its benchmarks.
    pub(crate) benches: Vec<String>,
}

/// All members, by their manifests.
pub(crate) fn members(shell: &Shell) -> Result<Vec<Member>> {
    let text = ask(&mut shell.cargo(&["metadata", "--format-version=1", "--no-deps", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&text).context("cargo metadata does not speak JSON")?;
    metadata["packages"].as_array().context("cargo metadata names no packages")?.iter().map(member).collect()
}

fn member(package: &Value) -> Result<Member> {
    let text =
        |value: &Value, what| value.as_str().map(str::to_owned).with_context(|| format!("a package without {what}"));
    let manifest = PathBuf::from(text(&package["manifest_path"], "a manifest")?);
    let dependencies = package["dependencies"].as_array().context("a package without dependencies")?;
    let targets = package["targets"].as_array().context("a package without targets")?;
    Ok(Member {
        name: text(&package["name"], "a name")?,
        folder: manifest.parent().context("a manifest stands in a folder")?.to_owned(),
        dependencies: dependencies.iter().map(dependency).collect::<Result<_>>()?,
        benches: targets
            .iter()
            .filter(|target| target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "bench")))
            .filter_map(|target| target["name"].as_str().map(str::to_owned))
            .collect(),
    })
}

/// Packages whose library has another name than they have.
const RENAMED: [(&str, &str); 1] = [("md-5", "md5")];

fn dependency(dependency: &Value) -> Result<Dependency> {
    let package = dependency["name"].as_str().context("a dependency without a name")?.to_owned();
    let library = RENAMED.iter().find(|(name, _)| *name == package).map_or(package.as_str(), |(_, library)| library);
    let ident = dependency["rename"].as_str().unwrap_or(library).replace('-', "_");
    let used_by = match dependency["kind"].as_str() {
        None => Use::Normal,
        Some("dev") => Use::Dev,
        Some(_) => Use::Build,
    };
    Ok(Dependency { package, ident, used_by })
}
