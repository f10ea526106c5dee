//! What one user costs in a round of the service.

use std::{collections::BTreeMap, hint::black_box};

use busylamp_core::{
    account::{AccountState, Diversion, NumberClass, Presence},
    event::Agenda,
    journal::Journal,
    keeper::{self, Account, Answer, Calendar, Facts, Mailbox, Outcome, Standing, Step, UserState},
    language::Language,
    policy::{ChangeDuringEvent, Policy},
};
use criterion::Criterion;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    MONDAY,
    agendas::{agenda, at, berlin},
    policy,
};

/// A user with everything that a telephone system can show but labels.
fn shown() -> AccountState {
    let entry = |number| Diversion { number, enabled: false, has_destination: true };
    AccountState {
        dnd: Some(false),
        presence: Some(Presence::Available),
        text: Some("".into()),
        diversions: Some(BTreeMap::from([
            ("1".into(), entry(NumberClass::External)),
            ("2".into(), entry(NumberClass::Internal)),
        ])),
        labels: None,
    }
}

struct Given {
    policy: Policy,
    zone: TimeZone,
    agenda: Agenda,
}

impl Given {
    fn facts<'a>(&'a self, state: &'a AccountState, answers: &'a [Answer], now: Timestamp) -> Facts<'a> {
        let minutes = SignedDuration::from_mins;
        Facts {
            policy: &self.policy,
            policy_stamp: 1,
            directory_stamp: 1,
            language: Language::German,
            zone: &self.zone,
            standing: Standing::Member,
            mailbox: Mailbox::Matched,
            calendar: Calendar {
                reading: Some((&self.agenda, now - minutes(1))),
                tried: true,
                poll: SignedDuration::from_secs(30),
                stale_after: minutes(72 * 60),
            },
            account: Account::Shown { state, as_read: true },
            journal: Journal::Writable,
            in_flight: false,
            answers,
            text_limit: None,
            started: now - minutes(600),
        }
    }
}

/// What the telephone system shows once it has done what a step wanted, and its answers.
fn done(step: &Step, mut shown: AccountState) -> (AccountState, Vec<Answer>) {
    let answers = step.writes.iter().map(|write| {
        shown.acknowledge(&write.dimension, &write.to);
        Answer { number: write.number, dimension: write.dimension.clone(), outcome: Outcome::Acknowledged }
    });
    let answers = answers.collect();
    (shown, answers)
}

/// A whole step: the agenda laid out, the decision with its end, every dimension settled, the report made.
pub(crate) fn step(criterion: &mut Criterion) {
    let policy = policy(ChangeDuringEvent::Follow);
    let given = Given { agenda: agenda(20, 5, MONDAY, &policy), policy, zone: berlin() };
    let fresh = UserState::default();
    let before = shown();
    let (morning, begin) = (at(MONDAY.at(6, 0, 0, 0)), at(MONDAY.at(8, 0, 0, 0)));
    let taking = keeper::step(&fresh, &given.facts(&before, &[], begin), begin);
    assert!(!taking.writes.is_empty(), "an event begins at 8:00, so there is something to take");
    let (during, answers) = done(&taking, before.clone());
    let holding = keeper::step(&taking.state, &given.facts(&during, &answers, begin), begin);
    let later = begin + SignedDuration::from_mins(1);
    let end = holding.report.until.expect("an event ends");

    let mut group = criterion.benchmark_group("one user's step: 20 events");
    group.bench_function("quiet, nothing runs and nothing is held", |bencher| {
        bencher.iter(|| keeper::step(&fresh, black_box(&given.facts(&before, &[], morning)), morning));
    });
    group.bench_function("quiet, holding during an event", |bencher| {
        bencher.iter(|| keeper::step(&holding.state, black_box(&given.facts(&during, &[], later)), later));
    });
    group.bench_function("at a boundary, an event begins", |bencher| {
        bencher.iter(|| keeper::step(&fresh, black_box(&given.facts(&before, &[], begin)), begin));
    });
    group.bench_function("the writes are answered", |bencher| {
        bencher.iter(|| keeper::step(&taking.state, black_box(&given.facts(&during, &answers, begin)), begin));
    });
    group.bench_function("at a boundary, an event ends", |bencher| {
        bencher.iter(|| keeper::step(&holding.state, black_box(&given.facts(&during, &[], end)), end));
    });
    group.finish();
}
