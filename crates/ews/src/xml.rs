//! XML, read: by local names, whatever the namespaces, prefixes and order.

use std::borrow::Cow;

use roxmltree::{Document, Node, ParsingOptions};

use crate::guard;

/// Most nodes of a document: elements, and the texts in and between them.
const MOST_NODES: u32 = 2_000_000;

/// Parses a document. Document type definitions are refused, and with them all entities but XML's own.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, &'static str> {
    guard::check(text)?;
    let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|_| "it is not well-formed XML")
}

/// The children that are elements of this name.
pub(crate) fn children<'a, 'input>(
    parent: Node<'a, 'input>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'input>> {
    parent.children().filter(move |node| is(*node, name))
}

/// The first child that is an element of this name.
pub(crate) fn child<'a, 'input>(parent: Node<'a, 'input>, name: &'static str) -> Option<Node<'a, 'input>> {
    children(parent, name).next()
}

/// Whether it is an element of this name.
pub(crate) fn is(node: Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

/// The text of an element: all pieces of it, where comments or the like lie between.
pub(crate) fn text<'a>(element: Node<'a, '_>) -> Cow<'a, str> {
    let mut pieces = element.children().filter(|node| node.is_text()).filter_map(|node| node.text());
    let first = pieces.next().unwrap_or_default();
    let mut whole = Cow::Borrowed(first);
    for piece in pieces {
        whole.to_mut().push_str(piece);
    }
    whole
}

/// The text of a child, without the white space around it; `None` when there is no such child.
pub(crate) fn word<'a>(parent: Node<'a, '_>, name: &'static str) -> Option<Cow<'a, str>> {
    child(parent, name).map(|node| match text(node) {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    })
}

/// An attribute, whatever its namespace.
pub(crate) fn attribute<'a>(element: Node<'a, '_>, name: &str) -> Option<&'a str> {
    element.attributes().find(|attribute| attribute.name() == name).map(|attribute| attribute.value())
}
