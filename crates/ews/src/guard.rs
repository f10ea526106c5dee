//! What is checked before an answer is parsed: that taking it apart costs no more than its length.
//!
//! The parser compares each attribute of an element with those before it, and hands namespaces down from parents to
//! children. So a few megabytes made for it would keep it busy for hours or fill the memory; a real answer has few of
//! both. Whether the document is well formed is the parser's business.

use std::collections::BTreeSet;

/// Most attributes of one element, namespaces among them. Exchange's have up to nine.
const MOST_ATTRIBUTES: usize = 64;

/// Most different prefixes of one document. Exchange's have up to six.
const MOST_PREFIXES: usize = 64;

/// Deepest nesting. Exchange's time zone definitions are the deepest, at fifteen.
const DEEPEST: usize = 100;

/// Most tags, comments and the like. As many bytes as an answer may have hold some 700,000 of Exchange's.
const MOST_TAGS: usize = 1_500_000;

/// Most `=`, which the parser takes for attributes when it makes room for them. An answer has some 200,000.
const MOST_EQUAL_SIGNS: usize = 1_000_000;

/// Refuses a document that would cost more than its length.
pub(crate) fn check(text: &str) -> Result<(), &'static str> {
    let bytes = text.as_bytes();
    let count = |wanted| bytes.iter().filter(|byte| **byte == wanted).count();
    if count(b'<') > MOST_TAGS || count(b'=') > MOST_EQUAL_SIGNS {
        return Err("it has more elements than can be read");
    }
    let mut prefixes = BTreeSet::new();
    let mut depth = 0_usize;
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let skipped = [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>"), ("/", ">")].into_iter();
        let skipped = skipped.filter_map(|(begin, end)| Some((begin, end, rest.strip_prefix(begin)?))).next();
        match skipped {
            Some((begin, end, content)) => {
                if begin == "/" {
                    depth = depth.saturating_sub(1);
                }
                rest = behind(content, end);
            }
            None if rest.starts_with('!') => return Err("it has a document type definition"),
            None => {
                let (behind, open) = tag(rest, &mut prefixes)?;
                rest = behind;
                depth += usize::from(open);
                if depth > DEEPEST {
                    return Err("its elements are nested too deeply");
                }
            }
        }
    }
    Ok(())
}

fn behind<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end).map_or("", |(_, behind)| behind)
}

/// Reads over a start tag from behind its `<`; what follows it, and whether it opens an element.
fn tag<'a>(text: &'a str, prefixes: &mut BTreeSet<&'a str>) -> Result<(&'a str, bool), &'static str> {
    let mut attributes = 0;
    let mut rest = text;
    let mut closed = false;
    while let Some(at) = rest.find(['>', '"', '\'', '/']) {
        let (before, from) = rest.split_at(at);
        closed = from.starts_with("/>");
        let mut chars = from.chars();
        match chars.next() {
            Some(quote @ ('"' | '\'')) => {
                attributes += 1;
                if attributes > MOST_ATTRIBUTES {
                    return Err("an element has more attributes than can be read");
                }
                let name = before.trim_end().trim_end_matches('=').trim_end();
                let name = name.rsplit(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default();
                if name.starts_with("xmlns") && prefixes.insert(name) && prefixes.len() > MOST_PREFIXES {
                    return Err("it has more namespaces than can be read");
                }
                rest = chars.as_str().split_once(quote).map_or("", |(_, behind)| behind);
            }
            Some('>') => return Ok((chars.as_str(), true)),
            _ if closed => return Ok((&from[2..], false)),
            _ => rest = chars.as_str(),
        }
    }
    Ok(("", !closed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_documents_pass() {
        for text in [
            "",
            "no tags",
            "<a b='1' c=\"2\"/>",
            "<?xml version='1.0'?><!-- <x> --><a><![CDATA[<b>]]></a>",
            "<a b='>' c='/>'><d/></a>",
            "<a/b>",
            "<a",
            "<a b='",
            "<!--",
            "</a></a></a>",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        let siblings = "<a><b c='1' d='2'/></a>".repeat(1000);
        assert_eq!(check(&siblings), Ok(()));
        let same = "<a xmlns:m='u' xmlns='v'/>".repeat(1000);
        assert_eq!(check(&same), Ok(()));
    }

    #[test]
    fn each_bound_is_kept() {
        let many = |number: usize, text: &str| text.repeat(number);
        assert_eq!(check(&many(DEEPEST, "<a>")), Ok(()));
        assert!(check(&many(DEEPEST + 1, "<a>")).is_err());
        assert_eq!(check(&format!("<a {}/>", many(MOST_ATTRIBUTES, "b='' "))), Ok(()));
        assert!(check(&format!("<a {}/>", many(MOST_ATTRIBUTES + 1, "b='' "))).is_err());
        let spaces = |number| (0..number).map(|n| format!("<a xmlns:b{n} = 'u'/>")).collect::<String>();
        assert_eq!(check(&spaces(MOST_PREFIXES)), Ok(()));
        assert!(check(&spaces(MOST_PREFIXES + 1)).is_err());
        assert!(check("<!DOCTYPE a><a/>").is_err());
        assert!(check("<a><!ELEMENT b></a>").is_err());
    }
}
