//! Two scripted sides that keep to the trait's word: unchanged is only what they have handed out.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

use async_trait::async_trait;
use busylamp_core::{
    check::{Step, Verdict},
    event::Agenda,
    ids::MailAddress,
    said::Said,
    title::Reading,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use tokio::sync::Semaphore;

use super::{HybridCalendar, Side, Source, Sources};
use crate::{Calendar, Health, MailboxError, Outcome, Request, Window, steps};

/// What a mailbox is on a side.
#[derive(Clone, Copy, PartialEq)]
enum Has {
    It,
    NotIt,
    Denied,
    Trouble,
}

struct FakeSide {
    state: Mutex<FakeState>,
    /// A poll ends when there is a permit.
    may_end: Semaphore,
}

struct FakeState {
    has: BTreeMap<MailAddress, Has>,
    handed_out: BTreeSet<MailAddress>,
    asked: Vec<(String, bool)>,
    trouble: Option<Said>,
}

impl FakeSide {
    fn state(&self) -> MutexGuard<'_, FakeState> {
        self.state.lock().unwrap()
    }

    fn set(&self, name: &str, has: Has) {
        self.state().has.insert(mail(name), has);
    }

    /// Who was asked for since the last look; with an exclamation mark where everything was wanted.
    fn seen(&self) -> Vec<String> {
        let asked = std::mem::take(&mut self.state().asked);
        asked.into_iter().map(|(name, full)| if full { format!("{name}!") } else { name }).collect()
    }
}

#[async_trait]
impl Calendar for FakeSide {
    async fn poll(&self, request: Request<'_>) -> BTreeMap<MailAddress, Outcome> {
        let mut outcomes = BTreeMap::new();
        {
            let mut state = self.state();
            for mailbox in request.mailboxes {
                let name = mailbox.as_str().split('@').next().unwrap().to_owned();
                state.asked.push((name, request.full));
                let advice = Said::new("So.", "so");
                let outcome = match state.has.get(mailbox).copied().unwrap_or(Has::NotIt) {
                    Has::It if request.full || state.handed_out.insert(mailbox.clone()) => {
                        Outcome::Read { agenda: Agenda::default(), zone: None }
                    }
                    Has::It => Outcome::Unchanged,
                    Has::NotIt => Outcome::Failed(MailboxError::NotFound { advice }),
                    Has::Denied => Outcome::Failed(MailboxError::Denied { advice }),
                    Has::Trouble => Outcome::Failed(MailboxError::Unavailable { advice }),
                };
                outcomes.insert(mailbox.clone(), outcome);
            }
        }
        let _ = self.may_end.acquire().await.unwrap();
        outcomes
    }

    async fn check(&self, mailbox: Option<&MailAddress>, _now: Timestamp) -> Vec<Step> {
        let mut steps = vec![Step::new(steps::SIGN_IN, Verdict::Ok(Said::verbatim("in")))];
        if let Some(mailbox) = mailbox {
            let here = self.state().has.get(mailbox) == Some(&Has::It);
            let verdict =
                if here { Verdict::Ok(Said::verbatim("3 events")) } else { Verdict::Fault(Said::verbatim("nobody")) };
            steps.push(Step::new(steps::CALENDAR, verdict));
        }
        steps
    }

    fn health(&self) -> Health {
        Health { last_success: None, trouble: self.state().trouble.clone() }
    }
}

fn side() -> Arc<FakeSide> {
    let (has, handed_out) = (BTreeMap::new(), BTreeSet::new());
    let state = Mutex::new(FakeState { has, handed_out, asked: Vec::new(), trouble: None });
    Arc::new(FakeSide { state, may_end: Semaphore::new(1 << 10) })
}

fn mail(name: &str) -> MailAddress {
    MailAddress::parse(&format!("{name}@example.com")).unwrap()
}

struct Stage {
    graph: Arc<FakeSide>,
    ews: Arc<FakeSide>,
    hybrid: HybridCalendar,
}

impl Stage {
    fn new(sources: Sources) -> Self {
        Self::remembering(sources, BTreeMap::new())
    }

    fn remembering(sources: Sources, sides: BTreeMap<MailAddress, Side>) -> Self {
        let (graph, ews) = (side(), side());
        let hybrid = HybridCalendar::new(Arc::clone(&graph) as _, Arc::clone(&ews) as _, sources, sides);
        Self { graph, ews, hybrid }
    }

