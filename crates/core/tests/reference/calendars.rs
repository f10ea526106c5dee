//! Random calendars and policies that look for trouble: clock changes, ties, near misses of keywords, scripts of
//! every direction, ids that come twice.

use jiff::{
    Timestamp,
    civil::{Date, date},
    tz::TimeZone,
};
use proptest::{collection::vec, prelude::*, sample::select};

use super::{Event, Latch, Policy, Question, When};

/// Zones, each with days on which something happens to the clocks or to the calendar.
fn places() -> Vec<(&'static str, Date)> {
    vec![
        ("Europe/Berlin", date(2026, 11, 24)),
        ("Europe/Berlin", date(2026, 3, 29)),
        ("Europe/Berlin", date(2026, 10, 25)),
        ("Europe/Berlin", date(2026, 12, 31)),
        ("Europe/Berlin", date(2028, 2, 29)),
        ("America/Santiago", date(2026, 9, 6)),
        ("America/Santiago", date(2026, 4, 5)),
        ("Pacific/Apia", date(2011, 12, 30)),
        ("America/Havana", date(2024, 11, 3)),
        ("America/Havana", date(2024, 3, 10)),
        ("Africa/Cairo", date(2026, 4, 24)),
        ("Africa/Cairo", date(2026, 10, 30)),
        ("Asia/Kathmandu", date(2026, 1, 1)),
        ("UTC", date(2024, 2, 28)),
    ]
}

/// The words that an instance may define for itself; each policy takes some of them.
const OWN: [(&str, &str); 7] = [
    ("dnd_on", "(Zen)"),
    ("dnd_on", "(Не беспокоить)"),
    ("dnd_off", "(Büro offen)"),
    ("forward_on", "(Zentrale 🎉)"),
    ("forward_off", "(dnd)"),
    ("no_action", "(nix)"),
    ("no_action", "(שקט)"),
];

const PIECES: [&str; 72] = [
    "Jour fixe",
    "Jour fixe",
    "Messe",
    "Größe",
    "Quartalsgespräch",
    "x",
    "",
    " ",
    "  ",
    "\t",
    "\n",
    "\u{a0}",
    "\u{3000}",
    "\u{2003}",
    "\u{85}",
    "\u{200b}",
    "\u{feff}",
    "\u{180e}",
    "\0",
    "\u{1b}",
    "\u{7f}",
    "\u{9f}",
    "\u{200e}",
    "\u{200f}",
    "\u{61c}",
    "\u{202e}",
    "\u{202c}",
    "\u{2066}",
    "\u{2069}",
    "🎉",
    "👩‍👩‍👧‍👦",
    "🇩🇪",
    "e\u{301}",
    "\u{308}",
    "שלום",
    "مرحبا",
    "(DND)",
    "(DND)",
    " (DND)",
    " (Ruhe)",
    " (Keine Ruhe)",
    " (No DND)",
    " (Anrufe weiterleiten)",
    " (Call forwarding)",
    " (Keine Anrufe weiterleiten)",
    " (No call forwarding)",
    " (Keine Aktion)",
    "(No action)",
    " (Zen)",
    "(Не беспокоить)",
    " (Büro offen)",
    " (Zentrale 🎉)",
    " (dnd)",
    " (nix)",
    "(שקט)",
    " (intern)",
    "(dnd )",
    "( DND)",
    "(Keine  Ruhe)",
    "(Keine\u{a0}Ruhe)",
    "(keine Ruhe)",
    "(\u{200e}DND)",
    "(DND",
    "DND)",
    "((DND))",
    "(",
    ")",
    "()",
    "[DND]",
    "（DND）",
    "(Bu\u{308}ro offen)",
    ", ",
];

