//! XML-RPC as far as an entry point of a STARFACE module needs it: one call, one value, one answer.
//!
//! Types and elements are those of the XML-RPC specification (<http://xmlrpc.com/spec.md>). What an answer may
//! cost is bounded: no DTD, at most [`MAX_NODES`] nodes, values nested at most [`MAX_DEPTH`] deep; its size is
//! bounded by whoever received it.

use std::fmt::Write as _;

use roxmltree::{Document, Node, ParsingOptions};

/// How many XML nodes an answer may have.
const MAX_NODES: u32 = 10_000;

/// How deep values may be nested.
const MAX_DEPTH: usize = 16;

/// A value. There is no `dateTime` and no `base64`: modules of STARFACE have no variables of these types.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// `<string>`, or text without an element.
    String(String),
    /// `<int>`, `<i4>` or `<i8>`.
    Int(i64),
    /// `<boolean>`.
    Boolean(bool),
    /// `<double>`; finite.
    Double(f64),
    /// `<array>`.
    Array(Vec<Value>),
    /// `<struct>`, in the order written.
    Struct(Vec<(String, Value)>),
}

impl Value {
    /// A member of a struct.
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Struct(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            Self::String(_) | Self::Int(_) | Self::Boolean(_) | Self::Double(_) | Self::Array(_) => None,
        }
    }

    /// The text of a string.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Int(_) | Self::Boolean(_) | Self::Double(_) | Self::Array(_) | Self::Struct(_) => None,
        }
    }
}

/// What the server said.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Response {
    /// The method's result.
    Value(Value),
    /// The method was not found or failed. The server's sentence is left out: it may repeat what we sent.
    Fault {
        /// Its number, if it gave one.
        code: Option<i64>,
    },
}

/// A text can't be written as XML 1.0, which has no way to write most control characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a text holds a character that XML can't carry")]
pub(crate) struct Unwritable;

/// Why an answer is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    /// Not UTF-8.
    #[error("it is not UTF-8")]
    Encoding,
    /// Not well-formed, a DTD, or too many nodes.
    #[error("it is not well-formed XML, or too large")]
    Xml,
    /// Well-formed, but no XML-RPC answer.
    #[error("it is no XML-RPC answer: {0}")]
    Shape(&'static str),
}

/// The body of a call of `method` with one parameter.
pub(crate) fn call(method: &str, parameter: &Value) -> Result<String, Unwritable> {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<methodCall><methodName>");
    write_text(&mut xml, method)?;
    xml.push_str("</methodName><params><param>");
    write_value(&mut xml, parameter)?;
    xml.push_str("</param></params></methodCall>\n");
    Ok(xml)
}

/// Reads the body of an answer.
pub(crate) fn response(body: &[u8]) -> Result<Response, DecodeError> {
    let text = std::str::from_utf8(body).map_err(|_| DecodeError::Encoding)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|_| DecodeError::Xml)?;
    let root = named(document.root_element(), "methodResponse")?;
    let content = only_child(root, "an answer holds one of <params> and <fault>")?;
    match content.tag_name().name() {
        "params" => {
            let parameter = named(only_child(content, "an answer has one parameter")?, "param")?;
            let value = only_child(parameter, "a parameter has one value")?;
            Ok(Response::Value(read_value(named(value, "value")?, 0)?))
        }
        "fault" => {
            let value = only_child(content, "a fault has one value")?;
            let fault = read_value(named(value, "value")?, 0)?;
            let code = match fault.member("faultCode") {
                Some(Value::Int(code)) => Some(*code),
                Some(Value::String(_) | Value::Boolean(_) | Value::Double(_) | Value::Array(_) | Value::Struct(_))
                | None => None,
            };
            Ok(Response::Fault { code })
        }
        _ => Err(DecodeError::Shape("an answer holds one of <params> and <fault>")),
    }
}

