//! Every promise holds in a world that fails in every way, and each of them can be seen to be broken: a fault is planted
//! in the pretended world around the keeper, and the promise has to notice.

use std::collections::BTreeSet;

use busylamp_simulation::{Invariant, Sabotage, Size, Weather, explain, run, run_with_crash};

/// The faults and the promises that notice them; of several, the first that happens to be looked at.
const PLANTED: [(Sabotage, &[Invariant]); 14] = [
    (Sabotage::DropsTheJournal, &[Invariant::JournalFirst]),
    (Sabotage::SendsBeforeCommit, &[Invariant::JournalFirst]),
    (Sabotage::IgnoresPeople, &[Invariant::PersonRespected]),
    (Sabotage::SwallowsGiveBacks, &[Invariant::GivenBack]),
    (Sabotage::SendsTwice, &[Invariant::WrittenOnce]),
    (Sabotage::FailureIsEmpty, &[Invariant::FailedReadingEndsNothing]),
    (Sabotage::FightsOn, &[Invariant::NoStorm]),
    (Sabotage::EverybodyOwns, &[Invariant::OneOwner]),
    (Sabotage::ForgetsLeavers, &[Invariant::GivenBack]),
    (Sabotage::Oversleeps, &[Invariant::Taken, Invariant::GivenBack]),
    (Sabotage::Overlaps, &[Invariant::OneAtATime]),
    (Sabotage::StartsFirst, &[Invariant::EndsFirst]),
    (Sabotage::StaleReports, &[Invariant::Explained]),
    (Sabotage::NeverRests, &[Invariant::ComesToRest]),
];

#[test]
fn the_promises_hold_whatever_fails() {
    let size = Size { users: 4, days: 8 };
    let mut strict = 0;
    for seed in 1..=8 {
        let outcome = run(seed, size, Weather::ROUGH, Sabotage::None);
        assert_eq!(outcome.violation, None, "seed {seed}");
        assert!(outcome.tally.crashes > 0, "nothing was killed");
        strict += outcome.tally.strict_checks;
    }
    assert!(strict > 8_000, "the model looked too seldom: {strict}");
}

#[test]
fn the_promises_hold_where_texts_are_cut() {
    let weather = Weather { people: true, administrators: true, ..Weather::FAIR };
    for seed in 1..=12 {
        assert_eq!(run(seed, Size { users: 2, days: 6 }, weather, Sabotage::None).violation, None, "seed {seed}");
    }
}

#[test]
fn a_planted_fault_is_noticed_by_its_promise() {
    for (sabotage, promises) in PLANTED {
        let noticed = (1..=80).any(|seed| {
            let outcome = run(seed, Size { users: 4, days: 12 }, Weather::ROUGH, sabotage);
            outcome.violation.is_some_and(|violation| promises.contains(&violation.invariant))
        });
        assert!(noticed, "{sabotage:?} goes unnoticed");
    }
}

#[test]
fn every_promise_but_the_last_has_a_fault_that_breaks_it() {
    let broken: BTreeSet<Invariant> = PLANTED.iter().flat_map(|(_, promises)| promises.iter().copied()).collect();
    let never: Vec<&str> =
        Invariant::ALL.into_iter().filter(|promise| !broken.contains(promise)).map(Invariant::name).collect();
    assert_eq!(never, ["nothing_left"]);
}

/// What is left at the very end is noticed when it is left at the very end.
#[test]
fn what_is_left_in_the_end_is_noticed() {
    let noticed = (1..=40).any(|seed| {
        let outcome = run(seed, Size { users: 3, days: 1 }, Weather::FAIR, Sabotage::LeavesTheLast);
        outcome.violation.is_some_and(|violation| violation.invariant == Invariant::NothingLeft)
    });
    assert!(noticed);
}

/// Not here and there: the program is killed after each effect of a day, in turn.
#[test]
fn a_crash_after_any_single_effect_does_no_harm() {
    let size = Size { users: 2, days: 1 };
    let calm = Weather { administrators: true, second_instance: true, ..Weather::FAIR };
    for seed in [3, 5] {
        let effects = run(seed, size, calm, Sabotage::None).tally.effects;
        assert!(effects > 50, "too little happens: {effects}");
        for effect in 1..=effects {
            let outcome = run_with_crash(seed, size, calm, effect);
            assert_eq!(outcome.violation, None, "seed {seed}, killed after effect {effect}");
        }
    }
}

#[test]
fn a_seed_is_one_world_only() {
    let size = Size { users: 3, days: 5 };
    let tally = |seed| run(seed, size, Weather::ROUGH, Sabotage::None).tally;
    assert_eq!(tally(7), tally(7));
    assert_ne!(tally(7), tally(8));
}

/// To the keeper it makes no difference whether it errs or the model does: what is printed of such a seed fails in the
/// scenario runner as well, and is short enough to be read.
#[test]
fn a_failing_seed_prints_a_scenario_that_reproduces_it() {
    let weather = Weather { people: true, ..Weather::FAIR };
    let mut reproduced = 0;
    for seed in 1..=6 {
        let (size, sabotage) = (Size { users: 3, days: 4 }, Sabotage::OverlooksHands);
        let Some(violation) = run(seed, size, weather, sabotage).violation else { continue };
        let failure = explain(seed, size, weather, sabotage, violation);
        let Some((heading, scenario)) = failure.report.split_once('\n') else { panic!("{}", failure.report) };
        if !heading.starts_with("# a scenario that reproduces it") {
            continue;
        }
        let outcome = busylamp_scenario::run(scenario, &|name| jiff::tz::TimeZone::get(name).ok());
        let outcome = outcome.unwrap_or_else(|refusal| panic!("{refusal}\n{scenario}"));
        assert!(!outcome.ok, "seed {seed} fails, its scenario does not:\n{scenario}");
        assert!(scenario.matches("[[step]]").count() <= 6, "seed {seed} is not made small:\n{scenario}");
        reproduced += 1;
    }
    assert!(reproduced >= 3, "only {reproduced} scenarios were printed");
}
