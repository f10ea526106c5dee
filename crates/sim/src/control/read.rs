//! Strict reading of what the control API is sent: a key that is not known is refused with its path.

use serde_json::{Map, Value};

/// Why something is refused: the place, and what is wrong there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) String);

pub(super) type Result<T> = std::result::Result<T, Refusal>;

/// An object whose keys are known.
pub(super) struct Fields<'a> {
    path: String,
    members: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// Checks that a value is an object with known keys only.
    pub(super) fn new(path: &str, value: &'a Value, known: &[&str]) -> Result<Self> {
        let here = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let members = value.as_object().ok_or_else(|| {
            let place = if path.is_empty() { "the body" } else { path };
            Refusal(format!("{place}: an object is expected"))
        })?;
        match members.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => {
                let nearest = crate::nearest(key, known.iter().copied());
                Err(Refusal(format!("{}: this key is not known{nearest}", here(key))))
            }
            None => Ok(Self { path: path.to_owned(), members }),
        }
    }

    pub(super) fn path(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// A member; `null` counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// A member read in some way, if it is there.
    pub(super) fn read<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => match read(value) {
                Some(read) => Ok(Some(read)),
                None => Err(Refusal(format!("{}: {expected} is expected", self.path(name)))),
            },
        }
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>> {
        self.read(name, "true or false", Value::as_bool)
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>> {
        self.read(name, "a text", Value::as_str)
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u64>> {
        self.read(name, "a whole number", Value::as_u64)
    }

    /// A member that has to be there.
    pub(super) fn needed<T>(&self, name: &str, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| Refusal(format!("{}: this key is missing", self.path(name))))
    }
}
