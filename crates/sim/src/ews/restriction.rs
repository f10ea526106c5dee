//! `Restriction`: which stored appointments are meant, by start, end and subject.

use jiff::{Timestamp, tz::TimeZone};
use roxmltree::Node;

use super::soap::Trouble;
use crate::mailbox::item::Instance;

/// Deepest nesting of conditions.
const MAX_DEPTH: usize = 16;

/// A condition.
#[derive(Debug)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Time(Edge, Order, Timestamp),
    /// The subject has this in it, in any case.
    Subject(String),
    /// The property is there, which all of them are.
    Exists,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    Start,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Filter {
    /// Whether an instance is meant.
    pub(super) fn takes(&self, instance: &Instance<'_>, start: Timestamp, end: Timestamp) -> bool {
        match self {
            Self::All(all) => all.iter().all(|filter| filter.takes(instance, start, end)),
            Self::Any(any) => any.iter().any(|filter| filter.takes(instance, start, end)),
            Self::Not(filter) => !filter.takes(instance, start, end),
            Self::Time(edge, order, than) => {
                let instant = if *edge == Edge::Start { start } else { end };
                match order {
                    Order::Equal => instant == *than,
                    Order::NotEqual => instant != *than,
                    Order::Less => instant < *than,
                    Order::LessOrEqual => instant <= *than,
                    Order::Greater => instant > *than,
                    Order::GreaterOrEqual => instant >= *than,
                }
            }
            Self::Subject(part) => instance.subject().to_lowercase().contains(part),
            Self::Exists => true,
        }
    }
}

/// Reads a `Restriction`. Zones of times without an offset are the request's.
pub(super) fn read(restriction: Node<'_, '_>, zone: &TimeZone) -> Result<Filter, Trouble> {
    restriction.first_element_child().ok_or_else(invalid).and_then(|node| condition(node, zone, 0))
}

fn invalid() -> Trouble {
    Trouble::new("ErrorInvalidRestriction", "The specified restriction isn't valid.")
}

fn condition(node: Node<'_, '_>, zone: &TimeZone, depth: usize) -> Result<Filter, Trouble> {
    if depth > MAX_DEPTH {
        return Err(Trouble::new("ErrorRestrictionTooComplex", "The specified restriction is too complex."));
    }
    let children = || node.children().filter(Node::is_element);
    let inner = || children().map(|child| condition(child, zone, depth + 1)).collect::<Result<Vec<_>, _>>();
    let order = match node.tag_name().name() {
        "And" => return inner().map(Filter::All),
        "Or" => return inner().map(Filter::Any),
        "Not" => {
            let inner = children().next().ok_or_else(invalid)?;
            return condition(inner, zone, depth + 1).map(|inner| Filter::Not(Box::new(inner)));
        }
        "Exists" => return Ok(Filter::Exists),
        "Contains" => {
            let value = children().find_map(|child| child.attribute("Value")).ok_or_else(invalid)?;
            return match field(node) {
                Some("item:Subject") => Ok(Filter::Subject(value.to_lowercase())),
                _ => Err(unsupported()),
            };
        }
        "IsEqualTo" => Order::Equal,
        "IsNotEqualTo" => Order::NotEqual,
        "IsLessThan" => Order::Less,
        "IsLessThanOrEqualTo" => Order::LessOrEqual,
        "IsGreaterThan" => Order::Greater,
        "IsGreaterThanOrEqualTo" => Order::GreaterOrEqual,
        _ => return Err(invalid()),
    };
    let value = node.descendants().find_map(|child| child.attribute("Value")).ok_or_else(invalid)?;
    let edge = match field(node) {
        Some("calendar:Start") => Edge::Start,
        Some("calendar:End") => Edge::End,
        _ => return Err(unsupported()),
    };
    Ok(Filter::Time(edge, order, super::instant(value.trim(), zone).ok_or_else(invalid)?))
}

fn field<'a>(node: Node<'a, 'a>) -> Option<&'a str> {
    node.children().find_map(|child| child.attribute("FieldURI"))
}

fn unsupported() -> Trouble {
    Trouble::new("ErrorUnsupportedPathForQuery", "The specified path is not supported in a query.")
}
