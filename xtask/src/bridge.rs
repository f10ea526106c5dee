//! The module inside the PBX: compiled for Java 8, packed as a `.sfm`, held against the format; and the pretended PBX that
//! runs it in tests, in three generations.
//!
//! The same source gives the same bytes: entries in a fixed order with fixed times, not compressed, no debug tables but
//! lines. What a class file looks like is up to `javac`, so that holds for one major version of the JDK.

mod format;

use std::{
    collections::BTreeSet,
    fs,
    io::{Cursor, Write as _},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use crate::{
    debian,
    shell::{Shell, run, say, succeeds},
    steps::Tally,
    suite,
};

/// The package's name.
const PACKAGE: &str = "busylamp-bridge.sfm";
/// Warnings that are faults. A fixed list: the next JDK has more of them.
const LINTS: &str = "-Xlint:unchecked,rawtypes,cast,fallthrough,static,try,serial,deprecation,-options";
/// The generations of the pretended PBX, by the folders of their classes.
const GENERATIONS: [&str; 3] = ["g70", "g73", "g10"];
/// Other classes in a generation's place: a PBX on which do not disturb can't be set, or in two ways.
const SETTERS: [&str; 2] = ["none", "several"];

/// The step. Without a JDK nothing is built, which continuous integration does not let pass.
pub(crate) fn check(shell: &Shell) -> Result<Tally> {
    if !has_jdk() {
        debian::find_or_install(shell, &["javac"], &["default-jdk-headless"])?;
    }
    if !has_jdk() {
        if shell.in_ci() {
            bail!("a JDK of version 17 or later is missing");
        }
        say("the bridge NOT built: a JDK of version 17 or later is missing");
        return Ok(Tally::default());
    }
    make(shell)?;
    let folder = folder(shell);
    let again = folder.join("again");
    let (first, second) = (fs::read(folder.join(PACKAGE))?, package(&shell.root, &again)?);
    fs::remove_dir_all(&again).context("target/bridge/again can't be removed")?;
    if first != second {
        bail!("the same source gave other bytes the second time");
    }
    host(&shell.root, &folder.join("host"))?;
    Ok(Tally { passed: 3, failed: 0 })
}

/// Builds the package, and says where it is.
pub(crate) fn make(shell: &Shell) -> Result<()> {
    let folder = folder(shell);
    let package = package(&shell.root, &folder)?;
    let faults = format::faults(&package);
    if !faults.is_empty() {
        bail!("the package is not as the PBX wants it:\n{}", faults.join("\n"));
    }
    fs::write(folder.join(PACKAGE), package).context("target/bridge can't be written")?;
    say(&format!("{} is ready", folder.join(PACKAGE).display()));
    Ok(())
}

fn folder(shell: &Shell) -> PathBuf {
    suite::target(shell).join("bridge")
}

fn has_jdk() -> bool {
    // 17 is what the pretended PBX is written in.
    succeeds(Command::new("javac").args(["--release", "17", "--version"]))
}

/// The package's bytes. Classes are left below `folder`.
fn package(root: &Path, folder: &Path) -> Result<Vec<u8>> {
    let bridge = root.join("bridge");
    let (stubs, classes) = (folder.join("stubs"), folder.join("classes"));
    let eight = ["--release", "8", "-g:source,lines"];
    compile(&eight, &[], &java_files(&bridge.join("stubs"))?, &stubs)?;
    compile(&eight, &[&stubs], &java_files(&bridge.join("src"))?, &classes)?;
    let mut names: Vec<PathBuf> = list(&classes)?;
    names.sort();
    let manifest = fs::read_to_string(bridge.join("module/MANIFEST.MF")).context("bridge/module/MANIFEST.MF")?;
    let descriptor =
        fs::read(bridge.join("module/module-descriptor.xml")).context("bridge/module/module-descriptor.xml")?;
    let mut entries = vec![
        ("META-INF/MANIFEST.MF".to_owned(), manifest.replace('\n', "\r\n").into_bytes()),
        ("module-descriptor.xml".to_owned(), descriptor),
    ];
    for path in names {
        let name = path.file_name().context("a class has a name")?.to_string_lossy().into_owned();
        entries.push((name, fs::read(&path).with_context(|| path.display().to_string())?));
    }
    pack(&entries)
}

fn pack(entries: &[(String, Vec<u8>)]) -> Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    for (name, content) in entries {
        zip.start_file(name, options)?;
        zip.write_all(content)?;
    }
    Ok(zip.finish()?.into_inner())
}

