//! `$filter` and `$orderby`, as far as calendars and directories need them (OData 4.01, part 2, section 5.1.1).

mod parser;

use std::cmp::Ordering;

use serde_json::{Map, Value};

pub(in crate::graph) use self::parser::parse;
use super::odata::{Error, no_property};

/// A condition on an entity.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::graph) enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Compare(Vec<String>, Relation, Value),
    In(Vec<String>, Vec<Value>),
    Text(TextTest, Vec<String>, String),
    /// Some member of a collection equals or begins with a text.
    Any(Vec<String>, TextTest, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::graph) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::graph) enum TextTest {
    Equals,
    StartsWith,
    EndsWith,
    Contains,
}

impl TextTest {
    fn passes(self, text: &str, part: &str) -> bool {
        let (text, part) = (text.to_lowercase(), part.to_lowercase());
        match self {
            Self::Equals => text == part,
            Self::StartsWith => text.starts_with(&part),
            Self::EndsWith => text.ends_with(&part),
            Self::Contains => text.contains(&part),
        }
    }
}

impl Condition {
    /// Whether an entity meets it. Texts are compared without regard to case.
    pub(in crate::graph) fn holds(&self, entity: &Map<String, Value>) -> bool {
        match self {
            Self::And(a, b) => a.holds(entity) && b.holds(entity),
            Self::Or(a, b) => a.holds(entity) || b.holds(entity),
            Self::Not(inner) => !inner.holds(entity),
            Self::Compare(path, relation, literal) => {
                let order = compare(at(entity, path), literal);
                match relation {
                    Relation::Equal => order == Some(Ordering::Equal),
                    Relation::NotEqual => order != Some(Ordering::Equal),
                    Relation::Less => order == Some(Ordering::Less),
                    Relation::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
                    Relation::Greater => order == Some(Ordering::Greater),
                    Relation::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
                }
            }
            Self::In(path, literals) => {
                literals.iter().any(|literal| compare(at(entity, path), literal) == Some(Ordering::Equal))
            }
            Self::Text(test, path, part) => at(entity, path).as_str().is_some_and(|text| test.passes(text, part)),
            Self::Any(path, test, part) => {
                let members = at(entity, path).as_array();
                members.into_iter().flatten().filter_map(Value::as_str).any(|text| test.passes(text, part))
            }
        }
    }
}

fn at<'a>(entity: &'a Map<String, Value>, path: &[String]) -> &'a Value {
    let mut steps = path.iter();
    let first = steps.next().and_then(|name| entity.get(name)).unwrap_or(&Value::Null);
    steps.fold(first, |value, name| &value[name.as_str()])
}

fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
        (Value::String(a), Value::String(b)) => Some(a.to_lowercase().cmp(&b.to_lowercase())),
        _ => None,
    }
}

/// Orders entities by `$orderby`.
pub(in crate::graph) fn sort(
    entities: &mut [Map<String, Value>],
    text: &str,
    known: &[&str],
    code: &'static str,
    type_name: &str,
) -> Result<(), Error> {
    let mut keys = Vec::new();
    for part in text.split(',') {
        let mut words = part.split_whitespace();
        let path: Vec<String> = words.next().unwrap_or_default().split('/').map(str::to_owned).collect();
        check(&path, known, code, type_name)?;
        let down = match words.next() {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(other) => return Err(syntax(other)),
        };
        keys.push((path, down));
    }
    entities.sort_by(|a, b| {
        keys.iter().fold(Ordering::Equal, |order, (path, down)| {
            order.then_with(|| {
                let order = compare(at(a, path), at(b, path)).unwrap_or(Ordering::Equal);
                if *down { order.reverse() } else { order }
            })
        })
    });
    Ok(())
}

fn check(path: &[String], known: &[&str], code: &'static str, type_name: &str) -> Result<(), Error> {
    let name = path.first().map_or("", String::as_str);
    if known.contains(&name) { Ok(()) } else { Err(no_property(name, code, type_name)) }
}

fn syntax(near: &str) -> Error {
    Error::bad("BadRequest", format!("Invalid filter clause: syntax error near '{near}'."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(text: &str) -> bool {
        let entity = json!({"mail": "O'Brien@x.example", "proxyAddresses": ["SMTP:o@x.example", "smtp:b@x.example"], "isAllDay": false, "start": {"dateTime": "2026-11-24"}});
        let known = ["mail", "proxyAddresses", "isAllDay", "start", "givenName"];
        let condition = parse(text, &known, "BadRequest", "t").unwrap_or_else(|e| panic!("{text}: {e:?}"));
        condition.holds(entity.as_object().unwrap())
    }

    #[test]
    fn conditions_are_told_true_from_false() {
        for text in [
            "mail eq 'o''brien@x.example'",
            "proxyAddresses/any(p:p eq 'smtp:B@x.example')",
            "proxyAddresses/any(p: startswith(p, 'SMTP:o'))",
            "isAllDay eq false and (mail eq 'x' or startswith(mail,'o'))",
            "not (mail eq 'x') and givenName eq null",
            "start/dateTime ge '2026-11-24' and mail in ('a', 'o''brien@x.example')",
        ] {
            assert!(holds(text), "{text}");
        }
        for text in ["mail eq 'x'", "isAllDay eq true", "proxyAddresses/any(p:p eq 'x')", "mail lt 'a'"] {
            assert!(!holds(text), "{text}");
        }
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        let known = ["mail"];
        for text in [
            "mail eq",
            "mail eq 'x",
            "mail is 'x'",
            "foo eq 'x'",
            "(mail eq 'x'",
            "mail eq 'x')",
            "",
            "mail/any(p:q eq 'x')",
        ] {
            assert!(parse(text, &known, "BadRequest", "t").is_err(), "{text}");
        }
        let deep = format!("{}mail eq 'x'{}", "(".repeat(500), ")".repeat(500));
        assert!(parse(&deep, &known, "BadRequest", "t").is_err());
        let deep = format!("{}mail eq 'x'", "not ".repeat(500));
        assert!(parse(&deep, &known, "BadRequest", "t").is_err());
    }
}
