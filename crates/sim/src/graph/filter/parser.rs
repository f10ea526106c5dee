//! Reading `$filter`: tokens, then a descent over them.

use serde_json::Value;

use super::{super::odata::Error, Condition, Relation, TextTest, check, syntax};

/// How deep conditions may be nested.
const MAX_DEPTH: usize = 20;

/// Reads a condition.
pub(in crate::graph) fn parse(
    text: &str,
    known: &[&str],
    code: &'static str,
    type_name: &str,
) -> Result<Condition, Error> {
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
            other @ (Token::Word(_) | Token::Text(_) | Token::Mark(_)) => Err(syntax(&other.to_string())),
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
            other @ (Token::Text(_) | Token::Mark(_)) => Err(syntax(&other.to_string())),
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
            other @ (Token::Text(_) | Token::Mark(_)) => Err(syntax(&other.to_string())),
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
            other @ (Token::Word(_) | Token::Mark(_)) => Err(syntax(&other.to_string())),
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