    /// What was found out about each, in a word.
    async fn poll(&self, names: &[&str]) -> Vec<&'static str> {
        let outcomes = self.outcomes(names).await;
        let word = |name: &&str| match &outcomes[&mail(name)] {
            Outcome::Read { .. } => "read",
            Outcome::Unchanged => "unchanged",
            Outcome::Failed(MailboxError::NotFound { .. }) => "not found",
            Outcome::Failed(MailboxError::Denied { .. }) => "denied",
            Outcome::Failed(MailboxError::Ambiguous { .. }) => "ambiguous",
            Outcome::Failed(MailboxError::Unavailable { .. }) => "unavailable",
        };
        assert_eq!(outcomes.len(), names.len());
        names.iter().map(word).collect()
    }

    async fn outcomes(&self, names: &[&str]) -> BTreeMap<MailAddress, Outcome> {
        let now: Timestamp = "2026-11-24T09:00:00Z".parse().unwrap();
        let mailboxes: Vec<MailAddress> = names.iter().map(|name| mail(name)).collect();
        let window = Window { from: now, to: now + SignedDuration::from_hours(24) };
        let (reading, zone) = (&Reading::default(), &TimeZone::UTC);
        self.hybrid.poll(Request { mailboxes: &mailboxes, window, reading, zone, now, full: false }).await
    }
}

#[tokio::test]
async fn a_mailbox_is_found_once_and_then_asked_for_where_it_lives() {
    let stage = Stage::new(Sources::default());
    stage.graph.set("cloud", Has::It);
    stage.ews.set("server", Has::It);
    assert_eq!(stage.poll(&["cloud", "server"]).await, ["read", "read"]);
    assert_eq!(stage.hybrid.sides(), BTreeMap::from([(mail("cloud"), Side::Graph), (mail("server"), Side::Ews)]));
    stage.graph.seen();
    stage.ews.seen();
    assert_eq!(stage.poll(&["cloud", "server"]).await, ["unchanged", "unchanged"]);
    assert_eq!((stage.graph.seen(), stage.ews.seen()), (vec!["cloud".to_owned()], vec!["server".to_owned()]));
}

#[tokio::test]
async fn what_was_found_is_remembered_over_a_restart() {
    let stage = Stage::remembering(Sources::default(), BTreeMap::from([(mail("anna"), Side::Ews)]));
    stage.ews.set("anna", Has::It);
    assert_eq!(stage.poll(&["anna"]).await, ["read"]);
    assert_eq!(stage.graph.seen(), Vec::<String>::new());
}

#[tokio::test]
async fn a_chosen_side_is_the_only_one() {
    let mailboxes = BTreeMap::from([(mail("anna"), Source::Ews)]);
    let stage = Stage::new(Sources { default: Source::Graph, mailboxes });
    stage.graph.set("anna", Has::It);
    stage.ews.set("bert", Has::It);
    assert_eq!(stage.poll(&["anna", "bert"]).await, ["not found", "not found"]);
    assert_eq!((stage.graph.seen(), stage.ews.seen()), (vec!["bert".to_owned()], vec!["anna".to_owned()]));
    assert_eq!(stage.hybrid.sides(), BTreeMap::new());
    assert_eq!(stage.hybrid.side(&mail("anna")), Some(Side::Ews));
}

#[tokio::test]
async fn a_migration_is_noticed_by_the_first_poll_that_finds_it() {
    let stage = Stage::new(Sources::default());
    stage.ews.set("anna", Has::It);
    stage.poll(&["anna"]).await;
    // While it moves, it is nowhere, and the old agenda stands.
    stage.ews.set("anna", Has::Trouble);
    assert_eq!(stage.poll(&["anna"]).await, ["unavailable"]);
    stage.ews.set("anna", Has::NotIt);
    assert_eq!(stage.poll(&["anna"]).await, ["not found"]);
    assert_eq!(stage.hybrid.side(&mail("anna")), Some(Side::Ews), "nobody has it: it stays where it was");
    stage.graph.set("anna", Has::It);
    assert_eq!(stage.poll(&["anna"]).await, ["read"]);
    assert_eq!(stage.hybrid.side(&mail("anna")), Some(Side::Graph));
    assert_eq!(stage.poll(&["anna"]).await, ["unchanged"]);
    // And back. The server believes that its agenda is still held; it is not.
    stage.graph.set("anna", Has::NotIt);
    stage.ews.set("anna", Has::It);
    stage.ews.seen();
    assert_eq!(stage.poll(&["anna"]).await, ["read"]);
    assert_eq!(stage.ews.seen(), ["anna", "anna!"]);
}

