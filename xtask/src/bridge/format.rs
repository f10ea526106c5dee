//! The format of a `.sfm`, as published descriptions of packages for STARFACE 7 to 10 have it (docs/bridge.md, section 5):
//! one line of the description, one line here.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read as _},
};

use roxmltree::{Document, Node};
use sha1::{Digest as _, Sha1};
use zip::ZipArchive;

/// Class files of Java 8.
const MAJOR: u16 = 52;
/// What the PBX tells a module about its instance.
const STAGES: [&str; 6] = [
    "InstanceActivated",
    "InstanceChanged",
    "InstanceCreated",
    "InstanceDeactivated",
    "InstanceDeleted",
    "SystemStarted",
];

/// What a package has in it: names in order, contents by name.
struct Package {
    names: Vec<String>,
    files: BTreeMap<String, Vec<u8>>,
}

/// What is wrong with a package, one sentence each.
pub(super) fn faults(package: &[u8]) -> Vec<String> {
    let package = match open(package) {
        Ok(package) => package,
        Err(fault) => return vec![fault],
    };
    let mut faults = Vec::new();
    let text = |name: &str| package.files.get(name).and_then(|file| String::from_utf8(file.clone()).ok());
    files(&package, &mut faults);
    match (text("META-INF/MANIFEST.MF"), text("module-descriptor.xml")) {
        (Some(manifest), Some(descriptor)) => match Document::parse(&descriptor) {
            Ok(document) => {
                let module = document.root_element();
                head(&manifest, module, &mut faults);
                functions(&package, module, &mut faults);
                entry_points(module, &mut faults);
                words(module, &mut faults);
            }
            Err(error) => faults.push(format!("module-descriptor.xml: {error}")),
        },
        (manifest, _) => {
            let missing = if manifest.is_none() { "META-INF/MANIFEST.MF" } else { "module-descriptor.xml" };
            faults.push(format!("{missing} is missing"));
        }
    }
    faults
}

fn open(package: &[u8]) -> Result<Package, String> {
    let fault = |error: &dyn std::fmt::Display| format!("it is no JAR: {error}");
    let mut archive = ZipArchive::new(Cursor::new(package)).map_err(|error| fault(&error))?;
    let (mut names, mut files) = (Vec::new(), BTreeMap::new());
    for at in 0..archive.len() {
        let mut file = archive.by_index(at).map_err(|error| fault(&error))?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(|error| fault(&error))?;
        let name = file.name().map_err(|error| fault(&error))?.into_owned();
        names.push(name.clone());
        files.insert(name, content);
    }
    Ok(Package { names, files })
}

/// Demands, with what is said if they are not met.
fn demand(faults: &mut Vec<String>, holds: bool, fault: impl Into<String>) {
    if !holds {
        faults.push(fault.into());
    }
}

/// The manifest first, then the descriptor; classes in the root, of Java 8; no class of the PBX.
fn files(package: &Package, faults: &mut Vec<String>) {
    let first: Vec<&str> = package.names.iter().take(2).map(String::as_str).collect();
    demand(faults, first == ["META-INF/MANIFEST.MF", "module-descriptor.xml"], "the first entry is not the manifest");
    for (name, content) in &package.files {
        if first.contains(&name.as_str()) {
            continue;
        }
        demand(faults, name.ends_with(".class") && !name.contains('/'), format!("{name} is no class in the root"));
        demand(faults, name.starts_with("Busylamp"), format!("{name} is not ours"));
        let magic = content.get(..4) == Some(&[0xca, 0xfe, 0xba, 0xbe]);
        let major = content.get(6..8).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]));
        demand(faults, magic && major == Some(MAJOR), format!("{name} is of version {major:?}, not {MAJOR}"));
    }
}

