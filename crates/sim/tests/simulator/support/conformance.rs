//! Published descriptions of the real interfaces, if they are at hand, and what is needed to hold answers against them.

use std::path::PathBuf;

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

/// The folder with the conformance data. Where there is none, a test has nothing to compare with and passes, unless
/// it runs where there must be one.
pub(crate) fn folder() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let folder = std::env::var_os("BUSYLAMP_CONFORMANCE").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "no conformance data at {}", folder.display());
    #[allow(clippy::print_stdout, reason = "whoever reads the test's output should know that nothing was compared")]
    {
        println!("skipped: no conformance data");
    }
    None
}

/// A YAML document as JSON; keys that are numbers become texts.
pub(crate) fn yaml(path: &str) -> Option<Value> {
    let text = std::fs::read_to_string(folder()?.join(path)).unwrap();
    Some(from_yaml(serde_norway::from_str(&text).unwrap()))
}

fn from_yaml(value: serde_norway::Value) -> Value {
    use serde_norway::Value as Yaml;
    match value {
        Yaml::Null => Value::Null,
        Yaml::Bool(flag) => json!(flag),
        Yaml::Number(number) => serde_json::to_value(number).unwrap(),
        Yaml::String(text) => json!(text),
        Yaml::Sequence(items) => items.into_iter().map(from_yaml).collect(),
        Yaml::Mapping(members) => {
            let key = |key: Yaml| {
                let key = from_yaml(key);
                key.as_str().map_or_else(|| key.to_string(), str::to_owned)
            };
            Value::Object(members.into_iter().map(|(name, value)| (key(name), from_yaml(value))).collect())
        }
        Yaml::Tagged(tagged) => from_yaml(tagged.value),
    }
}

/// A validator for a part of a document, whose references stay inside it. Formats are left alone: where they matter
/// the descriptions have patterns, and their `time` is not the one of JSON Schema.
pub(crate) fn validator(document: &Value, pointer: &str) -> Validator {
    let mut schema: Map<String, Value> = document.as_object().unwrap().clone();
    let part = document.pointer(pointer).unwrap_or_else(|| panic!("{pointer} is not in the document"));
    schema.insert("allOf".to_owned(), json!([part]));
    jsonschema::options()
        .with_draft(Draft::Draft7)
        .should_validate_formats(false)
        .build(&Value::Object(schema))
        .unwrap()
}

/// Fails with every place at which an answer is not as described.
pub(crate) fn check(validator: &Validator, what: &str, answer: &Value) {
    let errors: Vec<String> =
        validator.iter_errors(answer).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{what}:\n{}\n{answer:#}", errors.join("\n"));
}