fn write_value(xml: &mut String, value: &Value) -> Result<(), Unwritable> {
    xml.push_str("<value>");
    match value {
        Value::String(text) => {
            xml.push_str("<string>");
            write_text(xml, text)?;
            xml.push_str("</string>");
        }
        Value::Int(number) => write_number(xml, if i32::try_from(*number).is_ok() { "int" } else { "i8" }, number),
        Value::Boolean(on) => write_number(xml, "boolean", &i32::from(*on)),
        Value::Double(number) if number.is_finite() => write_number(xml, "double", number),
        Value::Double(_) => return Err(Unwritable),
        Value::Array(items) => {
            xml.push_str("<array><data>");
            for item in items {
                write_value(xml, item)?;
            }
            xml.push_str("</data></array>");
        }
        Value::Struct(members) => {
            xml.push_str("<struct>");
            for (name, value) in members {
                xml.push_str("<member><name>");
                write_text(xml, name)?;
                xml.push_str("</name>");
                write_value(xml, value)?;
                xml.push_str("</member>");
            }
            xml.push_str("</struct>");
        }
    }
    xml.push_str("</value>");
    Ok(())
}

fn write_number(xml: &mut String, element: &str, number: &dyn std::fmt::Display) {
    // Writing into a `String` can't fail.
    let _ = write!(xml, "<{element}>{number}</{element}>");
}

fn write_text(xml: &mut String, text: &str) -> Result<(), Unwritable> {
    for character in text.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            // A parser would turn a bare one into a line feed.
            '\r' => xml.push_str("&#13;"),
            '\t' | '\n' => xml.push(character),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => return Err(Unwritable),
            _ => xml.push(character),
        }
    }
    Ok(())
}

fn read_value(value: Node<'_, '_>, depth: usize) -> Result<Value, DecodeError> {
    if depth >= MAX_DEPTH {
        return Err(DecodeError::Shape("values are nested too deep"));
    }
    let mut elements = value.children().filter(Node::is_element);
    let Some(typed) = elements.next() else {
        return Ok(Value::String(text_of(value)));
    };
    if elements.next().is_some() {
        return Err(DecodeError::Shape("a value has one type"));
    }
    match typed.tag_name().name() {
        "string" => Ok(Value::String(text_of(typed))),
        "int" | "i4" | "i8" => number(typed, "an integer can't be read").map(Value::Int),
        "boolean" => match text_of(typed).trim() {
            "0" => Ok(Value::Boolean(false)),
            "1" => Ok(Value::Boolean(true)),
            _ => Err(DecodeError::Shape("a boolean is 0 or 1")),
        },
        "double" => {
            let number: f64 = number(typed, "a double can't be read")?;
            if number.is_finite() { Ok(Value::Double(number)) } else { Err(DecodeError::Shape("a double is finite")) }
        }
        "array" => {
            let data = named(only_child(typed, "an array has one <data>")?, "data")?;
            let items = data.children().filter(Node::is_element);
            items.map(|item| read_value(named(item, "value")?, depth + 1)).collect::<Result<_, _>>().map(Value::Array)
        }
        "struct" => {
            let members = typed.children().filter(Node::is_element);
            members.map(|member| read_member(member, depth)).collect::<Result<_, _>>().map(Value::Struct)
        }
        _ => Err(DecodeError::Shape("a value has a type that is not known")),
    }
}

fn read_member(member: Node<'_, '_>, depth: usize) -> Result<(String, Value), DecodeError> {
    let mut parts = named(member, "member")?.children().filter(Node::is_element);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(name), Some(value), None) => {
            Ok((text_of(named(name, "name")?), read_value(named(value, "value")?, depth + 1)?))
        }
        _ => Err(DecodeError::Shape("a member has a name and a value")),
    }
}

fn number<T: std::str::FromStr>(element: Node<'_, '_>, complaint: &'static str) -> Result<T, DecodeError> {
    text_of(element).trim().parse().map_err(|_| DecodeError::Shape(complaint))
}

/// All the text directly in an element; comments may cut it into several nodes.
fn text_of(element: Node<'_, '_>) -> String {
    element.children().filter(Node::is_text).filter_map(|node| node.text()).collect()
}

fn only_child<'a, 'input>(node: Node<'a, 'input>, rule: &'static str) -> Result<Node<'a, 'input>, DecodeError> {
    let mut elements = node.children().filter(Node::is_element);
    match (elements.next(), elements.next()) {
        (Some(child), None) => Ok(child),
        _ => Err(DecodeError::Shape(rule)),
    }
}

