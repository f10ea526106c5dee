//! XML-RPC as the PBX's server speaks it: one struct in, one struct out.
//!
//! The PBX's library writes strings without a type element and reads them with or without one; numbers leave it as
//! `double`, whatever they were. Whoever takes a number for an `int`, or a string for `<string>`, is found out here.

use std::collections::BTreeMap;

/// A call.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) method: String,
    /// The members of the one struct parameter that are strings.
    pub(super) members: BTreeMap<String, String>,
}

/// Reads a call; the error says what is wrong with it.
pub(super) fn read(body: &[u8]) -> Result<Call, String> {
    let text = std::str::from_utf8(body).map_err(|_| "the request is not UTF-8".to_owned())?;
    let options = roxmltree::ParsingOptions { nodes_limit: 1000, ..roxmltree::ParsingOptions::default() };
    let document = roxmltree::Document::parse_with_options(text, options)
        .map_err(|error| format!("the request is no XML: {error}"))?;
    let root = document.root_element();
    let child = |node: roxmltree::Node<'_, '_>, name: &str| {
        node.children().find(|child| child.has_tag_name(name)).map(|child| child.id())
    };
    let step = |node: roxmltree::Node<'_, '_>, name: &str| {
        child(node, name).and_then(|id| document.get_node(id)).ok_or_else(|| format!("<{name}> is missing"))
    };
    if !root.has_tag_name("methodCall") {
        return Err("<methodCall> is missing".to_owned());
    }
    let method = step(root, "methodName")?.text().unwrap_or_default().trim().to_owned();
    let structure = step(step(step(step(root, "params")?, "param")?, "value")?, "struct")?;
    let mut members = BTreeMap::new();
    for member in structure.children().filter(|node| node.has_tag_name("member")) {
        let name = step(member, "name")?.text().unwrap_or_default().to_owned();
        let value = step(member, "value")?;
        let text = match value.children().find(roxmltree::Node::is_element) {
            None => value,
            Some(inner) if inner.has_tag_name("string") => inner,
            Some(other) => return Err(format!("member `{name}` is a {}, not a string", other.tag_name().name())),
        };
        let text = text.children().filter(roxmltree::Node::is_text).filter_map(|node| node.text()).collect();
        members.insert(name, text);
    }
    Ok(Call { method, members })
}

/// An answer with the string member `response`, and a number that tells how long the answer is, as a double.
pub(super) fn response(text: &str) -> String {
    let length = text.len();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><methodResponse><params><param><value><struct>\
         <member><name>length</name><value><double>{length}.0</double></value></member>\
         <member><name>response</name><value>{}</value></member>\
         </struct></value></param></params></methodResponse>",
        escape(text)
    )
}

/// A fault.
pub(super) fn fault(code: i32, text: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><methodResponse><fault><value><struct>\
         <member><name>faultCode</name><value><i4>{code}</i4></value></member>\
         <member><name>faultString</name><value>{}</value></member>\
         </struct></value></fault></methodResponse>",
        escape(text)
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#13;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(value: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><methodCall><methodName>busylamp.call</methodName><params><param><value><struct>\
             <member><name>request</name><value>{value}</value></member></struct></value></param></params></methodCall>"
        )
    }

    #[test]
    fn strings_come_with_a_type_or_without() {
        for value in ["<string>a&amp;b\nc</string>", "a&amp;b\nc"] {
            let read = read(call(value).as_bytes()).unwrap();
            assert_eq!(read.members.get("request").map(String::as_str), Some("a&b\nc"));
        }
    }

    #[test]
    fn what_is_no_string_or_no_call_is_refused() {
        assert!(read(call("<int>5</int>").as_bytes()).is_err());
        assert!(read(b"<methodCall/>").is_err());
        assert!(read(b"{}").is_err());
        assert!(read(b"<!DOCTYPE x [<!ENTITY e 'x'>]><methodCall>&e;</methodCall>").is_err());
    }
}
