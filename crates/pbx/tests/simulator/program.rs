//! A program for one user: the core's own machine around the driver, with a pretended clock.

use std::collections::BTreeSet;

use busylamp_core::{
    event::{Agenda, RawEvent, ReadKind, Response, Sensitivity, When},
    ids::AccountId,
    journal::Journal,
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
    /// The answer to the next batch is not lived to see.
    crashes: bool,
}

impl<'h> Program<'h> {
    /// With one appointment, from now on for an hour, in a calendar that was just read.
    pub(crate) fn new(house: &'h House, policy: Json) -> Self {
        Self::of(house, 0, policy, vec![(0, 3600, "busy")])
    }

    /// With a few appointments within the next hour, drawn with dice that give a number below another.
    pub(crate) fn with_meetings(
        house: &'h House,
        place: usize,
        policy: Json,
        dice: &mut dyn FnMut(u64) -> u64,
    ) -> Self {
        let mut meetings = Vec::new();
        for _ in 0..4 {
            let start = i64::try_from(dice(3000)).unwrap();
            let length = i64::try_from(dice(900)).unwrap() + 60;
            let kind = ["busy", "tentative", "out_of_office"][usize::try_from(dice(3)).unwrap()];
            meetings.push((start, (start + length).min(3500), kind));
        }
        Self::of(house, place, policy, meetings)
    }

    fn of(house: &'h House, place: usize, policy: Json, meetings: Vec<(i64, i64, &str)>) -> Self {
        let policy: Policy = serde_json::from_value(policy).unwrap();
        let now: Timestamp = "2026-11-24T08:00:00Z".parse().unwrap();
        let titles = ["Jour fixe", "Abstimmung", "Messe", "Zahnarzt"];
        let events = meetings.into_iter().zip(titles).map(|((start, end, kind), subject)| RawEvent {
            id: subject.into(),
            when: When::Timed {
                start: now + SignedDuration::from_secs(start),
                end: now + SignedDuration::from_secs(end),
            },
            kind: ReadKind::from_name(kind),
            subject,
            sensitivity: Sensitivity::Normal,
            response: Response::None,
            cancelled: false,
            draft: false,
            series_master: false,
        });
        let reading = policy.reading();
        Self {
            house,
            account: house.account(place),
            agenda: Agenda::new(events.map(|event| event.read(&reading))),
            policy,
            state: UserState::default(),
            mirror: Mirror::default(),
            started: now,
            now,
            flags: BTreeSet::new(),
            writes: 0,
            crashes: false,
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

    /// Lets time pass; what is due is done after the next look.
    pub(crate) fn pass_without_looking(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    /// Reads the account and acts, if it can be read.
    pub(crate) async fn try_to_look(&mut self) {
        let ticket = self.mirror.begin();
        let mut readings = self.house.pbx.read(std::slice::from_ref(&self.account)).await.unwrap();
        match readings.remove(&self.account) {
            Some(Ok(Reading::State(state))) => {
                self.mirror.observe(ticket, Some(state));
                self.act().await;
            }
            // What was seen before may not be so any more.
            Some(Err(_)) => self.mirror.invalidate(),
            other => panic!("{other:?}"),
        }
    }

    /// Everything is forgotten but what was committed, in the middle of a write if there is one.
    pub(crate) fn crash(&mut self) {
        self.mirror = Mirror::default();
        self.crashes = true;
    }

    /// Whether nothing is held.
    pub(crate) fn is_settled(&self) -> bool {
        self.state.is_settled()
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
                journal: Journal::Writable,
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
            if std::mem::take(&mut self.crashes) {
                self.mirror = Mirror::default();
                return;
            }
            answers.clear();
            let mut unknown = false;
            for ((dimension, outcome), write) in outcomes.iter().zip(&done.writes) {
                let answer = |outcome| Answer { number: write.number, dimension: dimension.clone(), outcome };
                match outcome {
                    WriteOutcome::Acknowledged => {
                        answers.push(answer(Outcome::Acknowledged));
                        self.mirror.acknowledge([(&write.dimension, &write.to)]);
                        self.writes += 1;
                    }
                    WriteOutcome::Refused { .. } => answers.push(answer(Outcome::Refused { at: self.now })),
                    WriteOutcome::Gone | WriteOutcome::NotDone { .. } | WriteOutcome::Unknown { .. } => unknown = true,
                }
            }
            if unknown {
                self.mirror.invalidate();
            }
        }
    }
}