fn named<'a, 'input>(node: Node<'a, 'input>, name: &'static str) -> Result<Node<'a, 'input>, DecodeError> {
    if node.tag_name().name() == name { Ok(node) } else { Err(DecodeError::Shape("an element is out of place")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(value: &Value) -> String {
        let mut xml = String::from("<?xml version=\"1.0\"?><methodResponse><params><param>");
        write_value(&mut xml, value).unwrap();
        xml.push_str("</param></params></methodResponse>");
        xml
    }

    fn writable_text() -> impl Strategy<Value = String> {
        proptest::collection::vec(
            any::<char>().prop_filter("XML can't carry it", |c| write_text(&mut String::new(), &c.to_string()).is_ok()),
            0..24,
        )
        .prop_map(|characters| characters.into_iter().collect())
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            writable_text().prop_map(Value::String),
            any::<i64>().prop_map(Value::Int),
            any::<bool>().prop_map(Value::Boolean),
            any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::Double),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
                proptest::collection::vec((writable_text(), inner), 0..6).prop_map(Value::Struct),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in value()) {
            prop_assert_eq!(response(answer(&value).as_bytes()), Ok(Response::Value(value)));
        }

        #[test]
        fn no_input_makes_the_reader_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = response(&body);
        }

        #[test]
        fn no_markup_makes_the_reader_panic(
            parts in proptest::collection::vec(
                proptest::sample::select(vec![
                    "<methodResponse>", "</methodResponse>", "<params>", "</params>", "<param>", "</param>",
                    "<value>", "</value>", "<string>", "</string>", "<struct>", "</struct>", "<fault>", "</fault>",
                    "<member>", "</member>", "<name>", "</name>", "<int>", "</int>", "x", "1", "&amp;", "&x;",
                ]),
                0..30,
            )
        ) {
            let _ = response(parts.concat().as_bytes());
        }
    }

    #[test]
    fn a_call_is_written_as_the_specification_shows_it() {
        let parameter = Value::Struct(vec![("key".into(), Value::String("a<b&c".into()))]);
        assert_eq!(
            call("my bridge.call", &parameter).unwrap(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<methodCall><methodName>my bridge.call</methodName><params>\
             <param><value><struct><member><name>key</name><value><string>a&lt;b&amp;c</string></value></member>\
             </struct></value></param></params></methodCall>\n"
        );
    }

    #[test]
    fn text_without_a_type_and_text_cut_by_a_comment_are_strings() {
        for xml in ["<value>a&amp;b</value>", "<value>\n<string>a<!-- -->&#38;<![CDATA[b]]></string>\n</value>"] {
            let body = format!("<methodResponse><params><param>{xml}</param></params></methodResponse>");
            assert_eq!(response(body.as_bytes()), Ok(Response::Value(Value::String("a&b".into()))), "{xml}");
        }
    }

    #[test]
    fn a_fault_is_told_by_its_number_alone() {
        let body = "<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>4</int></value>\
                    </member><member><name>faultString</name><value>Too many parameters.</value></member></struct>\
                    </value></fault></methodResponse>";
        assert_eq!(response(body.as_bytes()), Ok(Response::Fault { code: Some(4) }));
    }

    #[test]
    fn a_dtd_a_flood_of_nodes_and_deep_nesting_are_refused() {
        let dtd = "<!DOCTYPE a [<!ENTITY b 'c'>]><methodResponse/>";
        assert_eq!(response(dtd.as_bytes()), Err(DecodeError::Xml));

        let flood = answer(&Value::Array(vec![Value::Boolean(true); MAX_NODES as usize]));
        assert_eq!(response(flood.as_bytes()), Err(DecodeError::Xml));

        let deep = (0..MAX_DEPTH).fold(Value::Boolean(true), |inner, _| Value::Array(vec![inner]));
        assert_eq!(response(answer(&deep).as_bytes()), Err(DecodeError::Shape("values are nested too deep")));
    }

    #[test]
    fn what_is_no_answer_says_why() {
        assert_eq!(response(b"\xff"), Err(DecodeError::Encoding));
        assert_eq!(response(b"<html>"), Err(DecodeError::Xml));
        assert!(matches!(response(b"<html/>"), Err(DecodeError::Shape(_))));
        assert!(matches!(response(b"<methodResponse><params/></methodResponse>"), Err(DecodeError::Shape(_))));
    }

    #[test]
    fn a_control_character_is_not_written() {
        assert_eq!(call("a", &Value::String("\u{7}".into())), Err(Unwritable));
        assert_eq!(call("a", &Value::Double(f64::NAN)), Err(Unwritable));
    }
}
