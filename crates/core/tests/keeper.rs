//! Taking and giving back on random days: against a naive model (`day::model`), and the promises that hold for every day.

mod day;

use busylamp_scenario::{Outcome, WriteRecord};
use day::{ByHand, Day, LAST, Step, clock, model};
use jiff::tz::TimeZone;
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestError, TestRng, TestRunner},
};

/// Runs a property with a fixed seed: every run of the suite sees the same days.
fn holds<S: Strategy>(cases: u32, strategy: S, property: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 4000, ..Config::default() };
    let rng = TestRng::deterministic_rng(config.rng_algorithm);
    match TestRunner::new_with_rng(config, rng).run(&strategy, property) {
        Ok(()) => {}
        Err(TestError::Fail(reason, _)) => panic!("{reason}"),
        Err(TestError::Abort(reason)) => panic!("aborted: {reason}"),
    }
}

fn run(toml: &str) -> Outcome {
    let outcome = busylamp_scenario::run(toml, &|name| TimeZone::get(name).ok());
    outcome.unwrap_or_else(|refusal| panic!("{refusal}\n{toml}"))
}

/// The instant of a tick, as the records write it: Berlin is an hour before Greenwich in November.
fn instant(tick: day::Tick) -> jiff::Timestamp {
    format!("2026-11-24T{}+01:00", clock(tick, 0)).parse().expect("an instant")
}

#[test]
fn a_day_goes_as_the_naive_model_says() {
    let expected = std::cell::Cell::new(0);
    holds(700, day::day(), |day| {
        let (toml, expectations) = model::with_expectations(&day);
        expected.set(expected.get() + expectations);
        let outcome = run(&toml);
        prop_assert!(outcome.ok, "{:#?}\n{:#?}\n{}", outcome.failures.first(), outcome.writes, toml);
        Ok(())
    });
    assert!(expected.get() > 5000, "the model gave up too often: {} expectations", expected.get());
}

/// Whatever fails: when nobody changed anything, everything is as it was once the last event is over.
#[test]
fn after_the_last_event_everything_is_as_it_was_before() {
    holds(500, day::unlucky_day(), |day| {
        let end = clock(LAST, 1);
        let toml = format!(
            "{}[[expect]]\nat = \"{end}\"\nuser = \"anna\"\n{}\nflags = []\n",
            day.toml(),
            day.as_at_the_start()
        );
        let outcome = run(&toml);
        prop_assert!(outcome.ok, "{:#?}\n{:#?}\n{}", outcome.failures, outcome.writes, toml);
        Ok(())
    });
}

#[test]
fn nothing_is_written_that_is_shown_and_nothing_twice_in_a_row() {
    let any_day = prop_oneof![day::day(), day::unlucky_day()];
    holds(500, any_day, |day| {
        let toml = day.toml();
        let writes = run(&toml).writes;
        for (place, write) in writes.iter().enumerate() {
            prop_assert_ne!(&write.from, &write.to, "{:#?}\n{}", write, toml);
            let Some(next) = writes[place + 1..].iter().find(|next| next.dimension == write.dimension) else {
                continue;
            };
            prop_assert!(write.at < next.at, "twice at one instant: {:#?} {:#?}\n{}", write, next, toml);
            if !touched(&day, &write.dimension, write.at, next.at) && !has_crash(&day) {
                prop_assert_eq!(&next.from, &write.to, "{:#?} {:#?}\n{}", write, next, toml);
                prop_assert_ne!(&next.to, &write.to, "{:#?} {:#?}\n{}", write, next, toml);
            }
        }
        Ok(())
    });
}

/// Where people come first, what they changed stands until an event begins that was not running then; only who puts our
/// own value back hands the dimension over again. Presence and what depends on it have their own rule (§6.4).
#[test]
fn what_a_person_changed_stands_until_another_event_begins() {
    let checked = std::cell::Cell::new(0);
    holds(900, day::day(), |mut day| {
        day.policy.phone_leads = false;
        day.policy.lead = false;
        // Edits and restarts blur what was running when; the model covers them.
        day.steps.retain(|(_, step)| matches!(step, Step::ByHand(_)));
        let toml = day.toml();
        let writes = run(&toml).writes;
        for (tick, step) in &day.steps {
            let Step::ByHand(by_hand) = step else { continue };
            for (dimension, value) in changes(by_hand) {
                if dimension == "presence" || dimension == "text" && by_hand.presence.is_some() {
                    continue;
                }
                let at = instant(*tick);
                match surely_held(&day, &writes, dimension, *tick) {
                    Some(shown) if shown != value => {}
                    _ => continue,
                }
                // Only what was taken back by hand before can be put back by hand.
                let taken_back = changed_again(&day, dimension, 0, instant(tick.saturating_sub(1)));
                let ours_put_back = taken_back
                    && writes.iter().any(|write| write.dimension == dimension && write.to == value && write.at < at);
                let Some(next) = writes.iter().find(|write| write.dimension == dimension && write.at >= at) else {
                    checked.set(checked.get() + 1);
                    continue;
                };
                // A later change by hand is judged on its own.
                if changed_again(&day, dimension, *tick, next.at) {
                    continue;
                }
                let by_another = day.events.iter().any(|event| event.start > *tick && instant(event.start) <= next.at);
                let by_presence = day.steps.iter().any(|(other, step)| {
                    let neutral_again = matches!(step, Step::ByHand(hand) if hand.presence.is_some());
                    neutral_again && other > tick && instant(*other) <= next.at
                });
                let presence_counts = dimension == "text" || dimension.starts_with("blf_label");
                prop_assert!(
                    by_another || ours_put_back || by_presence && presence_counts,
                    "{} at {} was overwritten: {:#?}\n{}",
                    dimension,
                    clock(*tick, 0),
                    next,
                    toml
                );
                checked.set(checked.get() + 1);
            }
        }
        Ok(())
    });
    assert!(checked.get() > 100, "only {} changes by hand were followed", checked.get());
}

