//! A program for one user: the core's own machine around the driver, with a pretended clock.

use std::collections::BTreeSet;

use busylamp_core::{
    event::{Agenda, RawEvent, ReadKind, Response, Sensitivity, When},
    ids::AccountId,
    keeper::{Answer, Calendar, Facts, Flag, Mailbox, Outcome, Standing, UserState, step},
    language::Language,
    mirror::Mirror,
    policy::Policy,
};
use busylamp_pbx::{AccountWrites, Change, Pbx, Reading, WriteOutcome};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::Value as Json;

use crate::house::House;

/// One user's program.
pub(crate) struct Program<'h> {
    house: &'h House,
    pub(crate) account: AccountId,
    policy: Policy,
    agenda: Agenda,
    state: UserState,
    mirror: Mirror,
    started: Timestamp,
    pub(crate) now: Timestamp,
    pub(crate) flags: BTreeSet<Flag>,
    /// Writes that were acknowledged.
    pub(crate) writes: usize,
}

impl<'h> Program<'h> {
    /// With one appointment, from now on for an hour, in a calendar that was just read.
    pub(crate) fn new(house: &'h House, policy: Json) -> Self {
        let policy: Policy = serde_json::from_value(policy).unwrap();
        let now: Timestamp = "2026-11-24T08:00:00Z".parse().unwrap();
        let event = RawEvent {
            id: "a".into(),
            when: When::Timed { start: now, end: now + SignedDuration::from_hours(1) },
            kind: ReadKind::from_name("busy"),
            subject: "Jour fixe",
            sensitivity: Sensitivity::Normal,
            response: Response::None,
            cancelled: false,
            draft: false,
            series_master: false,
        };
        Self {
            house,
            account: house.account(0),
            agenda: Agenda::new([event.read(&policy.reading())]),
            policy,
            state: UserState::default(),
            mirror: Mirror::default(),
            started: now,
            now,
            flags: BTreeSet::new(),
            writes: 0,
        }
    }

    /// Reads the account and does what is to be done now.
    pub(crate) async fn look(&mut self) {
        let ticket = self.mirror.begin();
        let reading = self.house.pbx.read(std::slice::from_ref(&self.account)).await.unwrap().remove(&self.account);
        let Some(Ok(Reading::State(state))) = reading else { panic!("{reading:?}") };
        self.mirror.observe(ticket, Some(state));
        self.act().await;
    }

    /// Waits until the PBX tells of changes, and does what is to be done about them.
    pub(crate) async fn hear(&mut self) -> Option<Change> {
        let heard = self.house.pbx.changes(SignedDuration::ZERO).await.unwrap();
        if heard.is_some() {
            self.look().await;
        }
        heard
    }

    /// Lets time pass.
    pub(crate) async fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
        self.act().await;
    }

    async fn act(&mut self) {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let mut answers: Vec<Answer> = Vec::new();
        loop {
            let facts = Facts {
                policy: &self.policy,
                policy_stamp: 1,
                directory_stamp: 1,
                language: Language::German,
                zone: &zone,
                standing: Standing::Member,
                mailbox: Mailbox::Matched,
                calendar: Calendar {
                    reading: Some((&self.agenda, self.now)),
                    tried: true,
                    poll: SignedDuration::from_secs(30),
                    stale_after: SignedDuration::from_hours(72),
                },
                account: self.mirror.account(),
                in_flight: false,
                answers: &answers,
                text_limit: None,
                started: self.started,
            };
            let done = step(&self.state, &facts, self.now);
            self.state = done.state;
            self.flags = done.flags;
            if done.writes.is_empty() {
                return;
            }
            let values = done.writes.iter().map(|write| (write.dimension.clone(), write.to.clone())).collect();
            let batch = [AccountWrites { account: self.account.clone(), values }];
            let outcomes = self.house.pbx.apply(&batch).await.remove(&self.account).unwrap();
            answers = outcomes
                .iter()
                .zip(&done.writes)
                .map(|((dimension, outcome), write)| {
                    assert_eq!(*outcome, WriteOutcome::Acknowledged, "{dimension}");
                    Answer { number: write.number, dimension: dimension.clone(), outcome: Outcome::Acknowledged }
                })
                .collect();
            self.mirror.acknowledge(done.writes.iter().map(|write| (&write.dimension, &write.to)));
            self.writes += done.writes.len();
        }
    }
}
