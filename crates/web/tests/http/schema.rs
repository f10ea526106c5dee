//! What is sent and answered, held against the document that describes it.

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::{Value, json};

pub struct Document(Value);

impl Document {
    /// With one more rule than the document has: no member that it does not name.
    pub fn new(mut document: Value) -> Self {
        let parts: BTreeSet<String> = refs_in_all_of(&document);
        let schemas = document["components"]["schemas"].as_object_mut().unwrap();
        for (name, schema) in schemas {
            let object = schema.as_object_mut().unwrap();
            let named = object.contains_key("properties") || object.contains_key("allOf");
            if named && !parts.contains(name) {
                object.insert("unevaluatedProperties".to_owned(), json!(false));
            }
        }
        Self(document)
    }

    /// Fails when something is not as described.
    pub fn check(&self, method: &str, path: &str, body: &Value, status: u16, kind: Option<&str>, answer: &Value) {
        let what = format!("{method} {path}: {status}");
        let Some(operation) = self.operation(method, path) else {
            assert!(matches!(status, 404 | 405), "{what} is not described");
            return self.problem(&what, answer);
        };
        if status >= 400 {
            assert_eq!(kind, Some("application/problem+json"), "{what}");
            return self.problem(&what, answer);
        }
        if !body.is_null() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            assert!(!schema.is_null(), "{what}: a body is not described");
            self.fits(&format!("{what} (sent)"), schema, body);
        }
        let response = &operation["responses"][status.to_string()];
        assert!(!response.is_null(), "{what} is not described");
        let Some(content) = response["content"].as_object() else {
            assert!(answer.is_null(), "{what}: a body is not described: {answer}");
            return;
        };
        let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default();
        let content = content.get(kind).unwrap_or_else(|| panic!("{what}: {kind} is not described"));
        self.fits(&what, &content["schema"], answer);
    }

    fn problem(&self, what: &str, answer: &Value) {
        self.fits(what, &json!({"$ref": "#/components/schemas/Problem"}), answer);
    }

    /// The operation whose path has the same segments, but for what stands for any.
    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let segments: Vec<&str> = path.split('?').next().unwrap().split('/').collect();
        let paths = self.0["paths"].as_object().unwrap().iter();
        let fits = |template: &str| {
            let template: Vec<&str> = template.split('/').collect();
            let same = |(template, given): (&&str, &&str)| template.starts_with('{') || template == given;
            template.len() == segments.len() && template.iter().zip(&segments).all(same)
        };
        // The one with the fewest places that stand for any.
        let found =
            paths.filter(|(template, _)| fits(template)).min_by_key(|(template, _)| template.matches('{').count());
        found.map(|(_, item)| &item[method.to_ascii_lowercase()]).filter(|operation| !operation.is_null())
    }

    fn fits(&self, what: &str, schema: &Value, value: &Value) {
        let whole = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": self.0["components"],
            "allOf": [schema],
        });
        let validator: Validator = jsonschema::draft202012::new(&whole).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(value).map(|error| format!("{} at {}", error, error.instance_path())).collect();
        assert!(errors.is_empty(), "{what} is not as described: {errors:#?}\n{value:#}");
    }
}

/// Schemas that are parts of others.
fn refs_in_all_of(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Some(parts) = value.get("allOf").and_then(Value::as_array) {
        let refs = parts.iter().filter_map(|part| part["$ref"].as_str()?.rsplit('/').next());
        found.extend(refs.map(str::to_owned));
    }
    let inner: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(members) => members.values().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    found.extend(inner.into_iter().flat_map(refs_in_all_of));
    found
}