/// The pretended PBX's classes: what is common, each generation, and the variants of one class.
fn host(root: &Path, folder: &Path) -> Result<()> {
    let sources = root.join("bridge/host");
    let core = folder.join("core");
    let release = ["--release", "17"];
    compile(&release, &[], &java_files(&sources.join("core"))?, &core)?;
    for generation in GENERATIONS {
        // What a generation has of its own goes before what they share, and that before the stubs.
        let mut seen = BTreeSet::new();
        let mut files = Vec::new();
        for layer in [sources.join(generation), sources.join("shared"), root.join("bridge/stubs")] {
            for file in java_files(&layer)? {
                if seen.insert(file.strip_prefix(&layer)?.to_owned()) {
                    files.push(file);
                }
            }
        }
        compile(&release, &[&core], &files, &folder.join(generation))?;
    }
    let last = folder.join(GENERATIONS[GENERATIONS.len() - 1]);
    for setter in SETTERS {
        let files = java_files(&sources.join("setters").join(setter))?;
        compile(&release, &[&core, &last], &files, &folder.join(setter))?;
    }
    Ok(())
}

/// Compiles into a folder that has nothing else in it.
fn compile(options: &[&str], class_path: &[&Path], files: &[PathBuf], out: &Path) -> Result<()> {
    if out.exists() {
        fs::remove_dir_all(out).with_context(|| out.display().to_string())?;
    }
    fs::create_dir_all(out).with_context(|| out.display().to_string())?;
    let mut javac = Command::new("javac");
    javac.args(options).args(["-encoding", "UTF-8", "-proc:none", LINTS, "-Werror", "-implicit:none"]);
    let class_path: Vec<String> = class_path.iter().map(|path| path.display().to_string()).collect();
    if !class_path.is_empty() {
        javac.args(["-cp", &class_path.join(":")]);
    }
    run(javac.arg("-d").arg(out).args(files)).context("a JDK of version 17 or later is needed")
}

fn java_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let files: Vec<PathBuf> = list(folder)?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "java"))
        .collect();
    if files.is_empty() {
        bail!("{} has no Java source", folder.display());
    }
    Ok(files)
}

/// All files below a folder, in order of their names: `javac` numbers things as it meets them.
fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut entries = fs::read_dir(folder)
        .with_context(|| folder.display().to_string())?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<PathBuf>>>()?;
    entries.sort();
    let mut files = Vec::new();
    for path in entries {
        if path.is_dir() {
            files.extend(list(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_writes_the_order_that_it_is_given_and_the_same_bytes_whenever() {
        let entries = [("b".to_owned(), b"2".to_vec()), ("a".to_owned(), b"1".to_vec())];
        let first = pack(&entries).expect("packed");
        assert_eq!(first, pack(&entries).expect("packed"));
        let mut archive = zip::ZipArchive::new(Cursor::new(first)).expect("a zip");
        let names: Vec<String> = (0..archive.len())
            .map(|at| archive.by_index(at).expect("an entry").name().expect("text").into_owned())
            .collect();
        assert_eq!(names, ["b", "a"]);
    }

    #[test]
    fn what_is_no_package_has_faults() {
        assert!(!format::faults(b"nonsense").is_empty());
        let without = pack(&[("module-descriptor.xml".to_owned(), b"<module/>".to_vec())]).expect("packed");
        assert!(format::faults(&without).iter().any(|fault| fault.contains("MANIFEST.MF")));
    }
}