/// Adjacent and overlapping events are one chain: with nobody and nothing in the way, every write changes what is wanted,
/// and no write is taken back at the instant at which it was made.
#[test]
fn between_adjacent_events_nothing_is_written_that_the_next_would_undo() {
    holds(500, day::day(), |mut day| {
        day.steps.clear();
        let toml = day.toml();
        let writes = run(&toml).writes;
        let mut edges: Vec<jiff::Timestamp> =
            day.events.iter().flat_map(|event| [instant(event.start), instant(event.end)]).collect();
        edges.sort();
        for write in &writes {
            prop_assert!(edges.contains(&write.at), "a write between the edges: {:#?}\n{}", write, toml);
            let same = |other: &&WriteRecord| other.at == write.at && other.dimension == write.dimension;
            prop_assert_eq!(writes.iter().filter(same).count(), 1, "{}", toml);
        }
        Ok(())
    });
}

fn changes(by_hand: &ByHand) -> Vec<(&'static str, String)> {
    let switch = |on: Option<bool>| on.map(|on| on.to_string());
    let word = |word: Option<&str>| word.map(str::to_owned);
    [
        ("dnd", switch(by_hand.dnd)),
        ("diversion:ext", switch(by_hand.ext)),
        ("diversion:int", switch(by_hand.int)),
        ("presence", word(by_hand.presence)),
        ("text", word(by_hand.text)),
        ("blf_label:k1", word(by_hand.label)),
    ]
    .into_iter()
    .filter_map(|(dimension, value)| value.map(|value| (dimension, value)))
    .collect()
}

/// The value that the program held a dimension at just before a tick, as far as its writes tell: the first write takes, one
/// of the value that was there before gives back. Where they do not tell, none.
fn surely_held(day: &Day, writes: &[WriteRecord], dimension: &str, tick: day::Tick) -> Option<String> {
    let mut before: Option<String> = None;
    let mut shown = None;
    let earlier_writes: Vec<&WriteRecord> =
        writes.iter().filter(|write| write.dimension == dimension && write.at < instant(tick)).collect();
    let mut since = jiff::Timestamp::MIN;
    for (earlier, step) in day.steps.iter().filter(|(earlier, _)| *earlier < tick) {
        let Step::ByHand(by_hand) = step else { continue };
        for (_, value) in changes(by_hand).into_iter().filter(|(changed, _)| *changed == dimension) {
            if earlier_writes.iter().any(|write| write.to == value) {
                return None;
            }
            since = instant(*earlier);
        }
    }
    for write in earlier_writes.into_iter().filter(|write| write.at > since) {
        before = match before {
            None => Some(write.from.clone()),
            Some(before) if before == write.to => None,
            held => held,
        };
        shown = before.as_ref().map(|_| write.to.clone());
    }
    shown
}

/// Whether a person changed the dimension after the tick, up to an instant.
fn changed_again(day: &Day, dimension: &str, tick: day::Tick, until: jiff::Timestamp) -> bool {
    day.steps.iter().any(|(other, step)| {
        let Step::ByHand(by_hand) = step else { return false };
        let within = *other > tick && instant(*other) <= until;
        within && changes(by_hand).iter().any(|(changed, _)| *changed == dimension)
    })
}

fn touched(day: &Day, dimension: &str, from: jiff::Timestamp, to: jiff::Timestamp) -> bool {
    day.steps.iter().any(|(tick, step)| {
        let Step::ByHand(by_hand) = step else { return false };
        let within = from <= instant(*tick) && instant(*tick) <= to;
        within && changes(by_hand).iter().any(|(touched, _)| *touched == dimension)
    })
}

fn has_crash(day: &Day) -> bool {
    day.steps.iter().any(|(_, step)| matches!(step, Step::Crash))
}
