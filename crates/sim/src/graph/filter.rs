//! `$filter` and `$orderby`, as far as calendars and directories need them (OData 4.01, part 2, section 5.1.1).

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::odata::{Error, no_property};

/// How deep conditions may be nested.
const MAX_DEPTH: usize = 20;

/// A condition on an entity.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
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
pub(super) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextTest {
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
    pub(super) fn holds(&self, entity: &Map<String, Value>) -> bool {
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
pub(super) fn sort(
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

/// Reads a condition.
pub(super) fn parse(text: &str, known: &[&str], code: &'static str, type_name: &str) -> Result<Condition, Error> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, place: 0, known, code, type_name };
    let condition = parser.either(0)?;
    match parser.peek() {
        None => Ok(condition),
        Some(token) => Err(syntax(&token.to_string())),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Mark(char),
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Word(word) | Self::Text(word) => f.write_str(word),
            Self::Mark(mark) => write!(f, "{mark}"),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, Error> {
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first == '\'' {
            let mut literal = String::new();
            let mut chars = rest.char_indices().skip(1).peekable();
            let end = loop {
                match chars.next() {
                    // A quotation mark in a text is written twice.
                    Some((_, '\'')) if chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                        chars.next();
                        literal.push('\'');
                    }
                    Some((place, '\'')) => break place + 1,
                    Some((_, c)) => literal.push(c),
                    None => return Err(syntax("unterminated string literal")),
                }
            };
            out.push(Token::Text(literal));
            end
        } else if matches!(first, '(' | ')' | ',') {
            out.push(Token::Mark(first));
            1
        } else {
            let end =
                rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | '\'')).unwrap_or(rest.len());
            out.push(Token::Word(rest[..end].to_owned()));
            end
        };
        rest = rest[length..].trim_start();
    }
    Ok(out)
}

struct Parser<'a> {
    tokens: &'a [Token],
    place: usize,
    known: &'a [&'a str],
    code: &'static str,
    type_name: &'a str,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.place)
    }

    fn next(&mut self) -> Result<Token, Error> {
        let token = self.peek().cloned().ok_or_else(|| syntax("end of expression"))?;
        self.place += 1;
        Ok(token)
    }

    fn takes(&mut self, word: &str) -> bool {
        let there = matches!(self.peek(), Some(Token::Word(found)) if found == word);
        self.place += usize::from(there);
        there
    }

    fn mark(&mut self, mark: char) -> Result<(), Error> {
        match self.next()? {
            Token::Mark(found) if found == mark => Ok(()),
            other => Err(syntax(&other.to_string())),
        }
    }

    fn either(&mut self, depth: usize) -> Result<Condition, Error> {
        if depth > MAX_DEPTH {
            return Err(syntax("too deep"));
        }
        let mut left = self.both(depth)?;
        while self.takes("or") {
            left = Condition::Or(Box::new(left), Box::new(self.both(depth)?));
        }
        Ok(left)
    }

    fn both(&mut self, depth: usize) -> Result<Condition, Error> {
        let mut left = self.one(depth)?;
        while self.takes("and") {
            left = Condition::And(Box::new(left), Box::new(self.one(depth)?));
        }
        Ok(left)
    }

    fn one(&mut self, depth: usize) -> Result<Condition, Error> {
        if depth > MAX_DEPTH {
            return Err(syntax("too deep"));
        }
        if self.takes("not") {
            return Ok(Condition::Not(Box::new(self.one(depth + 1)?)));
        }
        match self.next()? {
            Token::Mark('(') => {
                let inner = self.either(depth + 1)?;
                self.mark(')')?;
                Ok(inner)
            }
            Token::Word(word) => match text_test(&word) {
                Some(test) => {
                    self.mark('(')?;
                    let path = self.path()?;
                    self.mark(',')?;
                    let part = self.text()?;
                    self.mark(')')?;
                    Ok(Condition::Text(test, path, part))
                }
                None => match word.strip_suffix("/any") {
                    Some(path) => self.any(path),
                    None => self.relation(&word),
                },
            },
            other => Err(syntax(&other.to_string())),
        }
    }

    /// `collection/any(x:x eq 'text')`, or with `startswith(x,'text')`.
    fn any(&mut self, path: &str) -> Result<Condition, Error> {
        let path = self.checked(path)?;
        self.mark('(')?;
        let Token::Word(lambda) = self.next()? else { return Err(syntax("any")) };
        let Some((variable, rest)) = lambda.split_once(':') else { return Err(syntax(&lambda)) };
        let word = if rest.is_empty() { self.next()?.to_string() } else { rest.to_owned() };
        let (test, part) = if let Some(test) = text_test(&word) {
            self.mark('(')?;
            if !self.takes(variable) {
                return Err(syntax(variable));
            }
            self.mark(',')?;
            let part = self.text()?;
            self.mark(')')?;
            (test, part)
        } else {
            if word != variable || !self.takes("eq") {
                return Err(syntax(&word));
            }
            (TextTest::Equals, self.text()?)
        };
        self.mark(')')?;
        Ok(Condition::Any(path, test, part))
    }

    fn relation(&mut self, path: &str) -> Result<Condition, Error> {
        let path = self.checked(path)?;
        let Token::Word(word) = self.next()? else { return Err(syntax("operator")) };
        let relation = match word.as_str() {
            "eq" => Relation::Equal,
            "ne" => Relation::NotEqual,
            "lt" => Relation::Less,
            "le" => Relation::LessOrEqual,
            "gt" => Relation::Greater,
            "ge" => Relation::GreaterOrEqual,
            "in" => {
                self.mark('(')?;
                let mut literals = vec![self.literal()?];
                while self.peek() == Some(&Token::Mark(',')) {
                    self.place += 1;
                    literals.push(self.literal()?);
                }
                self.mark(')')?;
                return Ok(Condition::In(path, literals));
            }
            other => return Err(syntax(other)),
        };
        Ok(Condition::Compare(path, relation, self.literal()?))
    }

    fn path(&mut self) -> Result<Vec<String>, Error> {
        match self.next()? {
            Token::Word(word) => self.checked(&word),
            other => Err(syntax(&other.to_string())),
        }
    }

    fn checked(&self, path: &str) -> Result<Vec<String>, Error> {
        let path: Vec<String> = path.split('/').map(str::to_owned).collect();
        check(&path, self.known, self.code, self.type_name)?;
        Ok(path)
    }

    fn text(&mut self) -> Result<String, Error> {
        match self.next()? {
            Token::Text(text) => Ok(text),
            other => Err(syntax(&other.to_string())),
        }
    }

    fn literal(&mut self) -> Result<Value, Error> {
        Ok(match self.next()? {
            Token::Text(text) => Value::String(text),
            Token::Word(word) => match word.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                // A number, or an instant, which is written without quotation marks.
                other => serde_json::from_str(other).unwrap_or_else(|_| Value::String(other.to_owned())),
            },
            other @ Token::Mark(_) => return Err(syntax(&other.to_string())),
        })
    }
}

fn text_test(word: &str) -> Option<TextTest> {
    match word.to_ascii_lowercase().as_str() {
        "startswith" => Some(TextTest::StartsWith),
        "endswith" => Some(TextTest::EndsWith),
        "contains" => Some(TextTest::Contains),
        _ => None,
    }
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