fn sha1(text: &str) -> String {
    Sha1::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The manifest's attributes, and what of the descriptor belongs to them.
fn head(manifest: &str, module: Node<'_, '_>, faults: &mut Vec<String>) {
    let lines: Vec<&str> = manifest.split("\r\n").collect();
    demand(
        faults,
        lines.last() == Some(&"") && !manifest.replace("\r\n", "").contains('\n'),
        "the manifest's lines end with CRLF",
    );
    let attributes: Vec<(&str, &str)> = lines.iter().filter_map(|line| line.split_once(": ")).collect();
    let names: Vec<&str> = attributes.iter().map(|(name, _)| *name).collect();
    demand(
        faults,
        names == ["Manifest-Version", "ObjectId", "StarfaceModule_SpecVersion", "Created-By", "Create-Date"],
        format!("the manifest has {names:?}"),
    );
    let attribute = |name: &str| attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let of_module = |name: &str| module.attribute(name).unwrap_or_default();
    let id = of_module("id");
    demand(faults, attribute("Manifest-Version") == Some("1.0"), "Manifest-Version is not 1.0");
    demand(faults, is_uuid(id) && attribute("ObjectId") == Some(id), "ObjectId is not the module's id");
    demand(faults, attribute("StarfaceModule_SpecVersion") == Some("5"), "StarfaceModule_SpecVersion is not 5");
    demand(faults, module.has_tag_name("module"), "the descriptor's root is not <module>");
    demand(faults, of_module("specVersion") == "5", "specVersion is not 5");
    for name in ["name", "vendor", "version", "moduleType", "createTime", "lastChangedTime"] {
        demand(faults, !of_module(name).is_empty(), format!("the module has no {name}"));
    }
    let licence = sha1(&format!("{id}{}STARFACE", of_module("lastChangedTime")));
    demand(faults, inner(module, "noLicenseId") == licence, format!("noLicenseId is not {licence}"));
    let hash = sha1(id);
    demand(faults, inner(module, "writeHash") == hash, format!("writeHash is not {hash}"));
}

/// Classes are functions named like them; a wrapper passes its inputs, and the instance's key, on by reference.
fn functions(package: &Package, module: Node<'_, '_>, faults: &mut Vec<String>) {
    let variables: Vec<&str> = variables(module, "inputVars").iter().map(|variable| variable.id).collect();
    demand(faults, variables.len() == 1, "the module's own configuration is one variable, the key");
    let mut wrappers = 0;
    for function in below(module, "children", "function") {
        let id = function.attribute("id").unwrap_or_default();
        if let Some(file) = child(function, "implementationFile") {
            let file = file.text().unwrap_or_default();
            demand(faults, file == format!("{id}.class"), format!("function {id} is implemented by {file}"));
            demand(faults, package.files.contains_key(file), format!("{file} is missing"));
            continue;
        }
        wrappers += 1;
        demand(faults, is_uuid(id), format!("the wrapper's id {id} is no UUID"));
        let calls = below(function, "children", "functionCall");
        demand(faults, calls.len() == 1, "the wrapper has not one call");
        for call in calls {
            wiring(module, function, call, &variables, faults);
        }
    }
    demand(faults, wrappers == 1, format!("there are {wrappers} wrappers"));
}

fn wiring(module: Node<'_, '_>, wrapper: Node<'_, '_>, call: Node<'_, '_>, outer: &[&str], faults: &mut Vec<String>) {
    let (inputs, outputs) = (variables(wrapper, "inputVars"), variables(wrapper, "outputVars"));
    let names =
        |variables: &[Variable<'_>]| variables.iter().map(|variable| variable.name.to_owned()).collect::<Vec<_>>();
    demand(faults, names(&inputs) == ["key", "request"], "the wrapper's inputs are not key and request");
    demand(faults, names(&outputs) == ["response"], "the wrapper's output is not response");
    demand(faults, inputs.iter().chain(&outputs).all(|variable| variable.kind == "STRING"), "a variable is no STRING");
    demand(faults, outputs.iter().all(|output| output.value.is_empty()), "the wrapper's output has a value");
    let passed = variables(call, "inputVars");
    demand(faults, names(&passed) == ["key", "request", "configuredKey"], "the call's inputs are others");
    for (passed, from) in passed.iter().zip(inputs.iter().map(|input| input.id).chain(outer.iter().copied())) {
        let wired = passed.by_reference && passed.value == from;
        demand(faults, wired, format!("the call's input {} is not wired by reference", passed.name));
    }
    let told: Vec<&str> = variables(call, "outputVars").iter().map(|output| output.value).collect();
    demand(
        faults,
        told == outputs.iter().map(|output| output.id).collect::<Vec<_>>(),
        "the call's output leads nowhere",
    );
    let target = child(call, "target");
    let leads = |name: &str| target.and_then(|target| target.attribute(name));
    demand(faults, leads("targetId") == Some("BusylampCall"), "the wrapper calls something else");
    demand(faults, leads("targetDomainId") == module.attribute("id"), "the wrapper calls another module");
}

/// One entry point of XML-RPC, at the wrapper, for those who are signed in; one for each stage of an instance's life.
fn entry_points(module: Node<'_, '_>, faults: &mut Vec<String>) {
    let functions = below(module, "children", "function");
    let target = |point: Node<'_, '_>| {
        let reference = child(point, "functionReference");
        let id = reference.and_then(|reference| reference.attribute("targetId")).unwrap_or_default().to_owned();
        functions.iter().copied().find(|function| function.attribute("id") == Some(&id))
    };
    let rpc = below(module, "entryPoints", "rpcEntryPoint");
    let names: Vec<Option<&str>> = rpc.iter().map(|point| point.attribute("name")).collect();
    demand(faults, names == [Some("call")], format!("the entry points of XML-RPC are {names:?}"));
    for point in rpc {
        let wrapper = target(point).is_some_and(|function| child(function, "implementationFile").is_none());
        demand(faults, wrapper, "XML-RPC does not lead to the wrapper");
        demand(faults, inner(point, "type") == "XMLRPC_auth", "XML-RPC is open to everybody");
    }
    let life = below(module, "entryPoints", "lifeCycleEntryPoint");
    let mut stages: Vec<&str> = life.iter().map(|point| inner(*point, "stage")).collect();
    stages.sort_unstable();
    demand(faults, stages == STAGES, format!("the stages are {stages:?}"));
    for point in life {
        let bare = target(point).is_some_and(|function| variables(function, "inputVars").is_empty());
        demand(faults, bare, "a stage leads to a function with inputs, or to none");
    }
}

/// Texts in both languages; a field for the key.
fn words(module: Node<'_, '_>, faults: &mut Vec<String>) {
    let field = module.descendants().find(|node| node.has_tag_name("textInput"));
    let shows = field.and_then(|field| field.attribute("variableId"));
    let key = variables(module, "inputVars").first().map(|variable| variable.id);
    demand(faults, shows.is_some() && shows == key, "there is no field for the key");
    let texts: Vec<Node<'_, '_>> = module.descendants().filter(|node| node.has_tag_name("resourceKeys")).collect();
    demand(faults, texts.len() == 2, "the module and its tab have no texts");
    for text in texts {
        let mut languages: Vec<&str> =
            text.children().filter(|node| node.has_tag_name("entries")).map(|entry| inner(entry, "key")).collect();
        languages.sort_unstable();
        demand(faults, languages == ["de", "en"], format!("a text is there in {languages:?}"));
    }
}

struct Variable<'a> {
    id: &'a str,
    name: &'a str,
    kind: &'a str,
    by_reference: bool,
    value: &'a str,
}

fn variables<'a>(node: Node<'a, '_>, list: &str) -> Vec<Variable<'a>> {
    let read = |variable: Node<'a, '_>| Variable {
        id: variable.attribute("id").unwrap_or_default(),
        name: variable.attribute("name").unwrap_or_default(),
        kind: variable.attribute("type").unwrap_or_default(),
        by_reference: variable.attribute("valueByReference") == Some("true"),
        value: inner(variable, "value"),
    };
    below(node, list, "variable").into_iter().map(read).collect()
}

fn child<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    node.children().find(|child| child.has_tag_name(name))
}