pub(crate) fn subject() -> impl Strategy<Value = String> {
    let short = vec(select(PIECES.to_vec()), 0..6).prop_map(|pieces| pieces.concat());
    let long =
        (vec(select(PIECES.to_vec()), 1..5), 1usize..80).prop_map(|(pieces, times)| pieces.concat().repeat(times));
    let any = "\\PC{0,12}";
    prop_oneof![8 => short, 2 => long.clone(), 1 => (any, select(PIECES.to_vec())).prop_map(|(text, end)| text + end)]
        // Letters that swallow what follows them (Unicode `Prepend`) are not cut apart here: there a text's clusters
        // are not those of its parts.
        .prop_map(|subject| subject.chars().filter(|letter| !prepends(*letter)).collect())
}

fn prepends(letter: char) -> bool {
    matches!(u32::from(letter), 0x0600..=0x0605 | 0x06dd | 0x070f | 0x0890 | 0x0891 | 0x08e2 | 0x0d4e | 0x10000..=0x1efff)
}

fn when(day: Date) -> impl Strategy<Value = When> {
    let noon = TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).expect("a day of the list").as_second();
    let half_hours = |span: i64| (-span..=span).prop_map(|half| half * 1800);
    let start =
        prop_oneof![6 => half_hours(60), 2 => -100_000i64..100_000, 1 => half_hours(4), 1 => Just(-400 * 86_400)];
    let length = prop_oneof![
        4 => half_hours(12),
        4 => (1i64..6).prop_map(|halves| halves * 1800),
        1 => Just(0),
        1 => -3600i64..200_000,
        1 => (0i64..200).prop_map(|minutes| minutes * 60),
        1 => (20i64..60).prop_map(|hours| hours * 3600),
        1 => Just(420 * 86_400),
    ];
    let timed = (start, length).prop_map(move |(start, length)| {
        let start = noon + start;
        When::Timed { start, end: start + length }
    });
    let all_day = (-3i64..=3, prop_oneof![4 => Just(0i64), 3 => 1i64..4, 1 => -2i64..0, 1 => Just(370)]).prop_map(
        move |(first, days)| {
            let first = add(day, first);
            When::AllDay { first, last: add(first, days) }
        },
    );
    prop_oneof![3 => timed, 1 => all_day]
}

fn add(day: Date, days: i64) -> Date {
    let noon = TimeZone::UTC.to_timestamp(day.at(12, 0, 0, 0)).expect("a day of the list").as_second();
    TimeZone::UTC.to_datetime(Timestamp::from_second(noon + days * 86_400).expect("near it")).date()
}

fn event(day: Date, ids: &'static [&'static str]) -> impl Strategy<Value = Event> {
    let kind = select(vec![
        "",
        "busy",
        "free",
        "tentative",
        "out_of_office",
        "working_elsewhere",
        "NoData",
        "unknown",
        "Busy",
    ]);
    let sensitivity = prop_oneof![6 => Just(""), 1 => Just("normal"), 1 => Just("personal"), 1 => Just("private"),
        1 => Just("confidential")];
    let response = prop_oneof![8 => Just(""), 1 => Just("none"), 1 => Just("organizer"), 1 => Just("accepted"),
        1 => Just("tentative"), 1 => Just("declined"), 1 => Just("not_responded")];
    let rarely = || prop::bool::weighted(0.06);
    (select(ids), when(day), kind, subject(), sensitivity, response, (rarely(), rarely(), rarely())).prop_map(
        |(id, when, kind, subject, sensitivity, response, (cancelled, draft, series_master))| Event {
            id: id.to_owned(),
            when,
            kind: kind.to_owned(),
            subject,
            sensitivity: sensitivity.to_owned(),
            response: response.to_owned(),
            cancelled,
            draft,
            series_master,
        },
    )
}

