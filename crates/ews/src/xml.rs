//! XML, read: by local names, whatever the namespaces, prefixes and order.
//!
//! A document becomes a list of its elements, each with its attributes and its text, in which children follow their
//! parents. That is all that answers of EWS need, at a price that many mailboxes can be read for: names and texts stay
//! where they are in the answer. The library tells tags and texts apart; what makes a document of them is here.

use std::{borrow::Cow, ops::Range};

use busylamp_core::said::Phrase;
use quick_xml::{
    Reader,
    escape::{resolve_predefined_entity, unescape},
    events::{BytesRef, Event, attributes::Attributes},
};

/// Most attributes of one element, namespaces among them. Exchange's have up to nine.
const MOST_ATTRIBUTES: usize = 64;

/// Deepest nesting. Exchange's time zone definitions are the deepest, at fifteen.
const DEEPEST: usize = 100;

/// Most elements of a document. As many bytes as an answer may have hold some 350,000 of Exchange's.
const MOST_ELEMENTS: usize = 1_000_000;

const MALFORMED: Phrase = Phrase::new("sie ist kein wohlgeformtes XML", "it is not well-formed XML");

/// A document.
pub(crate) struct Document<'a> {
    /// Each behind its parent, before its next sibling. There is one at least, and the first holds all others.
    elements: Vec<Data<'a>>,
    attributes: Vec<(&'a str, Cow<'a, str>)>,
}

struct Data<'a> {
    name: &'a str,
    attributes: Range<usize>,
    text: Cow<'a, str>,
    /// The first element that no longer belongs to it.
    end: usize,
}

/// An element of a document.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    document: &'a Document<'a>,
    place: usize,
}

/// Parses a document. Document type definitions are refused, and with them all entities but XML's own; so is what would
/// cost more than its length.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, Phrase> {
    let mut reader = Reader::from_str(text);
    let mut builder = Builder { document: Document { elements: Vec::new(), attributes: Vec::new() }, open: Vec::new() };
    let position = |reader: &Reader<&[u8]>| usize::try_from(reader.buffer_position()).map_err(|_| MALFORMED);
    loop {
        let from = position(&reader)?;
        let event = reader.read_event().map_err(|_| MALFORMED)?;
        let raw = text.get(from..position(&reader)?).ok_or(MALFORMED)?;
        match event {
            Event::Start(_) => builder.open(raw, ">")?,
            Event::Empty(_) => {
                builder.open(raw, "/>")?;
                builder.close()?;
            }
            Event::End(_) => builder.close()?,
            Event::Text(_) => builder.text(Cow::Borrowed(raw))?,
            Event::CData(_) => {
                let inner = raw.strip_prefix("<![CDATA[").and_then(|raw| raw.strip_suffix("]]>"));
                builder.text(Cow::Borrowed(inner.ok_or(MALFORMED)?))?;
            }
            Event::GeneralRef(reference) => builder.text(resolved(&reference)?)?,
            Event::DocType(_) => {
                return Err(Phrase::new("sie hat eine Dokumenttypdefinition", "it has a document type definition"));
            }
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) => {}
            Event::Eof => return builder.finish(),
        }
    }
}

/// What a reference stands for.
fn resolved(reference: &BytesRef<'_>) -> Result<Cow<'static, str>, Phrase> {
    match reference.resolve_char_ref() {
        Ok(Some(c)) => Ok(Cow::Owned(c.to_string())),
        Ok(None) => resolve_predefined_entity(reference).map(Cow::Borrowed).ok_or(MALFORMED),
        Err(_) => Err(MALFORMED),
    }
}

struct Builder<'a> {
    document: Document<'a>,
    /// The places of the elements that are open.
    open: Vec<usize>,
}

