//! Holding requests against what the schema says of them: names, namespaces, order and values.
//!
//! A real server checks against `messages.xsd` and `types.xsd`. The tables here are a reading of the parts that
//! belong to the operations pretended here.

mod tables;

use roxmltree::Node;

use self::tables::{Attribute, Check, Content, Element, Shape, Space};
use super::soap::{MESSAGES, TYPES};

/// Where and how a request is not valid.
#[derive(Debug)]
pub(super) struct Violation {
    pub(super) line: u32,
    pub(super) position: u32,
    pub(super) text: String,
}

impl Violation {
    pub(super) fn at(node: Node<'_, '_>, text: String) -> Self {
        let place = node.document().text_pos_at(node.range().start);
        // Positions are those of the name, after the bracket.
        Self { line: place.row, position: place.col + 1, text }
    }
}

/// Checks one element of the SOAP header. Headers of other namespaces are nobody's concern.
pub(super) fn check_header(node: Node<'_, '_>) -> Result<(), Violation> {
    match tables::HEADERS.iter().find(|element| names(element, node)) {
        Some(element) => check(node, element.shape),
        None => Ok(()),
    }
}

/// Checks the element in the body.
pub(super) fn check_operation(node: Node<'_, '_>) -> Result<(), Violation> {
    match tables::OPERATIONS.iter().find(|element| names(element, node)) {
        Some(element) => check(node, element.shape),
        None => Ok(()),
    }
}

fn names(element: &Element, node: Node<'_, '_>) -> bool {
    node.tag_name().name() == element.name && node.tag_name().namespace() == Some(uri(element.space))
}

fn uri(space: Space) -> &'static str {
    match space {
        Space::Messages => MESSAGES,
        Space::Types => TYPES,
    }
}

fn check(node: Node<'_, '_>, shape: &Shape) -> Result<(), Violation> {
    if !matches!(shape.content, Content::Anything) || !shape.attributes.is_empty() {
        check_attributes(node, shape.attributes)?;
    }
    let name = node.tag_name().name();
    match shape.content {
        Content::Anything => Ok(()),
        Content::Empty => match node.first_element_child() {
            None => Ok(()),
            Some(child) => Err(Violation::at(child, format!("The element '{name}' cannot contain child elements."))),
        },
        Content::Text(check) => {
            if let Some(child) = node.first_element_child() {
                return Err(Violation::at(child, format!("The element '{name}' cannot contain child elements.")));
            }
            let text = node.text().unwrap_or_default();
            if fits(check, text.trim()) {
                return Ok(());
            }
            Err(Violation::at(
                node,
                format!("The '{name}' element is invalid - The value '{}' is invalid.", text.trim()),
            ))
        }
        Content::Sequence(particles) => {
            if let Some(text) =
                node.children().find(|child| child.is_text() && !child.text().unwrap_or("").trim().is_empty())
            {
                return Err(Violation::at(text, format!("The element '{name}' cannot contain text.")));
            }
            let mut children = node.children().filter(Node::is_element).peekable();
            for particle in particles {
                let mut count = 0;
                while let Some(child) = children.peek() {
                    let Some(element) = particle.of.iter().find(|element| names(element, *child)) else { break };
                    if count == particle.most {
                        break;
                    }
                    check(*child, element.shape)?;
                    count += 1;
                    children.next();
                }
                if count < particle.least {
                    let expected: Vec<&str> = particle.of.iter().map(|element| element.name).collect();
                    let expected = expected.join(", ");
                    let text = match children.peek() {
                        Some(child) => invalid_child(node, *child, &expected),
                        None => format!(
                            "The element '{name}' has incomplete content. List of possible elements expected: '{expected}'."
                        ),
                    };
                    return Err(Violation::at(children.peek().copied().unwrap_or(node), text));
                }
            }
            match children.next() {
                None => Ok(()),
                Some(child) => {
                    let expected: Vec<&str> = particles.iter().flat_map(|p| p.of).map(|element| element.name).collect();
                    Err(Violation::at(child, invalid_child(node, child, &expected.join(", "))))
                }
            }
        }
    }
}