fn policy() -> impl Strategy<Value = Policy> {
    const KINDS: [&str; 5] = ["free", "tentative", "busy", "out_of_office", "working_elsewhere"];
    let action = select(vec!["none", "dnd", "dnd", "forward", "absent"]);
    let actions = vec(action, 5).prop_map(|rows| {
        let mut actions: std::collections::BTreeMap<_, _> =
            KINDS.into_iter().zip(rows).filter(|(_, row)| *row != "absent").collect();
        // Which of two rules holds for a table that names `free` alone is the policy's test, not this one's (§4.1).
        if actions.contains_key("free") {
            actions.entry("working_elsewhere").or_insert("none");
        }
        actions
    });
    let presence = select(vec![
        "absent",
        "absent",
        "absent",
        "leave",
        "available",
        "away",
        "extended_away",
        "do_not_disturb",
        "free_for_chat",
        "unavailable",
    ]);
    let presences =
        vec(presence, 5).prop_map(|rows| KINDS.into_iter().zip(rows).filter(|(_, row)| *row != "absent").collect());
    let masked = select(vec![
        None,
        None,
        Some(vec![]),
        Some(vec!["private"]),
        Some(vec!["personal"]),
        Some(vec!["confidential", "personal", "private"]),
    ]);
    let own = proptest::sample::subsequence(OWN.to_vec(), 0..=OWN.len());
    let mask_word =
        select(vec![None, None, None, Some("Belegt"), Some("  \u{200f}Nicht\tda "), Some("🤐"), Some("x (DND)")]);
    let length = prop_oneof![3 => Just(None), 2 => Just(Some(80usize)), 1 => (80usize..=512).prop_map(Some)];
    (actions, presences, masked, own, mask_word, length, vec(any::<bool>(), 10)).prop_map(
        |(actions, presences, masked, extra_keywords, mask_word, max_text_length, on)| Policy {
            actions,
            presences,
            forward_internal_calls: on[0],
            change_during_event: on[1],
            keep_declined: on[2],
            masked,
            extra_keywords,
            set_presence: on[3],
            title_as_text: on[4],
            show_begin: on[5],
            show_end: on[6],
            show_duration: on[7],
            no_text_when_free: on[8],
            join_parallel_titles: on[9],
            mask_word: mask_word.map(str::to_owned),
            max_text_length,
        },
    )
}

const IDS: [&str; 14] = ["a", "b", "c", "d", "e", "f", "A", "aa", "Ä", "z", "é", "🎉", "\u{10fffd}", "\u{fffd}"];

/// A question about up to `events` events, with an instant near them. Ids may come twice.
pub(crate) fn question(events: usize) -> impl Strategy<Value = (Question, i64)> {
    let latch = prop_oneof![
        4 => Just(None),
        1 => (select(&IDS[..]), select(vec![None, Some(true), Some(false)]), select(vec![None, Some(true), Some(false)]))
            .prop_map(|(event, dnd, forward)| {
                (dnd.is_some() || forward.is_some()).then(|| Latch { event: event.to_owned(), dnd, forward })
            }),
    ];
    (select(places()), policy(), any::<bool>(), latch, -200_000i64..200_000, any::<prop::sample::Index>())
        .prop_flat_map(move |((zone, day), policy, german, latch, offset, edge)| {
            let base = TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).expect("a day of the list").as_second();
            vec(event(day, &IDS), 0..=events).prop_map(move |events| {
                let question = Question { policy: policy.clone(), zone, german, events, latch: latch.clone() };
                // Half of the questions are asked at the edge of an event or a second beside it.
                let now = match edge.index(6) {
                    side @ 0..3 => {
                        let edges = super::Model::new(&question).edges();
                        let near = if edges.is_empty() { base } else { edges[edge.index(edges.len())] };
                        near + i64::try_from(side).expect("0 to 2") - 1
                    }
                    _ => base + offset,
                };
                (question, now)
            })
        })
}

/// The same without ids that come twice.
pub(crate) fn question_without_twins(events: usize) -> impl Strategy<Value = (Question, i64)> {
    question(events).prop_map(|(mut question, now)| {
        let mut seen = std::collections::BTreeSet::new();
        question.events.retain(|event| seen.insert(event.id.clone()));
        (question, now)
    })
}
