//! Who wins among the running events (§3).

use std::cmp::Ordering;

use serde::Serialize;

use crate::{event::When, text::Placed};

/// The comparison of §3.1 that told two events apart, in order of weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Rule {
    /// A keyword that names a dimension goes before none.
    #[serde(rename = "3.1.1")]
    Keyword,
    /// The more important kind.
    #[serde(rename = "3.1.2")]
    Kind,
    /// Timed before all-day.
    #[serde(rename = "3.1.3")]
    Timed,
    /// The later start.
    #[serde(rename = "3.1.4")]
    LaterStart,
    /// The earlier end.
    #[serde(rename = "3.1.5")]
    EarlierEnd,
    /// The smaller id.
    #[serde(rename = "3.1.6")]
    SmallerId,
}

/// `Less` if `a` goes before `b`, with the rule that decided. Total: only an event and itself are equal.
pub fn compare(a: &Placed<'_>, b: &Placed<'_>) -> (Ordering, Rule) {
    let keyword = |x: &Placed<'_>| x.event.keywords.name_a_dimension();
    let all_day = |x: &Placed<'_>| matches!(x.event.when, When::AllDay { .. });
    let steps = [
        (Rule::Keyword, keyword(b).cmp(&keyword(a))),
        (Rule::Kind, b.event.kind.kind().cmp(&a.event.kind.kind())),
        (Rule::Timed, all_day(a).cmp(&all_day(b))),
        (Rule::LaterStart, b.start.cmp(&a.start)),
        (Rule::EarlierEnd, a.end.cmp(&b.end)),
    ];
    let first = steps.into_iter().find(|(_, ordering)| ordering.is_ne());
    let (rule, ordering) = first.unwrap_or_else(|| (Rule::SmallerId, a.event.id.cmp(&b.event.id)));
    (ordering, rule)
}