impl<'a> Builder<'a> {
    /// A start tag, from `<` to its end.
    fn open(&mut self, tag: &'a str, end: &str) -> Result<(), Phrase> {
        let place = self.document.elements.len();
        if self.open.is_empty() && place > 0 {
            return Err(MALFORMED);
        }
        if self.open.len() >= DEEPEST {
            return Err(Phrase::new("ihre Elemente sind zu tief geschachtelt", "its elements are nested too deeply"));
        }
        if place >= MOST_ELEMENTS {
            return Err(Phrase::new(
                "sie hat mehr Elemente, als gelesen werden",
                "it has more elements than can be read",
            ));
        }
        let inner = tag.strip_prefix('<').and_then(|tag| tag.strip_suffix(end)).ok_or(MALFORMED)?;
        let length = inner.find(|c: char| c.is_ascii_whitespace()).unwrap_or(inner.len());
        let (name, rest) = inner.split_at(length);
        let first = self.document.attributes.len();
        if !rest.trim_ascii().is_empty() {
            self.attributes(inner, length)?;
        }
        self.document.elements.push(Data {
            name: local(name),
            attributes: first..self.document.attributes.len(),
            text: Cow::Borrowed(""),
            end: place + 1,
        });
        self.open.push(place);
        Ok(())
    }