fn below<'a, 'input>(node: Node<'a, 'input>, list: &str, name: &str) -> Vec<Node<'a, 'input>> {
    let list = child(node, list);
    list.into_iter().flat_map(|list| list.children()).filter(|child| child.has_tag_name(name)).collect()
}

fn inner<'a>(node: Node<'a, '_>, name: &str) -> &'a str {
    child(node, name).and_then(|child| child.text()).unwrap_or_default()
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<usize> = text.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::bridge::pack;

    /// The module as it is, with classes of which only the version is real; a line of a file is another.
    fn package(file: &str, from: &str, to: &str) -> Vec<String> {
        let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bridge/module");
        let read = |name: &str| fs::read_to_string(module.join(name)).expect("it is there");
        let class = |major: char| format!("\u{0}\u{0}\u{0}{major}");
        let mut entries = vec![
            ("META-INF/MANIFEST.MF".to_owned(), read("MANIFEST.MF").replace('\n', "\r\n").into_bytes()),
            ("module-descriptor.xml".to_owned(), read("module-descriptor.xml").into_bytes()),
        ];
        for name in ["BusylampBegin", "BusylampCall", "BusylampEnd"] {
            let content = [&[0xca, 0xfe, 0xba, 0xbe], class('4').as_bytes()].concat();
            entries.push((format!("{name}.class"), content));
        }
        for (name, content) in &mut entries {
            if name.contains(file) && !from.is_empty() {
                let text = String::from_utf8(content.clone()).expect("text");
                assert!(text.contains(from), "{name} has no {from}");
                *content = text.replacen(from, to, 1).into_bytes();
            }
        }
        if to == "first" {
            entries.swap(0, 1);
        }
        if to.ends_with(".class") {
            entries.push((to.to_owned(), [&[0xca, 0xfe, 0xba, 0xbe], class('=').as_bytes()].concat()));
        }
        faults(&pack(&entries).expect("packed"))
    }

    #[test]
    fn the_module_is_as_the_pbx_wants_it() {
        assert_eq!(package("", "", ""), Vec::<String>::new());
    }

    #[test]
    fn every_line_of_the_format_is_looked_at() {
        let module = "module-descriptor";
        for (file, from, to, fault) in [
            ("", "", "first", "first entry"),
            ("", "", "com/x/Busylamp.class", "no class in the root"),
            ("", "", "IBaseExecutable.class", "is not ours"),
            ("", "", "BusylampNew.class", "not 52"),
            ("MANIFEST", "ObjectId: 0", "ObjectId: 1", "ObjectId"),
            ("MANIFEST", "SpecVersion: 5", "SpecVersion: 6", "StarfaceModule_SpecVersion"),
            ("MANIFEST", "Manifest-Version: 1.0", "Manifest-Version: 2.0", "Manifest-Version"),
            ("MANIFEST", "Created-By: ", "Built-By: ", "the manifest has"),
            ("MANIFEST", "\r\n", "\n", "CRLF"),
            (module, "lastChangedTime=\"1", "lastChangedTime=\"2", "noLicenseId"),
            (module, "<writeHash>", "<writeHash>0", "writeHash"),
            (module, " specVersion=\"5\"", " specVersion=\"4\"", "specVersion"),
            (module, "BusylampCall.class", "Other.class", "is implemented by"),
            (module, "<type>XMLRPC_auth", "<type>XMLRPC_noauth", "open to everybody"),
            (module, "<rpcEntryPoint ", "<rpcEntryPoints ", "module-descriptor.xml"),
            (module, " name=\"call\"", " name=\"ring\"", "entry points of XML-RPC"),
            (module, "<stage>InstanceDeleted", "<stage>InstanceGone", "the stages are"),
            (module, "name=\"BUSYLAMP_KEY\"", "name=\"BUSYLAMP_KEY\" hidden=\"true\"", ""),
            (module, "<key>de</key>", "<key>fr</key>", "a text is there in"),
            (module, "targetId=\"BusylampEnd\"", "targetId=\"BusylampCall\"", "a function with inputs"),
        ] {
            let found = package(file, from, to);
            let expected =
                if fault.is_empty() { found.is_empty() } else { found.iter().any(|line| line.contains(fault)) };
            assert!(expected, "{from} {to}: {found:?}");
        }
    }

    #[test]
    fn an_entry_point_past_the_wrapper_and_a_wire_that_is_cut_are_found() {
        let read =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../bridge/module/module-descriptor.xml"));
        let descriptor = read.expect("it is there");
        let document = Document::parse(&descriptor).expect("XML");
        let wrapper = document.descendants().find(|node| node.attribute("name") == Some("BusylampCallRpc"));
        let id = wrapper.and_then(|wrapper| wrapper.attribute("id")).expect("a wrapper");
        let point = format!("targetId=\"{id}\"");
        let faults = package("module-descriptor", &point, "targetId=\"BusylampCall\"");
        assert!(faults.iter().any(|fault| fault.contains("does not lead to the wrapper")), "{faults:?}");
        for input in variables(wrapper.expect("a wrapper"), "inputVars") {
            let faults = package("module-descriptor", &format!("<value>{}</value>", input.id), "<value>x</value>");
            assert!(faults.iter().any(|fault| fault.contains("not wired by reference")), "{faults:?}");
        }
    }
}
