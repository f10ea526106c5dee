//! Writing XML as Exchange writes it: on one line, with fixed prefixes.

use std::fmt::{Display, Write as _};

/// XML under construction. Tags are constants of this crate and are not checked.
#[derive(Debug, Default)]
pub(super) struct Xml(String);

impl Xml {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is well-formed already.
    pub(super) fn raw(&mut self, xml: &str) -> &mut Self {
        self.0.push_str(xml);
        self
    }

    pub(super) fn open(&mut self, tag: &str) -> &mut Self {
        self.0.push('<');
        self.0.push_str(tag);
        self.0.push('>');
        self
    }

    /// An opening tag with attributes.
    pub(super) fn open_with(&mut self, tag: &str, attributes: &[(&str, &str)]) -> &mut Self {
        self.start(tag, attributes);
        self.0.push('>');
        self
    }

    pub(super) fn close(&mut self, tag: &str) -> &mut Self {
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push('>');
        self
    }

    /// An element without content.
    pub(super) fn empty(&mut self, tag: &str, attributes: &[(&str, &str)]) -> &mut Self {
        self.start(tag, attributes);
        self.0.push_str("/>");
        self
    }

    /// An element with a text.
    pub(super) fn text(&mut self, tag: &str, text: &str) -> &mut Self {
        if text.is_empty() {
            return self.empty(tag, &[]);
        }
        self.open(tag);
        escape(&mut self.0, text, false);
        self.close(tag)
    }

    /// An element with what needs no escaping: numbers, instants, words of enumerations.
    pub(super) fn value(&mut self, tag: &str, value: impl Display) -> &mut Self {
        self.open(tag);
        // Writing into a string does not fail.
        let _ = write!(self.0, "{value}");
        self.close(tag)
    }

    fn start(&mut self, tag: &str, attributes: &[(&str, &str)]) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            escape(&mut self.0, value, true);
            self.0.push('"');
        }
    }
}

/// Escapes a text. What XML can't say is left out.
fn escape(out: &mut String, text: &str, quoted: bool) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' if quoted => out.push_str("&quot;"),
            '\r' => out.push_str("&#xD;"),
            '\n' | '\t' if quoted => {
                let _ = write!(out, "&#x{:X};", u32::from(c));
            }
            '\t' | '\n' => out.push(c),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_as_they_were_whatever_they_contain() {
        let text = "Müller & Söhne <b>\"fett\"</b>\r\n]]> 🦊\u{7}";
        let mut xml = Xml::default();
        xml.open_with("a", &[("n", text)]).text("b", text).close("a");
        let xml = xml.into_string();
        let document = roxmltree::Document::parse(&xml).unwrap();
        let root = document.root_element();
        let expected = text.replace('\u{7}', "");
        assert_eq!(root.first_element_child().and_then(|b| b.text()), Some(expected.as_str()));
        assert_eq!(root.attribute("n"), Some(expected.as_str()));
    }
}