#[tokio::test]
async fn trouble_never_moves_a_mailbox() {
    for trouble in [Has::Trouble, Has::Denied] {
        let stage = Stage::new(Sources::default());
        stage.graph.set("anna", Has::It);
        stage.poll(&["anna"]).await;
        stage.graph.set("anna", trouble);
        stage.ews.set("anna", Has::It);
        stage.ews.seen();
        assert_ne!(stage.poll(&["anna"]).await, ["read"]);
        assert_eq!(stage.ews.seen(), Vec::<String>::new());
        assert_eq!(stage.hybrid.side(&mail("anna")), Some(Side::Graph));
    }
}

#[tokio::test]
async fn trouble_on_one_side_does_not_hide_what_is_on_the_other() {
    let stage = Stage::new(Sources::default());
    stage.graph.set("anna", Has::Trouble);
    stage.ews.set("anna", Has::It);
    assert_eq!(stage.poll(&["anna"]).await, ["read"]);
    // Nothing is said about who may live on the side in trouble.
    stage.graph.set("bert", Has::Trouble);
    assert_eq!(stage.poll(&["bert"]).await, ["unavailable"]);
    stage.graph.set("carl", Has::NotIt);
    stage.ews.set("carl", Has::Denied);
    assert_eq!(stage.poll(&["carl"]).await, ["denied"]);
    assert_eq!(stage.hybrid.side(&mail("carl")), None);
}

#[tokio::test]
async fn who_is_on_neither_side_is_told_with_both() {
    let stage = Stage::new(Sources::default());
    let outcomes = stage.outcomes(&["nobody"]).await;
    let Outcome::Failed(MailboxError::NotFound { advice }) = &outcomes[&mail("nobody")] else { panic!("{outcomes:?}") };
    assert_eq!(
        *advice,
        Said::new("Microsoft Graph: So. Exchange Server: So.", "Microsoft Graph: so; Exchange Server: so")
    );
}

#[tokio::test]
async fn a_reading_that_arrived_nowhere_is_made_again() {
    let stage = Stage::new(Sources::default());
    stage.graph.set("cloud", Has::It);
    stage.ews.set("server", Has::It);
    stage.poll(&["cloud", "server"]).await;
    // The server has news and hands them out; the cloud is slow, and the poll is dropped.
    stage.ews.state().handed_out.clear();
    let slow = stage.graph.may_end.acquire_many(1 << 10);
    let held = slow.await;
    assert!(held.is_ok());
    {
        let poll = stage.outcomes(&["cloud", "server"]);
        let mut poll = tokio_test::task::spawn(poll);
        assert!(poll.poll().is_pending());
    }
    drop(held);
    assert_eq!(stage.poll(&["cloud", "server"]).await, ["read", "read"]);
    assert_eq!(stage.poll(&["cloud", "server"]).await, ["unchanged", "unchanged"]);
}

#[tokio::test]
async fn a_failure_does_not_make_a_held_agenda_doubtful() {
    let stage = Stage::new(Sources::default());
    stage.ews.set("anna", Has::It);
    stage.poll(&["anna"]).await;
    stage.ews.set("anna", Has::Trouble);
    stage.poll(&["anna"]).await;
    stage.ews.set("anna", Has::It);
    assert_eq!(stage.poll(&["anna"]).await, ["unchanged"]);
}

#[tokio::test]
async fn the_health_names_the_side_in_trouble() {
    let stage = Stage::new(Sources::default());
    assert_eq!(stage.hybrid.health().trouble, None);
    stage.ews.state().trouble = Some(Said::verbatim("the name can't be resolved"));
    assert_eq!(stage.hybrid.health().trouble.unwrap().to_string(), "Exchange Server: the name can't be resolved");
}

#[tokio::test]
async fn a_check_finds_no_fault_with_the_side_on_which_a_mailbox_does_not_live() {
    let stage = Stage::new(Sources::default());
    stage.ews.set("anna", Has::It);
    let now = Timestamp::UNIX_EPOCH;
    let steps = stage.hybrid.check(Some(&mail("anna")), now).await;
    assert!(steps.iter().all(Step::is_ok), "{steps:?}");
    assert!(steps.contains(&Step::new(steps::CALENDAR, Verdict::Ok(Said::verbatim("Exchange Server: 3 events")))));
    let steps = stage.hybrid.check(Some(&mail("nobody")), now).await;
    assert_eq!(steps.iter().filter(|step| !step.is_ok()).count(), 2);
}