    fn attributes(&mut self, inner: &'a str, from: usize) -> Result<(), Phrase> {
        for (number, attribute) in Attributes::new(inner, from).enumerate() {
            if number >= MOST_ATTRIBUTES {
                return Err(Phrase::new(
                    "ein Element hat mehr Attribute, als gelesen werden",
                    "an element has more attributes than can be read",
                ));
            }
            let attribute = attribute.map_err(|_| MALFORMED)?;
            let name = attribute.key.0;
            if name == "xmlns" || name.starts_with("xmlns:") {
                continue;
            }
            let value = match attribute.value {
                Cow::Borrowed(raw) => unescape(raw).map_err(|_| MALFORMED)?,
                Cow::Owned(raw) => Cow::Owned(unescape(&raw).map_err(|_| MALFORMED)?.into_owned()),
            };
            self.document.attributes.push((local(name), value));
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Phrase> {
        let place = self.open.pop().ok_or(MALFORMED)?;
        self.document.elements[place].end = self.document.elements.len();
        Ok(())
    }

    /// Text comes in pieces, cut at references, comments and the like. What only stands between elements is left out.
    fn text(&mut self, piece: Cow<'a, str>) -> Result<(), Phrase> {
        let blank = piece.trim_ascii().is_empty();
        let Some(place) = self.open.last() else { return if blank { Ok(()) } else { Err(MALFORMED) } };
        let has_children = self.document.elements.len() > place + 1;
        if !(blank && has_children) {
            let text = &mut self.document.elements[*place].text;
            if text.is_empty() {
                *text = piece;
            } else {
                text.to_mut().push_str(&piece);
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Document<'a>, Phrase> {
        if self.open.is_empty() && !self.document.elements.is_empty() { Ok(self.document) } else { Err(MALFORMED) }
    }
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

impl<'a> Document<'a> {
    /// The element that holds all others.
    pub(crate) fn root(&'a self) -> Element<'a> {
        Element { document: self, place: 0 }
    }
}

impl<'a> Element<'a> {
    /// Its local name.
    pub(crate) fn name(self) -> &'a str {
        self.data().name
    }

    /// Its children.
    pub(crate) fn children(self) -> impl Iterator<Item = Self> {
        let Self { document, place } = self;
        let end = self.data().end;
        let mut next = place + 1;
        std::iter::from_fn(move || {
            let child = Self { document, place: next };
            (next < end).then(|| {
                next = child.data().end;
                child
            })
        })
    }

    /// It, and all elements in it.
    pub(crate) fn descendants(self) -> impl Iterator<Item = Self> {
        let Self { document, place } = self;
        (place..self.data().end).map(move |place| Self { document, place })
    }

    /// Whether it has an attribute that is no namespace.
    pub(crate) fn has_attributes(self) -> bool {
        !self.data().attributes.is_empty()
    }

    fn data(self) -> &'a Data<'a> {
        &self.document.elements[self.place]
    }
}

/// The children of this name.
pub(crate) fn children<'a>(parent: Element<'a>, name: &'static str) -> impl Iterator<Item = Element<'a>> {
    parent.children().filter(move |child| child.name() == name)
}

/// The first child of this name.
pub(crate) fn child<'a>(parent: Element<'a>, name: &'static str) -> Option<Element<'a>> {
    children(parent, name).next()
}

/// The text of an element, without that of its children.
pub(crate) fn text(element: Element<'_>) -> &str {
    &element.data().text
}

/// The text of a child, without the white space around it; `None` when there is no such child.
pub(crate) fn word<'a>(parent: Element<'a>, name: &'static str) -> Option<&'a str> {
    child(parent, name).map(|child| text(child).trim())
}

/// An attribute, whatever its namespace.
pub(crate) fn attribute<'a>(element: Element<'a>, name: &str) -> Option<&'a str> {
    let attributes = &element.document.attributes[element.data().attributes.clone()];
    attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_ref())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Names, attributes and texts, as lines.
    fn shown(xml: &str) -> Result<String, Phrase> {
        fn show(element: Element<'_>, lines: &mut Vec<String>) {
            let attributes = &element.document.attributes[element.data().attributes.clone()];
            let attributes: String = attributes.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            lines.push(format!("{}{attributes}:{}", element.name(), text(element)));
            element.children().for_each(|child| show(child, lines));
            lines.push(".".to_owned());
        }
        let document = parse(xml)?;
        let mut lines = Vec::new();
        show(document.root(), &mut lines);
        Ok(lines.join(" "))
    }

    #[test]
    fn elements_have_their_children_attributes_and_texts() {
        let xml = "<?xml version='1.0'?>\n<s:a xmlns:s='u' xmlns='v' x:y = '1' z=\"a&lt;b\"> <b/>\r\n<c>t</c><!-- no --><c><d/></c> </s:a>\n";
        assert_eq!(shown(xml).unwrap(), "a y=1 z=a<b:  b: . c:t . c: d: . . .");
    }

    #[test]
    fn a_text_in_pieces_is_one() {
        let xml = "<a>1 &amp; 2<!-- 3 -->&#52;<![CDATA[<5>&amp;]]>&#x1F980;</a>";
        assert_eq!(shown(xml).unwrap(), "a:1 & 24<5>&amp;🦀 .");
        assert_eq!(shown("<a>\n <![CDATA[]]>x</a>").unwrap(), "a:\n x .");
    }

    /// A document of any shape, in any dress: prefixes, comments, sections, references, white space.
    fn any_document() -> impl Strategy<Value = String> {
        let name = || prop::sample::select(vec!["a", "b", "t:c", "t:d", "Ärger", "e-1._x"]);
        let piece = prop_oneof![
            "[ a-zäöü🦀\n\t'\"=/>]{0,12}".prop_map(|text| text.replace("]]>", "")),
            Just("<!-- <x> -->".to_owned()),
            Just("<?do <x>?>".to_owned()),
            "[a-z<&>]{0,8}".prop_map(|text| format!("<![CDATA[{text}]]>")),
            prop::sample::select(vec!["&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&#9;", "&#x1F980;", "&#228;"])
                .prop_map(str::to_owned),
        ];
        let content = prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat());
        let attributes = prop::collection::btree_map("[a-z]{1,3}|t:[a-z]", "[a-z <>'/=]{0,8}|&amp;|&#65;", 0..3);
        let attributes = attributes.prop_map(|attributes| {
            let written =
                attributes.into_iter().map(|(name, value)| format!(" {name} =\"{}\"", value.replace('<', "&lt;")));
            written.collect::<String>()
        });
        let element = move |inner: BoxedStrategy<String>| {
            (name(), attributes.clone(), inner).prop_map(|(name, attributes, inner)| match inner.as_str() {
                "" => format!("<{name}{attributes}/>"),
                inner => format!("<{name}{attributes}>{inner}</{name} >"),
            })
        };
        let leaf = element(content.clone().boxed());
        let tree = leaf.prop_recursive(5, 40, 6, move |inner| {
            let mixed = prop::collection::vec(prop_oneof![inner, content.clone()], 0..6);
            element(mixed.prop_map(|parts| parts.concat()).boxed())
        });
        tree.prop_map(|tree| format!("<?xml version=\"1.0\"?>\n<!-- x --><root xmlns:t='u' xmlns='v'>{tree}</root> "))
    }

    /// Names, attributes and the texts of what has no children, as an independent library reads them.
    fn as_roxmltree_reads(xml: &str) -> Option<Vec<String>> {
        let document = roxmltree::Document::parse(xml).ok()?;
        let elements = document.descendants().filter(roxmltree::Node::is_element);
        Some(
            elements
                .map(|node| {
                    let attributes: Vec<_> =
                        node.attributes().map(|attribute| (attribute.name(), attribute.value())).collect();
                    let texts = node.children().filter(roxmltree::Node::is_text).filter_map(|node| node.text());
                    let text: String =
                        if node.children().any(|child| child.is_element()) { String::new() } else { texts.collect() };
                    format!(
                        "{} {attributes:?} {text:?} {}",
                        node.tag_name().name(),
                        node.descendants().filter(|node| node.is_element()).count()
                    )
                })
                .collect(),
        )
    }

    fn as_read_here(xml: &str) -> Option<Vec<String>> {
        let document = parse(xml).ok()?;
        let elements = document.root().descendants();
        Some(
            elements
                .map(|element| {
                    let attributes = &document.attributes[element.data().attributes.clone()];
                    let attributes: Vec<_> = attributes.iter().map(|(name, value)| (*name, value.as_ref())).collect();
                    let text = if element.children().next().is_some() { "" } else { text(element) };
                    format!("{} {attributes:?} {text:?} {}", element.name(), element.descendants().count())
                })
                .collect(),
        )
    }

    proptest! {
        #[test]
        fn every_document_is_read_as_another_library_reads_it(xml in any_document()) {
            let theirs = as_roxmltree_reads(&xml);
            prop_assert!(theirs.is_some());
            prop_assert_eq!(as_read_here(&xml), theirs, "{}", xml);
        }

        #[test]
        fn a_document_that_was_broken_is_refused_or_read_alike(xml in any_document(), place: prop::sample::Index, piece in "[<>&;/'\"=\\]!?a-]{0,3}") {
            let mut place = place.index(xml.len());
            while !xml.is_char_boundary(place) {
                place -= 1;
            }
            let broken = format!("{}{piece}{}", &xml[..place], &xml[place..]);
            if let Some(theirs) = as_roxmltree_reads(&broken) {
                prop_assert_eq!(as_read_here(&broken), Some(theirs), "{}", broken);
            }
        }
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for xml in [
            "",
            " ",
            "x",
            "<",
            "<a",
            "<a>",
            "<a><b></a></b>",
            "</a>",
            "<a/><b/>",
            "<a/>x",
            "x<a/>",
            "<a></a ><a/>",
            "<a b/>",
            "<a b=1/>",
            "<a b='1' b='2'/>",
            "<a b='/>",
            "<a>&nbsp;</a>",
            "<a>&#0;</a>",
            "<a>&</a>",
            "<a b='&x;'/>",
            "<a><!-- </a>",
            "<a><![CDATA[</a>",
            "&amp;<a/>",
            "<![CDATA[x]]><a/>",
        ] {
            assert!(shown(xml).is_err(), "{xml}");
        }
        assert_eq!(
            shown("<!DOCTYPE a><a/>"),
            Err(Phrase::new("sie hat eine Dokumenttypdefinition", "it has a document type definition"))
        );
    }

    #[test]
    fn each_bound_is_kept() {
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(shown(&nested(DEEPEST)).is_ok());
        assert!(shown(&nested(DEEPEST + 1)).is_err());
        let wide = |number: usize| format!("<a {}/>", (0..number).map(|n| format!("b{n}='' ")).collect::<String>());
        assert!(shown(&wide(MOST_ATTRIBUTES)).is_ok());
        assert!(shown(&wide(MOST_ATTRIBUTES + 1)).is_err());
        let long = |number: usize| format!("<a>{}</a>", "<b/>".repeat(number));
        assert!(parse(&long(MOST_ELEMENTS - 1)).is_ok());
        assert!(parse(&long(MOST_ELEMENTS)).is_err());
    }
}