fn invalid_child(node: Node<'_, '_>, child: Node<'_, '_>, expected: &str) -> String {
    format!(
        "The element '{}' in namespace '{}' has invalid child element '{}' in namespace '{}'. List of possible elements expected: '{expected}'.",
        node.tag_name().name(),
        node.tag_name().namespace().unwrap_or_default(),
        child.tag_name().name(),
        child.tag_name().namespace().unwrap_or_default(),
    )
}

fn check_attributes(node: Node<'_, '_>, known: &[Attribute]) -> Result<(), Violation> {
    for attribute in node.attributes().filter(|attribute| attribute.namespace().is_none()) {
        let Some(Attribute { check, .. }) = known.iter().find(|known| known.name == attribute.name()) else {
            return Err(Violation::at(node, format!("The '{}' attribute is not declared.", attribute.name())));
        };
        if !fits(*check, attribute.value().trim()) {
            let text = format!(
                "The '{}' attribute is invalid - The value '{}' is invalid.",
                attribute.name(),
                attribute.value()
            );
            return Err(Violation::at(node, text));
        }
    }
    match known.iter().find(|known| known.needed && node.attribute(known.name).is_none()) {
        None => Ok(()),
        Some(missing) => Err(Violation::at(node, format!("The required attribute '{}' is missing.", missing.name))),
    }
}

fn fits(check: Check, text: &str) -> bool {
    match check {
        Check::Any => true,
        Check::Filled => !text.is_empty(),
        Check::Int => text.parse::<i32>().is_ok(),
        Check::Bool => matches!(text, "true" | "false" | "1" | "0"),
        Check::Instant => super::instant(text, &jiff::tz::TimeZone::UTC).is_some(),
        Check::OneOf(words) => words.split_ascii_whitespace().any(|word| word == text),
        Check::SomeOf(words) => {
            text.split_ascii_whitespace().all(|part| words.split_ascii_whitespace().any(|word| word == part))
        }
        Check::Property => tables::is_property(text),
    }
}

#[cfg(test)]
mod tests {
    use roxmltree::Document;

    use super::*;

    fn find_item(inner: &str) -> Result<(), Violation> {
        let xml =
            format!("<FindItem Traversal=\"Shallow\" xmlns=\"{MESSAGES}\" xmlns:t=\"{TYPES}\">\n{inner}</FindItem>");
        check_operation(Document::parse(&xml).unwrap().root_element())
    }

    const SHAPE: &str = "<ItemShape><t:BaseShape>IdOnly</t:BaseShape></ItemShape>";
    const VIEW: &str = "<CalendarView StartDate=\"2026-11-23T00:00:00Z\" EndDate=\"2026-12-07T00:00:00Z\"/>";
    const FOLDERS: &str = "<ParentFolderIds><t:DistinguishedFolderId Id=\"calendar\"/></ParentFolderIds>";

    #[test]
    fn the_order_of_shape_view_and_folders_matters() {
        assert!(find_item(&format!("{SHAPE}{VIEW}{FOLDERS}")).is_ok());
        assert!(find_item(&format!("{SHAPE}{FOLDERS}")).is_ok(), "without a view");
        let wrong = find_item(&format!("{SHAPE}{FOLDERS}\n  {VIEW}")).unwrap_err();
        assert!(wrong.text.contains("invalid child element 'CalendarView'"), "{}", wrong.text);
        assert_eq!((wrong.line, wrong.position), (3, 4));
        assert!(find_item(&format!("{VIEW}{SHAPE}{FOLDERS}")).is_err());
        assert!(find_item(&format!("{SHAPE}{VIEW}")).unwrap_err().text.contains("ParentFolderIds"), "no folders");
    }

    #[test]
    fn values_and_namespaces_matter_as_well() {
        let view = VIEW.replace("2026-12-07T00:00:00Z", "morgen");
        assert!(find_item(&format!("{SHAPE}{view}{FOLDERS}")).unwrap_err().text.contains("'EndDate'"));
        let shape = SHAPE.replace("IdOnly", "Idonly");
        assert!(find_item(&format!("{shape}{VIEW}{FOLDERS}")).unwrap_err().text.contains("'Idonly'"));
        let shape = SHAPE.replace("t:BaseShape", "BaseShape");
        assert!(find_item(&format!("{shape}{VIEW}{FOLDERS}")).is_err());
        let folders = FOLDERS.replace("calendar", "kalender");
        assert!(find_item(&format!("{SHAPE}{VIEW}{folders}")).is_err());
    }
}
