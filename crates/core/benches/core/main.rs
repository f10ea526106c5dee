//! What deciding costs: the pure core under criterion. Targets stand in the names of the groups; what is inside each
//! measurement is said at its function. Read with `docs/benchmarks.md`.

mod agendas;
mod keeper;

use std::hint::black_box;

use busylamp_core::{
    decide::Decision,
    event::{Agenda, When},
    format::question,
    language::Language,
    latch::Latch,
    policy::{Action, Actions, ChangeDuringEvent, Policy},
    view::View,
};
use criterion::{Criterion, criterion_group, criterion_main};
use jiff::{
    Timestamp,
    civil::{Date, date},
    tz::TimeZone,
};

use crate::agendas::{agenda, all_day_agenda, at, berlin, holidays};

/// A Monday. The two weeks from here on hold the end of summer time.
const MONDAY: Date = date(2026, 10, 19);

/// A policy that asks for everything: telephone action, presence, and a text with title, begin, end and duration, the
/// titles of all running events joined.
fn policy(change_during_event: ChangeDuringEvent) -> Policy {
    Policy {
        actions: Actions { busy: Action::Dnd, out_of_office: Action::Forward, ..Actions::default() },
        change_during_event,
        set_presence: true,
        title_as_text: true,
        show_begin: true,
        show_end: true,
        show_duration: true,
        join_parallel_titles: true,
        ..Policy::default()
    }
}

/// All that an answer takes: the agenda laid out in the zone, the latch carried on, the decision, and until when it
/// holds.
fn answer(
    policy: &Policy,
    zone: &TimeZone,
    agenda: &Agenda,
    latch: Option<&Latch>,
    now: Timestamp,
) -> (Decision, Option<Timestamp>) {
    let view = View::new(policy, Language::German, zone, agenda, None);
    let latch = view.latch(latch.cloned(), now);
    let decision = view.decide(latch.as_ref(), now);
    let until = view.until(latch, now);
    (decision, until)
}

fn decide(criterion: &mut Criterion) {
    let zone = berlin();
    let follow = policy(ChangeDuringEvent::Follow);
    let latch = policy(ChangeDuringEvent::Latch);
    let now = at(MONDAY.at(10, 20, 0, 0));
    let days = 5;
    let week = agenda(20, days, MONDAY, &follow);
    let mut group = criterion.benchmark_group("decide: 20 events, target under 20 µs");
    group.bench_function("a week of appointments", |bencher| {
        bencher.iter(|| answer(black_box(&follow), &zone, black_box(&week), None, black_box(now)));
    });
    group.bench_function("latching, the latch known", |bencher| {
        let view = View::new(&latch, Language::German, &zone, &week, None);
        let known = view.swept_latch(now);
        assert!(known.is_some(), "an event with an action runs");
        bencher.iter(|| answer(black_box(&latch), &zone, black_box(&week), known.as_ref(), black_box(now)));
    });
    // As `busylamp decide` does where no latch is given.
    group.bench_function("latching, the latch swept over the calendar", |bencher| {
        let late = last_begin(&week);
        bencher.iter(|| {
            let view = View::new(black_box(&latch), Language::German, &zone, black_box(&week), None);
            let swept = view.swept_latch(black_box(late));
            (view.decide(swept.as_ref(), late), view.until(swept, late))
        });
    });
    group.bench_function("nothing but all-day events", |bencher| {
        let all_day = all_day_agenda(20, 14, MONDAY, &follow);
        bencher.iter(|| answer(black_box(&follow), &zone, black_box(&all_day), None, black_box(now)));
    });
    // The worst for `until`: the decision stays the same over every edge of the calendar but the last.
    group.bench_function("holidays over everything", |bencher| {
        let without_joining = Policy { join_parallel_titles: false, ..follow.clone() };
        let away = holidays(19, days, MONDAY, &without_joining);
        bencher.iter(|| answer(black_box(&without_joining), &zone, black_box(&away), None, black_box(now)));
    });
    group.finish();

    let mut group = criterion.benchmark_group("the parts of a decision: 20 events");
    group.bench_function("layout", |bencher| {
        bencher.iter(|| View::new(black_box(&follow), Language::German, &zone, black_box(&week), None));
    });
    let view = View::new(&follow, Language::German, &zone, &week, None);
    group.bench_function("decision", |bencher| bencher.iter(|| view.decide(None, black_box(now))));
    group.bench_function("until", |bencher| bencher.iter(|| view.until(None, black_box(now))));
    // The whole of `busylamp decide`: JSON read, subjects parsed and masked, answer and explanation written.
    let question = question_of(20, days);
    group.bench_function("as JSON, question to answer", |bencher| {
        let zones = |name: &str| TimeZone::get(name).ok();
        bencher.iter(|| question::decide(black_box(&question), &zones));
    });
    group.finish();
}

/// The instant at which the last appointment begins.
fn last_begin(agenda: &Agenda) -> Timestamp {
    let timed = agenda.events().iter().filter_map(|event| match event.when {
        When::Timed { start, .. } => Some(start),
        When::AllDay { .. } => None,
    });
    timed.max().expect("there are appointments")
}

/// A question as `busylamp decide` takes it.
fn question_of(count: u32, days: u32) -> String {
    let events: Vec<_> = (0..count)
        .map(|number| {
            let (day, hour) = (19 + number * days / count, 8 + number * 7 % 9);
            serde_json::json!({
                "id": format!("AAMkAGE1M2IyNGNmLWI0ZDktNDUwZC1iNzg2{number:06}"),
                "start": format!("2026-10-{day}T{hour:02}:00:00+02:00"),
                "end": format!("2026-10-{day}T{:02}:30:00+02:00", hour + 1),
                "kind": "busy",
                "subject": "Abstimmung Angebot Fräsmaschine (intern) (DND)",
            })
        })
        .collect();
    let question = serde_json::json!({
        "policy": policy(ChangeDuringEvent::Follow), "zone": "Europe/Berlin", "language": "de",
        "now": "2026-10-19T10:20:00+02:00", "events": events,
    });
    question.to_string()
}

/// The agenda laid out, and every stretch of two weeks.
fn timeline(criterion: &mut Criterion) {
    let zone = berlin();
    let (from, to) = (at(MONDAY.at(0, 0, 0, 0)), at(date(2026, 11, 2).at(0, 0, 0, 0)));
    let mut group = criterion.benchmark_group("timeline: 14 days, 200 events, target under 2 ms");
    for (name, change) in [("following", ChangeDuringEvent::Follow), ("latching", ChangeDuringEvent::Latch)] {
        let policy = policy(change);
        let fortnight = agenda(200, 14, MONDAY, &policy);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let view = View::new(black_box(&policy), Language::German, &zone, black_box(&fortnight), None);
                view.timeline(None, from, to)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decide, timeline, keeper::step);
criterion_main!(benches);
